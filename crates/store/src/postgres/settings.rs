//! How a PostgreSQL server is set.

use super::{
    PgStore,
    errors::{answered, plain},
};
use crate::error::StoreError;

/// What bears on what is kept: see <https://www.postgresql.org/docs/current/runtime-config-wal.html>.
const SETTINGS: &str = "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', \
     'max_connections', 'server_version', 'synchronous_commit', 'synchronous_standby_names') ORDER BY name";

impl PgStore {
    /// The settings by name, as they are for this connection.
    pub(crate) async fn settings(&self) -> Result<Vec<(String, String)>, StoreError> {
        let client = self.client().await?;
        let rows = match answered(self.answer_max, SETTINGS, client.query(SETTINGS, &[])).await {
            Ok(rows) => rows,
            Err(meaning) => {
                if !meaning.is_well() {
                    self.discard(client);
                }
                return Err(meaning.error);
            }
        };
        let text = |row: &tokio_postgres::Row, i| -> Result<String, StoreError> {
            row.try_get(i).map_err(|error| StoreError::Internal(plain(&error)))
        };
        rows.iter().map(|row| Ok((text(row, 0)?, text(row, 1)?))).collect()
    }
}
