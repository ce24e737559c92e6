//! Where people come in: they are called, and they decide.

use super::{Change, Timing, Via, Word, is_of_another_failure, moved};
use crate::case::{CaseKind, NewCase};
use crate::outcome::Outcome;
use crate::refund::Refund;
use crate::retry::Backoff;
use crate::state::{Failure, IllegalTransition, RefundState, StateName};
use crate::time::Timestamp;
use std::time::Duration;

/// The code of a failure that is a person's word, and not the PSP's.
pub(crate) const CLOSED_BY_PERSON: &str = "closed_by_person";

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
        Verdict::Failed => RefundState::Failed(Failure::lasting(CLOSED_BY_PERSON, reason)),
    };
    if !matches!(refund.state, RefundState::Unknown | RefundState::Pending) {
        return Err(IllegalTransition { from: refund.state.name(), to: to.name() });
    }
    moved(refund, to, now)
}

/// The pauses between questions to the PSP about a refund that a person called failed; the first question is asked at once.
const LATE_CHECKS: Backoff = Backoff { first: Duration::from_secs(60), max: Duration::from_secs(24 * 3_600) };

/// For so long the PSP is asked about one. No source states how late a refund may still go through that nobody knew the end of;
/// banks take days, and by then it has mostly been told.
const CHECKED_FOR: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Whether a person called the refund failed, and not the PSP: the sum was released on that word, and may leave all the same.
pub fn was_called_failed(refund: &Refund) -> bool {
    refund.state.name() == StateName::Failed
        && refund.state.failure().is_some_and(|failure| failure.code == CLOSED_BY_PERSON)
}

/// When the PSP is asked again about a refund that a person called failed at `closed_at`, after it was asked so often; `None`
/// where that was for the last time.
pub fn next_late_check(asked: u32, closed_at: Timestamp, now: Timestamp, seed: u64) -> Option<Timestamp> {
    let next = now.plus(LATE_CHECKS.jittered(asked, seed));
    (next < closed_at.plus(CHECKED_FOR)).then_some(next)
}

/// Whether the PSP has said how a refund ended that a person called failed. A success was put before a person, who knows then.
pub const fn ends_late_checks(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Succeeded { .. } | Outcome::Refused(_))
}

/// A person has closed a case of the refund. While its end is open, that ends nothing: a person will be called again.
#[must_use]
pub fn case_closed(mut refund: Refund) -> Refund {
    if !refund.state.name().is_final() {
        refund.evidence.person_called = false;
    }
    refund
}

/// What to put before a person where the money of a refund that is over was booked as gone, and the PSP says now that it
/// failed all the same: the books cannot know that it came back. What was booked is taken back and blocked by this case, so
/// that it wants nothing else of the payment. `None` where the word says no such thing.
#[must_use]
pub fn came_back(refund: &Refund, word: &Word) -> Option<NewCase> {
    let Outcome::Refused(refusal) = &word.outcome else { return None };
    if is_of_another_failure(refund, word) {
        return None;
    }
    let is_over =
        matches!(refund.state.name(), StateName::Failed | StateName::Canceled | StateName::Reversed);
    let is_new = refund.finished_at.is_some_and(|end| word.started_at >= end);
    // The answer to a send is of a request, and not of what the PSP did.
    (is_over && is_new && word.via != Via::Submit).then(|| NewCase {
        kind: CaseKind::Reversed,
        text: format!(
            "the PSP says that the refund failed ({}) whose money a person had booked as gone: it is blocked until a person has looked",
            refusal.code
        ),
        block_minor: 0,
    })
}
