//! Counters of a running store, for metrics, benchmarks and readiness.

use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// A reading of the counters; all of them only rise, except the three last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Operations run, whatever their result.
    pub ops: u64,
    /// Queries run, whatever their result.
    pub reads: u64,
    /// Transactions committed: groups on SQLite, operations on PostgreSQL.
    pub commits: u64,
    /// Transactions lost: all their operations were answered `Unavailable`.
    pub lost: u64,
    /// Operations refused because the queue was full.
    pub refused: u64,
    /// Operations run again after a serialization failure or a deadlock (PostgreSQL).
    pub retries: u64,
    /// Checkpoints run (SQLite).
    pub checkpoints: u64,
    /// Pages written to the write-ahead log (SQLite).
    pub wal_frames_written: u64,
    /// Pages in the write-ahead log after the last commit (SQLite).
    pub wal_frames: u64,
    /// Operations waiting for their turn now.
    pub waiting: u64,
    /// False from a transaction lost (disk full, connection gone) until one that wrote something is kept.
    pub writable: bool,
}

#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) ops: AtomicU64,
    pub(crate) reads: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) retries: AtomicU64,
    pub(crate) checkpoints: AtomicU64,
    pub(crate) wal_frames_written: AtomicU64,
    pub(crate) wal_frames: AtomicU64,
    pub(crate) waiting: AtomicU64,
    pub(crate) writable: AtomicBool,
    /// How often this process may have changed a SQLite file: counted after each change and before anybody hears of it.
    pub(crate) changes: AtomicU64,
}

impl Default for Counters {
    fn default() -> Self {
        let zero = AtomicU64::default;
        Counters {
            ops: zero(),
            reads: zero(),
            commits: zero(),
            lost: zero(),
            refused: zero(),
            retries: zero(),
            checkpoints: zero(),
            wal_frames_written: zero(),
            wal_frames: zero(),
            waiting: zero(),
            writable: AtomicBool::new(true),
            changes: zero(),
        }
    }
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Relaxed);
    }

    /// From here on nobody reads in a snapshot from before.
    pub(crate) fn changed(&self) {
        self.changes.fetch_add(1, Release);
    }

    /// A snapshot begun after this was read holds everything that was answered before.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Acquire)
    }

    /// Notes the length of the write-ahead log after a commit that wrote to it.
    pub(crate) fn wal_is_long(&self, frames: u64) {
        let before = self.wal_frames.swap(frames, Relaxed);
        // A shorter log was started over.
        let written = frames.checked_sub(before).unwrap_or(frames);
        self.wal_frames_written.fetch_add(written, Relaxed);
    }

    pub(crate) fn read(&self) -> StoreStats {
        StoreStats {
            ops: self.ops.load(Relaxed),
            reads: self.reads.load(Relaxed),
            commits: self.commits.load(Relaxed),
            lost: self.lost.load(Relaxed),
            refused: self.refused.load(Relaxed),
            retries: self.retries.load(Relaxed),
            checkpoints: self.checkpoints.load(Relaxed),
            wal_frames_written: self.wal_frames_written.load(Relaxed),
            wal_frames: self.wal_frames.load(Relaxed),
            waiting: self.waiting.load(Relaxed),
            writable: self.writable.load(Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_across_a_log_that_starts_over() {
        let counters = Counters::default();
        for frames in [10, 25, 5] {
            counters.wal_is_long(frames);
        }
        let stats = counters.read();
        assert_eq!((stats.wal_frames_written, stats.wal_frames), (30, 5));
    }
}
