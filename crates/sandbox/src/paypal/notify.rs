//! Telling the merchant: an event with the refund as it was at the moment it changed, to the address that was set up once.

use serde_json::json;
use serde_json::value::RawValue;

use super::{auth, sign, unreadable, wire};
use crate::notify::{self, Kept};
use crate::psp::Psp;
use crate::sandbox::Sandbox;
use crate::state::{Refund, Stage, State, StateError};
use crate::world::Notification;

/// Queues `copies` notifications of the refund as it is; none when no address was set up.
pub(crate) fn queue(state: &State<'_>, refund: &Refund, copies: u32, now_ms: i64) -> Result<(), StateError> {
    if let Some(kept) = kept(state, refund, now_ms)? {
        for _ in 0..copies {
            notify::queue(state, refund, &kept, now_ms)?;
        }
    }
    Ok(())
}

/// Queues one that the request itself is about to send, and gives its number.
pub(crate) fn queue_for_request(
    state: &State<'_>,
    refund: &Refund,
    now_ms: i64,
) -> Result<Option<i64>, StateError> {
    let kept = kept(state, refund, now_ms)?;
    kept.map(|kept| notify::queue_for_request(state, refund, &kept, now_ms)).transpose()
}

fn kept(state: &State<'_>, refund: &Refund, now_ms: i64) -> Result<Option<Kept>, StateError> {
    let Some(url) = state.webhook(Psp::PayPal, &refund.account)? else { return Ok(None) };
    let (event_type, summary) = match refund.stage {
        Stage::Succeeded => ("PAYMENT.CAPTURE.REFUNDED", "A capture payment was refunded"),
        Stage::Failed => ("PAYMENT.REFUND.FAILED", "A refund of a capture payment failed"),
        Stage::Coming | Stage::Pending | Stage::Refused => return Ok(None),
    };
    let resource = RawValue::from_string(wire::show(refund, true)?).map_err(|error| unreadable(&error))?;
    let number = format!("{:012X}", refund.seq.saturating_mul(16) + i64::from(refund.stage == Stage::Failed));
    let id = format!("WH-{number}-{:X}", state.origin_ms);
    let head = json!({
        "id": id,
        "event_version": "1.0",
        "create_time": wire::time(now_ms),
        "resource_type": "refund",
        "resource_version": "2.0",
        "event_type": event_type,
        "summary": summary,
    });
    let href = format!("https://api.sandbox.paypal.com/v1/notifications/webhooks-events/{id}");
    let links = json!([
        { "href": href, "rel": "self", "method": "GET" },
        { "href": format!("{href}/resend"), "rel": "resend", "method": "POST" },
    ]);
    let head = head.to_string();
    let head = head.trim_end_matches('}');
    let body = format!(r#"{head},"resource":{resource},"links":{links}}}"#);
    // The transmission's id and time are the same at every try.
    let origin = state.origin_ms.unsigned_abs() & 0xffff_ffff;
    let transmission = format!("{origin:08x}-d67a-11e5-baa3-{}", number.to_ascii_lowercase());
    let signed_text = format!("{transmission}|{}", wire::time(now_ms));
    let body = body.replace("https://", r"https:\/\/");
    Ok(Some(Kept { account: refund.account.clone(), url, signed_text, body }))
}

/// A kept notification, signed; `None` when its account is not configured any more.
pub(crate) fn notification(sandbox: &Sandbox, kept: Kept) -> Option<Notification> {
    let account = auth::named(&sandbox.inner.config, &kept.account)?;
    let (id, time) = kept.signed_text.split_once('|')?;
    let text = sign::signed_text(id, time, &account.webhook_id, &kept.body);
    let headers = vec![
        ("paypal-auth-algo", "SHA256withRSA".to_owned()),
        (
            "paypal-cert-url",
            "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77"
                .to_owned(),
        ),
        ("paypal-transmission-id", id.to_owned()),
        ("paypal-transmission-sig", sign::signature(&account.client_secret, &text)),
        ("paypal-transmission-time", time.to_owned()),
    ];
    Some(Notification::json(kept.url, headers, kept.body))
}
