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

/// Counts one change, as the last statement of the operation that makes it: every such operation locks this row.
pub(crate) async fn bump<T: Tx>(tx: &mut T) -> Result<(), StoreError> {
    let touched = tx.exec("UPDATE settings_version SET version = version + 1 WHERE one = 1", &[]).await?;
    expect_one(touched, "settings_version")
}
