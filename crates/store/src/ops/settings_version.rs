//! The count of changes to merchants, keys, accounts and endpoints: how a server notices what a tool changed.

use super::rows::expect_one;
use crate::error::StoreError;
use crate::op::Query;
use crate::tx::Tx;

/// The count as it is now. Whoever keeps settings in memory reads them anew when it differs.
#[derive(Clone, Copy, Debug)]
pub struct SettingsVersion;

impl Query for SettingsVersion {
    type Out = i64;
    const NAME: &'static str = "settings_version";
    const BRIEF: bool = true;

    fn autocommit(&self) -> bool {
        true
    }

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<i64, StoreError> {
        let rows = tx.rows("SELECT version FROM settings_version WHERE one = 1", &[]).await?;
        let row = rows.first().ok_or_else(|| StoreError::inconsistent("the settings have no version"))?;
        row.int(0)
    }
}

/// What was read, with the count of changes as it was then. Whoever keeps it in memory can tell by that whether it is of before
/// a change: a look at the count alone, a moment before or after, tells of another snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf<T> {
    /// The count.
    pub version: i64,
    /// What was read.
    pub found: T,
}

/// The count of changes, as a column beside what a statement reads.
macro_rules! version_column {
    () => {
        "(SELECT version FROM settings_version WHERE one = 1)"
    };
}
pub(crate) use version_column;

/// Counts one change, as the last statement of the operation that makes it: every such operation locks this row.
pub(crate) async fn bump<T: Tx>(tx: &mut T) -> Result<(), StoreError> {
    let touched = tx.exec("UPDATE settings_version SET version = version + 1 WHERE one = 1", &[]).await?;
    expect_one(touched, "settings_version")
}
