//! Recomputing the books: every balance from the refunds and cases, every refund's state from its events.

use redress_core::id::{MerchantId, PaymentId, RefundId};
use redress_store::ops::verify::{LoadBooks, LoadStrays, check_payment};

pub use redress_store::ops::verify::Difference;

use super::AdminError;
use crate::engine::Engine;

/// So many payments are read in one snapshot: little enough to hold no other reader up.
pub const VERIFY_PAYMENTS_AT_ONCE: u32 = 500;

/// So many refunds are then looked at in one snapshot, for whether their payments know them.
pub const VERIFY_REFUNDS_AT_ONCE: u32 = 5_000;

/// Where a verification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyCursor(After);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Payment(Option<(MerchantId, PaymentId)>),
    Refund(Option<(MerchantId, RefundId)>),
}

impl Default for VerifyCursor {
    fn default() -> Self {
        Self(After::Payment(None))
    }
}

/// One batch of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyBatch {
    /// How many payments it looked at.
    pub payments: u64,
    /// How many refunds of them.
    pub refunds: u64,
    /// What does not agree.
    pub differences: Vec<Difference>,
    /// Where to go on; `None` at the end.
    pub next: Option<VerifyCursor>,
}

impl Engine {
    /// Verifies the next batch. Each batch is one snapshot, so a running server disturbs nothing.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the books cannot be read.
    pub async fn verify_batch(&self, from: VerifyCursor) -> Result<VerifyBatch, AdminError> {
        match from.0 {
            After::Payment(after) => self.verify_payments(after).await,
            After::Refund(after) => self.verify_links(after).await,
        }
    }

    async fn verify_payments(
        &self,
        after: Option<(MerchantId, PaymentId)>,
    ) -> Result<VerifyBatch, AdminError> {
        let limit = VERIFY_PAYMENTS_AT_ONCE;
        let books = self.parts.store.read(LoadBooks { after, limit }).await?;
        let last = books.last().map(|last| (last.merchant, last.id));
        Ok(VerifyBatch {
            payments: books.len() as u64,
            refunds: books.iter().map(|payment| payment.refunds.len() as u64).sum(),
            differences: books.iter().flat_map(check_payment).collect(),
            next: Some(VerifyCursor(last.map_or(After::Refund(None), |last| After::Payment(Some(last))))),
        })
    }

    /// Refunds that no payment leads to.
    async fn verify_links(&self, after: Option<(MerchantId, RefundId)>) -> Result<VerifyBatch, AdminError> {
        let strays = self.parts.store.read(LoadStrays { after, limit: VERIFY_REFUNDS_AT_ONCE }).await?;
        Ok(VerifyBatch {
            payments: 0,
            refunds: 0,
            differences: strays.found,
            next: strays.last.map(|last| VerifyCursor(After::Refund(Some(last)))),
        })
    }
}
