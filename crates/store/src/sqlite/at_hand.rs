//! Brief reads on the caller's own thread: to hand one to a reader and wait for the answer takes longer than the read.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{OpenError, readers::Reader};
use crate::{error::StoreError, op::Query, stats::Counters};

/// A brief read that lasts longer is given to a reader: nothing else happens on the caller's thread meanwhile.
const BRIEF_MAX: Duration = Duration::from_millis(1);

/// It looks at the clock after about this many of SQLite's instructions.
const CLOCK_EVERY_STEPS: i32 = 1_000;

/// The connections for brief reads.
pub(super) struct AtHand(Mutex<Vec<Reader>>);

impl AtHand {
    pub(super) fn open(path: &Path, count: usize) -> Result<Self, OpenError> {
        let readers = (0..count).map(|_| Reader::open(path, BRIEF_MAX, CLOCK_EVERY_STEPS));
        Ok(AtHand(Mutex::new(readers.collect::<Result<_, _>>()?)))
    }

    /// Reads now. `None` where every connection is in use, or the read turned out not to be brief.
    pub(super) fn read<Q: Query>(
        &self,
        query: &Q,
        counters: &Counters,
    ) -> Option<Result<Q::Out, StoreError>> {
        // The one that was used last knows most of the pages. The lock is not held while it reads.
        let mut reader = self.readers().pop()?;
        let answer = reader.read(query);
        let ended = reader.was_ended();
        self.readers().push(reader);
        if ended {
            return None;
        }
        Counters::add(&counters.reads);
        Some(answer)
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Vec<Reader>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
