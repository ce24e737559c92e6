//! Opening cases: one of a kind about the same thing at a time, and none about what a person has settled.

use redress_core::case::CaseKind;
use redress_core::id::{AccountId, CaseId, EndpointId, PaymentId, RefundId};

use super::blocking::{locked_balance, reach};
use super::came_back::left_once_more;
use super::{CaseSubject, NewCaseRow};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::tx::Tx;
use crate::value::Value;

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
    /// A person has closed a case about the same money, and the books have held it since; nothing was changed.
    Settled,
}

/// Which case tells of what was to be put before a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToldBy {
    /// The one that is open under this key.
    Open([u8; 16]),
    /// One that was closed: [`Opened::Settled`].
    Closed(CaseId),
}

/// Opens a case inside another operation. The payment is locked before the case is written, as everywhere. Answers which
/// case tells of it too.
///
/// What is to be blocked and is not refundable now is blocked as soon as it becomes so: see [`reach`]. What is told of
/// another payment than the open case's opens a case of its own: what is blocked of one cannot be given back to another.
///
/// PSPs tell of one refund in several words (it was made, it was changed, its reference number is known), also days later.
/// What a person has booked as gone is not blocked a second time by the next of them: see [`settled`].
pub(crate) async fn open<T: Tx>(tx: &mut T, case: &NewCaseRow) -> Result<(Opened, ToldBy), StoreError> {
    let mut open_key = case.open_key();
    let mut stands_alone = false;
    if let Some(own_key) = case.payment.map(|payment| case.open_key_of(payment))
        && is_open(tx, &own_key).await?
    {
        // It outlives the case that it was opened beside.
        (open_key, stands_alone) = (own_key, true);
    }
    let blocked_of = case.payment.filter(|_| case.block_minor > 0);
    if let Some(payment) = blocked_of {
        locked_balance(tx, case.merchant, payment).await?;
        if let Some(held_by) = left_once_more(tx, case).await? {
            reach(tx, case.merchant, payment, case.now).await?;
            return Ok((Opened::Already, ToldBy::Open(held_by)));
        }
    }
    if !stands_alone && let Some(closed) = settled(tx, case, &open_key).await? {
        return Ok((Opened::Settled, ToldBy::Closed(closed)));
    }
    let Some(payment) = blocked_of else {
        let inserted = !stands_alone && insert(tx, case, 0, &open_key).await?;
        let opened = if inserted { Opened::New { blocked: 0 } } else { Opened::Already };
        return Ok((opened, ToldBy::Open(open_key)));
    };
    let mut inserted = !stands_alone && insert(tx, case, case.block_minor, &open_key).await?;
    if !inserted && blocks_of_another(tx, &open_key, payment).await? {
        open_key = case.open_key_of(payment);
        inserted = insert(tx, case, case.block_minor, &open_key).await?;
    }
    if !inserted {
        // The open case may have begun with less, or with a word that moved no money: it tells of what it blocks.
        tx.exec(
            "UPDATE cases SET wanted = $1, payment_id = $2, what = $3 WHERE open_key = $4 AND wanted < $1",
            &[case.block_minor.into(), payment.as_bytes().into(), (&case.text).into(), (&open_key).into()],
        )
        .await?;
    }
    reach(tx, case.merchant, payment, case.now).await?;
    if !inserted {
        return Ok((Opened::Already, ToldBy::Open(open_key)));
    }
    let rows = tx
        .rows(
            "SELECT blocked FROM cases WHERE merchant_id = $1 AND case_id = $2",
            &[case.merchant.as_bytes().into(), case.id.as_bytes().into()],
        )
        .await?;
    let blocked = rows.first().ok_or_else(|| StoreError::inconsistent("a case is not there"))?.int(0)?;
    Ok((Opened::New { blocked }, ToldBy::Open(open_key)))
}

/// The closed case by which a person has settled the same money: all that it wanted of the payment counts as refunded, or
/// it wanted nothing. Nothing while one about it is open, which takes what is told; nothing where the sum, the payment or
/// the words are others; and nothing where the person released what was blocked: then the PSP contradicts them.
async fn settled<T: Tx>(
    tx: &mut T,
    case: &NewCaseRow,
    open_key: &[u8; 16],
) -> Result<Option<CaseId>, StoreError> {
    let Some(payment) = case.payment else { return Ok(None) };
    let rows = match &case.subject {
        // The PSP's id is kept in the text only: one that does not name it says nothing of which refund it is.
        CaseSubject::PspRefund { account, psp_refund_id } if case.text.contains(psp_refund_id.as_str()) => {
            let params: [Value<'_>; 7] = [
                case.merchant.as_bytes().into(),
                payment.as_bytes().into(),
                account.as_bytes().into(),
                case.kind.as_str().into(),
                (&case.text).into(),
                case.block_minor.into(),
                open_key.into(),
            ];
            tx.rows(SETTLED_AT_PSP, &params).await?
        }
        // What blocks nothing is told of as often as it is found, but that money came back.
        CaseSubject::Refund(refund) if case.block_minor > 0 || case.kind == CaseKind::Reversed => {
            // Its own money can leave without the books once, in whichever words it is told; what a person booked may have
            // been taken back since, and booked again by the case that told of that. Of others under its reference each has
            // a text of its own.
            let own = matches!(case.kind, CaseKind::LateSuccess | CaseKind::Quarantined);
            let params: [Value<'_>; 6] = [
                case.merchant.as_bytes().into(),
                refund.as_bytes().into(),
                case.kind.as_str().into(),
                (&case.text).into(),
                case.block_minor.into(),
                open_key.into(),
            ];
            if own {
                let [merchant, refund, _, _, block, open_key] = params;
                tx.rows(SETTLED_OWN, &[merchant, refund, block, open_key]).await?
            } else {
                tx.rows(SETTLED_OTHER, &params).await?
            }
        }
        CaseSubject::PspRefund { .. }
        | CaseSubject::Refund(_)
        | CaseSubject::Notification { .. }
        | CaseSubject::Endpoint(_) => Vec::new(),
    };
    rows.first().map(|row| row.id16(0).map(CaseId::from_bytes)).transpose()
}

const SETTLED_AT_PSP: &str = "SELECT c.case_id FROM cases c WHERE c.merchant_id = $1 AND c.payment_id = $2 \
     AND c.account_id = $3 AND c.kind = $4 AND c.what = $5 AND c.wanted = $6 AND c.booked = c.wanted \
     AND c.closed_at IS NOT NULL \
     AND NOT EXISTS (SELECT 1 FROM cases o WHERE o.open_key = $7 AND o.payment_id = c.payment_id) \
     ORDER BY c.closed_at DESC, c.case_id LIMIT 1";

const SETTLED_OWN: &str = "SELECT c.case_id FROM cases c WHERE c.merchant_id = $1 AND c.refund_id = $2 \
     AND c.kind IN ('late_success', 'quarantined', 'reversed') AND c.wanted = $3 AND c.booked = c.wanted \
     AND c.closed_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM cases o WHERE o.open_key = $4) \
     ORDER BY c.closed_at DESC, c.case_id LIMIT 1";

const SETTLED_OTHER: &str = "SELECT c.case_id FROM cases c WHERE c.merchant_id = $1 AND c.refund_id = $2 \
     AND c.kind = $3 AND c.what = $4 AND c.wanted = $5 AND c.booked = c.wanted \
     AND c.closed_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM cases o WHERE o.open_key = $6) \
     ORDER BY c.closed_at DESC, c.case_id LIMIT 1";

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
