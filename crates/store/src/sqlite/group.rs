//! Group commit: many operations, one transaction, one wait for the disk; the answers come after it.

use rusqlite::Connection;

use super::{
    errors::unavailable,
    job::{Apart, Job, Stands, execute},
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
///
/// Nearly every operation keeps what it writes, and a savepoint for each would cost more than a tenth of the work. So
/// they run without; when one has written something that must not be kept, all of it is undone, and the group is run
/// again with savepoints, and so is what joins it.
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
    let mut apart = Apart::No;
    while let Some(mut job) = next.take() {
        let mut stands = job.run(conn, apart);
        Counters::add(&counters.ops);
        group.push(job);
        if stands == Stands::Mixed {
            apart = Apart::Savepoint;
            stands = run_again(conn, &mut group);
        }
        match stands {
            Stands::Yes if group.len() < ops_max => next = more(),
            Stands::Yes | Stands::Mixed => {}
            Stands::No(error) => lost = Some(error),
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
    counters.changed();
    note(counters, lost.as_ref(), conn.total_changes() > changes_before, &group);
    for job in group {
        job.answer(lost.clone());
    }
    after
}

/// Undoes the group and runs it once more, each operation by itself.
fn run_again(conn: &mut Connection, group: &mut [Box<dyn Job>]) -> Stands {
    if let Err(error) = execute(conn, "ROLLBACK").and_then(|()| execute(conn, "BEGIN IMMEDIATE")) {
        return Stands::No(unavailable(&error));
    }
    let each = group.iter_mut().map(|job| job.run(conn, Apart::Savepoint));
    each.into_iter().find(|stands| *stands != Stands::Yes).unwrap_or(Stands::Yes)
}

fn note(counters: &Counters, lost: Option<&StoreError>, wrote: bool, group: &[Box<dyn Job>]) {
    use std::sync::atomic::Ordering::Relaxed;
    match lost {
        None => {
            Counters::add(&counters.commits);
            metrics::histogram!("redress_store_group_operations")
                .record(u32::try_from(group.len()).unwrap_or(u32::MAX));
        }
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
