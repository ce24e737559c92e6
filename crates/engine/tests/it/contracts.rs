//! What was sent under one contract, when its account names another.

use std::time::Duration;

use redress_core::state::StateName;
use redress_engine::admin::AdminError;
use redress_engine::admin::accounts::{AccountEdit, Credentials};
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
