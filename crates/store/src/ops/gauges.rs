//! How much waits: for people, for PSPs, for endpoints. Read now and then for the metrics.

use std::collections::BTreeMap;

use redress_core::case::CaseKind;
use redress_core::state::StateName;
use redress_core::time::Timestamp;

use super::rows::parsed;
use crate::error::StoreError;
use crate::op::Query;
use crate::tx::Tx;

/// What waits, over all merchants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Open cases, by kind.
    pub cases: Vec<(CaseKind, i64)>,
    /// Refunds that are not over, by PSP and state.
    pub refunds: Vec<WaitingRefunds>,
    /// When the oldest of the refunds was accepted whose end only the PSP knows, by state: `pending` and `unknown`.
    pub oldest: Vec<(StateName, Timestamp)>,
    /// Notifications that are owed, to endpoints that are not disabled.
    pub deliveries: i64,
    /// The earliest of their due times.
    pub oldest_delivery: Option<Timestamp>,
    /// Endpoints that nothing is sent to: they failed for too long, or somebody disabled them.
    pub endpoints_disabled: i64,
}

/// Refunds of one PSP in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingRefunds {
    /// The PSP's name, as its accounts have it.
    pub psp: String,
    /// The state.
    pub state: StateName,
    /// How many there are.
    pub open: i64,
    /// How many of them are due now.
    pub due: i64,
}

/// Counts what waits. Each statement reads indexes of open rows only; the ages also read the rows that are `pending` or
/// `unknown`.
#[derive(Clone, Copy, Debug)]
pub struct CountWaiting {
    /// Now.
    pub now: Timestamp,
}

const CASES: &str = "SELECT kind, COUNT(*) FROM cases WHERE closed_at IS NULL GROUP BY kind ORDER BY kind";

/// Counted before the accounts are asked for their PSPs, in the order of the index; added up by PSP afterwards.
const REFUNDS: &str = "SELECT a.psp, c.state, c.open, c.due FROM (SELECT account_id, state, COUNT(*) AS open, \
     COUNT(CASE WHEN due_at <= $1 THEN 1 END) AS due FROM refunds WHERE due_at IS NOT NULL GROUP BY account_id, state) c \
     JOIN psp_accounts a ON a.account_id = c.account_id";

const OLDEST: &str = "SELECT state, MIN(created_at) FROM refunds \
     WHERE due_at IS NOT NULL AND (state = 'pending' OR state = 'unknown') GROUP BY state ORDER BY state";

const DELIVERIES: &str = "SELECT COUNT(*), MIN(due_at) FROM deliveries WHERE due_at IS NOT NULL \
     AND endpoint_id NOT IN (SELECT endpoint_id FROM endpoints WHERE disabled_at IS NOT NULL)";

const DISABLED: &str = "SELECT COUNT(*) FROM endpoints WHERE disabled_at IS NOT NULL";

impl Query for CountWaiting {
    type Out = Waiting;
    const NAME: &'static str = "count_waiting";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Waiting, StoreError> {
        let cases = tx.rows(CASES, &[]).await?;
        let cases = cases
            .iter()
            .map(|row| Ok((parsed(row, 0, CaseKind::parse)?, row.int(1)?)))
            .collect::<Result<_, StoreError>>()?;
        let refunds = tx.rows(REFUNDS, &[self.now.as_micros().into()]).await?;
        let mut by_psp = BTreeMap::new();
        for row in &refunds {
            let state = parsed(row, 1, StateName::parse)?;
            let (open, due) =
                by_psp.entry((row.text(0)?.to_owned(), state.as_str(), state)).or_insert((0, 0));
            *open += row.int(2)?;
            *due += row.int(3)?;
        }
        let one = |((psp, _, state), (open, due))| WaitingRefunds { psp, state, open, due };
        let refunds = by_psp.into_iter().map(one).collect();
        let oldest = tx.rows(OLDEST, &[]).await?;
        let oldest = oldest
            .iter()
            .map(|row| Ok((parsed(row, 0, StateName::parse)?, Timestamp::from_micros(row.int(1)?))))
            .collect::<Result<_, StoreError>>()?;
        let deliveries = tx.rows(DELIVERIES, &[]).await?;
        let row = deliveries.first().ok_or_else(|| StoreError::inconsistent("a count without a row"))?;
        let oldest_delivery = row.opt_int(1)?.map(Timestamp::from_micros);
        let disabled = tx.rows(DISABLED, &[]).await?;
        let disabled = disabled.first().ok_or_else(|| StoreError::inconsistent("a count without a row"))?;
        Ok(Waiting {
            cases,
            refunds,
            oldest,
            deliveries: row.int(0)?,
            oldest_delivery,
            endpoints_disabled: disabled.int(0)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{at, in_state, load, world};
    use super::*;
    use crate::testing::TestStores;

    #[tokio::test]
    async fn nothing_waits_in_an_empty_store() {
        TestStores::each(async |store| {
            let now = Timestamp::from_micros(1);
            assert_eq!(store.read(CountWaiting { now }).await.unwrap(), Waiting::default());
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_open_is_counted_by_psp_and_state_and_the_oldest_are_known() {
        TestStores::each(async |store| {
            world(&store).await;
            for (n, state) in [(1, StateName::Pending), (2, StateName::Unknown), (3, StateName::Pending)] {
                in_state(&store, state, "0.10", n).await;
            }
            let first = load(&store, 1).await.0;
            let waiting = store.read(CountWaiting { now: first.created_at }).await.unwrap();
            let counted: Vec<_> = waiting.refunds.iter().map(|one| (one.state, one.open, one.due)).collect();
            assert_eq!(counted, [(StateName::Pending, 2, 0), (StateName::Unknown, 1, 0)]);
            let later = store.read(CountWaiting { now: at(1_000_000) }).await.unwrap();
            assert_eq!(later.refunds.iter().map(|one| one.due).collect::<Vec<_>>(), [2, 1]);
            let second = load(&store, 2).await.0;
            let oldest = [(StateName::Pending, first.created_at), (StateName::Unknown, second.created_at)];
            assert_eq!(later.oldest, oldest);
        })
        .await;
    }
}
