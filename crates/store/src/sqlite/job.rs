//! One operation on its way through a SQLite connection, with its type erased.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{conn::SqliteTx, errors::unavailable};
use crate::{
    error::StoreError,
    op::{Done, Operation, Query},
};

/// Whether the transaction around an operation still stands after it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stands {
    Yes,
    /// SQLite has rolled back all of it (full disk, failed input or output, no memory), or it cannot be trusted.
    No(StoreError),
}

/// An operation that waits for its turn, runs inside a group, and is answered after the group's commit.
pub(super) trait Job: Send {
    /// Runs inside the open transaction, in a savepoint of its own, and keeps the result.
    fn run(&mut self, conn: &mut Connection) -> Stands;
    /// True when the operation itself could not be done now, though its group stands.
    fn unavailable(&self) -> bool;
    /// Answers the caller: with the result, or with why the group was lost.
    fn answer(self: Box<Self>, lost: Option<StoreError>);
}

/// Where the caller waits.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

pub(super) struct OpJob<O: Operation> {
    op: O,
    result: Option<Result<O::Out, StoreError>>,
    reply: Reply<O::Out>,
}

impl<O: Operation> OpJob<O> {
    pub(super) fn new(op: O, reply: Reply<O::Out>) -> Self {
        OpJob { op, result: None, reply }
    }
}

impl<O: Operation> Job for OpJob<O> {
    fn run(&mut self, conn: &mut Connection) -> Stands {
        let (result, stands) = run_in_savepoint(&self.op, conn);
        self.result = Some(result);
        stands
    }

    fn unavailable(&self) -> bool {
        matches!(self.result, Some(Err(StoreError::Unavailable { .. })))
    }

    fn answer(self: Box<Self>, lost: Option<StoreError>) {
        let result = match (lost, self.result) {
            (Some(lost), _) => Err(lost),
            (None, Some(result)) => result,
            (None, None) => Err(StoreError::Internal(format!("{} was never run", O::NAME))),
        };
        // The caller may have gone; the operation is done all the same.
        let _ = self.reply.send(result);
    }
}

/// Runs one operation inside an open transaction. On an error or a wish for rollback, its own statements are undone.
pub(super) fn run_in_savepoint<O: Operation>(
    op: &O,
    conn: &mut Connection,
) -> (Result<O::Out, StoreError>, Stands) {
    if let Err(error) = execute(conn, "SAVEPOINT op") {
        return (Err(unavailable(&error)), Stands::No(unavailable(&error)));
    }
    let done = guarded(O::NAME, || {
        let mut tx = SqliteTx::new(conn);
        match op.run(&mut tx).now_or_never() {
            Some(Ok(_)) if tx.failed() => {
                Some(Err(StoreError::Internal(format!("{} went on after a failure", O::NAME))))
            }
            polled => polled,
        }
    });
    let (keep, result) = match done {
        Ok(Done::Commit(out)) => (true, Ok(out)),
        Ok(Done::Rollback(out)) => (false, Ok(out)),
        Err(error) => (false, Err(error)),
    };
    if conn.is_autocommit() {
        let lost = match &result {
            Err(error @ StoreError::Unavailable { .. }) => error.clone(),
            _ => StoreError::unavailable("the database rolled back the whole transaction"),
        };
        return (result, Stands::No(lost));
    }
    let undone = if keep { Ok(()) } else { execute(conn, "ROLLBACK TO op") };
    match undone.and_then(|()| execute(conn, "RELEASE op")) {
        Ok(()) => (result, Stands::Yes),
        Err(error) => (Err(unavailable(&error)), Stands::No(unavailable(&error))),
    }
}

/// Runs one query in a snapshot of its own on a connection outside any transaction.
pub(super) fn run_query<Q: Query>(query: &Q, conn: &mut Connection) -> Result<Q::Out, StoreError> {
    execute(conn, "BEGIN").map_err(|error| unavailable(&error))?;
    let result = guarded(Q::NAME, || query.run(&mut SqliteTx::new(conn)).now_or_never());
    // An interrupted read may have ended the transaction already; a read has nothing to lose.
    if !conn.is_autocommit() {
        execute(conn, "ROLLBACK").map_err(|error| unavailable(&error))?;
    }
    result
}

/// Turns a panic, and a future that is not ready when polled once, into an internal error.
fn guarded<T>(
    name: &str,
    poll_once: impl FnOnce() -> Option<Result<T, StoreError>>,
) -> Result<T, StoreError> {
    // Unwind safety: whatever the operation changed in the database is rolled back, and it holds nothing else.
    match catch_unwind(AssertUnwindSafe(poll_once)) {
        Ok(Some(result)) => result,
        Ok(None) => Err(StoreError::Internal(format!("{name} awaited something other than its transaction"))),
        Err(_) => Err(StoreError::Internal(format!("{name} panicked"))),
    }
}

/// Runs a transaction-control statement, kept prepared.
pub(super) fn execute(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.raw_execute().map(|_| ())
}
