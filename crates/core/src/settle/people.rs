//! Where people come in: they are called, and they decide.

use super::{Change, Timing, moved};
use crate::case::CaseKind;
use crate::refund::Refund;
use crate::state::{Failure, IllegalTransition, RefundState};
use crate::time::Timestamp;

/// What a person says about a refund of which nobody else knows the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The PSP did it.
    Succeeded,
    /// The PSP did not and will not do it: the amount is released.
    Failed,
}

/// Calls a person, once, and goes on looking at the slowest pace.
pub fn call_person(
    mut refund: Refund,
    kind: CaseKind,
    text: String,
    timing: &Timing,
    now: Timestamp,
) -> Change {
    refund.due_at = Some(now.plus(timing.resolve.max));
    refund.updated_at = now;
    Change::none(refund).with_case(kind, text, 0)
}

/// Applies a person's verdict.
///
/// # Errors
/// [`IllegalTransition`] unless the refund is `unknown` or `pending`: everything else is known.
pub fn close_by_person(
    refund: Refund,
    verdict: Verdict,
    reason: &str,
    now: Timestamp,
) -> Result<Change, IllegalTransition> {
    let to = match verdict {
        Verdict::Succeeded => RefundState::Succeeded,
        Verdict::Failed => RefundState::Failed(Failure::lasting("closed_by_person", reason)),
    };
    if !matches!(refund.state, RefundState::Unknown | RefundState::Pending) {
        return Err(IllegalTransition { from: refund.state.name(), to: to.name() });
    }
    moved(refund, to, now)
}

/// A person has closed a case of the refund. While its end is open, that ends nothing: a person will be called again.
#[must_use]
pub fn case_closed(mut refund: Refund) -> Refund {
    if !refund.state.name().is_final() {
        refund.evidence.person_called = false;
    }
    refund
}
