//! Reading payments and refunds for a caller. Everything is looked up within the caller's merchant: what belongs to
//! another does not exist.

use redress_core::environment::Environment;
use redress_core::id::{MerchantId, PaymentId};
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::state::RefundState;
use redress_store::ops::payments::search::SearchPayments;
use redress_store::ops::payments::{FindPayment, LoadPayment, NewestPaymentByMerchantOrderRef};
use redress_store::ops::refunds::LoadRefund;

use crate::engine::Engine;
use crate::error::EngineError;

pub use redress_store::ops::payments::search::{PaymentFilter, PaymentsFound, SEARCH_ROWS_MAX};
pub use redress_store::ops::refunds::{AttemptRow, LoadOrder, Order, RefundBy, Timeline, TimelineEvent};

impl Engine {
    /// A payment by its reference, with its refunds. `environment` is that of a caller who belongs to one.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn order(
        &self,
        merchant: MerchantId,
        environment: Option<Environment>,
        order_ref: &str,
    ) -> Result<Option<Order>, EngineError> {
        let found = self.parts.store.read(LoadOrder { merchant, order_ref: order_ref.to_owned() }).await?;
        Ok(found.filter(|order| environment.is_none_or(|of| of == order.payment.environment)))
    }

    /// A refund with its payment.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn refund(
        &self,
        merchant: MerchantId,
        environment: Option<Environment>,
        by: RefundBy,
    ) -> Result<Option<(Refund, Payment)>, EngineError> {
        let found = self.parts.store.read(LoadRefund { merchant, by }).await?;
        Ok(found.filter(|(refund, _)| environment.is_none_or(|of| of == refund.environment)))
    }

    /// A payment by its id.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn payment(&self, merchant: MerchantId, id: PaymentId) -> Result<Option<Payment>, EngineError> {
        Ok(self.parts.store.read(LoadPayment { merchant, payment: id }).await?)
    }

    /// A payment of one environment by its id or, where none has this id, by its reference.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn payment_named(
        &self,
        merchant: MerchantId,
        environment: Environment,
        id_or_order_ref: &str,
    ) -> Result<Option<Payment>, EngineError> {
        let mut found = match PaymentId::parse(id_or_order_ref) {
            Ok(id) => self.payment(merchant, id).await?,
            Err(_) => None,
        };
        if found.is_none() {
            let order_ref = id_or_order_ref.to_owned();
            found = self.parts.store.read(FindPayment { merchant, order_ref }).await?;
        }
        Ok(found.filter(|payment| payment.environment == environment))
    }

    /// A page of a merchant's payments of one environment, newest first; `before` is the `next` of the page before.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn payments(
        &self,
        merchant: MerchantId,
        environment: Environment,
        filter: PaymentFilter,
        before: Option<PaymentId>,
        limit: u32,
    ) -> Result<PaymentsFound, EngineError> {
        let rows_max = SEARCH_ROWS_MAX;
        let search = SearchPayments { merchant, environment, filter, before, limit, rows_max };
        Ok(self.parts.store.read(search).await?)
    }

    /// The newest payment with the merchant's own order reference.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn newest_payment(
        &self,
        merchant: MerchantId,
        merchant_order_ref: &str,
    ) -> Result<Option<Payment>, EngineError> {
        let merchant_order_ref = merchant_order_ref.to_owned();
        Ok(self.parts.store.read(NewestPaymentByMerchantOrderRef { merchant, merchant_order_ref }).await?)
    }

    /// What happened to a refund, and every exchange about it.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn timeline(
        &self,
        refund: &Refund,
    ) -> Result<(Vec<TimelineEvent>, Vec<AttemptRow>), EngineError> {
        Ok(self.parts.store.read(Timeline { merchant: refund.merchant, refund: refund.id }).await?)
    }

    /// Whether a refund failed because the PSP does not know its payment.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn failed_for_unknown_payment(&self, refund: &Refund) -> Result<bool, EngineError> {
        let RefundState::Failed(failure) = &refund.state else { return Ok(false) };
        let found = self.parts.store.read(redress_store::ops::accounts::FindAccount(refund.account)).await?;
        let connector = found.and_then(|account| (self.parts.connectors)(&account.psp));
        Ok(connector.is_some_and(|psp| psp.payment_not_known_codes().contains(&failure.code.as_str())))
    }

    /// The capabilities of the payment's PSP and whether its account takes refunds; `None` where the account is gone.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn refundability(
        &self,
        payment: &Payment,
    ) -> Result<
        Option<(redress_core::policy::AccountState, &'static redress_core::capabilities::Capabilities)>,
        EngineError,
    > {
        let found = self.parts.store.read(redress_store::ops::accounts::FindAccount(payment.account)).await?;
        Ok(found.and_then(|account| {
            let connector = (self.parts.connectors)(&account.psp)?;
            Some((account.state, connector.capabilities()))
        }))
    }
}
