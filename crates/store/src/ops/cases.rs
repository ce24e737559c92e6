//! What a person must look at: opened by whatever found it, closed by a person or by the refund's end.

use redress_core::balance::Balance;
use redress_core::case::CaseKind;
use redress_core::id::{AccountId, CaseId, MerchantId, PaymentId, RefundId};
use redress_core::time::Timestamp;
use sha2::{Digest, Sha256};

use super::rows::{opt_time, parsed, time};
use super::write::expect_one;
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::Tx;
use crate::value::Row;

/// What a case is about. While one case of a kind about the same thing is open, no second one is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseSubject {
    /// A refund of ours.
    Refund(RefundId),
    /// A refund at the PSP that is none of ours.
    PspRefund {
        /// Where it was made.
        account: AccountId,
        /// The PSP's id of it.
        psp_refund_id: String,
    },
    /// A notification that could not be applied to anything.
    Notification {
        /// Whose PSP sent it.
        account: AccountId,
        /// The hash of its body.
        body_hash: [u8; 16],
    },
}

/// A case to be opened.
#[derive(Clone, Debug)]
pub struct NewCaseRow {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its id, if it is opened.
    pub id: CaseId,
    /// Why a person must look.
    pub kind: CaseKind,
    /// What it is about.
    pub subject: CaseSubject,
    /// The payment concerned, where one is known; it is what [`NewCaseRow::block_minor`] blocks.
    pub payment: Option<PaymentId>,
    /// What happened, for people.
    pub text: String,
    /// How much of the payment to block until the case is closed, in minor units, as far as it reaches.
    pub block_minor: i64,
    /// The time.
    pub now: Timestamp,
}

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

/// A case as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its id.
    pub id: CaseId,
    /// Why a person must look.
    pub kind: CaseKind,
    /// The refund concerned.
    pub refund: Option<RefundId>,
    /// The payment concerned.
    pub payment: Option<PaymentId>,
    /// The PSP account concerned.
    pub account: Option<AccountId>,
    /// What happened, for people.
    pub text: String,
    /// How much of the payment it blocks, or blocked until it was closed, in minor units.
    pub blocked: i64,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// How it was closed; `None` while it is open.
    pub closed: Option<CaseClosed>,
}

/// How a case was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseClosed {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Who settles a case, and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending<'a> {
    pub(crate) author: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) now: Timestamp,
}

impl NewCaseRow {
    /// 16 bytes of a hash over merchant, kind and subject: the same for a second opening of the same case.
    fn open_key(&self) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(self.merchant.as_bytes());
        // Names differ in length, so each is closed off by a byte that none contains.
        hash.update(self.kind.as_str());
        match &self.subject {
            CaseSubject::Refund(refund) => {
                hash.update(b"\0refund\0");
                hash.update(refund.as_bytes());
            }
            CaseSubject::PspRefund { account, psp_refund_id } => {
                hash.update(b"\0psp_refund\0");
                hash.update(account.as_bytes());
                hash.update(psp_refund_id);
            }
            CaseSubject::Notification { account, body_hash } => {
                hash.update(b"\0notification\0");
                hash.update(account.as_bytes());
                hash.update(body_hash);
            }
        }
        let mut key = [0; 16];
        key.copy_from_slice(&hash.finalize()[..16]);
        key
    }

    fn refund(&self) -> Option<&RefundId> {
        match &self.subject {
            CaseSubject::Refund(refund) => Some(refund),
            CaseSubject::PspRefund { .. } | CaseSubject::Notification { .. } => None,
        }
    }

    fn account(&self) -> Option<&AccountId> {
        match &self.subject {
            CaseSubject::Refund(_) => None,
            CaseSubject::PspRefund { account, .. } | CaseSubject::Notification { account, .. } => {
                Some(account)
            }
        }
    }
}

/// Opens a case inside another operation. The payment is locked before the case is written, as everywhere.
///
/// What is to be blocked and is not refundable now is blocked as soon as it becomes so: see [`reach`].
pub(crate) async fn open<T: Tx>(tx: &mut T, case: &NewCaseRow) -> Result<Opened, StoreError> {
    let blocks = case.payment.filter(|_| case.block_minor > 0);
    if let Some(payment) = blocks {
        locked_balance(tx, case.merchant, payment).await?;
    }
    let wanted = if blocks.is_some() { case.block_minor } else { 0 };
    let open_key = case.open_key();
    let inserted = tx
        .exec(
            "INSERT INTO cases (merchant_id, case_id, kind, refund_id, payment_id, account_id, open_key, what, wanted, \
             blocked, booked, opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, $10) \
             ON CONFLICT (open_key) WHERE open_key IS NOT NULL DO NOTHING",
            &[
                case.merchant.as_bytes().into(),
                case.id.as_bytes().into(),
                case.kind.as_str().into(),
                case.refund().map(RefundId::as_bytes).into(),
                case.payment.as_ref().map(PaymentId::as_bytes).into(),
                case.account().map(AccountId::as_bytes).into(),
                (&open_key).into(),
                (&case.text).into(),
                wanted.into(),
                case.now.as_micros().into(),
            ],
        )
        .await?;
    let Some(payment) = blocks else {
        return Ok(if inserted == 0 { Opened::Already } else { Opened::New { blocked: 0 } });
    };
    if inserted == 0 {
        // The open case may have begun with less, or with a word that moved no money.
        tx.exec(
            "UPDATE cases SET wanted = $1, payment_id = $2 WHERE open_key = $3 AND wanted < $1",
            &[wanted.into(), payment.as_bytes().into(), (&open_key).into()],
        )
        .await?;
    }
    reach(tx, case.merchant, payment, case.now).await?;
    if inserted == 0 {
        return Ok(Opened::Already);
    }
    let rows = tx
        .rows(
            "SELECT blocked FROM cases WHERE merchant_id = $1 AND case_id = $2",
            &[case.merchant.as_bytes().into(), case.id.as_bytes().into()],
        )
        .await?;
    let blocked = rows.first().ok_or_else(|| StoreError::inconsistent("a case is not there"))?.int(0)?;
    Ok(Opened::New { blocked })
}

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

/// Closes the open cases about not knowing what became of a refund, and releases what they blocked.
/// Answers how many. The caller has locked the payment.
pub(crate) async fn end_for_refund<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    refund: RefundId,
    ending: Ending<'_>,
) -> Result<usize, StoreError> {
    let closed = tx
        .rows(
            "UPDATE cases SET closed_at = $1, closed_by = $2, close_reason = $3, open_key = NULL \
             WHERE merchant_id = $4 AND refund_id = $5 AND closed_at IS NULL \
             AND kind IN ('unresolved', 'ambiguous', 'mismatch', 'overdue') RETURNING payment_id, blocked",
            &[
                ending.now.as_micros().into(),
                ending.author.into(),
                ending.reason.into(),
                merchant.as_bytes().into(),
                refund.as_bytes().into(),
            ],
        )
        .await?;
    for row in &closed {
        release(tx, merchant, row, ending.now).await?;
    }
    Ok(closed.len())
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

async fn locked_balance<T: Tx>(
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

async fn change_blocked<T: Tx>(
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

/// Opens a case by itself.
#[derive(Clone, Debug)]
pub struct OpenCase(pub NewCaseRow);

impl Operation for OpenCase {
    type Out = Opened;
    const NAME: &'static str = "open_case";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Opened>, StoreError> {
        open(tx, &self.0).await.map(Done::Commit)
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
            (Blocked::Refunded, Some(payment)) if blocked > 0 => self.book(tx, &payment, blocked).await?,
            _ => release(tx, self.merchant, row, self.now).await?,
        }
        // While nobody knows the refund's end, closing the case ends nothing: a person will be called again.
        tx.exec(
            "UPDATE refunds SET person_called = 0 WHERE merchant_id = $1 AND refund_id = \
             (SELECT c.refund_id FROM cases c WHERE c.merchant_id = $1 AND c.case_id = $2) \
             AND state IN ('submitting', 'unknown', 'pending')",
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

/// One case of a merchant, open or closed.
#[derive(Clone, Copy, Debug)]
pub struct FindCase {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which.
    pub case: CaseId,
}

impl Query for FindCase {
    type Out = Option<Case>;
    const NAME: &'static str = "find_case";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Case>, StoreError> {
        find(tx, self.merchant, self.case).await
    }
}

macro_rules! case_columns {
    () => {
        "merchant_id, case_id, kind, refund_id, payment_id, account_id, what, blocked, opened_at, closed_at, closed_by, \
         close_reason"
    };
}

async fn find<T: Tx>(tx: &mut T, merchant: MerchantId, case: CaseId) -> Result<Option<Case>, StoreError> {
    let sql = concat!("SELECT ", case_columns!(), " FROM cases WHERE merchant_id = $1 AND case_id = $2");
    let rows = tx.rows(sql, &[merchant.as_bytes().into(), case.as_bytes().into()]).await?;
    rows.first().map(read).transpose()
}

/// A page of the open cases, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct ListOpenCases {
    /// Whose; `None` for all merchants' (the operator's view).
    pub merchant: Option<MerchantId>,
    /// The last case of the page before.
    pub after: Option<(Timestamp, CaseId)>,
    /// The length of a page.
    pub limit: u32,
}

impl Query for ListOpenCases {
    type Out = Vec<Case>;
    const NAME: &'static str = "list_open_cases";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Case>, StoreError> {
        let (at, id) = self.after.map_or((i64::MIN, [0; 16]), |(at, id)| (at.as_micros(), *id.as_bytes()));
        let rows = match &self.merchant {
            Some(merchant) => {
                let sql = concat!(
                    "SELECT ",
                    case_columns!(),
                    " FROM cases WHERE merchant_id = $1 AND closed_at IS NULL AND (opened_at, case_id) > ($2, $3) \
                     ORDER BY opened_at, case_id LIMIT $4"
                );
                let params = [merchant.as_bytes().into(), at.into(), (&id).into(), self.limit.into()];
                tx.rows(sql, &params).await?
            }
            None => {
                let sql = concat!(
                    "SELECT ",
                    case_columns!(),
                    " FROM cases WHERE closed_at IS NULL AND (opened_at, case_id) > ($1, $2) \
                     ORDER BY opened_at, case_id LIMIT $3"
                );
                tx.rows(sql, &[at.into(), (&id).into(), self.limit.into()]).await?
            }
        };
        rows.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<Case, StoreError> {
    let closed = match opt_time(row, 9)? {
        Some(at) => Some(CaseClosed { at, by: row.text(10)?, reason: row.text(11)? }),
        None => None,
    };
    Ok(Case {
        merchant: MerchantId::from_bytes(row.id16(0)?),
        id: CaseId::from_bytes(row.id16(1)?),
        kind: parsed(row, 2, CaseKind::parse)?,
        refund: row.opt_id16(3)?.map(RefundId::from_bytes),
        payment: row.opt_id16(4)?.map(PaymentId::from_bytes),
        account: row.opt_id16(5)?.map(AccountId::from_bytes),
        text: row.text(6)?,
        blocked: row.int(7)?,
        opened_at: time(row, 8)?,
        closed,
    })
}

#[cfg(test)]
mod tests;
