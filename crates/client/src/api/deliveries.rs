//! Deliveries: what was told to whom.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Client;
use crate::operation::Operation;
use crate::page::{Page, Pager};
use crate::words::words;

pub(crate) static LIST: Operation<Page<Delivery>> = Operation::get("listDeliveries", "/v1/deliveries")
    .query(&["endpoint", "refund", "state", "limit", "cursor"]);
pub(crate) static GET: Operation<DeliveryWithAttempts> = Operation::get("getDelivery", "/v1/deliveries/{id}");
pub(crate) static RESEND: Operation<DeliveryWithAttempts> =
    Operation::post("resendDelivery", "/v1/deliveries/{id}/resend").keyed();

words! {
    /// How far a delivery is.
    DeliveryState {
        /// Owed, and tried again.
        Due = "due",
        /// Taken.
        Delivered = "delivered",
        /// Not tried any more.
        GivenUp = "given_up",
    }
}

impl Client {
    /// A page of deliveries, the newest first.
    pub fn list_deliveries(&self, filter: &DeliveryFilter) -> Call<Page<Delivery>> {
        self.call(&LIST, &[]).query(filter)
    }

    /// All deliveries that a filter lets through, page by page.
    #[must_use]
    pub fn deliveries(&self, filter: DeliveryFilter) -> Pager<Delivery> {
        let (client, first) = (self.clone(), filter.cursor.clone());
        let pager = Pager::new(move |cursor| {
            let cursor = cursor.map(str::to_owned);
            client.list_deliveries(&DeliveryFilter { cursor, ..filter.clone() })
        });
        match first {
            Some(first) => pager.after(first),
            None => pager,
        }
    }

    /// A delivery with its attempts.
    pub fn get_delivery(&self, id: &str) -> Call<DeliveryWithAttempts> {
        self.call(&GET, &[id])
    }

    /// Sends one again.
    pub fn resend_delivery(&self, id: &str) -> Call<DeliveryWithAttempts> {
        self.call(&RESEND, &[id])
    }
}

/// Which deliveries are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryFilter {
    /// Only those to this endpoint.
    pub endpoint: Option<String>,
    /// Only those of this refund.
    pub refund: Option<String>,
    /// Only those that are so far.
    pub state: Option<DeliveryState>,
    /// The most on a page, 1 to 500.
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// One event owed to one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id.
    pub id: String,
    /// The refund that the event is about.
    pub refund: String,
    /// The event's id: what is sent as `webhook-id`.
    pub event_id: String,
    /// What happened.
    pub event_type: String,
    /// The shape it takes: `standard`, `portone` or `sgate`.
    pub dialect: String,
    /// `due`: owed, and tried again; `delivered`: taken; `given_up`: not tried any more.
    pub state: DeliveryState,
    /// When it was first owed.
    pub created_at: String,
    /// When it is tried next; `null` when it is over.
    pub due_at: Option<String>,
    /// To which endpoint; `null` for the payment's own address.
    pub endpoint: Option<String>,
    /// When it was over.
    pub finished_at: Option<String>,
}

/// One attempt to deliver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryAttempt {
    /// When it began.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The beginning of what came back, or what went wrong.
    pub answer: String,
    /// The HTTP status that came back; `null` when none came.
    pub status: Option<u16>,
}

/// A delivery with its attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryWithAttempts {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// Its attempts, the oldest first; of very many the latest 200.
    pub attempts: Vec<DeliveryAttempt>,
}
