use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use redress_core::settle::Via;
use redress_core::state::StateName;

use super::*;
use crate::op::{Done, Operation};
use crate::ops::fixtures::{
    ENDPOINT, MERCHANT, STRANGER, add_endpoint, at, done, hear, id, in_state, pay, payment, pending, queued,
    rf, sent, sql, world,
};
use crate::ops::sequence::NumberEvents;
use crate::ops::write::{OtherSubject, insert_other_event};
use crate::store::Store;
use crate::testing::TestStores;

const FROM_THE_BEGINNING: ReadFeed = ReadFeed {
    merchant: MERCHANT,
    environment: Environment::Sandbox,
    after: 0,
    kinds: FeedKinds::ALL,
    limit: 100,
};

/// Says that something happened to a payment or an endpoint.
struct Tell(OtherSubject, OtherEventKind);

impl Operation for Tell {
    type Out = ();
    const NAME: &'static str = "tell";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        let whose = (MERCHANT, Environment::Sandbox);
        insert_other_event(tx, whose, self.0, self.1, None, at(30)).await?;
        Ok(Done::Commit(()))
    }
}

/// Reads a page, with what is committed numbered before.
async fn page(store: &Store, read: ReadFeed) -> FeedPage {
    while store.run(NumberEvents { limit: 3 }).await.unwrap() > 0 {}
    let page = store.read(read).await.unwrap();
    assert!(!page.unnumbered);
    page
}

/// An event in short: its kind, and of a refund's its number and the refund's amount.
fn short(event: &FeedEvent) -> String {
    match &event.about {
        FeedSubject::Refund { event, .. } => {
            format!("{} {} {}", event.kind.as_str(), event.number, event.amount_minor)
        }
        FeedSubject::Payment { kind, payment, .. } => format!("{} {}", kind.as_str(), payment.order_ref),
        FeedSubject::Endpoint { kind, .. } => kind.as_str().to_owned(),
    }
}

fn shorts(page: &FeedPage) -> Vec<String> {
    page.events.iter().map(short).collect()
}

#[tokio::test]
async fn the_feed_tells_everything_in_order_and_is_read_on_from_any_place() {
    TestStores::each(|store| async move {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        assert_eq!(page(&store, FROM_THE_BEGINNING).await.next, 0, "an empty feed can be read on too");
        assert_eq!(store.read(NewestEvent).await, Ok(None));
        in_state(&store, StateName::Succeeded, "1.00", 1).await;
        in_state(&store, StateName::Reversed, "2.00", 2).await;
        let (paid, told) = (OtherSubject::Payment(payment(1)), EndpointId::from_bytes(id(6, 1)));
        store.run(Tell(paid, OtherEventKind::PaymentDisputed)).await.unwrap();
        store.run(Tell(OtherSubject::Endpoint(told), OtherEventKind::EndpointDisabled)).await.unwrap();
        let whole = page(&store, FROM_THE_BEGINNING).await;
        let end = async |merchant, environment| store.read(FeedEnd { merchant, environment }).await;
        assert_eq!(end(MERCHANT, Environment::Sandbox).await, Ok(whole.next));
        assert_eq!(end(MERCHANT, Environment::Live).await, Ok(0));
        assert_eq!(end(STRANGER, Environment::Sandbox).await, Ok(0));
        assert_eq!(store.read(NewestEvent).await, Ok(Some(at(30))));
        let all = [
            "refund.created 1 100",
            "refund.succeeded 2 100",
            "refund.created 1 200",
            "refund.succeeded 2 200",
            "refund.reversed 3 200",
            "payment.disputed order-1",
            "endpoint.disabled",
        ];
        // Everything is committed before it is numbered here, so on PostgreSQL the time decides between refunds.
        assert_eq!(BTreeSet::from_iter(shorts(&whole)), BTreeSet::from(all.map(str::to_owned)));
        assert!(!whole.more && whole.next == whole.events.last().unwrap().position);

        let mut read = ReadFeed { limit: 3, ..FROM_THE_BEGINNING };
        let mut pages = Vec::new();
        loop {
            let part = page(&store, read).await;
            pages.extend(part.events);
            read.after = part.next;
            if !part.more {
                break;
            }
        }
        assert_eq!(pages, whole.events, "the same in pages");
        let end = page(&store, read).await;
        assert_eq!((end.events.len(), end.next, end.more), (0, whole.next, false));
        queued(&store, "order-1", "3.00", 3).await;
        assert_eq!(shorts(&page(&store, read).await), ["refund.created 1 300"], "what came later");

        for foreign in [
            ReadFeed { merchant: STRANGER, ..FROM_THE_BEGINNING },
            ReadFeed { environment: Environment::Live, ..FROM_THE_BEGINNING },
        ] {
            assert_eq!(page(&store, foreign).await.events, []);
        }
    })
    .await;
}

#[tokio::test]
async fn events_of_one_kind_are_found_and_the_others_are_passed_over_once() {
    TestStores::each(|store| async move {
        world(&store).await;
        for n in 1..5 {
            in_state(&store, StateName::Succeeded, "0.10", n).await;
        }
        let of_kinds = |kinds: &[&str], after, limit| {
            let kinds: Vec<_> = kinds.iter().map(|kind| FeedKind::parse(kind).unwrap()).collect();
            ReadFeed { kinds: FeedKinds::of(&kinds), after, limit, ..FROM_THE_BEGINNING }
        };
        let of_kind = |kind, after, limit| of_kinds(&[kind], after, limit);
        let last = page(&store, FROM_THE_BEGINNING).await.next;
        let two = page(&store, of_kind("refund.succeeded", 0, 2)).await;
        assert_eq!((two.events.len(), two.more), (2, true));
        assert_eq!(two.next, two.events[1].position);
        let rest = page(&store, of_kind("refund.succeeded", two.next, 2)).await;
        assert_eq!((rest.events.len(), rest.more, rest.next), (2, false, last));
        let none = page(&store, of_kind("endpoint.enabled", 0, 2)).await;
        assert_eq!((none.events.len(), none.more, none.next), (0, false, last), "not looked through again");
        // Of several kinds, in their order; a name that comes again takes nobody's place.
        let both = page(&store, of_kinds(&["refund.created", "refund.succeeded"], 0, 100)).await;
        assert_eq!(both, page(&store, FROM_THE_BEGINNING).await, "there are no others here");
        let again = [["endpoint.enabled"; KINDS].as_slice(), &["refund.succeeded"]].concat();
        assert_eq!(page(&store, of_kinds(&again, 0, 100)).await.events.len(), 4);
        assert_eq!(page(&store, of_kinds(&[], 0, 100)).await.events.len(), 8, "none is all");
        assert_eq!(FeedKind::parse("refund.nothing"), None);
        for kind in ["refund.created", "payment.disputed"] {
            assert_eq!(FeedKind::parse(kind).unwrap().as_str(), kind);
        }
    })
    .await;
}

#[tokio::test]
async fn a_look_for_one_kind_has_an_end_and_says_where_to_go_on() {
    TestStores::each(|store| async move {
        world(&store).await;
        queued(&store, "order-1", "1.00", 1).await;
        let many = "INSERT INTO events (merchant_id, environment, payment_id, number, kind, amount, happened_at) \
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) \
             SELECT p.merchant_id, 'sandbox', p.payment_id, 0, 'payment.disputed', 0, p.captured_at + 11000000 + n.i \
             FROM payments p, n";
        sql(&store, many, Vec::new()).await;
        in_state(&store, StateName::Succeeded, "1.00", 2).await;
        while store.run(NumberEvents { limit: 5_000 }).await.unwrap() > 0 {}
        let kinds = FeedKinds::of(&[FeedKind::parse("refund.succeeded").unwrap()]);
        let first = page(&store, ReadFeed { kinds, ..FROM_THE_BEGINNING }).await;
        assert_eq!((first.events.len(), first.more), (0, true));
        assert!(first.next > 9_000, "{}", first.next);
        let second = page(&store, ReadFeed { kinds, after: first.next, ..FROM_THE_BEGINNING }).await;
        assert_eq!((shorts(&second), second.more), (vec!["refund.succeeded 2 100".to_owned()], false));
    })
    .await;
}

#[tokio::test]
async fn an_event_is_told_as_it_was() {
    TestStores::each(|store| async move {
        world(&store).await;
        sent(&store, "order-1", "4.00", 1).await;
        hear(&store, 1, pending(Some("psp-1")), Via::Submit, 20).await;
        hear(&store, 1, done(Some("psp-1")), Via::Query, 25).await;
        let page = page(&store, FROM_THE_BEGINNING).await;
        let FeedSubject::Refund { event, refund } = &page.events[1].about else { panic!("{page:?}") };
        assert_eq!((event.number, event.kind, event.happened_at), (2, EventKind::Pending, at(20)));
        assert_eq!(event.psp_refund_id.as_deref(), Some("psp-1"));
        assert_eq!((refund.id, refund.payment.id), (rf(1), payment(1)));
        assert_eq!((refund.currency.code(), refund.kind), ("SAR", RefundKind::Partial));
        assert_eq!((refund.reason.as_str(), refund.created_at), ("broken", at(10)));
        assert_eq!(refund.description.as_deref(), Some("a description"));
    })
    .await;
}

/// Follows the feed as a consumer does, from the cursor of the page before, until `over` and nothing is left.
async fn follow(store: Store, over: Arc<AtomicBool>) -> Vec<FeedEvent> {
    let mut read = ReadFeed { limit: 7, ..FROM_THE_BEGINNING };
    let mut seen = Vec::new();
    loop {
        let last_look = over.load(SeqCst);
        let page = store.read(read).await.unwrap();
        let nothing = page.events.is_empty() && !page.more && !page.unnumbered;
        seen.extend(page.events);
        read.after = page.next;
        if page.unnumbered {
            store.run(NumberEvents { limit: 5 }).await.unwrap();
        } else if nothing && last_look {
            return seen;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn whoever_follows_while_many_write_misses_nothing_and_sees_nothing_twice() {
    const WRITERS: u32 = 12;
    const EACH: u32 = 8;
    TestStores::each(|store: Store| async move {
        world(&store).await;
        for n in 2..2 + WRITERS {
            pay(&store, n, "flex", 1000).await;
        }
        let over = Arc::new(AtomicBool::new(false));
        let mut readers = tokio::task::JoinSet::new();
        for _ in 0..2 {
            readers.spawn(follow(store.clone(), Arc::clone(&over)));
        }
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let store = store.clone();
            writers.spawn(async move {
                let order_ref = format!("order-{}", writer + 2);
                for i in 0..EACH {
                    let n = writer * EACH + i;
                    queued(&store, &order_ref, "0.10", n).await;
                    hear(&store, n, done(None), Via::Query, i64::from(20 + i)).await;
                }
            });
        }
        writers.join_all().await;
        over.store(true, SeqCst);
        for seen in readers.join_all().await {
            assert!(seen.is_sorted_by(|a, b| a.position < b.position), "each later than the one before");
            let mut numbers: BTreeMap<RefundId, Vec<u32>> = BTreeMap::new();
            for event in &seen {
                let FeedSubject::Refund { event, refund } = &event.about else { panic!("{event:?}") };
                numbers.entry(refund.id).or_default().push(event.number);
            }
            assert_eq!(numbers.len(), usize::try_from(WRITERS * EACH).unwrap());
            assert!(numbers.values().all(|numbers| *numbers == [1, 2]), "{numbers:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_feed_is_read_by_its_index_and_sorts_nothing() {
    let store = Store::in_line_sqlite().unwrap();
    store.migrate(crate::MIGRATIONS, 0).await.unwrap();
    world(&store).await;
    let plan = async |sql_text: &'static str, params: Vec<crate::ops::fixtures::Cell>| {
        let explain: &'static str = Box::leak(format!("EXPLAIN QUERY PLAN {sql_text}").into_boxed_str());
        let lines = sql(&store, explain, params).await;
        lines.iter().map(|row| row.text(3).unwrap()).collect::<Vec<_>>().join("\n")
    };
    let merchant = || crate::ops::fixtures::bytes(MERCHANT.as_bytes());
    let (sandbox, int) = (|| crate::ops::fixtures::text("sandbox"), crate::ops::fixtures::Cell::Int);
    let read = plan(READ_ON, vec![merchant(), sandbox(), int(0), int(9)]).await;
    let kinds = (0..KINDS).map(|_| crate::ops::fixtures::text("refund.created"));
    let of_kind = [merchant(), sandbox(), int(0), int(9)].into_iter().chain(kinds).chain([int(9)]);
    let of_kind = plan(READ_ON_OF_KINDS, of_kind.collect()).await;
    let reach = plan(REACH, vec![merchant(), sandbox(), int(0), int(9)]).await;
    for plan in [&read, &of_kind, &reach] {
        assert!(plan.contains("INDEX events_feed (merchant_id=? AND environment=? AND position>?"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE") && !plan.contains("AUTOMATIC"), "{plan}");
    }
    assert!(reach.contains("COVERING INDEX events_feed"), "{reach}");
}

#[tokio::test]
async fn the_newest_event_is_the_latest_also_after_the_clock_was_set_back() {
    TestStores::each(|store| async move {
        world(&store).await;
        store.run(Tell(OtherSubject::Payment(payment(1)), OtherEventKind::PaymentDisputed)).await.unwrap();
        // Told later, and by the clock earlier.
        in_state(&store, StateName::Succeeded, "1.00", 1).await;
        page(&store, FROM_THE_BEGINNING).await;
        assert_eq!(store.read(NewestEvent).await, Ok(Some(at(30))));
    })
    .await;
}
