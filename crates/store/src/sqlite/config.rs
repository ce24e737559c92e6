//! How a SQLite database is opened.

use std::{path::PathBuf, time::Duration};

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
pub(super) const TOOL_WAIT_MS: u64 = 60_000;
/// How long a start waits for another server on the same file to end, in milliseconds.
pub const LOCK_WAIT_MS: u64 = 5_000;

/// How to open a SQLite database.
#[derive(Debug, Clone)]
pub struct SqliteConfig {
    /// The database file; made when missing, readable by its owner only. Its directory must exist.
    pub path: PathBuf,
    /// Most operations in one commit.
    pub group_ops_max: usize,
    /// Most operations, and most queries, that wait; one more is refused with [`StoreError::Full`](crate::StoreError::Full).
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
    /// A process that serves. The one of a file takes the file's lock; those of a PostgreSQL database share one.
    Server,
    /// A command beside a running server: takes no lock. On a file it waits for the server's writes and writes in small
    /// batches.
    Tool,
}
