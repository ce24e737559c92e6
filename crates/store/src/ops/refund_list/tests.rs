use redress_core::environment::Environment;
use redress_core::id::RefundId;
use redress_core::state::StateName;

use super::{ListRefunds, RefundPage};
use crate::ops::fixtures::{MERCHANT, STRANGER, bytes, in_state, pay, queued, rf, sql, world};
use crate::store::Store;
use crate::testing::TestStores;

fn all() -> ListRefunds {
    ListRefunds {
        merchant: MERCHANT,
        environment: Environment::Sandbox,
        state: None,
        from: RefundId::from_bytes([0; 16]),
        before: RefundId::from_bytes([255; 16]),
        limit: 100,
        looked_at_max: 1_000,
    }
}

async fn ids(store: &Store, list: ListRefunds) -> (Vec<RefundId>, Option<RefundId>) {
    let RefundPage { refunds, next } = store.read(list).await.unwrap();
    assert!(refunds.iter().all(|(refund, payment)| refund.payment == payment.id));
    (refunds.into_iter().map(|(refund, _)| refund.id).collect(), next)
}

#[tokio::test]
async fn the_newest_come_first_page_by_page_and_each_once() {
    TestStores::each(async |store| {
        world(&store).await;
        pay(&store, 2, "flex", 1000).await;
        for n in 1..=7 {
            queued(&store, if n % 2 == 0 { "order-1" } else { "order-2" }, "0.10", n).await;
        }
        let newest_first: Vec<RefundId> = (1..=7).rev().map(rf).collect();
        assert_eq!(ids(&store, all()).await, (newest_first.clone(), None));
        for looked_at_max in [2, 3, 1_000] {
            let (mut seen, mut before, mut pages) = (Vec::new(), RefundId::from_bytes([255; 16]), 0);
            loop {
                let page = ListRefunds { limit: 3, before, looked_at_max, ..all() };
                let (found, next) = ids(&store, page).await;
                seen.extend(found);
                pages += 1;
                let Some(next) = next else { break };
                before = next;
            }
            assert_eq!(seen, newest_first, "{looked_at_max}");
            assert!(pages <= 5, "{pages}");
        }
        let some = ListRefunds { from: rf(3), before: rf(6), ..all() };
        assert_eq!(ids(&store, some).await, (vec![rf(5), rf(4), rf(3)], None));
    })
    .await;
}

#[tokio::test]
async fn only_what_is_asked_for_is_there_and_only_so_much_is_looked_at() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Unknown, "0.10", 1).await;
        for n in 2..=5 {
            queued(&store, "order-1", "0.10", n).await;
        }
        let unknown = |looked_at_max| ListRefunds { state: Some(StateName::Unknown), looked_at_max, ..all() };
        assert_eq!(ids(&store, unknown(1_000)).await, (vec![rf(1)], None));
        // Nothing is found among the first two, and it goes on behind them.
        assert_eq!(ids(&store, unknown(2)).await, (vec![], Some(rf(4))));
        for other in [
            ListRefunds { environment: Environment::Live, ..all() },
            ListRefunds { merchant: STRANGER, ..all() },
        ] {
            assert_eq!(ids(&store, other).await, (vec![], None));
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_looks_at_one_environment_and_names_nothing_of_the_other() {
    TestStores::each(async |store| {
        world(&store).await;
        for n in 1..=6 {
            queued(&store, "order-1", "0.10", n).await;
        }
        for n in [1, 2, 4, 6] {
            let update = "UPDATE refunds SET environment = 'live' WHERE refund_id = $1";
            sql(&store, update, vec![bytes(rf(n).as_bytes())]).await;
        }
        let unknown = ListRefunds { state: Some(StateName::Unknown), looked_at_max: 1, ..all() };
        assert_eq!(ids(&store, unknown).await, (vec![], Some(rf(5))), "not 6, which is the newest");
        let one = ListRefunds { limit: 1, looked_at_max: 1, ..all() };
        assert_eq!(ids(&store, one.clone()).await, (vec![rf(5)], Some(rf(5))));
        assert_eq!(
            ids(&store, ListRefunds { before: rf(5), ..one.clone() }).await,
            (vec![rf(3)], Some(rf(3)))
        );
        assert_eq!(ids(&store, ListRefunds { before: rf(3), ..one }).await, (vec![], None));
    })
    .await;
}
