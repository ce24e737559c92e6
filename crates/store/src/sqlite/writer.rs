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

pub(super) type Admin = Box<dyn FnOnce(Result<&mut Connection, StoreError>) + Send>;

pub(super) struct Writer {
    path: PathBuf,
    /// None after a failure; opened again when the next work comes.
    conn: Option<Connection>,
    queue: Receiver<Work>,
    counters: Arc<Counters>,
    checkpointer: Checkpointer,
    group_ops_max: usize,
}

impl Writer {
    pub(super) fn new(
        path: PathBuf,
        queue: Receiver<Work>,
        counters: Arc<Counters>,
        checkpointer: Checkpointer,
        group_ops_max: usize,
    ) -> rusqlite::Result<Self> {
        let mut writer = Writer { path, conn: None, queue, counters, checkpointer, group_ops_max };
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
                    Ok(()) => admin(self.conn.as_mut().ok_or_else(closed)),
                    Err(error) => admin(Err(error)),
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
            let work = match (queue.try_recv(), patience) {
                (Err(TryRecvError::Empty), Some(until)) => {
                    queue.recv_timeout(until.saturating_duration_since(monotonic())).ok()
                }
                (received, _) => received.ok(),
            };
            work.and_then(|work| {
                waiting.fetch_sub(1, Relaxed);
                match work {
                    Work::Op(job) => {
                        patience = patience.filter(|_| job.patient());
                        Some(job)
                    }
                    Work::Admin(_) => {
                        carried = Some(work);
                        None
                    }
                }
            })
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
        let counters = Arc::clone(&self.counters);
        conn.wal_hook(Some(move |_: &mut _, frames: std::ffi::c_int| {
            counters.wal_is_long(u64::try_from(frames).unwrap_or(0));
            Ok(())
        }))?;
        Ok(conn)
    }
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
