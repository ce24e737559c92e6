//! Redress's own notification: a POST `{type, timestamp, data}` as Standard Webhooks proposes
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>); `data` is the refund
//! as it was at the event.

use http::Method;
use redress_core::money::Amount;
use redress_core::time::Timestamp;
use redress_psp::transport::HttpRequest;
use redress_store::ops::deliveries::DeliveryEvent;
use redress_store::ops::endpoints::Endpoint;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::message::{About, Message, NotSendable, Taken, Told, calendar, state_at};

#[derive(Serialize)]
struct Notification<'a> {
    r#type: &'a str,
    timestamp: String,
    data: RefundData<'a>,
}

/// The refund, in the words of Redress's own API.
#[derive(Serialize)]
pub(crate) struct RefundData<'a> {
    id: String,
    payment: String,
    order_ref: &'a str,
    merchant_order_ref: Option<&'a str>,
    amount_minor: i64,
    /// In major units with all of the currency's decimals.
    amount: String,
    currency: &'a str,
    status: &'a str,
    kind: &'a str,
    reason: Option<&'a str>,
    description: Option<&'a str>,
    merchant_refund_id: Option<&'a str>,
    metadata: Metadata<'a>,
    psp_refund_id: Option<&'a str>,
    failure: Option<FailureText<'a>>,
    /// What the PSP said about the wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    /// From when on a new refund is worth trying: the PSP refused only for now.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
    environment: &'a str,
    created_at: String,
    /// The number of the event among the refund's, from 1: deliveries come in any order.
    event_number: u32,
}

/// The merchant's own data as it is stored: a JSON object of texts, or nothing.
struct Metadata<'a>(Option<&'a str>);

impl Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored: Option<&RawValue> = self.0.and_then(|text| serde_json::from_str(text).ok());
        match stored {
            Some(object) => object.serialize(serializer),
            None => serializer.collect_map::<&str, &str, _>([]),
        }
    }
}

#[derive(Serialize)]
struct FailureText<'a> {
    code: &'a str,
    text: &'a str,
}

/// Builds the notification for an address.
pub(super) fn message(told: &Told<'_>, url: &str) -> Result<Message, NotSendable> {
    let body = serde_json::to_vec(&notification(told)).map_err(|error| NotSendable(error.to_string()))?;
    let request = HttpRequest::new(Method::POST, url).body("application/json", body);
    Ok(Message { request, taken: Taken::AnySuccess })
}

/// What an endpoint is told to see that it is reached and can verify: it is about no refund.
#[derive(Serialize)]
struct Test<'a> {
    r#type: &'static str,
    timestamp: String,
    data: TestData<'a>,
}

#[derive(Serialize)]
struct TestData<'a> {
    endpoint: String,
    environment: &'a str,
}

/// Builds a test of an endpoint.
pub(super) fn test_message(endpoint: &Endpoint, now: Timestamp) -> Result<Message, NotSendable> {
    let test = Test {
        r#type: "endpoint.test",
        timestamp: calendar(now).to_string(),
        data: TestData { endpoint: endpoint.id.to_string(), environment: endpoint.environment.as_str() },
    };
    let body = serde_json::to_vec(&test).map_err(|error| NotSendable(error.to_string()))?;
    let request = HttpRequest::new(Method::POST, &endpoint.url).body("application/json", body);
    Ok(Message { request, taken: Taken::AnySuccess })
}

fn notification<'a>(told: &Told<'a>) -> Notification<'a> {
    Notification {
        r#type: told.event.kind.as_str(),
        timestamp: calendar(told.event.happened_at).to_string(),
        data: RefundData::of(told.event, &told.about()),
    }
}

impl<'a> RefundData<'a> {
    /// The refund as it was at the event.
    pub(crate) fn of(event: &'a DeliveryEvent, refund: &About<'a>) -> Self {
        let amount = Amount::new(event.amount_minor, refund.currency);
        Self {
            id: refund.id.to_string(),
            payment: refund.payment.to_string(),
            order_ref: refund.order_ref,
            merchant_order_ref: refund.merchant_order_ref,
            amount_minor: amount.minor(),
            amount: amount.to_fixed(),
            currency: amount.currency().code(),
            status: state_at(event.kind).as_str(),
            kind: refund.kind.as_str(),
            // PortOne's clients and SGate's always say one; what they left empty is none.
            reason: Some(refund.reason).filter(|reason| !reason.is_empty()),
            description: refund.description,
            merchant_refund_id: refund.merchant_refund_id,
            metadata: Metadata(refund.metadata),
            psp_refund_id: event.psp_refund_id.as_deref(),
            failure: event
                .failure_code
                .as_deref()
                .map(|code| FailureText { code, text: event.failure_text.as_deref().unwrap_or_default() }),
            note: event.note.as_deref(),
            retry_at: event.again_at.map(|time| calendar(time).to_string()),
            environment: refund.environment.as_str(),
            created_at: calendar(refund.created_at).to_string(),
            event_number: event.number,
        }
    }
}
