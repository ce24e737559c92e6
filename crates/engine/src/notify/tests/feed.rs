//! The feed shows what the notifications tell.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use redress_core::environment::Environment;
use redress_core::state::StateName;
use redress_core::time::Timestamp;
use redress_store::Engine as Database;
use redress_store::ops::sequence::AnyUnnumbered;
use redress_store::testing::TestStores;
use serde_json::Value;

use super::rig::{ORDER, Rig, START};
use crate::admin::endpoints::Dialect;
use crate::config::EngineConfig;
use crate::feed::{FeedKinds, ReadFeed};
use crate::world::Clock;

fn from_the_beginning(rig: &Rig) -> ReadFeed {
    ReadFeed {
        merchant: rig.merchant,
        environment: Environment::Sandbox,
        after: 0,
        kinds: FeedKinds::ALL,
        limit: 10,
    }
}

#[tokio::test]
async fn an_event_of_the_feed_is_the_body_of_its_standard_notification_and_its_id() {
    let rig = Rig::new().await;
    rig.endpoint(Dialect::Standard, "https://shop.example/").await;
    rig.payment(ORDER, None).await;
    let refund = rig.refund(ORDER).await;
    rig.succeeded(&refund).await;
    rig.pass(5).await;
    let mut told = BTreeMap::new();
    for sent in rig.receivers.sent_to("shop.example") {
        let (mut body, id) = (sent.json(), Value::from(sent.header("webhook-id")));
        body["id"] = id;
        told.insert(sent.json()["data"]["event_number"].as_u64(), body);
    }
    let read = from_the_beginning(&rig);
    let page = rig.engine.events(read, Duration::ZERO).await.unwrap();
    let events: Vec<_> = page.events.iter().map(|event| serde_json::to_value(event).unwrap()).collect();
    assert_eq!(events.len(), 3);
    assert_eq!(events, told.into_values().collect::<Vec<_>>());
    let rest = ReadFeed { after: page.next, ..read };
    assert!(rig.engine.events(rest, Duration::ZERO).await.unwrap().events.is_empty());
}

#[tokio::test]
async fn whoever_reads_sees_what_is_committed_also_before_the_worker_has_numbered_it() {
    TestStores::each(|store| async move {
        let postgres = store.engine() == Database::Postgres;
        let rig = Rig::over(store, START, EngineConfig::default()).await;
        rig.payment(ORDER, None).await;
        rig.refund(ORDER).await;
        let read = from_the_beginning(&rig);
        let page = rig.engine.events(read, Duration::ZERO).await.unwrap();
        assert_eq!((page.events.len(), page.more), (2, false));
        rig.refund(ORDER).await;
        assert!(!rig.engine.number_events_once().await.unwrap(), "all of it at once");
        let rest = rig.engine.events(ReadFeed { after: page.next, ..read }, Duration::ZERO).await.unwrap();
        assert_eq!((rest.events.len(), rest.more), (2, false));
        // The worker goes once through what is there before it looks whether it is to stop.
        rig.refund(ORDER).await;
        assert_eq!(rig.store().read(AnyUnnumbered).await, Ok(postgres));
        rig.engine.work_events(std::future::ready(())).await;
        assert_eq!(rig.store().read(AnyUnnumbered).await, Ok(false));
    })
    .await;
}

/// Somebody sets it back by an hour whenever somebody else sleeps, which takes no time here.
struct SetBack {
    shown: AtomicI64,
    sleeps: AtomicU32,
}

impl Clock for SetBack {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.shown.load(Ordering::SeqCst))
    }

    fn sleep<'a>(&'a self, _: Duration) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            assert!(self.sleeps.fetch_add(1, Ordering::SeqCst) < 100, "the wait does not end");
            self.shown.fetch_sub(3_600_000_000, Ordering::SeqCst);
        })
    }
}

#[tokio::test]
async fn nobody_waits_longer_because_the_clock_is_set_back() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    let refund = rig.refund(ORDER).await;
    let clock = SetBack { shown: AtomicI64::new(START.as_micros()), sleeps: AtomicU32::new(0) };
    let engine = rig.process_by(Arc::new(clock));
    let wait = Duration::from_secs(10);
    assert_eq!(engine.wait_for_end(&refund, wait).await.unwrap().state.name(), StateName::Pending);
    let after = engine.feed_end(rig.merchant, Environment::Sandbox).await.unwrap();
    let page = engine.events(ReadFeed { after, ..from_the_beginning(&rig) }, wait).await.unwrap();
    assert_eq!((page.events.len(), page.next), (0, after));
}
