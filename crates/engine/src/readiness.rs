//! Whether this process can serve requests now.
//!
//! Asked often, by anybody, so one look serves everybody for [`LOOK_AGAIN`].

use std::time::Duration;

use redress_core::time::Timestamp;
use redress_store::MIGRATIONS;
use redress_store::ops::settings_version::SettingsVersion;
use redress_store::ops::write_probe::WriteProbe;

use crate::engine::Engine;

/// One look is good for so long.
pub const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// A look that takes longer is a bad one.
pub const LOOK_TIMEOUT: Duration = Duration::from_secs(2);

/// The database's own clock may be so far from this machine's: leases are compared over both.
pub const CLOCK_GAP_MAX: Duration = Duration::from_secs(1);

impl Engine {
    /// Whether the store can be read and written, its tables are those of this program, and its clock is near this
    /// machine's. The text says why not, for the operator.
    ///
    /// # Errors
    /// The reason, where this process cannot serve now.
    pub async fn ready(&self) -> Result<(), String> {
        let mut last = self.parts.last_look.lock().await;
        if let Some((at, result)) = &*last
            && self.now() >= *at
            && self.now().since(*at) < LOOK_AGAIN
        {
            return result.clone();
        }
        let result = tokio::select! {
            biased;
            result = self.look() => result,
            () = self.parts.world.clock.sleep(LOOK_TIMEOUT) => Err("the database does not answer".to_owned()),
        };
        let was_ready = !matches!(&*last, Some((_, Err(_))));
        match &result {
            Err(reason) if was_ready => tracing::error!(reason, "not ready to serve"),
            Ok(()) if !was_ready => tracing::info!("ready to serve again"),
            _ => {}
        }
        *last = Some((self.now(), result.clone()));
        result
    }

    async fn look(&self) -> Result<(), String> {
        let store = &self.parts.store;
        let behind = store.pending(MIGRATIONS).await.map_err(|error| error.to_string())?;
        if !behind.is_empty() {
            return Err(format!(
                "{} migrations of the database are missing: run `redress migrate`",
                behind.len()
            ));
        }
        store.read(SettingsVersion).await.map_err(|error| error.to_string())?;
        if !store.stats().writable {
            store.run(WriteProbe).await.map_err(|error| error.to_string())?;
        }
        self.compare_clocks().await
    }

    async fn compare_clocks(&self) -> Result<(), String> {
        let before = self.now();
        let theirs = self.parts.store.database_time_micros().await.map_err(|error| error.to_string())?;
        match theirs.map(Timestamp::from_micros) {
            Some(theirs) => clocks_agree(before, theirs, self.now()),
            None => Ok(()),
        }
    }
}

/// The database answered some time between `before` and `after`.
fn clocks_agree(before: Timestamp, theirs: Timestamp, after: Timestamp) -> Result<(), String> {
    let gap = before.since(theirs).max(theirs.since(after));
    if gap <= CLOCK_GAP_MAX {
        return Ok(());
    }
    Err(format!("the clock of the database and this machine's are {} ms apart", gap.as_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_may_be_a_second_apart_and_the_answer_may_be_slow() {
        let at = |millis: i64| Timestamp::from_micros(millis * 1_000);
        assert_eq!(clocks_agree(at(5_000), at(5_000), at(5_001)), Ok(()));
        assert_eq!(clocks_agree(at(5_000), at(4_000), at(5_000)), Ok(()));
        assert_eq!(clocks_agree(at(5_000), at(9_000), at(8_000)), Ok(()), "the answer took three seconds");
        assert!(clocks_agree(at(5_000), at(3_999), at(5_000)).is_err());
        assert!(clocks_agree(at(5_000), at(6_001), at(5_000)).is_err());
    }
}
