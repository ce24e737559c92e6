//! Recomputing the books: every balance from the refunds and cases, every refund's state from its events.

use redress_core::id::{MerchantId, PaymentId};
use redress_store::ops::verify::{LoadBooks, check_payment};

pub use redress_store::ops::verify::Difference;

use super::AdminError;
use crate::engine::Engine;

/// So many payments are read in one snapshot: little enough to hold no other reader up.
pub const VERIFY_PAYMENTS_AT_ONCE: u32 = 500;

/// Where a verification stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VerifyCursor {
    after: Option<(MerchantId, PaymentId)>,
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
        let limit = VERIFY_PAYMENTS_AT_ONCE;
        let books = self.parts.store.read(LoadBooks { after: from.after, limit }).await?;
        let full = books.len() == limit as usize;
        let next =
            books.last().filter(|_| full).map(|last| VerifyCursor { after: Some((last.merchant, last.id)) });
        Ok(VerifyBatch {
            payments: books.len() as u64,
            refunds: books.iter().map(|payment| payment.refunds.len() as u64).sum(),
            differences: books.iter().flat_map(check_payment).collect(),
            next,
        })
    }
}
