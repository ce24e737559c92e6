//! SQLite: one writer thread with group commit, a few readers, a checkpointer, and a lock on the file.

mod at_hand;
mod checkpoint;
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
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
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
    conn::BUSY_MS,
    job::OpJob,
    readers::ReadJob,
    writer::{Work, Writer},
};
pub use self::{
    copy::{CopyProgress, check_sqlite, copy_sqlite},
    lock::ServerLock,
};
pub(crate) use self::{dump::dump, inline::InLineStore, settings::settings};
use crate::{
    error::StoreError,
    op::{Operation, Query},
    stats::Counters,
};

/// Most operations in one commit.
pub const GROUP_OPS_MAX: usize = 40;
/// Most operations, and most queries, that wait for their turn.
pub const QUEUE_OPS_MAX: usize = 1024;
/// Reader threads.
pub const READERS: usize = 4;
/// No read transaction outlives this, in milliseconds: it would keep the write-ahead log from starting over.
pub const READ_MAX_MS: u64 = 5_000;
/// A brief read uses the snapshot of the one before for so long at most, in milliseconds: what another process wrote
/// meanwhile it does not see. What this process changed is seen at once.
pub const SNAPSHOT_KEPT_MS: u64 = 1;
/// A snapshot that nobody reads in any more is ended after about so long, in milliseconds.
pub const SNAPSHOT_IDLE_MS: u64 = 1_000;
/// The write-ahead log is started over when it has this many pages (192 MiB): the writer pauses for that.
pub const LOG_PAGES_MAX: u64 = 98_304;
/// How long a tool waits for the write lock of the server beside it, in milliseconds: a commit keeps it until the disk has
/// written, and whoever typed a command would only type it again.
const TOOL_WAIT_MS: u64 = 60_000;
/// How long a start waits for another server on the same file to end, in milliseconds.
pub const LOCK_WAIT_MS: u64 = 5_000;

/// How to open a SQLite database.
#[derive(Debug, Clone)]
pub struct SqliteConfig {
    /// The database file; made when missing, readable by its owner only. Its directory must exist.
    pub path: PathBuf,
    /// Most operations in one commit.
    pub group_ops_max: usize,
    /// Most operations, and most queries, that wait; one more is refused with [`StoreError::Full`].
    pub queue_ops_max: usize,
    /// Reader threads, at least one.
    pub readers: usize,
    /// So many brief reads at once run on their callers' own threads: by default as many as there are such threads, because
    /// a read handed over costs more than the wait for a page of the disk, which is all that can keep one of them.
    pub brief_reads: usize,
    /// So long a brief read may use the snapshot of an earlier one, where this process has changed nothing since.
    pub snapshot_kept: Duration,
    /// So often the snapshots are ended that are kept, and in which nobody reads.
    pub snapshot_idle: Duration,
    /// A read that lasts longer is ended.
    pub read_max: Duration,
    /// The write-ahead log is started over when it has so many pages; it may grow past that while a reader holds on to
    /// an old one.
    pub log_pages_max: u64,
    /// How long to wait for the file's lock ([`Role::Server`] only).
    pub lock_wait: Duration,
}

impl SqliteConfig {
    /// The usual limits, for the database at `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        SqliteConfig {
            path: path.into(),
            group_ops_max: GROUP_OPS_MAX,
            queue_ops_max: QUEUE_OPS_MAX,
            readers: READERS,
            brief_reads: std::thread::available_parallelism().map_or(0, usize::from),
            snapshot_kept: Duration::from_millis(SNAPSHOT_KEPT_MS),
            snapshot_idle: Duration::from_millis(SNAPSHOT_IDLE_MS),
            read_max: Duration::from_millis(READ_MAX_MS),
            log_pages_max: LOG_PAGES_MAX,
            lock_wait: Duration::from_millis(LOCK_WAIT_MS),
        }
    }
}

/// Who opens the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The one process that serves this file: takes the file's lock.
    Server,
    /// A command beside a running server: takes no lock, waits for the server's writes, writes in small batches.
    Tool,
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another server has the file.
    #[error("another server uses this database: {} is locked by {holder}; stop it first, or choose another file", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// What the holder wrote into it.
        holder: String,
    },
    /// The lock file cannot be made or locked.
    #[error("the lock file {} cannot be used: {error}", path.display())]
    LockFile {
        /// The lock file.
        path: PathBuf,
        /// The system's words.
        error: String,
    },
    /// The database file cannot be made or opened.
    #[error("the database file {} cannot be opened: {error}", path.display())]
    File {
        /// The database file.
        path: PathBuf,
        /// The system's words.
        error: String,
    },
    /// SQLite refused.
    #[error("SQLite cannot open the database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A thread could not be started.
    #[error("no thread for the database: {0}")]
    Thread(String),
    /// The address, the options or the certificates for PostgreSQL cannot be used.
    #[error("PostgreSQL cannot be used: {0}")]
    Postgres(String),
}

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

fn join(threads: &Mutex<Vec<JoinHandle<()>>>) {
    for thread in std::mem::take(&mut *threads.lock().unwrap_or_else(PoisonError::into_inner)) {
        // The last handle may die inside an operation, on the writer itself.
        if thread.thread().id() != std::thread::current().id() {
            let _ = thread.join();
        }
    }
}

fn stopped(maybe_committed: bool) -> StoreError {
    StoreError::Unavailable { reason: "the store has stopped".into(), maybe_committed }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(work).map_err(|error| OpenError::Thread(error.to_string()))
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
