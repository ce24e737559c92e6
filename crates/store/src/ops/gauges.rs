//! How much waits: for people, for PSPs, for endpoints. Read now and then for the metrics.

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
    /// Refunds that are not over, by state, with how many of them are due now.
    pub refunds: Vec<(StateName, i64, i64)>,
    /// Notifications that are owed.
    pub deliveries: i64,
    /// The earliest of their due times.
    pub oldest_delivery: Option<Timestamp>,
}

/// Counts what waits. Each statement reads an index of open rows only.
#[derive(Clone, Copy, Debug)]
pub struct CountWaiting {
    /// Now.
    pub now: Timestamp,
}

const CASES: &str = "SELECT kind, COUNT(*) FROM cases WHERE closed_at IS NULL GROUP BY kind ORDER BY kind";

const REFUNDS: &str = "SELECT state, COUNT(*), COUNT(CASE WHEN due_at <= $1 THEN 1 END) FROM refunds \
     WHERE due_at IS NOT NULL GROUP BY state ORDER BY state";

const DELIVERIES: &str = "SELECT COUNT(*), MIN(due_at) FROM deliveries WHERE due_at IS NOT NULL";

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
        let refunds = refunds
            .iter()
            .map(|row| Ok((parsed(row, 0, StateName::parse)?, row.int(1)?, row.int(2)?)))
            .collect::<Result<_, StoreError>>()?;
        let deliveries = tx.rows(DELIVERIES, &[]).await?;
        let row = deliveries.first().ok_or_else(|| StoreError::inconsistent("a count without a row"))?;
        let oldest_delivery = row.opt_int(1)?.map(Timestamp::from_micros);
        Ok(Waiting { cases, refunds, deliveries: row.int(0)?, oldest_delivery })
    }
}

#[cfg(test)]
mod tests {
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
}
