use super::*;
use crate::ops::fixtures::{MERCHANT, STRANGER, at, sql};
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

fn name() -> KeyName {
    KeyName { merchant: MERCHANT, environment: Environment::Sandbox, key: "k-1".to_owned() }
}

/// The n-th run, of a request with this hash, at this second; it has 60 seconds, and rows of 1000 are forgotten.
fn begin(run: u8, hash: u8, second: i64) -> BeginKeyed {
    BeginKeyed {
        name: name(),
        request_hash: [hash; 16],
        run: [run; 16],
        run_until: at(second + 60),
        forgotten_before: at(second - 1_000),
        now: at(second),
    }
}

fn end(run: u8, object: Option<&str>) -> EndKeyed {
    EndKeyed { name: name(), run: [run; 16], object: object.map(str::to_owned) }
}

async fn began(store: &Store, begin: BeginKeyed) -> Begun {
    store.run(begin).await.unwrap()
}

async fn rows_left(store: &Store) -> usize {
    sql(store, "SELECT idempotency_key FROM idempotency_keys", Vec::new()).await.len()
}

#[tokio::test]
async fn one_request_runs_and_its_repeats_are_told_what_came_of_it() {
    TestStores::each(|store| async move {
        assert_eq!(fail_every_statement(&store, || begin(1, 7, 10)).await.0, Ok(Begun::First));
        let before = dump_all(&store).await;
        assert_eq!(began(&store, begin(2, 7, 69)).await, Begun::InUse);
        assert_eq!(began(&store, begin(2, 8, 69)).await, Begun::Reused);
        store.run(end(2, Some("not its own"))).await.unwrap();
        assert_eq!(dump_all(&store).await, before);

        fail_every_statement(&store, || end(1, Some("pay_1"))).await.0.unwrap();
        let before = dump_all(&store).await;
        for second in [11, 70, 1_010] {
            let repeat = Begun::Repeat { object: "pay_1".to_owned() };
            assert_eq!(began(&store, begin(2, 7, second)).await, repeat, "second {second}");
            assert_eq!(began(&store, begin(2, 8, second)).await, Begun::Reused);
        }
        assert_eq!(dump_all(&store).await, before);
        // Forgotten: any request may have the key.
        assert_eq!(fail_every_statement(&store, || begin(3, 8, 1_011)).await.0, Ok(Begun::First));
        assert_eq!(began(&store, begin(4, 8, 1_012)).await, Begun::InUse);
    })
    .await;
}

#[tokio::test]
async fn a_refused_request_leaves_the_key_free_and_one_that_died_to_its_repeats() {
    TestStores::each(|store| async move {
        assert_eq!(began(&store, begin(1, 7, 10)).await, Begun::First);
        fail_every_statement(&store, || end(1, None)).await.0.unwrap();
        assert_eq!(rows_left(&store).await, 0);

        assert_eq!(began(&store, begin(2, 8, 20)).await, Begun::First);
        // It never ends: its time is over at second 80.
        assert_eq!(began(&store, begin(3, 9, 79)).await, Begun::Reused);
        assert_eq!(began(&store, begin(3, 9, 80)).await, Begun::Reused, "nobody knows what it did");
        let (again, _) = fail_every_statement(&store, || begin(3, 8, 80)).await;
        assert_eq!(again, Ok(Begun::Again { since: at(20) }));
        // Whoever was thought dead and comes back takes nothing away.
        let before = dump_all(&store).await;
        store.run(end(2, None)).await.unwrap();
        store.run(end(2, Some("late"))).await.unwrap();
        assert_eq!(dump_all(&store).await, before);
        store.run(end(3, Some("pay_3"))).await.unwrap();
        assert_eq!(began(&store, begin(4, 8, 90)).await, Begun::Repeat { object: "pay_3".to_owned() });
    })
    .await;
}

/// So that each run gives what it makes the same name, however many there were.
#[tokio::test]
async fn a_request_whose_run_is_over_runs_again_as_begun_when_it_was() {
    TestStores::each(|store| async move {
        assert_eq!(began(&store, begin(1, 7, 10)).await, Begun::First);
        let (again, _) = fail_every_statement(&store, || begin(2, 7, 70)).await;
        assert_eq!(again, Ok(Begun::Again { since: at(10) }));
        assert_eq!(began(&store, begin(3, 7, 129)).await, Begun::InUse);
        assert_eq!(began(&store, begin(3, 7, 130)).await, Begun::Again { since: at(10) });
        assert_eq!(
            began(&store, begin(4, 8, 190)).await,
            Begun::Reused,
            "what was asked for can still be learnt"
        );
        assert_eq!(began(&store, begin(4, 8, 1_011)).await, Begun::First, "forgotten");
        store.run(end(4, Some("ep_1"))).await.unwrap();
        assert_eq!(began(&store, begin(5, 8, 1_100)).await, Begun::Repeat { object: "ep_1".to_owned() });
    })
    .await;
}

#[tokio::test]
async fn a_run_that_is_left_is_over_at_once() {
    TestStores::each(|store| async move {
        let leave = |run: u8, second| LeaveKeyed { name: name(), run: [run; 16], now: at(second) };
        assert_eq!(began(&store, begin(1, 7, 10)).await, Begun::First);
        // Of another run it says nothing.
        store.run(leave(2, 11)).await.unwrap();
        assert_eq!(began(&store, begin(2, 7, 11)).await, Begun::InUse);
        fail_every_statement(&store, || leave(1, 12)).await.0.unwrap();
        assert_eq!(began(&store, begin(2, 7, 12)).await, Begun::Again { since: at(10) });
        assert_eq!(began(&store, begin(3, 7, 13)).await, Begun::InUse);
        store.run(end(2, Some("ep_1"))).await.unwrap();
        let before = dump_all(&store).await;
        store.run(leave(2, 14)).await.unwrap();
        assert_eq!(dump_all(&store).await, before, "it has ended");
    })
    .await;
}

#[tokio::test]
async fn a_key_is_its_merchants_and_its_environments() {
    TestStores::each(|store| async move {
        let other = |name: KeyName| BeginKeyed { name, ..begin(2, 9, 11) };
        assert_eq!(began(&store, begin(1, 7, 10)).await, Begun::First);
        for name in [
            KeyName { merchant: STRANGER, ..name() },
            KeyName { environment: Environment::Live, ..name() },
            KeyName { key: "K-1".to_owned(), ..name() },
        ] {
            assert_eq!(began(&store, other(name)).await, Begun::First);
        }
        assert_eq!(rows_left(&store).await, 4);
    })
    .await;
}

#[tokio::test]
async fn what_is_forgotten_goes_away_a_few_rows_at_a_time() {
    TestStores::each(|store| async move {
        let keyed = |n: i64, second| BeginKeyed {
            name: KeyName { key: format!("old-{n}"), ..name() },
            ..begin(1, 7, second)
        };
        for n in 0..6 {
            began(&store, keyed(n, n)).await;
        }
        began(&store, keyed(10, 1_000)).await;
        assert_eq!(rows_left(&store).await, 7, "none is old enough");
        began(&store, keyed(11, 1_005)).await;
        assert_eq!(rows_left(&store).await, 4, "the four oldest are gone");
        began(&store, keyed(12, 1_006)).await;
        assert_eq!(rows_left(&store).await, 3);
    })
    .await;
}
