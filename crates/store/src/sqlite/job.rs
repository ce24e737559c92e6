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

/// What keeps an operation from the others of its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Apart {
    /// Nothing: cheap, and enough where it keeps what it writes or writes nothing.
    No,
    /// A savepoint: its own statements can be undone.
    Savepoint,
}

/// Whether the transaction around an operation still stands after it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stands {
    Yes,
    /// The operation's own statements must be undone and cannot be: it ran without a savepoint.
    Mixed,
    /// SQLite has rolled back all of it (full disk, failed input or output, no memory), or it cannot be trusted.
    No(StoreError),
}

/// An operation that waits for its turn, runs inside a group, and is answered after the group's commit.
pub(super) trait Job: Send {
    /// Runs inside the open transaction and keeps the result, instead of that of an earlier run.
    fn run(&mut self, conn: &mut Connection, apart: Apart) -> Stands;
    /// Whether it may wait for others to share its commit with.
    fn patient(&self) -> bool;
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
    fn run(&mut self, conn: &mut Connection, apart: Apart) -> Stands {
        // An earlier result may hold what the operation takes again: the right to send.
        self.result = None;
        let (result, stands) = match apart {
            Apart::No => run_among_others(&self.op, conn),
            Apart::Savepoint => run_in_savepoint(&self.op, conn),
        };
        self.result = Some(result);
        stands
    }

    fn patient(&self) -> bool {
        O::PATIENT
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

/// Runs one operation inside an open transaction, without a way to undo it alone.
fn run_among_others<O: Operation>(op: &O, conn: &mut Connection) -> (Result<O::Out, StoreError>, Stands) {
    let changes_before = conn.total_changes();
    let (result, stands) = match poll(op, conn) {
        Ok(Done::Commit(out)) => (Ok(out), Stands::Yes),
        Ok(Done::Rollback(out)) if conn.total_changes() == changes_before => (Ok(out), Stands::Yes),
        Ok(Done::Rollback(out)) => (Ok(out), Stands::Mixed),
        Err(error) => (Err(error), Stands::Mixed),
    };
    match lost(conn, &result) {
        Some(lost) => (result, Stands::No(lost)),
        None => (result, stands),
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
    let (keep, result) = match poll(op, conn) {
        Ok(Done::Commit(out)) => (true, Ok(out)),
        Ok(Done::Rollback(out)) => (false, Ok(out)),
        Err(error) => (false, Err(error)),
    };
    if let Some(lost) = lost(conn, &result) {
        return (result, Stands::No(lost));
    }
    let undone = if keep { Ok(()) } else { execute(conn, "ROLLBACK TO op") };
    match undone.and_then(|()| execute(conn, "RELEASE op")) {
        Ok(()) => (result, Stands::Yes),
        Err(error) => (Err(unavailable(&error)), Stands::No(unavailable(&error))),
    }
}

fn poll<O: Operation>(op: &O, conn: &mut Connection) -> Result<Done<O::Out>, StoreError> {
    guarded(O::NAME, || {
        let mut tx = SqliteTx::new(conn);
        match op.run(&mut tx).now_or_never() {
            Some(Ok(_)) if tx.failed() => {
                Some(Err(StoreError::Internal(format!("{} went on after a failure", O::NAME))))
            }
            polled => polled,
        }
    })
}

/// Why the whole transaction is gone, where it is.
fn lost<T>(conn: &Connection, result: &Result<T, StoreError>) -> Option<StoreError> {
    conn.is_autocommit().then(|| match result {
        Err(error @ StoreError::Unavailable { .. }) => error.clone(),
        _ => StoreError::unavailable("the database rolled back the whole transaction"),
    })
}

/// Reads in a snapshot of its own on a connection outside any transaction.
pub(super) fn in_snapshot<R>(
    conn: &mut Connection,
    read: impl FnOnce(&mut Connection) -> Result<R, StoreError>,
) -> Result<R, StoreError> {
    execute(conn, "BEGIN").map_err(|error| unavailable(&error))?;
    let result = read(conn);
    // An interrupted read may have ended the transaction already; a read has nothing to lose.
    if !conn.is_autocommit() {
        execute(conn, "ROLLBACK").map_err(|error| unavailable(&error))?;
    }
    result
}

/// Runs one query inside an open transaction.
pub(super) fn run_query<Q: Query>(query: &Q, conn: &mut Connection) -> Result<Q::Out, StoreError> {
    guarded(Q::NAME, || query.run(&mut SqliteTx::new(conn)).now_or_never())
}

/// Runs one query without a transaction around it; `None` where it needs one.
pub(super) fn run_alone<Q: Query>(query: &Q, conn: &mut Connection) -> Option<Result<Q::Out, StoreError>> {
    let mut tx = SqliteTx::autocommit(conn);
    let answer = guarded(Q::NAME, || query.run(&mut tx).now_or_never());
    (!tx.needs_transaction()).then_some(answer)
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
