//! What books that were restored from an older copy must assume of their refunds.
//!
//! The copy ends where it was taken; the PSPs went on. Whatever was open then may have been sent since, by a process that
//! nobody can ask any more. So nothing of it is sent as if for the first time: it is unknown, and its PSP's recipe
//! resolves it. Of refunds that were made after the copy the books know nothing; no rule here can find them.

use crate::id::ProcessId;
use crate::outcome::Finding;
use crate::refund::Refund;
use crate::settle::{Change, Timing, begin_send, doubt, moved};
use crate::state::{IllegalTransition, RefundState, StateName};
use crate::time::Timestamp;
use crate::turn::Turn;

/// A refund as a copy of the books has it that was taken at `copied_at`, in use again from `now` on. What is over stays as
/// it is. What is open and may have been sent, or sent again, in between counts as sent in between: at `copied_at` at the
/// earliest, right before `now` at the latest, so that neither a PSP's memory of a key nor its word that there is nothing
/// counts for longer than it really does. What the PSP had accepted is only looked up, as ever, and soon.
///
/// # Errors
/// [`IllegalTransition`] would be a mistake in this module; nothing is written then.
pub fn since_the_copy(
    mut refund: Refund,
    copied_at: Timestamp,
    timing: &Timing,
    now: Timestamp,
) -> Result<Change, IllegalTransition> {
    match refund.state.name() {
        StateName::Succeeded | StateName::Failed | StateName::Canceled | StateName::Reversed => {
            Ok(Change::none(refund))
        }
        StateName::Pending => {
            refund.due_at = Some(now);
            Ok(Change::none(refund))
        }
        StateName::Held => {
            since_the_copy(moved(refund, RefundState::Queued, now)?.refund, copied_at, timing, now)
        }
        StateName::Queued => {
            let owner = ProcessId::from_bytes([0; 16]);
            let sent = begin_send(refund, owner, timing, now)?;
            let mut change = doubt(sent.refund, now)?;
            if change.turn == Turn::Kept {
                change.turn = sent.turn;
            }
            let created_at = change.refund.created_at;
            change.refund.evidence.first_sent_at = Some(copied_at.max(created_at));
            Ok(change)
        }
        StateName::Submitting => {
            let mut change = doubt(refund, now)?;
            change.refund = perhaps_sent_again(change.refund, copied_at, now);
            Ok(change)
        }
        StateName::Unknown => Ok(Change::none(perhaps_sent_again(refund, copied_at, now))),
    }
}

/// Look-ups that were made before say nothing about a send after them, and a refusal of one send nothing about another.
fn perhaps_sent_again(mut refund: Refund, copied_at: Timestamp, now: Timestamp) -> Refund {
    let earliest = copied_at.max(refund.created_at);
    let evidence = &mut refund.evidence;
    evidence.sends = evidence.sends.max(1);
    // Where the same copy is treated once more, what was said of its time before may have been too late.
    let first_sent_at = evidence.first_sent_at.map_or(copied_at, |sent_at| sent_at.min(earliest));
    evidence.first_sent_at = Some(first_sent_at);
    evidence.last_sent_at = Some(now);
    evidence.last_query_at = None;
    evidence.finding = Some(Finding::NoAnswer);
    refund.due_at = Some(now);
    refund.updated_at = now;
    refund
}

#[cfg(test)]
mod tests;
