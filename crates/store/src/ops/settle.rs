//! Settling: record one exchange and apply what it taught, in one transaction.

use redress_core::event::EventKind;
use redress_core::id::{CaseId, MerchantId, RefundId};
use redress_core::outcome::{Finding, Outcome};
use redress_core::refund::Refund;
use redress_core::settle::{Change, Timing, Verdict, Via, Word, came_back, close_by_person, settle};
use redress_core::state::IllegalTransition;
use redress_core::time::Timestamp;

use super::cases;
use super::late_checks;
use super::refund_lock::lock_refund;
use super::rows;
use super::write::{Author, write_change};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::tx::Tx;

const INSERT_ATTEMPT: &str = "INSERT INTO attempts (merchant_id, refund_id, attempt_id, via, outcome, record, \
     started_at, finished_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";

const BOUND_ELSEWHERE: &str =
    "SELECT 1 FROM refunds WHERE account_id = $1 AND psp_refund_id = $2 AND refund_id <> $3";

/// Records one exchange with the PSP and applies its outcome to the refund as it is now.
#[derive(Clone, Debug)]
pub struct Settle {
    /// Whose refund it is.
    pub merchant: MerchantId,
    /// The refund.
    pub refund: RefundId,
    /// What was understood.
    pub word: Word,
    /// The exchange's id: it is kept once.
    pub attempt: [u8; 16],
    /// What was kept before is judged once more, and does not change nothing: of what was told, or answered to a question about
    /// that, the id is a mark of the words, and the first time may have been too early.
    pub again: bool,
    /// What was said, redacted and capped.
    pub record: String,
    /// Ids for the cases that may be opened.
    pub case_ids: [CaseId; 2],
    /// The spans.
    pub timing: Timing,
    /// Spreads what comes back later.
    pub seed: u64,
    /// Now.
    pub now: Timestamp,
}

/// What settling did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The refund as it is now.
    pub refund: Refund,
    /// What is told about it.
    pub event: Option<EventKind>,
    /// How many cases were opened.
    pub cases: usize,
}

impl Operation for Settle {
    type Out = Option<Settled>;
    const NAME: &'static str = "settle_refund";
    const PATIENT: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Option<Settled>>, StoreError> {
        let Some(refund) = lock_refund(tx, self.merchant, self.refund).await? else {
            return Ok(Done::Rollback(None));
        };
        let attempts = tx
            .exec(
                INSERT_ATTEMPT,
                &[
                    self.merchant.as_bytes().into(),
                    self.refund.as_bytes().into(),
                    (&self.attempt).into(),
                    self.word.via.as_str().into(),
                    self.word.outcome.as_str().into(),
                    (&self.record).into(),
                    self.word.started_at.as_micros().into(),
                    self.now.as_micros().into(),
                ],
            )
            .await?;
        if attempts == 0 && !self.again {
            return Ok(Done::Rollback(Some(Settled { refund, event: None, cases: 0 })));
        }
        let word = self.checked_word(tx, &refund).await?;
        let came_back = match came_back(&refund, &word) {
            Some(case) => {
                // Whoever books, or closes the case that is to tell of it, waits until this is written.
                cases::lock_payment(tx, refund.merchant, refund.payment).await?;
                if cases::is_booked(tx, refund.merchant, refund.id).await? {
                    Some(case)
                } else {
                    cases::failed_after_all(tx, &refund).await?;
                    None
                }
            }
            None => None,
        };
        let mut change = settle(refund, &word, &self.timing, self.now, self.seed).map_err(illegal)?;
        change.cases.extend(came_back.clone());
        write_change(tx, &change, None, &mut self.case_ids.into_iter(), self.now).await?;
        if let Some(case) = &came_back {
            cases::take_back(tx, &change.refund, &case.text, self.now).await?;
        }
        Ok(Done::Commit(Some(settled(change))))
    }
}

impl Settle {
    /// A refund at the PSP belongs to one refund here: one that is bound to another is no match.
    async fn checked_word<T: Tx>(&self, tx: &mut T, refund: &Refund) -> Result<Word, StoreError> {
        let outcome = &self.word.outcome;
        let told = outcome.psp_refund_id().or_else(|| outcome.failed_refund_id());
        let Some(told) = told else { return Ok(self.word.clone()) };
        if refund.psp_refund_id.is_some() {
            return Ok(self.word.clone());
        }
        let bound = tx
            .rows(
                BOUND_ELSEWHERE,
                &[refund.account.as_bytes().into(), told.into(), refund.id.as_bytes().into()],
            )
            .await?;
        if bound.is_empty() {
            return Ok(self.word.clone());
        }
        // Nor does it come late to ours: what failed was ours.
        let outcome = Outcome::Unknown(Finding::Ambiguous);
        Ok(Word { outcome, superseded_by: &[], ..self.word.clone() })
    }
}

/// Keeps what a PSP told of a refund and what was known of it, had been overtaken by later words, or could not be confirmed:
/// it changes nothing, and is evidence all the same.
#[derive(Clone, Debug)]
pub struct KeepWord {
    /// Whose refund it is.
    pub merchant: MerchantId,
    /// The refund.
    pub refund: RefundId,
    /// The mark of what was told: the same told again is kept once, also where it once counted.
    pub attempt: [u8; 16],
    /// What was understood.
    pub outcome: Outcome,
    /// What was said, redacted and capped.
    pub record: String,
    /// Now.
    pub now: Timestamp,
}

const KEPT_AT: &str =
    "SELECT started_at FROM attempts WHERE merchant_id = $1 AND refund_id = $2 AND attempt_id = $3";

impl Operation for KeepWord {
    /// Since when it is kept; `None` where it was not before.
    type Out = Option<Timestamp>;
    const NAME: &'static str = "keep_word";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Option<Timestamp>>, StoreError> {
        let kept = tx
            .exec(
                INSERT_ATTEMPT,
                &[
                    self.merchant.as_bytes().into(),
                    self.refund.as_bytes().into(),
                    (&self.attempt).into(),
                    Via::Notification.as_str().into(),
                    self.outcome.as_str().into(),
                    (&self.record).into(),
                    self.now.as_micros().into(),
                    self.now.as_micros().into(),
                ],
            )
            .await?;
        if kept == 1 {
            return Ok(Done::Commit(None));
        }
        let params = [self.merchant.as_bytes().into(), self.refund.as_bytes().into(), (&self.attempt).into()];
        let before = tx.rows(KEPT_AT, &params).await?;
        let row =
            before.first().ok_or_else(|| StoreError::inconsistent("a word that is kept is not there"))?;
        Ok(Done::Rollback(Some(rows::time(row, 0)?)))
    }
}

/// Applies a person's verdict to a refund of which nobody else knows the end.
#[derive(Clone, Debug)]
pub struct CloseRefund {
    /// Whose refund it is.
    pub merchant: MerchantId,
    /// The refund.
    pub refund: RefundId,
    /// What the person says.
    pub verdict: Verdict,
    /// Who says so, and why.
    pub author: Author,
    /// Now.
    pub now: Timestamp,
}

/// What became of a person's verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It holds.
    Done(Box<Settled>),
    /// The refund is in a state that needs no verdict.
    NotOpen(Box<Refund>),
    /// The merchant has no such refund.
    NoRefund,
}

impl Operation for CloseRefund {
    type Out = Closed;
    const NAME: &'static str = "close_refund";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Closed>, StoreError> {
        let Some(refund) = lock_refund(tx, self.merchant, self.refund).await? else {
            return Ok(Done::Rollback(Closed::NoRefund));
        };
        let Ok(change) = close_by_person(refund.clone(), self.verdict, &self.author.reason, self.now) else {
            return Ok(Done::Rollback(Closed::NotOpen(Box::new(refund))));
        };
        write_change(tx, &change, Some(&self.author), &mut std::iter::empty(), self.now).await?;
        late_checks::schedule(tx, &change.refund, self.now).await?;
        Ok(Done::Commit(Closed::Done(Box::new(settled(change)))))
    }
}

/// Nobody asks the PSP more often, however many want to know: the time between two exchanges, in microseconds.
const REFRESH_GAP_MICROS: i64 = 2_000_000;

/// Makes a refund due now, where it is open, was called failed by a person alone, or has an open case: somebody wants to know.
#[derive(Clone, Debug)]
pub struct Refresh {
    /// Whose refund it is.
    pub merchant: MerchantId,
    /// The refund.
    pub refund: RefundId,
    /// Now.
    pub now: Timestamp,
}

const REFRESH: &str = "UPDATE refunds SET due_at = $1 WHERE merchant_id = $2 AND refund_id = $3 \
     AND state IN ('queued', 'unknown', 'pending')";

/// One that lies in the future was made while the clock was ahead: it says nothing of how long ago it was.
const LAST_ATTEMPT: &str =
    "SELECT MAX(started_at) FROM attempts WHERE merchant_id = $1 AND refund_id = $2 AND started_at <= $3";

impl Operation for Refresh {
    /// Whether there was something to make due.
    type Out = bool;
    const NAME: &'static str = "refresh_refund";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let (merchant, refund) = (self.merchant.as_bytes().into(), self.refund.as_bytes().into());
        let now = self.now.as_micros();
        let last = tx.rows(LAST_ATTEMPT, &[merchant, refund, now.into()]).await?;
        let last = last.first().map(|row| row.opt_int(0)).transpose()?.flatten();
        let due_at = last.map_or(now, |last| now.max(last + REFRESH_GAP_MICROS));
        let touched = tx
            .exec(REFRESH, &[due_at.into(), self.merchant.as_bytes().into(), self.refund.as_bytes().into()])
            .await?;
        let is_due = touched == 1 || late_checks::ask_now(tx, self.merchant, self.refund, due_at).await?;
        Ok(Done::Commit(is_due))
    }
}

pub(crate) fn illegal(error: IllegalTransition) -> StoreError {
    StoreError::Internal(error.to_string())
}

pub(super) fn settled(change: Change) -> Settled {
    Settled { event: change.event, cases: change.cases.len(), refund: change.refund }
}

#[cfg(test)]
mod tests;
