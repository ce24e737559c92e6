//! What to do with a PSP's notification about one of our refunds: pure, so that workers only carry it out.
//!
//! A notification that must be confirmed says only where to look. The PSP is told that it was taken as soon as nothing can
//! be lost any more: at once where somebody will look anyway, else when it was asked about or put before a person.

use crate::id::AccountId;
use crate::money::Amount;
use crate::outcome::Outcome;
use crate::refund::Refund;
use crate::settle::CLOSED_BY_PERSON;
use crate::state::{RefundState, StateName};

/// What a notification tells of one of our refunds.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The account at whose address it arrived.
    pub account: AccountId,
    /// The sum it speaks of, where it does.
    pub amount: Option<Amount>,
    /// The PSP's id of the refund it speaks of, where it does.
    pub psp_refund_id: Option<&'a str>,
    /// What it says.
    pub outcome: &'a Outcome,
    /// It does not count before the PSP was asked.
    pub must_confirm: bool,
    /// It names another merchant, contract or mode than the account's, or another payment than the refund's.
    pub foreign: bool,
    /// The codes of the failures that may follow what it says.
    pub superseded_by: &'a [&'a str],
    /// The refund is over without effect, and its own money left all the same: a person has booked it as gone, or has yet to
    /// look. Then that it failed is news.
    pub left: bool,
}

/// What to do with a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    /// It names another account, payment or sum, or another of the PSP's refunds that failed: it is put before a person,
    /// and applied to nothing.
    Quarantine,
    /// It proved itself: what it says counts.
    Apply,
    /// What followed it is known already: it came late, and says nothing new.
    Overtaken,
    /// The PSP is asked first.
    Ask(Asking),
    /// There is no room to ask now, and somebody will look anyway: soon.
    LookSoon,
    /// There is no room to ask now, and nobody would ever look: the PSP must tell again.
    TellAgain,
}

/// How the PSP is asked about what it told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asking {
    /// What is asked about.
    pub about: About,
    /// The PSP is told that it was heard only when the asking is over and nothing was lost.
    pub first_ask_then_answer: bool,
}

/// What the PSP is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The refund, by the id that it is bound to or by our reference.
    Ours,
    /// The refund, by the id that only the notification told: see [`Outcome::asked_by_a_told_id`].
    ByToldId,
    /// Another refund of the PSP's under our reference. Its own end says nothing about ours.
    Other,
}

/// What is left to do after the PSP was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nothing: what the PSP said was settled, or what is open is looked up anyway.
    Done,
    /// It is about another refund of the PSP's than ours, of which the PSP said nothing: a person looks.
    Foreign,
    /// The refund is over otherwise than told, and the PSP said nothing, or of a failure that it was none: a person looks.
    Unconfirmed,
    /// Nothing is known yet, and looked up by our reference it may be found as another of two: the PSP must tell again.
    TellAgain,
    /// It is a failure that no later look may find, and the PSP did not confirm it, says that the end is open still, or confirmed
    /// it by an answer that came too late to count: the PSP must tell it once more. Some tell few times: where it was told before, a person looks.
    TellOnceMore,
}

/// In what a notification differs from the refund that it names, so that it is applied to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Differs {
    /// It arrived at another account's address.
    Account,
    /// It names another merchant, contract, mode or payment: [`Told::foreign`].
    Whose,
    /// It names a sum of another currency: this.
    Currency(Amount),
    /// It names another sum: this.
    Sum(Amount),
    /// It is about the failure of another of the PSP's refunds.
    PspRefund,
}

/// Everything in which a notification differs from `refund`; nothing where it may be applied.
pub fn differences(refund: &Refund, told: &Told<'_>) -> Vec<Differs> {
    let mut all = Vec::new();
    if told.account != refund.account {
        all.push(Differs::Account);
    }
    if told.foreign {
        all.push(Differs::Whose);
    }
    if let Some(sum) = told.amount.filter(|sum| *sum != refund.amount) {
        let same_currency = sum.currency() == refund.amount.currency();
        all.push(if same_currency { Differs::Sum(sum) } else { Differs::Currency(sum) });
    }
    // Its success is settled as a second refund; its failure says nothing about ours.
    let bound = refund.psp_refund_id.as_deref();
    let other = told.psp_refund_id.is_some_and(|id| bound.is_some_and(|own| own != id));
    if other && !told.must_confirm && !told.outcome.moved_money() {
        all.push(Differs::PspRefund);
    }
    all
}

/// Whether a notification that would have to be confirmed says of a refund that is over what is known of it, and no more:
/// nobody is asked about that, however often it comes.
pub fn says_what_is_known(refund: &Refund, told: &Told<'_>) -> bool {
    let bound = refund.psp_refund_id.as_deref();
    let is_ours = told.psp_refund_id.is_none_or(|id| bound == Some(id));
    let is_known = match (&refund.state, told.outcome) {
        // By which the customer's bank can find the money: some PSPs know it days later.
        (RefundState::Succeeded, Outcome::Succeeded { arn, .. }) => arn.is_none() || refund.arn.is_some(),
        // That it failed is what a person said so far; the PSP may say otherwise when it is asked.
        (RefundState::Failed(failure), Outcome::Refused(_)) if failure.code == CLOSED_BY_PERSON => false,
        (RefundState::Failed(_) | RefundState::Reversed(_), Outcome::Refused(_)) => !told.left,
        _ => false,
    };
    told.must_confirm && is_ours && is_known && differences(refund, told).is_empty()
}

/// Says what to do with a notification about `refund`. `room`: whether a look-up may begin now.
pub fn take_notice(refund: &Refund, told: &Told<'_>, room: bool) -> Taking {
    if !differences(refund, told).is_empty() {
        return Taking::Quarantine;
    }
    if !told.must_confirm {
        return if overtaken(refund, told) { Taking::Overtaken } else { Taking::Apply };
    }
    let bound = refund.psp_refund_id.as_deref();
    if !room {
        // Looked up by our reference, one that is not bound yet may be found as another of two.
        let not_ours = told.psp_refund_id.is_some() && told.psp_refund_id != bound;
        let again = not_ours || refund.state.name().is_final() || tells_of_failure(refund, told);
        return if again { Taking::TellAgain } else { Taking::LookSoon };
    }
    let about = match (bound, told.psp_refund_id) {
        (Some(bound), Some(told)) if bound != told => About::Other,
        (None, Some(_)) => About::ByToldId,
        _ => About::Ours,
    };
    // Nobody looks by himself again at what is over, at what is not ours, or at one of two that could be ours.
    let unsafe_to_leave = bound.is_none()
        || about == About::Other
        || contradicts(refund, told)
        || tells_of_failure(refund, told);
    Taking::Ask(Asking { about, first_ask_then_answer: unsafe_to_leave })
}

/// Says what is left to do when the PSP was asked and `refund` is as it is now. `said`: the PSP's word, where it said one.
pub fn after_asking(refund: &Refund, told: &Told<'_>, said: Option<&Outcome>) -> Asked {
    if let Some(said) = said {
        return match said {
            _ if denies_a_failure(refund, told, said) => Asked::Unconfirmed,
            // Its answers may be behind what it tells, and once they have said that it is done nobody looks again.
            Outcome::Pending { .. } if is_of_ours(refund, told) && tells_of_failure(refund, told) => {
                Asked::TellOnceMore
            }
            // It says so too, and the refund did succeed meanwhile by a question that was begun before this one and answered
            // after it: that settles nothing, and nobody looks again.
            Outcome::Refused(_) if is_of_ours(refund, told) && contradicts_a_success(refund, told) => {
                Asked::TellOnceMore
            }
            _ => Asked::Done,
        };
    }
    match (refund.psp_refund_id.as_deref(), told.psp_refund_id) {
        // Also where it was bound to another only while the PSP was asked.
        (Some(bound), Some(told)) if bound != told => Asked::Foreign,
        // The PSP may only have been away for a moment.
        _ if contradicts_a_success(refund, told) => Asked::TellOnceMore,
        _ if contradicts(refund, told) => Asked::Unconfirmed,
        // Where it failed here too, no telling would ever end.
        (None, Some(_)) if !is_without_effect(refund) => Asked::TellAgain,
        _ if tells_of_failure(refund, told) => Asked::TellOnceMore,
        // It is open and looked up anyway, or it is over as the PSP says.
        _ => Asked::Done,
    }
}

/// Whether what is told came late. Where its follower is written in the same moment, that is found out when this is settled.
fn overtaken(refund: &Refund, told: &Told<'_>) -> bool {
    refund.failed_after(told.superseded_by, told.psp_refund_id)
}

/// Whether a PSP tells of another end than a refund has, or than a person has booked or reads in an open case.
fn contradicts(refund: &Refund, told: &Told<'_>) -> bool {
    let failed = matches!(told.outcome, Outcome::Refused(_));
    match refund.state.name() {
        StateName::Succeeded => failed,
        StateName::Failed | StateName::Canceled | StateName::Reversed => {
            told.outcome.moved_money() || (failed && told.left)
        }
        StateName::Held
        | StateName::Queued
        | StateName::Submitting
        | StateName::Unknown
        | StateName::Pending => false,
    }
}

/// Whether a PSP tells that a refund failed that is a success here.
fn contradicts_a_success(refund: &Refund, told: &Told<'_>) -> bool {
    refund.state.name() == StateName::Succeeded && contradicts(refund, told)
}

/// Whether a PSP tells that a refund failed that may be settled as a success meanwhile, and then is over: by an answer that
/// the PSP gave before, and that is recorded only after this.
fn tells_of_failure(refund: &Refund, told: &Told<'_>) -> bool {
    matches!(told.outcome, Outcome::Refused(_)) && !is_without_effect(refund)
}

/// Whether the PSP says both: that a refund failed, by itself, and when it is asked that it did not. Its answers may be behind
/// what it tells. Nobody looks again at what is over, so that the failure would never come to light.
fn denies_a_failure(refund: &Refund, told: &Told<'_>, said: &Outcome) -> bool {
    let failed = matches!(told.outcome, Outcome::Refused(_));
    is_of_ours(refund, told) && failed && contradicts(refund, told) && said.moved_money()
}

/// Whether it is told of the PSP's refund that this one is bound to, or of none by its id.
fn is_of_ours(refund: &Refund, told: &Told<'_>) -> bool {
    told.psp_refund_id.is_none_or(|id| refund.psp_refund_id.as_deref() == Some(id))
}

/// Whether it is over, and gave nothing back.
fn is_without_effect(refund: &Refund) -> bool {
    matches!(refund.state.name(), StateName::Failed | StateName::Canceled | StateName::Reversed)
}

#[cfg(test)]
mod tests;
