//! What to do next with a refund that is due: one pure function of the refund, the recipe, the evidence and the time.
//! Workers only carry out what it says.

use crate::case::CaseKind;
use crate::outcome::Finding;
use crate::policy::AccountState;
use crate::recipe::{Absence, Recipe, Resend};
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
        RefundState::Queued if waits_too_long(refund, timing, now) => Step::CallPerson(CaseKind::Overdue),
        RefundState::Queued => Step::Submit,
        RefundState::Submitting(lease) if now < lease.until => Step::Nothing,
        RefundState::Submitting(_) => Step::Doubt,
        RefundState::Unknown => resolve(refund, recipe, account, timing, now),
        RefundState::Pending => follow(refund, recipe, timing, now),
    }
}

/// It was tried, and never left: the PSP cannot be reached, or does not let the account in. The trying goes on.
fn waits_too_long(refund: &Refund, timing: &Timing, now: Timestamp) -> bool {
    let evidence = &refund.evidence;
    evidence.not_sent > 0 && !evidence.person_called && now.since(refund.created_at) >= timing.overdue
}

/// Whether a refund is asked about by our reference although the PSP's id of one is known: a send showed one that failed, and
/// nothing else is known. That is no proof that it is the only one, and what is under our reference shows all of them.
pub fn asks_for_all(refund: &Refund, recipe: &Recipe) -> bool {
    refund.state == RefundState::Unknown && !refund.evidence.accepted && recipe.lookup.is_possible(false)
}

fn resolve(refund: &Refund, recipe: &Recipe, account: AccountState, timing: &Timing, now: Timestamp) -> Step {
    let evidence = &refund.evidence;
    let may_send = account == AccountState::Active;
    // What the PSP says that it has is not sent, also where nothing seems to have left.
    if may_send && evidence.sends == 0 && !evidence.accepted {
        return Step::Resend;
    }
    if !can_be_asked(refund, recipe) {
        return ask_by_sending(evidence, recipe, account, timing, now);
    }
    if evidence.queries >= timing.person_after_queries && !evidence.person_called {
        return Step::CallPerson(CaseKind::Unresolved);
    }
    if may_send
        && not_found(evidence)
        && (may_resend(evidence, recipe, timing, now) || absence_proved(evidence, recipe, timing))
    {
        return Step::Resend;
    }
    Step::Query
}

/// Where the PSP cannot be asked, sending the same again is the only question that can be put to it, as long as it takes
/// the same key as the same request. What it answers to that may be about another send: then a person is called. So one is
/// when the question does not even leave for as long as an accepted refund may be without an end: it goes out with the
/// credentials of the first send, and those may be good for nothing by now.
fn ask_by_sending(
    evidence: &Evidence,
    recipe: &Recipe,
    account: AccountState,
    timing: &Timing,
    now: Timestamp,
) -> Step {
    if evidence.person_called {
        return Step::Nothing;
    }
    let unanswered = matches!(
        evidence.finding,
        None | Some(Finding::NoAnswer | Finding::NotUnderstood | Finding::NotFound | Finding::KeyInUse)
    );
    let open = unanswered && !evidence.accepted && evidence.sends <= timing.person_after_queries;
    if !open || is_overdue(evidence, timing, now) || !may_resend(evidence, recipe, timing, now) {
        return Step::CallPerson(CaseKind::Unresolved);
    }
    match account {
        AccountState::Active => Step::Resend,
        // It may go on while there is still time.
        AccountState::Paused => Step::Nothing,
        AccountState::Revoked => Step::CallPerson(CaseKind::Unresolved),
    }
}

fn follow(refund: &Refund, recipe: &Recipe, timing: &Timing, now: Timestamp) -> Step {
    let evidence = &refund.evidence;
    if is_overdue(evidence, timing, now) && !evidence.person_called {
        return Step::CallPerson(CaseKind::Overdue);
    }
    if can_be_asked(refund, recipe) { Step::Query } else { Step::Nothing }
}

/// Whether what may have left is sent again without a person, where the PSP is asked about it and does not have it.
pub fn is_sent_again(refund: &Refund, recipe: &Recipe) -> bool {
    let by_recipe = matches!(recipe.resend, Resend::SameKey { .. })
        || matches!(recipe.absence, Absence::ProvedAfter { .. });
    by_recipe && !refund.evidence.accepted && can_be_asked(refund, recipe)
}

fn is_overdue(evidence: &Evidence, timing: &Timing, now: Timestamp) -> bool {
    timing.overdue_at(evidence).is_none_or(|at| now >= at)
}

/// Whether the PSP answers look-ups by what is known of the refund.
pub fn can_be_asked(refund: &Refund, recipe: &Recipe) -> bool {
    recipe.lookup.is_possible(refund.psp_refund_id.is_some())
}

/// Whether the PSP hears of a refund that somebody wants to have looked at now: it is sent for the first time as soon as it may
/// be, looked up, or sent again where that is the only question. Of one that is over this says no more than that it can be
/// looked up: whether there is anything to ask, whoever knows its cases decides.
pub fn is_heard_of(
    refund: &Refund,
    recipe: &Recipe,
    account: AccountState,
    timing: &Timing,
    now: Timestamp,
) -> bool {
    match &refund.state {
        RefundState::Held | RefundState::Submitting(_) | RefundState::Canceled => false,
        RefundState::Queued => true,
        RefundState::Unknown => {
            can_be_asked(refund, recipe) || resolve(refund, recipe, account, timing, now) == Step::Resend
        }
        RefundState::Pending | RefundState::Succeeded | RefundState::Failed(_) | RefundState::Reversed(_) => {
            can_be_asked(refund, recipe)
        }
    }
}

fn not_found(evidence: &Evidence) -> bool {
    evidence.finding == Some(Finding::NotFound) && evidence.queries > 0 && !evidence.accepted
}

/// The PSP takes the same key as the same request, and still remembers it when the last byte of this one could leave.
fn may_resend(evidence: &Evidence, recipe: &Recipe, timing: &Timing, now: Timestamp) -> bool {
    match (recipe.resend, evidence.first_sent_at) {
        (Resend::SameKey { window, .. }, Some(sent)) => now.plus(timing.lease) < sent.plus(window),
        _ => false,
    }
}

/// A look-up that began after the PSP's bound found nothing. The bound runs from the moment at which the request could
/// leave at the latest: the right to send it was taken at `last_sent_at` and held for a lease.
fn absence_proved(evidence: &Evidence, recipe: &Recipe, timing: &Timing) -> bool {
    match (recipe.absence, evidence.last_sent_at, evidence.last_query_at) {
        (Absence::ProvedAfter { bound, .. }, Some(sent), Some(asked)) => {
            asked >= sent.plus(timing.lease).plus(bound)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
