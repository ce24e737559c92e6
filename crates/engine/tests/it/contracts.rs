//! An identity at a PSP that was mistyped, and found out when refunds were sent.

use std::time::Duration;

use redress_core::state::StateName;
use redress_engine::admin::AdminError;
use redress_engine::admin::accounts::{AccountEdit, Credentials};
use redress_engine::admin::fault::FaultCode;
use redress_store::ops::accounts::{AccountChanging, ChangeAccount, LoadAccountVersion};
use serde_json::json;

use crate::psps::Psp;
use crate::rig::Rig;

const LONG: Duration = Duration::from_secs(60);

/// Gives the rig's account at a PSP the keys that the PSP takes, under this name.
async fn name(rig: &Rig, psp: &str, field: &str, name: &str) -> Result<i64, AdminError> {
    let psp = Psp::named(psp);
    let mut credentials = psp.credentials();
    credentials[field] = json!(name);
    let credentials = Credentials::from_json(credentials.to_string().as_bytes()).unwrap();
    let edit = AccountEdit { credentials: Some(credentials), ..AccountEdit::default() };
    rig.engine.change_account(rig.merchant, psp.account, edit).await
}

#[tokio::test]
async fn a_mistyped_identity_is_put_right_after_the_psp_has_refused_refunds_for_it() {
    let rig = Rig::new().await;
    let named = async |to| name(&rig, "adyen", "merchant_account", to).await;
    assert_eq!(named("TestMerchnat").await, Ok(2));
    let order = rig.payment("adyen", 1, 150_000).await;
    let refused = rig.refund(&order, "full").await;
    rig.pass(LONG).await;
    assert_eq!(rig.now_stands(&refused).await.state.name(), StateName::Failed);

    assert_eq!(named("TestMerchant").await, Ok(3));
    let refund = rig.refund(&order, "full").await;
    rig.pass(LONG).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded);
    assert_eq!(rig.ledger().await.len(), 1);
    let kept = named("OtherMerchant").await.unwrap_err();
    assert!(
        matches!(&kept, AdminError::Invalid { field: "merchant_account", problem }
            if problem.code == FaultCode::OtherContract),
        "{kept:?}"
    );
}

#[tokio::test]
async fn a_refund_that_waits_because_nobody_is_let_in_goes_out_under_the_identity_that_was_put_right() {
    let rig = Rig::new().await;
    let named = async |to| name(&rig, "mpgs", "merchant_id", to).await;
    assert_eq!(named("TESTREDRESS10").await, Ok(2));
    let order = rig.payment("mpgs", 1, 150_000).await;
    let refund = rig.refund(&order, "full").await;
    rig.pass(LONG * 3).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Queued);
    let kinds: Vec<_> = rig.open_cases().await.iter().map(|case| case.kind.as_str()).collect();
    assert_eq!(kinds, ["overdue"], "a person was called, and finds the mistake");

    assert_eq!(named("TESTREDRESS01").await, Ok(3));
    rig.pass(LONG * 3).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded);
    assert_eq!((rig.ledger().await.len(), rig.open_cases().await), (1, vec![]));
    assert!(named("TESTREDRESS10").await.is_err(), "this bank gives refunds no id");
}

#[tokio::test]
async fn what_is_sent_in_the_moment_of_a_change_is_found_where_it_was_sent() {
    let rig = Rig::new().await;
    // MoMo tells of no refund by itself. So that there are sealed credentials of the other contract.
    assert_eq!(name(&rig, "momo", "partner_code", "MOMO2").await, Ok(2));
    assert_eq!(name(&rig, "momo", "partner_code", "MOMO").await, Ok(3));
    let (merchant, account) = (rig.merchant, Psp::named("momo").account);
    let other = rig.store.read(LoadAccountVersion { merchant, account, version: 2 }).await.unwrap().unwrap();
    let order = rig.payment("momo", 1, 150_000).await;
    rig.script(&order, &["timeout_after_effect"]).await;
    let refund = rig.refund(&order, "full").await;
    rig.settle_down().await;
    // As if the claim had not been committed when the change looked for what is under way.
    let change = ChangeAccount {
        merchant,
        account,
        seen_version: 3,
        name: "MoMo".into(),
        max_in_flight: 4,
        base_url: other.base_url,
        notification_url: other.notification_url,
        credentials_sealed: Some(other.credentials_sealed),
        same_host: true,
        other_contract: false,
        now: rig.engine.now(),
    };
    assert_eq!(rig.store.run(change).await, Ok(AccountChanging::Changed(4)));
    rig.pass(LONG).await;
    assert_eq!(rig.now_stands(&refund).await.state.name(), StateName::Succeeded);
    assert_eq!(rig.ledger().await.len(), 1);
}
