//! Taking migration steps on PostgreSQL.

use super::{
    PgStore,
    errors::{classify, plain},
};
use crate::{
    error::StoreError,
    migration::{
        Applied, CREATE_RECORD, MigrateError, Migration, READ_RECORD, WRITE_RECORD, checksum, plan, rewrite,
    },
    tx::Engine,
};

/// The advisory lock around a step, so that processes that start together take turns. An arbitrary number of ours.
const LOCK_KEY: i64 = 0x5245_4452_4553_5301;

impl PgStore {
    pub(crate) async fn applied(&self) -> Result<Vec<Applied>, StoreError> {
        let client = self.client().await?;
        read_record(&client).await
    }

    pub(crate) async fn migrate(
        &self,
        steps: &'static [Migration],
        now: i64,
    ) -> Result<Vec<i64>, MigrateError> {
        let mut taken = Vec::new();
        while let Some(version) = self.take_next(steps, now).await? {
            taken.push(version);
        }
        Ok(taken)
    }

    async fn take_next(&self, steps: &'static [Migration], now: i64) -> Result<Option<i64>, MigrateError> {
        let broken = |error| MigrateError::Store(classify(&error, "a migration's frame").error);
        let mut client = self.client().await?;
        // Dropped without commit, it rolls back, and the lock goes with it.
        let tx = client.transaction().await.map_err(broken)?;
        // A step may take longer than any operation, and so may the wait for another process's.
        tx.batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
            .await
            .map_err(broken)?;
        tx.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK_KEY]).await.map_err(broken)?;
        tx.batch_execute(CREATE_RECORD).await.map_err(broken)?;
        let applied = read_record(&tx).await?;
        let Some(step) = plan(steps, &applied)?.first() else {
            return Ok(None);
        };
        let script = rewrite(step.sql, Engine::Postgres);
        tx.batch_execute(&script).await.map_err(|error| MigrateError::failed(step, &plain(&error)))?;
        let checksum = checksum(step.sql);
        tx.execute(WRITE_RECORD, &[&step.version, &step.name, &checksum, &now]).await.map_err(broken)?;
        tx.commit().await.map_err(|error| MigrateError::failed(step, &plain(&error)))?;
        Ok(Some(step.version))
    }
}

async fn read_record(client: &impl deadpool_postgres::GenericClient) -> Result<Vec<Applied>, StoreError> {
    let broken = |error| classify(&error, READ_RECORD).error;
    let known = "SELECT to_regclass('schema_migrations') IS NOT NULL";
    if !client.query_one(known, &[]).await.map_err(broken)?.get::<_, bool>(0) {
        return Ok(Vec::new());
    }
    let rows = client.query(READ_RECORD, &[]).await.map_err(broken)?;
    Ok(rows
        .iter()
        .map(|row| Applied { version: row.get(0), name: row.get(1), checksum: row.get(2) })
        .collect())
}
