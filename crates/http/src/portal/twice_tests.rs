//! Forms that are sent a second time while the first sending is still at work.

use std::sync::Arc;

use redress_core::environment::Environment;
use redress_core::role::Role;
use redress_engine::admin::endpoints::{Dialect, NewEndpoint};
use redress_store::Fault;
use redress_store::testing::FaultOnce;

use super::testing::{Browser, location};
use crate::testing::{Answer, Harness, HeldBack, settle_down};

/// Sends a form whose work is held back from another tab, and closes that one once nothing moves any more.
async fn leave(browser: &Browser<'_>, page: &Answer, action: &str, typed: &[(&str, &str)]) {
    let mut tab = browser.tab();
    tokio::select! {
        biased;
        answer = tab.submit(page, action, typed) => panic!("{action} was to be held back: {answer:?}"),
        () = settle_down() => {}
    }
}

#[tokio::test]
async fn a_form_that_is_at_work_is_not_said_to_have_made_anything() {
    let holds = HeldBack::new("end_keyed");
    let harness = Harness::with_faults(holds.clone()).await;
    let new = NewEndpoint {
        merchant: harness.merchant.id,
        name: "Shop".into(),
        url: "https://shop.example/".into(),
        dialect: Dialect::Standard,
        environment: Environment::Sandbox,
        event_mask: None,
        credential: None,
    };
    let endpoint = harness.engine.add_endpoint(new).await.unwrap().0.id;
    let other = harness.person(Role::Viewer).await;
    let other = harness.engine.user_by_email(&other.email).await.unwrap();
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;

    let (keys, accounts) = ("/portal/settings/keys", "/portal/settings/accounts");
    let (endpoints, people) = ("/portal/settings/endpoints", "/portal/settings/people");
    let (of_endpoint, of_other) = (format!("{endpoints}/{endpoint}"), format!("{people}/{}", other.id));
    let (new_key, new_endpoint) = (format!("{keys}/new"), format!("{endpoints}/new"));
    let (new_account, new_person) = (format!("{accounts}/new?psp=tap"), format!("{people}/new"));
    let (rotate, password) = (format!("{of_endpoint}/rotate"), format!("{of_other}/password"));
    let shop = [("name", "Other"), ("url", "https://other.example/")];
    let tap =
        [("name", "Tap"), ("base_url", "http://sandbox.test"), ("credential_secret_key", "sk_test_hush")];
    // Somebody has the address: the first one is refused, and nobody is added.
    let taken = [("name", "Mai"), ("email", other.email.as_str()), ("role", "viewer")];
    for (page, action, typed, back) in [
        (new_key.as_str(), keys, &[("kind", "api")][..], keys),
        (new_endpoint.as_str(), endpoints, &shop[..], endpoints),
        (new_account.as_str(), accounts, &tap[..], accounts),
        (of_endpoint.as_str(), rotate.as_str(), &[][..], of_endpoint.as_str()),
        (of_other.as_str(), password.as_str(), &[][..], of_other.as_str()),
        (new_person.as_str(), people, &taken[..], people),
        ("/portal/account", "/portal/recovery-codes", &[][..], "/portal/account"),
    ] {
        let page = browser.get(page).await;
        leave(&browser, &page, action, typed).await;
        let second = browser.submit(&page, action, typed).await;
        assert_eq!(location(&second), back, "{action} {second:?}");
        let told = browser.follow(&second).await;
        let text = told.text();
        assert!(
            text.contains("This form was sent twice") && !text.contains("sent before"),
            "{action} {text}"
        );
    }

    // Once the first one is done, what it made can be said.
    let page = browser.get(&new_key).await;
    leave(&browser, &page, keys, &[("kind", "api")]).await;
    holds.let_go();
    settle_down().await;
    let third = browser.submit(&page, keys, &[("kind", "api")]).await;
    assert!(location(&third).starts_with(&format!("{keys}/")), "{third:?}");
    assert!(browser.follow(&third).await.text().contains("It made one key"));
}

#[tokio::test]
async fn an_endpoint_of_which_nobody_knows_whether_a_form_added_it_is_added_once() {
    let lost = FaultOnce::new("add_endpoint", Fault::LoseAnswer);
    let harness = Harness::with_faults(Arc::new(lost)).await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let endpoints = "/portal/settings/endpoints";
    let page = browser.get(&format!("{endpoints}/new")).await;
    let shop = [("name", "Shop"), ("url", "https://shop.example/")];
    let first = browser.submit(&page, endpoints, &shop).await;
    assert_eq!(first.status, 503, "{first:?}");
    let second = browser.submit(&page, endpoints, &shop).await;
    let there = harness.engine.list_endpoints(harness.merchant.id, None).await.unwrap();
    assert_eq!(there.len(), 1, "{there:?}");
    assert_eq!(location(&second), format!("{endpoints}/{}", there[0].id), "{second:?}");
}

/// Its secret is shown once: a second one would lie there unseen beside the first.
#[tokio::test]
async fn a_key_of_which_nobody_knows_whether_a_form_made_it_is_not_made_again_at_once() {
    let lost = FaultOnce::new("add_credential", Fault::LoseAnswer);
    let harness = Harness::with_faults(Arc::new(lost)).await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let keys = "/portal/settings/keys";
    let page = browser.get(&format!("{keys}/new")).await;
    let before = harness.engine.list_keys(harness.merchant.id).await.unwrap().len();
    assert_eq!(browser.submit(&page, keys, &[("kind", "api")]).await.status, 503);
    let second = browser.submit(&page, keys, &[("kind", "api")]).await;
    assert_eq!(location(&second), keys, "{second:?}");
    assert_eq!(harness.engine.list_keys(harness.merchant.id).await.unwrap().len(), before + 1);
}
