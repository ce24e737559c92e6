//! How payments and refunds lie in their rows.

use redress_core::balance::Balance;
use redress_core::environment::Environment;
use redress_core::id::{AccountId, MerchantId, PaymentId, ProcessId, RefundId};
use redress_core::money::{Amount, Currency};
use redress_core::outcome::Finding;
use redress_core::payment::Payment;
use redress_core::refund::{Evidence, Refund, RefundKind};
use redress_core::state::{Failure, Lease, RefundState, StateName};
use redress_core::time::Timestamp;

use crate::error::StoreError;
use crate::tx::Touches;
use crate::value::{Row, Value};

/// The columns of a payment, in the order [`payment`] reads them.
macro_rules! payment_columns {
    () => {
        "merchant_id, payment_id, environment, order_ref, merchant_order_ref, account_id, psp_payment_id, currency, \
         captured, refunded, reserved, blocked, refunded_before, captured_at, channel, payment_method, customer_ref, \
         notification_url, refund_count, transaction_count, created_at, updated_at, disputed_at"
    };
}
pub(crate) use payment_columns;

/// How many columns [`payment_columns`] names.
pub(crate) const PAYMENT_COLUMNS: usize = 23;

/// The columns of a refund that are written when it is made.
macro_rules! new_refund_columns {
    () => {
        "merchant_id, refund_id, payment_id, environment, ordinal, transaction_number, amount, currency, kind, reason, \
         description, merchant_refund_id, account_id, account_version, psp_refund_id, arn, state, failure_code, \
         failure_text, lease_owner, lease_until, due_at, first_sent_at, last_sent_at, sends, queries, last_query_at, \
         finding, not_sent, person_called, event_count, created_at, updated_at, finished_at, accepted, takes_turns, metadata"
    };
}
pub(crate) use new_refund_columns;

/// The columns of a refund, in the order [`refund`] reads them.
macro_rules! refund_columns {
    () => {
        concat!($crate::ops::rows::new_refund_columns!(), ", psp_note, again_at")
    };
}
pub(crate) use refund_columns;

/// How many columns [`refund_columns`] names.
pub(crate) const REFUND_COLUMNS: usize = 39;

/// Reads a payment from a row that begins with [`payment_columns`].
pub(crate) fn payment(row: &Row) -> Result<Payment, StoreError> {
    payment_at(row, 0)
}

/// Reads a payment from a row whose columns from `at` on are [`payment_columns`].
pub(crate) fn payment_at(row: &Row, at: usize) -> Result<Payment, StoreError> {
    Ok(Payment {
        merchant: MerchantId::from_bytes(row.id16(at)?),
        id: PaymentId::from_bytes(row.id16(at + 1)?),
        environment: environment(row, at + 2)?,
        order_ref: row.text(at + 3)?,
        merchant_order_ref: row.opt_text(at + 4)?,
        account: AccountId::from_bytes(row.id16(at + 5)?),
        psp_payment_id: row.text(at + 6)?,
        currency: currency(row, at + 7)?,
        balance: Balance {
            captured: row.int(at + 8)?,
            refunded: row.int(at + 9)?,
            reserved: row.int(at + 10)?,
            blocked: row.int(at + 11)?,
        },
        refunded_before: row.int(at + 12)?,
        captured_at: time(row, at + 13)?,
        channel: row.opt_text(at + 14)?,
        payment_method: row.opt_text(at + 15)?,
        customer_ref: row.opt_text(at + 16)?,
        notification_url: row.opt_text(at + 17)?,
        refund_count: count(row, at + 18)?,
        transaction_count: count(row, at + 19)?,
        created_at: time(row, at + 20)?,
        updated_at: time(row, at + 21)?,
        disputed_at: opt_time(row, at + 22)?,
    })
}

/// Reads a refund from a row that begins with [`refund_columns`].
pub(crate) fn refund(row: &Row) -> Result<Refund, StoreError> {
    Ok(Refund {
        merchant: MerchantId::from_bytes(row.id16(0)?),
        id: RefundId::from_bytes(row.id16(1)?),
        payment: PaymentId::from_bytes(row.id16(2)?),
        environment: environment(row, 3)?,
        ordinal: count(row, 4)?,
        transaction_number: count(row, 5)?,
        amount: Amount::new(row.int(6)?, currency(row, 7)?),
        kind: parsed(row, 8, RefundKind::parse)?,
        reason: row.text(9)?,
        description: row.opt_text(10)?,
        merchant_refund_id: row.opt_text(11)?,
        metadata: row.opt_text(36)?,
        account: AccountId::from_bytes(row.id16(12)?),
        takes_turns: row.bool(35)?,
        account_version: row.int(13)?,
        psp_refund_id: row.opt_text(14)?,
        arn: row.opt_text(15)?,
        psp_note: row.opt_text(37)?,
        state: state(row)?,
        evidence: Evidence {
            first_sent_at: opt_time(row, 22)?,
            last_sent_at: opt_time(row, 23)?,
            sends: count(row, 24)?,
            queries: count(row, 25)?,
            last_query_at: opt_time(row, 26)?,
            finding: row
                .opt_str(27)?
                .map(|text| Finding::parse(text).ok_or_else(|| unreadable("finding")))
                .transpose()?,
            not_sent: count(row, 28)?,
            person_called: row.bool(29)?,
            accepted: row.bool(34)?,
        },
        due_at: opt_time(row, 21)?,
        event_count: count(row, 30)?,
        created_at: time(row, 31)?,
        updated_at: time(row, 32)?,
        finished_at: opt_time(row, 33)?,
    })
}

fn state(row: &Row) -> Result<RefundState, StoreError> {
    let failure = || -> Result<Failure, StoreError> {
        Ok(Failure {
            code: row.text(17)?,
            text: row.opt_text(18)?.unwrap_or_default(),
            again_at: opt_time(row, 38)?,
        })
    };
    Ok(match parsed(row, 16, StateName::parse)? {
        StateName::Held => RefundState::Held,
        StateName::Queued => RefundState::Queued,
        StateName::Submitting => RefundState::Submitting(Lease {
            owner: ProcessId::from_bytes(row.id16(19)?),
            until: time(row, 20)?,
        }),
        StateName::Unknown => RefundState::Unknown,
        StateName::Pending => RefundState::Pending,
        StateName::Succeeded => RefundState::Succeeded,
        StateName::Failed => RefundState::Failed(failure()?),
        StateName::Canceled => RefundState::Canceled,
        StateName::Reversed => RefundState::Reversed(failure()?),
    })
}

/// The text in a column, read by `parse`.
pub(crate) fn parsed<T>(row: &Row, i: usize, parse: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
    parse(row.str(i)?).ok_or_else(|| {
        let wanted = std::any::type_name::<T>().rsplit("::").next().unwrap_or_default();
        unreadable(&format!("column {i}: no {wanted} that this program knows"))
    })
}

/// The environment in a column.
pub(crate) fn environment(row: &Row, i: usize) -> Result<Environment, StoreError> {
    parsed(row, i, Environment::parse)
}

/// The currency in a column.
pub(crate) fn currency(row: &Row, i: usize) -> Result<Currency, StoreError> {
    parsed(row, i, |code| Currency::from_code(code).ok())
}

/// The time in a column.
pub(crate) fn time(row: &Row, i: usize) -> Result<Timestamp, StoreError> {
    row.int(i).map(Timestamp::from_micros)
}

/// The time in a column, or `None` for null.
pub(crate) fn opt_time(row: &Row, i: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.opt_int(i)?.map(Timestamp::from_micros))
}

/// The count in a column.
pub(crate) fn count(row: &Row, i: usize) -> Result<u32, StoreError> {
    u32::try_from(row.int(i)?).map_err(|_| unreadable("a count out of range"))
}

/// A time for a column, null for none.
pub(crate) fn micros(time: Option<Timestamp>) -> Value<'static> {
    time.map(Timestamp::as_micros).into()
}

fn unreadable(what: &str) -> StoreError {
    StoreError::inconsistent(what)
}

/// An update that must touch exactly one row.
pub(crate) fn expect_one(touched: u64, table: &'static str) -> Result<(), StoreError> {
    Touches::One(table).check(touched)
}
