//! Waiting for one refund to move, and the end of all waiting.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use redress_core::id::RefundId;
use tokio::sync::{Notify, watch};

/// Who waits for which refund in this process. Only a hint to look again: the store says how a refund stands.
#[derive(Default)]
pub struct Watches {
    waiting: Mutex<BTreeMap<RefundId, (Arc<Notify>, usize)>>,
}

/// One waiter; forgotten when dropped.
pub struct Watch {
    watches: Arc<Watches>,
    refund: RefundId,
    moved: Arc<Notify>,
}

/// Whether callers may still be kept waiting for something to happen: not where the process ends.
pub(crate) struct Waits(watch::Sender<bool>);

impl Default for Waits {
    fn default() -> Self {
        Self(watch::Sender::new(true))
    }
}

impl Waits {
    /// From now on nobody waits.
    pub(crate) fn end(&self) {
        self.0.send_replace(false);
    }

    /// Resolves when nobody may wait any more; at once where that is so already.
    pub(crate) async fn ended(&self) {
        // It ends with an error only where the sender is gone, and that is here.
        let _ = self.0.subscribe().wait_for(|may_wait| !may_wait).await;
    }
}

impl Watches {
    /// Begins to watch a refund, also one that does not exist yet.
    pub fn watch(self: &Arc<Self>, refund: RefundId) -> Watch {
        let mut waiting = self.lock();
        let entry = waiting.entry(refund).or_insert_with(|| (Arc::new(Notify::new()), 0));
        entry.1 += 1;
        Watch { watches: Arc::clone(self), refund, moved: Arc::clone(&entry.0) }
    }

    /// Tells everybody who waits for the refund that it moved.
    pub fn moved(&self, refund: RefundId) {
        if let Some((moved, _)) = self.lock().get(&refund) {
            moved.notify_waiters();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<RefundId, (Arc<Notify>, usize)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch {
    /// The next move. Ask for it *before* reading the refund, so that no move is missed between.
    pub fn next_move(&self) -> tokio::sync::futures::Notified<'_> {
        self.moved.notified()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut waiting = self.watches.lock();
        if let Some(entry) = waiting.get_mut(&self.refund) {
            entry.1 -= 1;
            if entry.1 == 0 {
                waiting.remove(&self.refund);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_for_those_who_left() {
        let watches = Arc::new(Watches::default());
        let refund = RefundId::from_bytes([1; 16]);
        let first = watches.watch(refund);
        let second = watches.watch(refund);
        drop(first);
        assert_eq!(watches.lock().len(), 1);
        drop(second);
        assert!(watches.lock().is_empty());
    }
}
