use redress_core::id::{KeyId, MerchantId};
use redress_core::right::Right;

use super::*;
use crate::ops::fixtures::{MERCHANT, STRANGER, at, world};
use crate::ops::settings_version::SettingsVersion;
use crate::testing::{TestStores, fail_every_statement};

fn credential(n: u8, kind: CredentialKind, public_key: &str) -> Credential {
    Credential {
        merchant: MERCHANT,
        id: KeyId::from_bytes([n; 16]),
        kind,
        environment: (kind != CredentialKind::Portone).then_some(Environment::Sandbox),
        public_key: public_key.to_owned(),
        proof: if kind == CredentialKind::Api { Proof::Hash(vec![n]) } else { Proof::Sealed(vec![n]) },
        rights: if kind == CredentialKind::Api { Rights::of(&[Right::CloseCases]) } else { Rights::NONE },
        created_at: at(i64::from(n)),
        revoked_at: None,
    }
}

#[tokio::test]
async fn credentials_are_added_found_by_what_is_shown_and_revoked() {
    TestStores::each(|store| async move {
        world(&store).await;
        let version = store.read(SettingsVersion).await.unwrap();
        let sgate = credential(1, CredentialKind::Sgate, "shown");
        let (added, _) = fail_every_statement(&store, || AddCredential(sgate.clone())).await;
        assert_eq!(added, Ok(CredentialAdding::Added));
        let again = Credential { merchant: STRANGER, ..credential(2, CredentialKind::Sgate, "shown") };
        assert_eq!(store.run(AddCredential(again)).await, Ok(CredentialAdding::PublicKeyTaken));
        // Another door may have the same words.
        let api = credential(3, CredentialKind::Api, "shown");
        assert_eq!(store.run(AddCredential(api.clone())).await, Ok(CredentialAdding::Added));
        let nobody = Credential {
            merchant: MerchantId::from_bytes([9; 16]),
            ..credential(4, CredentialKind::Api, "other")
        };
        assert_eq!(store.run(AddCredential(nobody)).await, Ok(CredentialAdding::Closed(Closed::NoSuch)));
        assert_eq!(store.read(SettingsVersion).await, Ok(version + 2));

        let find = |kind, key: &str| FindCredential { kind, public_key: key.to_owned() };
        let as_of =
            |added: i64, found: &Credential| Some(AsOf { version: version + added, found: found.clone() });
        assert_eq!(store.read(find(CredentialKind::Sgate, "shown")).await, Ok(as_of(2, &sgate)));
        assert_eq!(store.read(find(CredentialKind::Api, "shown")).await, Ok(as_of(2, &api)));
        assert_eq!(store.read(find(CredentialKind::Portone, "shown")).await, Ok(None));

        let revoke = |merchant| RevokeCredential { merchant, credential: sgate.id, now: at(50) };
        assert_eq!(store.run(revoke(STRANGER)).await, Ok(Revoking::NotFound));
        let (revoked, _) = fail_every_statement(&store, || revoke(MERCHANT)).await;
        assert_eq!(revoked, Ok(Revoking::Revoked));
        assert_eq!(store.run(revoke(MERCHANT)).await, Ok(Revoking::Already));
        assert_eq!(store.read(SettingsVersion).await, Ok(version + 3));
        let shown = store.read(find(CredentialKind::Sgate, "shown")).await.unwrap().unwrap();
        assert_eq!(shown.version, version + 3);
        let shown = shown.found;
        assert_eq!(shown.revoked_at, Some(at(50)), "shown as revoked, not hidden");

        let list = |merchant, after| ListCredentials { merchant, after, limit: 1 };
        assert_eq!(store.read(list(MERCHANT, None)).await.unwrap(), std::slice::from_ref(&shown));
        assert_eq!(store.read(list(MERCHANT, Some(shown.id))).await.unwrap(), [api]);
        assert_eq!(store.read(list(STRANGER, None)).await.unwrap(), []);
        let load = |merchant| LoadCredential { merchant, credential: shown.id };
        assert_eq!(store.read(load(MERCHANT)).await, Ok(Some(shown.clone())));
        assert_eq!(store.read(load(STRANGER)).await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn the_newest_credential_that_counts_signs() {
    TestStores::each(|store| async move {
        world(&store).await;
        let newest =
            |kind, environment| NewestCredential { merchant: MERCHANT, kind, environment, now: at(9) };
        let (sgate, portone) = (CredentialKind::Sgate, CredentialKind::Portone);
        assert_eq!(store.read(newest(portone, Environment::Live)).await, Ok(None));
        for new in [
            credential(1, sgate, "s1"),
            credential(2, sgate, "s2"),
            Credential { environment: Some(Environment::Live), ..credential(3, sgate, "s3") },
            credential(4, portone, "p1"),
        ] {
            assert_eq!(store.run(AddCredential(new)).await, Ok(CredentialAdding::Added));
        }
        let key = async |kind, environment| {
            store.read(newest(kind, environment)).await.unwrap().map(|found| found.public_key)
        };
        assert_eq!(key(sgate, Environment::Sandbox).await.as_deref(), Some("s2"));
        assert_eq!(key(sgate, Environment::Live).await.as_deref(), Some("s3"));
        assert_eq!(key(portone, Environment::Live).await.as_deref(), Some("p1"), "it serves both");
        assert_eq!(key(portone, Environment::Sandbox).await.as_deref(), Some("p1"));
        let revoke =
            RevokeCredential { merchant: MERCHANT, credential: KeyId::from_bytes([2; 16]), now: at(9) };
        store.run(revoke).await.unwrap();
        assert_eq!(key(sgate, Environment::Sandbox).await.as_deref(), Some("s1"));
    })
    .await;
}

#[test]
fn proofs_are_not_printed() {
    let said = format!("{:?}", credential(77, CredentialKind::Sgate, "shown"));
    assert!(said.contains("Sealed(..)") && !said.contains("77]"), "{said}");
}

#[tokio::test]
async fn a_credential_that_is_replaced_goes_on_until_its_end_and_may_be_revoked_before() {
    TestStores::each(|store| async move {
        world(&store).await;
        let old = credential(1, CredentialKind::Api, "old");
        store.run(AddCredential(old.clone())).await.unwrap();
        let version = store.read(SettingsVersion).await.unwrap();
        let rotate = |old: KeyId, new: Credential| RotateCredential { old, until: at(100), new };
        let new = credential(2, CredentialKind::Api, "new");
        let taken = rotate(old.id, credential(2, CredentialKind::Api, "old"));
        assert_eq!(store.run(taken).await, Ok(Rotating::PublicKeyTaken));
        let theirs = Credential { merchant: STRANGER, ..new.clone() };
        assert_eq!(store.run(rotate(old.id, theirs)).await, Ok(Rotating::NotFound));
        let (rotated, _) = fail_every_statement(&store, || rotate(old.id, new.clone())).await;
        assert_eq!(rotated, Ok(Rotating::Rotated));
        assert_eq!(store.read(SettingsVersion).await, Ok(version + 1));
        assert_eq!(store.run(rotate(old.id, new.clone())).await, Ok(Rotating::Ended));
        let load = |credential| LoadCredential { merchant: MERCHANT, credential };
        let ending = store.read(load(old.id)).await.unwrap().unwrap();
        assert!(ending.counts_at(at(99)) && !ending.counts_at(at(100)));
        assert_eq!(store.read(load(new.id)).await, Ok(Some(new.clone())));
        let newest = |now| NewestCredential {
            merchant: MERCHANT,
            kind: CredentialKind::Api,
            environment: Environment::Sandbox,
            now,
        };
        assert_eq!(store.read(newest(at(20))).await, Ok(Some(new.clone())));
        let mistaken = RevokeCredential { merchant: MERCHANT, credential: new.id, now: at(20) };
        assert_eq!(store.run(mistaken).await, Ok(Revoking::Revoked));
        assert_eq!(store.read(newest(at(20))).await, Ok(Some(ending)), "until its end");
        assert_eq!(store.read(newest(at(100))).await, Ok(None));

        let revoke = |now| RevokeCredential { merchant: MERCHANT, credential: old.id, now };
        assert_eq!(store.run(revoke(at(50))).await, Ok(Revoking::Revoked));
        assert_eq!(store.run(revoke(at(60))).await, Ok(Revoking::Already));
        assert!(!store.read(load(old.id)).await.unwrap().unwrap().counts_at(at(50)));
    })
    .await;
}

#[tokio::test]
async fn a_use_is_noted_unless_one_was_just_before() {
    TestStores::each(|store| async move {
        world(&store).await;
        let keys = [credential(1, CredentialKind::Api, "a"), credential(2, CredentialKind::Sgate, "b")];
        for key in &keys {
            store.run(AddCredential(key.clone())).await.unwrap();
        }
        let version = store.read(SettingsVersion).await.unwrap();
        let note = |n: usize, second| NoteKeysUsed {
            uses: vec![KeyUse { merchant: MERCHANT, credential: keys[n].id, at: at(second) }],
            unless_after: at(second - 60),
        };
        let used = async || store.read(KeysUsed { merchant: MERCHANT, limit: 10 }).await.unwrap();
        assert_eq!(used().await, []);
        let (noted, _) = fail_every_statement(&store, || note(1, 100)).await;
        assert_eq!(noted, Ok(()));
        store.run(note(1, 130)).await.unwrap();
        assert_eq!(used().await, [(keys[1].id, at(100))]);
        store.run(note(1, 160)).await.unwrap();
        store.run(note(0, 5)).await.unwrap();
        assert_eq!(used().await, [(keys[0].id, at(5)), (keys[1].id, at(160))]);
        assert_eq!(store.read(SettingsVersion).await, Ok(version), "no server has to notice");
        assert_eq!(store.read(KeysUsed { merchant: STRANGER, limit: 10 }).await, Ok(vec![]));
    })
    .await;
}
