//! The merchant's own backend, as small as it can be: it takes notifications, believes none that does not prove itself,
//! and keeps a list of them.

use std::collections::VecDeque;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::{get, post};
use redress_core::decimal::Decimal;
use redress_core::money::{Amount, Currency};
use redress_core::time::Timestamp;
use redress_engine::signing::portone::{RefundFields, refund_hash};
use redress_engine::signing::sgate::{self, Presented, Signed};
use redress_engine::signing::standard_webhooks::{
    self, HEADER_ID, HEADER_SIGNATURE, HEADER_TIMESTAMP, SigningKey,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use subtle::ConstantTimeEq;

use super::client::Client;
use super::files::Rotating;
use crate::failure::Failure;

/// What came in, a line each, in the demo's directory.
pub(super) const FILE: &str = "notifications.jsonl";

/// The file is put aside at this length, in bytes.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// So many are kept at hand.
const KEPT_MAX: usize = 10_000;

/// The longest notification that is read, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// How far a notification's time may be off.
const TOLERANCE: Duration = Duration::from_secs(300);

/// What a notification came as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Came {
    /// PortOne's webhook.
    Portone,
    /// SGate's callback.
    Sgate,
    /// A Standard Webhook.
    Standard,
}

/// A notification that proved itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Received {
    pub(super) at_seconds: i64,
    pub(super) came: Came,
    pub(super) order_ref: String,
    /// PortOne's `refund_id`; SGate's callback has none.
    pub(super) refund_id: Option<String>,
    /// PortOne's `refund_status`, the type of a Standard Webhook, or what SGate's `order.detail` said.
    pub(super) status: String,
}

/// The backend. Cheap to clone.
#[derive(Clone)]
pub(super) struct Backend {
    client: Client,
    inbox: Arc<Mutex<Inbox>>,
}

struct Inbox {
    kept: VecDeque<Received>,
    file: Rotating,
}

/// Why a notification is not taken: it is sent again later.
type Refused = (StatusCode, String);

impl Backend {
    /// Reads what came in before.
    pub(super) fn open(dir: &Path, client: Client) -> Result<Self, Failure> {
        let path = dir.join(FILE);
        let text = std::fs::read(&path).unwrap_or_default();
        // A line that was cut off by a kill is no notification that was answered.
        let mut kept: VecDeque<Received> =
            text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        kept.drain(..kept.len().saturating_sub(KEPT_MAX));
        let mut file = Rotating::open(&path, FILE_BYTES_MAX)?;
        if text.last().is_some_and(|last| *last != b'\n') {
            file.write_all(b"\n").map_err(|error| Failure::unable(format!("{}: {error}", path.display())))?;
        }
        Ok(Self { client, inbox: Arc::new(Mutex::new(Inbox { kept, file })) })
    }

    /// Its addresses.
    pub(super) fn router(&self) -> Router {
        Router::new()
            .route("/portone", post(portone))
            .route("/sgate", get(sgate_callback))
            .route("/standard", post(standard))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .with_state(self.clone())
    }

    /// Whether such a notification has come.
    pub(super) fn has(&self, is: impl Fn(&Received) -> bool) -> bool {
        self.inbox().kept.iter().any(is)
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps it before it is answered, so that a kill loses none that counts as delivered.
    fn keep(
        &self,
        came: Came,
        order_ref: String,
        refund_id: Option<String>,
        status: String,
    ) -> Result<(), Refused> {
        let at_seconds = self.client.clock.now().as_seconds();
        let received = Received { at_seconds, came, order_ref, refund_id, status };
        let failed = |error: &dyn std::fmt::Display| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
        let mut line = serde_json::to_vec(&received).map_err(|error| failed(&error))?;
        line.push(b'\n');
        let mut inbox = self.inbox();
        inbox.file.write_all(&line).map_err(|error| failed(&error))?;
        if inbox.kept.len() >= KEPT_MAX {
            inbox.kept.pop_front();
        }
        inbox.kept.push_back(received);
        Ok(())
    }

    /// The headers of Standard Webhooks, with an endpoint's secret.
    fn check_standard(&self, headers: &HeaderMap, body: &[u8], secret: &str) -> Result<(), Refused> {
        let (id, time, given) = (
            header(headers, HEADER_ID)?,
            header(headers, HEADER_TIMESTAMP)?,
            header(headers, HEADER_SIGNATURE)?,
        );
        let seconds: i64 = time.parse().map_err(|_| unproved("webhook-timestamp"))?;
        if self.client.clock.now().as_seconds().abs_diff(seconds) > TOLERANCE.as_secs() {
            return Err(unproved("webhook-timestamp"));
        }
        let key =
            SigningKey::parse(&SecretString::from(secret)).map_err(|_| unproved("the endpoint's secret"))?;
        let at = Timestamp::from_micros(seconds.saturating_mul(1_000_000));
        let [_, _, (_, expected)] = standard_webhooks::headers(id, at, body, &key, None);
        let same = |given: &str| bool::from(given.as_bytes().ct_eq(expected.as_bytes()));
        given.split(' ').any(same).then_some(()).ok_or_else(|| unproved(HEADER_SIGNATURE))
    }
}

fn unproved(what: &str) -> Refused {
    (StatusCode::UNAUTHORIZED, format!("{what} is not right"))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Refused> {
    headers.get(name).and_then(|value| value.to_str().ok()).ok_or_else(|| unproved(name))
}

/// PortOne's webhook, as far as the demo reads it.
#[derive(Deserialize)]
struct Webhook<'a> {
    refund_id: String,
    psp_refund_id: String,
    #[serde(borrow)]
    amount: &'a RawValue,
    currency: String,
    refund_status: String,
    refund_type: String,
    merchant_id: String,
    payment_txn_ref: String,
    payment_channel: String,
    signature_hash: String,
}

async fn portone(
    State(backend): State<Backend>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<&'static str, Refused> {
    let merchant = &backend.client.merchant;
    backend.check_standard(&headers, &body, &merchant.endpoints.portone)?;
    let webhook: Webhook<'_> =
        serde_json::from_slice(&body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    let expected = webhook.hash(&SecretString::from(merchant.portone.secret.as_str()));
    let proved =
        expected.is_some_and(|hash| bool::from(hash.as_bytes().ct_eq(webhook.signature_hash.as_bytes())));
    if !proved {
        return Err(unproved("signature_hash"));
    }
    backend.keep(Came::Portone, webhook.payment_txn_ref, Some(webhook.refund_id), webhook.refund_status)?;
    Ok("ok")
}

impl Webhook<'_> {
    fn hash(&self, secret: &SecretString) -> Option<String> {
        let currency = Currency::from_code(&self.currency).ok()?;
        let minor = Decimal::from_json_number(self.amount.get()).ok()?.to_minor(currency).ok()?;
        let fields = RefundFields {
            amount: Amount::new(minor, currency),
            merchant_id: &self.merchant_id,
            payment_channel: &self.payment_channel,
            payment_txn_ref: &self.payment_txn_ref,
            psp_refund_id: &self.psp_refund_id,
            refund_id: &self.refund_id,
            refund_status: &self.refund_status,
            refund_type: &self.refund_type,
        };
        Some(refund_hash(&fields, secret))
    }
}

#[derive(Deserialize)]
struct Callback {
    #[serde(rename = "_orderId")]
    order: String,
    #[serde(rename = "_type")]
    kind: String,
}

/// SGate's callback says only that something happened: the order is asked for, and then it is acknowledged.
async fn sgate_callback(
    State(backend): State<Backend>,
    uri: Uri,
    Query(callback): Query<Callback>,
    headers: HeaderMap,
) -> Result<String, Refused> {
    let client = &backend.client;
    let signed_uri = uri.path_and_query().map_or("/", |both| both.as_str());
    let key = header(&headers, sgate::HEADER_KEY)?;
    let presented = Presented {
        signed: Signed {
            uri: signed_uri,
            key,
            timestamp: header(&headers, sgate::HEADER_TIMESTAMP)?,
            method: sgate::NOTIFICATION_METHOD,
        },
        sign_method: header(&headers, sgate::HEADER_SIGN_METHOD)?,
        sign_version: header(&headers, sgate::HEADER_SIGN_VERSION)?,
        signature: header(&headers, sgate::HEADER_SIGNATURE)?,
    };
    let pair = &client.merchant.sgate;
    let secret = SecretString::from(pair.secret.as_str());
    let proved = sgate::verify(&presented, &secret, client.clock.now(), TOLERANCE);
    if key != pair.key || proved.is_err() || callback.kind != "refund" {
        return Err(unproved("the callback's signature"));
    }
    let path = format!("/orders/{}", callback.order);
    let unknown = |problem: String| (StatusCode::BAD_GATEWAY, problem);
    let answer = client.sgate(&path, "order.detail", None).await.map_err(unknown)?;
    let order: Value = answer.success().map_err(unknown)?;
    if order["id"] != callback.order.as_str() {
        return Err(unknown("order.detail told of another order".to_owned()));
    }
    let status = order["refundStatus"].as_str().unwrap_or_default().to_owned();
    let acknowledged = format!("COMPLETED::{}", callback.order);
    backend.keep(Came::Sgate, callback.order, None, status)?;
    Ok(acknowledged)
}

async fn standard(
    State(backend): State<Backend>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<&'static str, Refused> {
    backend.check_standard(&headers, &body, &backend.client.merchant.endpoints.standard)?;
    let told: Value =
        serde_json::from_slice(&body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let refund_id = told["data"]["id"].as_str().map(str::to_owned);
    backend.keep(Came::Standard, text(&told["data"]["order_ref"]), refund_id, text(&told["type"]))?;
    Ok("ok")
}
