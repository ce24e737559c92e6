//! Captured payments: taken in by batches, found, listed, marked as disputed.

mod captured;
pub mod dispute;
pub mod search;

use redress_core::balance::Balance;
use redress_core::daily::Sum;
use redress_core::environment::Environment;
use redress_core::id::{AccountId, MerchantId, PaymentId};
use redress_core::money::Amount;
use redress_core::payment::Payment;
use redress_core::time::Timestamp;

use self::captured::Captured;
use super::rows::{self, expect_one, payment_columns};
use super::{cases, merchants};
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::Tx;
use crate::value::Value;

/// A batch of payments has no more rows: it is one transaction, and others wait for it.
pub const UPSERT_PAYMENTS_MAX: usize = 500;

/// A payment as its merchant tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPayment {
    /// The id it gets if it is new.
    pub id: PaymentId,
    /// Where it was taken; the account's environment.
    pub environment: Environment,
    /// The reference by which the faces find it; unique per merchant.
    pub order_ref: String,
    /// The merchant's own order reference.
    pub merchant_order_ref: Option<String>,
    /// The PSP account it was taken through.
    pub account: AccountId,
    /// The PSP's id of it; unique per account.
    pub psp_payment_id: String,
    /// What was captured.
    pub captured: Amount,
    /// What had been given back before, in minor units.
    pub refunded_before: i64,
    /// When it was captured.
    pub captured_at: Timestamp,
    /// PortOne's channel key.
    pub channel: Option<String>,
    /// SGate's payment method, or the method's name at PortOne.
    pub payment_method: Option<String>,
    /// The merchant's reference of the customer.
    pub customer_ref: Option<String>,
    /// The payment's own address for notifications.
    pub notification_url: Option<String>,
}

/// Takes in payments of one merchant. Each row is judged by itself; one that is refused leaves the others alone.
#[derive(Clone, Debug)]
pub struct UpsertPayments {
    /// Whose they are.
    pub merchant: MerchantId,
    /// At most [`UPSERT_PAYMENTS_MAX`].
    pub rows: Vec<NewPayment>,
    /// The time.
    pub now: Timestamp,
}

/// What came of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upserted {
    /// The payment is new.
    Created(PaymentId),
    /// It was there with the same content; nothing was changed.
    Unchanged(PaymentId),
    /// It was there and only its captured sum was another: that was changed.
    Recaptured(PaymentId),
    /// It was there with other content; nothing was changed.
    Conflict {
        /// The first field that differs, by its name in the API.
        field: &'static str,
    },
    /// The content alone is wrong; nothing was changed.
    Invalid {
        /// The field, by its name in the API.
        field: &'static str,
    },
    /// The merchant has no such PSP account.
    NoAccount,
    /// The merchant is revoked; nothing was changed.
    MerchantRevoked,
}

impl Operation for UpsertPayments {
    /// One for each row, in order.
    type Out = Vec<Upserted>;
    const NAME: &'static str = "upsert_payments";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Vec<Upserted>>, StoreError> {
        if self.rows.len() > UPSERT_PAYMENTS_MAX {
            return Err(StoreError::Internal(format!("more than {UPSERT_PAYMENTS_MAX} payments at once")));
        }
        if !self.rows.is_empty() && merchants::is_revoked(tx, self.merchant).await? {
            return Ok(Done::Rollback(vec![Upserted::MerchantRevoked; self.rows.len()]));
        }
        let (mut out, mut captured) = (Vec::with_capacity(self.rows.len()), Captured::default());
        for row in &self.rows {
            out.push(self.one(tx, row, &mut captured).await?);
        }
        captured.note(tx, self.merchant).await?;
        Ok(Done::Commit(out))
    }
}

/// Inserts nothing where the account is not there or is of the other environment, or where a key is taken.
const INSERT: &str = concat!(
    "INSERT INTO payments (",
    payment_columns!(),
    ") SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, $10, $11, $12, $13, $14, $15, 0, 1, $16, $16, NULL \
     FROM psp_accounts WHERE merchant_id = $1 AND account_id = $6 AND environment = $3 ON CONFLICT DO NOTHING"
);

/// Locks a payment by an update that changes nothing, and reads it.
const LOCK_BY_ORDER_REF: &str = concat!(
    "UPDATE payments SET updated_at = updated_at WHERE merchant_id = $1 AND order_ref = $2 RETURNING ",
    payment_columns!()
);

impl UpsertPayments {
    async fn one<T: Tx>(
        &self,
        tx: &mut T,
        new: &NewPayment,
        captured: &mut Captured,
    ) -> Result<Upserted, StoreError> {
        if let Some(field) = invalid_field(new) {
            return Ok(Upserted::Invalid { field });
        }
        if self.insert(tx, new).await? {
            let sum = Sum { count: 1, minor: new.captured.minor() };
            captured.add(tx, self.merchant, (new, new.id), sum).await?;
            return Ok(Upserted::Created(new.id));
        }
        let found =
            tx.rows(LOCK_BY_ORDER_REF, &[self.merchant.as_bytes().into(), (&new.order_ref).into()]).await?;
        match found.first() {
            Some(row) => self.again(tx, &rows::payment(row)?, new, captured).await,
            None => self.why_not(tx, new).await,
        }
    }

    async fn insert<T: Tx>(&self, tx: &mut T, new: &NewPayment) -> Result<bool, StoreError> {
        let params: [Value<'_>; 16] = [
            self.merchant.as_bytes().into(),
            new.id.as_bytes().into(),
            new.environment.as_str().into(),
            (&new.order_ref).into(),
            new.merchant_order_ref.as_deref().into(),
            new.account.as_bytes().into(),
            (&new.psp_payment_id).into(),
            new.captured.currency().code().into(),
            new.captured.minor().into(),
            new.refunded_before.into(),
            new.captured_at.as_micros().into(),
            new.channel.as_deref().into(),
            new.payment_method.as_deref().into(),
            new.customer_ref.as_deref().into(),
            new.notification_url.as_deref().into(),
            self.now.as_micros().into(),
        ];
        Ok(tx.exec(INSERT, &params).await? == 1)
    }

    /// The order reference is known: the same again, another captured sum, or a conflict.
    async fn again<T: Tx>(
        &self,
        tx: &mut T,
        old: &Payment,
        new: &NewPayment,
        captured: &mut Captured,
    ) -> Result<Upserted, StoreError> {
        if let Some(field) = differing_field(old, new) {
            return Ok(Upserted::Conflict { field });
        }
        if old.balance.captured == new.captured.minor() {
            return Ok(Upserted::Unchanged(old.id));
        }
        let balance = Balance { captured: new.captured.minor(), ..old.balance };
        if balance.check().is_err() {
            return Ok(Upserted::Conflict { field: "amount" });
        }
        let updated = tx
            .exec(
                "UPDATE payments SET captured = $1, updated_at = $2 WHERE merchant_id = $3 AND payment_id = $4",
                &[
                    balance.captured.into(),
                    self.now.as_micros().into(),
                    self.merchant.as_bytes().into(),
                    old.id.as_bytes().into(),
                ],
            )
            .await?;
        expect_one(updated, "payments")?;
        cases::reach(tx, self.merchant, old.id, self.now).await?;
        let sum = Sum { count: 0, minor: balance.captured.saturating_sub(old.balance.captured) };
        captured.add(tx, self.merchant, (new, old.id), sum).await?;
        Ok(Upserted::Recaptured(old.id))
    }

    /// Neither inserted nor there under its order reference: the account is wrong, or the PSP's id is taken.
    async fn why_not<T: Tx>(&self, tx: &mut T, new: &NewPayment) -> Result<Upserted, StoreError> {
        let rows = tx
            .rows(
                "SELECT environment FROM psp_accounts WHERE merchant_id = $1 AND account_id = $2",
                &[self.merchant.as_bytes().into(), new.account.as_bytes().into()],
            )
            .await?;
        let Some(row) = rows.first() else { return Ok(Upserted::NoAccount) };
        if rows::environment(row, 0)? != new.environment {
            return Ok(Upserted::Invalid { field: "environment" });
        }
        Ok(Upserted::Conflict { field: "psp_payment_id" })
    }
}

fn invalid_field(new: &NewPayment) -> Option<&'static str> {
    if new.captured.minor() <= 0 {
        Some("amount")
    } else if !(0..=new.captured.minor()).contains(&new.refunded_before) {
        Some("refunded_before")
    } else {
        None
    }
}

/// The first field that differs, the captured sum aside.
fn differing_field(old: &Payment, new: &NewPayment) -> Option<&'static str> {
    let same = [
        ("environment", old.environment == new.environment),
        ("psp_account", old.account == new.account),
        ("psp_payment_id", old.psp_payment_id == new.psp_payment_id),
        ("merchant_order_ref", old.merchant_order_ref == new.merchant_order_ref),
        ("currency", old.currency == new.captured.currency()),
        ("refunded_before", old.refunded_before == new.refunded_before),
        ("captured_at", old.captured_at == new.captured_at),
        ("channel", old.channel == new.channel),
        ("payment_method", old.payment_method == new.payment_method),
        ("customer_ref", old.customer_ref == new.customer_ref),
        ("notification_url", old.notification_url == new.notification_url),
    ];
    same.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
}

/// A merchant's payment by its order reference.
#[derive(Clone, Debug)]
pub struct FindPayment {
    /// Whose.
    pub merchant: MerchantId,
    /// The reference.
    pub order_ref: String,
}

impl Query for FindPayment {
    type Out = Option<Payment>;
    const NAME: &'static str = "find_payment";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Payment>, StoreError> {
        let sql = concat!(
            "SELECT ",
            payment_columns!(),
            " FROM payments WHERE merchant_id = $1 AND order_ref = $2"
        );
        first(tx, sql, &[self.merchant.as_bytes().into(), (&self.order_ref).into()]).await
    }
}

/// A merchant's payment by its id.
#[derive(Clone, Copy, Debug)]
pub struct LoadPayment {
    /// Whose.
    pub merchant: MerchantId,
    /// Which.
    pub payment: PaymentId,
}

impl Query for LoadPayment {
    type Out = Option<Payment>;
    const NAME: &'static str = "load_payment";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Payment>, StoreError> {
        load(tx, self.merchant, self.payment).await
    }
}

pub(crate) async fn load<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    payment: PaymentId,
) -> Result<Option<Payment>, StoreError> {
    let sql =
        concat!("SELECT ", payment_columns!(), " FROM payments WHERE merchant_id = $1 AND payment_id = $2");
    first(tx, sql, &[merchant.as_bytes().into(), payment.as_bytes().into()]).await
}

/// The newest of a merchant's payments with its own order reference, which need not be unique.
#[derive(Clone, Debug)]
pub struct NewestPaymentByMerchantOrderRef {
    /// Whose.
    pub merchant: MerchantId,
    /// The merchant's reference.
    pub merchant_order_ref: String,
}

impl Query for NewestPaymentByMerchantOrderRef {
    type Out = Option<Payment>;
    const NAME: &'static str = "newest_payment_by_merchant_order_ref";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Payment>, StoreError> {
        // Ids begin with the time at which the payment was taken in. The newer of two: the index has the environment before
        // the reference.
        let sql = concat!(
            "SELECT ",
            payment_columns!(),
            " FROM payments WHERE merchant_id = $1 AND payment_id IN (",
            "(SELECT s.payment_id FROM payments s WHERE s.merchant_id = $1 AND s.environment = 'sandbox' ",
            "AND s.merchant_order_ref = $2 ORDER BY s.payment_id DESC LIMIT 1), ",
            "(SELECT l.payment_id FROM payments l WHERE l.merchant_id = $1 AND l.environment = 'live' ",
            "AND l.merchant_order_ref = $2 ORDER BY l.payment_id DESC LIMIT 1)) ORDER BY payment_id DESC LIMIT 1"
        );
        first(tx, sql, &[self.merchant.as_bytes().into(), (&self.merchant_order_ref).into()]).await
    }
}

/// A merchant's payment by the PSP's id of it.
#[derive(Clone, Debug)]
pub struct FindPaymentAtPsp {
    /// Whose.
    pub merchant: MerchantId,
    /// The PSP account.
    pub account: AccountId,
    /// The PSP's id.
    pub psp_payment_id: String,
}

impl Query for FindPaymentAtPsp {
    type Out = Option<Payment>;
    const NAME: &'static str = "find_payment_at_psp";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Payment>, StoreError> {
        let sql = concat!(
            "SELECT ",
            payment_columns!(),
            " FROM payments WHERE merchant_id = $1 AND account_id = $2 AND psp_payment_id = $3"
        );
        let params =
            [self.merchant.as_bytes().into(), self.account.as_bytes().into(), (&self.psp_payment_id).into()];
        first(tx, sql, &params).await
    }
}

async fn first<T: Tx>(
    tx: &mut T,
    sql: &'static str,
    params: &[Value<'_>],
) -> Result<Option<Payment>, StoreError> {
    tx.rows(sql, params).await?.first().map(rows::payment).transpose()
}

/// A page of a merchant's payments, newest first.
#[derive(Clone, Copy, Debug)]
pub struct ListPayments {
    /// Whose.
    pub merchant: MerchantId,
    /// Only those of one environment.
    pub environment: Option<Environment>,
    /// The last payment of the page before.
    pub before: Option<PaymentId>,
    /// The length of a page.
    pub limit: u32,
}

impl Query for ListPayments {
    type Out = Vec<Payment>;
    const NAME: &'static str = "list_payments";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Payment>, StoreError> {
        let before = self.before.map_or([0xff; 16], |id| *id.as_bytes());
        let (merchant, limit) = (self.merchant.as_bytes(), self.limit);
        let found = match self.environment {
            Some(environment) => {
                let sql = concat!(
                    "SELECT ",
                    payment_columns!(),
                    " FROM payments WHERE merchant_id = $1 AND environment = $2 AND payment_id < $3 \
                     ORDER BY payment_id DESC LIMIT $4"
                );
                let params = [merchant.into(), environment.as_str().into(), (&before).into(), limit.into()];
                tx.rows(sql, &params).await?
            }
            None => {
                let sql = concat!(
                    "SELECT ",
                    payment_columns!(),
                    " FROM payments WHERE merchant_id = $1 AND payment_id < $2 ORDER BY payment_id DESC LIMIT $3"
                );
                tx.rows(sql, &[merchant.into(), (&before).into(), limit.into()]).await?
            }
        };
        found.iter().map(rows::payment).collect()
    }
}

#[cfg(test)]
mod tests;
