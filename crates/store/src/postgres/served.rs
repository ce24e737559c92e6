//! Who serves a database: a lock that each connection of a server shares, from its first moment to its end.
//!
//! So a server can do nothing here that is not seen, one that lost its connections has the lock again with the next one, and
//! one that was killed has it no longer than PostgreSQL works for it. Whoever has it alone keeps all servers away.

use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Hook, HookError, Object};
use tokio_postgres::Row;

use super::{
    PgStore,
    errors::{answered, plain},
};
use crate::{error::StoreError, open_error::OpenError};

/// The first half of the lock's key. An arbitrary number of ours.
const LOCK_CLASS: i32 = 0x5245_4453;
/// The second half: where the tables lie, since one database may hold those of several installations.
const LOCK_PLACE: &str = "hashtext(coalesce((SELECT CAST(n.nspname AS TEXT) FROM pg_class c \
     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass('schema_migrations')), \
     CAST(current_schema() AS TEXT), ''))";
/// What a server that comes meanwhile is told.
const KEPT_AWAY: &str = "a restore is at work on it: come back when it has ended";

/// That no server works on a database, and that none can until this is dropped.
pub struct Alone {
    // Dropped, it ends the connection, and the lock with it.
    client: ClientWrapper,
    limit: Duration,
}

impl Alone {
    /// Whether servers are still kept away: the lock is gone once its connection is.
    ///
    /// # Errors
    /// [`OpenError::Postgres`] where it is; a server may have come since.
    pub async fn check(&self) -> Result<(), OpenError> {
        let asked = answered(self.limit, "SELECT 1", self.client.query_one("SELECT 1", &[])).await;
        asked.map(|_| ()).map_err(|meaning| OpenError::Postgres(meaning.error.to_string()))
    }
}

impl std::fmt::Debug for Alone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alone").finish_non_exhaustive()
    }
}

/// For every new connection of a server.
pub(super) fn share(limit: Duration) -> Hook {
    Hook::async_fn(move |client, _| Box::pin(share_on(client, limit)))
}

async fn share_on(client: &ClientWrapper, limit: Duration) -> Result<(), HookError> {
    let reason = match lock(client, "pg_try_advisory_lock_shared", limit).await {
        Ok(true) => return Ok(()),
        Ok(false) => KEPT_AWAY.to_owned(),
        Err(StoreError::Unavailable { reason, .. }) => reason,
        Err(other) => other.to_string(),
    };
    Err(HookError::message(reason))
}

/// The connection is idle for as long as it takes to do what servers are kept away for. PostgreSQL has the setting since 14.
const STAY: &str = "SELECT set_config('idle_session_timeout', '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'";

/// Whether the lock was to be had at once.
async fn lock(client: &ClientWrapper, how: &str, limit: Duration) -> Result<bool, StoreError> {
    let sql = format!("SELECT {how}({LOCK_CLASS}, {LOCK_PLACE})");
    let row = answered(limit, &sql, client.query_one(sql.as_str(), &[])).await;
    column(&row.map_err(|meaning| meaning.error)?, 0)
}

/// Who shares the lock, in words; empty where nobody does. Of another role's connections PostgreSQL tells nothing but that
/// they are there.
async fn holders(client: &ClientWrapper, limit: Duration) -> Result<String, StoreError> {
    let sql = format!(
        "SELECT host(a.client_addr), \
         to_char(min(a.backend_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), \
         string_agg(CAST(l.pid AS TEXT), ', ' ORDER BY l.pid) \
         FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'advisory' AND l.mode = 'ShareLock' AND l.granted \
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND l.classid = {LOCK_CLASS} AND l.objid = CAST({LOCK_PLACE} AS OID) AND l.objsubid = 2 \
         GROUP BY 1 ORDER BY 1"
    );
    let rows = answered(limit, &sql, client.query(sql.as_str(), &[])).await;
    let mut told = Vec::new();
    for row in rows.map_err(|meaning| meaning.error)? {
        let (address, since): (Option<String>, Option<String>) = (column(&row, 0)?, column(&row, 1)?);
        let backends: String = column(&row, 2)?;
        let from = address.map_or_else(String::new, |address| format!("from {address} "));
        let since = since.map_or_else(String::new, |since| format!("since {since} "));
        told.push(format!("{from}{since}(PostgreSQL's processes {backends})"));
    }
    Ok(told.join(", "))
}

fn column<'r, T: tokio_postgres::types::FromSql<'r>>(row: &'r Row, i: usize) -> Result<T, StoreError> {
    row.try_get(i).map_err(|error| StoreError::Internal(plain(&error)))
}

impl PgStore {
    /// Keeps servers away, where there is none; over a connection that is nobody else's.
    pub(crate) async fn alone(&self) -> Result<Alone, OpenError> {
        let lost = |error: StoreError| OpenError::Postgres(error.to_string());
        let client = Object::take(self.client().await.map_err(lost)?);
        let limit = self.answer_max;
        let got = lock(&client, "pg_try_advisory_lock", limit).await.map_err(lost)?;
        // Also where the lock was to be had: behind a pooler that mixes sessions it may be a server's own.
        let servers = holders(&client, limit).await.map_err(lost)?;
        if got && servers.is_empty() {
            let stays = answered(limit, STAY, client.query(STAY, &[])).await;
            stays.map_err(|meaning| lost(meaning.error))?;
            return Ok(Alone { client, limit });
        }
        let name = "SELECT CAST(current_database() AS TEXT)";
        let row = answered(limit, name, client.query_one(name, &[])).await;
        let database = column(&row.map_err(|meaning| lost(meaning.error))?, 0).map_err(lost)?;
        Err(OpenError::Served { database, servers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        postgres::PgConfig,
        sqlite::Role,
        testing::{PG_PATIENCE, PgSchema},
    };

    fn store(schema: &PgSchema, role: Role) -> PgStore {
        let config = PgConfig { role, answer_max: PG_PATIENCE, ..PgConfig::at(&schema.url) };
        PgStore::open(&config).unwrap()
    }

    /// A connection that was closed is gone a moment later.
    async fn by_and_by<T, E>(mut again: impl AsyncFnMut() -> Result<T, E>) -> T {
        let tries = async {
            loop {
                if let Ok(done) = again().await {
                    break done;
                }
            }
        };
        tokio::time::timeout(PG_PATIENCE, tries).await.unwrap()
    }

    #[tokio::test]
    async fn whoever_is_alone_met_no_server_and_keeps_them_away() {
        let Some(schema) = PgSchema::new().await else { return };
        let neighbour = PgSchema::new().await.unwrap();
        let (server, tool) = (store(&schema, Role::Server), store(&schema, Role::Tool));
        let refused = async || match tool.alone().await {
            Err(OpenError::Served { servers, .. }) => servers,
            other => panic!("{other:?}"),
        };
        server.time_micros().await.unwrap();
        let first = refused().await;
        assert!(first.contains("since 2") && first.contains("processes "), "{first}");
        // A connection that takes the place of a lost one has the lock as well.
        server.batch("SELECT pg_terminate_backend(pg_backend_pid())").await.unwrap_err();
        by_and_by(async || server.time_micros().await).await;
        refused().await;
        // One that shares the database, and not the tables.
        drop(store(&neighbour, Role::Tool).alone().await.unwrap());

        drop(server);
        let alone = by_and_by(async || tool.alone().await).await;
        assert!(tool.time_micros().await.is_ok(), "commands are not servers");
        alone.check().await.unwrap();
        assert!(refused().await.is_empty(), "one at a time, and none of them is a server");
        let late = store(&schema, Role::Server);
        let said = late.time_micros().await.unwrap_err().to_string();
        assert!(said.contains(KEPT_AWAY), "{said}");
        let own = alone.client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap();
        let own: i32 = column(&own, 0).unwrap();
        tool.batch(&format!("SELECT pg_terminate_backend({own})")).await.unwrap();
        // It is told that nobody is kept away any more, once it is so.
        by_and_by(async || alone.check().await.map_or(Ok(()), |()| Err(()))).await;
        drop(alone);
        by_and_by(async || late.time_micros().await).await;
        refused().await;
        drop((late, tool));
        neighbour.drop_it().await;
        schema.drop_it().await;
    }
}
