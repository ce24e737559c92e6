//! Group commit: many operations, one transaction, one wait for the disk; the answers come after it.

use rusqlite::Connection;

use super::{
    errors::unavailable,
    job::{Job, Stands, execute},
};
use crate::{error::StoreError, stats::Counters};

/// What became of the connection after a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// It can go on.
    Usable,
    /// A commit or a rollback failed: what it believes about the file cannot be trusted. Close it, open another.
    Reopen,
}

/// Runs `first` and whatever `more` hands over, up to `ops_max`, in one transaction; then answers all of them.
pub(super) fn run_group(
    conn: &mut Connection,
    counters: &Counters,
    ops_max: usize,
    first: Box<dyn Job>,
    mut more: impl FnMut() -> Option<Box<dyn Job>>,
) -> After {
    if let Err(error) = execute(conn, "BEGIN IMMEDIATE") {
        Counters::add(&counters.lost);
        first.answer(Some(unavailable(&error)));
        return if conn.is_autocommit() { After::Usable } else { After::Reopen };
    }
    let changes_before = conn.total_changes();
    let (mut group, mut next, mut lost) = (Vec::new(), Some(first), None);
    while let Some(mut job) = next.take() {
        let stands = job.run(conn);
        Counters::add(&counters.ops);
        group.push(job);
        match stands {
            Stands::No(error) => lost = Some(error),
            Stands::Yes if group.len() < ops_max => next = more(),
            Stands::Yes => {}
        }
    }
    let mut after = After::Usable;
    if lost.is_none()
        && let Err(error) = execute(conn, "COMMIT")
    {
        // The pages may have reached the log all the same, and a crash now would bring them back: nobody knows.
        let reason = format!("the commit failed: {error}");
        lost = Some(StoreError::Unavailable { reason, maybe_committed: true });
        after = After::Reopen;
    }
    if lost.is_some() && !conn.is_autocommit() && execute(conn, "ROLLBACK").is_err() {
        after = After::Reopen;
    }
    note(counters, lost.as_ref(), conn.total_changes() > changes_before, &group);
    for job in group {
        job.answer(lost.clone());
    }
    after
}

fn note(counters: &Counters, lost: Option<&StoreError>, wrote: bool, group: &[Box<dyn Job>]) {
    use std::sync::atomic::Ordering::Relaxed;
    match lost {
        None => Counters::add(&counters.commits),
        Some(error) => {
            Counters::add(&counters.lost);
            tracing::error!(%error, operations = group.len(), "a group of operations was lost");
        }
    }
    if lost.is_some() || group.iter().any(|job| job.unavailable()) {
        counters.writable.store(false, Relaxed);
    } else if wrote {
        counters.writable.store(true, Relaxed);
    }
}
