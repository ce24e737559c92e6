//! Withdrawing a refund that was not sent.

use redress_core::id::{MerchantId, RefundId};
use redress_core::refund::Refund;
use redress_core::settle::cancel;
use redress_core::time::Timestamp;

use super::refund_lock::lock_refund;
use super::settle::{Settled, settled};
use super::write::{Author, write_change};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::tx::Tx;

/// Withdraws a refund where it was not sent: its sum is refundable again.
#[derive(Clone, Debug)]
pub struct CancelRefund {
    /// Whose refund it is.
    pub merchant: MerchantId,
    /// The refund.
    pub refund: RefundId,
    /// Who withdraws it, and why.
    pub author: Author,
    /// Now.
    pub now: Timestamp,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Canceled {
    /// It is withdrawn.
    Done(Box<Settled>),
    /// It may have been sent, or has ended; also where it was withdrawn before.
    TooLate(Box<Refund>),
    /// The merchant has no such refund.
    NoRefund,
}

impl Operation for CancelRefund {
    type Out = Canceled;
    const NAME: &'static str = "cancel_refund";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Canceled>, StoreError> {
        // Whoever takes it to send it takes the same lock: one of the two is first.
        let Some(refund) = lock_refund(tx, self.merchant, self.refund).await? else {
            return Ok(Done::Rollback(Canceled::NoRefund));
        };
        let Ok(change) = cancel(refund.clone(), self.now) else {
            return Ok(Done::Rollback(Canceled::TooLate(Box::new(refund))));
        };
        write_change(tx, &change, Some(&self.author), &mut std::iter::empty(), self.now).await?;
        Ok(Done::Commit(Canceled::Done(Box::new(settled(change)))))
    }
}

#[cfg(test)]
mod tests;
