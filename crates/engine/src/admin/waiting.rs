//! How much waits, for metrics and diagnosis.

use redress_store::ops::gauges::CountWaiting;

pub use redress_store::ops::gauges::{Waiting, WaitingRefunds};

use super::AdminError;
use crate::engine::Engine;

impl Engine {
    /// Counts open cases, open refunds and owed notifications, over all merchants.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn waiting(&self) -> Result<Waiting, AdminError> {
        Ok(self.parts.store.read(CountWaiting { now: self.now() }).await?)
    }
}
