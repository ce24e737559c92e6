//! The history of the tables: which steps exist, which a database has taken, and whether the two agree.
//!
//! One portable text a step. Four words in it are rewritten for each engine and nothing else: the column types `BYTES`
//! and `BIGINT` (SQLite's strict tables know it as `INT`), `COMMIT_POSITION` (a row's place in the order of commits, which
//! only SQLite's one writer can give with the row), and `STRICT_SUFFIX` after a table's closing parenthesis. Each step
//! runs in one transaction together with its record.

use sha2::{Digest, Sha256};

use crate::{error::StoreError, tx::Engine};

/// One step of the history. A step that has been released never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Its place, from 1, rising.
    pub version: i64,
    /// A short name, as in the file's.
    pub name: &'static str,
    /// The statements.
    pub sql: &'static str,
}

/// Why the tables could not be brought up to date, or do not fit this program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MigrateError {
    /// The text of a step differs from what was run.
    #[error(
        "migration {version} ({name}) was changed after this database took it; restore the released text"
    )]
    Changed {
        /// The step.
        version: i64,
        /// Its name.
        name: String,
    },
    /// The database has taken a step that this program does not know.
    #[error(
        "the database has migration {version} ({name}), which this program does not know: run a newer program"
    )]
    Newer {
        /// The step.
        version: i64,
        /// Its name as recorded.
        name: String,
    },
    /// A step that comes before one already taken is missing.
    #[error(
        "the database lacks migration {version} ({name}) but has later ones; its history is not this program's"
    )]
    Gap {
        /// The missing step.
        version: i64,
        /// Its name.
        name: String,
    },
    /// A step's statements failed; nothing of that step was kept, the steps before it were.
    #[error("migration {version} ({name}) failed: {reason}")]
    Failed {
        /// The step.
        version: i64,
        /// Its name.
        name: String,
        /// The engine's words.
        reason: String,
    },
    /// The database could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MigrateError {
    pub(crate) fn failed(step: &Migration, reason: &impl ToString) -> Self {
        MigrateError::Failed { version: step.version, name: step.name.to_owned(), reason: reason.to_string() }
    }
}

/// A step as a database recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) checksum: String,
}

pub(crate) const CREATE_RECORD: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)";
pub(crate) const READ_RECORD: &str = "SELECT version, name, checksum FROM schema_migrations ORDER BY version";
pub(crate) const WRITE_RECORD: &str =
    "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)";

/// The steps still to be taken, or why the two histories do not agree.
pub(crate) fn plan(
    steps: &'static [Migration],
    applied: &[Applied],
) -> Result<&'static [Migration], MigrateError> {
    debug_assert!(steps.is_sorted_by(|a, b| a.version < b.version), "migrations must rise");
    for (i, record) in applied.iter().enumerate() {
        match steps.get(i) {
            Some(step) if step.version == record.version => {
                if checksum(step.sql) != record.checksum {
                    return Err(MigrateError::Changed { version: step.version, name: step.name.to_owned() });
                }
            }
            Some(step) if step.version < record.version => {
                return Err(MigrateError::Gap { version: step.version, name: step.name.to_owned() });
            }
            _ => return Err(MigrateError::Newer { version: record.version, name: record.name.clone() }),
        }
    }
    Ok(&steps[applied.len()..])
}

/// What is recorded of a step's text: the SHA-256 of the portable text, in hex.
pub(crate) fn checksum(sql: &str) -> String {
    hex::encode(Sha256::digest(sql.as_bytes()))
}

/// The text for one engine: the five words replaced where they stand alone. What stands behind `POSTGRES_ONLY` on its line
/// is not for SQLite.
pub(crate) fn rewrite(sql: &str, engine: Engine) -> String {
    // `INT`, not `INTEGER`: an `INTEGER PRIMARY KEY` would make up its own value for null.
    let (bytes, bigint, position, strict, postgres_only) = match engine {
        Engine::Sqlite => ("BLOB", "INT", "INTEGER PRIMARY KEY", "STRICT", "--"),
        Engine::Postgres => ("BYTEA", "BIGINT", "BIGINT", "", ""),
    };
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (mut out, mut rest) = (String::with_capacity(sql.len()), sql);
    while let Some(start) = rest.find(is_word) {
        let end = rest[start..].find(|c| !is_word(c)).map_or(rest.len(), |n| start + n);
        out.push_str(&rest[..start]);
        out.push_str(match &rest[start..end] {
            "BYTES" => bytes,
            "BIGINT" => bigint,
            "COMMIT_POSITION" => position,
            "STRICT_SUFFIX" => strict,
            "POSTGRES_ONLY" => postgres_only,
            word => word,
        });
        rest = &rest[end..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &[Migration] = &[
        Migration { version: 1, name: "one", sql: "CREATE TABLE one (id BYTES PRIMARY KEY) STRICT_SUFFIX" },
        Migration { version: 2, name: "two", sql: "CREATE TABLE two (a BIGINT, b BYTES_X) STRICT_SUFFIX;" },
    ];

    fn record(version: i64, sql: &str) -> Applied {
        Applied { version, name: format!("step {version}"), checksum: checksum(sql) }
    }

    #[test]
    fn the_words_are_rewritten_where_they_stand_alone() {
        assert_eq!(rewrite(STEPS[0].sql, Engine::Sqlite), "CREATE TABLE one (id BLOB PRIMARY KEY) STRICT");
        assert_eq!(rewrite(STEPS[0].sql, Engine::Postgres), "CREATE TABLE one (id BYTEA PRIMARY KEY) ");
        let places = "CREATE TABLE three (a COMMIT_POSITION)";
        assert_eq!(rewrite(places, Engine::Sqlite), "CREATE TABLE three (a INTEGER PRIMARY KEY)");
        assert_eq!(rewrite(places, Engine::Postgres), "CREATE TABLE three (a BIGINT)");
        let only = "A;\nPOSTGRES_ONLY B;\nC;";
        assert_eq!(rewrite(only, Engine::Sqlite), "A;\n-- B;\nC;");
        assert_eq!(rewrite(only, Engine::Postgres), "A;\n B;\nC;");
        assert_eq!(rewrite(STEPS[1].sql, Engine::Sqlite), "CREATE TABLE two (a INT, b BYTES_X) STRICT;");
        assert_eq!(rewrite(STEPS[1].sql, Engine::Postgres), "CREATE TABLE two (a BIGINT, b BYTES_X) ;");
    }

    #[test]
    fn a_history_that_differs_is_refused_by_name() {
        let taken = [record(1, STEPS[0].sql), record(2, STEPS[1].sql)];
        assert_eq!(plan(STEPS, &[]).unwrap(), STEPS);
        assert_eq!(plan(STEPS, &taken[..1]).unwrap(), &STEPS[1..]);
        assert_eq!(plan(STEPS, &taken).unwrap(), &[]);
        let changed = plan(STEPS, &[record(1, "CREATE TABLE other")]).unwrap_err();
        assert_eq!(changed, MigrateError::Changed { version: 1, name: "one".into() });
        let newer = plan(&STEPS[..1], &taken).unwrap_err();
        assert_eq!(newer, MigrateError::Newer { version: 2, name: "step 2".into() });
        let gap = plan(STEPS, &taken[1..]).unwrap_err();
        assert_eq!(gap, MigrateError::Gap { version: 1, name: "one".into() });
    }
}
