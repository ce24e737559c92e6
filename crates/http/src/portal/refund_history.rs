//! What happened to a refund as its page tells it: events, exchanges with the PSP, notifications.

use redress_core::id::{EndpointId, RefundId};
use redress_core::time::Timestamp;
use redress_engine::admin::endpoints::Endpoint;
use redress_engine::lookup::{AttemptRow, Author, TimelineEvent};
use redress_engine::notify::history::{Delivery, DeliveryAttempt, DeliveryId, DeliveryState};

use super::coded::{Coded, FailureTold};
use super::page::Shell;
use super::text::fill;

/// An event.
pub(super) struct Event {
    pub(super) word: &'static str,
    pub(super) at: Timestamp,
    pub(super) by: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) failure: Option<FailureTold>,
    /// What the PSP said about the wait.
    pub(super) note: Option<String>,
}

impl Event {
    pub(super) fn of(event: TimelineEvent, s: &Shell) -> Self {
        let reason = event.author.as_ref().and_then(Author::given_reason).map(str::to_owned);
        // Whoever said how it ended gave the reason that stands in the failure too.
        let failure = event.failure.map(|(code, text)| FailureTold::of(&code, &text, s.t));
        let failure = failure.map(|failure| failure.without(reason.as_deref()));
        Self {
            word: s.t.event(event.kind),
            at: event.at,
            by: event.author.map(|author| fill(s.t.refund.by, &[("name", &author.name)])),
            reason,
            failure,
            note: event.note,
        }
    }
}

/// An exchange with the PSP.
pub(super) struct Attempt {
    pub(super) via: String,
    pub(super) outcome: Coded,
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
        let outcome = Coded::of(s.t.outcome(&attempt.outcome), attempt.outcome);
        Self { via, outcome, evidence: attempt.record, at: attempt.started_at }
    }
}

/// What is owed to one address, with the attempts.
pub(super) struct Notification {
    pub(super) id: String,
    /// What it tells of, where that is known.
    pub(super) event: Option<&'static str>,
    /// What the button to send it again is called.
    pub(super) resend: String,
    pub(super) to: String,
    /// In which shape, with the number of the event.
    pub(super) shape: Coded,
    pub(super) stands: String,
    /// The same by its name in the API.
    pub(super) state: &'static str,
    pub(super) attempts: Vec<(String, String)>,
}

impl Notification {
    /// Of one delivery, to one of these endpoints or to the payment's own address.
    pub(super) fn of(
        refund: RefundId,
        delivery: Delivery,
        event: Option<&'static str>,
        endpoints: &[Endpoint],
        s: &Shell,
    ) -> Self {
        let t = &s.t.refund;
        let called = |id: EndpointId| {
            let endpoint = endpoints.iter().find(|endpoint| endpoint.id == id);
            let name = endpoint.map_or_else(|| id.to_string(), |endpoint| endpoint.name.clone());
            fill(t.to_endpoint, &[("name", &name)])
        };
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
        let (dialect, number) = (s.t.dialect(delivery.dialect), delivery.number);
        let what = format!("{dialect} #{number}");
        Self {
            id: id.to_string(),
            event,
            resend: fill(s.t.acts.resend_of, &[("what", &what)]),
            to: delivery.endpoint.map_or_else(|| t.to_payment.to_owned(), called),
            shape: Coded::of(Some(dialect), format!("{} #{number}", delivery.dialect.as_str())),
            stands,
            state: delivery.state.as_str(),
            attempts: delivery.attempts.into_iter().map(attempt).collect(),
        }
    }
}
