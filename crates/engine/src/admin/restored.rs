//! Making books that come from a copy fit for use again.

use redress_core::time::Timestamp;
use redress_store::ops::history::HistoryEntry;
use redress_store::ops::restored::{DoubtOpen, FinishRestore};

use super::AdminError;
use crate::engine::Engine;

/// So many refunds are treated in one transaction.
const AT_ONCE: u32 = 200;

/// What was done to the books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MadeFit {
    /// Refunds that were open and may have been sent since: they are unknown, and looked up before anything is sent.
    pub unknown: u64,
    /// Refunds that the PSP had accepted: they are looked up.
    pub pending: u64,
    /// PSP accounts that are paused now: a person lets them send again.
    pub paused: u64,
}

impl Engine {
    /// Treats the books as what they are: as they were at `copied_at`, while the PSPs went on. To be run once, on a copy
    /// that nobody serves yet.
    ///
    /// # Errors
    /// [`AdminError::Conflict`] when the copy is of the future by this machine's clock: nothing is changed then.
    /// [`AdminError::Engine`] when the store cannot be asked: the copy is of no use then.
    pub async fn make_fit_after_restore(&self, copied_at: Timestamp) -> Result<MadeFit, AdminError> {
        let now = self.now();
        if copied_at > now {
            let text =
                "the copy was taken later than it is now: this machine's clock or the one before is wrong";
            return Err(AdminError::conflict(text));
        }
        let timing = self.parts.config.timing;
        let (mut fit, mut after) = (MadeFit::default(), None);
        loop {
            let batch = DoubtOpen { copied_at, timing, now, after, limit: AT_ONCE };
            let done = self.parts.store.run(batch).await?;
            fit.unknown += done.unknown;
            fit.pending += done.pending;
            if done.last.is_none() {
                break;
            }
            after = done.last;
        }
        fit.paused =
            self.parts.store.run(FinishRestore(HistoryEntry { happened_at: now, copied_at })).await?;
        Ok(fit)
    }
}
