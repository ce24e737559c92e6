//! Money that a person booked as gone, and of which the PSP says afterwards that it came back.

use redress_core::case::CaseKind;
use redress_core::id::{MerchantId, RefundId};
use redress_core::refund::Refund;
use redress_core::time::Timestamp;

use super::{CaseSubject, NewCaseRow, holds};
use crate::error::StoreError;
use crate::op::Query;
use crate::ops::rows::expect_one;
use crate::tx::Tx;

/// The case that tells a person of it.
const TOLD_BY: &str = "SELECT case_id FROM cases WHERE merchant_id = $1 AND refund_id = $2 AND kind = 'reversed' \
     AND closed_at IS NULL";

/// What is booked as gone of a refund's own money. What left under its reference besides has cases of another kind.
const BOOKED: &str = "SELECT booked FROM cases WHERE merchant_id = $1 AND refund_id = $2 \
     AND kind IN ('late_success', 'quarantined') AND booked > 0";

const UNBOOK: &str = "UPDATE cases SET booked = 0 WHERE merchant_id = $1 AND refund_id = $2 \
     AND kind IN ('late_success', 'quarantined') AND booked > 0";

/// What left of a refund's own money, although the refund is over without effect: what is booked, and what a person has yet
/// to look at.
const LEFT: &str = concat!(
    "SELECT 1 FROM cases WHERE merchant_id = $1 AND refund_id = $2 AND kind IN ('late_success', 'quarantined') AND ",
    holds!(),
    " LIMIT 1"
);

/// Whether a refund's own money left all the same: a person has booked it as gone, or has yet to look at the case that
/// tells of it.
#[derive(Clone, Copy, Debug)]
pub struct LeftOwn {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The refund.
    pub refund: RefundId,
}

impl Query for LeftOwn {
    type Out = bool;
    const NAME: &'static str = "left_own";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let params = [self.merchant.as_bytes().into(), self.refund.as_bytes().into()];
        tx.rows(LEFT, &params).await.map(|rows| !rows.is_empty())
    }
}

/// Whether a person has booked as gone a refund's own money.
pub(crate) async fn is_booked<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    refund: RefundId,
) -> Result<bool, StoreError> {
    let params = [merchant.as_bytes().into(), refund.as_bytes().into()];
    tx.rows(BOOKED, &params).await.map(|rows| !rows.is_empty())
}

/// Takes back what was booked as gone of a refund's own money, and blocks it by the open case that tells of it: nothing of
/// it can be given back before a person has said whether it really came back. Closed as ever, that case either releases
/// the sum or books it once more. The cases that had booked it have released it from now on.
///
/// `text`: what happened, for whoever looks at the case. Where none is open, nothing changes: it was opened under the lock of
/// the payment, which the caller has, so that nobody has closed it since.
pub(crate) async fn take_back<T: Tx>(
    tx: &mut T,
    refund: &Refund,
    text: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (merchant, of) = (refund.merchant.as_bytes(), refund.id.as_bytes());
    let open = tx.rows(TOLD_BY, &[merchant.into(), of.into()]).await?;
    let Some(case) = open.first().map(|row| row.id16(0)).transpose()? else { return Ok(()) };
    let mut sum = 0_i64;
    for row in tx.rows(BOOKED, &[merchant.into(), of.into()]).await? {
        let more = sum.checked_add(row.int(0)?);
        sum = more.ok_or_else(|| StoreError::inconsistent("more of a refund is booked than can be"))?;
    }
    if sum == 0 {
        return Ok(());
    }
    tx.exec(UNBOOK, &[merchant.into(), of.into()]).await?;
    let moved = tx
        .exec(
            "UPDATE payments SET refunded = refunded - $1, blocked = blocked + $1, updated_at = $2 \
             WHERE merchant_id = $3 AND payment_id = $4",
            &[sum.into(), now.as_micros().into(), merchant.into(), refund.payment.as_bytes().into()],
        )
        .await?;
    expect_one(moved, "payments")?;
    let blocks = tx
        .exec(
            "UPDATE cases SET wanted = wanted + $1, blocked = blocked + $1, what = $2 \
             WHERE merchant_id = $3 AND case_id = $4",
            &[sum.into(), text.into(), merchant.into(), (&case).into()],
        )
        .await?;
    expect_one(blocks, "cases")
}

/// Where a person has yet to look at the case that a refund's own money left, and the PSP says now that the refund failed,
/// that case tells of both: whoever books what came back would never hear of it again. The caller has locked the payment.
pub(crate) async fn failed_after_all<T: Tx>(tx: &mut T, refund: &Refund) -> Result<(), StoreError> {
    // What told of no money that left says nothing that this could contradict.
    tx.exec(
        "UPDATE cases SET what = $1 WHERE merchant_id = $2 AND refund_id = $3 \
         AND kind IN ('late_success', 'quarantined') AND wanted > 0 AND closed_at IS NULL",
        &[LEFT_AND_FAILED.into(), refund.merchant.as_bytes().into(), refund.id.as_bytes().into()],
    )
    .await
    .map(|_| ())
}

const LEFT_AND_FAILED: &str = "the PSP says both that the money of a refund that was over left, and that the refund failed: \
     it is blocked until a person has looked";

/// The open case of another kind that holds a refund's own money.
const HELD_BY: &str = "SELECT open_key, kind FROM cases WHERE merchant_id = $1 AND refund_id = $2 \
     AND kind IN ('late_success', 'quarantined', 'reversed') AND kind <> $3 AND closed_at IS NULL \
     AND open_key IS NOT NULL AND wanted > 0 ORDER BY opened_at, case_id LIMIT 1";

/// It is told in whatever order the words come, and as often.
const TOLD_BOTH: &str = "the PSP says both that the refund failed whose money a person had booked as gone, and that the \
     money left: it is blocked until a person has looked";

/// Where the PSP says once more that a refund's own money left, while an open case of another kind holds it (what was taken
/// back of it, or a notification that could not be confirmed), that case tells of this too. A second one would block the
/// same money once more, and whoever closed both as gone would book it twice. Answers the case's key; `None` where there
/// is no such case. The caller has locked the payment.
pub(super) async fn left_once_more<T: Tx>(
    tx: &mut T,
    case: &NewCaseRow,
) -> Result<Option<[u8; 16]>, StoreError> {
    let CaseSubject::Refund(refund) = &case.subject else { return Ok(None) };
    let is_own = matches!(case.kind, CaseKind::LateSuccess | CaseKind::Quarantined);
    if !is_own || case.block_minor == 0 {
        return Ok(None);
    }
    let (merchant, kind) = (case.merchant.as_bytes().into(), case.kind.as_str().into());
    let rows = tx.rows(HELD_BY, &[merchant, refund.as_bytes().into(), kind]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let key = row.id16(0)?;
    let text = match (CaseKind::parse(&row.text(1)?), case.kind) {
        (Some(CaseKind::Reversed), _) => Some(TOLD_BOTH),
        // What was said when the PSP was asked says more than what could not be confirmed.
        (_, CaseKind::LateSuccess) => Some(case.text.as_str()),
        _ => None,
    };
    if let Some(text) = text {
        // What tells of both words goes on doing so, whichever comes again.
        tx.exec(
            "UPDATE cases SET what = $1 WHERE open_key = $2 AND what <> $3",
            &[text.into(), (&key).into(), LEFT_AND_FAILED.into()],
        )
        .await?;
    }
    // Less was booked than left where the rest was in use then.
    tx.exec(
        "UPDATE cases SET wanted = $1 WHERE open_key = $2 AND wanted < $1",
        &[case.block_minor.into(), (&key).into()],
    )
    .await?;
    Ok(Some(key))
}
