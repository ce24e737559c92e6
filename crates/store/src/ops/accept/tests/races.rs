//! Many at once, on the stores that can do several things at once; in line they run one after another.

use std::collections::BTreeMap;

use super::super::Accept;
use crate::ops::fixtures::{accept, audit, balance, key, rows, told, world};
use crate::store::Store;
use crate::testing::TestStores;
use tokio::task::JoinSet;

/// Runs them all at once; answers how often each answer came.
async fn all_at_once(store: &Store, accepts: impl Iterator<Item = Accept>) -> BTreeMap<String, usize> {
    let mut tasks = JoinSet::new();
    for accept in accepts {
        let store = store.clone();
        tasks.spawn(async move { told(&store.run(accept).await.expect("an answer")) });
    }
    let mut counts = BTreeMap::new();
    for answer in tasks.join_all().await {
        *counts.entry(answer.split(' ').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    counts
}

fn counts<const N: usize>(of: [(&str, usize); N]) -> BTreeMap<String, usize> {
    of.into_iter().map(|(answer, count)| (answer.to_owned(), count)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_at_once_never_exceed_what_was_captured() {
    TestStores::each(async |store: Store| {
        world(&store).await;
        // 10.00 captured: 142 times 0.07 is 9.94, and nothing smaller is asked for.
        let answers = all_at_once(&store, (1..=200).map(|n| accept("order-1", "0.07", n))).await;
        assert_eq!(answers.get("new"), Some(&142), "{answers:?}");
        assert_eq!(answers.values().sum::<usize>(), 200);
        assert_eq!(balance(&store).await, (0, 994, 0));
        audit(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_at_once_makes_one_refund() {
    TestStores::each(async |store: Store| {
        world(&store).await;
        let make = |n| Accept { named: key(1, 1), ..accept("order-1", "full", n) };
        assert_eq!(all_at_once(&store, (1..=40).map(make)).await, counts([("new", 1), ("repeat", 39)]));
        assert_eq!(balance(&store).await, (0, 1000, 0));
        audit(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_keys_at_once_make_one_refund() {
    TestStores::each(async |store: Store| {
        world(&store).await;
        let make = |n: u32| Accept {
            named: if n.is_multiple_of(3) { None } else { key(1, 1) },
            keyed: if n % 3 == 1 { None } else { key(2, 2) },
            ..accept("order-1", "full", n)
        };
        // The first may have one key only: then whoever has only the other finds nothing, and nothing is left.
        let answers = all_at_once(&store, (1..=42).map(make)).await;
        assert_eq!(answers.get("new"), Some(&1), "{answers:?}");
        assert_eq!(balance(&store).await, (0, 1000, 0));
        audit(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_for_many_payments_at_once_makes_one_refund() {
    TestStores::each(async |store: Store| {
        world(&store).await;
        for n in 2..=8 {
            crate::ops::fixtures::pay(&store, n, "flex", 1000).await;
        }
        // The hash covers the order, so the others are other requests.
        let make = |n: u32| {
            let order_ref = format!("order-{}", n % 8 + 1);
            Accept { named: key(1, u8::try_from(n % 8).unwrap()), ..accept(&order_ref, "1", n) }
        };
        assert_eq!(
            all_at_once(&store, (0..40).map(make)).await,
            counts([("key", 35), ("new", 1), ("repeat", 4)])
        );
        assert_eq!(rows(&store, "SELECT amount FROM refunds").await, ["100"]);
        audit(&store).await;
    })
    .await;
}
