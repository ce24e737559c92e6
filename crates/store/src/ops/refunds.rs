//! Reading refunds.

pub mod refundable;
pub mod shown;

use redress_core::event::EventKind;
use redress_core::id::{AccountId, MerchantId, RefundId};
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::time::Timestamp;

use super::rows::{self, REFUND_COLUMNS, payment_columns, refund_columns};
use super::write::Author;
use crate::error::StoreError;
use crate::op::Query;
use crate::tx::Tx;

/// The most refunds of one payment that one answer carries.
pub const REFUNDS_OF_PAYMENT_MAX: u32 = 10_000;

/// A payment and its refunds, as of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The payment.
    pub payment: Payment,
    /// Its refunds, in the order they were accepted.
    pub refunds: Vec<Refund>,
}

/// Reads a payment by its reference, with its refunds.
#[derive(Clone, Debug)]
pub struct LoadOrder {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The payment's reference.
    pub order_ref: String,
}

const PAYMENT_BY_REF: &str =
    concat!("SELECT ", payment_columns!(), " FROM payments WHERE merchant_id = $1 AND order_ref = $2");

/// The refunds of payment `$2` of merchant `$1`: the first by the payment's word, the others by their index, which
/// leaves the first out.
macro_rules! of_payment {
    ($columns:expr, $and:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM refunds WHERE merchant_id = $1 AND refund_id = (SELECT p.first_refund_id FROM payments p ",
            "WHERE p.merchant_id = $1 AND p.payment_id = $2)",
            $and,
            " UNION ALL SELECT ",
            $columns,
            " FROM refunds WHERE merchant_id = $1 AND payment_id = $2 AND ordinal > 1",
            $and
        )
    };
}

const REFUNDS_OF_PAYMENT: &str = concat!(of_payment!(refund_columns!(), ""), " ORDER BY ordinal LIMIT $3");

impl Query for LoadOrder {
    type Out = Option<Order>;
    const NAME: &'static str = "load_order";
    const BRIEF: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Order>, StoreError> {
        let found =
            tx.rows(PAYMENT_BY_REF, &[self.merchant.as_bytes().into(), (&self.order_ref).into()]).await?;
        let Some(row) = found.first() else { return Ok(None) };
        let payment = rows::payment(row)?;
        let refunds = if payment.refund_count == 0 {
            Vec::new()
        } else {
            tx.rows(
                REFUNDS_OF_PAYMENT,
                &[
                    self.merchant.as_bytes().into(),
                    payment.id.as_bytes().into(),
                    REFUNDS_OF_PAYMENT_MAX.into(),
                ],
            )
            .await?
            .iter()
            .map(rows::refund)
            .collect::<Result<_, _>>()?
        };
        Ok(Some(Order { payment, refunds }))
    }
}

/// Reads one refund with its payment.
#[derive(Clone, Debug)]
pub struct LoadRefund {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which.
    pub by: RefundBy,
}

/// Reads the refund that the merchant named, with its payment.
#[derive(Clone, Copy, Debug)]
pub struct LoadNamedRefund {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its dedupe key.
    pub key: [u8; 16],
}

const REFUND_BY_KEY: &str =
    concat!("SELECT ", refund_columns!(), " FROM refunds WHERE dedupe_key = $1 AND merchant_id = $2");

impl Query for LoadNamedRefund {
    type Out = Option<(Refund, Payment)>;
    const NAME: &'static str = "load_named_refund";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<(Refund, Payment)>, StoreError> {
        let merchant = self.merchant.as_bytes();
        let found = tx.rows(REFUND_BY_KEY, &[(&self.key).into(), merchant.into()]).await?;
        let Some(refund) = found.first().map(rows::refund).transpose()? else { return Ok(None) };
        let found = tx.rows(PAYMENT_BY_ID, &[merchant.into(), refund.payment.as_bytes().into()]).await?;
        let payment = found.first().ok_or_else(|| StoreError::inconsistent("a refund of no payment"))?;
        Ok(Some((refund, rows::payment(payment)?)))
    }
}

/// How a refund is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundBy {
    /// By its id.
    Id(RefundId),
    /// By its payment's reference and its ordinal, as SGate's refund ids do.
    Ordinal(String, u32),
    /// By its payment's reference and its transaction number, as SGate's transaction ids do.
    Transaction(String, u32),
}

/// A refund whose payment is not there is no answer but a row that cannot be read.
const REFUND_BY_ID: &str = concat!(
    "SELECT r.*, p.* FROM (SELECT ",
    refund_columns!(),
    " FROM refunds) r LEFT JOIN (SELECT ",
    payment_columns!(),
    " FROM payments) p ON p.merchant_id = r.merchant_id AND p.payment_id = r.payment_id \
     WHERE r.merchant_id = $1 AND r.refund_id = $2"
);

const REFUND_BY_ORDINAL: &str = of_payment!(refund_columns!(), " AND ordinal = $3");

const REFUND_BY_TRANSACTION: &str = of_payment!(refund_columns!(), " AND transaction_number = $3");

const PAYMENT_BY_ID: &str =
    concat!("SELECT ", payment_columns!(), " FROM payments WHERE merchant_id = $1 AND payment_id = $2");

impl Query for LoadRefund {
    type Out = Option<(Refund, Payment)>;
    const NAME: &'static str = "load_refund";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        matches!(self.by, RefundBy::Id(_))
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<(Refund, Payment)>, StoreError> {
        let merchant = self.merchant.as_bytes();
        let (sql, order_ref, number) = match &self.by {
            RefundBy::Id(id) => {
                let found = tx.rows(REFUND_BY_ID, &[merchant.into(), id.as_bytes().into()]).await?;
                let Some(row) = found.first() else { return Ok(None) };
                return Ok(Some((rows::refund(row)?, rows::payment_at(row, REFUND_COLUMNS)?)));
            }
            RefundBy::Ordinal(order_ref, number) => (REFUND_BY_ORDINAL, order_ref, number),
            RefundBy::Transaction(order_ref, number) => (REFUND_BY_TRANSACTION, order_ref, number),
        };
        let found = tx.rows(PAYMENT_BY_REF, &[merchant.into(), order_ref.into()]).await?;
        let Some(payment) = found.first().map(rows::payment).transpose()? else { return Ok(None) };
        let found = tx.rows(sql, &[merchant.into(), payment.id.as_bytes().into(), (*number).into()]).await?;
        Ok(found.first().map(rows::refund).transpose()?.map(|refund| (refund, payment)))
    }
}

/// Finds whose refund a PSP's notification at one account is about.
#[derive(Clone, Debug)]
pub struct RefundAtPsp {
    /// Where it was made.
    pub account: AccountId,
    /// The PSP's id of it.
    pub psp_refund_id: String,
}

const REFUND_AT_PSP: &str =
    concat!("SELECT ", refund_columns!(), " FROM refunds WHERE account_id = $1 AND psp_refund_id = $2");

impl Query for RefundAtPsp {
    type Out = Option<Refund>;
    const NAME: &'static str = "refund_at_psp";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Refund>, StoreError> {
        let found =
            tx.rows(REFUND_AT_PSP, &[self.account.as_bytes().into(), (&self.psp_refund_id).into()]).await?;
        found.first().map(rows::refund).transpose()
    }
}

/// Reads the PSP's ids that are bound to the other refunds of a payment.
#[derive(Clone, Debug)]
pub struct BoundElsewhere {
    /// The refund whose siblings are meant.
    pub refund: Refund,
}

const BOUND_ELSEWHERE: &str = concat!(
    of_payment!("psp_refund_id, ordinal", " AND refund_id <> $3 AND psp_refund_id IS NOT NULL"),
    " ORDER BY ordinal LIMIT $4"
);

impl Query for BoundElsewhere {
    type Out = Vec<String>;
    const NAME: &'static str = "bound_elsewhere";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<String>, StoreError> {
        let refund = &self.refund;
        tx.rows(
            BOUND_ELSEWHERE,
            &[
                refund.merchant.as_bytes().into(),
                refund.payment.as_bytes().into(),
                refund.id.as_bytes().into(),
                REFUNDS_OF_PAYMENT_MAX.into(),
            ],
        )
        .await?
        .iter()
        .map(|row| row.text(0))
        .collect()
    }
}

/// One event of a refund's timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEvent {
    /// Its number, from 1.
    pub number: u32,
    /// What happened.
    pub kind: EventKind,
    /// Why, where it ended without effect: code and text.
    pub failure: Option<(String, String)>,
    /// From when on a new refund is worth trying, where the PSP refused only for now.
    pub again_at: Option<Timestamp>,
    /// What the PSP said about the wait, where it accepted the refund and its end is open.
    pub note: Option<String>,
    /// Who asked for the refund, or said what became of it; nobody where the PSP's word did.
    pub author: Option<Author>,
    /// When.
    pub at: Timestamp,
}

/// One exchange with the PSP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    /// `submit`, `query` or `notification`.
    pub via: String,
    /// What was understood.
    pub outcome: String,
    /// What was said, redacted and capped.
    pub record: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When its outcome was recorded.
    pub finished_at: Timestamp,
}

/// Reads what happened to a refund, and every exchange about it; of very many the newest [`TIMELINE_ROWS_MAX`].
#[derive(Clone, Copy, Debug)]
pub struct Timeline {
    /// Whose refund it is.
    pub merchant: MerchantId,
    /// The refund.
    pub refund: RefundId,
}

/// The most events or attempts that one timeline carries.
pub const TIMELINE_ROWS_MAX: u32 = 1_000;

const EVENTS: &str = "SELECT number, kind, failure_code, failure_text, author, reason, happened_at, note, \
     again_at FROM events \
     WHERE merchant_id = $1 AND refund_id = $2 ORDER BY number DESC LIMIT $3";

const ATTEMPTS: &str = "SELECT via, outcome, record, started_at, finished_at FROM attempts \
     WHERE merchant_id = $1 AND refund_id = $2 ORDER BY started_at DESC, attempt_id DESC LIMIT $3";

impl Query for Timeline {
    type Out = (Vec<TimelineEvent>, Vec<AttemptRow>);
    const NAME: &'static str = "refund_timeline";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let params =
            [self.merchant.as_bytes().into(), self.refund.as_bytes().into(), TIMELINE_ROWS_MAX.into()];
        let pair = |first: Option<String>, second: Option<String>| first.zip(second);
        let author = |name: Option<String>, reason: Option<String>| {
            name.map(|name| Author { name, reason: reason.unwrap_or_default() })
        };
        let events = tx.rows(EVENTS, &params).await?;
        // The newest that there is room for, the oldest of them first.
        let events = events
            .iter()
            .rev()
            .map(|row| {
                Ok(TimelineEvent {
                    number: rows::count(row, 0)?,
                    kind: rows::parsed(row, 1, EventKind::parse)?,
                    failure: pair(row.opt_text(2)?, row.opt_text(3)?),
                    author: author(row.opt_text(4)?, row.opt_text(5)?),
                    at: rows::time(row, 6)?,
                    note: row.opt_text(7)?,
                    again_at: rows::opt_time(row, 8)?,
                })
            })
            .collect::<Result<_, StoreError>>()?;
        let attempts = tx.rows(ATTEMPTS, &params).await?;
        let attempts = attempts
            .iter()
            .rev()
            .map(|row| {
                Ok(AttemptRow {
                    via: row.text(0)?,
                    outcome: row.text(1)?,
                    record: row.text(2)?,
                    started_at: rows::time(row, 3)?,
                    finished_at: rows::time(row, 4)?,
                })
            })
            .collect::<Result<_, StoreError>>()?;
        Ok((events, attempts))
    }
}

#[cfg(test)]
mod tests;
