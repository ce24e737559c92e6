//! A merchant's payments by what is known of them, newest first, a page at a time.

use redress_core::environment::Environment;
use redress_core::id::{MerchantId, PaymentId};
use redress_core::payment::Payment;
use redress_core::time::Timestamp;

use crate::error::StoreError;
use crate::op::Query;
use crate::ops::rows::{self, payment_columns};
use crate::tx::Tx;
use crate::value::Row;

/// One page looks at no more payments: filters that no index serves end it early, and the next one goes on from there.
pub const SEARCH_ROWS_MAX: u32 = 10_000;

/// So many payments are held at once.
const BATCH_ROWS: u32 = 500;

/// What the payments of a list have in common; what is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentFilter {
    /// The reference by which the faces find it. At most one payment has it.
    pub order_ref: Option<String>,
    /// The PSP's id of it. At most one payment of each account has it.
    pub psp_payment_id: Option<String>,
    /// The merchant's own order reference.
    pub merchant_order_ref: Option<String>,
    /// PortOne's channel key.
    pub channel: Option<String>,
    /// The payment method.
    pub payment_method: Option<String>,
    /// Taken in then or later.
    pub created_from: Option<Timestamp>,
    /// Taken in before then.
    pub created_to: Option<Timestamp>,
}

/// A page of a merchant's payments of one environment that pass a filter, newest first.
#[derive(Clone, Debug)]
pub struct SearchPayments {
    /// Whose.
    pub merchant: MerchantId,
    /// Where they were taken.
    pub environment: Environment,
    /// Which.
    pub filter: PaymentFilter,
    /// The last payment that the page before looked at.
    pub before: Option<PaymentId>,
    /// The length of a page.
    pub limit: u32,
    /// The most payments that are looked at: [`SEARCH_ROWS_MAX`].
    pub rows_max: u32,
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentsFound {
    /// What is on it.
    pub payments: Vec<Payment>,
    /// Where the next page begins, a payment of the same environment; `None` at the end of the list.
    pub next: Option<PaymentId>,
}

/// As pairs: without them SQLite takes the index of the ids, and would read the payments of the other environment too.
const ALL: &str = concat!(
    "SELECT ",
    payment_columns!(),
    " FROM payments WHERE merchant_id = $1 AND (environment, payment_id) >= ($2, $3) \
     AND (environment, payment_id) < ($2, $4) ORDER BY environment DESC, payment_id DESC LIMIT $5"
);

const BY_MERCHANT_ORDER_REF: &str = concat!(
    "SELECT ",
    payment_columns!(),
    " FROM payments WHERE merchant_id = $1 AND environment = $2 AND payment_id >= $3 AND payment_id < $4 \
     AND merchant_order_ref = $5 ORDER BY payment_id DESC LIMIT $6"
);

/// One row at most.
const BY_ORDER_REF: &str =
    concat!("SELECT ", payment_columns!(), " FROM payments WHERE merchant_id = $1 AND order_ref = $2");

/// One row an account at most. A merchant has few accounts.
const BY_PSP_PAYMENT_ID: &str = concat!(
    "SELECT ",
    payment_columns!(),
    " FROM payments WHERE account_id IN (SELECT a.account_id FROM psp_accounts a WHERE a.merchant_id = $1) \
     AND psp_payment_id = $2"
);

impl Query for SearchPayments {
    type Out = PaymentsFound;
    const NAME: &'static str = "search_payments";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<PaymentsFound, StoreError> {
        if let Some(order_ref) = &self.filter.order_ref {
            return self.few(tx, BY_ORDER_REF, order_ref).await;
        }
        if let Some(psp_payment_id) = &self.filter.psp_payment_id {
            return self.few(tx, BY_PSP_PAYMENT_ID, psp_payment_id).await;
        }
        self.many(tx).await
    }
}

impl SearchPayments {
    /// What an index narrows to a handful.
    async fn few<T: Tx>(
        &self,
        tx: &mut T,
        sql: &'static str,
        text: &str,
    ) -> Result<PaymentsFound, StoreError> {
        let found = tx.rows(sql, &[self.merchant.as_bytes().into(), text.into()]).await?;
        let mut payments = found.iter().map(rows::payment).collect::<Result<Vec<_>, _>>()?;
        payments
            .retain(|payment| self.wants(payment) && self.before.is_none_or(|before| payment.id < before));
        payments.sort_by_key(|payment| std::cmp::Reverse(payment.id));
        let more = payments.len() > self.limit as usize;
        payments.truncate(self.limit as usize);
        let next = payments.last().filter(|_| more).map(|last| last.id);
        Ok(PaymentsFound { payments, next })
    }

    async fn many<T: Tx>(&self, tx: &mut T) -> Result<PaymentsFound, StoreError> {
        let low = first_id(self.filter.created_from);
        let end = self.filter.created_to.map_or([0xff; 16], |to| first_id(Some(to.plus(MILLISECOND))));
        let mut before = self.before.map_or(end, |before| end.min(*before.as_bytes()));
        let (mut payments, mut seen) = (Vec::new(), 0);
        while seen < self.rows_max {
            let rows_now = BATCH_ROWS.min(self.rows_max - seen);
            let found = self.batch(tx, &low, &before, rows_now).await?;
            let last_batch = found.len() < rows_now as usize;
            for row in &found {
                let payment = rows::payment(row)?;
                if self.wants(&payment) {
                    if payments.len() == self.limit as usize {
                        let next = payments.last().map(|last: &Payment| last.id);
                        return Ok(PaymentsFound { payments, next });
                    }
                    payments.push(payment.clone());
                }
                (before, seen) = (*payment.id.as_bytes(), seen + 1);
            }
            if last_batch {
                return Ok(PaymentsFound { payments, next: None });
            }
        }
        Ok(PaymentsFound { payments, next: Some(PaymentId::from_bytes(before)) })
    }

    async fn batch<T: Tx>(
        &self,
        tx: &mut T,
        low: &[u8; 16],
        before: &[u8; 16],
        limit: u32,
    ) -> Result<Vec<Row>, StoreError> {
        let (merchant, environment) = (self.merchant.as_bytes().into(), self.environment.as_str().into());
        let (low, before, limit) = (low.into(), before.into(), limit.into());
        match &self.filter.merchant_order_ref {
            Some(theirs) => {
                let params = [merchant, environment, low, before, theirs.into(), limit];
                tx.rows(BY_MERCHANT_ORDER_REF, &params).await
            }
            None => tx.rows(ALL, &[merchant, environment, low, before, limit]).await,
        }
    }

    fn wants(&self, payment: &Payment) -> bool {
        let is = |wanted: &Option<String>, there: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| there == Some(wanted))
        };
        let filter = &self.filter;
        payment.merchant == self.merchant
            && payment.environment == self.environment
            && is(&filter.order_ref, Some(&payment.order_ref))
            && is(&filter.psp_payment_id, Some(&payment.psp_payment_id))
            && is(&filter.merchant_order_ref, payment.merchant_order_ref.as_deref())
            && is(&filter.channel, payment.channel.as_deref())
            && is(&filter.payment_method, payment.payment_method.as_deref())
            && filter.created_from.is_none_or(|from| payment.created_at >= from)
            && filter.created_to.is_none_or(|to| payment.created_at < to)
    }
}

/// Ids count milliseconds.
const MILLISECOND: std::time::Duration = std::time::Duration::from_millis(1);

/// The least id of a payment taken in then: ids begin with the time, 48 bits of milliseconds.
fn first_id(time: Option<Timestamp>) -> [u8; 16] {
    let millis = time.map_or(0, Timestamp::as_millis).clamp(0, (1 << 48) - 1);
    let mut id = [0; 16];
    id[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    id
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
