//! The mark of a disputed payment, set and cleared, with its event.

use redress_core::environment::Environment;
use redress_core::event::OtherEventKind;
use redress_core::id::{MerchantId, PaymentId};
use redress_core::payment::Payment;
use redress_core::time::Timestamp;

use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::ops::rows::{self, payment_columns};
use crate::ops::write::{Author, OtherSubject, insert_other_event};
use crate::tx::Tx;

/// Marks a payment as disputed, or says that the dispute is over. Refunds that were accepted before go on.
#[derive(Clone, Debug)]
pub struct MarkDisputed {
    /// Whose.
    pub merchant: MerchantId,
    /// Where it was taken.
    pub environment: Environment,
    /// Which.
    pub payment: PaymentId,
    /// Whether it is disputed from now on.
    pub disputed: bool,
    /// Who says so.
    pub author: Author,
    /// The time.
    pub now: Timestamp,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marked {
    /// The payment, changed.
    Done(Box<Payment>),
    /// It was so already; nothing was changed.
    Already(Box<Payment>),
    /// The merchant has no such payment in this environment.
    NoPayment,
}

const DISPUTE: &str = concat!(
    "UPDATE payments SET disputed_at = $1, updated_at = $1 WHERE merchant_id = $2 AND payment_id = $3 \
     AND environment = $4 AND disputed_at IS NULL RETURNING ",
    payment_columns!()
);

const RELEASE: &str = concat!(
    "UPDATE payments SET disputed_at = NULL, updated_at = $1 WHERE merchant_id = $2 AND payment_id = $3 \
     AND environment = $4 AND disputed_at IS NOT NULL RETURNING ",
    payment_columns!()
);

impl Operation for MarkDisputed {
    type Out = Marked;
    const NAME: &'static str = "mark_disputed";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Marked>, StoreError> {
        let (sql, kind) = if self.disputed {
            (DISPUTE, OtherEventKind::PaymentDisputed)
        } else {
            (RELEASE, OtherEventKind::PaymentDisputeReleased)
        };
        let params = [
            self.now.as_micros().into(),
            self.merchant.as_bytes().into(),
            self.payment.as_bytes().into(),
            self.environment.as_str().into(),
        ];
        let changed = tx.rows(sql, &params).await?;
        let Some(row) = changed.first() else {
            let there = super::load(tx, self.merchant, self.payment).await?;
            let there = there.filter(|payment| payment.environment == self.environment);
            return Ok(Done::Rollback(
                there.map_or(Marked::NoPayment, |payment| Marked::Already(Box::new(payment))),
            ));
        };
        let payment = rows::payment(row)?;
        let whose = (self.merchant, self.environment);
        insert_other_event(tx, whose, OtherSubject::Payment(payment.id), kind, Some(&self.author), self.now)
            .await?;
        Ok(Done::Commit(Marked::Done(Box::new(payment))))
    }
}

#[cfg(test)]
#[path = "dispute_tests.rs"]
mod tests;
