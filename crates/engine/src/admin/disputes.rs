//! Disputes: while the customer wants the money back from its bank, a payment is not refunded besides.

use redress_core::environment::Environment;
use redress_core::id::{MerchantId, PaymentId};
use redress_core::payment::Payment;
use redress_store::ops::payments::dispute::{MarkDisputed, Marked};
use redress_store::ops::write::Author;

use super::{AdminError, NAME_BYTES_MAX, REASON_BYTES_MAX, check_optional, check_text};
use crate::engine::Engine;

/// Who says that a payment is disputed, or that it is not any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sayer {
    /// A person's name, or the id of a key of the API.
    pub name: String,
    /// The reason, where one was given.
    pub reason: Option<String>,
}

impl Engine {
    /// Marks a payment as disputed, or releases the mark. New refunds of a disputed payment are refused through every
    /// face; those that were accepted before go on. What is so already stays as it is. Answers the payment as it is then.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] for the reason; [`AdminError::NotFound`] where the merchant has no such payment in this
    /// environment.
    pub async fn mark_disputed(
        &self,
        merchant: MerchantId,
        environment: Environment,
        payment: PaymentId,
        disputed: bool,
        by: Sayer,
    ) -> Result<Payment, AdminError> {
        Ok(self.change_dispute(merchant, environment, payment, disputed, by).await?.0)
    }

    /// The same; also answers whether it was changed now, and not so before.
    pub(crate) async fn change_dispute(
        &self,
        merchant: MerchantId,
        environment: Environment,
        payment: PaymentId,
        disputed: bool,
        by: Sayer,
    ) -> Result<(Payment, bool), AdminError> {
        check_text("author", &by.name, NAME_BYTES_MAX)?;
        check_optional("reason", by.reason.as_deref(), REASON_BYTES_MAX)?;
        let author = Author { name: by.name, reason: by.reason.unwrap_or_default() };
        let mark = MarkDisputed { merchant, environment, payment, disputed, author, now: self.now() };
        match self.parts.store.run(mark).await? {
            Marked::Done(payment) => {
                tracing::info!(payment = %payment.id, disputed, "a payment's dispute was marked or released");
                Ok((*payment, true))
            }
            Marked::Already(payment) => Ok((*payment, false)),
            Marked::NoPayment => Err(AdminError::NotFound("payment")),
        }
    }
}
