//! What became of a refund's notifications, for the merchant and for people who look after it.

use redress_core::refund::Refund;
use redress_store::ops::deliveries::ListDeliveries;

pub use redress_store::ops::deliveries::{
    DELIVERIES_OF_REFUND_MAX, Delivery, DeliveryAttempt, DeliveryState,
};

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
}
