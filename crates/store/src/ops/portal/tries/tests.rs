use redress_core::role::Role;

use super::super::fixtures::{THROTTLE, added, open};
use super::*;
use crate::ops::fixtures::{at, sql, world};
use crate::ops::portal::sessions::OpenSession;
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

const ACCOUNT: Subject = [1; 16];
const ADDRESS: Subject = [2; 16];
const FEW: Throttle = THROTTLE;
const MORE: Throttle = Throttle { free: 5, ..FEW };

fn count_try(second: i64) -> CountTry {
    CountTry {
        subjects: vec![(ADDRESS, MORE), (ACCOUNT, FEW)],
        forgotten_before: at(second - 1_000),
        now: at(second),
    }
}

async fn rows_left(store: &Store) -> usize {
    sql(store, "SELECT subject FROM portal_tries", Vec::new()).await.len()
}

#[tokio::test]
async fn tries_are_counted_before_they_are_judged_and_the_longest_wait_holds() {
    TestStores::each(|store| async move {
        for second in [0, 1] {
            assert_eq!(fail_every_statement(&store, || count_try(second)).await.0, Ok(None));
        }
        let before = dump_all(&store).await;
        for second in [1, 5, 10] {
            assert_eq!(store.run(count_try(second)).await, Ok(Some(at(11))), "second {second}");
        }
        assert_eq!(dump_all(&store).await, before, "whoever is told to wait is not counted");
        assert_eq!(store.run(count_try(11)).await, Ok(None));
        assert_eq!(store.run(count_try(12)).await, Ok(Some(at(31))));
        // Another account from the same address: the address has two tries left of its five.
        let other =
            |n, second| CountTry { subjects: vec![([n; 16], FEW), (ADDRESS, MORE)], ..count_try(second) };
        for n in [7, 8] {
            assert_eq!(store.run(other(n, 13)).await, Ok(None));
        }
        assert_eq!(store.run(other(9, 14)).await, Ok(Some(at(23))));
    })
    .await;
}

#[tokio::test]
async fn many_at_once_get_no_more_than_many_in_a_row() {
    TestStores::each(|store| async move {
        let tries = (0..10).map(|_| store.run(count_try(0)));
        let told = futures_util::future::join_all(tries).await;
        let judged = told.iter().filter(|told| **told == Ok(None)).count();
        assert_eq!(judged, 2, "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn a_good_try_clears_its_account_and_is_given_back_to_its_address() {
    TestStores::each(|store| async move {
        world(&store).await;
        added(&store, 1, Role::Viewer).await;
        let forgiven = Forgiven { cleared: vec![ACCOUNT], given_back: vec![ADDRESS] };
        for (n, left) in [(1, 0), (2, 1)] {
            for _ in 0..n {
                assert_eq!(store.run(count_try(0)).await, Ok(None));
            }
            let good = || OpenSession { forgiven: forgiven.clone(), ..open(n, 1, 0) };
            assert_eq!(fail_every_statement(&store, good).await.0, Ok(true));
            assert_eq!(rows_left(&store).await, left);
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_forgotten_goes_away_a_few_rows_at_a_time() {
    TestStores::each(|store| async move {
        for n in 10..16 {
            let old = CountTry { subjects: vec![([n; 16], FEW)], ..count_try(i64::from(n)) };
            assert_eq!(store.run(old).await, Ok(None));
        }
        assert_eq!(store.run(count_try(1_020)).await, Ok(None));
        assert_eq!(rows_left(&store).await, 6 + 2 - 4);
    })
    .await;
}
