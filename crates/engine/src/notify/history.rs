//! What became of a refund's notifications, for the merchant and for people who look after it.

use redress_core::environment::Environment;
use redress_core::id::MerchantId;
use redress_core::refund::Refund;
use redress_store::ops::deliveries::{FindDelivery, ListDeliveries};

pub use redress_store::ops::deliveries::{
    DELIVERIES_OF_REFUND_MAX, Delivery, DeliveryAttempt, DeliveryId, DeliveryPage, DeliveryState,
    ListedDelivery, PageDeliveries, REFUNDS_LOOKED_AT_MAX,
};

use crate::admin::AdminError;
use crate::engine::Engine;
use crate::error::EngineError;

impl Engine {
    /// The deliveries of a refund with all their attempts, those given up too; at most [`DELIVERIES_OF_REFUND_MAX`].
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn deliveries(&self, refund: &Refund) -> Result<Vec<Delivery>, EngineError> {
        let list = ListDeliveries { merchant: refund.merchant, refund: refund.id };
        Ok(self.parts.store.read(list).await?)
    }

    /// A page of a merchant's deliveries, without their attempts.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn deliveries_page(&self, asked: PageDeliveries) -> Result<DeliveryPage, EngineError> {
        Ok(self.parts.store.read(asked).await?)
    }

    /// One delivery with its latest attempts. One of the other environment does not exist for the caller.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn delivery(
        &self,
        merchant: MerchantId,
        environment: Environment,
        delivery: DeliveryId,
    ) -> Result<ListedDelivery, AdminError> {
        let found = self.parts.store.read(FindDelivery { merchant, delivery }).await?;
        found.filter(|found| found.environment == environment).ok_or(AdminError::NotFound("delivery"))
    }
}
