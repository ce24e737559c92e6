//! Taking migration steps on SQLite.

use rusqlite::Connection;

use super::errors::unavailable;
use crate::{
    error::StoreError,
    migration::{
        Applied, CREATE_RECORD, MigrateError, Migration, READ_RECORD, WRITE_RECORD, checksum, plan, rewrite,
    },
    tx::Engine,
};

/// The steps this database has taken; none when it has no record yet.
pub(crate) fn applied(conn: &Connection) -> Result<Vec<Applied>, StoreError> {
    let read = || -> rusqlite::Result<Vec<Applied>> {
        let known = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'";
        if !conn.prepare(known)?.exists([])? {
            return Ok(Vec::new());
        }
        let mut statement = conn.prepare(READ_RECORD)?;
        let rows = statement.query_map([], |row| {
            Ok(Applied { version: row.get(0)?, name: row.get(1)?, checksum: row.get(2)? })
        })?;
        rows.collect()
    };
    read().map_err(|error| unavailable(&error))
}

/// Takes the missing steps, each in its own transaction, which also looks at the record again: another process may
/// have been faster.
pub(crate) fn migrate(
    conn: &mut Connection,
    steps: &'static [Migration],
    now: i64,
) -> Result<Vec<i64>, MigrateError> {
    let mut taken = Vec::new();
    while let Some(version) = take_next(conn, steps, now)? {
        taken.push(version);
    }
    Ok(taken)
}

fn take_next(
    conn: &mut Connection,
    steps: &'static [Migration],
    now: i64,
) -> Result<Option<i64>, MigrateError> {
    let broken = |error: rusqlite::Error| MigrateError::Store(unavailable(&error));
    // Dropped without commit, it rolls back.
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(broken)?;
    tx.execute_batch(CREATE_RECORD).map_err(broken)?;
    let Some(step) = plan(steps, &applied(&tx)?)?.first() else {
        return Ok(None);
    };
    tx.execute_batch(&rewrite(step.sql, Engine::Sqlite))
        .map_err(|error| MigrateError::failed(step, &error))?;
    if tx.is_autocommit() {
        return Err(MigrateError::failed(step, &"its text ends the transaction it runs in"));
    }
    tx.execute(WRITE_RECORD, (step.version, step.name, checksum(step.sql), now)).map_err(broken)?;
    tx.commit().map_err(|error| MigrateError::failed(step, &error))?;
    Ok(Some(step.version))
}
