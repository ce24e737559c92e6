//! The writer: one thread that owns the only connection which writes.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::Ordering::Relaxed,
        mpsc::{Receiver, RecvTimeoutError, TryRecvError},
    },
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{
    checkpoint::Checkpointer,
    conn::{Purpose, open},
    errors::unavailable,
    group::{After, run_group},
    job::Job,
};
use crate::{error::StoreError, stats::Counters};

/// With nothing to do for this long, in milliseconds, the writer asks for a checkpoint.
const IDLE_MS: u64 = 100;

/// How long a group of operations that are all patient is kept open for more of them. A commit costs as much for one
/// operation as for many; what nobody waits for comes one by one, as the PSPs and the merchants answer.
const GATHER: Duration = Duration::from_millis(2);

/// What the writer's queue carries.
pub(super) enum Work {
    /// An operation, to be run in a group.
    Op(Box<dyn Job>),
    /// Something to do with the connection between groups: migrations, inspection by tests.
    Admin(Admin),
}

pub(super) type Admin = Box<dyn FnOnce(Result<&mut Connection, StoreError>, &Counters) + Send>;

pub(super) struct Writer {
    path: PathBuf,
    /// None after a failure; opened again when the next work comes.
    conn: Option<Connection>,
    queue: Receiver<Work>,
    counters: Arc<Counters>,
    checkpointer: Checkpointer,
    group_ops_max: usize,
    /// For the write lock, where another process has it.
    lock_wait: Duration,
}

impl Writer {
    pub(super) fn new(
        path: PathBuf,
        queue: Receiver<Work>,
        counters: Arc<Counters>,
        checkpointer: Checkpointer,
        group_ops_max: usize,
        lock_wait: Duration,
    ) -> rusqlite::Result<Self> {
        let mut writer = Writer { path, conn: None, queue, counters, checkpointer, group_ops_max, lock_wait };
        writer.conn = Some(writer.connect()?);
        Ok(writer)
    }

    /// Works until every sender of the queue is gone and the queue is empty.
    pub(super) fn run(mut self) {
        let mut carried = None;
        while let Some(work) = carried.take().or_else(|| self.next()) {
            match work {
                Work::Op(job) => carried = self.group(job),
                Work::Admin(admin) => match self.ready() {
                    Ok(()) => admin(self.conn.as_mut().ok_or_else(closed), &self.counters),
                    Err(error) => admin(Err(error), &self.counters),
                },
            }
            self.checkpointer.between_groups(self.counters.wal_frames.load(Relaxed));
        }
    }

    fn next(&mut self) -> Option<Work> {
        let work = match self.queue.recv_timeout(Duration::from_millis(IDLE_MS)) {
            Err(RecvTimeoutError::Timeout) => {
                self.checkpointer.idle(self.counters.wal_frames.load(Relaxed));
                self.queue.recv().ok()?
            }
            received => received.ok()?,
        };
        self.counters.waiting.fetch_sub(1, Relaxed);
        Some(work)
    }

    /// Runs a group; answers the work found in the queue that does not belong into one.
    fn group(&mut self, first: Box<dyn Job>) -> Option<Work> {
        if let Err(error) = self.ready() {
            Counters::add(&self.counters.lost);
            first.answer(Some(error));
            return None;
        }
        let conn = self.conn.as_mut()?;
        let (queue, waiting, mut carried) = (&self.queue, &self.counters.waiting, None);
        let mut patience = first.patient().then(|| monotonic() + GATHER);
        let more = || {
            let work = joining(queue, &mut patience)?;
            waiting.fetch_sub(1, Relaxed);
            match work {
                Work::Op(job) => Some(job),
                Work::Admin(_) => {
                    carried = Some(work);
                    None
                }
            }
        };
        if run_group(conn, &self.counters, self.group_ops_max, first, more) == After::Reopen {
            self.conn = None;
        }
        carried
    }

    fn ready(&mut self) -> Result<(), StoreError> {
        if self.conn.is_none() {
            let conn = self.connect().map_err(|error| unavailable(&error))?;
            tracing::warn!("the writer's connection was opened again");
            self.conn = Some(conn);
        }
        Ok(())
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let mut conn = open(Some(&self.path), Purpose::Write)?;
        conn.busy_timeout(self.lock_wait)?;
        let counters = Arc::clone(&self.counters);
        conn.wal_hook(Some(move |_: &mut _, frames: std::ffi::c_int| {
            counters.wal_is_long(u64::try_from(frames).unwrap_or(0));
            Ok(())
        }))?;
        Ok(conn)
    }
}

/// What joins an open group: what is there, or, while all of the group may wait, what comes until then.
fn joining(queue: &Receiver<Work>, patience: &mut Option<Instant>) -> Option<Work> {
    let work = match (queue.try_recv(), *patience) {
        (Err(TryRecvError::Empty), Some(until)) => {
            queue.recv_timeout(until.saturating_duration_since(monotonic())).ok()
        }
        (received, _) => received.ok(),
    };
    // Whoever waits for an answer waits for no others.
    if !matches!(&work, Some(Work::Op(job)) if job.patient()) {
        *patience = None;
    }
    work
}

fn closed() -> StoreError {
    StoreError::unavailable("the connection is closed")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a thread that runs SQL has no clock handed in; it decides nothing but how long a group stays open"
)]
fn monotonic() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::sqlite::job::{Apart, Stands};

    /// An operation that may wait, or may not.
    struct Named(bool);

    impl Job for Named {
        fn run(&mut self, _: &mut Connection, _: Apart) -> Stands {
            Stands::Yes
        }

        fn patient(&self) -> bool {
            self.0
        }

        fn unavailable(&self) -> bool {
            false
        }

        fn answer(self: Box<Self>, _: Option<StoreError>) {}
    }

    fn op(patient: bool) -> Work {
        Work::Op(Box::new(Named(patient)))
    }

    /// Longer than any test runs: what waits for its end hangs.
    fn long() -> Option<Instant> {
        Some(monotonic() + Duration::from_secs(3_600))
    }

    #[test]
    fn a_group_of_what_may_wait_is_joined_by_what_comes_later() {
        let (sender, queue) = channel();
        let later = std::thread::spawn(move || sender.send(op(true)).map(|()| sender));
        let mut patience = long();
        assert!(joining(&queue, &mut patience).is_some(), "it was not there when the group began to wait");
        assert!(patience.is_some(), "and more may come");
        drop(later.join());
        let mut over = Some(monotonic());
        assert!(joining(&queue, &mut over).is_none(), "its time is over");
    }

    #[test]
    fn whoever_waits_for_an_answer_ends_the_waiting_for_others() {
        let (sender, queue) = channel();
        let mut patience = long();
        sender.send(op(false)).unwrap();
        sender.send(op(true)).unwrap();
        for _ in 0..2 {
            assert!(joining(&queue, &mut patience).is_some(), "what is there anyway joins");
        }
        assert!(patience.is_none() && joining(&queue, &mut patience).is_none());
    }

    #[test]
    fn what_nobody_sends_any_more_is_not_waited_for() {
        let (sender, queue) = channel();
        drop(sender);
        assert!(joining(&queue, &mut long()).is_none());
    }
}
