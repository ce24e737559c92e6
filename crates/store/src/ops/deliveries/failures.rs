//! How often endpoints did not take what they were told, lately.

use std::collections::BTreeMap;

use redress_core::id::{EndpointId, MerchantId, RefundId};
use redress_core::time::Timestamp;

use crate::error::StoreError;
use crate::op::Query;
use crate::ops::rows::{count, parsed};
use crate::tx::Tx;

use super::DeliveryState;

/// So many deliveries are looked at.
pub const TRIES_LOOKED_AT_MAX: u32 = 5_000;

/// Counts tries to tell a merchant's endpoints of refunds that were made lately.
#[derive(Clone, Copy, Debug)]
pub struct CountTries {
    /// Whose.
    pub merchant: MerchantId,
    /// Of refunds that were made then or later, to the millisecond.
    pub since: Timestamp,
    /// The most deliveries that are looked at, of the newest refunds: [`TRIES_LOOKED_AT_MAX`].
    pub looked_at_max: u32,
}

/// What was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriesCounted {
    /// By endpoint. Those that nothing was owed to are left out, and so are payments' own addresses.
    pub endpoints: BTreeMap<EndpointId, Tries>,
    /// False where there were more deliveries than are looked at: then it is of the newest refunds alone.
    pub are_all: bool,
}

/// Tries of one endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// How many there were.
    pub tries: u32,
    /// How many of them were in vain. Of what is owed once more, all were, until it is taken again.
    pub failed: u32,
    /// What was given up.
    pub given_up: u32,
}

impl Query for CountTries {
    type Out = TriesCounted;
    const NAME: &'static str = "count_tries";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<TriesCounted, StoreError> {
        let sql = "SELECT endpoint_id, state, tries FROM deliveries WHERE merchant_id = $1 AND refund_id >= $2 \
                   ORDER BY refund_id DESC LIMIT $3";
        let from = RefundId::first_of(self.since);
        let params = [self.merchant.as_bytes().into(), from.as_bytes().into(), self.looked_at_max.into()];
        let rows = tx.rows(sql, &params).await?;
        let mut endpoints: BTreeMap<EndpointId, Tries> = BTreeMap::new();
        for row in &rows {
            let endpoint = row.id16(0)?;
            if endpoint == [0; 16] {
                continue;
            }
            let (state, tries) = (parsed(row, 1, DeliveryState::parse)?, count(row, 2)?);
            let of = endpoints.entry(EndpointId::from_bytes(endpoint)).or_default();
            let taken = u32::from(state == DeliveryState::Delivered);
            of.tries = of.tries.saturating_add(tries);
            of.failed = of.failed.saturating_add(tries.saturating_sub(taken));
            of.given_up += u32::from(state == DeliveryState::GivenUp);
        }
        Ok(TriesCounted { endpoints, are_all: rows.len() < self.looked_at_max as usize })
    }
}

#[cfg(test)]
mod tests {
    use redress_core::state::StateName;

    use super::*;
    use crate::ops::fixtures::{
        ENDPOINT, Endpoint, MERCHANT, STRANGER, add_endpoint, at, id, in_state, sql, world,
    };
    use crate::testing::TestStores;

    #[tokio::test]
    async fn tries_in_vain_are_told_apart_from_those_that_were_taken() {
        TestStores::each(|store| async move {
            world(&store).await;
            for n in [1, 2, 3] {
                add_endpoint(&store, Endpoint { n, ..ENDPOINT }).await;
            }
            in_state(&store, StateName::Succeeded, "0.10", 1).await;
            let count = |merchant, since, looked_at_max| CountTries { merchant, since, looked_at_max };
            let all = store.read(count(MERCHANT, at(0), 100)).await.unwrap();
            let none = Tries::default();
            let endpoint = |n| EndpointId::from_bytes(id(6, n));
            assert_eq!(all.endpoints, [1, 2, 3].map(|n| (endpoint(n), none)).into());
            for text in [
                "UPDATE deliveries SET tries = 1, state = 'delivered', due_at = NULL WHERE endpoint_id = $1",
                "UPDATE deliveries SET tries = 4 WHERE endpoint_id = $1",
                "UPDATE deliveries SET tries = 9, state = 'given_up', due_at = NULL WHERE endpoint_id = $1",
            ]
            .into_iter()
            .zip(1..)
            {
                sql(&store, text.0, vec![crate::ops::fixtures::bytes(&id(6, text.1))]).await;
            }
            let all = store.read(count(MERCHANT, at(0), 100)).await.unwrap();
            let expected = [
                (endpoint(1), Tries { tries: 1, failed: 0, given_up: 0 }),
                (endpoint(2), Tries { tries: 4, failed: 4, given_up: 0 }),
                (endpoint(3), Tries { tries: 9, failed: 9, given_up: 1 }),
            ];
            assert_eq!(all, TriesCounted { endpoints: expected.into(), are_all: true });
            assert!(!store.read(count(MERCHANT, at(0), 3)).await.unwrap().are_all);
            // Ids of tests are of a far future.
            let later = Timestamp::from_micros(i64::MAX);
            for none in [count(STRANGER, at(0), 100), count(MERCHANT, later, 100)] {
                assert!(store.read(none).await.unwrap().endpoints.is_empty());
            }
        })
        .await;
    }
}
