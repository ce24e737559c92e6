use redress_core::event::EventKind;
use redress_core::settle::Via;
use redress_core::state::StateName;

use super::*;
use crate::ops::endpoints::RevokeEndpoint;
use crate::ops::fixtures::{
    ENDPOINT, Endpoint as NewEndpoint, MERCHANT, STRANGER, add_endpoint, at, bytes, hear, id, in_state,
    payment, refused, rf, sent, sql, text, world,
};
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

const RECORDED: Recorded = Recorded::Yes { disabled: false };

const OWN: DeliveryQueue = DeliveryQueue { merchant: MERCHANT, endpoint: None };

fn queue(n: u32) -> DeliveryQueue {
    DeliveryQueue { merchant: MERCHANT, endpoint: Some(EndpointId::from_bytes(id(6, n))) }
}

fn claim(queue: DeliveryQueue, second: i64, limit: u32) -> ClaimDeliveries {
    ClaimDeliveries { queue, now: at(second), lease_until: at(second + 30), limit }
}

/// The first attempt at the success of the first refund, begun and ended at a second.
fn record(next: AfterDelivery, attempt: u32, second: i64) -> RecordDelivery {
    RecordDelivery {
        queue: queue(1),
        refund: rf(1),
        number: 2,
        attempt,
        status: Some(200),
        answer: "ok".to_owned(),
        started_at: at(second),
        finished_at: at(second),
        next,
        failure: None,
    }
}

async fn own_address(store: &Store) {
    let params = vec![bytes(payment(1).as_bytes())];
    sql(
        store,
        "UPDATE payments SET notification_url = 'https://merchant.test/own' WHERE payment_id = $1",
        params,
    )
    .await;
}

/// Adds an endpoint and one delivery that is due to it, of a refund that does not matter.
async fn owe_to(store: &Store, queue: DeliveryQueue) {
    let merchant = bytes(queue.merchant.as_bytes());
    let endpoint = bytes(&queue.endpoint_bytes());
    let sql_text = "INSERT INTO endpoints (merchant_id, endpoint_id, name, url, dialect, environment, event_mask, \
         secret_sealed, created_at) VALUES ($1, $2, 'E', 'https://other.test/', 'standard', 'sandbox', 1, $2, 0)";
    sql(store, sql_text, vec![merchant.clone(), endpoint.clone()]).await;
    let sql_text = "INSERT INTO deliveries (merchant_id, refund_id, number, endpoint_id, dialect, state, tries, \
         silent_tries, due_at, created_at) VALUES ($1, $2, 1, $2, 'standard', 'due', 0, 0, 0, 0)";
    sql(store, sql_text, vec![merchant, endpoint]).await;
}

async fn due(store: &Store, second: i64, after: Option<DeliveryQueue>, limit: u32) -> Vec<DeliveryQueue> {
    store.read(DueQueues { now: at(second), after, limit }).await.unwrap()
}

#[tokio::test]
async fn what_is_due_is_found_by_queue_and_none_is_forgotten() {
    TestStores::each(|store| async move {
        world(&store).await;
        own_address(&store).await;
        for n in [1, 2, 3] {
            add_endpoint(&store, NewEndpoint { n, ..ENDPOINT }).await;
        }
        add_endpoint(&store, NewEndpoint { n: 4, mask: EventKind::Failed.bit(), ..ENDPOINT }).await;
        assert_eq!(due(&store, 100, None, 9).await, []);
        in_state(&store, StateName::Succeeded, "1.00", 1).await;
        in_state(&store, StateName::Succeeded, "1.00", 2).await;

        assert_eq!(due(&store, 19, None, 9).await, [], "told at second 20");
        let all = [OWN, queue(1), queue(2), queue(3)];
        assert_eq!(due(&store, 20, None, 9).await, all, "once each, however much waits");
        assert_eq!(due(&store, 20, None, 2).await, all[..2]);
        assert_eq!(due(&store, 20, Some(all[1]), 9).await, all[2..]);
        assert_eq!(due(&store, 20, Some(OWN), 1).await, all[1..2]);
        // After every queue of the first merchant.
        let strangers = DeliveryQueue { merchant: STRANGER, endpoint: None };
        assert_eq!(due(&store, 20, Some(strangers), 9).await, []);

        // Another merchant's endpoint comes after all of these, though its own id is smaller.
        let theirs = DeliveryQueue { merchant: STRANGER, endpoint: Some(EndpointId::from_bytes([1; 16])) };
        owe_to(&store, theirs).await;
        assert_eq!(due(&store, 20, Some(all[3]), 9).await, [theirs]);
        assert_eq!(due(&store, 20, Some(theirs), 9).await, []);

        store.run(claim(queue(2), 20, 9)).await.unwrap();
        assert_eq!(
            due(&store, 49, None, 9).await,
            [OWN, queue(1), queue(3), theirs],
            "claimed until second 50"
        );
        assert_eq!(due(&store, 50, None, 4).await, all);
    })
    .await;
}

#[tokio::test]
async fn a_claim_brings_all_that_a_sender_needs_and_nobody_else_gets_it_meanwhile() {
    TestStores::each(|store| async move {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        in_state(&store, StateName::Succeeded, "1.00", 1).await;
        sent(&store, "order-1", "2.00", 2).await;
        hear(&store, 2, refused(), Via::Submit, 25).await;

        let (first, _) = fail_every_statement(&store, || claim(queue(1), 25, 1)).await;
        let first = first.unwrap();
        assert_eq!(first.endpoint.unwrap().url, "https://merchant.test/");
        let [told] = &first.deliveries[..] else { panic!("one was asked for") };
        assert_eq!((told.refund.id, told.event.number, told.event.kind), (rf(1), 2, EventKind::Succeeded));
        assert_eq!((told.dialect, told.attempt, told.silent_tries), (Dialect::Standard, 1, 0));
        assert_eq!((told.event.amount_minor, told.event.happened_at), (100, at(20)));
        assert_eq!((told.created_at, told.payment.id), (at(20), payment(1)));
        assert_eq!(told.refund.state.name(), StateName::Succeeded);

        let second = store.run(claim(queue(1), 25, 9)).await.unwrap();
        let [told] = &second.deliveries[..] else { panic!("the first is claimed") };
        assert_eq!((told.refund.id, told.event.kind), (rf(2), EventKind::Failed));
        assert_eq!(told.event.failure_code.as_deref(), Some("R1"));
        assert_eq!(told.event.failure_text.as_deref(), Some("card closed"));
        assert!(store.run(claim(queue(1), 25, 9)).await.unwrap().deliveries.is_empty());

        // Whoever claimed them died: they come again, oldest first.
        let again = store.run(claim(queue(1), 55, 9)).await.unwrap();
        let ids: Vec<_> = again.deliveries.iter().map(|told| (told.refund.id, told.attempt)).collect();
        assert_eq!(ids, [(rf(1), 1), (rf(2), 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_delivery_that_cannot_be_read_holds_up_nothing_that_waits_behind_it() {
    TestStores::each(|store| async move {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        in_state(&store, StateName::Succeeded, "1.00", 1).await;
        in_state(&store, StateName::Succeeded, "1.00", 2).await;
        let spoil = "UPDATE refunds SET currency = 'XQX' WHERE refund_id = $1";
        sql(&store, spoil, vec![bytes(rf(1).as_bytes())]).await;
        let claimed = async |second| {
            let claim = store.run(claim(queue(1), second, 9)).await.unwrap();
            claim.deliveries.iter().map(|told| told.refund.id).collect::<Vec<_>>()
        };
        assert_eq!(claimed(20).await, [rf(2)]);
        assert_eq!(due(&store, 49, None, 9).await, [], "it is not looked at again and again");
        assert_eq!(due(&store, 50, None, 9).await, [queue(1)]);
        assert_eq!(claimed(50).await, [rf(2)]);
    })
    .await;
}

#[tokio::test]
async fn own_addresses_and_revoked_endpoints_are_told_apart() {
    TestStores::each(|store| async move {
        world(&store).await;
        own_address(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        in_state(&store, StateName::Succeeded, "1.00", 1).await;
        let own = store.run(claim(OWN, 20, 9)).await.unwrap();
        assert!(own.endpoint.is_none());
        assert_eq!(own.deliveries[0].dialect, Dialect::Sgate);
        assert_eq!(own.deliveries[0].payment.notification_url.as_deref(), Some("https://merchant.test/own"));

        let endpoint = EndpointId::from_bytes(id(6, 1));
        store.run(RevokeEndpoint { merchant: MERCHANT, endpoint, now: at(21) }).await.unwrap();
        let revoked = store.run(claim(queue(1), 22, 9)).await.unwrap();
        assert_eq!(revoked.deliveries.len(), 1, "still owed: the sender gives it up and says so");
        assert_eq!(revoked.endpoint.unwrap().revoked_at, Some(at(21)));
    })
    .await;
}

async fn recorded(store: &Store, attempt: RecordDelivery) -> Result<Recorded, StoreError> {
    store.run(RecordDeliveries(vec![attempt])).await.map(|each| each[0])
}

#[tokio::test]
async fn attempts_are_recorded_once_until_the_end() {
    TestStores::each(|store| async move {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        in_state(&store, StateName::Succeeded, "1.00", 1).await;
        let again = |silent, second| AfterDelivery::Again { due_at: at(second), silent };
        let silent = || RecordDelivery { status: None, ..record(again(true, 60), 1, 21) };
        let (first, _) = fail_every_statement(&store, || RecordDeliveries(vec![silent()])).await;
        assert_eq!(first, Ok(vec![RECORDED]));
        assert_eq!(recorded(&store, silent()).await, Ok(Recorded::Before), "the same attempt again");
        let early = record(AfterDelivery::Delivered, 3, 70);
        assert_eq!(
            recorded(&store, early).await,
            Ok(Recorded::Before),
            "an attempt that nobody may have made yet"
        );
        assert_eq!(
            recorded(&store, RecordDelivery { status: None, ..record(again(true, 90), 2, 60) }).await,
            Ok(RECORDED)
        );
        let told = store.run(claim(queue(1), 90, 1)).await.unwrap().deliveries.remove(0);
        assert_eq!((told.attempt, told.silent_tries), (3, 2));
        let refused = RecordDelivery { status: Some(500), ..record(again(false, 120), 3, 91) };
        assert_eq!(recorded(&store, refused).await, Ok(RECORDED));
        let told = store.run(claim(queue(1), 120, 1)).await.unwrap().deliveries.remove(0);
        assert_eq!((told.attempt, told.silent_tries), (4, 0), "something answered");
        assert_eq!(recorded(&store, record(AfterDelivery::Delivered, 4, 121)).await, Ok(RECORDED));
        let before = dump_all(&store).await;
        assert_eq!(recorded(&store, record(again(false, 130), 4, 122)).await, Ok(Recorded::Before));
        assert_eq!(
            recorded(&store, record(again(false, 130), 5, 122)).await,
            Ok(Recorded::Before),
            "it is over"
        );
        assert_eq!(dump_all(&store).await, before);
        assert_eq!(due(&store, 1000, None, 9).await, []);

        let list = |merchant| ListDeliveries { merchant, refund: rf(1) };
        let listed = store.read(list(MERCHANT)).await.unwrap();
        let [delivery] = &listed[..] else { panic!("one delivery: {listed:?}") };
        assert_eq!((delivery.state, delivery.due_at), (DeliveryState::Delivered, None));
        assert_eq!((delivery.number, delivery.finished_at), (2, Some(at(121))));
        let statuses: Vec<_> = delivery.attempts.iter().map(|attempt| attempt.status).collect();
        assert_eq!(statuses, [None, None, Some(500), Some(200)]);
        assert_eq!(store.read(list(STRANGER)).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn what_is_given_up_stays_visible_and_each_delivery_has_its_own_attempts() {
    TestStores::each(|store| async move {
        world(&store).await;
        for n in [1, 2] {
            add_endpoint(&store, NewEndpoint { n, ..ENDPOINT }).await;
        }
        in_state(&store, StateName::Succeeded, "1.00", 1).await;
        let given_up = RecordDelivery { queue: queue(2), ..record(AfterDelivery::GivenUp, 1, 21) };
        assert_eq!(recorded(&store, given_up).await, Ok(RECORDED));
        let listed = store.read(ListDeliveries { merchant: MERCHANT, refund: rf(1) }).await.unwrap();
        let seen: Vec<_> = listed.iter().map(|one| (one.endpoint, one.state, one.attempts.len())).collect();
        let expected =
            [(queue(1).endpoint, DeliveryState::Due, 0), (queue(2).endpoint, DeliveryState::GivenUp, 1)];
        assert_eq!(seen, expected);
        let rows = sql(&store, "SELECT 1 FROM deliveries WHERE state = $1", vec![text("given_up")]).await;
        assert_eq!(rows.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_claimed_twice_at_once() {
    TestStores::each(|store| async move {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        for n in 1..=5 {
            in_state(&store, StateName::Succeeded, "1.00", n).await;
        }
        let claims = (0..4).map(|_| store.run(claim(queue(1), 20, 2)));
        let claimed = futures_util::future::join_all(claims).await;
        let mut ids: Vec<_> = claimed
            .into_iter()
            .flat_map(|claim| claim.unwrap().deliveries)
            .map(|told| told.refund.id)
            .collect();
        ids.extend(
            store.run(claim(queue(1), 20, 9)).await.unwrap().deliveries.iter().map(|told| told.refund.id),
        );
        ids.sort_unstable();
        assert_eq!(ids, [1, 2, 3, 4, 5].map(rf));
    })
    .await;
}

#[tokio::test]
async fn several_attempts_are_recorded_together_and_each_is_judged_alone() {
    TestStores::each(|store| async move {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        for n in 1..=3 {
            in_state(&store, StateName::Succeeded, "1.00", n).await;
        }
        let of = |n| RecordDelivery { refund: rf(n), ..record(AfterDelivery::Delivered, 1, 21) };
        assert_eq!(recorded(&store, of(2)).await, Ok(RECORDED));
        let (each, _) = fail_every_statement(&store, || RecordDeliveries(vec![of(1), of(2), of(3)])).await;
        assert_eq!(each, Ok(vec![RECORDED, Recorded::Before, RECORDED]));
        assert_eq!(store.run(claim(queue(1), 1000, 9)).await.unwrap().deliveries.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn what_is_put_back_is_due_at_once_unless_somebody_else_has_it() {
    TestStores::each(|store| async move {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        for n in 1..=3 {
            in_state(&store, StateName::Succeeded, "1.00", n).await;
        }
        let first = claim(queue(1), 20, 9);
        assert_eq!(store.run(first).await.unwrap().deliveries.len(), 3);
        assert_eq!(recorded(&store, record(AfterDelivery::Delivered, 1, 21)).await, Ok(RECORDED));
        let put_back = |lease_until| PutBack {
            queue: queue(1),
            lease_until,
            deliveries: vec![(rf(1), 2), (rf(2), 2)],
            now: at(22),
        };
        assert_eq!(store.run(put_back(at(21))).await, Ok(0), "another lease");
        assert_eq!(store.run(put_back(first.lease_until)).await, Ok(1), "one of them is over");
        let again = store.run(claim(queue(1), 22, 9)).await.unwrap().deliveries;
        assert_eq!(again.iter().map(|told| told.refund.id).collect::<Vec<_>>(), [rf(2)]);
        assert_eq!(again[0].attempt, 1, "nobody tried it");
    })
    .await;
}
