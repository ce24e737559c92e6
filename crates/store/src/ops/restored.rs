//! Making a copy of the books fit for use again: what was open when it was taken may have been sent since.
//!
//! What that means for each refund, core says. Run on a copy that nobody serves yet.

use redress_core::id::{MerchantId, RefundId};
use redress_core::restored::since_the_copy;
use redress_core::settle::Timing;
use redress_core::state::{RefundState, StateName};
use redress_core::time::Timestamp;

use super::history::{HistoryEntry, HistoryKind, record};
use super::refund_lock::lock_refund;
use super::rows::{REFUND_COLUMNS, expect_one, refund, refund_columns};
use super::settings_version::bump;
use super::settle::illegal;
use super::write::write_change;
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::tx::Tx;

/// Treats the next batch of the refunds that were open.
#[derive(Clone, Copy, Debug)]
pub struct DoubtOpen {
    /// Until when the copy knows everything.
    pub copied_at: Timestamp,
    /// The spans.
    pub timing: Timing,
    /// Now.
    pub now: Timestamp,
    /// The last refund of the batch before.
    pub after: Option<(MerchantId, RefundId)>,
    /// So many refunds at most.
    pub limit: u32,
}

/// What a batch came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doubted {
    /// How many may have been sent since the copy: they are unknown now.
    pub unknown: u64,
    /// How many the PSP had accepted: they are looked up soon.
    pub pending: u64,
    /// The last refund of the batch; `None` at the end.
    pub last: Option<(MerchantId, RefundId)>,
}

/// The refund, and its account's version as the copy has it: what was queued was sent with that, if it was.
const OPEN: &str = concat!(
    "SELECT ",
    refund_columns!(),
    ", (SELECT a.version FROM psp_accounts a WHERE a.account_id = refunds.account_id) FROM refunds ",
    "WHERE (merchant_id, refund_id) > ($1, $2) AND state <> 'succeeded' AND state <> 'failed' AND state <> 'canceled' ",
    "AND state <> 'reversed' ORDER BY merchant_id, refund_id LIMIT $3"
);

const MARK: &str = "UPDATE refunds SET restored_at = $1 WHERE merchant_id = $2 AND refund_id = $3";

impl Operation for DoubtOpen {
    type Out = Doubted;
    const NAME: &'static str = "doubt_open_refunds";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Doubted>, StoreError> {
        // Before every refund: shorter than any id.
        let start: (Vec<u8>, Vec<u8>) = self.after.map_or((Vec::new(), Vec::new()), |(merchant, refund)| {
            (merchant.as_bytes().to_vec(), refund.as_bytes().to_vec())
        });
        let rows = tx.rows(OPEN, &[(&start.0).into(), (&start.1).into(), self.limit.into()]).await?;
        let mut done = Doubted::default();
        for row in &rows {
            let found = refund(row)?;
            done.last = Some((found.merchant, found.id));
            // As it is now: a server that should not run yet may have ended it meanwhile.
            let locked = lock_refund(tx, found.merchant, found.id).await?;
            let Some(mut open) = locked.filter(|refund| !refund.state.name().is_final()) else { continue };
            if matches!(open.state, RefundState::Held | RefundState::Queued) {
                open.account_version = row.int(REFUND_COLUMNS)?;
            }
            let change = since_the_copy(open, self.copied_at, &self.timing, self.now).map_err(illegal)?;
            match change.refund.state.name() {
                StateName::Pending => done.pending += 1,
                _ => done.unknown += 1,
            }
            // Nothing here puts anything before a person.
            write_change(tx, &change, None, &mut std::iter::empty(), self.now).await?;
            let (merchant, id) = (change.refund.merchant.as_bytes(), change.refund.id.as_bytes());
            let marked = tx.exec(MARK, &[self.now.as_micros().into(), merchant.into(), id.into()]).await?;
            expect_one(marked, "refunds")?;
        }
        Ok(Done::Commit(done))
    }
}

/// Pauses every account that sends, signs everybody out, and remembers that the store was put in place from a copy. The last step: what was
/// asked for after the copy is not in it, and would be sent a second time when it is asked for again.
#[derive(Clone, Copy, Debug)]
pub struct FinishRestore(pub HistoryEntry);

impl Operation for FinishRestore {
    /// How many accounts were paused.
    type Out = u64;
    const NAME: &'static str = "finish_restore";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<u64>, StoreError> {
        // A reader of the feed may have read on in what the copy does not have. Places that were given out there are not given
        // out again: the newest event goes to a place beyond all of them, and what happens from now on follows it. It is told
        // once more, which readers know by its id.
        tx.exec(
            "UPDATE events SET position = $1 WHERE position = (SELECT MAX(position) FROM events) AND position < $1",
            &[self.0.happened_at.as_micros().into()],
        )
        .await?;
        tx.exec(
            "UPDATE event_sequence SET last = $1 WHERE last < $1",
            &[self.0.happened_at.as_micros().into()],
        )
        .await?;
        // Who was signed out since would be signed in again.
        tx.exec("DELETE FROM portal_sessions", &[]).await?;
        let paused = tx.exec("UPDATE psp_accounts SET state = 'paused' WHERE state = 'active'", &[]).await?;
        record(tx, HistoryKind::Restore, self.0).await?;
        bump(tx).await?;
        Ok(Done::Commit(paused))
    }
}

#[cfg(test)]
mod tests;
