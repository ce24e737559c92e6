//! Tries to prove oneself, counted before they are judged: many at once are slowed down as many in a row are.

use redress_core::throttle::{Throttle, Tries};
use redress_core::time::Timestamp;

use super::super::rows::expect_one;
use super::super::rows::{count, time};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::tx::Tx;

/// Each try takes away so many rows that are forgotten.
const PRUNED_AT_ONCE: u32 = 4;

/// What tries are counted of: 16 bytes of a hash of an account, or of an address.
pub type Subject = [u8; 16];

/// Counts a try of each subject.
#[derive(Clone, Debug)]
pub struct CountTry {
    /// The subjects, each with how it is slowed down.
    pub subjects: Vec<(Subject, Throttle)>,
    /// Rows whose last try was before are as if they were not there.
    pub forgotten_before: Timestamp,
    /// The time.
    pub now: Timestamp,
}

impl Operation for CountTry {
    /// `None` where the try may be judged. Else the time from which on one may be, and nothing was counted: whoever
    /// keeps trying waits no longer than who stops.
    type Out = Option<Timestamp>;
    const NAME: &'static str = "count_portal_try";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Option<Timestamp>>, StoreError> {
        let mut subjects = self.subjects.clone();
        // In one order, so that two tries do not wait for each other.
        subjects.sort_unstable_by_key(|(subject, _)| *subject);
        let mut wait: Option<Timestamp> = None;
        let mut counted = Vec::with_capacity(subjects.len());
        for (subject, throttle) in &subjects {
            let before = locked(tx, subject).await?;
            wait = wait.max(throttle.wait_until(before, self.now));
            counted.push((subject, throttle.count(before, self.now)));
        }
        if wait.is_some() {
            return Ok(Done::Rollback(wait));
        }
        for (subject, tries) in counted {
            let written = tx
                .exec(
                    "UPDATE portal_tries SET tries = $1, last_at = $2 WHERE subject = $3",
                    &[tries.count.into(), tries.last_at.as_micros().into(), subject.into()],
                )
                .await?;
            expect_one(written, "portal_tries")?;
        }
        self.prune(tx).await?;
        Ok(Done::Commit(None))
    }
}

impl CountTry {
    async fn prune<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.exec(
            "DELETE FROM portal_tries WHERE subject IN (SELECT subject FROM portal_tries WHERE last_at < $1 \
             ORDER BY last_at LIMIT $2)",
            &[self.forgotten_before.as_micros().into(), PRUNED_AT_ONCE.into()],
        )
        .await
        .map(|_| ())
    }
}

/// The tries so far, locked until the end of the operation. A subject that was never tried gets a row to lock, which
/// says what was so long ago that it is forgotten.
async fn locked<T: Tx>(tx: &mut T, subject: &Subject) -> Result<Option<Tries>, StoreError> {
    let rows = tx
        .rows(
            "INSERT INTO portal_tries (subject, tries, last_at) VALUES ($1, 1, 0) \
             ON CONFLICT (subject) DO UPDATE SET tries = portal_tries.tries RETURNING tries, last_at",
            &[subject.into()],
        )
        .await?;
    rows.first().map(|row| Ok(Tries { count: count(row, 0)?, last_at: time(row, 1)? })).transpose()
}

/// The tries that turned out good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgiven {
    /// Nothing is remembered of these.
    pub cleared: Vec<Subject>,
    /// These have one try less: what others tried from the same address still counts.
    pub given_back: Vec<Subject>,
}

/// Forgives tries with what they led to.
pub(super) async fn forgive<T: Tx>(tx: &mut T, forgiven: &Forgiven) -> Result<(), StoreError> {
    for subject in &forgiven.cleared {
        tx.exec("DELETE FROM portal_tries WHERE subject = $1", &[subject.into()]).await?;
    }
    for subject in &forgiven.given_back {
        let last = "DELETE FROM portal_tries WHERE subject = $1 AND tries = 1";
        if tx.exec(last, &[subject.into()]).await? == 0 {
            let one = "UPDATE portal_tries SET tries = tries - 1 WHERE subject = $1";
            tx.exec(one, &[subject.into()]).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
