use std::fmt::Debug;

use redress_core::environment::Environment::Sandbox;
use redress_core::policy::AccountState;
use redress_core::right::Rights;
use redress_core::role::{Act, Role, Why};

use super::*;
use crate::admin::accounts::{AccountEdit, Credentials, NewAccount};
use crate::admin::endpoint_edit::EndpointEdit;
use crate::admin::endpoints::{Dialect, NewEndpoint, SeenSecret};
use crate::admin::keys::CredentialKind;
use crate::portal::PortalError;
use crate::portal::people::UserChange;

fn account(merchant: MerchantId) -> NewAccount {
    let credentials: Credentials = [("secret_key".to_owned(), "sk_test_1".to_owned())].into_iter().collect();
    NewAccount {
        merchant,
        psp: "tap".into(),
        name: "Tap".into(),
        environment: Sandbox,
        max_in_flight: 4,
        base_url: None,
        public_url: None,
        credentials,
    }
}

fn endpoint(merchant: MerchantId) -> NewEndpoint {
    NewEndpoint {
        merchant,
        name: "Shop".into(),
        url: "https://shop.example/".into(),
        dialect: Dialect::Standard,
        environment: Sandbox,
        event_mask: None,
        credential: None,
    }
}

#[track_caller]
fn refused<T: Debug>(done: Result<T, PortalError>) {
    match done {
        Err(PortalError::Refused(Why::Role { least: Role::Admin })) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whoever_is_no_admin_any_more_sets_nothing_up_and_ends_nothing() {
    let less = UserChange { role: Some(Role::Manager), ..UserChange::default() };
    let off = UserChange { disabled: Some(true), ..UserChange::default() };
    for lost in [less, off] {
        let rig = Rig::new().await;
        let (user, secret) = rig.armed(Role::Admin).await;
        let admin = rig.with_code("admin@shop.example", &secret).await;
        let (engine, merchant, from) = (&rig.engine, rig.merchant, origin(1));
        let api = CredentialKind::Api;
        let (key, _) = engine.add_key(merchant, api, Some(Sandbox)).await.unwrap();
        let tap = engine.add_account(account(merchant)).await.unwrap();
        let (told, _) = engine.add_endpoint(endpoint(merchant)).await.unwrap();
        assert!(matches!(engine.change_user(By::Operator, merchant, user.id, lost).await, Ok(Some(_))));
        let there = async || {
            let keys = engine.list_keys(merchant).await.unwrap();
            let accounts = engine.list_accounts(Some(merchant)).await.unwrap();
            let endpoints = engine.list_endpoints(merchant, None).await.unwrap().into_iter();
            let secrets = endpoints.map(|one| (one.secret_sealed, one.disabled_at, one.revoked_at, one.name));
            (keys, accounts, secrets.collect::<Vec<_>>())
        };
        let before = (rig.deeds().await, there().await);

        // As the request saw them when it began.
        let by = (&admin, &from);
        let hour = Duration::from_secs(3_600);
        refused(engine.make_key(by, "k", api, Some(Sandbox), Rights::NONE).await);
        refused(engine.replace_key(by, key.id, hour).await);
        refused(engine.revoke_key_by(by, &key).await);
        refused(engine.set_up_account(by, "l", account(merchant)).await);
        let renamed = AccountEdit { name: Some("Other".into()), ..AccountEdit::default() };
        refused(engine.change_account_by(by, &tap, renamed).await);
        refused(engine.set_account_state_by(by, &tap, AccountState::Paused).await);
        refused(engine.set_up_endpoint(by, "m", endpoint(merchant)).await.map(|_| ()));
        refused(engine.renew_endpoint_secret(by, "n", told.id, SeenSecret::of(&told)).await);
        let renamed = EndpointEdit { name: Some("Other".into()), ..EndpointEdit::default() };
        refused(engine.change_endpoint_by(by, &told, renamed).await.map(|_| ()));
        refused(engine.switch_endpoint_by(by, &told, false, "moved").await);
        refused(engine.revoke_endpoint_by(by, &told).await);
        let tested = engine.note_wanted(by, &Act::ManageEndpoints, Deed::EndpointTested, None, None).await;
        refused(tested);

        assert_eq!((rig.deeds().await, there().await), before, "nothing was done, and nothing is noted");
    }
}

#[tokio::test]
async fn what_is_wanted_is_judged_again_where_it_is_kept() {
    let rig = Rig::new().await;
    let (user, _) = rig.armed(Role::Admin).await;
    let (engine, merchant, by) = (&rig.engine, rig.merchant, Some(user.id));
    let (key, _) = engine.new_key(merchant, CredentialKind::Api, Some(Sandbox), Rights::NONE).unwrap();
    let (old, _) = engine.add_key(merchant, CredentialKind::Api, Some(Sandbox)).await.unwrap();
    let tap = engine.add_account(account(merchant)).await.unwrap().id;
    let (told, _) = engine.add_endpoint(endpoint(merchant)).await.unwrap();
    let (new, _) = engine.new_endpoint(endpoint(merchant), &engine.work_without_key()).await.unwrap();
    let off = UserChange { disabled: Some(true), ..UserChange::default() };
    assert!(matches!(engine.change_user(By::Operator, merchant, user.id, off).await, Ok(Some(_))));

    // As where the trail has its entry already, and the person is disabled in the moment before the deed.
    refused(engine.keep_key(by, &key).await);
    refused(engine.rotate_key_wanted(by, merchant, old.id, Duration::ZERO).await);
    refused(engine.revoke_key_wanted(by, merchant, old.id).await);
    refused(engine.keep_account(by, engine.new_account(account(merchant)).unwrap()).await);
    refused(engine.change_account_wanted(by, merchant, tap, AccountEdit::default()).await);
    refused(engine.set_account_state_wanted(by, merchant, tap, AccountState::Revoked).await);
    refused(engine.keep_endpoint(by, &new).await);
    let work = engine.work_without_key();
    refused(engine.rotate_endpoint_secret_wanted(by, (merchant, told.id), None, None, &work).await);
    let edit = EndpointEdit::default();
    refused(engine.change_endpoint_wanted(by, (merchant, Sandbox), told.id, edit).await.map(|_| ()));
    for is_on in [true, false] {
        refused(engine.switch_endpoint_wanted(by, (merchant, told.id), is_on, ("Mai", "moved")).await);
    }
    refused(engine.revoke_endpoint_wanted(by, merchant, told.id).await);
    assert_eq!(engine.list_keys(merchant).await.unwrap(), [old]);
    assert_eq!(engine.list_accounts(Some(merchant)).await.unwrap().len(), 1);
    assert_eq!(engine.list_endpoints(merchant, None).await.unwrap().len(), 1);
}
