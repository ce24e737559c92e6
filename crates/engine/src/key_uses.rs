//! When keys were last used: kept in memory while requests run, and noted in the store now and then, so that no request
//! waits for it and none writes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redress_core::id::{KeyId, MerchantId};
use redress_core::time::Timestamp;
use redress_store::StoreError;
use redress_store::ops::credentials::{KeyUse, NoteKeysUsed};

use crate::directory::Caller;
use crate::engine::Engine;

/// The use of a key is noted so often at most, by all processes together.
pub const USE_NOTED_EVERY: Duration = Duration::from_secs(3_600);

/// How often it is looked whether there is anything to note.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// So many are noted in one transaction.
const NOTED_AT_ONCE: usize = 100;

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
    fn used(&self, key: Key, now: Timestamp) {
        let mut uses = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        uses.entry(key).or_insert(Use { last: now, noted: None }).last = now;
    }

    fn due(&self) -> Vec<KeyUse> {
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

    fn noted(&self, noted: &[KeyUse]) {
        let mut uses = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        for one in noted {
            if let Some(used) = uses.get_mut(&(one.merchant, one.credential)) {
                used.noted = Some(one.at);
            }
        }
    }
}

impl Engine {
    /// Remembers that a key was proved now. To be called once the proof was found good; costs no write.
    pub fn key_used(&self, caller: &Caller) {
        self.parts.key_uses.used((caller.merchant, caller.credential), self.now());
    }

    /// Notes the uses of keys, until `stop` resolves.
    pub async fn work_key_uses(&self, stop: impl Future<Output = ()>) {
        self.repeat_every("notes of keys that were used", LOOK_EVERY, || self.note_keys_used_once(), stop)
            .await;
    }

    /// Notes the uses of some keys, each once in [`USE_NOTED_EVERY`]. True when there may be more.
    ///
    /// # Errors
    /// [`StoreError`] when the store does not answer; they are noted the next time.
    pub async fn note_keys_used_once(&self) -> Result<bool, StoreError> {
        let uses = self.parts.key_uses.due();
        let Some(latest) = uses.iter().map(|used| used.at).max() else { return Ok(false) };
        let span = i64::try_from(USE_NOTED_EVERY.as_micros()).unwrap_or(i64::MAX);
        let unless_after = Timestamp::from_micros(latest.as_micros().saturating_sub(span));
        self.parts.store.run(NoteKeysUsed { uses: uses.clone(), unless_after }).await?;
        self.parts.key_uses.noted(&uses);
        Ok(uses.len() == NOTED_AT_ONCE)
    }
}
