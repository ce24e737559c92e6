//! How many notifications may be under way at once: in all, and to each address.
//!
//! An address that stalls holds only its own slots, and while nothing answers there only one, so it delays nobody else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redress_core::id::MerchantId;
use redress_store::ops::deliveries::DeliveryQueue;

/// Notifications that may be under way at once, to all addresses together.
pub(crate) const IN_FLIGHT_MAX: u32 = 128;

/// Notifications that may be under way at once to one endpoint, or to the own addresses of one merchant's payments.
pub(crate) const IN_FLIGHT_PER_QUEUE_MAX: u32 = 8;

/// Notifications that may be under way at once to all of one merchant's addresses: however many endpoints stall, they
/// leave the others their room.
pub(crate) const IN_FLIGHT_PER_MERCHANT_MAX: u32 = 64;

/// As [`IN_FLIGHT_PER_QUEUE_MAX`], for an endpoint where nothing answered the last time.
pub(crate) const IN_FLIGHT_WHILE_SILENT_MAX: u32 = 1;

/// So many notifications a slot is given at once, to be sent one after the other, unless the endpoint was slow the last
/// time: one claim for many of them.
pub(crate) const SHARE_MAX: usize = 32;

/// An answer within this is quick: a whole share of such takes far less than its lease.
pub(crate) const QUICK: Duration = Duration::from_millis(50);

/// The slots of this process.
pub(crate) struct Slots {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    taken: u32,
    /// Only of merchants with something under way.
    merchants: BTreeMap<MerchantId, u32>,
    /// Only of queues with something to remember.
    queues: BTreeMap<DeliveryQueue, Queue>,
    /// Where the next look at the queues begins.
    after: Option<DeliveryQueue>,
}

impl State {
    /// Takes slots of a queue that may have so many, `most` of them, and says how many there were.
    fn take(&mut self, queue: DeliveryQueue, max: u32, most: u32) -> u32 {
        let of_merchant = self.merchants.get(&queue.merchant).copied().unwrap_or(0);
        let left = IN_FLIGHT_MAX
            .saturating_sub(self.taken)
            .min(IN_FLIGHT_PER_MERCHANT_MAX.saturating_sub(of_merchant));
        let used = self.queues.get(&queue).map_or(0, |known| known.taken);
        let taken = max.saturating_sub(used).min(left).min(most);
        if taken > 0 {
            self.taken += taken;
            *self.merchants.entry(queue.merchant).or_default() += taken;
            self.queues.entry(queue).or_default().taken += taken;
        }
        taken
    }
}

#[derive(Default)]
struct Queue {
    taken: u32,
    silent: bool,
    slow: bool,
}

/// The right to have one notification under way; given back when dropped. Giving it back wakes nobody: the end of a try
/// does, since a loop that takes slots and finds no use for them must not wake itself.
pub(crate) struct Slot {
    shared: Arc<Shared>,
    queue: DeliveryQueue,
}

impl Slots {
    /// All slots are free.
    pub(crate) fn new() -> Self {
        Self { shared: Arc::new(Shared { state: Mutex::default() }) }
    }

    /// Takes as many slots as there are for this queue now.
    pub(crate) fn take(&self, queue: DeliveryQueue) -> Vec<Slot> {
        let mut state = self.shared.lock();
        let silent = state.queues.get(&queue).is_some_and(|known| known.silent);
        let max = if silent { IN_FLIGHT_WHILE_SILENT_MAX } else { IN_FLIGHT_PER_QUEUE_MAX };
        let taken = state.take(queue, max, u32::MAX);
        drop(state);
        (0..taken).map(|_| self.slot(queue)).collect()
    }

    /// Takes one slot for somebody who asks how the endpoint does: also where nothing answered the last time, since that is
    /// when it is asked, and what waits there for an answer has the one slot nearly always.
    pub(crate) fn take_one(&self, queue: DeliveryQueue) -> Option<Slot> {
        let taken = self.shared.lock().take(queue, IN_FLIGHT_PER_QUEUE_MAX, 1);
        (taken == 1).then(|| self.slot(queue))
    }

    fn slot(&self, queue: DeliveryQueue) -> Slot {
        Slot { shared: Arc::clone(&self.shared), queue }
    }

    /// How many notifications each slot of the queue may be given at once.
    pub(crate) fn share(&self, queue: DeliveryQueue) -> usize {
        let slow = self.shared.lock().queues.get(&queue).is_some_and(|known| known.slow);
        if slow || queue.endpoint.is_none() { 1 } else { SHARE_MAX }
    }

    /// Whether no queue can have a slot now.
    pub(crate) fn exhausted(&self) -> bool {
        self.shared.lock().taken >= IN_FLIGHT_MAX
    }

    /// The queue after which the next look begins; `None` is the first.
    pub(crate) fn after(&self) -> Option<DeliveryQueue> {
        self.shared.lock().after
    }

    /// Notes where a look ended.
    pub(crate) fn set_after(&self, after: Option<DeliveryQueue>) {
        self.shared.lock().after = after;
    }
}

impl Slot {
    /// Learns after what time the endpoint answered, `None` where nothing did; true when that was quick. The own addresses
    /// of payments are many: what one of them does says nothing about the others.
    pub(crate) fn learn(&self, answered_after: Option<Duration>) -> bool {
        let quick = answered_after.is_some_and(|after| after <= QUICK);
        if self.queue.endpoint.is_some() {
            let mut state = self.shared.lock();
            let known = state.queues.entry(self.queue).or_default();
            (known.silent, known.slow) = (answered_after.is_none(), !quick);
        }
        quick
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.taken = state.taken.saturating_sub(1);
        let left = state.merchants.get_mut(&self.queue.merchant).map(|taken| {
            *taken = taken.saturating_sub(1);
            *taken
        });
        if left == Some(0) {
            state.merchants.remove(&self.queue.merchant);
        }
        if let Some(queue) = state.queues.get_mut(&self.queue) {
            queue.taken = queue.taken.saturating_sub(1);
            if queue.taken == 0 && !queue.slow {
                state.queues.remove(&self.queue);
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_core::id::{EndpointId, MerchantId};

    const MERCHANT: MerchantId = MerchantId::from_bytes([1; 16]);

    fn endpoint(n: u8) -> DeliveryQueue {
        DeliveryQueue { merchant: MERCHANT, endpoint: Some(EndpointId::from_bytes([n; 16])) }
    }

    fn slots() -> Slots {
        Slots::new()
    }

    #[test]
    fn each_queue_has_its_own_and_all_have_a_limit() {
        let slots = slots();
        let first = slots.take(endpoint(1));
        assert_eq!(first.len(), 8);
        assert!(slots.take(endpoint(1)).is_empty());
        let of = |merchant: u8, n: u8| DeliveryQueue {
            merchant: MerchantId::from_bytes([merchant; 16]),
            ..endpoint(n)
        };
        let rest: Vec<_> = (2..=8).map(|n| slots.take(endpoint(n))).collect();
        assert!(rest.iter().all(|taken| taken.len() == 8));
        assert!(
            slots.take(endpoint(5)).is_empty(),
            "one merchant's many endpoints leave room for the others"
        );
        let others: Vec<_> = (2..=3)
            .flat_map(|merchant| (1..=4).map(move |n| (merchant, n)))
            .map(|(m, n)| slots.take(of(m, n)))
            .collect();
        assert!(others.iter().all(|taken| taken.len() == 8));
        assert!(slots.exhausted() && slots.take(of(5, 1)).is_empty());
        drop(first);
        assert!(!slots.exhausted());
        assert_eq!(slots.take(endpoint(17)).len(), 8);
    }

    #[test]
    fn a_silent_endpoint_is_asked_by_one_at_a_time_until_it_answers() {
        let slots = slots();
        assert!(slots.take(endpoint(1)).iter().all(|slot| !slot.learn(None)));
        let one = slots.take(endpoint(1));
        assert_eq!(one.len(), 1);
        let asked: Vec<_> = std::iter::from_fn(|| slots.take_one(endpoint(1))).collect();
        assert_eq!(asked.len(), 7, "whoever asks how it does is not kept waiting by what waits there");
        assert!(slots.take(endpoint(1)).is_empty());
        drop(asked);
        one[0].learn(Some(QUICK));
        assert_eq!(slots.take(endpoint(1)).len(), 7);
        drop(one);
        assert!(
            slots.shared.lock().queues.is_empty(),
            "nothing is remembered of an idle queue that answers quickly"
        );
        let own = DeliveryQueue { merchant: MERCHANT, endpoint: None };
        assert!(slots.take(own).iter().all(|slot| !slot.learn(None)));
        assert_eq!(slots.take(own).len(), 8, "one silent address of many");
    }

    #[test]
    fn a_slow_endpoint_is_not_given_several_at_once_until_it_is_quick() {
        let slots = slots();
        assert_eq!(slots.share(endpoint(1)), SHARE_MAX);
        for slow in [None, Some(QUICK + Duration::from_millis(1))] {
            let taken = slots.take(endpoint(1));
            assert!(!taken[0].learn(slow));
            drop(taken);
            assert_eq!((slots.share(endpoint(1)), slots.share(endpoint(2))), (1, SHARE_MAX), "{slow:?}");
            let taken = slots.take(endpoint(1));
            assert!(taken[0].learn(Some(QUICK)));
            assert_eq!(slots.share(endpoint(1)), SHARE_MAX);
        }
        let own = DeliveryQueue { merchant: MERCHANT, endpoint: None };
        assert_eq!(slots.share(own), 1, "the next one goes to another address");
    }
}
