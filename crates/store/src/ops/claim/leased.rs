//! What a claim leased, for whoever did not hear the answer to its commit.

use redress_core::id::{AccountId, ProcessId};
use redress_core::refund::Refund;

use super::ROWS_MAX;
use crate::error::StoreError;
use crate::op::Query;
use crate::ops::rows::{self, refund_columns};
use crate::tx::Tx;

// A leased refund is always due; saying so lets SQLite use the index of what is due.
const LEASED: &str = concat!(
    "SELECT ",
    refund_columns!(),
    " FROM refunds WHERE account_id = $1 AND state = 'submitting' AND due_at IS NOT NULL AND lease_owner = $2 ",
    "ORDER BY due_at LIMIT $3"
);

/// Finds what is leased to a holder at one account: as many as one claim leases at most.
#[derive(Clone, Copy, Debug)]
pub struct LeasedBy {
    /// The account.
    pub account: AccountId,
    /// Who leased it.
    pub holder: ProcessId,
}

impl Query for LeasedBy {
    type Out = Vec<Refund>;
    const NAME: &'static str = "leased_by";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Refund>, StoreError> {
        let params = [self.account.as_bytes().into(), self.holder.as_bytes().into(), ROWS_MAX.into()];
        tx.rows(LEASED, &params).await?.iter().map(rows::refund).collect()
    }
}

#[cfg(test)]
mod tests {
    use redress_core::settle::Via;

    use super::super::Claim;
    use super::*;
    use crate::ops::fixtures::{account, claim, done, hear, queued, rf, run_claim, sent, world};
    use crate::testing::TestStores;

    #[tokio::test]
    async fn what_a_claim_leased_is_found_by_its_own_id_until_it_is_settled() {
        TestStores::each(async |store| {
            world(&store).await;
            for n in 1..=3 {
                queued(&store, "order-1", "0.10", n).await;
            }
            sent(&store, "order-1", "0.10", 4).await;
            let found = async |number: u8| {
                let holder = ProcessId::from_bytes([number; 16]);
                store.read(LeasedBy { account: account("flex"), holder }).await.unwrap()
            };
            for number in [1, 2] {
                assert_eq!(found(number).await, []);
                let holder = ProcessId::from_bytes([number; 16]);
                let claimed = run_claim(&store, Claim { holder, sends: 1, ..claim(12) }).await.claimed;
                assert_eq!(found(number).await, [claimed[0].refund.clone()], "and nobody else's");
            }
            let first = found(1).await.remove(0).id;
            let n = (1..=3).find(|&n| rf(n) == first).unwrap();
            hear(&store, n, done(None), Via::Submit, 13).await;
            assert_eq!(found(1).await, []);
            assert_eq!(found(2).await.len(), 1);
        })
        .await;
    }
}
