//! A delivery as it is shown.

use redress_engine::notify::history::{DeliveryAttempt, ListedDelivery};
use serde::Serialize;
use utoipa::ToSchema;

use crate::v1::time::time;

/// One event owed to one address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct DeliveryShown {
    /// Its id.
    id: String,
    /// The refund that the event is about.
    #[schema(example = "rf_01k00000000000000000000000")]
    refund: String,
    /// The event's id: what is sent as `webhook-id`.
    event_id: String,
    /// What happened.
    #[schema(value_type = String, example = "refund.succeeded")]
    event_type: &'static str,
    /// To which endpoint; `null` for the payment's own address.
    endpoint: Option<String>,
    /// The shape it takes: `standard`, `portone` or `sgate`.
    #[schema(value_type = String, example = "standard")]
    dialect: &'static str,
    /// `due`: owed, and tried again; `delivered`: taken; `given_up`: not tried any more.
    #[schema(value_type = String, example = "delivered")]
    state: &'static str,
    /// When it is tried next; `null` when it is over.
    #[schema(format = DateTime)]
    due_at: Option<String>,
    /// When it was first owed.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was over.
    #[schema(format = DateTime)]
    finished_at: Option<String>,
}

/// A delivery with its attempts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryWithAttempts)]
pub(crate) struct WithAttempts {
    #[serde(flatten)]
    delivery: DeliveryShown,
    /// Its attempts, the oldest first; of very many the latest 200.
    attempts: Vec<Attempt>,
}

/// One attempt to deliver.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
struct Attempt {
    /// When it began.
    #[schema(format = DateTime)]
    started_at: String,
    /// How long it took, in milliseconds.
    duration_ms: u64,
    /// The HTTP status that came back; `null` when none came.
    status: Option<u16>,
    /// The beginning of what came back, or what went wrong.
    answer: String,
}

impl DeliveryShown {
    pub(super) fn of(listed: &ListedDelivery) -> Self {
        let ListedDelivery { id, kind, delivery, environment: _ } = listed;
        Self {
            id: id.to_string(),
            refund: id.refund.to_string(),
            event_id: format!("evt_{}_{}", id.refund, id.number),
            event_type: kind.as_str(),
            endpoint: id.endpoint.map(|endpoint| endpoint.to_string()),
            dialect: delivery.dialect.as_str(),
            state: delivery.state.as_str(),
            due_at: delivery.due_at.map(time),
            created_at: time(delivery.created_at),
            finished_at: delivery.finished_at.map(time),
        }
    }
}

impl WithAttempts {
    pub(super) fn of(listed: &ListedDelivery) -> Self {
        let attempts = listed.delivery.attempts.iter().map(Attempt::of).collect();
        Self { delivery: DeliveryShown::of(listed), attempts }
    }
}

impl Attempt {
    fn of(attempt: &DeliveryAttempt) -> Self {
        let took = attempt.finished_at.since(attempt.started_at);
        Self {
            started_at: time(attempt.started_at),
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            status: attempt.status,
            answer: attempt.answer.clone(),
        }
    }
}
