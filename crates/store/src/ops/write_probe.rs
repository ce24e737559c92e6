//! Whether the database can be written: a write that changes nothing that anybody reads.

use super::rows::expect_one;
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::tx::Tx;

/// Counts itself. For readiness, where the last write was lost and nothing else is written that would tell
/// whether the trouble is over. An update to the same value would not do: SQLite leaves the page as it is and writes
/// nothing to the disk.
#[derive(Clone, Copy, Debug)]
pub struct WriteProbe;

impl Operation for WriteProbe {
    type Out = ();
    const NAME: &'static str = "write_probe";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        let touched = tx.exec("UPDATE settings_version SET probes = probes + 1 WHERE one = 1", &[]).await?;
        expect_one(touched, "settings_version")?;
        Ok(Done::Commit(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::fixtures::rows;
    use crate::ops::settings_version::SettingsVersion;
    use crate::testing::{TestStores, fail_every_statement};

    #[tokio::test]
    async fn a_lost_write_is_forgotten_and_nothing_is_changed() {
        TestStores::each(|store| async move {
            let before = store.read(SettingsVersion).await.unwrap();
            let (written, statements) = fail_every_statement(&store, || WriteProbe).await;
            assert_eq!((written, statements), (Ok(()), 1));
            assert!(store.stats().writable);
            assert_eq!(store.read(SettingsVersion).await, Ok(before));
            assert_eq!(
                rows(&store, "SELECT probes FROM settings_version").await,
                ["1"],
                "the row really changed"
            );
        })
        .await;
    }
}
