//! The states of a refund and the only table of what may follow what.

use crate::id::ProcessId;
use crate::outcome::{Again, PspRefusal};
use crate::time::Timestamp;
use std::time::Duration;

/// A refund's state; a variant carries the data that is valid only there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundState {
    /// Waits for approval, an undo window, or a stop switch.
    Held,
    /// Reserved, not yet sent.
    Queued,
    /// Sent or about to be; the answer is not recorded.
    Submitting(Lease),
    /// Nobody knows whether the PSP did it; the amount stays reserved.
    Unknown,
    /// The PSP accepted it, the end is open.
    Pending,
    /// Done at the PSP.
    Succeeded,
    /// Over without effect; the amount is refundable again.
    Failed(Failure),
    /// Withdrawn before it was sent; the amount is refundable again.
    Canceled,
    /// It had succeeded, and the money came back; the amount is refundable again.
    Reversed(Failure),
}

/// The right of one process to send one refund until a time. It fences sending only, never an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who may send: a process, or one claim of a process.
    pub owner: ProcessId,
    /// Until when it may write to the socket.
    pub until: Timestamp,
}

impl Lease {
    /// Whether a process may begin to write a request now whose exchange needs so long: only the owner, and only while
    /// the lease outlasts the whole exchange. To be asked right before the socket.
    pub fn allows(&self, process: ProcessId, now: Timestamp, needs: Duration) -> bool {
        self.owner == process && now.plus(needs) <= self.until
    }
}

/// Why a refund ended without effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// A stable code: the PSP's own, or one of this program's (`refund_window_closed`, `closed_by_person`, …).
    pub code: String,
    /// What a person may read.
    pub text: String,
    /// From when on a *new* refund is worth trying, where the PSP refused only for now. This one is over in any case.
    pub again_at: Option<Timestamp>,
}

impl Failure {
    /// A failure that only a change of something can mend, or nothing.
    pub fn lasting(code: &str, text: &str) -> Self {
        Self { code: code.to_owned(), text: text.to_owned(), again_at: None }
    }

    /// The PSP's refusal, heard now.
    pub fn refused(refusal: &PspRefusal, now: Timestamp) -> Self {
        let again_at = match refusal.again {
            Again::No => None,
            Again::After(wait) => Some(now.plus(wait)),
        };
        Self { code: refusal.code.clone(), text: refusal.text.clone(), again_at }
    }
}

/// The name of a state, without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateName {
    /// See [`RefundState::Held`].
    Held,
    /// See [`RefundState::Queued`].
    Queued,
    /// See [`RefundState::Submitting`].
    Submitting,
    /// See [`RefundState::Unknown`].
    Unknown,
    /// See [`RefundState::Pending`].
    Pending,
    /// See [`RefundState::Succeeded`].
    Succeeded,
    /// See [`RefundState::Failed`].
    Failed,
    /// See [`RefundState::Canceled`].
    Canceled,
    /// See [`RefundState::Reversed`].
    Reversed,
}

/// A change of state that the table does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a refund that is {from} cannot become {to}")]
pub struct IllegalTransition {
    /// What it is.
    pub from: StateName,
    /// What it was to become.
    pub to: StateName,
}

/// Where a refund's amount counts in the balance of its payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// In flight: it counts as `reserved`.
    Reserved,
    /// Given back: it counts as `refunded`.
    Refunded,
    /// Over: it does not count; the amount is refundable again.
    Free,
}

impl StateName {
    /// Every state, in the order of the table in the documentation.
    pub const ALL: [Self; 9] = [
        Self::Held,
        Self::Queued,
        Self::Submitting,
        Self::Unknown,
        Self::Pending,
        Self::Succeeded,
        Self::Failed,
        Self::Canceled,
        Self::Reversed,
    ];

    /// The name in the store, the API and the metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Queued => "queued",
            Self::Submitting => "submitting",
            Self::Unknown => "unknown",
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Reversed => "reversed",
        }
    }

    /// Reads the name; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// What may come right after this state. The only such table.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Held => &[Self::Queued, Self::Canceled],
            Self::Queued => &[Self::Submitting, Self::Canceled, Self::Failed],
            Self::Submitting => &[Self::Pending, Self::Succeeded, Self::Failed, Self::Unknown, Self::Queued],
            Self::Unknown => &[Self::Pending, Self::Succeeded, Self::Failed, Self::Submitting],
            Self::Pending => &[Self::Succeeded, Self::Failed, Self::Unknown],
            Self::Succeeded => &[Self::Reversed],
            Self::Failed | Self::Canceled | Self::Reversed => &[],
        }
    }

    /// Checks one step against the table.
    ///
    /// # Errors
    /// [`IllegalTransition`] when the table does not allow it.
    pub fn step_to(self, to: Self) -> Result<(), IllegalTransition> {
        if self.next().contains(&to) { Ok(()) } else { Err(IllegalTransition { from: self, to }) }
    }

    /// Where the amount counts while a refund is in this state.
    pub const fn share(self) -> Share {
        match self {
            Self::Held | Self::Queued | Self::Submitting | Self::Unknown | Self::Pending => Share::Reserved,
            Self::Succeeded => Share::Refunded,
            Self::Failed | Self::Canceled | Self::Reversed => Share::Free,
        }
    }

    /// Whether the PSP may have the refund and nobody knows its end: where only one of a payment's refunds may be so, it
    /// has the payment's turn.
    pub const fn may_be_under_way(self) -> bool {
        matches!(self, Self::Submitting | Self::Unknown | Self::Pending)
    }

    /// Whether the refund is over: nothing is due any more. `succeeded` is over though it may still be reversed.
    pub const fn is_final(self) -> bool {
        !matches!(self.share(), Share::Reserved)
    }
}

impl std::fmt::Display for StateName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl RefundState {
    /// The state without its data.
    pub const fn name(&self) -> StateName {
        match self {
            Self::Held => StateName::Held,
            Self::Queued => StateName::Queued,
            Self::Submitting(_) => StateName::Submitting,
            Self::Unknown => StateName::Unknown,
            Self::Pending => StateName::Pending,
            Self::Succeeded => StateName::Succeeded,
            Self::Failed(_) => StateName::Failed,
            Self::Canceled => StateName::Canceled,
            Self::Reversed(_) => StateName::Reversed,
        }
    }

    /// Whether a process may begin to send now. See [`Lease::allows`]; in no other state anybody may.
    pub fn may_be_sent_by(&self, process: ProcessId, now: Timestamp, needs: Duration) -> bool {
        matches!(self, Self::Submitting(lease) if lease.allows(process, now, needs))
    }

    /// Why it ended without effect, where it did.
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) | Self::Reversed(failure) => Some(failure),
            _ => None,
        }
    }

    /// Goes to the next state, if the table allows it.
    ///
    /// # Errors
    /// [`IllegalTransition`] when it does not.
    pub fn become_state(self, to: Self) -> Result<Self, IllegalTransition> {
        self.name().step_to(to.name()).map(|()| to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for state in StateName::ALL {
            assert_eq!(StateName::parse(state.as_str()), Some(state));
            assert_eq!(state.to_string(), state.as_str());
        }
        assert_eq!(StateName::parse("done"), None);
    }

    #[test]
    fn what_ended_without_effect_says_why() {
        let failure = Failure::lasting("1088", "not eligible");
        for state in [RefundState::Failed(failure.clone()), RefundState::Reversed(failure.clone())] {
            assert_eq!(state.failure(), Some(&failure));
        }
        for state in [RefundState::Queued, RefundState::Succeeded, RefundState::Canceled] {
            assert_eq!(state.failure(), None);
        }
    }

    #[test]
    fn money_leaves_only_through_the_psp() {
        // No state that was never sent can become succeeded, and nothing comes back from an end but a reversal.
        for from in [StateName::Held, StateName::Queued] {
            assert!(from.step_to(StateName::Succeeded).is_err());
            assert!(from.step_to(StateName::Unknown).is_err());
        }
        for from in StateName::ALL.into_iter().filter(|state| state.is_final()) {
            for to in StateName::ALL {
                let reversal = from == StateName::Succeeded && to == StateName::Reversed;
                assert_eq!(from.step_to(to).is_ok(), reversal, "{from} -> {to}");
            }
        }
    }

    #[test]
    fn only_the_owner_sends_and_only_while_the_lease_outlasts_the_exchange() {
        let (mine, theirs) = (ProcessId::from_bytes([1; 16]), ProcessId::from_bytes([2; 16]));
        let second = |n: i64| Timestamp::from_micros(n * 1_000_000);
        let needs = Duration::from_secs(20);
        let leased = RefundState::Submitting(Lease { owner: mine, until: second(60) });
        assert!(leased.may_be_sent_by(mine, second(40), needs));
        assert!(!leased.may_be_sent_by(mine, second(41), needs));
        assert!(!leased.may_be_sent_by(theirs, second(0), needs));
        for state in [RefundState::Queued, RefundState::Unknown, RefundState::Pending, RefundState::Succeeded]
        {
            assert!(!state.may_be_sent_by(mine, second(0), needs), "{state:?}");
        }
    }

    #[test]
    fn a_sent_refund_is_never_withdrawn() {
        for from in [StateName::Submitting, StateName::Unknown, StateName::Pending] {
            assert!(from.step_to(StateName::Canceled).is_err(), "{from}");
        }
        assert!(
            StateName::Unknown.step_to(StateName::Queued).is_err(),
            "an unknown one is resolved, never started anew"
        );
    }
}
