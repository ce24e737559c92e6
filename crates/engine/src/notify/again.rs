//! Telling again, on a merchant's word: one delivery, or everything since a time.

use redress_core::environment::Environment;
use redress_core::id::{EndpointId, MerchantId};
use redress_core::time::Timestamp;
use redress_store::ops::deliveries::{ReplayBatch, Replaying, ResendDelivery};
use redress_store::ops::endpoints::FindEndpoint;

use super::history::{DeliveryId, ListedDelivery};
use crate::admin::AdminError;
use crate::admin::endpoints::revoked;
use crate::engine::Engine;

/// So many events are looked at in one operation, so that nothing else waits for long.
const BATCH_EVENTS: u32 = 200;

/// So many batches are gone through before a caller has to ask again.
const BATCHES_MAX: u32 = 10;

/// How far a replay came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// So many deliveries are due.
    pub due: u32,
    /// Where to go on; `None` when everything is due.
    pub next: Option<i64>,
}

impl Engine {
    /// Makes a delivery due now, however it stands; answers it as it is then. Where its tries were used up, one more is
    /// made.
    ///
    /// # Errors
    /// [`AdminError::NotFound`]; [`AdminError::Conflict`] when its endpoint is revoked.
    pub async fn resend_delivery(
        &self,
        merchant: MerchantId,
        environment: Environment,
        delivery: DeliveryId,
    ) -> Result<ListedDelivery, AdminError> {
        self.delivery(merchant, environment, delivery).await?;
        if let Some(endpoint) = delivery.endpoint {
            let found = self.parts.store.read(FindEndpoint { merchant, endpoint }).await?;
            if found.is_none_or(|found| found.revoked_at.is_some()) {
                return Err(revoked());
            }
        }
        if !self.parts.store.run(ResendDelivery { merchant, delivery, now: self.now() }).await? {
            return Err(AdminError::NotFound("delivery"));
        }
        self.parts.deliveries_due.notify_one();
        self.delivery(merchant, environment, delivery).await
    }

    /// Makes every event of an endpoint's environment and filter since a time due to it again, from the newest back,
    /// also those that it was never told of. It ends after a bounded number of events; `before` goes on where the one
    /// before ended.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] when the caller has no such endpoint; [`AdminError::Conflict`] when it is revoked.
    pub async fn replay_endpoint(
        &self,
        merchant: MerchantId,
        environment: Environment,
        endpoint: EndpointId,
        since: Timestamp,
        before: Option<i64>,
    ) -> Result<Replayed, AdminError> {
        self.endpoint(merchant, environment, endpoint).await?;
        if before.is_none() {
            // What happened before the endpoint was added is owed to it by this alone, however short a time ago.
            self.number_what_is_there().await?;
        }
        let mut replayed = Replayed { due: 0, next: before };
        for _ in 0..BATCHES_MAX {
            let now = self.now();
            let before = replayed.next;
            let batch = ReplayBatch { merchant, endpoint, since, before, limit: BATCH_EVENTS, now };
            match self.parts.store.run(batch).await? {
                Replaying::NoEndpoint => return Err(AdminError::NotFound("endpoint")),
                Replaying::Revoked => return Err(revoked()),
                Replaying::Done { due, next } => {
                    replayed = Replayed { due: replayed.due + due, next };
                    self.parts.deliveries_due.notify_one();
                }
            }
            if replayed.next.is_none() {
                break;
            }
        }
        tracing::info!(%endpoint, due = replayed.due, more = replayed.next.is_some(), "events are told again");
        Ok(replayed)
    }
}
