//! PostgreSQL's errors in the store's words.

use std::{future::Future, time::Duration};

use tokio_postgres::{Error, error::SqlState};

use crate::error::StoreError;

/// What an error means: for the caller, and for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) error: StoreError,
    /// The whole operation may be run again at once: a serialization failure or a deadlock undid it.
    pub(super) again: bool,
    /// How the connection is now.
    pub(super) connection: Connection,
}

/// How a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connection {
    /// It can be used again.
    Well,
    /// It is closed.
    Closed,
    /// It must not be used again: nobody answers on it, or it leads to a server that takes no changes.
    Bad,
}

impl Meaning {
    /// The end of it, on a connection that is well.
    pub(super) fn of(error: StoreError) -> Self {
        Meaning { error, again: false, connection: Connection::Well }
    }

    /// True when the connection can be used again.
    pub(super) fn is_well(&self) -> bool {
        self.connection == Connection::Well
    }
}

/// Waits for an answer of the server. One that does not come is a connection lost: with a machine that lost its power,
/// or a network that swallows everything, nobody ever says so.
pub(super) async fn answered<T>(
    limit: Duration,
    sql: &str,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Meaning> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer.map_err(|error| classify(&error, sql)),
        Err(_) => {
            let reason = format!("the server did not answer within {} ms", limit.as_millis());
            Err(Meaning { connection: Connection::Bad, ..Meaning::of(StoreError::unavailable(reason)) })
        }
    }
}

/// Says what an error of a statement means. Error codes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>
pub(super) fn classify(error: &Error, sql: &str) -> Meaning {
    let Some(db) = error.as_db_error() else {
        // Parameters and columns are checked before they reach the driver: what is left is the connection.
        let error = StoreError::unavailable(plain(error));
        return Meaning { connection: Connection::Closed, ..Meaning::of(error) };
    };
    let name = || db.constraint().unwrap_or("an unnamed constraint").to_owned();
    // Never the detail, which holds the row's content.
    let message = format!("{} ({})", db.message(), db.code().code());
    let meaning = Meaning::of;
    match db.code() {
        &SqlState::UNIQUE_VIOLATION | &SqlState::CHECK_VIOLATION | &SqlState::EXCLUSION_VIOLATION => {
            meaning(StoreError::Conflict(name()))
        }
        &SqlState::FOREIGN_KEY_VIOLATION | &SqlState::NOT_NULL_VIOLATION => {
            meaning(StoreError::inconsistent(message))
        }
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => {
            Meaning { again: true, ..meaning(StoreError::unavailable(message)) }
        }
        &SqlState::LOCK_NOT_AVAILABLE => meaning(StoreError::unavailable(message)),
        // A standby, or what was the primary: another connection may find the one that is now.
        &SqlState::READ_ONLY_SQL_TRANSACTION => {
            Meaning { connection: Connection::Bad, ..meaning(StoreError::unavailable(message)) }
        }
        // Connection, resources (disk full among them), operator intervention, system error.
        code if ["08", "53", "57", "58"].contains(&&code.code()[..2]) => {
            meaning(StoreError::unavailable(message))
        }
        _ => meaning(StoreError::Internal(format!("{message} in: {sql}"))),
    }
}

/// The same for a COMMIT: where the connection went meanwhile, nobody knows whether it was kept.
pub(super) fn of_commit(mut meaning: Meaning) -> Meaning {
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
