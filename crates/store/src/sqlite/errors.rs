//! SQLite's errors in the store's words.

use rusqlite::{Connection, Error, ErrorCode, ffi};

use crate::error::StoreError;

/// Says what an error means to a caller. May look into the catalogue for the name of an index.
pub(super) fn classify(conn: &Connection, error: &Error, sql: &str) -> StoreError {
    match error {
        Error::SqliteFailure(failure, message) => {
            let message = message.clone().unwrap_or_else(|| failure.to_string());
            if failure.code == ErrorCode::ConstraintViolation {
                constraint(conn, failure.extended_code, &message)
            } else {
                by_code(failure.code, message, sql)
            }
        }
        Error::InvalidColumnType(column, _, kind) => {
            StoreError::inconsistent(format!("column {column} holds a {kind} in: {sql}"))
        }
        Error::Utf8Error(column, _) => {
            StoreError::inconsistent(format!("column {column} is not UTF-8 in: {sql}"))
        }
        other => StoreError::Internal(format!("{other} in: {sql}")),
    }
}

/// The same where no statement of an operation is involved: opening, beginning, committing.
pub(super) fn unavailable(error: &Error) -> StoreError {
    match error {
        Error::SqliteFailure(failure, message) => {
            by_code(failure.code, message.clone().unwrap_or_else(|| failure.to_string()), "")
        }
        other => StoreError::unavailable(other.to_string()),
    }
}

fn by_code(code: ErrorCode, message: String, sql: &str) -> StoreError {
    match code {
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            StoreError::inconsistent(format!("the database file is damaged: {message}"))
        }
        ErrorCode::OperationInterrupted => StoreError::unavailable("a read took too long"),
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::OutOfMemory
        | ErrorCode::CannotOpen
        | ErrorCode::ReadOnly
        | ErrorCode::PermissionDenied
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::NoLargeFileSupport => StoreError::unavailable(message),
        _ if sql.is_empty() => StoreError::unavailable(message),
        _ => StoreError::Internal(format!("{message} in: {sql}")),
    }
}

fn constraint(conn: &Connection, extended: i32, message: &str) -> StoreError {
    // "UNIQUE constraint failed: t.a, t.b", "CHECK constraint failed: name": https://sqlite.org/rescode.html
    let detail = message.split_once(": ").map_or(message, |(_, detail)| detail);
    match extended {
        ffi::SQLITE_CONSTRAINT_CHECK => StoreError::Conflict(detail.to_owned()),
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            StoreError::Conflict(unique_name(conn, detail).unwrap_or_else(|| detail.to_owned()))
        }
        _ => StoreError::inconsistent(message),
    }
}

/// The name of the unique index on these columns ("t.a, t.b"), as PostgreSQL would have it. Two unique indexes on the
/// same columns that differ only in their condition cannot be told apart: the first in the catalogue is named.
fn unique_name(conn: &Connection, detail: &str) -> Option<String> {
    if let Some(name) = detail.strip_prefix("index '") {
        return Some(name.trim_end_matches('\'').to_owned());
    }
    let (mut table, mut columns) = ("", Vec::new());
    for part in detail.split(", ") {
        let (t, column) = part.split_once('.')?;
        table = t;
        columns.push(column);
    }
    let sql = "SELECT l.name, l.origin, group_concat(i.name, ',' ORDER BY i.seqno)
        FROM pragma_index_list($1) AS l, pragma_index_info(l.name) AS i
        WHERE l.\"unique\" = 1 GROUP BY l.seq ORDER BY l.seq DESC";
    let mut statement = conn.prepare_cached(sql).ok()?;
    let mut rows = statement.query([table]).ok()?;
    while let Ok(Some(row)) = rows.next() {
        let (name, origin, found): (String, String, String) =
            (row.get(0).ok()?, row.get(1).ok()?, row.get(2).ok()?);
        if found == columns.join(",") {
            return Some(match origin.as_str() {
                "pk" => format!("{table}_pkey"),
                "u" => format!("{table}_{}_key", columns.join("_")),
                _ => name,
            });
        }
    }
    // An INTEGER PRIMARY KEY has no index of its own.
    (columns.len() == 1).then(|| format!("{table}_pkey"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflicts_carry_the_names_postgres_would_use() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE t (id INT PRIMARY KEY, a INT NOT NULL, b INT, c INT,
                 UNIQUE (a, b), CONSTRAINT t_c_small CHECK (c < 10)) STRICT;
             CREATE UNIQUE INDEX t_by_c ON t (c) WHERE b > 0;
             CREATE TABLE r (id INTEGER PRIMARY KEY) STRICT; INSERT INTO r VALUES (1);
             INSERT INTO t VALUES (1, 1, 1, 1);",
        )
        .unwrap();
        let fail = |sql: &str| classify(&conn, &conn.execute(sql, []).unwrap_err(), sql);
        for (sql, name) in [
            ("INSERT INTO t VALUES (1, 2, 2, 2)", "t_pkey"),
            ("INSERT INTO t VALUES (2, 1, 1, 2)", "t_a_b_key"),
            ("INSERT INTO t VALUES (2, 2, 2, 1)", "t_by_c"),
            ("INSERT INTO t VALUES (2, 2, 2, 11)", "t_c_small"),
            ("INSERT INTO r VALUES (1)", "r_pkey"),
        ] {
            assert_eq!(fail(sql), StoreError::Conflict(name.into()), "{sql}");
        }
        assert!(matches!(fail("INSERT INTO t VALUES (3, NULL, 1, 1)"), StoreError::Inconsistent { .. }));
        assert!(matches!(fail("INSERT INTO t VALUES ('x', 1, 1, 1)"), StoreError::Inconsistent { .. }));
        let missing = "INSERT INTO nowhere VALUES (1)";
        assert!(matches!(
            classify(&conn, &conn.prepare(missing).unwrap_err(), missing),
            StoreError::Internal(_)
        ));
    }
}
