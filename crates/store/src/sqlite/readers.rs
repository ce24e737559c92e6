//! The readers: a few threads, each with a connection that cannot write.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc::Receiver,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{
    conn::{Purpose, open},
    errors::unavailable,
    job::{execute, run_alone, run_query},
    threads::spawn,
};
use crate::{error::StoreError, op::Query, open_error::OpenError, stats::Counters};

/// A reader looks at the clock after about this many of SQLite's instructions.
const CLOCK_EVERY_STEPS: i32 = 10_000;

pub(super) type ReadJob = Box<dyn FnOnce(&mut Reader) + Send>;

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
            let reader = Reader::open(path, read_max, CLOCK_EVERY_STEPS)?;
            let (queue, counters) = (Arc::clone(&queue), Arc::clone(counters));
            spawn("redress-read", move || reader.work(&queue, &counters))
        })
        .collect()
}

/// A connection that cannot write, whose reads end in time.
pub(super) struct Reader {
    conn: Connection,
    started: Instant,
    /// When the running read must end, in microseconds since `started`.
    deadline: Arc<AtomicU64>,
    /// The running read was ended because of that.
    ended: Arc<AtomicBool>,
    read_max: Duration,
}

impl Reader {
    /// Opens a connection whose reads last `read_max` at most, and look at the clock every so many steps.
    pub(super) fn open(path: &Path, read_max: Duration, clock_every_steps: i32) -> Result<Self, OpenError> {
        let mut conn = open(Some(path), Purpose::Read)?;
        let (started, deadline) = (monotonic(), Arc::new(AtomicU64::new(u64::MAX)));
        let ended = Arc::new(AtomicBool::new(false));
        let (until, over) = (Arc::clone(&deadline), Arc::clone(&ended));
        conn.progress_handler(
            clock_every_steps,
            Some(move || {
                let late = micros(started.elapsed()) >= until.load(Relaxed);
                if late {
                    over.store(true, Relaxed);
                }
                late
            }),
        )?;
        Ok(Reader { conn, started, deadline, ended, read_max })
    }

    /// The time on a clock of its own, which only this connection's deadlines are on.
    pub(super) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Runs a query in a snapshot of its own.
    pub(super) fn read<Q: Query>(&mut self, query: &Q) -> Result<Q::Out, StoreError> {
        let now = self.now();
        if query.autocommit()
            && let Some(answer) = self.until(now, |conn| run_alone(query, conn))
        {
            return answer;
        }
        self.begin()?;
        let answer = self.read_on(query, now);
        self.end();
        answer
    }

    /// Begins a snapshot: it is of the moment of the first statement in it.
    pub(super) fn begin(&mut self) -> Result<(), StoreError> {
        execute(&self.conn, "BEGIN").map_err(|error| unavailable(&error))
    }

    /// Runs a query that came at `now` in the snapshot that was begun.
    pub(super) fn read_on<Q: Query>(&mut self, query: &Q, now: Duration) -> Result<Q::Out, StoreError> {
        self.until(now, |conn| run_query(query, conn))
    }

    /// Ends the snapshot.
    pub(super) fn end(&mut self) {
        // An interrupted read may have ended it already. Where it cannot be ended the next one cannot begin, and says so.
        if !self.conn.is_autocommit()
            && let Err(error) = execute(&self.conn, "ROLLBACK")
        {
            tracing::error!(%error, "a snapshot could not be ended");
        }
    }

    /// Reads until it is time, and no longer: what ends a snapshot, or begins the next, is not ended by the clock.
    fn until<R>(&mut self, now: Duration, read: impl FnOnce(&mut Connection) -> R) -> R {
        self.ended.store(false, Relaxed);
        self.deadline.store(micros(now + self.read_max), Relaxed);
        let answer = read(&mut self.conn);
        self.deadline.store(u64::MAX, Relaxed);
        answer
    }

    /// Whether the last read took too long and was ended.
    pub(super) fn was_ended(&self) -> bool {
        self.ended.load(Relaxed)
    }

    fn work(mut self, queue: &Mutex<Receiver<ReadJob>>, counters: &Counters) {
        loop {
            // One of the threads waits in `recv`, the others for the mutex: a job goes to whoever is free.
            let Ok(job) = queue.lock().unwrap_or_else(PoisonError::into_inner).recv() else { return };
            Counters::add(&counters.reads);
            job(&mut self);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{testing::TempDir, tx::Tx};

    struct One<const AUTOCOMMIT: bool>;

    impl<const AUTOCOMMIT: bool> Query for One<AUTOCOMMIT> {
        type Out = i64;
        const NAME: &'static str = "one";

        fn autocommit(&self) -> bool {
            AUTOCOMMIT
        }

        async fn run<T: Tx>(&self, tx: &mut T) -> Result<i64, StoreError> {
            tx.rows("SELECT 1", &[]).await?[0].int(0)
        }
    }

    #[test]
    fn a_read_that_is_ended_ends_its_snapshot() {
        let dir = TempDir::new();
        let path = dir.path().join("test.db");
        // Every instruction is one too many.
        let mut reader = Reader::open(&path, Duration::ZERO, 1).unwrap();
        for _ in 0..3 {
            for answer in [reader.read(&One::<false>), reader.read(&One::<true>)] {
                assert_eq!(answer, Err(StoreError::unavailable("a read took too long")));
            }
            assert!(reader.was_ended());
            assert!(reader.conn.is_autocommit());
        }
        reader.read_max = Duration::from_secs(3600);
        assert_eq!((reader.read(&One::<false>), reader.read(&One::<true>)), (Ok(1), Ok(1)));
        assert!(!reader.was_ended());
    }
}
