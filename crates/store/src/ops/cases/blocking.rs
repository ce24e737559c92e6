//! What open cases block of a payment: as much as they want, as soon as it is refundable.

use redress_core::balance::Balance;
use redress_core::id::{MerchantId, PaymentId};
use redress_core::time::Timestamp;

use crate::error::StoreError;
use crate::tx::Tx;

/// The most open cases of one payment that are extended at once; the rest follow when more is freed.
const REACH_CASES_MAX: u32 = 100;

/// Extends the open cases of a payment that block less than they should, oldest first, by what is refundable now.
/// Called whenever something of a payment becomes refundable: a contradiction is never forgotten because the money was
/// in use when it came to light.
pub(crate) async fn reach<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    payment: PaymentId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let short = tx
        .rows(
            "SELECT case_id, wanted - blocked FROM cases WHERE merchant_id = $1 AND payment_id = $2 \
             AND closed_at IS NULL AND wanted > blocked ORDER BY opened_at, case_id LIMIT $3",
            &[merchant.as_bytes().into(), payment.as_bytes().into(), REACH_CASES_MAX.into()],
        )
        .await?;
    if short.is_empty() {
        return Ok(());
    }
    let mut balance = locked_balance(tx, merchant, payment).await?;
    for row in &short {
        let reached = balance.blocking(row.int(1)?);
        let more = reached.blocked - balance.blocked;
        if more == 0 {
            break;
        }
        change_blocked(tx, merchant, payment, more, now).await?;
        tx.exec(
            "UPDATE cases SET blocked = blocked + $1 WHERE merchant_id = $2 AND case_id = $3",
            &[more.into(), merchant.as_bytes().into(), (&row.id16(0)?).into()],
        )
        .await?;
        balance = reached;
    }
    Ok(())
}

/// Keeps everybody else from booking, blocking and closing what is of a payment until the transaction's end.
pub(crate) async fn lock_payment<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    payment: PaymentId,
) -> Result<(), StoreError> {
    locked_balance(tx, merchant, payment).await.map(|_| ())
}

pub(super) async fn locked_balance<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    payment: PaymentId,
) -> Result<Balance, StoreError> {
    // The update changes nothing: it locks the row on every engine.
    let rows = tx
        .rows(
            "UPDATE payments SET blocked = blocked WHERE merchant_id = $1 AND payment_id = $2 \
             RETURNING captured, refunded, reserved, blocked",
            &[merchant.as_bytes().into(), payment.as_bytes().into()],
        )
        .await?;
    let row =
        rows.first().ok_or_else(|| StoreError::inconsistent("a case about a payment that is not there"))?;
    Ok(Balance { captured: row.int(0)?, refunded: row.int(1)?, reserved: row.int(2)?, blocked: row.int(3)? })
}

pub(super) async fn change_blocked<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    payment: PaymentId,
    by: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = tx
        .exec(
            "UPDATE payments SET blocked = blocked + $1, updated_at = $2 WHERE merchant_id = $3 AND payment_id = $4",
            &[by.into(), now.as_micros().into(), merchant.as_bytes().into(), payment.as_bytes().into()],
        )
        .await?;
    if changed == 1 {
        Ok(())
    } else {
        Err(StoreError::inconsistent("a case about a payment that is not there"))
    }
}
