//! When keys were last used: kept in memory while requests run, and noted in the store now and then, so that no request
//! waits for it and none writes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redress_core::id::{KeyId, MerchantId};
use redress_core::time::Timestamp;
use redress_store::ops::credentials::KeyUse;

/// The use of a key is noted so often at most, by all processes together.
pub const USE_NOTED_EVERY: Duration = Duration::from_secs(3_600);

/// So many are noted in one transaction.
pub(crate) const NOTED_AT_ONCE: usize = 100;

type Key = (MerchantId, KeyId);

/// The keys that were used here. There are no more than keys were proved.
#[derive(Default)]
pub(crate) struct KeyUses {
    of: Mutex<BTreeMap<Key, Use>>,
}

#[derive(Clone, Copy)]
struct Use {
    last: Timestamp,
    /// When it was last noted from here.
    noted: Option<Timestamp>,
}

impl Use {
    fn is_due(&self) -> bool {
        self.noted.is_none_or(|noted| self.last >= noted.plus(USE_NOTED_EVERY))
    }
}

impl KeyUses {
    pub(crate) fn used(&self, key: Key, now: Timestamp) {
        let mut uses = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        uses.entry(key).or_insert(Use { last: now, noted: None }).last = now;
    }

    pub(crate) fn due(&self) -> Vec<KeyUse> {
        let uses = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let due = uses.iter().filter(|(_, used)| used.is_due());
        due.take(NOTED_AT_ONCE)
            .map(|((merchant, credential), used)| KeyUse {
                merchant: *merchant,
                credential: *credential,
                at: used.last,
            })
            .collect()
    }

    pub(crate) fn noted(&self, noted: &[KeyUse]) {
        let mut uses = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        for one in noted {
            if let Some(used) = uses.get_mut(&(one.merchant, one.credential)) {
                used.noted = Some(one.at);
            }
        }
    }
}
