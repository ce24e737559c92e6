use super::*;
use crate::ops::fixtures::{MERCHANT, STRANGER, at, bytes, sql, world};
use crate::ops::settings_version::SettingsVersion;
use crate::store::Store;
use crate::testing::{TestStores, fail_every_statement};

const ID: AccountId = AccountId::from_bytes([0xee; 16]);

fn version(base_url: &str, sealed: &[u8]) -> AccountVersion {
    AccountVersion {
        base_url: Some(base_url.to_owned()),
        notification_url: None,
        credentials_sealed: sealed.to_vec(),
    }
}

fn add() -> AddAccount {
    AddAccount {
        merchant: MERCHANT,
        id: ID,
        psp: "momo".to_owned(),
        name: "MoMo".to_owned(),
        environment: Environment::Live,
        max_in_flight: 4,
        first: version("https://one.test/", b"first"),
        now: at(1),
    }
}

/// Another path on the same host, old credentials.
fn change(seen_version: i64) -> ChangeAccount {
    ChangeAccount {
        merchant: MERCHANT,
        account: ID,
        seen_version,
        name: "MoMo 2".to_owned(),
        max_in_flight: 8,
        base_url: Some("https://one.test/v2".to_owned()),
        notification_url: Some("https://redress.test/".to_owned()),
        credentials_sealed: None,
        same_host: true,
        other_contract: false,
        now: at(2),
    }
}

async fn load(store: &Store, merchant: MerchantId, version: i64) -> Option<AccountVersion> {
    store.read(LoadAccountVersion { merchant, account: ID, version }).await.unwrap()
}

#[tokio::test]
async fn an_account_changes_by_new_versions_and_old_ones_stay() {
    TestStores::each(|store| async move {
        world(&store).await;
        let settings = store.read(SettingsVersion).await.unwrap();
        let nobody = AddAccount { merchant: MerchantId::from_bytes([9; 16]), ..add() };
        assert_eq!(store.run(nobody).await, Ok(AccountAdding::Closed(Closed::NoSuch)));
        let (added, _) = fail_every_statement(&store, add).await;
        assert_eq!(added, Ok(AccountAdding::Added));
        assert_eq!(load(&store, MERCHANT, 1).await, Some(version("https://one.test/", b"first")));
        assert_eq!(load(&store, STRANGER, 1).await, None);

        let (changed, _) = fail_every_statement(&store, || change(1)).await;
        assert_eq!(changed, Ok(AccountChanging::Changed(2)));
        let second = AccountVersion {
            notification_url: Some("https://redress.test/".to_owned()),
            ..version("https://one.test/v2", b"first")
        };
        assert_eq!(load(&store, MERCHANT, 2).await, Some(second));
        assert_eq!(load(&store, MERCHANT, 1).await, Some(version("https://one.test/", b"first")));
        let account = store.read(FindAccount(ID)).await.unwrap().unwrap();
        assert_eq!((account.version, account.max_in_flight, &*account.name), (2, 8, "MoMo 2"));
        assert_eq!((account.merchant, account.created_at), (MERCHANT, at(1)));
        let newest = Some(AsOf { version: settings + 2, found: 2 });
        assert_eq!(store.read(NewestVersion(ID)).await, Ok(newest));
        assert_eq!(store.read(NewestVersion(AccountId::from_bytes([9; 16]))).await, Ok(None));

        assert_eq!(store.run(change(1)).await, Ok(AccountChanging::Outdated));
        let strange = ChangeAccount { merchant: STRANGER, ..change(2) };
        assert_eq!(store.run(strange).await, Ok(AccountChanging::NotFound));
        assert_eq!(store.read(SettingsVersion).await, Ok(settings + 2));
    })
    .await;
}

#[tokio::test]
async fn old_credentials_never_go_to_another_host() {
    TestStores::each(|store| async move {
        world(&store).await;
        store.run(add()).await.unwrap();
        let elsewhere =
            ChangeAccount { base_url: Some("https://two.test/".to_owned()), same_host: false, ..change(1) };
        assert_eq!(store.run(elsewhere.clone()).await, Ok(AccountChanging::NeedsCredentials));
        let own_default = ChangeAccount { base_url: None, ..elsewhere.clone() };
        assert_eq!(store.run(own_default).await, Ok(AccountChanging::NeedsCredentials));
        assert_eq!(load(&store, MERCHANT, 2).await, None);

        // The very same address is the same host, whatever the caller says.
        let stays = ChangeAccount { base_url: Some("https://one.test/".to_owned()), ..elsewhere.clone() };
        assert_eq!(store.run(stays).await, Ok(AccountChanging::Changed(2)));
        let with_new =
            ChangeAccount { seen_version: 2, credentials_sealed: Some(b"new".to_vec()), ..elsewhere };
        assert_eq!(store.run(with_new).await, Ok(AccountChanging::Changed(3)));
        assert_eq!(load(&store, MERCHANT, 3).await.unwrap().credentials_sealed, b"new");
    })
    .await;
}

#[tokio::test]
async fn an_account_with_payments_stays_that_of_its_contract() {
    TestStores::each(|store| async move {
        world(&store).await;
        store.run(add()).await.unwrap();
        let other = |seen_version| ChangeAccount {
            credentials_sealed: Some(b"other".to_vec()),
            other_contract: true,
            ..change(seen_version)
        };
        let (changed, _) = fail_every_statement(&store, || other(1)).await;
        assert_eq!(
            changed,
            Ok(AccountChanging::Changed(2)),
            "somebody mistyped, and the payments are another's"
        );
        sql(
            &store,
            "UPDATE payments SET account_id = $1 WHERE merchant_id = $2",
            vec![bytes(ID.as_bytes()), bytes(MERCHANT.as_bytes())],
        )
        .await;
        let settings = store.read(SettingsVersion).await.unwrap();
        assert_eq!(store.run(other(1)).await, Ok(AccountChanging::Outdated));
        assert_eq!(store.run(other(2)).await, Ok(AccountChanging::HasPayments));
        let moved = ChangeAccount { base_url: None, same_host: false, ..other(2) };
        assert_eq!(store.run(moved).await, Ok(AccountChanging::HasPayments));
        assert_eq!(load(&store, MERCHANT, 3).await, None);
        assert_eq!(store.read(SettingsVersion).await, Ok(settings));
        let new_key = ChangeAccount { other_contract: false, ..other(2) };
        assert_eq!(store.run(new_key).await, Ok(AccountChanging::Changed(3)));
    })
    .await;
}

#[tokio::test]
async fn accounts_pause_resume_and_end() {
    TestStores::each(|store| async move {
        world(&store).await;
        store.run(add()).await.unwrap();
        let settings = store.read(SettingsVersion).await.unwrap();
        let set = |to| SetAccountState { merchant: MERCHANT, account: ID, to };
        let (paused, _) = fail_every_statement(&store, || set(AccountState::Paused)).await;
        assert_eq!(paused, Ok(AccountStateSetting::Set));
        assert_eq!(store.read(FindAccount(ID)).await.unwrap().unwrap().state, AccountState::Paused);
        assert_eq!(store.run(set(AccountState::Paused)).await, Ok(AccountStateSetting::Already));
        assert_eq!(store.run(set(AccountState::Active)).await, Ok(AccountStateSetting::Set));
        let strange = SetAccountState { merchant: STRANGER, ..set(AccountState::Revoked) };
        assert_eq!(store.run(strange).await, Ok(AccountStateSetting::NotFound));
        assert_eq!(store.run(set(AccountState::Revoked)).await, Ok(AccountStateSetting::Set));
        assert_eq!(store.run(set(AccountState::Active)).await, Ok(AccountStateSetting::Revoked));
        assert_eq!(store.run(change(1)).await, Ok(AccountChanging::Revoked));
        assert_eq!(store.read(SettingsVersion).await, Ok(settings + 3));
    })
    .await;
}

#[tokio::test]
async fn accounts_are_listed_by_pages_of_one_merchant_or_all() {
    TestStores::each(|store| async move {
        world(&store).await;
        store.run(AddAccount { merchant: STRANGER, ..add() }).await.unwrap();
        let list = async |merchant, after, limit| {
            let found = store.read(ListAccounts { merchant, after, limit }).await.unwrap();
            found.into_iter().map(|account| account.id).collect::<Vec<_>>()
        };
        let all = list(None, None, 100).await;
        assert!(all.is_sorted() && all.contains(&ID));
        assert_eq!(list(None, Some(all[1]), 2).await, all[2..4]);
        assert_eq!(list(Some(STRANGER), None, 100).await, [ID]);
        let own = list(Some(MERCHANT), None, 100).await;
        assert_eq!(own.len(), all.len() - 1);
        assert_eq!(list(Some(MERCHANT), Some(own[0]), 1).await, own[1..2]);
    })
    .await;
}

#[test]
fn credentials_are_not_printed() {
    let said = format!("{:?}", ChangeAccount { credentials_sealed: Some(vec![77, 77]), ..change(1) });
    assert!(!said.contains("77"), "{said}");
    assert!(!format!("{:?}", version("https://one.test/", &[77, 77])).contains("77"));
}
