//! Closing cases: by a person, or by the end of the refund that they are about.

use redress_core::case::CaseKind;
use redress_core::id::{CaseId, EndpointId, MerchantId, PaymentId};
use redress_core::refund::Refund;
use redress_core::state::StateName;
use redress_core::time::Timestamp;

use super::blocking::{change_blocked, reach};
use super::{CaseClosed, find};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::ops::rows::expect_one;
use crate::tx::Tx;
use crate::value::Row;

/// Who settles a case, and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending<'a> {
    pub(crate) author: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) now: Timestamp,
}

/// Closes the open cases about not knowing what became of a refund, and releases what they blocked. Of a refund that failed
/// also the one by which its PSP had told of the failure and not confirmed it, which blocks nothing: now it is confirmed.
/// Answers how many. The caller has locked the payment.
pub(crate) async fn end_for_refund<T: Tx>(
    tx: &mut T,
    refund: &Refund,
    ending: Ending<'_>,
) -> Result<usize, StoreError> {
    let merchant = refund.merchant;
    let told = if refund.state.name() == StateName::Failed { CaseKind::Quarantined.as_str() } else { "" };
    let closed = tx
        .rows(
            "UPDATE cases SET closed_at = $1, closed_by = $2, close_reason = $3, open_key = NULL \
             WHERE merchant_id = $4 AND refund_id = $5 AND closed_at IS NULL \
             AND (kind IN ('unresolved', 'ambiguous', 'mismatch', 'overdue') OR (kind = $6 AND wanted = 0)) \
             RETURNING payment_id, blocked",
            &[
                ending.now.as_micros().into(),
                ending.author.into(),
                ending.reason.into(),
                merchant.as_bytes().into(),
                refund.id.as_bytes().into(),
                told.into(),
            ],
        )
        .await?;
    for row in &closed {
        release(tx, merchant, row, ending.now).await?;
    }
    Ok(closed.len())
}

/// Closes the open case about an endpoint, which blocks nothing.
pub(crate) async fn end_for_endpoint<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    endpoint: EndpointId,
    ending: Ending<'_>,
) -> Result<(), StoreError> {
    let params = [
        ending.now.as_micros().into(),
        ending.author.into(),
        ending.reason.into(),
        merchant.as_bytes().into(),
        endpoint.as_bytes().into(),
    ];
    tx.exec(
        "UPDATE cases SET closed_at = $1, closed_by = $2, close_reason = $3, open_key = NULL \
         WHERE closed_at IS NULL AND merchant_id = $4 AND endpoint_id = $5",
        &params,
    )
    .await
    .map(|_| ())
}

/// Gives back what a closed case blocked; the row is its payment and its blocked sum.
async fn release<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    row: &Row,
    now: Timestamp,
) -> Result<(), StoreError> {
    match (row.opt_id16(0)?, row.int(1)?) {
        (Some(payment), blocked) if blocked > 0 => {
            let payment = PaymentId::from_bytes(payment);
            change_blocked(tx, merchant, payment, -blocked, now).await?;
            reach(tx, merchant, payment, now).await
        }
        _ => Ok(()),
    }
}

/// A person closes a case with a reason; what it blocked of the payment is released.
#[derive(Clone, Debug)]
pub struct CloseCase {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which.
    pub case: CaseId,
    /// Who closes it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// What becomes of the sum it blocks.
    pub blocked: Blocked,
    /// The time.
    pub now: Timestamp,
}

/// What becomes of the sum that a case blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// Whoever closes it saw that it blocks nothing: where it does by now, it stays open.
    Nothing,
    /// It is refundable again: the money is still there.
    Released,
    /// It counts as refunded: the money has left without a refund of ours.
    Refunded,
}

/// What came of closing a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseClosing {
    /// It is closed now.
    Closed {
        /// How much of its payment it had blocked, in minor units.
        blocked: i64,
    },
    /// Somebody had closed it before; nothing was changed.
    Already(CaseClosed),
    /// Nobody said what becomes of the sum that it blocks by now; nothing was changed.
    Undecided {
        /// How much of its payment it blocks, in minor units.
        blocked: i64,
    },
    /// This merchant has no such case.
    NotFound,
}

impl Operation for CloseCase {
    type Out = CaseClosing;
    const NAME: &'static str = "close_case";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<CaseClosing>, StoreError> {
        // Locks the payment first, in the order in which everything else takes its locks.
        tx.exec(
            "UPDATE payments SET blocked = blocked WHERE merchant_id = $1 AND payment_id = \
             (SELECT c.payment_id FROM cases c WHERE c.merchant_id = $1 AND c.case_id = $2)",
            &[self.merchant.as_bytes().into(), self.case.as_bytes().into()],
        )
        .await?;
        let closed = tx
            .rows(
                "UPDATE cases SET closed_at = $1, closed_by = $2, close_reason = $3, open_key = NULL \
                 WHERE merchant_id = $4 AND case_id = $5 AND closed_at IS NULL RETURNING payment_id, blocked",
                &[
                    self.now.as_micros().into(),
                    (&self.author).into(),
                    (&self.reason).into(),
                    self.merchant.as_bytes().into(),
                    self.case.as_bytes().into(),
                ],
            )
            .await?;
        let Some(row) = closed.first() else {
            let case = find(tx, self.merchant, self.case).await?;
            let out = case.and_then(|case| case.closed).map_or(CaseClosing::NotFound, CaseClosing::Already);
            return Ok(Done::Rollback(out));
        };
        let blocked = row.int(1)?;
        match (self.blocked, row.opt_id16(0)?) {
            (Blocked::Nothing, _) if blocked > 0 => {
                return Ok(Done::Rollback(CaseClosing::Undecided { blocked }));
            }
            (Blocked::Refunded, Some(payment)) if blocked > 0 => self.book(tx, &payment, blocked).await?,
            _ => release(tx, self.merchant, row, self.now).await?,
        }
        // What `redress_core::settle::case_closed` says; a test compares.
        tx.exec(
            "UPDATE refunds SET person_called = 0 WHERE merchant_id = $1 AND refund_id = \
             (SELECT c.refund_id FROM cases c WHERE c.merchant_id = $1 AND c.case_id = $2) \
             AND state IN ('held', 'queued', 'submitting', 'unknown', 'pending')",
            &[self.merchant.as_bytes().into(), self.case.as_bytes().into()],
        )
        .await?;
        Ok(Done::Commit(CaseClosing::Closed { blocked }))
    }
}

impl CloseCase {
    /// What was blocked counts as refunded from now on; the case says so, for whoever recomputes the books.
    async fn book<T: Tx>(&self, tx: &mut T, payment: &[u8; 16], sum: i64) -> Result<(), StoreError> {
        let booked = tx
            .exec(
                "UPDATE payments SET blocked = blocked - $1, refunded = refunded + $1, updated_at = $2 \
                 WHERE merchant_id = $3 AND payment_id = $4",
                &[sum.into(), self.now.as_micros().into(), self.merchant.as_bytes().into(), payment.into()],
            )
            .await?;
        expect_one(booked, "payments")?;
        tx.exec(
            "UPDATE cases SET booked = blocked WHERE merchant_id = $1 AND case_id = $2",
            &[self.merchant.as_bytes().into(), self.case.as_bytes().into()],
        )
        .await
        .map(|_| ())
    }
}
