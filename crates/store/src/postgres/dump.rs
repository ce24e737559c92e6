//! Reading the tables of a whole PostgreSQL schema, and changing them freely, for tests.

use super::{PgStore, errors::classify, tx::read};
use crate::{dump::Dump, error::StoreError};

impl PgStore {
    /// All rows of all tables of the current schema, as they come.
    pub(crate) async fn dump(&self) -> Result<Dump, StoreError> {
        let client = self.client().await?;
        let lost = |error| classify(&error, "a dump").error;
        let tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()";
        let mut dump = Dump::new();
        for row in client.query(tables, &[]).await.map_err(lost)? {
            let name: String = row.get(0);
            let sql = format!("SELECT * FROM \"{name}\"");
            let rows = client.query(&sql, &[]).await.map_err(lost)?;
            dump.insert(name, rows.iter().map(|row| read(row, &sql)).collect::<Result<_, _>>()?);
        }
        Ok(dump)
    }

    /// Runs statements outside any operation.
    pub(crate) async fn batch(&self, sql: &str) -> Result<(), StoreError> {
        let client = self.client().await?;
        client.batch_execute(sql).await.map_err(|error| classify(&error, sql).error)
    }
}
