//! The sequencer: gives the events that PostgreSQL has committed their places in the order that the feed follows.
//!
//! SQLite's one writer gives the place with the row; here it is nothing to do. On PostgreSQL transactions commit in
//! another order than they write, so an event gets its place only once it is seen committed, under one lock: whoever
//! reads a place has seen every lower one (docs/decisions/0021).

use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::store::Store;
use crate::tx::{Engine, Tx};

/// So many events are numbered at once, besides earlier ones of the same refunds.
pub const NUMBERED_EVENTS_MAX: u32 = 2_000;

/// Numbers committed events. Answers how many: where it is [`NUMBERED_EVENTS_MAX`] or more, there may be more.
#[derive(Clone, Copy, Debug)]
pub struct NumberEvents {
    /// So many at most, besides earlier ones of the same refunds.
    pub limit: u32,
}

/// Held until the commit: whoever numbers next has seen what this one gave out.
const LOCK: &str = "SELECT last FROM event_sequence WHERE one = 1 FOR UPDATE";

/// A statement of its own, so that its snapshot is taken under the lock. The oldest come first, and with each the earlier
/// events of its refund, which a clock that was set back has made look newer: they never swap, neither here (hence the
/// latest time up to each) nor over the limit. Nobody else ever updates an event, so its `ctid` holds.
///
/// `OFFSET 0` keeps the look for earlier events to those of one refund. Statistics say that next to no event is without a
/// place, as is so nearly always; by them the planner would rather go through all that are, once for each: two seconds
/// for a page when a burst of them waits.
const NUMBER: &str = "WITH oldest AS MATERIALIZED (SELECT ctid AS at, merchant_id, refund_id, payment_id, endpoint_id, number, \
     happened_at FROM events WHERE position IS NULL ORDER BY happened_at LIMIT $1), \
     chosen AS (SELECT at, merchant_id, COALESCE(refund_id, payment_id, endpoint_id) AS subject, number, happened_at \
     FROM oldest UNION SELECT e.at, e.merchant_id, e.refund_id, e.number, e.happened_at FROM oldest o \
     CROSS JOIN LATERAL (SELECT ctid AS at, merchant_id, refund_id, number, happened_at, position FROM events \
     WHERE merchant_id = o.merchant_id AND refund_id = o.refund_id AND number < o.number OFFSET 0) e \
     WHERE e.position IS NULL), \
     timed AS (SELECT at, subject, number, happened_at, \
     MAX(happened_at) OVER (PARTITION BY merchant_id, subject ORDER BY number) AS latest FROM chosen), \
     placed AS (SELECT at, ROW_NUMBER() OVER (ORDER BY latest, subject, number, happened_at, at) AS place FROM timed) \
     UPDATE events SET position = $2 + placed.place FROM placed WHERE events.ctid = placed.at";

impl Operation for NumberEvents {
    type Out = u64;
    const NAME: &'static str = "number_events";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<u64>, StoreError> {
        if T::ENGINE == Engine::Sqlite {
            return Ok(Done::Rollback(0));
        }
        let found = tx.rows(LOCK, &[]).await?;
        let last = found.first().ok_or_else(|| StoreError::inconsistent("no sequence of events"))?.int(0)?;
        let numbered = tx.exec(NUMBER, &[self.limit.into(), last.into()]).await?;
        if numbered == 0 {
            return Ok(Done::Rollback(0));
        }
        let given = i64::try_from(numbered).ok().and_then(|numbered| last.checked_add(numbered));
        let given = given.ok_or_else(|| StoreError::inconsistent("the sequence of events is at its end"))?;
        tx.exec("UPDATE event_sequence SET last = $1 WHERE one = 1", &[given.into()]).await?;
        Ok(Done::Commit(numbered))
    }
}

/// Whether any committed event waits for its place; never on SQLite. Takes no lock, so that looking in vain writes
/// nothing.
#[derive(Clone, Copy, Debug)]
pub struct AnyUnnumbered;

impl Query for AnyUnnumbered {
    type Out = bool;
    const NAME: &'static str = "any_unnumbered_event";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        unnumbered(tx).await
    }
}

/// Whether events get their places from here in this store, and not with their rows.
#[must_use]
pub fn needs_numbering(store: &Store) -> bool {
    store.engine() == Engine::Postgres
}

pub(super) async fn unnumbered<T: Tx>(tx: &mut T) -> Result<bool, StoreError> {
    if T::ENGINE == Engine::Sqlite {
        return Ok(false);
    }
    Ok(!tx.rows("SELECT 1 FROM events WHERE position IS NULL LIMIT 1", &[]).await?.is_empty())
}

#[cfg(test)]
mod tests;
