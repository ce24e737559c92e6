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

/// So often a connection is looked for while every one is in use: most reads end within microseconds, and to hand one over
/// and wait for the answer takes longer than to wait for that.
const LOOKS_MAX: u32 = 32;

/// Between two looks, in pauses of the processor, each of which takes some 50 ns at most.
const PAUSES_BETWEEN_LOOKS: u32 = 8;

/// The connections for brief reads.
pub(super) struct AtHand {
    readers: Mutex<Vec<Reader>>,
    count: usize,
}

impl AtHand {
    pub(super) fn open(path: &Path, count: usize) -> Result<Self, OpenError> {
        let readers = (0..count).map(|_| Reader::open(path, BRIEF_MAX, CLOCK_EVERY_STEPS));
        Ok(AtHand { readers: Mutex::new(readers.collect::<Result<_, _>>()?), count })
    }

    /// Reads now. `None` where every connection is in use, or the read turned out not to be brief.
    pub(super) fn read<Q: Query>(
        &self,
        query: &Q,
        counters: &Counters,
    ) -> Option<Result<Q::Out, StoreError>> {
        if self.count == 0 {
            return None;
        }
        // The one that was used last knows most of the pages. The lock is not held while it reads.
        let mut reader = look(|| self.readers().pop())?;
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
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks until something is there, or for as long as it takes to hand a read over.
fn look<T>(mut free: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 0..LOOKS_MAX {
        if let Some(found) = free() {
            return Some(found);
        }
        for _ in 0..PAUSES_BETWEEN_LOOKS {
            std::hint::spin_loop();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_comes_back_is_taken_and_one_that_does_not_is_not_waited_for() {
        let mut looks = 0;
        let found = look(|| {
            looks += 1;
            (looks == 3).then_some("free")
        });
        assert_eq!((found, looks), (Some("free"), 3));
        looks = 0;
        let found = look(|| {
            looks += 1;
            None::<()>
        });
        assert_eq!((found, looks), (None, LOOKS_MAX));
    }
}
