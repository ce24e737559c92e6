//! `POST /v1/oauth2/token`, and whose request it is: `Authorization: Bearer …`. A token says when it ends and is signed with the
//! client's secret, so that the state need not hold any, and it outlives the process.

use axum::body::Bytes;
use axum::extract;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::sign;
use super::wire::Refusal;
use crate::config::{PayPalAccount, SandboxConfig};
use crate::reply::Reply;
use crate::sandbox::Sandbox;

/// How long a token is taken, in milliseconds: 9 hours.
const TOKEN_MS: i64 = 9 * 60 * 60 * 1_000;
/// What PayPal's tokens begin with.
const TOKEN_START: &str = "A21AA";

pub(crate) async fn handle(
    extract::State(sandbox): extract::State<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(account) = client(&sandbox.inner.config, &headers) else {
        return error(StatusCode::UNAUTHORIZED, "invalid_client", "Client Authentication failed");
    };
    let mut fields = body.split(|byte| *byte == b'&');
    if !fields.any(|field| field == b"grant_type=client_credentials") {
        let text = "Grant Type is NULL or not supported";
        return error(StatusCode::BAD_REQUEST, "unsupported_grant_type", text);
    }
    let ends_ms = sandbox.now_ms().saturating_add(TOKEN_MS);
    let answer = json!({
        "scope": "https://uri.paypal.com/services/payments/refund https://uri.paypal.com/services/applications/webhooks",
        "access_token": token(account, ends_ms),
        "token_type": "Bearer",
        "app_id": "APP-80W284485P519543T",
        "expires_in": TOKEN_MS / 1_000,
        "nonce": sandbox.now_ms().to_string(),
    });
    Reply::new(StatusCode::OK, answer.to_string()).response()
}

fn error(status: StatusCode, error: &str, description: &str) -> Response {
    let body = json!({ "error": error, "error_description": description });
    Reply::new(status, body.to_string()).response()
}

/// The account whose id and secret the request carries.
fn client<'a>(config: &'a SandboxConfig, headers: &HeaderMap) -> Option<&'a PayPalAccount> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let given = STANDARD.decode(given.trim()).ok()?;
    config.paypal.iter().find(|account| {
        let pair = format!("{}:{}", account.client_id, account.client_secret);
        pair.as_bytes().ct_eq(&given).into()
    })
}

/// The account whose token the request carries.
pub(crate) fn account<'a>(
    config: &'a SandboxConfig,
    headers: &HeaderMap,
    now_ms: i64,
) -> Result<&'a PayPalAccount, Refusal> {
    let given = headers.get(header::AUTHORIZATION).and_then(|given| given.to_str().ok());
    let given = given.and_then(|given| given.strip_prefix("Bearer ")).ok_or(Refusal::UNAUTHORIZED)?.trim();
    let ends_ms = given.strip_prefix(TOKEN_START).and_then(|rest| rest.split_once('-'));
    let ends_ms: i64 = ends_ms.and_then(|(ends, _)| ends.parse().ok()).ok_or(Refusal::UNAUTHORIZED)?;
    let is_it = |one: &&PayPalAccount| token(one, ends_ms).as_bytes().ct_eq(given.as_bytes()).into();
    let account = config.paypal.iter().find(is_it).ok_or(Refusal::UNAUTHORIZED)?;
    if now_ms < ends_ms { Ok(account) } else { Err(Refusal::UNAUTHORIZED) }
}

/// The account of that name, if it is still configured.
pub(crate) fn named<'a>(config: &'a SandboxConfig, client_id: &str) -> Option<&'a PayPalAccount> {
    config.paypal.iter().find(|account| account.client_id == client_id)
}

fn token(account: &PayPalAccount, ends_ms: i64) -> String {
    let text = format!("access token of {} until {ends_ms}", account.client_id);
    let mac = sign::mac(&account.client_secret, &text);
    format!("{TOKEN_START}{ends_ms}-{}", hex::encode(mac))
}
