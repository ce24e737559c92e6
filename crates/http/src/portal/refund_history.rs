//! What happened to a refund as its page tells it: events, exchanges with the PSP, notifications.

use redress_core::id::RefundId;
use redress_core::time::Timestamp;
use redress_engine::lookup::{AttemptRow, Author, TimelineEvent};
use redress_engine::notify::history::{Delivery, DeliveryAttempt, DeliveryId, DeliveryState};

use super::page::Shell;
use super::text::fill;

/// An event.
pub(super) struct Event {
    pub(super) word: &'static str,
    pub(super) at: Timestamp,
    pub(super) by: Option<String>,
    pub(super) reason: Option<String>,
    /// The failure's code and text, or what the PSP said about the wait.
    pub(super) told: Option<String>,
}

impl Event {
    pub(super) fn of(event: TimelineEvent, s: &Shell) -> Self {
        let reason = event.author.as_ref().and_then(Author::given_reason).map(str::to_owned);
        let failure = event.failure.map(|(code, text)| format!("{code}: {text}"));
        Self {
            word: s.t.event(event.kind),
            at: event.at,
            by: event.author.map(|author| fill(s.t.refund.by, &[("name", &author.name)])),
            reason,
            told: failure.or(event.note),
        }
    }
}

/// An exchange with the PSP.
pub(super) struct Attempt {
    pub(super) via: String,
    pub(super) outcome: String,
    pub(super) evidence: String,
    pub(super) at: Timestamp,
}

impl Attempt {
    pub(super) fn of(attempt: AttemptRow, s: &Shell) -> Self {
        let t = &s.t.refund;
        let via = match attempt.via.as_str() {
            "submit" => t.via_submit.to_owned(),
            "query" => t.via_query.to_owned(),
            "notification" => t.via_notification.to_owned(),
            _ => attempt.via,
        };
        Self { via, outcome: attempt.outcome, evidence: attempt.record, at: attempt.started_at }
    }
}

/// What is owed to one address, with the attempts.
pub(super) struct Notification {
    pub(super) id: String,
    pub(super) event: u32,
    /// What the button to send it again is called.
    pub(super) resend: String,
    pub(super) to: String,
    pub(super) dialect: &'static str,
    pub(super) stands: String,
    pub(super) attempts: Vec<(String, String)>,
}

impl Notification {
    pub(super) fn of(refund: RefundId, delivery: Delivery, s: &Shell) -> Self {
        let t = &s.t.refund;
        let id = DeliveryId { refund, number: delivery.number, endpoint: delivery.endpoint };
        let time = |at: Option<Timestamp>| at.map_or_else(String::new, |at| s.time(&at));
        let stands = match delivery.state {
            DeliveryState::Due => fill(t.delivery_due, &[("time", &time(delivery.due_at))]),
            DeliveryState::Delivered => fill(t.delivery_delivered, &[("time", &time(delivery.finished_at))]),
            DeliveryState::GivenUp => t.delivery_given_up.to_owned(),
        };
        let attempt = |attempt: DeliveryAttempt| {
            let status = attempt.status.map_or_else(|| t.no_status.to_owned(), |status| status.to_string());
            let at = s.time(&attempt.started_at);
            (fill(t.delivery_attempt, &[("time", &at), ("status", &status)]), attempt.answer)
        };
        let what = format!("{} #{}", delivery.dialect.as_str(), delivery.number);
        Self {
            id: id.to_string(),
            event: delivery.number,
            resend: fill(s.t.acts.resend_of, &[("what", &what)]),
            to: match delivery.endpoint {
                Some(endpoint) => fill(t.to_endpoint, &[("id", &endpoint.to_string())]),
                None => t.to_payment.to_owned(),
            },
            dialect: delivery.dialect.as_str(),
            stands,
            attempts: delivery.attempts.into_iter().map(attempt).collect(),
        }
    }
}
