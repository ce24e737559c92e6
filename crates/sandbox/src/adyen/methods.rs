//! `POST /v71/paymentMethods`: how the merchant account's customers may pay.

use axum::body::Bytes;
use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value};

use super::auth;
use super::wire::{IDEMPOTENCY_KEY, Refusal, idempotency_key};
use crate::reply::Reply;
use crate::sandbox::Sandbox;

/// The fields of `PaymentMethodsRequest`; all but the merchant account are taken and not looked at.
const FIELDS: [&str; 18] = [
    "additionalData",
    "allowedPaymentMethods",
    "amount",
    "blockedPaymentMethods",
    "browserInfo",
    "channel",
    "countryCode",
    "merchantAccount",
    "order",
    "shopperConversionId",
    "shopperEmail",
    "shopperIP",
    "shopperLocale",
    "shopperReference",
    "splitCardFundingSources",
    "store",
    "storeFiltrationMode",
    "telephoneNumber",
];

/// Two of those in Adyen's sample.
const METHODS: &str =
    r#"{"paymentMethods":[{"name":"Cards","type":"scheme"},{"name":"Apple Pay","type":"applepay"}]}"#;

pub(crate) async fn handle(
    extract::State(sandbox): extract::State<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match answer(&sandbox, &headers, &body) {
        Ok(reply) => reply.response(),
        Err(refusal) => refusal.reply_to(&headers).response(),
    }
}

fn answer(sandbox: &Sandbox, headers: &HeaderMap, body: &[u8]) -> Result<Reply, Refusal> {
    let account = auth::account(&sandbox.inner.config, headers)?;
    let key = idempotency_key(headers)?;
    let fields: Map<String, Value> = serde_json::from_slice(body).map_err(|_| Refusal::BAD_JSON)?;
    if !fields.keys().all(|name| FIELDS.contains(&name.as_str())) {
        return Err(Refusal::BAD_JSON);
    }
    auth::is_for(account, fields.get("merchantAccount").and_then(Value::as_str))?;
    let reply = Reply::new(StatusCode::OK, METHODS.to_owned());
    Ok(match key {
        Some(key) => reply.header(IDEMPOTENCY_KEY, key),
        None => reply,
    })
}
