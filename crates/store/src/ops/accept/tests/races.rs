//! Many at once, on the stores that can do several things at once; in line they run one after another.

use std::collections::BTreeMap;

use super::super::{Accept, Accepted, KEY_KEPT_MEANWHILE, Reused};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::ops::fixtures::{accept, audit, balance, key, new_one, pay, rows, told, world};
use crate::store::Store;
use crate::testing::TestStores;
use crate::tx::{Engine, Tx};
use crate::value::{Row, Value};
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
            pay(&store, n, "flex", 1000).await;
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

/// Accepts, and right before it keeps a key, another server does so elsewhere.
struct Crossed {
    op: Accept,
    store: Store,
    other: Accept,
}

struct CrossedTx<'t, T> {
    tx: &'t mut T,
    crossed: &'t Crossed,
}

impl<T: Tx> Tx for CrossedTx<'_, T> {
    const ENGINE: Engine = T::ENGINE;

    async fn exec(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, StoreError> {
        if sql.starts_with("UPDATE refunds SET second_key") {
            let Crossed { store, other, .. } = self.crossed;
            let answer = Box::pin(store.run(other.clone())).await?;
            assert_eq!(told(&answer), "repeat queued");
        }
        self.tx.exec(sql, params).await
    }

    async fn rows(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        self.tx.rows(sql, params).await
    }
}

impl Operation for Crossed {
    type Out = Accepted;
    const NAME: &'static str = Accept::NAME;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Accepted>, StoreError> {
        self.op.run(&mut CrossedTx { tx, crossed: self }).await
    }
}

#[tokio::test]
async fn a_key_that_is_kept_for_two_refunds_in_one_moment_is_a_conflict_and_then_used() {
    TestStores::each(async |store| {
        // With one writer the key is there before it is looked for, or comes after.
        if store.engine() == Engine::Sqlite {
            return;
        }
        world(&store).await;
        pay(&store, 2, "flex", 1000).await;
        let named = |name: u8| Accept {
            named: key(name, name),
            ..accept(&format!("order-{name}"), "1", u32::from(name))
        };
        for name in [1, 2] {
            new_one(store.run(named(name)).await.unwrap());
        }
        let again = |name: u8| Accept { keyed: key(9, name), ..named(name) };
        let crossed = Crossed { op: again(1), store: store.clone(), other: again(2) };
        let conflict = store.run(crossed).await;
        assert!(conflict.is_err_and(|error| error.is_conflict_with(KEY_KEPT_MEANWHILE)));
        let Accepted::KeyReused(what) = store.run(again(1)).await.unwrap() else {
            panic!("it stands for the other one")
        };
        assert_eq!(what, Reused::IdempotencyKey);
        audit(&store).await;
    })
    .await;
}
