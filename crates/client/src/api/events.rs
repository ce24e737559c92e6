//! The feed of events. To follow it, see [`crate::Feed`].

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::refunds::{Failure, RefundStatus};
use crate::call::Call;
use crate::client::Client;
use crate::operation::Operation;
use crate::page::Page;

pub(crate) static LIST: Operation<Page<Event>> =
    Operation::get("listEvents", "/v1/events").query(&["cursor", "from", "limit", "type"]).waits();

impl Client {
    /// A page of events, in the order in which they were committed. With [`Call::wait`] an answer without events waits for one.
    pub fn list_events(&self, filter: &EventFilter) -> Call<Page<Event>> {
        self.call(&LIST, &[]).query(filter)
    }
}

/// Which events are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventFilter {
    /// The `next_cursor` of a page; the beginning where it is left out.
    pub cursor: Option<String>,
    /// `now`, instead of a cursor: what comes from now on.
    pub from: Option<String>,
    /// The most on a page, 1 to 500.
    pub limit: Option<u32>,
    /// Only events of this type, or of several with commas between.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// What an event is about, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EventData {
    /// Of `refund.…`.
    Refund(Box<RefundAtEvent>),
    /// Of `payment.…`.
    Payment(PaymentAtEvent),
    /// Of `endpoint.…`.
    Endpoint(EndpointAtEvent),
    /// Of an event that this version of the client does not know.
    Other(Value),
}

/// What happened: the body of a `standard` notification, with the event's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The event's id: the `webhook-id` of its notifications.
    pub id: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened.
    pub timestamp: String,
    /// What it is about, as it was then.
    pub data: EventData,
}

/// A refund as it was at an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundAtEvent {
    /// The refund's id.
    pub id: String,
    /// The payment's id.
    pub payment: String,
    /// The payment's reference.
    pub order_ref: String,
    /// In minor units.
    pub amount_minor: i64,
    /// In major units, with all of the currency's decimals.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// The refund's state then.
    pub status: RefundStatus,
    /// `full` or `partial`.
    pub kind: String,
    /// `sandbox` or `live`.
    pub environment: String,
    /// When the refund was made; RFC 3339.
    pub created_at: String,
    /// The number of the event among the refund's, from 1.
    pub event_number: u32,
    /// Why, in a sentence.
    pub description: Option<String>,
    /// Why it ended without effect.
    pub failure: Option<Failure>,
    /// The merchant's own order reference.
    pub merchant_order_ref: Option<String>,
    /// The merchant's own id of the refund.
    pub merchant_refund_id: Option<String>,
    /// The merchant's own data.
    pub metadata: std::collections::BTreeMap<String, String>,
    /// What the PSP said about the wait; only where it said something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The PSP's id of the refund, as far as it was known then.
    pub psp_refund_id: Option<String>,
    /// Why, in the merchant's word.
    pub reason: Option<String>,
    /// From when on a new refund is worth trying; only where the PSP refused for now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<String>,
}

/// The payment that an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentAtEvent {
    /// Its id.
    pub payment: String,
    /// Its reference.
    pub order_ref: String,
    /// `sandbox` or `live`.
    pub environment: String,
    /// The merchant's own order reference.
    pub merchant_order_ref: Option<String>,
}

/// The endpoint that an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointAtEvent {
    /// Its id.
    pub endpoint: String,
    /// `sandbox` or `live`.
    pub environment: String,
}
