//! What was done to the store as a whole: when it was copied, and when it was put in place from a copy.

use redress_core::time::Timestamp;

use super::rows::time;
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::Tx;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HistoryKind {
    /// A copy was taken.
    Backup,
    /// It was put in place from a copy.
    Restore,
}

impl HistoryKind {
    /// The name in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Restore => "restore",
        }
    }
}

/// One entry of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When it was done.
    pub happened_at: Timestamp,
    /// Until when the copy knows everything.
    pub copied_at: Timestamp,
}

const INSERT: &str = "INSERT INTO store_history (kind, happened_at, copied_at) VALUES ($1, $2, $3) \
     ON CONFLICT (kind, happened_at) DO NOTHING";

pub(super) async fn record<T: Tx>(
    tx: &mut T,
    kind: HistoryKind,
    entry: HistoryEntry,
) -> Result<(), StoreError> {
    let (happened_at, copied_at) = (entry.happened_at.as_micros(), entry.copied_at.as_micros());
    tx.exec(INSERT, &[kind.as_str().into(), happened_at.into(), copied_at.into()]).await.map(|_| ())
}

/// Remembers that a copy was taken.
#[derive(Clone, Copy, Debug)]
pub struct RecordBackup(pub HistoryEntry);

impl Operation for RecordBackup {
    type Out = ();
    const NAME: &'static str = "record_backup";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        record(tx, HistoryKind::Backup, self.0).await?;
        Ok(Done::Commit(()))
    }
}

/// The latest entry of a kind.
#[derive(Clone, Copy, Debug)]
pub struct LatestOf(pub HistoryKind);

impl Query for LatestOf {
    type Out = Option<HistoryEntry>;
    const NAME: &'static str = "latest_of_history";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<HistoryEntry>, StoreError> {
        let sql = "SELECT happened_at, copied_at FROM store_history WHERE kind = $1 ORDER BY happened_at DESC LIMIT 1";
        let rows = tx.rows(sql, &[self.0.as_str().into()]).await?;
        rows.first()
            .map(|row| Ok(HistoryEntry { happened_at: time(row, 0)?, copied_at: time(row, 1)? }))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::fixtures::at;
    use crate::testing::{TestStores, fail_every_statement};

    #[tokio::test]
    async fn the_latest_copy_is_remembered() {
        TestStores::each(|store| async move {
            let latest = async |kind| store.read(LatestOf(kind)).await.unwrap();
            assert_eq!(latest(HistoryKind::Backup).await, None);
            let entry = |second| HistoryEntry { happened_at: at(second), copied_at: at(second - 1) };
            let (recorded, statements) = fail_every_statement(&store, || RecordBackup(entry(20))).await;
            assert_eq!((recorded, statements), (Ok(()), 1));
            // The same again, as after an answer that was lost, and an older one.
            for second in [20, 10] {
                store.run(RecordBackup(entry(second))).await.unwrap();
            }
            assert_eq!(latest(HistoryKind::Backup).await, Some(entry(20)));
            assert_eq!(latest(HistoryKind::Restore).await, None);
        })
        .await;
    }
}
