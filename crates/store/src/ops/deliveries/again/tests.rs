use redress_core::environment::Environment;
use redress_core::state::StateName;

use super::*;
use crate::ops::deliveries::{
    AfterDelivery, ClaimDeliveries, DeliveryQueue, DeliveryState, FindDelivery, ListedDelivery,
    PageDeliveries, RecordDeliveries, RecordDelivery, Recorded,
};
use crate::ops::endpoints::RevokeEndpoint;
use crate::ops::fixtures::{
    ENDPOINT, Endpoint as NewEndpoint, MERCHANT, STRANGER, add_endpoint, at, id, in_state, rf, sql, world,
};
use crate::ops::sequence::NumberEvents;
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

fn endpoint(n: u32) -> EndpointId {
    EndpointId::from_bytes(id(6, n))
}

fn told(refund: u32, number: u32, to: u32) -> DeliveryId {
    DeliveryId { refund: rf(refund), number, endpoint: Some(endpoint(to)) }
}

async fn find(store: &Store, delivery: DeliveryId) -> Option<ListedDelivery> {
    store.read(FindDelivery { merchant: MERCHANT, delivery }).await.unwrap()
}

async fn over(store: &Store, delivery: DeliveryId, attempt: u32, next: AfterDelivery) {
    let record = RecordDelivery {
        queue: DeliveryQueue { merchant: MERCHANT, endpoint: delivery.endpoint },
        refund: delivery.refund,
        number: delivery.number,
        attempt,
        status: None,
        answer: "said".to_owned(),
        started_at: at(50),
        finished_at: at(50),
        next,
        failure: None,
    };
    assert_eq!(store.run(RecordDeliveries(vec![record])).await, Ok(vec![Recorded::Yes { disabled: false }]));
}

#[tokio::test]
async fn whatever_became_of_a_delivery_it_is_due_again_and_its_attempts_count_on() {
    TestStores::each(|store| async move {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        in_state(&store, StateName::Succeeded, "1.00", 1).await;
        let delivery = told(1, 2, 1);
        let resend = |merchant, delivery| ResendDelivery { merchant, delivery, now: at(60) };
        for (attempt, next) in [(1, AfterDelivery::Delivered), (2, AfterDelivery::GivenUp)] {
            over(&store, delivery, attempt, next).await;
            let (resent, _) = fail_every_statement(&store, || resend(MERCHANT, delivery)).await;
            assert_eq!(resent, Ok(true));
            let found = find(&store, delivery).await.unwrap().delivery;
            assert_eq!(
                (found.state, found.due_at, found.finished_at),
                (DeliveryState::Due, Some(at(60)), None)
            );
        }
        let queue = DeliveryQueue { merchant: MERCHANT, endpoint: Some(endpoint(1)) };
        let claim = ClaimDeliveries { queue, now: at(60), lease_until: at(90), limit: 9 };
        let claimed = store.run(claim).await.unwrap().deliveries;
        assert_eq!((claimed[0].attempt, claimed[0].silent_tries), (3, 0));
        let before = dump_all(&store).await;
        for (merchant, delivery) in
            [(STRANGER, delivery), (MERCHANT, told(1, 9, 1)), (MERCHANT, told(2, 2, 1))]
        {
            assert_eq!(store.run(resend(merchant, delivery)).await, Ok(false));
        }
        assert_eq!(dump_all(&store).await, before);
    })
    .await;
}

const REPLAY: ReplayBatch = ReplayBatch {
    merchant: MERCHANT,
    endpoint: EndpointId::from_bytes([0; 16]),
    since: at(0),
    before: None,
    limit: 100,
    now: at(5_000),
};

async fn number(store: &Store) {
    while store.run(NumberEvents { limit: 100 }).await.unwrap() > 0 {}
}

async fn due_to(store: &Store, n: u32) -> Vec<(DeliveryId, Option<Timestamp>)> {
    let page = PageDeliveries {
        merchant: MERCHANT,
        environment: Environment::Sandbox,
        endpoint: Some(endpoint(n)),
        refund: None,
        state: Some(DeliveryState::Due),
        after: None,
        limit: 100,
        refunds_max: 100,
    };
    let page = store.read(page).await.unwrap();
    page.deliveries.iter().map(|listed| (listed.id, listed.delivery.due_at)).collect()
}

#[tokio::test]
async fn everything_that_an_endpoint_wants_since_a_time_is_due_to_it_again() {
    TestStores::each(|store| async move {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        in_state(&store, StateName::Succeeded, "1.00", 1).await;
        over(&store, told(1, 2, 1), 1, AfterDelivery::Delivered).await;
        // Added later, and wants successes alone.
        add_endpoint(&store, NewEndpoint { n: 2, mask: EventKind::Succeeded.bit(), ..ENDPOINT }).await;
        add_endpoint(&store, NewEndpoint { n: 3, environment: Environment::Live, ..ENDPOINT }).await;
        number(&store).await;

        let replay = |n| ReplayBatch { endpoint: endpoint(n), ..REPLAY };
        let (replayed, _) = fail_every_statement(&store, || replay(1)).await;
        assert_eq!(replayed, Ok(Replaying::Done { due: 2, next: None }));
        let now = Some(at(5_000));
        assert_eq!(due_to(&store, 1).await, [(told(1, 2, 1), now), (told(1, 1, 1), now)]);
        assert_eq!(due_to(&store, 2).await, [], "others are left alone");
        assert_eq!(store.run(replay(2)).await, Ok(Replaying::Done { due: 1, next: None }));
        assert_eq!(due_to(&store, 2).await, [(told(1, 2, 2), now)]);
        assert_eq!(store.run(replay(3)).await, Ok(Replaying::Done { due: 0, next: None }));

        let before = dump_all(&store).await;
        // The refund was made at second 10, and succeeded at second 20.
        let late = ReplayBatch { since: at(21), ..replay(1) };
        assert_eq!(store.run(late).await, Ok(Replaying::Done { due: 0, next: None }));
        assert_eq!(
            store.run(ReplayBatch { merchant: STRANGER, ..replay(1) }).await,
            Ok(Replaying::NoEndpoint)
        );
        assert_eq!(dump_all(&store).await, before);
        store.run(RevokeEndpoint { merchant: MERCHANT, endpoint: endpoint(3), now: at(30) }).await.unwrap();
        assert_eq!(store.run(replay(3)).await, Ok(Replaying::Revoked));
        let exact = ReplayBatch { since: at(20), now: at(6_000), ..replay(1) };
        assert_eq!(store.run(exact).await, Ok(Replaying::Done { due: 1, next: None }));
    })
    .await;
}

#[tokio::test]
async fn a_replay_goes_on_where_a_batch_ended_and_ends_at_what_is_too_old() {
    TestStores::each(|store| async move {
        world(&store).await;
        add_endpoint(&store, NewEndpoint { mask: EventKind::Succeeded.bit(), ..ENDPOINT }).await;
        for n in 1..=3 {
            in_state(&store, StateName::Succeeded, "1.00", n).await;
            over(&store, told(n, 2, 1), 1, AfterDelivery::Delivered).await;
            number(&store).await;
        }
        let mut batch = ReplayBatch { endpoint: endpoint(1), limit: 2, ..REPLAY };
        let mut steps = Vec::new();
        loop {
            let Replaying::Done { due, next } = store.run(batch).await.unwrap() else {
                panic!("it is there")
            };
            steps.push(due);
            let Some(next) = next else { break };
            batch.before = Some(next);
        }
        // The last batch was full too; only the next look says that nothing is behind it.
        assert_eq!(steps, [1, 1, 1, 0]);
        assert_eq!(due_to(&store, 1).await.len(), 3);

        sql(&store, "UPDATE events SET happened_at = happened_at - 4000000000 WHERE number = 1", Vec::new())
            .await;
        let since = ReplayBatch { endpoint: endpoint(1), limit: 2, ..REPLAY };
        let done = store.run(since).await;
        assert_eq!(done, Ok(Replaying::Done { due: 1, next: None }), "what is far older ends it");
    })
    .await;
}

#[tokio::test]
async fn sgates_dialect_stands_back_where_the_payment_has_its_own_address() {
    TestStores::each(|store| async move {
        world(&store).await;
        add_endpoint(&store, NewEndpoint { dialect: "sgate", ..ENDPOINT }).await;
        in_state(&store, StateName::Succeeded, "1.00", 1).await;
        number(&store).await;
        let replay = || ReplayBatch { endpoint: endpoint(1), ..REPLAY };
        assert_eq!(store.run(replay()).await, Ok(Replaying::Done { due: 2, next: None }));
        sql(&store, "UPDATE payments SET notification_url = 'https://merchant.test/own'", Vec::new()).await;
        assert_eq!(store.run(replay()).await, Ok(Replaying::Done { due: 0, next: None }));
    })
    .await;
}
