use std::sync::Arc;

use redress_core::environment::Environment;
use redress_core::settle::Via;
use tokio::sync::Notify;

use super::*;
use crate::ops::accept::Accept;
use crate::ops::feed::{FeedKinds, FeedSubject, ReadFeed};
use crate::ops::fixtures::{
    MERCHANT, accept, at, bytes, done, hear, pay, queued, rf, rows, sql, told, world,
};
use crate::store::Store;
use crate::testing::{TestStores, fail_every_statement};

const FEED: ReadFeed = ReadFeed {
    merchant: MERCHANT,
    environment: Environment::Sandbox,
    after: 0,
    kinds: FeedKinds::ALL,
    limit: 100,
};

/// Which refunds the feed tells of from a place on, by the last of their ids' bytes, and where it goes on.
async fn refunds(store: &Store, after: i64) -> (Vec<u8>, i64) {
    while store.run(NumberEvents { limit: NUMBERED_EVENTS_MAX }).await.unwrap() > 0 {}
    let page = store.read(ReadFeed { after, ..FEED }).await.unwrap();
    let of = |about: &FeedSubject| match about {
        FeedSubject::Refund { refund, .. } => refund.id.as_bytes()[15],
        other => panic!("{other:?}"),
    };
    (page.events.iter().map(|event| of(&event.about)).collect(), page.next)
}

/// Accepts a refund, says that its event is written, and commits when told to.
struct HeldBack {
    accept: Accept,
    written: Arc<Notify>,
    go: Arc<Notify>,
}

impl Operation for HeldBack {
    type Out = String;
    const NAME: &'static str = "held_back";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<String>, StoreError> {
        let done = self.accept.run(tx).await?;
        self.written.notify_one();
        self.go.notified().await;
        Ok(match done {
            Done::Commit(accepted) => Done::Commit(told(&accepted)),
            Done::Rollback(accepted) => Done::Rollback(told(&accepted)),
        })
    }
}

#[tokio::test]
async fn what_commits_late_comes_late_and_is_never_skipped() {
    TestStores::each(|store: Store| async move {
        if store.engine() == Engine::Sqlite {
            // There is one writer: nothing can commit out of order.
            return;
        }
        world(&store).await;
        pay(&store, 2, "flex", 1000).await;
        let (written, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let first = HeldBack {
            accept: accept("order-1", "1.00", 1),
            written: Arc::clone(&written),
            go: Arc::clone(&go),
        };
        let other = store.clone();
        let mut held = tokio::task::JoinSet::new();
        held.spawn(async move { other.run(first).await });
        written.notified().await;
        queued(&store, "order-2", "1.00", 2).await;
        let (seen, next) = refunds(&store, 0).await;
        assert_eq!(seen, [2], "the first is not committed");
        go.notify_one();
        assert_eq!(held.join_all().await, [Ok("new queued".to_owned())]);
        assert_eq!(refunds(&store, next).await.0, [1], "read on from where the second was seen");
        assert_eq!(refunds(&store, 0).await.0, [2, 1]);
    })
    .await;
}

/// What statistics are like when a burst comes: of all events that there were, each had its place.
#[tokio::test]
async fn a_burst_is_numbered_refund_by_refund_and_not_each_against_all() {
    TestStores::each(|store| async move {
        if store.engine() == Engine::Sqlite {
            return;
        }
        sql(
            &store,
            "INSERT INTO events (merchant_id, environment, refund_id, number, kind, amount, happened_at, position) \
             SELECT CAST('0123456789abcdef' AS BYTEA), 'sandbox', DECODE(LPAD(TO_HEX(n), 32, '0'), 'hex'), 1, 'created', 1, n, n \
             FROM GENERATE_SERIES(1, 5000) n",
            vec![],
        )
        .await;
        sql(&store, "ANALYZE events", vec![]).await;
        let text = NUMBER.replace("$1", "2000").replace("$2", "5000");
        let explained = String::leak(format!("EXPLAIN {text}"));
        let plan = sql(&store, explained, vec![]).await;
        let plan: Vec<String> = plan.iter().map(|line| line.text(0).unwrap()).collect();
        let plan = plan.join("\n");
        assert_eq!(plan.matches("events_unnumbered").count(), 1, "the oldest alone are found by it: {plan}");
        assert!(plan.contains("events_number"), "{plan}");
    })
    .await;
}

#[tokio::test]
async fn numbering_is_all_or_nothing_and_only_postgresql_needs_it() {
    TestStores::each(|store| async move {
        world(&store).await;
        queued(&store, "order-1", "1.00", 1).await;
        let postgres = store.engine() == Engine::Postgres;
        assert_eq!(store.read(AnyUnnumbered).await, Ok(postgres));
        assert_eq!(store.read(FEED).await.unwrap().unnumbered, postgres);
        let numbered = fail_every_statement(&store, || NumberEvents { limit: 9 }).await;
        assert_eq!(numbered, if postgres { (Ok(1), 3) } else { (Ok(0), 0) });
        assert_eq!(store.read(AnyUnnumbered).await, Ok(false));
        assert_eq!(store.run(NumberEvents { limit: 9 }).await, Ok(0));
        let last = if postgres { "1" } else { "0" };
        assert_eq!(rows(&store, "SELECT last FROM event_sequence").await, [last]);
    })
    .await;
}

#[tokio::test]
async fn events_of_one_refund_never_swap_whatever_the_clocks_say() {
    TestStores::each(|store| async move {
        world(&store).await;
        for n in 1..4 {
            queued(&store, "order-1", "1.00", n).await;
            hear(&store, n, done(None), Via::Query, 20).await;
        }
        // The clock was set back while the first refund was under way, and the others came in between.
        let set_back = "UPDATE events SET happened_at = $1 WHERE refund_id = $2 AND number = 1";
        sql(
            &store,
            set_back,
            vec![crate::ops::fixtures::Cell::Int(at(500).as_micros()), bytes(rf(1).as_bytes())],
        )
        .await;
        while store.run(NumberEvents { limit: 1 }).await.unwrap() > 0 {}
        let told = "SELECT number FROM events ORDER BY refund_id, position";
        assert_eq!(rows(&store, told).await, ["1", "2", "1", "2", "1", "2"]);
        let places = "SELECT COUNT(DISTINCT position), MAX(position) FROM events";
        assert_eq!(rows(&store, places).await, ["6 6"]);
    })
    .await;
}

#[tokio::test]
async fn many_sequencers_at_once_give_no_place_twice_and_wait_for_nobody_for_ever() {
    TestStores::each(|store: Store| async move {
        world(&store).await;
        for n in 1..40 {
            queued(&store, "order-1", "0.10", n).await;
        }
        let mut sequencers = tokio::task::JoinSet::new();
        for limit in [1, 2, 3, 5, 40] {
            let store = store.clone();
            sequencers.spawn(async move { while store.run(NumberEvents { limit }).await.unwrap() > 0 {} });
        }
        sequencers.join_all().await;
        let places = "SELECT COUNT(DISTINCT position), MAX(position), COUNT(*) FROM events";
        assert_eq!(rows(&store, places).await, ["39 39 39"]);
    })
    .await;
}
