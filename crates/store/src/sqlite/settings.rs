//! How a SQLite file and its connections are set.

use rusqlite::Connection;

use super::errors::unavailable;
use crate::error::StoreError;

/// What bears on what is kept: see <https://www.sqlite.org/pragma.html>.
const NAMES: [&str; 3] = ["journal_mode", "synchronous", "page_size"];

/// The settings by name.
pub(crate) fn settings(conn: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let one = |name: &str| -> rusqlite::Result<(String, String)> {
        let value: rusqlite::types::Value = conn.pragma_query_value(None, name, |row| row.get(0))?;
        let text = match value {
            rusqlite::types::Value::Integer(n) => n.to_string(),
            rusqlite::types::Value::Text(text) => text,
            other => format!("{:?}", other.data_type()),
        };
        Ok((name.to_owned(), text))
    };
    NAMES.into_iter().map(one).collect::<Result<_, _>>().map_err(|error| unavailable(&error))
}
