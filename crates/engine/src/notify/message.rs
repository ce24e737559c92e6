//! What all dialects have in common: what is told, what is sent, and what counts as taken.

use redress_core::environment::Environment;
use redress_core::event::EventKind;
use redress_core::id::{PaymentId, RefundId};
use redress_core::money::{Amount, Currency};
use redress_core::payment::Payment;
use redress_core::refund::{Refund, RefundKind};
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

    /// The event's id, `webhook-id`: the same for every try and every address, and in the feed of events.
    pub(super) fn event_id(&self) -> String {
        event_id(self.refund.id, self.event.number)
    }

    /// What never changes.
    pub(super) fn about(&self) -> About<'a> {
        let Self { refund, payment, .. } = *self;
        About {
            id: refund.id,
            payment: payment.id,
            order_ref: &payment.order_ref,
            merchant_order_ref: payment.merchant_order_ref.as_deref(),
            currency: refund.amount.currency(),
            kind: refund.kind,
            reason: &refund.reason,
            description: refund.description.as_deref(),
            merchant_refund_id: refund.merchant_refund_id.as_deref(),
            metadata: refund.metadata.as_deref(),
            environment: refund.environment,
            created_at: refund.created_at,
        }
    }
}

/// What never changes of a refund and its payment, as far as it is told.
pub(crate) struct About<'a> {
    pub(crate) id: RefundId,
    pub(crate) payment: PaymentId,
    pub(crate) order_ref: &'a str,
    pub(crate) merchant_order_ref: Option<&'a str>,
    pub(crate) currency: Currency,
    pub(crate) kind: RefundKind,
    pub(crate) reason: &'a str,
    pub(crate) description: Option<&'a str>,
    pub(crate) merchant_refund_id: Option<&'a str>,
    /// The merchant's own data: a JSON object of texts.
    pub(crate) metadata: Option<&'a str>,
    pub(crate) environment: Environment,
    pub(crate) created_at: Timestamp,
}

/// The id of a refund's event.
pub(crate) fn event_id(refund: RefundId, number: u32) -> String {
    format!("evt_{refund}_{number}")
}

/// A refund's state at an event. A new refund is told of as `queued`, also where it is sent at once.
pub(super) const fn state_at(event: EventKind) -> StateName {
    match event {
        EventKind::Created => StateName::Queued,
        EventKind::Pending => StateName::Pending,
        EventKind::Unknown => StateName::Unknown,
        EventKind::Succeeded => StateName::Succeeded,
        EventKind::Failed => StateName::Failed,
        EventKind::Canceled => StateName::Canceled,
        EventKind::Reversed => StateName::Reversed,
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
pub(crate) fn calendar(time: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(time.as_micros()).unwrap_or(jiff::Timestamp::MAX)
}
