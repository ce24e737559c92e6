//! Opening cases: one of a kind about the same thing at a time.

use redress_core::id::{AccountId, EndpointId, PaymentId, RefundId};

use super::NewCaseRow;
use super::blocking::{locked_balance, reach};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::tx::Tx;

/// What came of opening a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It is open now.
    New {
        /// How much of the payment it blocks, in minor units.
        blocked: i64,
    },
    /// A case of this kind about the same thing is open already; nothing was changed.
    Already,
}

/// Opens a case inside another operation. The payment is locked before the case is written, as everywhere. Answers the key
/// of the case that is open now too.
///
/// What is to be blocked and is not refundable now is blocked as soon as it becomes so: see [`reach`]. What is told of
/// another payment than the open case's opens a case of its own: what is blocked of one cannot be given back to another.
pub(crate) async fn open<T: Tx>(tx: &mut T, case: &NewCaseRow) -> Result<(Opened, [u8; 16]), StoreError> {
    let mut open_key = case.open_key();
    let mut stands_alone = false;
    if let Some(own_key) = case.payment.map(|payment| case.open_key_of(payment))
        && is_open(tx, &own_key).await?
    {
        // It outlives the case that it was opened beside.
        (open_key, stands_alone) = (own_key, true);
    }
    let Some(payment) = case.payment.filter(|_| case.block_minor > 0) else {
        let inserted = !stands_alone && insert(tx, case, 0, &open_key).await?;
        return Ok((if inserted { Opened::New { blocked: 0 } } else { Opened::Already }, open_key));
    };
    locked_balance(tx, case.merchant, payment).await?;
    let mut inserted = !stands_alone && insert(tx, case, case.block_minor, &open_key).await?;
    if !inserted && !stands_alone && blocks_of_another(tx, &open_key, payment).await? {
        open_key = case.open_key_of(payment);
        inserted = insert(tx, case, case.block_minor, &open_key).await?;
    }
    if !inserted {
        // The open case may have begun with less, or with a word that moved no money.
        tx.exec(
            "UPDATE cases SET wanted = $1, payment_id = $2 WHERE open_key = $3 AND wanted < $1",
            &[case.block_minor.into(), payment.as_bytes().into(), (&open_key).into()],
        )
        .await?;
    }
    reach(tx, case.merchant, payment, case.now).await?;
    if !inserted {
        return Ok((Opened::Already, open_key));
    }
    let rows = tx
        .rows(
            "SELECT blocked FROM cases WHERE merchant_id = $1 AND case_id = $2",
            &[case.merchant.as_bytes().into(), case.id.as_bytes().into()],
        )
        .await?;
    let blocked = rows.first().ok_or_else(|| StoreError::inconsistent("a case is not there"))?.int(0)?;
    Ok((Opened::New { blocked }, open_key))
}

/// Writes the case, unless one with this key is open. Answers whether it did.
async fn insert<T: Tx>(
    tx: &mut T,
    case: &NewCaseRow,
    wanted: i64,
    open_key: &[u8; 16],
) -> Result<bool, StoreError> {
    let inserted = tx
        .exec(
            "INSERT INTO cases (merchant_id, case_id, kind, refund_id, payment_id, account_id, open_key, what, wanted, \
             blocked, booked, opened_at, endpoint_id, environment) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, $10, \
             $11, COALESCE((SELECT p.environment FROM payments p WHERE p.merchant_id = $1 AND p.payment_id = $5), \
             (SELECT a.environment FROM psp_accounts a WHERE a.merchant_id = $1 AND a.account_id = $6), \
             (SELECT e.environment FROM endpoints e WHERE e.merchant_id = $1 AND e.endpoint_id = $11))) \
             ON CONFLICT (open_key) WHERE open_key IS NOT NULL DO NOTHING",
            &[
                case.merchant.as_bytes().into(),
                case.id.as_bytes().into(),
                case.kind.as_str().into(),
                case.refund().map(RefundId::as_bytes).into(),
                case.payment.as_ref().map(PaymentId::as_bytes).into(),
                case.account().map(AccountId::as_bytes).into(),
                open_key.into(),
                (&case.text).into(),
                wanted.into(),
                case.now.as_micros().into(),
                case.endpoint().map(EndpointId::as_bytes).into(),
            ],
        )
        .await?;
    Ok(inserted == 1)
}

async fn is_open<T: Tx>(tx: &mut T, open_key: &[u8; 16]) -> Result<bool, StoreError> {
    let rows = tx.rows("SELECT case_id FROM cases WHERE open_key = $1", &[open_key.into()]).await?;
    Ok(!rows.is_empty())
}

/// Whether the open case blocks, or is to block, a part of another payment.
async fn blocks_of_another<T: Tx>(
    tx: &mut T,
    open_key: &[u8; 16],
    payment: PaymentId,
) -> Result<bool, StoreError> {
    let rows = tx
        .rows(
            "SELECT case_id FROM cases WHERE open_key = $1 AND wanted > 0 AND payment_id <> $2",
            &[open_key.into(), payment.as_bytes().into()],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Opens a case by itself.
#[derive(Clone, Debug)]
pub struct OpenCase(pub NewCaseRow);

impl Operation for OpenCase {
    type Out = Opened;
    const NAME: &'static str = "open_case";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Opened>, StoreError> {
        open(tx, &self.0).await.map(|(opened, _)| Done::Commit(opened))
    }
}
