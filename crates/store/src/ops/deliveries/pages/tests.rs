use redress_core::state::StateName;

use super::*;
use crate::ops::deliveries::{AfterDelivery, DeliveryQueue, RecordDeliveries, RecordDelivery, Recorded};
use crate::ops::fixtures::{
    ENDPOINT, Endpoint as NewEndpoint, MERCHANT, STRANGER, add_endpoint, at, bytes, id, in_state, rf, sql,
    world,
};
use crate::store::Store;
use crate::testing::TestStores;

const ALL: PageDeliveries = PageDeliveries {
    merchant: MERCHANT,
    environment: Environment::Sandbox,
    endpoint: None,
    refund: None,
    state: None,
    after: None,
    limit: 100,
    refunds_max: REFUNDS_LOOKED_AT_MAX,
};

/// Makes a refund one of the other environment.
async fn move_to_live(store: &Store, n: u32) {
    let refund = bytes(rf(n).as_bytes());
    sql(store, "UPDATE refunds SET environment = 'live' WHERE refund_id = $1", vec![refund]).await;
}

fn endpoint(n: u32) -> EndpointId {
    EndpointId::from_bytes(id(6, n))
}

fn told(refund: u32, to: u32) -> DeliveryId {
    DeliveryId { refund: rf(refund), number: 2, endpoint: Some(endpoint(to)) }
}

async fn page(store: &Store, asked: PageDeliveries) -> (Vec<DeliveryId>, Option<DeliveryId>) {
    let page = store.read(asked).await.unwrap();
    (page.deliveries.iter().map(|listed| listed.id).collect(), page.next)
}

async fn record(store: &Store, told: DeliveryId, attempt: u32, status: u16, next: AfterDelivery) {
    let record = RecordDelivery {
        queue: DeliveryQueue { merchant: MERCHANT, endpoint: told.endpoint },
        refund: told.refund,
        number: told.number,
        attempt,
        status: Some(status),
        answer: "said".to_owned(),
        started_at: at(i64::from(attempt) * 100),
        finished_at: at(i64::from(attempt) * 100 + 1),
        next,
        failure: None,
    };
    assert_eq!(store.run(RecordDeliveries(vec![record])).await, Ok(vec![Recorded::Yes { disabled: false }]));
}

#[tokio::test]
async fn deliveries_are_paged_through_newest_first_and_filtered() {
    TestStores::each(|store| async move {
        world(&store).await;
        for n in [1, 2] {
            add_endpoint(&store, NewEndpoint { n, ..ENDPOINT }).await;
        }
        for n in 1..=3 {
            in_state(&store, StateName::Succeeded, "1.00", n).await;
        }
        let all = [told(3, 2), told(3, 1), told(2, 2), told(2, 1), told(1, 2), told(1, 1)];
        assert_eq!(page(&store, ALL).await, (all.to_vec(), None));
        let mut seen = Vec::new();
        let mut after = None;
        for _ in 0..3 {
            let (some, next) = page(&store, PageDeliveries { after, limit: 2, ..ALL }).await;
            assert_eq!(some.len(), 2);
            seen.extend(some);
            after = next;
        }
        assert_eq!((seen, after), (all.to_vec(), None));

        let of_one = PageDeliveries { refund: Some(rf(2)), limit: 1, ..ALL };
        assert_eq!(page(&store, of_one).await, (vec![all[2]], Some(all[2])));
        assert_eq!(
            page(&store, PageDeliveries { after: Some(all[2]), ..of_one }).await,
            (vec![all[3]], None)
        );
        assert_eq!(
            page(&store, PageDeliveries { after: Some(all[0]), ..of_one }).await.0,
            [all[2]],
            "a cursor of another list leads nowhere else"
        );
        let to_one = PageDeliveries { endpoint: Some(endpoint(1)), ..ALL };
        assert_eq!(page(&store, to_one).await.0, [all[1], all[3], all[5]]);

        record(&store, all[3], 1, 200, AfterDelivery::Delivered).await;
        record(&store, all[0], 1, 500, AfterDelivery::GivenUp).await;
        for (state, expected) in [
            (DeliveryState::Delivered, vec![all[3]]),
            (DeliveryState::GivenUp, vec![all[0]]),
            (DeliveryState::Due, vec![all[1], all[2], all[4], all[5]]),
        ] {
            assert_eq!(
                page(&store, PageDeliveries { state: Some(state), ..ALL }).await.0,
                expected,
                "{state:?}"
            );
        }
        assert_eq!(page(&store, PageDeliveries { environment: Environment::Live, ..ALL }).await.0, []);
        assert_eq!(page(&store, PageDeliveries { merchant: STRANGER, ..ALL }).await.0, []);
    })
    .await;
}

#[tokio::test]
async fn a_page_looks_at_one_environment_and_names_nothing_of_the_other() {
    TestStores::each(|store| async move {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        for n in 1..=9 {
            in_state(&store, StateName::Succeeded, "0.10", n).await;
        }
        for n in [2, 3, 5, 6, 8, 9] {
            move_to_live(&store, n).await;
        }
        for (environment, own) in
            [(Environment::Sandbox, &[7, 4, 1][..]), (Environment::Live, &[9, 8, 6, 5, 3, 2])]
        {
            let own: Vec<_> = own.iter().map(|n| rf(*n)).collect();
            for (limit, refunds_max) in [(1, 100), (2, 100), (100, 1), (100, 2), (1, 1)] {
                let (mut seen, mut after) = (Vec::new(), None);
                loop {
                    let asked = PageDeliveries { environment, after, limit, refunds_max, ..ALL };
                    let (some, next) = page(&store, asked).await;
                    seen.extend(some.into_iter().map(|id| id.refund));
                    let Some(next) = next else { break };
                    assert!(own.contains(&next.refund), "{next:?} is none of {environment}");
                    assert_eq!(DeliveryId::parse(&next.to_string()), Ok(next), "it can be sent as a cursor");
                    after = Some(next);
                }
                assert_eq!(seen, own, "{environment} {limit} {refunds_max}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn refunds_without_deliveries_are_passed_over_some_at_a_time() {
    TestStores::each(|store| async move {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        for n in 1..=5 {
            in_state(&store, StateName::Succeeded, "0.10", n).await;
        }
        sql(&store, "DELETE FROM deliveries WHERE refund_id > $1", vec![bytes(rf(1).as_bytes())]).await;
        let two = PageDeliveries { refunds_max: 2, ..ALL };
        let (mut after, mut pages) = (None, Vec::new());
        loop {
            let (found, next) = page(&store, PageDeliveries { after, ..two }).await;
            pages.push(found.len());
            if next.is_none() {
                break;
            }
            after = next;
        }
        assert_eq!(pages, [0, 0, 1]);
    })
    .await;
}

#[tokio::test]
async fn one_look_goes_through_so_many_and_is_read_on() {
    TestStores::each(|store| async move {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        in_state(&store, StateName::Succeeded, "1.00", 1).await;
        // So many newer ones, delivered to others, that one look does not go through them.
        let fill = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 2102) \
             INSERT INTO deliveries (merchant_id, refund_id, number, endpoint_id, dialect, state, tries, silent_tries, \
             created_at, finished_at) SELECT d.merchant_id, d.refund_id, n.i + 1, d.endpoint_id, 'standard', 'delivered', \
             1, 0, 0, 0 FROM deliveries d CROSS JOIN n";
        sql(&store, fill, Vec::new()).await;
        let events = "INSERT INTO events (merchant_id, environment, refund_id, number, kind, amount, happened_at) \
             SELECT merchant_id, 'sandbox', refund_id, number, 'refund.pending', 1, 0 FROM deliveries WHERE number > 2";
        sql(&store, events, Vec::new()).await;
        let due = PageDeliveries { state: Some(DeliveryState::Due), ..ALL };
        let (none, next) = page(&store, due).await;
        assert!(none.is_empty() && next.is_some(), "the look ended before it found anything: {next:?}");
        let (found, next) = page(&store, PageDeliveries { after: next, ..due }).await;
        assert_eq!((found, next), (vec![told(1, 1)], None));
    })
    .await;
}

#[tokio::test]
async fn one_delivery_is_shown_with_its_attempts_to_its_owner() {
    TestStores::each(|store| async move {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        in_state(&store, StateName::Succeeded, "1.00", 1).await;
        let delivery = told(1, 1);
        record(&store, delivery, 1, 500, AfterDelivery::Again { due_at: at(150), silent: false }).await;
        record(&store, delivery, 2, 200, AfterDelivery::Delivered).await;
        let find = |merchant, delivery| FindDelivery { merchant, delivery };
        let found = store.read(find(MERCHANT, delivery)).await.unwrap().unwrap();
        assert_eq!(
            (found.id, found.environment, found.kind),
            (delivery, Environment::Sandbox, EventKind::Succeeded)
        );
        assert_eq!(
            (found.delivery.state, found.delivery.finished_at),
            (DeliveryState::Delivered, Some(at(201)))
        );
        let attempts: Vec<_> =
            found.delivery.attempts.iter().map(|one| (one.status, one.started_at)).collect();
        assert_eq!(attempts, [(Some(500), at(100)), (Some(200), at(200))]);
        for (merchant, delivery) in [
            (STRANGER, delivery),
            (MERCHANT, DeliveryId { number: 1, ..delivery }),
            (MERCHANT, DeliveryId { endpoint: None, ..delivery }),
            (MERCHANT, told(2, 1)),
        ] {
            assert_eq!(store.read(find(merchant, delivery)).await, Ok(None));
        }
    })
    .await;
}

#[test]
fn ids_are_read_back_and_have_one_text() {
    for endpoint in [None, Some(endpoint(7))] {
        let id = DeliveryId { refund: rf(1), number: 12, endpoint };
        assert_eq!(DeliveryId::parse(&id.to_string()), Ok(id));
    }
    let good = told(1, 1).to_string();
    let zero = format!("{}02", &good[..good.len() - 1]);
    for text in ["", "dlv_", "dlv_é", &good[1..], &good[..good.len() - 1], &format!("{good}x"), &zero] {
        assert_eq!(DeliveryId::parse(text), Err(NotAnId), "{text}");
    }
}
