//! How a word about a refund changes it: applied to the state as it is now, whoever brings it and however late.
//!
//! Time alone never decides; what is not understood becomes unknown; a word that contradicts an end is never dropped
//! and never bends the table: it becomes a case.

use crate::balance::BalanceChange;
use crate::case::{CaseKind, NewCase};
use crate::event::EventKind;
use crate::id::ProcessId;
use crate::outcome::{Finding, Outcome, PspRefusal};
use crate::refund::{Evidence, Refund};
use crate::state::{Failure, IllegalTransition, Lease, RefundState, StateName};
use crate::time::Timestamp;
use crate::turn::{self, Turn};

mod people;
mod timing;

pub(crate) use people::CLOSED_BY_PERSON;
pub use people::{
    Verdict, call_person, came_back, case_closed, close_by_person, ends_late_checks, next_late_check,
    was_called_failed,
};
pub use timing::Timing;

/// A refund that has told of so many events tells no more of other words about its wait, nor that it is unknown still after
/// it was sent again: a PSP whose words go to and fro, or that answers nothing for weeks, fills nobody's list.
const EVENTS_OF_WAITS_MAX: u32 = 20;

/// How a word came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// The answer to a submit.
    Submit,
    /// The answer to a look-up, also one that confirms a notification.
    Query,
    /// A notification that proved itself.
    Notification,
}

impl Via {
    /// The name of the attempt's kind in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Query => "query",
            Self::Notification => "notification",
        }
    }
}

/// A word about a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// What was understood.
    pub outcome: Outcome,
    /// How it came.
    pub via: Via,
    /// When the exchange began: the word may be as old as this.
    pub started_at: Timestamp,
    /// The number of the send that it answers, by [`Evidence::send_number`]; 0 for what answers none.
    pub send: u32,
    /// The codes of the failures that may follow what it says: where one of them has ended the refund, it came late.
    pub superseded_by: &'static [&'static str],
}

impl Word {
    /// Whether it answers a send after which there was another. Such an answer may tell what the PSP did, but nothing
    /// about the send that is under way now.
    fn answers_an_older_send(&self, refund: &Refund) -> bool {
        self.via == Via::Submit && self.send < refund.evidence.send_number()
    }
}

/// A refund after a step, and all that must be written together with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The refund as it is now.
    pub refund: Refund,
    /// What moves in the payment's balance.
    pub balance: BalanceChange,
    /// What is told.
    pub event: Option<EventKind>,
    /// What is put before a person.
    pub cases: Vec<NewCase>,
    /// The cases about not knowing are settled by this step.
    pub ends_cases: bool,
    /// What becomes of the payment's turn, where its refunds are sent one after the other.
    pub turn: Turn,
}

impl Change {
    /// No change.
    pub fn none(refund: Refund) -> Self {
        let balance = BalanceChange::default();
        Self { refund, balance, event: None, cases: Vec::new(), ends_cases: false, turn: Turn::Kept }
    }

    fn with_case(mut self, kind: CaseKind, text: String, block_minor: i64) -> Self {
        self.refund.evidence.person_called = true;
        self.cases.push(NewCase { kind, text, block_minor });
        self
    }
}

/// Takes the right to send: `queued` or `unknown` becomes `submitting`, and the evidence says that it may have left.
/// A refund that takes turns must have its payment's turn.
///
/// # Errors
/// [`IllegalTransition`] from any other state.
pub fn begin_send(
    mut refund: Refund,
    owner: ProcessId,
    timing: &Timing,
    now: Timestamp,
) -> Result<Change, IllegalTransition> {
    let until = now.plus(timing.lease);
    refund.evidence.sends += 1;
    refund.evidence.first_sent_at.get_or_insert(now);
    refund.evidence.last_sent_at = Some(now);
    refund.evidence.finding = None;
    let mut change = moved(refund, RefundState::Submitting(Lease { owner, until }), now)?;
    change.refund.due_at = Some(until);
    Ok(change)
}

/// The lease of a sender ran out: nobody knows what became of its request.
///
/// # Errors
/// [`IllegalTransition`] unless it is `submitting`.
pub fn doubt(mut refund: Refund, now: Timestamp) -> Result<Change, IllegalTransition> {
    // An answer that came in between has said more than an expired lease can.
    if !matches!(refund.state, RefundState::Submitting(_)) {
        return Err(IllegalTransition { from: refund.state.name(), to: StateName::Unknown });
    }
    refund.evidence.finding = Some(Finding::NoAnswer);
    let mut change = moved(refund, RefundState::Unknown, now)?;
    change.refund.due_at = Some(now);
    Ok(change)
}

/// Ends a refund that was never sent.
///
/// # Errors
/// [`IllegalTransition`] unless it is `queued`.
pub fn fail_unsent(refund: Refund, failure: Failure, now: Timestamp) -> Result<Change, IllegalTransition> {
    if refund.state != RefundState::Queued {
        return Err(IllegalTransition { from: refund.state.name(), to: StateName::Failed });
    }
    moved(refund, RefundState::Failed(failure), now)
}

/// Withdraws a refund that was not sent.
///
/// # Errors
/// [`IllegalTransition`] unless it is `held` or `queued`: everything else may be at the PSP, or has ended.
pub fn cancel(refund: Refund, now: Timestamp) -> Result<Change, IllegalTransition> {
    moved(refund, RefundState::Canceled, now)
}

/// Applies a word to the refund as it is now.
///
/// # Errors
/// [`IllegalTransition`] would be a mistake in this module; nothing is written then.
pub fn settle(
    mut refund: Refund,
    word: &Word,
    timing: &Timing,
    now: Timestamp,
    seed: u64,
) -> Result<Change, IllegalTransition> {
    if refund.failed_after(word.superseded_by, word.outcome.psp_refund_id()) {
        return Ok(Change::none(refund));
    }
    if let Some(told) = word.outcome.psp_refund_id() {
        match &refund.psp_refund_id {
            None => refund.psp_refund_id = Some(told.to_owned()),
            Some(bound) if bound != told => {
                let text = format!("the PSP tells of its refund {told} under the reference of {bound}");
                // A second refund at the PSP under the reference of the first: its money left unasked.
                let block = refund.amount.minor();
                if word.via == Via::Query {
                    refund.evidence.queries += 1;
                }
                let mut change = match refund.state {
                    // It is still to be followed, at its pace.
                    RefundState::Unknown | RefundState::Pending => look_again(refund, timing, now, seed),
                    _ => Change::none(refund),
                };
                // Whoever looks at that money has not looked at ours, of whose end a person is called as ever.
                change.cases.push(NewCase { kind: CaseKind::ForeignRefund, text, block_minor: block });
                return Ok(change);
            }
            Some(_) => {}
        }
    }
    let nothing_of_ours = is_of_another_failure(&refund, word)
        .then(|| Word { outcome: Outcome::Unknown(Finding::NotUnderstood), ..word.clone() });
    let word = nothing_of_ours.as_ref().unwrap_or(word);
    if let Outcome::Succeeded { arn: Some(arn), .. } = &word.outcome {
        refund.arn.get_or_insert_with(|| arn.clone());
    }
    match refund.state.name() {
        StateName::Held => Ok(never_sent(refund, word)),
        StateName::Queued => settle_queued(refund, word, timing, now),
        StateName::Submitting | StateName::Unknown | StateName::Pending => {
            settle_open(refund, word, timing, now, seed)
        }
        StateName::Succeeded => settle_succeeded(refund, word, now),
        StateName::Failed | StateName::Canceled | StateName::Reversed => Ok(settle_over(refund, word)),
    }
}

/// Whether another of the PSP's refunds failed than the one that is bound, of whose end that says nothing.
fn is_of_another_failure(refund: &Refund, word: &Word) -> bool {
    let failed = word.outcome.failed_refund_id();
    failed.is_some_and(|failed| refund.psp_refund_id.as_deref().is_some_and(|bound| bound != failed))
}

/// The PSP knows a refund under a key that this program holds back: nothing may be sent any more.
fn settle_queued(
    refund: Refund,
    word: &Word,
    timing: &Timing,
    now: Timestamp,
) -> Result<Change, IllegalTransition> {
    let known = matches!(word.outcome, Outcome::Pending { .. } | Outcome::Succeeded { .. });
    if !known {
        return Ok(contradicted(refund, word));
    }
    let owner = ProcessId::from_bytes([0; 16]);
    let sent = begin_send(refund, owner, timing, now)?;
    let mut change = settle_open(sent.refund, word, timing, now, 0)?;
    if change.turn == Turn::Kept {
        change.turn = sent.turn;
    }
    Ok(change)
}

fn never_sent(refund: Refund, word: &Word) -> Change {
    if !matches!(word.outcome, Outcome::Pending { .. } | Outcome::Succeeded { .. }) {
        return contradicted(refund, word);
    }
    let text = "the PSP tells of a refund that was never sent".to_owned();
    Change::none(refund).with_case(CaseKind::Mismatch, text, 0)
}

fn settle_open(
    mut refund: Refund,
    word: &Word,
    timing: &Timing,
    now: Timestamp,
    seed: u64,
) -> Result<Change, IllegalTransition> {
    if refund.psp_refund_id.is_none() {
        // Also what failed has a name there, by which people find it.
        refund.psp_refund_id = word.outcome.failed_refund_id().map(str::to_owned);
    }
    match &word.outcome {
        Outcome::Succeeded { .. } => moved(refund, RefundState::Succeeded, now),
        // A refusal of one send proves nothing about another, which may have acted or may still act: look, by the PSP's id
        // where it shows a refund of its own.
        Outcome::Refused(_) if word.via == Via::Submit && refund.evidence.sends > 1 => {
            undecided(refund, Finding::RefusedAgain, word, timing, now, seed)
        }
        Outcome::Refused(refusal) => moved(refund, RefundState::Failed(Failure::refused(refusal, now)), now),
        Outcome::Pending { note, .. } => {
            refund.evidence.accepted = true;
            let was_pending = refund.state == RefundState::Pending;
            let other_words = !was_pending || says_otherwise(&refund, note.as_deref(), word);
            // The event of an arrival tells its own note or none.
            if other_words {
                refund.psp_note.clone_from(note);
            }
            let mut change = if was_pending {
                refund.evidence.queries += 1;
                pending_still(refund, other_words, now)
            } else {
                moved(refund, RefundState::Pending, now)?
            };
            change.refund = look_again(change.refund, timing, now, seed).refund;
            Ok(change)
        }
        Outcome::NotSent { .. } if word.via == Via::Submit => not_sent(refund, word, timing, now, seed),
        Outcome::NotSent { .. } => {
            refund.evidence.queries += 1;
            Ok(look_again(refund, timing, now, seed))
        }
        Outcome::Unknown(finding) => undecided(refund, *finding, word, timing, now, seed),
    }
}

/// Whether the PSP says something else about a wait than is known. An answer that says less takes nothing back, nor does
/// one that is older than what is known: the answer to the send, where a notification came before it.
fn says_otherwise(refund: &Refund, note: Option<&str>, word: &Word) -> bool {
    let known = refund.psp_note.as_deref().unwrap_or_default();
    let is_older = !known.is_empty() && word.started_at < refund.updated_at;
    !is_older && note.is_some_and(|note| !known.starts_with(note))
}

/// A refund that waits on. Why it waits is told again where the PSP says it in other words.
fn pending_still(mut refund: Refund, other_words: bool, now: Timestamp) -> Change {
    if !other_words || refund.event_count >= EVENTS_OF_WAITS_MAX {
        return Change::none(refund);
    }
    refund.event_count += 1;
    refund.updated_at = now;
    Change { event: Some(EventKind::Pending), ..Change::none(refund) }
}

/// The request provably never left. Only where no earlier one did either, the refund goes back to its queue.
fn not_sent(
    mut refund: Refund,
    word: &Word,
    timing: &Timing,
    now: Timestamp,
    seed: u64,
) -> Result<Change, IllegalTransition> {
    let older = word.answers_an_older_send(&refund);
    // Together: the number of the newest send stays what it was.
    refund.evidence.sends = refund.evidence.sends.saturating_sub(1);
    refund.evidence.not_sent += 1;
    // A newer one is under way: its lease goes on.
    if older && refund.state.name() == StateName::Submitting {
        return Ok(Change::none(refund));
    }
    let wait = timing.not_sent.jittered(refund.evidence.not_sent, seed);
    if refund.evidence.sends == 0 {
        refund.evidence.first_sent_at = None;
        refund.evidence.last_sent_at = None;
    }
    let mut change = match (refund.state.name(), refund.evidence.sends) {
        (StateName::Submitting, 0) => moved(refund, RefundState::Queued, now)?,
        (StateName::Submitting, _) => moved(refund, RefundState::Unknown, now)?,
        _ => Change::none(refund),
    };
    change.refund.due_at = Some(now.plus(wait));
    Ok(change)
}

fn undecided(
    mut refund: Refund,
    finding: Finding,
    word: &Word,
    timing: &Timing,
    now: Timestamp,
    seed: u64,
) -> Result<Change, IllegalTransition> {
    let from = refund.state.name();
    // A look-up that ran beside a send says nothing about that send.
    if from == StateName::Submitting && word.via != Via::Submit {
        return Ok(Change::none(refund));
    }
    // Nor does the answer to an older one; what must be put before a person, is.
    if word.answers_an_older_send(&refund) {
        return Ok(put_before_a_person(Change::none(refund), finding));
    }
    let no_longer_known =
        from == StateName::Pending && finding == Finding::NotFound && word.via == Via::Query;
    let mut change = if from == StateName::Submitting || no_longer_known {
        moved(refund, RefundState::Unknown, now)?
    } else {
        if word.via == Via::Query {
            refund.evidence.queries += 1;
        }
        Change::none(refund)
    };
    change.refund.evidence.finding = Some(finding);
    if word.via == Via::Query {
        change.refund.evidence.last_query_at = Some(word.started_at);
        change.refund.evidence.queries = change.refund.evidence.queries.max(1);
    }
    change.refund = look_again(change.refund, timing, now, seed).refund;
    Ok(put_before_a_person(change, finding))
}

/// Opens a case where a finding needs a person, unless one was called already.
fn put_before_a_person(change: Change, finding: Finding) -> Change {
    let called = change.refund.evidence.person_called;
    match finding {
        Finding::Ambiguous if !called => change.with_case(
            CaseKind::Ambiguous,
            "several refunds at the PSP could be this one".to_owned(),
            0,
        ),
        Finding::Mismatch if !called => change.with_case(CaseKind::Mismatch, MISMATCH_TEXT.to_owned(), 0),
        _ => change,
    }
}

fn look_again(mut refund: Refund, timing: &Timing, now: Timestamp, seed: u64) -> Change {
    let Evidence { queries, sends, .. } = refund.evidence;
    let wait = match refund.state {
        RefundState::Pending => timing.poll.jittered(queries + 1, seed),
        // Sends count too, or a refund that is sent again and again would be so at the quickest pace.
        _ => timing.resolve.jittered((queries + sends).max(1), seed),
    };
    if !matches!(refund.state, RefundState::Submitting(_)) {
        let next = now.plus(wait);
        // However often a PSP tells that it waits still: that puts off no person's being called.
        let waits = refund.state == RefundState::Pending && !refund.evidence.person_called;
        let person = timing.overdue_at(&refund.evidence).filter(|at| waits && now < *at);
        refund.due_at = Some(person.map_or(next, |at| next.min(at)));
    }
    Change::none(refund)
}

fn settle_succeeded(refund: Refund, word: &Word, now: Timestamp) -> Result<Change, IllegalTransition> {
    let stale = refund.finished_at.is_some_and(|end| word.started_at < end);
    match (&word.outcome, word.via) {
        (Outcome::Refused(refusal), Via::Query) if !stale => reverse(refund, refusal, now),
        // What proved itself is the PSP's last word also where it arrived before the success was written.
        (Outcome::Refused(refusal), Via::Notification) => reverse(refund, refusal, now),
        (Outcome::Refused(refusal), _) => {
            let text = format!("the PSP refused ({}) what it had called done", refusal.code);
            Ok(Change::none(refund).with_case(CaseKind::Mismatch, text, 0))
        }
        _ => Ok(contradicted(refund, word)),
    }
}

/// The PSP's records and ours do not fit together, though nothing is open: a person must know.
fn contradicted(refund: Refund, word: &Word) -> Change {
    let text = match word.outcome {
        Outcome::Unknown(Finding::Mismatch) => MISMATCH_TEXT,
        Outcome::Unknown(Finding::Ambiguous) => "the PSP binds this refund's reference to another refund",
        _ => return Change::none(refund),
    };
    Change::none(refund).with_case(CaseKind::Mismatch, text.to_owned(), 0)
}

const MISMATCH_TEXT: &str = "the PSP shows another sum, currency or payment under this refund's reference";

fn reverse(refund: Refund, refusal: &PspRefusal, now: Timestamp) -> Result<Change, IllegalTransition> {
    let text = format!("the PSP says that the refund failed after it had succeeded ({})", refusal.code);
    let change = moved(refund, RefundState::Reversed(Failure::refused(refusal, now)), now)?;
    Ok(change.with_case(CaseKind::Reversed, text, 0))
}

fn settle_over(refund: Refund, word: &Word) -> Change {
    let stale = refund.finished_at.is_some_and(|end| word.started_at < end);
    let late = match (&word.outcome, &refund.state) {
        // An answer that is older than the end may still say pending, or done before it was reversed.
        (Outcome::Pending { .. }, _) => !stale,
        (Outcome::Succeeded { .. }, RefundState::Reversed(_)) => !stale,
        (Outcome::Succeeded { .. }, _) => true,
        _ => false,
    };
    if !late {
        return contradicted(refund, word);
    }
    let text = format!("the PSP says {} of a refund that was {}", word.outcome.as_str(), refund.state.name());
    let amount = refund.amount.minor();
    Change::none(refund).with_case(CaseKind::LateSuccess, text, amount)
}

pub(crate) fn moved(
    mut refund: Refund,
    to: RefundState,
    now: Timestamp,
) -> Result<Change, IllegalTransition> {
    let (from, to_name) = (refund.state.name(), to.name());
    let amount = refund.amount.minor();
    refund.state = refund.state.become_state(to)?;
    refund.updated_at = now;
    // Look-ups count through all sends of one uncertainty, so that sending again never puts off calling a person.
    if from == StateName::Pending || to_name == StateName::Pending {
        refund.evidence.queries = 0;
    }
    if to_name.is_final() {
        refund.due_at = None;
        refund.finished_at = Some(now);
    }
    // What is sent again was told to be unknown before; by the number, which a send that never left has too.
    let is_again = refund.evidence.send_number() > 1;
    let unknown_still = from == StateName::Submitting && to_name == StateName::Unknown && is_again;
    let untold = unknown_still && refund.event_count >= EVENTS_OF_WAITS_MAX;
    let event = EventKind::of_state(to_name).filter(|_| !untold);
    if event.is_some() {
        refund.event_count += 1;
    }
    Ok(Change {
        turn: turn::after_step(from, &refund),
        refund,
        balance: BalanceChange::between(from, to_name, amount),
        event,
        cases: Vec::new(),
        ends_cases: to_name.is_final(),
    })
}

#[cfg(test)]
mod tests;
