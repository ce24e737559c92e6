//! `POST /v1/notifications/verify-webhook-signature`: whether a notification is one of ours, as it came.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;
use subtle::ConstantTimeEq;

use super::{auth, sign};
use crate::config::PayPalAccount;
use crate::reply::Reply;
use crate::sandbox::Sandbox;

pub(crate) async fn handle(
    extract::State(sandbox): extract::State<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now_ms = sandbox.now_ms();
    let account = match auth::account(&sandbox.inner.config, &headers, now_ms) {
        Ok(account) => account,
        Err(refusal) => return refusal.reply(now_ms).response(),
    };
    let (status, answer) = match Claim::read(&body) {
        Ok(claim) => {
            let verdict = if claim.is_true(account) { "SUCCESS" } else { "FAILURE" };
            (StatusCode::OK, json!({ "verification_status": verdict }))
        }
        Err(field) => {
            let detail = json!({ "field": field, "location": "body", "issue": "MISSING_OR_INVALID" });
            let answer = json!({
                "name": "VALIDATION_ERROR",
                "message": "Invalid request - see details",
                "debug_id": format!("{now_ms:x}"),
                "details": [detail],
            });
            (StatusCode::BAD_REQUEST, answer)
        }
    };
    Reply::new(status, answer.to_string()).response()
}

/// What is claimed to be one of PayPal's notifications.
struct Claim {
    transmission_id: String,
    transmission_sig: String,
    transmission_time: String,
    webhook_id: String,
    event: Box<RawValue>,
}

impl Claim {
    /// # Errors
    /// The field that is missing or wrong.
    fn read(body: &[u8]) -> Result<Claim, &'static str> {
        let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).map_err(|_| "/")?;
        let text = |name: &'static str, bytes_max: usize| {
            let raw = fields.get(name).ok_or(name)?;
            let text: String = serde_json::from_str(raw.get()).map_err(|_| name)?;
            if (1..=bytes_max).contains(&text.len()) { Ok(text) } else { Err(name) }
        };
        let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_name(&text("auth_algo", 100)?) {
            return Err("auth_algo");
        }
        text("cert_url", 500)?;
        let (transmission_id, webhook_id) = (text("transmission_id", 50)?, text("webhook_id", 50)?);
        let (transmission_sig, transmission_time) =
            (text("transmission_sig", 500)?, text("transmission_time", 100)?);
        if !is_name(&webhook_id) {
            return Err("webhook_id");
        }
        let event = fields.remove("webhook_event").filter(|event| event.get().starts_with('{'));
        let event = event.ok_or("webhook_event")?;
        Ok(Claim { transmission_id, transmission_sig, transmission_time, webhook_id, event })
    }

    fn is_true(&self, account: &PayPalAccount) -> bool {
        let Claim { transmission_id: id, transmission_time: time, webhook_id, .. } = self;
        let text = sign::signed_text(id, time, webhook_id, self.event.get());
        let signature = sign::signature(&account.client_secret, &text);
        let is_signed: bool = signature.as_bytes().ct_eq(self.transmission_sig.as_bytes()).into();
        *webhook_id == account.webhook_id && is_signed
    }
}
