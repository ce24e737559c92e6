//! How many callers are kept waiting at once for what may happen later. Each of them holds a connection, and whoever comes for
//! something else needs one too: a probe, a PSP with a notification, another merchant.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redress_core::id::MerchantId;

/// The places of those who wait. Who finds none is answered with how things stand, as where the time is up.
pub(crate) struct WaitPlaces {
    /// So many at once.
    places_max: usize,
    /// Of them so many for one merchant, by whichever of its keys.
    of_a_merchant_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_merchant: BTreeMap<MerchantId, usize>,
}

/// A place; given back when dropped.
#[must_use = "whoever waits has it until it is dropped"]
pub(crate) struct WaitPlace<'a> {
    places: &'a WaitPlaces,
    merchant: Option<MerchantId>,
}

impl WaitPlaces {
    /// So many places, at least one; a merchant has at most half of them, and at least one.
    pub(crate) fn new(places_max: usize) -> Self {
        let places_max = places_max.max(1);
        Self { places_max, of_a_merchant_max: (places_max / 2).max(1), taken: Mutex::default() }
    }

    /// Takes a place at a merchant's expense, or at nobody's; `None`, at once, where there is none.
    pub(crate) fn take(&self, merchant: Option<MerchantId>) -> Option<WaitPlace<'_>> {
        let mut taken = self.lock();
        let of_merchant =
            merchant.and_then(|merchant| taken.by_merchant.get(&merchant).copied()).unwrap_or(0);
        if taken.all >= self.places_max || of_merchant >= self.of_a_merchant_max {
            return None;
        }
        taken.all += 1;
        if let Some(merchant) = merchant {
            taken.by_merchant.insert(merchant, of_merchant + 1);
        }
        Some(WaitPlace { places: self, merchant })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for WaitPlace<'_> {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        let Some(merchant) = self.merchant else { return };
        if let Some(of_merchant) = taken.by_merchant.get_mut(&merchant) {
            *of_merchant -= 1;
            if *of_merchant == 0 {
                taken.by_merchant.remove(&merchant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merchant(n: u8) -> Option<MerchantId> {
        Some(MerchantId::from_bytes([n; 16]))
    }

    #[test]
    fn one_merchant_takes_half_of_the_places_and_all_come_back() {
        let places = WaitPlaces::new(4);
        for _ in 0..2 {
            let first = [places.take(merchant(1)), places.take(merchant(1))];
            assert!(first.iter().all(Option::is_some));
            assert!(places.take(merchant(1)).is_none(), "half of them is another's");
            let second = places.take(merchant(2));
            let third = places.take(None);
            assert!(second.is_some() && third.is_some());
            assert!(places.take(merchant(3)).is_none() && places.take(None).is_none(), "all are taken");
            drop(first);
            assert!(places.take(merchant(1)).is_some());
        }
        let taken = places.lock();
        assert_eq!((taken.all, taken.by_merchant.len()), (0, 0), "nothing is kept for those who left");
    }

    #[test]
    fn there_is_always_a_place() {
        for places_max in [0, 1] {
            let places = WaitPlaces::new(places_max);
            let one = places.take(merchant(1));
            assert!(one.is_some() && places.take(merchant(2)).is_none());
            drop(one);
            assert!(places.take(merchant(2)).is_some());
        }
    }
}
