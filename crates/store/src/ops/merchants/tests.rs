use redress_core::audit::Deed;
use redress_core::environment::Environment;
use redress_core::id::{AccountId, EndpointId, KeyId, MerchantId, PaymentId};
use redress_core::money::{Amount, Currency};
use redress_core::right::Rights;
use redress_core::role::Role;

use super::*;
use crate::ops::accounts::{AccountAdding, AccountVersion, AddAccount};
use crate::ops::credentials::{
    AddCredential, Credential, CredentialAdding, CredentialKind, ListCredentials, Proof, RotateCredential,
    Rotating,
};
use crate::ops::endpoints::{AddEndpoint, Dialect, Endpoint, EndpointAdding};
use crate::ops::fixtures::{MERCHANT, STRANGER, account, at, world};
use crate::ops::payments::{NewPayment, UpsertPayments, Upserted};
use crate::ops::portal::fixtures as people;
use crate::ops::portal::users::{ChangeUser, UserAdding, UserChange, UserChanging};
use crate::ops::settings_version::SettingsVersion;
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

fn merchant(n: u8, code: &str) -> Merchant {
    let id = MerchantId::from_bytes([n; 16]);
    let (code, name) = (code.to_owned(), format!("Merchant {n}"));
    Merchant { id, code, name, created_at: at(i64::from(n)), revoked_at: None }
}

fn revoke(merchant: MerchantId, second: i64) -> RevokeMerchant {
    RevokeMerchant { merchant, now: at(second) }
}

fn key(merchant: MerchantId, n: u8) -> Credential {
    Credential {
        merchant,
        id: KeyId::from_bytes([n; 16]),
        kind: CredentialKind::Api,
        environment: Some(Environment::Sandbox),
        public_key: format!("shown {n}"),
        proof: Proof::Hash(vec![n]),
        rights: Rights::NONE,
        created_at: at(1),
        revoked_at: None,
    }
}

fn psp_account() -> AddAccount {
    let first =
        AccountVersion { base_url: None, notification_url: None, credentials_sealed: b"sealed".to_vec() };
    AddAccount {
        merchant: MERCHANT,
        id: AccountId::from_bytes([0xee; 16]),
        psp: "momo".to_owned(),
        name: "MoMo".to_owned(),
        environment: Environment::Sandbox,
        max_in_flight: 4,
        first,
        now: at(1),
    }
}

fn endpoint() -> Endpoint {
    Endpoint {
        merchant: MERCHANT,
        id: EndpointId::from_bytes([0xee; 16]),
        name: "Endpoint".to_owned(),
        url: "https://merchant.test/hook".to_owned(),
        dialect: Dialect::Standard,
        environment: Environment::Sandbox,
        event_mask: 1,
        credential: None,
        secret_sealed: b"sealed".to_vec(),
        old_secret: None,
        created_at: at(1),
        revoked_at: None,
        failing_since: None,
        disabled_at: None,
    }
}

fn payments(n: u8) -> UpsertPayments {
    let row = NewPayment {
        id: PaymentId::from_bytes([n; 16]),
        environment: Environment::Sandbox,
        order_ref: format!("new-{n}"),
        merchant_order_ref: None,
        account: account("flex"),
        psp_payment_id: format!("at-psp-{n}"),
        captured: Amount::new(2000, Currency::from_code("SAR").unwrap()),
        refunded_before: 0,
        captured_at: at(1),
        channel: None,
        payment_method: None,
        customer_ref: None,
        notification_url: None,
    };
    UpsertPayments { merchant: MERCHANT, rows: vec![row], now: at(9) }
}

/// The n-th person may sign in again, or may not any more.
fn disable(n: u32, disabled: bool, entry: u32) -> ChangeUser {
    let change = UserChange { disabled: Some(disabled), ..UserChange::default() };
    let entry = people::entry(entry, Deed::UserChanged);
    ChangeUser { merchant: MERCHANT, user: people::usr(n), change, by: None, entry, now: at(60) }
}

#[tokio::test]
async fn merchants_are_added_once_a_code_found_and_listed() {
    TestStores::each(|store| async move {
        let version = store.read(SettingsVersion).await.unwrap();
        let (first, second) = (merchant(1, "M948164"), merchant(2, "M000002"));
        let (added, _) = fail_every_statement(&store, || AddMerchant(first.clone())).await;
        assert_eq!(added, Ok(MerchantAdding::Added));
        assert_eq!(store.read(SettingsVersion).await, Ok(version + 1), "servers notice");

        let taken = store.run(AddMerchant(merchant(3, "M948164"))).await;
        assert_eq!(taken, Ok(MerchantAdding::CodeTaken));
        assert_eq!(store.read(SettingsVersion).await, Ok(version + 1));
        assert_eq!(store.run(AddMerchant(second.clone())).await, Ok(MerchantAdding::Added));

        assert_eq!(store.read(FindMerchant(first.id)).await, Ok(Some(first.clone())));
        assert_eq!(store.read(FindMerchant(MerchantId::from_bytes([3; 16]))).await, Ok(None));
        assert_eq!(store.read(FindMerchantByCode("M000002".to_owned())).await, Ok(Some(second.clone())));
        assert_eq!(store.read(FindMerchantByCode("m000002".to_owned())).await, Ok(None));

        let page = store.read(ListMerchants { after: None, limit: 1 }).await.unwrap();
        assert_eq!(page, std::slice::from_ref(&first));
        let page = store.read(ListMerchants { after: Some(first.id), limit: 9 }).await.unwrap();
        assert_eq!(page, [second]);
    })
    .await;
}

#[tokio::test]
async fn a_merchant_is_revoked_once_and_for_ever() {
    TestStores::each(|store| async move {
        world(&store).await;
        let version = store.read(SettingsVersion).await.unwrap();
        let nobody = MerchantId::from_bytes([9; 16]);
        assert_eq!(store.run(revoke(nobody, 50)).await, Ok(Revoking::NotFound));
        let (revoked, _) = fail_every_statement(&store, || revoke(MERCHANT, 50)).await;
        assert_eq!(revoked, Ok(Revoking::Revoked));
        assert_eq!(store.run(revoke(MERCHANT, 51)).await, Ok(Revoking::Already));
        assert_eq!(store.read(SettingsVersion).await, Ok(version + 1), "servers notice");
        let since = async |merchant| store.read(FindMerchant(merchant)).await.unwrap().unwrap().revoked_at;
        assert_eq!((since(MERCHANT).await, since(STRANGER).await), (Some(at(50)), None));
    })
    .await;
}

#[tokio::test]
async fn nothing_is_added_to_a_merchant_that_is_revoked() {
    TestStores::each(|store| async move {
        world(&store).await;
        store.run(AddCredential(key(MERCHANT, 1))).await.unwrap();
        people::added(&store, 1, Role::Admin).await;
        people::added(&store, 2, Role::Admin).await;
        assert!(matches!(store.run(disable(2, true, 50)).await, Ok(UserChanging::Changed(_))));
        assert!(matches!(store.run(payments(1)).await.unwrap()[..], [Upserted::Created(_)]));
        store.run(revoke(MERCHANT, 50)).await.unwrap();

        let (before, closed) = (dump_all(&store).await, Closed::Revoked);
        let added = store.run(AddCredential(key(MERCHANT, 2))).await;
        assert_eq!(added, Ok(CredentialAdding::Closed(closed)));
        let rotate = RotateCredential { old: key(MERCHANT, 1).id, until: at(90), new: key(MERCHANT, 3) };
        assert_eq!(store.run(rotate).await, Ok(Rotating::Closed(closed)));
        assert_eq!(store.run(psp_account()).await, Ok(AccountAdding::Closed(closed)));
        assert_eq!(store.run(AddEndpoint(endpoint())).await, Ok(EndpointAdding::Closed(closed)));
        assert_eq!(store.run(people::add(3, Role::Admin)).await, Ok(UserAdding::Closed(closed)));
        assert_eq!(store.run(disable(2, false, 51)).await, Ok(UserChanging::Closed(closed)));
        for n in [1, 2] {
            assert_eq!(store.run(payments(n)).await, Ok(vec![Upserted::MerchantRevoked]), "{n}");
        }
        assert_eq!(dump_all(&store).await, before);

        // What is taken from it is, and the other merchant's goes on.
        assert!(matches!(store.run(disable(1, true, 52)).await, Ok(UserChanging::Changed(_))));
        let theirs = store.run(AddCredential(key(STRANGER, 4))).await;
        assert_eq!(theirs, Ok(CredentialAdding::Added));
    })
    .await;
}

/// Whoever has been told that the merchant is revoked sees every key that it has and will ever have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_added_while_a_merchant_is_revoked_is_there_or_is_refused() {
    TestStores::each(|store: Store| async move {
        for round in 1..=8_u8 {
            let code = format!("M{round}");
            let merchant = merchant(round, &code);
            let id = merchant.id;
            store.run(AddMerchant(merchant)).await.unwrap();
            let mut adding = tokio::task::JoinSet::new();
            for n in 0..8 {
                let store = store.clone();
                adding.spawn(async move { store.run(AddCredential(key(id, round * 10 + n))).await.unwrap() });
            }
            let list = ListCredentials { merchant: id, after: None, limit: 100 };
            assert_eq!(store.run(revoke(id, 50)).await, Ok(Revoking::Revoked));
            let there = store.read(list).await.unwrap();
            let added = adding.join_all().await;
            let added = added.iter().filter(|adding| **adding == CredentialAdding::Added).count();
            assert_eq!(there.len(), added, "round {round}");
            assert_eq!(store.read(list).await.unwrap(), there, "round {round}");
        }
    })
    .await;
}
