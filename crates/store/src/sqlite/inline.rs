//! SQLite in memory and in line: an operation runs on the caller, at once, with no thread and no wait.
//!
//! For a simulator, whose one thread must see every step in order, and for fast tests. The same code runs, commits and
//! answers operations as on the writer thread, in groups of one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{
    conn::{Purpose, open},
    group::run_group,
    job::{OpJob, in_snapshot, run_alone, run_query},
};
use crate::{
    error::StoreError,
    op::{Operation, Query},
    open_error::OpenError,
    stats::Counters,
};

pub(crate) struct InLineStore {
    conn: Mutex<Connection>,
    counters: Counters,
}

impl InLineStore {
    pub(crate) fn open() -> Result<Self, OpenError> {
        let conn = Mutex::new(open(None, Purpose::Write)?);
        Ok(InLineStore { conn, counters: Counters::default() })
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn run<O: Operation>(&self, op: O) -> Result<O::Out, StoreError> {
        let (reply, mut answer) = oneshot::channel();
        run_group(&mut self.conn(), &self.counters, 1, Box::new(OpJob::new(op, reply)), || None);
        answer
            .try_recv()
            .unwrap_or_else(|_| Err(StoreError::Internal(format!("{} was not answered", O::NAME))))
    }

    pub(crate) fn read<Q: Query>(&self, query: &Q) -> Result<Q::Out, StoreError> {
        Counters::add(&self.counters.reads);
        let mut conn = self.conn();
        if query.autocommit()
            && let Some(answer) = run_alone(query, &mut conn)
        {
            return answer;
        }
        // The one connection writes as well, and to forbid it for a moment would prepare every statement anew.
        let changes_before = conn.total_changes();
        let result = in_snapshot(&mut conn, |conn| run_query(query, conn));
        if conn.total_changes() == changes_before {
            result
        } else {
            Err(StoreError::unavailable(format!("{} wrote, and was undone", Q::NAME)))
        }
    }

    pub(crate) fn admin<R>(&self, go: impl FnOnce(&mut Connection) -> R) -> R {
        go(&mut self.conn())
    }

    fn conn(&self) -> MutexGuard<'_, Connection> {
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
