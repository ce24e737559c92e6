//! Noting in the store when keys were last used.

use std::time::Duration;

use redress_core::time::Timestamp;
use redress_store::StoreError;
use redress_store::ops::credentials::NoteKeysUsed;

use crate::engine::Engine;
use crate::key_uses::{NOTED_AT_ONCE, USE_NOTED_EVERY};

/// How often it is looked whether there is anything to note.
const LOOK_EVERY: Duration = Duration::from_secs(60);

impl Engine {
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
