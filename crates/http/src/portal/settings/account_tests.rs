//! PSP accounts at the portal: their secrets, their switches, and forms that are sent twice.

use redress_core::audit::Deed;
use redress_core::policy::AccountState;
use redress_core::role::Role;

use super::testing::{beside, deeds, whole};
use crate::portal::testing::location;
use crate::testing::{Harness, TestPayment};

#[tokio::test]
async fn the_secrets_of_an_account_go_in_and_never_come_out() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let list = "/portal/settings/accounts";
    let choose = browser.get("/portal/settings/accounts/new").await;
    assert!(whole(&choose).contains("Tap Payments"));
    let page = browser.get("/portal/settings/accounts/new?psp=tap").await;
    assert!(beside(&browser.submit(&page, list, &[]).await, "credential_secret_key").contains("needed"));
    let hush = "sk_live_hush";
    let typed = [("name", "Our Tap"), ("max_in_flight", "x"), ("credential_secret_key", hush)];
    let wrong = browser.submit(&page, list, &typed).await;
    assert!(beside(&wrong, "max_in_flight").contains("1000"), "{}", wrong.text());
    let typed = [("name", "Our Tap"), ("base_url", "http://10.0.0.1"), ("credential_secret_key", hush)];
    let wrong = browser.submit(&page, list, &typed).await;
    assert!(beside(&wrong, "base_url").contains("refused") && !wrong.text().contains(hush));
    let typed = [("name", "Our Tap"), ("credential_secret_key", hush)];
    let wrong = browser.submit(&page, list, &typed).await;
    assert!(beside(&wrong, "credential_secret_key").contains("must begin with sk_test_"));
    assert!(!wrong.text().contains(hush) && wrong.text().contains("Our Tap"), "{}", wrong.text());

    let (hush, new_hush) = ("sk_test_hush", "sk_test_other");
    let sandbox = ("base_url", "http://sandbox.test");
    let typed = [("name", "Our Tap"), sandbox, ("credential_secret_key", hush)];
    let added = browser.submit(&page, list, &typed).await;
    let path = location(&added);
    assert!(path.starts_with("/portal/settings/accounts/acc_"), "{added:?}");
    let again = browser.submit(&page, list, &typed).await;
    assert_eq!(location(&again), path, "no second one");
    assert!(browser.follow(&again).await.text().contains("It added one account"));
    let page = browser.get(&path).await;
    assert!(whole(&page).contains("Our Tap"));
    let account = async || {
        let all = harness.engine.list_accounts(Some(harness.merchant.id)).await.unwrap();
        assert_eq!(all.len(), 3, "two were there before");
        all.into_iter().find(|one| path.ends_with(&one.id.to_string())).unwrap()
    };
    let checked = browser.submit(&page, &format!("{path}/check"), &[]).await;
    assert_eq!(checked.status, 200, "{checked:?}");
    whole(&checked);

    let edit = format!("{path}/edit");
    let form_page = browser.get(&edit).await;
    let moved = [("base_url", "https://psp.example")];
    let wrong = browser.submit(&form_page, &edit, &moved).await;
    assert!(wrong.status == 422 && wrong.text().contains("another host"), "{}", wrong.text());
    browser.submit(&form_page, &edit, &[("name", "Renamed")]).await;
    assert_eq!((account().await.name.as_str(), account().await.version), ("Renamed", 2));
    // A page of before: the same again is done already, and anything else would undo what was done since.
    let again = browser.submit(&form_page, &edit, &[("name", "Renamed")]).await;
    assert_eq!((location(&again), account().await.version), (path.clone(), 2));
    let limited = [("max_in_flight", "7"), ("credential_secret_key", "sk_test_older")];
    let stale = browser.submit(&form_page, &edit, &limited).await;
    assert_eq!(stale.status, 409, "{stale:?}");
    whole(&stale);
    assert!(stale.text().contains("value=\"Renamed\"") && !stale.text().contains("sk_test_older"));
    assert_eq!((account().await.name.as_str(), account().await.version), ("Renamed", 2));
    let form_page = browser.get(&edit).await;
    browser.submit(&form_page, &edit, &[("credential_secret_key", new_hush)]).await;
    assert_eq!(account().await.version, 3);

    browser.submit(&page, &format!("{path}/pause"), &[]).await;
    assert_eq!(account().await.state, AccountState::Paused);
    let paused = browser.get(&path).await;
    browser.submit(&paused, &format!("{path}/resume"), &[]).await;
    assert_eq!(account().await.state, AccountState::Active);
    let revoke = format!("{path}/revoke");
    assert!(beside(&browser.submit(&page, &revoke, &[]).await, "sure").contains("Tick"));
    browser.submit(&page, &revoke, &[("sure", "yes")]).await;
    assert_eq!(account().await.state, AccountState::Revoked);
    assert_eq!(location(&browser.get(&edit).await), path, "there is nothing to change");
    let late = browser.submit(&page, &format!("{path}/pause"), &[]).await;
    assert_eq!(late.status, 409);
    let id = account().await.id.to_string();
    for shown in [list, &path, "/portal/audit", &format!("/portal/audit?object={id}")] {
        let page = browser.get(shown).await;
        assert_eq!(page.status, 200, "{shown}");
        assert!(!page.text().contains(hush) && !page.text().contains(new_hush), "{shown}");
    }
    let deeds = deeds(&harness, &browser).await;
    for deed in [Deed::AccountAdded, Deed::AccountChecked, Deed::AccountChanged, Deed::AccountRevoked] {
        assert!(deeds.contains(&(deed, Some(id.clone()))), "{deed:?}: {deeds:?}");
    }
}

#[tokio::test]
async fn an_account_through_which_was_refunded_does_not_become_another_contracts() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    harness.pending(TestPayment::momo("order-1", 10_000), 5_000).await;
    let path = format!("/portal/settings/accounts/{}", harness.merchant.momo);
    let edit = format!("{path}/edit");
    let page = browser.get(&edit).await;
    let typed = |code| {
        [
            ("credential_partner_code", code),
            ("credential_access_key", "F8BBA842ECF85"),
            ("credential_secret_key", "hush-hush"),
        ]
    };
    let wrong = browser.submit(&page, &edit, &typed("OTHER")).await;
    assert!(beside(&wrong, "credential_partner_code").contains("Add another account"));
    assert!(!wrong.text().contains("hush-hush"));
    let changed = browser.submit(&page, &edit, &typed("MOMO")).await;
    assert_eq!(location(&changed), path, "a key is replaced as ever");
    let account = harness.engine.account(harness.merchant.id, harness.merchant.momo).await.unwrap();
    assert_eq!(account.version, 2);
}

#[tokio::test]
async fn an_account_with_payments_is_put_right_while_nothing_was_refunded() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    harness.payment(TestPayment::momo("order-1", 10_000)).await;
    let path = format!("/portal/settings/accounts/{}", harness.merchant.momo);
    let edit = format!("{path}/edit");
    let page = browser.get(&edit).await;
    let typed = [
        ("credential_partner_code", "OTHER"),
        ("credential_access_key", "F8BBA842ECF85"),
        ("credential_secret_key", "hush-hush"),
    ];
    assert_eq!(location(&browser.submit(&page, &edit, &typed).await), path);
    let account = harness.engine.account(harness.merchant.id, harness.merchant.momo).await.unwrap();
    assert_eq!(account.version, 2);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_at_once_adds_one_endpoint_and_one_account() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let count = async || {
        let (engine, merchant) = (&harness.engine, harness.merchant.id);
        let endpoints = engine.list_endpoints(merchant, None).await.unwrap().len();
        endpoints + engine.list_accounts(Some(merchant)).await.unwrap().len()
    };
    let endpoint = [("name", "Shop"), ("url", "https://shop.example/")];
    let account =
        [("name", "Tap"), ("base_url", "http://sandbox.test"), ("credential_secret_key", "sk_test_hush")];
    for (new, list, typed) in [
        ("/portal/settings/endpoints/new", "/portal/settings/endpoints", &endpoint[..]),
        ("/portal/settings/accounts/new?psp=tap", "/portal/settings/accounts", &account[..]),
    ] {
        let before = count().await;
        let page = browser.get(new).await;
        let mut tab = browser.tab();
        let both = tokio::join!(browser.submit(&page, list, typed), tab.submit(&page, list, typed));
        assert_eq!(count().await, before + 1, "{both:?}");
        // Another form adds another one.
        let page = browser.get(new).await;
        browser.submit(&page, list, typed).await;
        assert_eq!(count().await, before + 2, "{list}");
    }
}
