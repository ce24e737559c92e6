use redress_core::environment::Environment;
use redress_core::state::StateName;

use super::*;
use crate::ops::cases::{Case, ListOpenCases};
use crate::ops::credentials::Revoking;
use crate::ops::deliveries::{
    AfterDelivery, ClaimDeliveries, DeliveryQueue, DueQueues, RecordDeliveries, RecordDelivery, Recorded,
};
use crate::ops::endpoints::{ChangeEndpoint, Endpoint, EndpointChanging, FindEndpoint, RevokeEndpoint};
use crate::ops::feed::{FeedKinds, FeedSubject, ReadFeed};
use crate::ops::fixtures::{ENDPOINT, MERCHANT, STRANGER, add_endpoint, at, id, in_state, rf, world};
use crate::ops::gauges::CountWaiting;
use crate::ops::sequence::NumberEvents;
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

/// The endpoint that [`ENDPOINT`] is.
const ID: EndpointId = EndpointId::from_bytes([6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 0, 0, 0, 1]);
const QUEUE: DeliveryQueue = DeliveryQueue { merchant: MERCHANT, endpoint: Some(ID) };
const TEN: Duration = Duration::from_secs(10);

/// The n-th try to tell of the success of the first refund, which fails at a second.
fn fails(attempt: u32, second: i64) -> RecordDelivery {
    RecordDelivery {
        queue: QUEUE,
        refund: rf(1),
        number: 2,
        attempt,
        status: Some(500),
        answer: "no".to_owned(),
        started_at: at(second),
        finished_at: at(second),
        next: AfterDelivery::Again { due_at: at(second + 1), silent: false },
        failure: Some(EndpointFailure { disable_after: TEN, case: CaseId::from_bytes(id(8, attempt)) }),
    }
}

fn taken(attempt: u32, second: i64) -> RecordDelivery {
    RecordDelivery { next: AfterDelivery::Delivered, failure: None, ..fails(attempt, second) }
}

fn enable(second: i64) -> SwitchEndpoint {
    let author = Author { name: "Mai".to_owned(), reason: "repaired".to_owned() };
    SwitchEndpoint { merchant: MERCHANT, endpoint: ID, is_on: true, author, now: at(second) }
}

async fn disabled(store: &Store, record: RecordDelivery) -> bool {
    match store.run(RecordDeliveries(vec![record])).await.unwrap()[0] {
        Recorded::Yes { disabled } => disabled,
        Recorded::Before => panic!("recorded before"),
    }
}

async fn endpoint(store: &Store) -> Endpoint {
    store.read(FindEndpoint { merchant: MERCHANT, endpoint: ID }).await.unwrap().unwrap()
}

async fn due(store: &Store, second: i64) -> Vec<DeliveryQueue> {
    store.read(DueQueues { now: at(second), after: None, limit: 9 }).await.unwrap()
}

async fn open_cases(store: &Store) -> Vec<Case> {
    store.read(ListOpenCases { merchant: Some(MERCHANT), after: None, limit: 9 }).await.unwrap()
}

/// What the feed tells of endpoints.
async fn told(store: &Store) -> Vec<(OtherEventKind, EndpointId)> {
    while store.run(NumberEvents { limit: 9 }).await.unwrap() > 0 {}
    let environment = Environment::Sandbox;
    let read = ReadFeed { merchant: MERCHANT, environment, after: 0, kinds: FeedKinds::ALL, limit: 99 };
    let events = store.read(read).await.unwrap().events.into_iter();
    let of = events.filter_map(|event| match event.about {
        FeedSubject::Endpoint { kind, endpoint, .. } => Some((kind, endpoint)),
        FeedSubject::Refund { .. } | FeedSubject::Payment { .. } => None,
    });
    of.collect()
}

async fn one_owed(store: &Store) {
    world(store).await;
    add_endpoint(store, ENDPOINT).await;
    in_state(store, StateName::Succeeded, "1.00", 1).await;
}

#[tokio::test]
async fn an_endpoint_that_takes_nothing_for_too_long_is_disabled_and_what_it_is_owed_waits() {
    TestStores::each(|store| async move {
        one_owed(&store).await;
        assert!(!disabled(&store, fails(1, 100)).await);
        assert_eq!(
            (endpoint(&store).await.failing_since, endpoint(&store).await.disabled_at),
            (Some(at(100)), None)
        );
        assert!(!disabled(&store, fails(2, 109)).await, "not yet");
        let (recorded, statements) =
            fail_every_statement(&store, || RecordDeliveries(vec![fails(3, 110)])).await;
        assert_eq!((recorded, statements), (Ok(vec![Recorded::Yes { disabled: true }]), 8));
        assert_eq!(endpoint(&store).await.disabled_at, Some(at(110)));
        assert_eq!(due(&store, 1_000).await, [], "nobody looks for what it is owed");
        let waiting = store.read(CountWaiting { now: at(1_000) }).await.unwrap();
        assert_eq!((waiting.deliveries, waiting.oldest_delivery, waiting.endpoints_disabled), (0, None, 1));
        assert_eq!(told(&store).await, [(OtherEventKind::EndpointDisabled, ID)]);
        let cases = open_cases(&store).await;
        assert_eq!(
            (cases.len(), cases[0].kind, cases[0].endpoint),
            (1, CaseKind::EndpointDisabled, Some(ID))
        );
        assert!(!disabled(&store, fails(4, 130)).await, "what was under way changes nothing more");
        assert_eq!((told(&store).await.len(), open_cases(&store).await.len()), (1, 1));

        let (enabled, _) = fail_every_statement(&store, || enable(200)).await;
        assert_eq!(enabled, Ok(Switching::Switched));
        let now = endpoint(&store).await;
        assert_eq!((now.failing_since, now.disabled_at), (None, None));
        assert_eq!(due(&store, 200).await, [QUEUE], "it goes out again");
        assert_eq!(open_cases(&store).await, []);
        let both = [(OtherEventKind::EndpointDisabled, ID), (OtherEventKind::EndpointEnabled, ID)];
        assert_eq!(told(&store).await, both);
        assert!(!disabled(&store, fails(5, 201)).await, "it has all the time again");
    })
    .await;
}

#[tokio::test]
async fn one_thing_taken_and_all_is_forgiven() {
    TestStores::each(|store| async move {
        one_owed(&store).await;
        in_state(&store, StateName::Succeeded, "1.00", 2).await;
        assert!(!disabled(&store, fails(1, 100)).await);
        let other = RecordDelivery { refund: rf(2), ..taken(1, 105) };
        assert!(!disabled(&store, other).await);
        assert_eq!(endpoint(&store).await.failing_since, None);
        assert!(!disabled(&store, fails(2, 111)).await, "it took something in between");
        let nothing_could_be_sent = RecordDelivery { failure: None, ..fails(3, 500) };
        assert!(!disabled(&store, nothing_could_be_sent).await, "that is not the endpoint's fault");
    })
    .await;
}

#[tokio::test]
async fn another_address_has_all_the_time_again_and_another_name_has_not() {
    TestStores::each(|store| async move {
        one_owed(&store).await;
        let change = |name: Option<&str>, url: Option<&str>| ChangeEndpoint {
            merchant: MERCHANT,
            endpoint: ID,
            name: name.map(str::to_owned),
            url: url.map(str::to_owned),
            dialect: None,
            event_mask: None,
            seen: None,
        };
        assert!(!disabled(&store, fails(1, 100)).await);
        let same = endpoint(&store).await.url;
        assert_eq!(store.run(change(Some("N"), Some(&same))).await, Ok(EndpointChanging::Changed));
        assert_eq!(endpoint(&store).await.failing_since, Some(at(100)));
        assert_eq!(
            store.run(change(None, Some("https://merchant.test/other"))).await,
            Ok(EndpointChanging::Changed)
        );
        assert_eq!(endpoint(&store).await.failing_since, None);
        assert!(!disabled(&store, fails(2, 115)).await, "its first");
        assert!(disabled(&store, fails(3, 125)).await);
    })
    .await;
}

#[tokio::test]
async fn a_person_disables_an_endpoint_of_ones_own_and_nobody_is_alarmed() {
    TestStores::each(|store| async move {
        one_owed(&store).await;
        let author = Author { name: "Mai".to_owned(), reason: "moving".to_owned() };
        let disable = SwitchEndpoint { merchant: MERCHANT, endpoint: ID, is_on: false, author, now: at(50) };
        let stranger = SwitchEndpoint { merchant: STRANGER, ..disable.clone() };
        assert_eq!(store.run(stranger).await, Ok(Switching::NotFound));
        let (done, _) = fail_every_statement(&store, || disable.clone()).await;
        assert_eq!(done, Ok(Switching::Switched));
        assert_eq!(endpoint(&store).await.disabled_at, Some(at(50)));
        assert_eq!(due(&store, 1_000).await, [], "what it is owed waits");
        assert_eq!(told(&store).await, [(OtherEventKind::EndpointDisabled, ID)]);
        assert_eq!(open_cases(&store).await, []);
        assert_eq!(store.run(disable.clone()).await, Ok(Switching::Already));
        assert_eq!(store.run(enable(200)).await, Ok(Switching::Switched));
        assert_eq!(due(&store, 200).await, [QUEUE]);
        let revoke = RevokeEndpoint { merchant: MERCHANT, endpoint: ID, now: at(210) };
        assert_eq!(store.run(revoke).await, Ok(Revoking::Revoked));
        assert_eq!(store.run(disable).await, Ok(Switching::Revoked));
    })
    .await;
}

#[tokio::test]
async fn only_a_disabled_endpoint_of_ones_own_can_be_enabled() {
    TestStores::each(|store| async move {
        one_owed(&store).await;
        let before = dump_all(&store).await;
        assert_eq!(store.run(enable(100)).await, Ok(Switching::Already));
        let stranger = SwitchEndpoint { merchant: STRANGER, ..enable(100) };
        assert_eq!(store.run(stranger).await, Ok(Switching::NotFound));
        assert_eq!(dump_all(&store).await, before);
    })
    .await;
}

#[tokio::test]
async fn revoking_a_disabled_endpoint_ends_its_case_and_gives_up_what_it_is_owed() {
    TestStores::each(|store| async move {
        one_owed(&store).await;
        disabled(&store, fails(1, 100)).await;
        assert!(disabled(&store, fails(2, 110)).await);
        let revoke = RevokeEndpoint { merchant: MERCHANT, endpoint: ID, now: at(120) };
        assert_eq!(fail_every_statement(&store, || revoke).await.0, Ok(Revoking::Revoked));
        assert_eq!(open_cases(&store).await, []);
        assert_eq!(store.run(enable(121)).await, Ok(Switching::Revoked));
        assert_eq!(due(&store, 200).await, [QUEUE]);
        let claim = ClaimDeliveries { queue: QUEUE, now: at(200), lease_until: at(230), limit: 9 };
        assert!(store.run(claim).await.unwrap().endpoint.unwrap().revoked_at.is_some());
    })
    .await;
}
