use super::*;
use crate::ops::credentials::{AddCredential, Credential, CredentialKind, Proof};
use crate::ops::fixtures::{MERCHANT, STRANGER, at, world};
use crate::ops::settings_version::SettingsVersion;
use crate::testing::{TestStores, fail_every_statement};

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
        assert_eq!(store.run(AddEndpoint(nobody)).await, Ok(EndpointAdding::NoMerchant));
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
        };
        let find = FindEndpoint { merchant: MERCHANT, endpoint: one.id };
        let (rotated, _) = fail_every_statement(&store, || rotate(MERCHANT, b"second", at(100))).await;
        assert_eq!(rotated, Ok(true));
        let found = store.read(find).await.unwrap().unwrap();
        assert_eq!(found.secret_sealed, b"second");
        assert_eq!(found.old_secret, Some((b"first".to_vec(), at(100))));
        assert_eq!(store.run(rotate(MERCHANT, b"third", at(200))).await, Ok(true));
        let found = store.read(find).await.unwrap().unwrap();
        assert_eq!(found.old_secret, Some((b"second".to_vec(), at(200))));
        assert_eq!(store.read(SettingsVersion).await, Ok(settings + 2));

        assert_eq!(store.run(rotate(STRANGER, b"theirs", at(300))).await, Ok(false));
        store.run(RevokeEndpoint { merchant: MERCHANT, endpoint: one.id, now: at(5) }).await.unwrap();
        assert_eq!(store.run(rotate(MERCHANT, b"late", at(300))).await, Ok(false));
    })
    .await;
}

#[tokio::test]
async fn who_wants_an_event_is_known() {
    TestStores::each(|store| async move {
        world(&store).await;
        let mask = EventKind::Succeeded.bit() | EventKind::Reversed.bit();
        let one = endpoint(1, Environment::Sandbox, mask);
        store.run(AddEndpoint(one.clone())).await.unwrap();
        let wants = |merchant, environment, kind| AnyEndpointWants { merchant, environment, kind };
        let sandbox = Environment::Sandbox;
        for kind in EventKind::ALL {
            let wanted = store.read(wants(MERCHANT, sandbox, kind)).await;
            assert_eq!(wanted, Ok(mask & kind.bit() != 0), "{kind:?}");
        }
        let kind = EventKind::Succeeded;
        assert_eq!(store.read(wants(MERCHANT, Environment::Live, kind)).await, Ok(false));
        assert_eq!(store.read(wants(STRANGER, sandbox, kind)).await, Ok(false));
        store.run(RevokeEndpoint { merchant: MERCHANT, endpoint: one.id, now: at(5) }).await.unwrap();
        assert_eq!(store.read(wants(MERCHANT, sandbox, kind)).await, Ok(false));
    })
    .await;
}

#[test]
fn secrets_and_addresses_are_not_printed() {
    let said = format!("{:?}", endpoint(1, Environment::Live, 1));
    assert!(!said.contains("merchant.test") && !said.contains("102"), "{said}");
}
