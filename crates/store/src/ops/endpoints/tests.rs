use super::*;
use crate::ops::credentials::{AddCredential, Credential, CredentialKind, Proof};
use crate::ops::fixtures::{MERCHANT, STRANGER, at, bytes, sql, world};
use crate::ops::settings_version::SettingsVersion;
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

fn endpoint(n: u8, environment: Environment, event_mask: i64) -> Endpoint {
    Endpoint {
        merchant: MERCHANT,
        id: EndpointId::from_bytes([n; 16]),
        name: format!("Endpoint {n}"),
        url: "https://merchant.test/hook".to_owned(),
        dialect: Dialect::Standard,
        environment,
        event_mask,
        credential: None,
        secret_sealed: b"first".to_vec(),
        old_secret: None,
        created_at: at(1),
        revoked_at: None,
        failing_since: None,
        disabled_at: None,
    }
}

#[tokio::test]
async fn endpoints_are_added_found_listed_and_revoked() {
    TestStores::each(|store| async move {
        world(&store).await;
        let settings = store.read(SettingsVersion).await.unwrap();
        let one = endpoint(1, Environment::Sandbox, EventKind::all_bits());
        let (added, _) = fail_every_statement(&store, || AddEndpoint(one.clone())).await;
        assert_eq!(added, Ok(EndpointAdding::Added));
        let nobody = Endpoint { merchant: MerchantId::from_bytes([9; 16]), ..one.clone() };
        assert_eq!(store.run(AddEndpoint(nobody)).await, Ok(EndpointAdding::Closed(Closed::NoSuch)));
        let two = endpoint(2, Environment::Live, EventKind::Succeeded.bit());
        store.run(AddEndpoint(two.clone())).await.unwrap();
        assert_eq!(store.read(SettingsVersion).await, Ok(settings + 2));

        let find = |merchant| FindEndpoint { merchant, endpoint: one.id };
        assert_eq!(store.read(find(MERCHANT)).await, Ok(Some(one.clone())));
        assert_eq!(store.read(find(STRANGER)).await, Ok(None));
        let list = |environment, after| ListEndpoints { merchant: MERCHANT, environment, after, limit: 1 };
        assert_eq!(store.read(list(None, None)).await.unwrap(), std::slice::from_ref(&one));
        assert_eq!(store.read(list(None, Some(one.id))).await.unwrap(), std::slice::from_ref(&two));
        assert_eq!(
            store.read(list(Some(Environment::Live), None)).await.unwrap(),
            std::slice::from_ref(&two)
        );
        assert_eq!(store.read(list(Some(Environment::Live), Some(two.id))).await.unwrap(), []);

        let revoke = |merchant| RevokeEndpoint { merchant, endpoint: one.id, now: at(5) };
        assert_eq!(store.run(revoke(STRANGER)).await, Ok(Revoking::NotFound));
        let (revoked, _) = fail_every_statement(&store, || revoke(MERCHANT)).await;
        assert_eq!(revoked, Ok(Revoking::Revoked));
        assert_eq!(store.run(revoke(MERCHANT)).await, Ok(Revoking::Already));
        let found = store.read(find(MERCHANT)).await.unwrap().unwrap();
        assert_eq!(found, Endpoint { revoked_at: Some(at(5)), ..one.clone() });
    })
    .await;
}

/// Whoever adds the last one that may be there, the others see it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_never_more_endpoints_than_there_may_be_however_many_add_one_at_once() {
    TestStores::each(|store: Store| async move {
        world(&store).await;
        let most = u8::try_from(ENDPOINTS_MAX).unwrap();
        for n in 1..most {
            let added = store.run(AddEndpoint(endpoint(n, Environment::Sandbox, 1))).await;
            assert_eq!(added, Ok(EndpointAdding::Added), "{n}");
        }
        let mut tasks = tokio::task::JoinSet::new();
        for n in most..most + 5 {
            let store = store.clone();
            tasks.spawn(async move {
                store.run(AddEndpoint(endpoint(n, Environment::Sandbox, 1))).await.unwrap()
            });
        }
        let added = tasks.join_all().await;
        let count = |what: EndpointAdding| added.iter().filter(|one| **one == what).count();
        assert_eq!((count(EndpointAdding::Added), count(EndpointAdding::TooMany)), (1, 4));
        let environment = Some(Environment::Sandbox);
        let all = ListEndpoints { merchant: MERCHANT, environment, after: None, limit: 100 };
        assert_eq!(store.read(all).await.unwrap().len(), ENDPOINTS_MAX);

        let add = |n, environment| AddEndpoint(endpoint(n, environment, 1));
        assert_eq!(store.run(add(200, Environment::Live)).await, Ok(EndpointAdding::Added), "counted apart");
        let theirs = Endpoint { merchant: STRANGER, ..endpoint(201, Environment::Sandbox, 1) };
        assert_eq!(store.run(AddEndpoint(theirs)).await, Ok(EndpointAdding::Added), "another merchant's");
        let first = EndpointId::from_bytes([1; 16]);
        store.run(RevokeEndpoint { merchant: MERCHANT, endpoint: first, now: at(5) }).await.unwrap();
        assert_eq!(store.run(add(202, Environment::Sandbox)).await, Ok(EndpointAdding::Added));
        assert_eq!(store.run(add(203, Environment::Sandbox)).await, Ok(EndpointAdding::TooMany));
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_signs_only_with_its_own_merchants_credential() {
    TestStores::each(|store| async move {
        world(&store).await;
        let credential = KeyId::from_bytes([8; 16]);
        let theirs = Credential {
            merchant: STRANGER,
            id: credential,
            kind: CredentialKind::Portone,
            environment: None,
            public_key: "shown".to_owned(),
            proof: Proof::Sealed(vec![1]),
            rights: redress_core::right::Rights::NONE,
            created_at: at(1),
            revoked_at: None,
        };
        store.run(AddCredential(theirs)).await.unwrap();
        let wants = Endpoint { credential: Some(credential), ..endpoint(1, Environment::Sandbox, 1) };
        assert_eq!(store.run(AddEndpoint(wants.clone())).await, Ok(EndpointAdding::NoCredential));
        let own = Endpoint { merchant: STRANGER, ..wants };
        assert_eq!(store.run(AddEndpoint(own.clone())).await, Ok(EndpointAdding::Added));
        let found = store.read(FindEndpoint { merchant: STRANGER, endpoint: own.id }).await;
        assert_eq!(found, Ok(Some(own)));
    })
    .await;
}

#[tokio::test]
async fn a_rotated_secret_is_followed_by_the_one_before() {
    TestStores::each(|store| async move {
        world(&store).await;
        let one = endpoint(1, Environment::Sandbox, 1);
        store.run(AddEndpoint(one.clone())).await.unwrap();
        let settings = store.read(SettingsVersion).await.unwrap();
        let rotate = |merchant, secret: &[u8], until| RotateSecret {
            merchant,
            endpoint: one.id,
            secret_sealed: secret.to_vec(),
            old_until: until,
            unless_since: None,
            seen: None,
            now: at(50),
        };
        let find = FindEndpoint { merchant: MERCHANT, endpoint: one.id };
        let (rotated, _) = fail_every_statement(&store, || rotate(MERCHANT, b"second", at(100))).await;
        assert_eq!(rotated, Ok(Rotating::Rotated));
        let found = store.read(find).await.unwrap().unwrap();
        assert_eq!(found.secret_sealed, b"second");
        assert_eq!(found.old_secret, Some((b"first".to_vec(), at(100))));
        assert_eq!(store.run(rotate(MERCHANT, b"third", at(200))).await, Ok(Rotating::Rotated));
        let found = store.read(find).await.unwrap().unwrap();
        assert_eq!(found.old_secret, Some((b"second".to_vec(), at(200))));
        assert_eq!(store.read(SettingsVersion).await, Ok(settings + 2));

        assert_eq!(store.run(rotate(STRANGER, b"theirs", at(300))).await, Ok(Rotating::NotThere));
        store.run(RevokeEndpoint { merchant: MERCHANT, endpoint: one.id, now: at(5) }).await.unwrap();
        assert_eq!(store.run(rotate(MERCHANT, b"late", at(300))).await, Ok(Rotating::NotThere));
    })
    .await;
}

/// Whoever does not know whether it was done does it again: of one endpoint no two come, and of a rotation no second.
#[tokio::test]
async fn what_was_done_by_a_run_before_is_not_done_again() {
    TestStores::each(|store| async move {
        world(&store).await;
        let one = endpoint(1, Environment::Sandbox, 1);
        assert_eq!(store.run(AddEndpoint(one.clone())).await, Ok(EndpointAdding::Added));
        let rotate = |secret: &[u8], unless_since, now| RotateSecret {
            merchant: MERCHANT,
            endpoint: one.id,
            secret_sealed: secret.to_vec(),
            old_until: at(500),
            unless_since,
            seen: None,
            now,
        };
        // Nobody has rotated it before.
        assert_eq!(store.run(rotate(b"second", Some(at(10)), at(20))).await, Ok(Rotating::Rotated));
        let before = dump_all(&store).await;
        for since in [10, 20] {
            let again = rotate(b"third", Some(at(since)), at(300));
            assert_eq!(store.run(again).await, Ok(Rotating::Already), "{since}");
        }
        let changed = Endpoint { secret_sealed: b"another".to_vec(), ..one.clone() };
        assert_eq!(store.run(AddEndpoint(changed)).await, Ok(EndpointAdding::Already));
        assert_eq!(dump_all(&store).await, before);
        // One from before the request was begun is none of its own.
        let later = rotate(b"third", Some(at(21)), at(300));
        let (rotated, _) = fail_every_statement(&store, || later.clone()).await;
        assert_eq!(rotated, Ok(Rotating::Rotated));
        store.run(RevokeEndpoint { merchant: MERCHANT, endpoint: one.id, now: at(400) }).await.unwrap();
        assert_eq!(store.run(later).await, Ok(Rotating::NotThere));
    })
    .await;
}

/// The secret which the receiver still checks would end, whatever the page had promised.
#[tokio::test]
async fn a_secret_that_is_not_the_one_that_was_seen_is_not_rotated() {
    TestStores::each(|store| async move {
        world(&store).await;
        let one = endpoint(1, Environment::Sandbox, 1);
        store.run(AddEndpoint(one.clone())).await.unwrap();
        let find = FindEndpoint { merchant: MERCHANT, endpoint: one.id };
        let rotate = |secret: &[u8], seen, second: i64| RotateSecret {
            merchant: MERCHANT,
            endpoint: one.id,
            secret_sealed: secret.to_vec(),
            old_until: at(second + 100),
            unless_since: None,
            seen: Some(seen),
            now: at(second),
        };
        let first = SeenSecret::of(&one);
        assert_eq!(first, SeenSecret(None));
        let (rotated, _) = fail_every_statement(&store, || rotate(b"second", first, 20)).await;
        assert_eq!(rotated, Ok(Rotating::Rotated));
        let before = dump_all(&store).await;
        for seen in [first, SeenSecret(Some(at(119)))] {
            assert_eq!(store.run(rotate(b"third", seen, 30)).await, Ok(Rotating::Overtaken), "{seen:?}");
        }
        assert_eq!(dump_all(&store).await, before);
        // The same wish in another run finds what it did itself.
        let again = RotateSecret { unless_since: Some(at(20)), ..rotate(b"third", first, 30) };
        assert_eq!(store.run(again).await, Ok(Rotating::Already));
        // One that came before the wish is another's.
        let late = RotateSecret { unless_since: Some(at(21)), ..rotate(b"third", first, 30) };
        assert_eq!(store.run(late).await, Ok(Rotating::Overtaken));

        let now = SeenSecret::of(&store.read(find).await.unwrap().unwrap());
        assert_eq!(now, SeenSecret(Some(at(120))));
        assert_eq!(store.run(rotate(b"third", now, 40)).await, Ok(Rotating::Rotated));
        store.run(RevokeEndpoint { merchant: MERCHANT, endpoint: one.id, now: at(50) }).await.unwrap();
        assert_eq!(store.run(rotate(b"fourth", now, 60)).await, Ok(Rotating::NotThere));
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_is_changed_in_what_is_named_and_in_nothing_else() {
    TestStores::each(|store| async move {
        world(&store).await;
        let credential = Some(KeyId::from_bytes([8; 16]));
        let one = Endpoint { dialect: Dialect::Portone, ..endpoint(1, Environment::Sandbox, 1) };
        store.run(AddEndpoint(one.clone())).await.unwrap();
        let sign = "UPDATE endpoints SET credential_id = $1";
        sql(&store, sign, vec![bytes(&[8; 16])]).await;
        let one = Endpoint { credential, ..one };
        let settings = store.read(SettingsVersion).await.unwrap();
        let nothing = |merchant| ChangeEndpoint {
            merchant,
            endpoint: one.id,
            name: None,
            url: None,
            dialect: None,
            event_mask: None,
            seen: None,
        };
        let find = || FindEndpoint { merchant: MERCHANT, endpoint: one.id };
        assert_eq!(store.run(nothing(MERCHANT)).await, Ok(EndpointChanging::Changed));
        assert_eq!(store.read(find()).await, Ok(Some(one.clone())));

        let url = "https://merchant.test/other".to_owned();
        let moved = || ChangeEndpoint { url: Some(url.clone()), event_mask: Some(4), ..nothing(MERCHANT) };
        let (changed, _) = fail_every_statement(&store, moved).await;
        assert_eq!(changed, Ok(EndpointChanging::Changed));
        let there = Endpoint { url: url.clone(), event_mask: 4, ..one.clone() };
        assert_eq!(store.read(find()).await, Ok(Some(there.clone())));
        let named =
            ChangeEndpoint { name: Some("N".into()), dialect: Some(one.dialect), ..nothing(MERCHANT) };
        assert_eq!(store.run(named).await, Ok(EndpointChanging::Changed));
        let there = Endpoint { name: "N".into(), ..there };
        assert_eq!(store.read(find()).await, Ok(Some(there.clone())), "the same dialect keeps its signer");
        let other = ChangeEndpoint { dialect: Some(Dialect::Standard), ..nothing(MERCHANT) };
        assert_eq!(store.run(other).await, Ok(EndpointChanging::Changed));
        let there = Endpoint { dialect: Dialect::Standard, credential: None, ..there };
        assert_eq!(store.read(find()).await, Ok(Some(there.clone())));
        assert_eq!(store.read(SettingsVersion).await, Ok(settings + 4));

        assert_eq!(store.run(nothing(STRANGER)).await, Ok(EndpointChanging::Gone));
        store.run(RevokeEndpoint { merchant: MERCHANT, endpoint: one.id, now: at(5) }).await.unwrap();
        assert_eq!(store.run(moved()).await, Ok(EndpointChanging::Gone), "it is revoked");
        assert_eq!(
            store.run(RevokeEndpoint { merchant: MERCHANT, endpoint: one.id, now: at(6) }).await,
            Ok(Revoking::Already)
        );
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_that_was_changed_since_is_not_changed_by_what_was_seen_before() {
    TestStores::each(|store| async move {
        world(&store).await;
        let one = endpoint(1, Environment::Sandbox, 1);
        store.run(AddEndpoint(one.clone())).await.unwrap();
        let shown = SeenEndpoint::of(&one);
        let wanted = |name: &str, url: &str, seen: &SeenEndpoint| ChangeEndpoint {
            merchant: MERCHANT,
            endpoint: one.id,
            name: Some(name.to_owned()),
            url: Some(url.to_owned()),
            dialect: Some(one.dialect),
            event_mask: Some(one.event_mask),
            seen: Some(seen.clone()),
        };
        let elsewhere = "https://merchant.test/other";
        let moves = || wanted(&one.name, elsewhere, &shown);
        let (moved, _) = fail_every_statement(&store, moves).await;
        assert_eq!(moved, Ok(EndpointChanging::Changed));
        // Another one who saw the old address saves a name.
        let before = dump_all(&store).await;
        let (late, _) = fail_every_statement(&store, || wanted("N", &one.url, &shown)).await;
        assert_eq!(late, Ok(EndpointChanging::Overtaken));
        assert_eq!(dump_all(&store).await, before);
        // What was wanted is so already, as by a double click.
        assert_eq!(store.run(moves()).await, Ok(EndpointChanging::Changed));

        // Each of what was seen counts.
        let now = SeenEndpoint { url: elsewhere.to_owned(), ..shown.clone() };
        for other in [
            shown,
            SeenEndpoint { name: "N".into(), ..now.clone() },
            SeenEndpoint { dialect: Dialect::Sgate, ..now.clone() },
            SeenEndpoint { event_mask: 3, ..now.clone() },
        ] {
            let renamed = store.run(wanted("M", elsewhere, &other)).await;
            assert_eq!(renamed, Ok(EndpointChanging::Overtaken));
        }
        assert_eq!(store.run(wanted("M", elsewhere, &now)).await, Ok(EndpointChanging::Changed));
        let there = Endpoint { name: "M".into(), url: elsewhere.to_owned(), ..one.clone() };
        let find = FindEndpoint { merchant: MERCHANT, endpoint: one.id };
        assert_eq!(store.read(find).await, Ok(Some(there)));
        store.run(RevokeEndpoint { merchant: MERCHANT, endpoint: one.id, now: at(5) }).await.unwrap();
        assert_eq!(store.run(wanted("M", elsewhere, &now)).await, Ok(EndpointChanging::Gone));
    })
    .await;
}

#[tokio::test]
async fn who_wants_an_event_is_known() {
    TestStores::each(|store| async move {
        world(&store).await;
        let mask = EventKind::Succeeded.bit() | EventKind::Reversed.bit();
        let version = store.read(SettingsVersion).await.unwrap();
        let one = endpoint(1, Environment::Live, mask);
        store.run(AddEndpoint(one.clone())).await.unwrap();
        let wants = async |merchant: MerchantId, kind: EventKind| {
            store.read(AnyEndpointWants { merchant, kind }).await
        };
        let as_of = |added: i64, found: bool| Ok(AsOf { version: version + added, found });
        for kind in EventKind::ALL {
            assert_eq!(wants(MERCHANT, kind).await, as_of(1, mask & kind.bit() != 0), "{kind:?}");
        }
        let kind = EventKind::Succeeded;
        assert_eq!(wants(STRANGER, kind).await, as_of(1, false));
        store.run(AddEndpoint(endpoint(2, Environment::Sandbox, mask))).await.unwrap();
        store.run(RevokeEndpoint { merchant: MERCHANT, endpoint: one.id, now: at(5) }).await.unwrap();
        assert_eq!(wants(MERCHANT, kind).await, as_of(3, true), "the other one does");
        store
            .run(RevokeEndpoint { merchant: MERCHANT, endpoint: EndpointId::from_bytes([2; 16]), now: at(5) })
            .await
            .unwrap();
        assert_eq!(wants(MERCHANT, kind).await, as_of(4, false));
    })
    .await;
}

#[test]
fn secrets_and_addresses_are_not_printed() {
    let said = format!("{:?}", endpoint(1, Environment::Live, 1));
    assert!(!said.contains("merchant.test") && !said.contains("102"), "{said}");
}
