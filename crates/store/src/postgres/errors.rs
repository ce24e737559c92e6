//! PostgreSQL's errors in the store's words.

use tokio_postgres::{Error, error::SqlState};

use crate::error::StoreError;

/// What an error means: for the caller, and for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) error: StoreError,
    /// The whole operation may be run again at once: a serialization failure or a deadlock undid it.
    pub(super) again: bool,
}

/// Says what an error of a statement means. Error codes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>
pub(super) fn classify(error: &Error, sql: &str) -> Meaning {
    let Some(db) = error.as_db_error() else {
        // Parameters and columns are checked before they reach the driver: what is left is the connection.
        return Meaning { error: StoreError::unavailable(plain(error)), again: false };
    };
    let name = || db.constraint().unwrap_or("an unnamed constraint").to_owned();
    // Never the detail, which holds the row's content.
    let message = format!("{} ({})", db.message(), db.code().code());
    let meaning = |error| Meaning { error, again: false };
    match db.code() {
        &SqlState::UNIQUE_VIOLATION | &SqlState::CHECK_VIOLATION | &SqlState::EXCLUSION_VIOLATION => {
            meaning(StoreError::Conflict(name()))
        }
        &SqlState::FOREIGN_KEY_VIOLATION | &SqlState::NOT_NULL_VIOLATION => {
            meaning(StoreError::inconsistent(message))
        }
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => {
            Meaning { error: StoreError::unavailable(message), again: true }
        }
        &SqlState::LOCK_NOT_AVAILABLE | &SqlState::READ_ONLY_SQL_TRANSACTION => {
            meaning(StoreError::unavailable(message))
        }
        // Connection, resources (disk full among them), operator intervention, system error.
        code if ["08", "53", "57", "58"].contains(&&code.code()[..2]) => {
            meaning(StoreError::unavailable(message))
        }
        _ => meaning(StoreError::Internal(format!("{message} in: {sql}"))),
    }
}

/// The same for a COMMIT: where the connection went meanwhile, nobody knows whether it was kept.
pub(super) fn classify_commit(error: &Error) -> Meaning {
    let mut meaning = classify(error, "COMMIT");
    if let StoreError::Unavailable { maybe_committed, .. } = &mut meaning.error {
        *maybe_committed = !meaning.again;
    }
    meaning
}

/// An error and its causes in one line: the driver's own text leaves the cause out.
pub(super) fn plain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
