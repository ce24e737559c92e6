//! What to do next with a refund that is due: one pure function of the refund, the recipe, the evidence and the time.
//! Workers only carry out what it says.

use crate::case::CaseKind;
use crate::outcome::Finding;
use crate::policy::AccountState;
use crate::recipe::{Absence, Lookup, Recipe, Resend};
use crate::refund::{Evidence, Refund};
use crate::settle::Timing;
use crate::state::RefundState;
use crate::time::Timestamp;

/// The next thing to do with a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing; it is over, held, or somebody holds the right to send it.
    Nothing,
    /// Send it for the first time.
    Submit,
    /// Send it again, with the same key and equal bytes.
    Resend,
    /// The sender's lease ran out: call it unknown.
    Doubt,
    /// Ask the PSP.
    Query,
    /// Put it before a person, and go on looking.
    CallPerson(CaseKind),
    /// The PSP's refund window closed before it was sent: it fails.
    CloseWindow,
    /// The PSP account was revoked before it was sent: it fails.
    Abandon,
}

/// Says what to do next. `window_end` is the end of the PSP's refund window for the payment, if it has one.
pub fn next_step(
    refund: &Refund,
    recipe: &Recipe,
    account: AccountState,
    window_end: Option<Timestamp>,
    timing: &Timing,
    now: Timestamp,
) -> Step {
    match &refund.state {
        RefundState::Held
        | RefundState::Succeeded
        | RefundState::Failed(_)
        | RefundState::Canceled
        | RefundState::Reversed(_) => Step::Nothing,
        RefundState::Queued if account == AccountState::Revoked => Step::Abandon,
        RefundState::Queued if window_end.is_some_and(|end| now >= end) => Step::CloseWindow,
        RefundState::Queued if account == AccountState::Paused => Step::Nothing,
        RefundState::Queued => Step::Submit,
        RefundState::Submitting(lease) if now < lease.until => Step::Nothing,
        RefundState::Submitting(_) => Step::Doubt,
        RefundState::Unknown => resolve(&refund.evidence, recipe, account, timing, now),
        RefundState::Pending => follow(&refund.evidence, recipe, timing, now),
    }
}

fn resolve(
    evidence: &Evidence,
    recipe: &Recipe,
    account: AccountState,
    timing: &Timing,
    now: Timestamp,
) -> Step {
    let may_send = account == AccountState::Active;
    if may_send && evidence.sends == 0 {
        return Step::Resend;
    }
    let exhausted = recipe.lookup == Lookup::None || evidence.queries >= timing.person_after_queries;
    if exhausted && !evidence.person_called {
        return Step::CallPerson(CaseKind::Unresolved);
    }
    if may_send
        && not_found(evidence)
        && (may_resend(evidence, recipe, now) || absence_proved(evidence, recipe))
    {
        return Step::Resend;
    }
    if recipe.lookup == Lookup::None { Step::Nothing } else { Step::Query }
}

fn follow(evidence: &Evidence, recipe: &Recipe, timing: &Timing, now: Timestamp) -> Step {
    let overdue = evidence.first_sent_at.is_none_or(|sent| now.since(sent) >= timing.overdue);
    if overdue && !evidence.person_called {
        return Step::CallPerson(CaseKind::Overdue);
    }
    if recipe.lookup == Lookup::None { Step::Nothing } else { Step::Query }
}

fn not_found(evidence: &Evidence) -> bool {
    evidence.finding == Some(Finding::NotFound) && evidence.queries > 0 && !evidence.accepted
}

/// The PSP takes the same key as the same request, and still remembers it.
fn may_resend(evidence: &Evidence, recipe: &Recipe, now: Timestamp) -> bool {
    match (recipe.resend, evidence.first_sent_at) {
        (Resend::SameKey { window, .. }, Some(sent)) => now < sent.plus(window),
        _ => false,
    }
}

/// A look-up that began after the PSP's bound found nothing.
fn absence_proved(evidence: &Evidence, recipe: &Recipe) -> bool {
    match (recipe.absence, evidence.last_sent_at, evidence.last_query_at) {
        (Absence::ProvedAfter { bound, .. }, Some(sent), Some(asked)) => asked >= sent.plus(bound),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
