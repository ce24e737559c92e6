//! Brief reads on the caller's own thread: to hand one to a reader and wait for the answer takes longer than the read.
//!
//! To begin and to end a snapshot takes as long as a brief read in it: locks of the file by system calls, under a lock
//! that all connections of the process share. So a connection keeps its snapshot for the next read. It is used again only
//! while this process has changed nothing since, so whoever was answered finds what it was told; and for a moment at most,
//! because a command beside the server changes the file too.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use super::readers::Reader;
use crate::{error::StoreError, op::Query, open_error::OpenError, stats::Counters};

/// A brief read that lasts longer is given to a reader: nothing else happens on the caller's thread meanwhile.
const BRIEF_MAX: Duration = Duration::from_millis(1);

/// It looks at the clock after about this many of SQLite's instructions.
const CLOCK_EVERY_STEPS: i32 = 1_000;

/// The connections for brief reads, each for one thread at a time. Threads that take turns find the same one again, whose
/// pages and place in memory they know.
pub(super) struct AtHand {
    readers: Box<[Mutex<BriefReader>]>,
    keep: Duration,
    counters: Arc<Counters>,
}

/// A connection, and the snapshot it has open.
struct BriefReader {
    reader: Reader,
    snapshot: Option<Snapshot>,
}

/// From when a snapshot is, and how long it may be used.
struct Snapshot {
    changes: u64,
    /// On the reader's own clock.
    until: Duration,
}

thread_local! {
    /// Which connection this thread tries first.
    static FIRST: usize = {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        THREADS.fetch_add(1, Relaxed)
    };
}

impl AtHand {
    /// Opens `count` connections that use a snapshot again for as long as `keep`.
    pub(super) fn open(
        path: &Path,
        count: usize,
        keep: Duration,
        counters: Arc<Counters>,
    ) -> Result<Self, OpenError> {
        let open = |_| {
            let reader = Reader::open(path, BRIEF_MAX, CLOCK_EVERY_STEPS)?;
            Ok(Mutex::new(BriefReader { reader, snapshot: None }))
        };
        let readers = (0..count).map(open).collect::<Result<_, OpenError>>()?;
        Ok(AtHand { readers, keep, counters })
    }

    /// Reads now. `None` where every connection is in use, or the read turned out not to be brief.
    pub(super) fn read<Q: Query>(&self, query: &Q) -> Option<Result<Q::Out, StoreError>> {
        let mut reader = self.free()?;
        let answer = reader.read(query, self.keep, &self.counters);
        if reader.reader.was_ended() {
            return None;
        }
        drop(reader);
        Counters::add(&self.counters.reads);
        Some(answer)
    }

    fn free(&self) -> Option<MutexGuard<'_, BriefReader>> {
        let first = FIRST.with(|first| first % self.readers.len().max(1));
        let (before, from_first) = self.readers.split_at(first);
        from_first.iter().chain(before).find_map(|reader| match reader.try_lock() {
            Ok(reader) => Some(reader),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })
    }

    /// Ends the snapshots that are kept: the log cannot be started over before. Waits for the reads in them.
    pub(super) fn let_go(&self) {
        for reader in &self.readers {
            reader.lock().unwrap_or_else(PoisonError::into_inner).let_go();
        }
    }
}

impl BriefReader {
    fn read<Q: Query>(
        &mut self,
        query: &Q,
        keep: Duration,
        counters: &Counters,
    ) -> Result<Q::Out, StoreError> {
        // Before the snapshot begins: a change in between is in it, and only makes it end early.
        let (changes, now) = (counters.changes(), self.reader.now());
        let usable = |snapshot: &Snapshot| snapshot.changes == changes && now < snapshot.until;
        if !self.snapshot.as_ref().is_some_and(usable) {
            self.let_go();
            self.reader.begin()?;
            self.snapshot = Some(Snapshot { changes, until: now.saturating_add(keep) });
        }
        let answer = self.reader.read_on(query, now);
        if answer.is_err() {
            self.let_go();
        }
        answer
    }

    fn let_go(&mut self) {
        if self.snapshot.take().is_some() {
            self.reader.end();
        }
    }
}
