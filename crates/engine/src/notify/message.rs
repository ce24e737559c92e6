//! What all dialects have in common: what is told, what is sent, and what counts as taken.

use redress_core::event::EventKind;
use redress_core::money::Amount;
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::state::StateName;
use redress_core::time::Timestamp;
use redress_psp::transport::{HttpRequest, HttpResponse};
use redress_store::ops::deliveries::{ClaimedDelivery, DeliveryEvent};

/// What is told: the event, and of the refund and its payment what never changes. What does change is the event's, as
/// it was then: a notification of a success that is sent after the money came back still tells of the success.
pub(super) struct Told<'a> {
    pub(super) event: &'a DeliveryEvent,
    pub(super) refund: &'a Refund,
    pub(super) payment: &'a Payment,
}

impl<'a> Told<'a> {
    pub(super) fn of(delivery: &'a ClaimedDelivery) -> Self {
        Self { event: &delivery.event, refund: &delivery.refund, payment: &delivery.payment }
    }

    /// The refund's amount at the event.
    pub(super) fn amount(&self) -> Amount {
        Amount::new(self.event.amount_minor, self.refund.amount.currency())
    }

    /// The refund's state at the event. A new refund is told of as `queued`, also where it is sent at once.
    pub(super) fn state(&self) -> StateName {
        match self.event.kind {
            EventKind::Created => StateName::Queued,
            EventKind::Pending => StateName::Pending,
            EventKind::Unknown => StateName::Unknown,
            EventKind::Succeeded => StateName::Succeeded,
            EventKind::Failed => StateName::Failed,
            EventKind::Canceled => StateName::Canceled,
            EventKind::Reversed => StateName::Reversed,
        }
    }

    /// The event's id, `webhook-id`: the same for every try and every address.
    pub(super) fn event_id(&self) -> String {
        format!("evt_{}_{}", self.refund.id, self.event.number)
    }
}

/// A notification that is ready but for the headers of Standard Webhooks.
pub(super) struct Message {
    pub(super) request: HttpRequest,
    pub(super) taken: Taken,
}

/// What answer says that the receiver has it.
pub(super) enum Taken {
    /// Any status of success.
    AnySuccess,
    /// A status of success and exactly this text; white space around it does not count.
    Text(String),
}

impl Taken {
    pub(super) fn is(&self, answer: &HttpResponse) -> bool {
        let success = (200..300).contains(&answer.status);
        success
            && match self {
                Self::AnySuccess => true,
                Self::Text(text) => answer.body.trim_ascii() == text.as_bytes(),
            }
    }
}

/// A notification cannot be built or signed as things stand; the text may be shown to the merchant.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotSendable(pub(super) String);

/// A time for [`jiff`]; what lies outside of its years is drawn to their end.
pub(super) fn calendar(time: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(time.as_micros()).unwrap_or(jiff::Timestamp::MAX)
}
