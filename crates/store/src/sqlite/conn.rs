//! One SQLite connection: how it is opened, and the [`Tx`] over it.

use std::{
    future::{Future, Ready, ready},
    path::Path,
    time::Duration,
};

use rusqlite::{
    Connection, OpenFlags, ToSql,
    config::DbConfig,
    types::{ToSqlOutput, ValueRef},
};

use super::errors::classify;
use crate::{
    error::StoreError,
    tx::{Engine, OneSelect, Tx, debug_check},
    value::{Row, Value},
};

/// How long a connection waits for another process's write lock, in milliseconds, unless it is a tool's. Tools write in small
/// batches.
pub(super) const BUSY_MS: u64 = 5_000;
/// Size of a page of a new file. A refund changes a few rows in pages far apart, and what is logged are whole pages.
pub(super) const PAGE_BYTES: i64 = 2_048;
/// Page cache of the writer, in KiB. The system's own cache is behind it, and a miss costs less than a large one does:
/// 8 MiB took less time a refund than 32, 128 and 512 (`cargo xtask bench accept`).
pub(super) const WRITER_CACHE_KIB: i64 = 8 * 1024;
/// Page cache of each reader, in KiB.
pub(super) const READER_CACHE_KIB: i64 = 8 * 1024;
/// Prepared statements kept on each connection: more than the operations have between them.
const STATEMENTS_KEPT: usize = 512;
/// The write-ahead log file is cut back to this size, in bytes, when it has grown past it.
const WAL_FILE_KEPT_BYTES: i64 = 256 * 1024 * 1024;

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Write,
    Read,
    Checkpoint,
}

/// Opens a connection to the file, or to a fresh database in memory when there is no path.
pub(super) fn open(path: Option<&Path>, purpose: Purpose) -> Result<Connection, rusqlite::Error> {
    // One thread at a time uses a connection: SQLite's own mutex is not needed.
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = match path {
        Some(path) => Connection::open_with_flags(path, flags)?,
        None => Connection::open_in_memory_with_flags(flags)?,
    };
    // Else a statement may be prepared again whenever a parameter changes, as its plan could be another one then: that
    // took a third of the writer's time.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.busy_timeout(Duration::from_millis(BUSY_MS))?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    if path.is_some() {
        // Only a new file takes it.
        conn.pragma_update(None, "page_size", PAGE_BYTES)?;
        let mode: String = conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if !mode.eq_ignore_ascii_case("wal") {
            let refused = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
            return Err(rusqlite::Error::SqliteFailure(
                refused,
                Some(format!("no write-ahead log here, only {mode}")),
            ));
        }
        conn.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
        conn.pragma_update_and_check(None, "journal_size_limit", WAL_FILE_KEPT_BYTES, |_| Ok(()))?;
    }
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", "ON")?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    let cache_kib = if purpose == Purpose::Write { WRITER_CACHE_KIB } else { READER_CACHE_KIB };
    conn.pragma_update(None, "cache_size", -cache_kib)?;
    if purpose == Purpose::Read {
        conn.pragma_update(None, "query_only", "ON")?;
    }
    Ok(conn)
}

/// A transaction that somebody else began and will end, or none. Its futures are ready when they are made, so an
/// operation over it finishes when polled once.
pub(super) struct SqliteTx<'c> {
    conn: &'c mut Connection,
    failed: bool,
    /// What keeps a query to what needs no transaction, where there is none.
    one: Option<OneSelect>,
}

impl<'c> SqliteTx<'c> {
    pub(super) fn new(conn: &'c mut Connection) -> Self {
        SqliteTx { conn, failed: false, one: None }
    }

    /// No transaction, for a query of one statement.
    pub(super) fn autocommit(conn: &'c mut Connection) -> Self {
        SqliteTx { conn, failed: false, one: Some(OneSelect::default()) }
    }

    /// True where there is no transaction and the query has to begin anew in one.
    pub(super) fn needs_transaction(&self) -> bool {
        self.one.as_ref().is_some_and(OneSelect::refused)
    }

    /// True after a failed statement. SQLite would go on; PostgreSQL would not, so neither does this.
    pub(super) fn failed(&self) -> bool {
        self.failed
    }

    fn run<T>(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        go: impl FnOnce(&mut rusqlite::Statement<'_>) -> rusqlite::Result<T>,
    ) -> Ready<Result<T, StoreError>> {
        debug_check(sql, params);
        if self.failed {
            return ready(Err(StoreError::Internal(format!("a statement after a failed one: {sql}"))));
        }
        if let Some(refused) = self.one.as_mut().and_then(|one| one.step(sql).err()) {
            return ready(Err(refused));
        }
        let result = self.conn.prepare_cached(sql).and_then(|mut statement| {
            for (i, value) in params.iter().enumerate() {
                statement.raw_bind_parameter(i + 1, Bind(*value))?;
            }
            if statement.parameter_count() != params.len() {
                return Err(rusqlite::Error::InvalidParameterCount(
                    params.len(),
                    statement.parameter_count(),
                ));
            }
            let done = go(&mut statement);
            #[cfg(test)]
            tests::count_prepared_again(&statement);
            done
        });
        self.failed = result.is_err();
        ready(result.map_err(|error| classify(self.conn, &error, sql)))
    }
}

impl Tx for SqliteTx<'_> {
    const ENGINE: Engine = Engine::Sqlite;

    fn exec(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        self.run(sql, params, |statement| Ok(statement.raw_execute()? as u64))
    }

    fn rows(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send {
        self.run(sql, params, read_all)
    }
}

/// Reads every row of a bound statement.
pub(super) fn read_all(statement: &mut rusqlite::Statement<'_>) -> rusqlite::Result<Vec<Row>> {
    let columns = statement.column_count();
    let (mut rows, mut out) = (statement.raw_query(), Vec::new());
    while let Some(row) = rows.next()? {
        let mut cells = Row::with_columns(columns);
        for i in 0..columns {
            cells.push(read(row.get_ref(i)?, i)?);
        }
        out.push(cells);
    }
    Ok(out)
}

fn read(value: ValueRef<'_>, column: usize) -> rusqlite::Result<Value<'_>> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Int(n),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Value::Text(text),
            Err(error) => return Err(rusqlite::Error::Utf8Error(column, error)),
        },
        ValueRef::Blob(bytes) => Value::Bytes(bytes),
        ValueRef::Real(_) => {
            return Err(rusqlite::Error::InvalidColumnType(
                column,
                String::new(),
                rusqlite::types::Type::Real,
            ));
        }
    })
}

struct Bind<'a>(Value<'a>);

impl ToSql for Bind<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Int(n) => ValueRef::Integer(n),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use rusqlite::{Statement, StatementStatus};

    thread_local! {
        static PREPARED_AGAIN: Cell<i64> = const { Cell::new(0) };
    }

    pub(super) fn count_prepared_again(statement: &Statement<'_>) {
        let times = i64::from(statement.reset_status(StatementStatus::RePrepare));
        PREPARED_AGAIN.set(PREPARED_AGAIN.get() + times);
    }

    /// How often this thread ran a statement that SQLite had to prepare again.
    pub(crate) fn prepared_again() -> i64 {
        PREPARED_AGAIN.get()
    }
}
