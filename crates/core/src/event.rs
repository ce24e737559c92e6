//! What happened to a refund, as data: the one source of timeline, notifications and audit trail.

use crate::state::StateName;

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// Accepted: the amount is reserved.
    Created,
    /// The PSP accepted it; the end is open.
    Pending,
    /// Nobody knows whether the PSP did it.
    Unknown,
    /// Done at the PSP.
    Succeeded,
    /// Over without effect.
    Failed,
    /// Withdrawn before it was sent.
    Canceled,
    /// It had succeeded, and the money came back.
    Reversed,
}

impl EventKind {
    /// Every kind, in the order of their bits.
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Pending,
        Self::Unknown,
        Self::Succeeded,
        Self::Failed,
        Self::Canceled,
        Self::Reversed,
    ];

    /// The name in the store and in `standard` notifications.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "refund.created",
            Self::Pending => "refund.pending",
            Self::Unknown => "refund.unknown",
            Self::Succeeded => "refund.succeeded",
            Self::Failed => "refund.failed",
            Self::Canceled => "refund.canceled",
            Self::Reversed => "refund.reversed",
        }
    }

    /// Reads the name; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The bit of this kind in an endpoint's filter.
    pub const fn bit(self) -> i64 {
        1 << self as i64
    }

    /// The filter that takes every kind.
    pub const fn all_bits() -> i64 {
        (1 << Self::ALL.len()) - 1
    }

    /// The event that tells of an arrival in a state; `None` where there is nothing to tell.
    pub const fn of_state(state: StateName) -> Option<Self> {
        match state {
            StateName::Held | StateName::Queued | StateName::Submitting => None,
            StateName::Unknown => Some(Self::Unknown),
            StateName::Pending => Some(Self::Pending),
            StateName::Succeeded => Some(Self::Succeeded),
            StateName::Failed => Some(Self::Failed),
            StateName::Canceled => Some(Self::Canceled),
            StateName::Reversed => Some(Self::Reversed),
        }
    }
}

/// What else is told beside what happens to refunds: by the feed of events alone, not by notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OtherEventKind {
    /// The customer disputes a payment: it is not refunded besides.
    PaymentDisputed,
    /// The dispute is over.
    PaymentDisputeReleased,
    /// Nothing is sent to an endpoint any more: it failed for too long, or somebody disabled it.
    EndpointDisabled,
    /// Somebody enabled it again.
    EndpointEnabled,
}

impl OtherEventKind {
    /// Every kind.
    pub const ALL: [Self; 4] =
        [Self::PaymentDisputed, Self::PaymentDisputeReleased, Self::EndpointDisabled, Self::EndpointEnabled];

    /// The name in the store and in the feed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaymentDisputed => "payment.disputed",
            Self::PaymentDisputeReleased => "payment.dispute_released",
            Self::EndpointDisabled => "endpoint.disabled",
            Self::EndpointEnabled => "endpoint.enabled",
        }
    }

    /// Reads the name; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bits_are_distinct() {
        let mut bits = 0;
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
            assert_eq!(bits & kind.bit(), 0);
            bits |= kind.bit();
        }
        assert_eq!(bits, EventKind::all_bits());
    }

    #[test]
    fn other_kinds_have_names_of_their_own() {
        for kind in OtherEventKind::ALL {
            assert_eq!(OtherEventKind::parse(kind.as_str()), Some(kind));
            assert_eq!(EventKind::parse(kind.as_str()), None);
        }
    }
}
