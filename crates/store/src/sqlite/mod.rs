//! SQLite: one writer thread with group commit, a few readers, a checkpointer, and a lock on the file.

mod at_hand;
mod checkpoint;
mod config;
mod conn;
mod copy;
mod dump;
mod errors;
mod group;
mod inline;
mod job;
mod lock;
pub(crate) mod migrations;
mod readers;
mod settings;
mod threads;
mod writer;

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::Ordering::Relaxed,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

#[cfg(test)]
pub(crate) use self::conn::tests::prepared_again;
use self::{
    at_hand::AtHand,
    checkpoint::Checkpointer,
    config::TOOL_WAIT_MS,
    conn::BUSY_MS,
    job::OpJob,
    readers::ReadJob,
    threads::{join, spawn},
    writer::{Work, Writer},
};
pub use self::{
    config::{
        GROUP_OPS_MAX, LOCK_WAIT_MS, LOG_PAGES_MAX, QUEUE_OPS_MAX, READ_MAX_MS, READERS, Role,
        SNAPSHOT_IDLE_MS, SNAPSHOT_KEPT_MS, SqliteConfig,
    },
    copy::{CopyProgress, check_sqlite, copy_sqlite},
    lock::ServerLock,
};
pub(crate) use self::{dump::dump, inline::InLineStore, settings::settings};
use crate::{
    error::StoreError,
    op::{Operation, Query},
    open_error::OpenError,
    stats::Counters,
};

/// A running SQLite store. Dropping it finishes what is queued, closes the file, and only then gives up the lock.
pub(crate) struct SqliteStore {
    work: Option<SyncSender<Work>>,
    at_hand: Option<Arc<AtHand>>,
    reads: Option<SyncSender<ReadJob>>,
    reader_threads: Mutex<Vec<JoinHandle<()>>>,
    /// The writer and the checkpointer.
    threads: Mutex<Vec<JoinHandle<()>>>,
    counters: Arc<Counters>,
    _lock: Option<ServerLock>,
}

impl SqliteStore {
    /// Opens the file and starts the threads. Blocks while it waits for the lock.
    pub(crate) fn open(config: &SqliteConfig, role: Role) -> Result<Self, OpenError> {
        let (lock, write_wait_ms) = match role {
            Role::Server => (Some(ServerLock::take(&config.path, config.lock_wait)?), BUSY_MS),
            Role::Tool => (None, TOOL_WAIT_MS),
        };
        make_private(&config.path)?;
        let counters = Arc::new(Counters::default());
        let (brief_reads, keep) = (config.brief_reads, config.snapshot_kept);
        let at_hand = Arc::new(AtHand::open(&config.path, brief_reads, keep, Arc::clone(&counters))?);
        let (checkpointer, checkpoint_thread) = Checkpointer::start(
            &config.path,
            config.log_pages_max,
            config.snapshot_idle,
            Arc::clone(&counters),
            Arc::downgrade(&at_hand),
        )?;
        let (work, queue) = sync_channel(config.queue_ops_max);
        let writer = Writer::new(
            config.path.clone(),
            queue,
            Arc::clone(&counters),
            checkpointer,
            config.group_ops_max.max(1),
            Duration::from_millis(write_wait_ms),
        )?;
        let (reads, read_queue) = sync_channel(config.queue_ops_max);
        let readers = config.readers.max(1);
        let reader_threads = readers::start(&config.path, readers, config.read_max, read_queue, &counters)?;
        let threads = vec![spawn("redress-write", move || writer.run())?, checkpoint_thread];
        Ok(SqliteStore {
            work: Some(work),
            at_hand: Some(at_hand),
            reads: Some(reads),
            reader_threads: Mutex::new(reader_threads),
            threads: Mutex::new(threads),
            counters,
            _lock: lock,
        })
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Runs an operation in the writer's next group. Once sent it runs to its end, even when the caller goes away.
    pub(crate) async fn run<O: Operation>(&self, op: O) -> Result<O::Out, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Work::Op(Box::new(OpJob::new(op, reply))))?;
        answer.await.unwrap_or_else(|_| Err(stopped(true)))
    }

    /// Runs a query: a brief one here, any other on a reader.
    pub(crate) async fn read<Q: Query>(&self, query: Q) -> Result<Q::Out, StoreError> {
        let at_hand = self.at_hand.as_ref().filter(|_| Q::BRIEF);
        if let Some(answer) = at_hand.and_then(|at_hand| at_hand.read(&query)) {
            return answer;
        }
        let (reply, answer) = oneshot::channel();
        let job: ReadJob = Box::new(move |reader| {
            let _ = reply.send(reader.read(&query));
        });
        match self.reads.as_ref().ok_or_else(|| stopped(false))?.try_send(job) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(stopped(false))),
            Err(TrySendError::Full(_)) => Err(self.refuse()),
            Err(TrySendError::Disconnected(_)) => Err(stopped(false)),
        }
    }

    /// Does something with the writer's connection between two groups.
    pub(crate) async fn admin<R: Send + 'static>(
        &self,
        go: impl FnOnce(&mut Connection) -> R + Send + 'static,
    ) -> Result<R, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Work::Admin(Box::new(move |conn, counters| {
            let done = conn.map(go);
            counters.changed();
            let _ = reply.send(done);
        })))?;
        answer.await.unwrap_or_else(|_| Err(stopped(true)))
    }

    fn submit(&self, work: Work) -> Result<(), StoreError> {
        let queue = self.work.as_ref().ok_or_else(|| stopped(false))?;
        // Counted first: the writer may take it, and count down, before this thread goes on.
        self.counters.waiting.fetch_add(1, Relaxed);
        queue.try_send(work).map_err(|error| {
            self.counters.waiting.fetch_sub(1, Relaxed);
            match error {
                TrySendError::Full(_) => self.refuse(),
                TrySendError::Disconnected(_) => stopped(false),
            }
        })
    }

    fn refuse(&self) -> StoreError {
        Counters::add(&self.counters.refused);
        StoreError::Full
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // The readers first: the connection that closes last ends the log, and one that only reads cannot.
        self.at_hand = None;
        self.reads = None;
        join(&self.reader_threads);
        self.work = None;
        join(&self.threads);
    }
}

fn stopped(maybe_committed: bool) -> StoreError {
    StoreError::Unavailable { reason: "the store has stopped".into(), maybe_committed }
}

/// Makes the file when it is missing, for its owner only; SQLite gives its side files the same permissions.
fn make_private(path: &Path) -> Result<(), OpenError> {
    // Never opens a file that is there: closing it again would drop the locks this process holds on it.
    if path.exists() {
        return Ok(());
    }
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let fail = |error: std::io::Error| OpenError::File { path: path.to_owned(), error: error.to_string() };
    options.open(path).map(drop).map_err(fail)
}

#[cfg(test)]
mod tests;
