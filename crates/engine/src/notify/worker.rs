//! The loop that claims due notifications, queue by queue.

use std::sync::Arc;
use std::time::Duration;

use redress_store::StoreError;
use redress_store::ops::deliveries::{ClaimDeliveries, ClaimedDelivery, DeliveryQueue, DueQueues};

use super::attempt::Share;
use super::slots::Slot;
use crate::engine::Engine;

/// So many queues are looked up at once.
const QUEUES_PAGE_ROWS: u32 = 64;

/// A lease is so many times the timeout of a try: time to prepare, to send and to record.
const LEASE_TIMEOUTS: u32 = 3;

impl Engine {
    /// Claims and sends what is owed to merchants, until `stop` resolves. What is under way then goes on in its own
    /// tasks.
    pub async fn work_deliveries(&self, stop: impl Future<Output = ()>) {
        self.repeat("due notifications", &self.parts.deliveries_due, || self.work_deliveries_once(), stop)
            .await;
    }

    /// Goes once through the queues with something due, from where the last look ended to the last queue, or until
    /// every slot is taken. True when going again at once may find more.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be asked; what was claimed until then is under way.
    pub async fn work_deliveries_once(&self) -> Result<bool, StoreError> {
        let slots = &self.parts.slots;
        let began_after = slots.after();
        let (mut after, mut claimed) = (began_after, false);
        loop {
            let look = DueQueues { now: self.now(), after, limit: QUEUES_PAGE_ROWS };
            let queues = self.parts.store.read(look).await?;
            for &queue in &queues {
                if slots.exhausted() {
                    // A slot that comes back wakes the loop.
                    slots.set_after(after);
                    return Ok(false);
                }
                claimed |= self.work_queue(queue).await?;
                after = Some(queue);
            }
            if queues.len() < QUEUES_PAGE_ROWS as usize {
                slots.set_after(None);
                return Ok(claimed || began_after.is_some());
            }
        }
    }

    async fn work_queue(&self, queue: DeliveryQueue) -> Result<bool, StoreError> {
        let slots = self.parts.slots.take(queue);
        if slots.is_empty() {
            return Ok(false);
        }
        match self.claim_deliveries(queue, slots).await {
            Err(error @ (StoreError::Unavailable { .. } | StoreError::Full)) => Err(error),
            Err(error) => {
                // What is wrong with one queue must not hold up the others.
                let merchant = queue.merchant;
                tracing::error!(%merchant, endpoint = ?queue.endpoint, %error, "notifications cannot be claimed");
                Ok(false)
            }
            Ok(claimed) => Ok(claimed),
        }
    }

    async fn claim_deliveries(&self, queue: DeliveryQueue, slots: Vec<Slot>) -> Result<bool, StoreError> {
        let now = self.now();
        let lease_until = now.plus(self.delivery_lease());
        let most = slots.len() * self.parts.slots.share(queue);
        let limit = u32::try_from(most).unwrap_or(0);
        let claim = self.parts.store.run(ClaimDeliveries { queue, now, lease_until, limit }).await?;
        if claim.endpoint.as_ref().is_some_and(|endpoint| endpoint.disabled_at.is_some()) {
            // Since the look: what was claimed is due again when its lease ends, and waits then with the rest.
            return Ok(false);
        }
        let endpoint = claim.endpoint.map(Arc::new);
        let claimed = !claim.deliveries.is_empty();
        for (slot, deliveries) in shares(slots, claim.deliveries) {
            let share = Share { queue, endpoint: endpoint.clone(), deliveries, lease_until, slot };
            let engine = self.clone();
            let task = Box::pin(async move {
                engine.deliver_share(share).await;
                engine.parts.deliveries_due.notify_one();
            });
            self.parts.world.spawner.spawn("deliver", task);
        }
        Ok(claimed)
    }

    fn delivery_lease(&self) -> Duration {
        self.parts.config.delivery_timeout * LEASE_TIMEOUTS
    }
}

/// Deals out what was claimed, the longest due first; a slot that gets nothing is given back.
fn shares(slots: Vec<Slot>, deliveries: Vec<ClaimedDelivery>) -> Vec<(Slot, Vec<ClaimedDelivery>)> {
    let count = slots.len().min(deliveries.len());
    let mut shares: Vec<_> = slots.into_iter().take(count).map(|slot| (slot, Vec::new())).collect();
    for (i, delivery) in deliveries.into_iter().enumerate() {
        shares[i % count].1.push(delivery);
    }
    shares
}
