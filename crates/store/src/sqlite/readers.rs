//! The readers: a few threads, each with a connection that cannot write.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::Receiver,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{
    OpenError,
    conn::{Purpose, open},
};
use crate::stats::Counters;

/// A reader looks at the clock after about this many of SQLite's instructions.
const CLOCK_EVERY_STEPS: i32 = 10_000;

pub(super) type ReadJob = Box<dyn FnOnce(&mut Connection) + Send>;

/// Starts `count` threads, which end when every sender of the queue is gone.
pub(super) fn start(
    path: &Path,
    count: usize,
    read_max: Duration,
    queue: Receiver<ReadJob>,
    counters: &Arc<Counters>,
) -> Result<Vec<JoinHandle<()>>, OpenError> {
    let queue = Arc::new(Mutex::new(queue));
    (0..count)
        .map(|_| {
            let reader = Reader::open(path, read_max)?;
            let (queue, counters) = (Arc::clone(&queue), Arc::clone(counters));
            super::spawn("redress-read", move || reader.work(&queue, &counters))
        })
        .collect()
}

struct Reader {
    conn: Connection,
    started: Instant,
    /// When the running read must end, in microseconds since `started`.
    deadline: Arc<AtomicU64>,
    read_max: Duration,
}

impl Reader {
    fn open(path: &Path, read_max: Duration) -> Result<Self, OpenError> {
        let mut conn = open(Some(path), Purpose::Read)?;
        let (started, deadline) = (monotonic(), Arc::new(AtomicU64::new(u64::MAX)));
        let theirs = Arc::clone(&deadline);
        conn.progress_handler(
            CLOCK_EVERY_STEPS,
            Some(move || micros(started.elapsed()) >= theirs.load(Relaxed)),
        )?;
        Ok(Reader { conn, started, deadline, read_max })
    }

    fn work(mut self, queue: &Mutex<Receiver<ReadJob>>, counters: &Counters) {
        loop {
            // One of the threads waits in `recv`, the others for the mutex: a job goes to whoever is free.
            let Ok(job) = queue.lock().unwrap_or_else(PoisonError::into_inner).recv() else { return };
            self.deadline.store(micros(self.started.elapsed() + self.read_max), Relaxed);
            Counters::add(&counters.reads);
            job(&mut self.conn);
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a thread that runs SQL has no clock handed in; it decides nothing else"
)]
fn monotonic() -> Instant {
    Instant::now()
}
