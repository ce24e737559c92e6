//! Refunds that are over, to be asked about at the PSP all the same: those that a person called failed, since what is released on
//! a person's word may leave and not every PSP tells of it; and those with an open case of which somebody wants to know.

use redress_core::id::{AccountId, MerchantId, RefundId};
use redress_core::refund::Refund;
use redress_core::settle::{next_late_check, was_called_failed};
use redress_core::state::StateName;
use redress_core::time::Timestamp;

use super::refund_lock::lock_refund;
use super::rows;
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::{Touches, Tx};
use crate::value::Row;

const SCHEDULE: &str = "INSERT INTO late_checks (merchant_id, refund_id, account_id, asked, due_at) \
     VALUES ($1, $2, $3, 0, $4)";

/// A person has said how a refund ended: where that releases its sum, the PSP is asked at once, and again.
pub(super) async fn schedule<T: Tx>(tx: &mut T, refund: &Refund, now: Timestamp) -> Result<(), StoreError> {
    if !was_called_failed(refund) {
        return Ok(());
    }
    let params = [
        refund.merchant.as_bytes().into(),
        refund.id.as_bytes().into(),
        refund.account.as_bytes().into(),
        now.as_micros().into(),
    ];
    tx.exec_ahead(SCHEDULE, &params, Touches::One("late_checks")).await
}

const HASTEN: &str = "UPDATE late_checks SET due_at = $1 WHERE merchant_id = $2 AND refund_id = $3";

/// Whether the PSP is asked, once, about a refund that is over because somebody wants to know: while a case about it is open.
/// Whoever looks at a case may want the PSP's word anew: what it said may have come too late to count, or not at all. What was
/// never sent is asked about by nobody. `ASK_ONCE` says the same to the database.
pub const fn is_asked_once(state: StateName, has_open_case: bool) -> bool {
    has_open_case && matches!(state, StateName::Succeeded | StateName::Failed | StateName::Reversed)
}

/// What [`is_asked_once`] says of a refund.
const ASK_ONCE: &str = "INSERT INTO late_checks (merchant_id, refund_id, account_id, asked, due_at) \
     SELECT r.merchant_id, r.refund_id, r.account_id, 0, $1 FROM refunds r \
     WHERE r.merchant_id = $2 AND r.refund_id = $3 \
     AND (r.state = 'succeeded' OR r.state = 'failed' OR r.state = 'reversed') \
     AND EXISTS (SELECT 1 FROM cases c WHERE c.merchant_id = r.merchant_id AND c.refund_id = r.refund_id \
     AND c.closed_at IS NULL)";

/// Somebody wants to know of a refund that is over. False where nothing is open about it.
pub(super) async fn ask_now<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    refund: RefundId,
    due_at: i64,
) -> Result<bool, StoreError> {
    let params = [due_at.into(), merchant.as_bytes().into(), refund.as_bytes().into()];
    Ok(tx.exec(HASTEN, &params).await? == 1 || tx.exec(ASK_ONCE, &params).await? == 1)
}

/// Whether the PSP is still asked about a refund that is over.
#[derive(Clone, Copy, Debug)]
pub struct IsAskedLate {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The refund.
    pub refund: RefundId,
}

impl Query for IsAskedLate {
    type Out = bool;
    const NAME: &'static str = "is_asked_late";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM late_checks WHERE merchant_id = $1 AND refund_id = $2";
        let found = tx.rows(sql, &[self.merchant.as_bytes().into(), self.refund.as_bytes().into()]).await?;
        Ok(!found.is_empty())
    }
}

/// Finds the accounts at which something is to be asked now. Each is worked on by itself: one whose PSP does not answer must
/// not hold up the others.
#[derive(Clone, Copy, Debug)]
pub struct AccountsWithLateChecks {
    /// Now.
    pub now: Timestamp,
}

impl Query for AccountsWithLateChecks {
    type Out = Vec<AccountId>;
    const NAME: &'static str = "accounts_with_late_checks";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<AccountId>, StoreError> {
        let sql = "SELECT DISTINCT account_id FROM late_checks WHERE due_at <= $1 ORDER BY account_id";
        let found = tx.rows(sql, &[self.now.as_micros().into()]).await?;
        found.iter().map(|row| Ok(AccountId::from_bytes(row.id16(0)?))).collect()
    }
}

/// Finds the refunds of an account that its PSP is to be asked about now.
#[derive(Clone, Copy, Debug)]
pub struct DueLateChecks {
    /// The account.
    pub account: AccountId,
    /// Now.
    pub now: Timestamp,
    /// So many at most, the longest due first.
    pub limit: u32,
}

const DUE: &str = "SELECT merchant_id, refund_id FROM late_checks WHERE account_id = $1 AND due_at <= $2 \
     ORDER BY due_at LIMIT $3";

impl Query for DueLateChecks {
    type Out = Vec<(MerchantId, RefundId)>;
    const NAME: &'static str = "due_late_checks";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<(MerchantId, RefundId)>, StoreError> {
        let params = [self.account.as_bytes().into(), self.now.as_micros().into(), self.limit.into()];
        let found = tx.rows(DUE, &params).await?;
        let ids = |row: &Row| Ok((MerchantId::from_bytes(row.id16(0)?), RefundId::from_bytes(row.id16(1)?)));
        found.iter().map(ids).collect()
    }
}

/// Takes one of them, so that no other process asks too: it is due again at its pace, whatever becomes of the question.
#[derive(Clone, Copy, Debug)]
pub struct TakeLateCheck {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The refund.
    pub refund: RefundId,
    /// Now.
    pub now: Timestamp,
    /// A random number, so that what was closed together is not asked about together.
    pub seed: u64,
}

/// What is to be asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateCheck {
    /// The refund.
    pub refund: Refund,
    /// The PSP's id of its payment.
    pub psp_payment_id: String,
}

const CHECK: &str = "SELECT v.asked, p.psp_payment_id FROM late_checks v \
     JOIN refunds r ON r.merchant_id = v.merchant_id AND r.refund_id = v.refund_id \
     JOIN payments p ON p.merchant_id = r.merchant_id AND p.payment_id = r.payment_id \
     WHERE v.merchant_id = $1 AND v.refund_id = $2 AND v.due_at <= $3";

const ASKED: &str =
    "UPDATE late_checks SET asked = $1, due_at = $2 WHERE merchant_id = $3 AND refund_id = $4";

impl Operation for TakeLateCheck {
    /// `None` where it is not due any more.
    type Out = Option<LateCheck>;
    const NAME: &'static str = "take_late_check";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Option<LateCheck>>, StoreError> {
        // Whoever takes it too waits here, and finds then that it is not due.
        let Some(refund) = lock_refund(tx, self.merchant, self.refund).await? else {
            return Ok(Done::Rollback(None));
        };
        let (merchant, id) = (self.merchant.as_bytes(), self.refund.as_bytes());
        let found = tx.rows(CHECK, &[merchant.into(), id.into(), self.now.as_micros().into()]).await?;
        let Some(row) = found.first() else { return Ok(Done::Rollback(None)) };
        let (asked, psp_payment_id) = (rows::count(row, 0)?.saturating_add(1), row.text(1)?);
        let closed_at = refund.finished_at.unwrap_or(refund.updated_at);
        let again = was_called_failed(&refund)
            .then(|| next_late_check(asked, closed_at, self.now, self.seed))
            .flatten();
        match again {
            Some(next) => {
                let params = [asked.into(), next.as_micros().into(), merchant.into(), id.into()];
                tx.exec_ahead(ASKED, &params, Touches::One("late_checks")).await?;
            }
            None => end(tx, self.merchant, self.refund).await?,
        }
        Ok(Done::Commit(Some(LateCheck { refund, psp_payment_id })))
    }
}

/// The PSP has said how a refund ended that a person called failed, or cannot be asked: it is asked no more.
#[derive(Clone, Copy, Debug)]
pub struct EndLateCheck {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The refund.
    pub refund: RefundId,
}

impl Operation for EndLateCheck {
    type Out = ();
    const NAME: &'static str = "end_late_check";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        end(tx, self.merchant, self.refund).await?;
        Ok(Done::Commit(()))
    }
}

const END: &str = "DELETE FROM late_checks WHERE merchant_id = $1 AND refund_id = $2";

async fn end<T: Tx>(tx: &mut T, merchant: MerchantId, refund: RefundId) -> Result<(), StoreError> {
    tx.exec_ahead(END, &[merchant.as_bytes().into(), refund.as_bytes().into()], Touches::Any).await
}

#[cfg(test)]
mod tests;
