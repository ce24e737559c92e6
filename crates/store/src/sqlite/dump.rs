//! Reading a whole SQLite database, for tests.

use rusqlite::Connection;

use super::{conn::read_all, errors::unavailable};
use crate::{dump::Dump, error::StoreError};

/// All rows of all tables, as they come.
pub(crate) fn dump(conn: &Connection) -> Result<Dump, StoreError> {
    let read = || -> rusqlite::Result<Dump> {
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let mut statement = conn.prepare(tables)?;
        let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let table = |name: String| {
            let rows = read_all(&mut conn.prepare(&format!("SELECT * FROM \"{name}\""))?)?;
            Ok((name, rows))
        };
        names.into_iter().map(table).collect()
    };
    read().map_err(|error| unavailable(&error))
}
