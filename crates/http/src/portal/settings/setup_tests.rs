//! Keys, endpoints and PSP accounts at the portal: who may, what is shown once, and what the trail says of it.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use redress_core::audit::Deed;
use redress_core::policy::AccountState;
use redress_core::role::Role;
use redress_engine::admin::endpoints::Endpoint;
use redress_engine::admin::keys::CredentialKind;
use redress_engine::portal::audit::AuditOf;
use redress_engine::portal::{SessionToken, Visitor};
use serde_json::json;

use crate::portal::html_check::{faults, parse};
use crate::portal::testing::{Browser, form, location};
use crate::router::routes;
use crate::testing::{Answer, Harness, TestMerchant, TestPayment};

/// What people did, by the trail, the newest first: the deed and what it was done to.
pub(super) async fn deeds(harness: &Harness, browser: &Browser<'_>) -> Vec<(Deed, Option<String>)> {
    let token = SessionToken::parse(&browser.cookies["redress-session"]).unwrap();
    let Visitor::SignedIn(who) = harness.engine.visitor(&token).await.unwrap() else { panic!() };
    let trail = harness.engine.audit_trail(&who, AuditOf::Everybody, None, 50).await.unwrap();
    trail.into_iter().map(|entry| (entry.deed, entry.object)).collect()
}

/// The page is whole; answers its text.
pub(super) fn whole(answer: &Answer) -> String {
    assert_eq!(faults(answer.text()), [] as [&str; 0], "{}", answer.text());
    parse(answer.text()).unwrap().all("main")[0].whole_text()
}

/// What is shown once under an id.
pub(super) fn shown(answer: &Answer, id: &str) -> String {
    whole(answer);
    let root = parse(answer.text()).unwrap();
    let found = root.below().into_iter().find(|element| element.attribute("id") == Some(id));
    found.unwrap_or_else(|| panic!("no {id}: {}", answer.text())).text.clone()
}

/// What is said beside a field.
pub(super) fn beside(answer: &Answer, field: &str) -> String {
    assert_eq!(answer.status, 422, "{answer:?}");
    shown(answer, &format!("f-{field}-wrong"))
}

/// An address with an id in its place.
fn at(path: &str, id: &str) -> String {
    path.replace("{id}", id)
}

#[tokio::test]
async fn a_key_is_shown_once_replaced_with_an_overlap_and_revoked() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let (list, new) = ("/portal/settings/keys", "/portal/settings/keys/new");
    let keys = async || harness.engine.list_keys(harness.merchant.id).await.unwrap();
    let before = keys().await.len();

    let page = browser.get(new).await;
    assert!(beside(&browser.submit(&page, list, &[]).await, "kind").contains("needed"));
    let typed = [("kind", "sgate"), ("rights", "close_cases")];
    let wrong = browser.submit(&page, list, &typed).await;
    assert!(beside(&wrong, "rights").contains("Only keys"));
    assert!(form(&wrong, list, &[]).contains(&("rights".into(), "close_cases".into())), "kept");
    assert_eq!(keys().await.len(), before);

    let typed = [("kind", "api"), ("rights", "close_cases")];
    let made = browser.submit(&page, list, &typed).await;
    let secret = shown(&made, "secret");
    let key = keys().await.pop().unwrap();
    assert!(secret.starts_with(&key.public_key) || secret.contains(&key.public_key), "{secret}");
    assert_eq!((key.kind, key.rights.to_string().as_str()), (CredentialKind::Api, "close_cases"));
    // The same form again, as when that page is loaded anew.
    let again = browser.submit(&page, list, &typed).await;
    assert_eq!((location(&again), keys().await.len()), (format!("{list}/{}", key.id), before + 1));
    let told = browser.follow(&again).await;
    assert!(told.text().contains("This form was sent before"), "{}", told.text());
    assert!(!told.text().contains(&secret), "never again");
    let other = browser.submit(&page, list, &[("kind", "portone")]).await;
    assert_eq!((location(&other).as_str(), keys().await.len()), (list, before + 1), "one form, one key");
    assert!(browser.follow(&other).await.text().contains("nothing more was made"));

    let path = format!("{list}/{}", key.id);
    let page = browser.get(&path).await;
    assert!(!page.text().contains(&secret));
    let rotate = format!("{path}/rotate");
    assert!(beside(&browser.submit(&page, &rotate, &[("overlap", "5")]).await, "overlap").contains("needed"));
    let replaced = browser.submit(&page, &rotate, &[("overlap", "3600")]).await;
    assert_ne!(shown(&replaced, "secret"), secret);
    let again = browser.submit(&page, &rotate, &[("overlap", "3600")]).await;
    assert_eq!((again.status.as_u16(), keys().await.len()), (409, before + 2));
    let page = browser.get(&path).await;
    assert!(whole(&page).contains("Ends"), "{}", page.text());

    let revoke = format!("{path}/revoke");
    assert!(beside(&browser.submit(&page, &revoke, &[]).await, "sure").contains("Tick"));
    let done = browser.submit(&page, &revoke, &[("sure", "yes")]).await;
    assert!(whole(&browser.follow(&done).await).contains("Revoked"));
    let deeds = deeds(&harness, &browser).await;
    let id = Some(key.id.to_string());
    for deed in [Deed::KeyAdded, Deed::KeyRotated, Deed::KeyRevoked] {
        let noted = deeds.iter().filter(|noted| **noted == (deed, id.clone())).count();
        assert_eq!(noted, 1, "{deed:?}: {deeds:?}");
    }
}

#[tokio::test]
async fn a_form_that_is_sent_twice_at_once_makes_one_key() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let keys = async || harness.engine.list_keys(harness.merchant.id).await.unwrap().len();
    let (list, new, typed) = ("/portal/settings/keys", "/portal/settings/keys/new", [("kind", "api")]);
    let before = keys().await;
    let page = browser.get(new).await;
    let mut tab = browser.tab();
    let (first, second) = tokio::join!(browser.submit(&page, list, &typed), tab.submit(&page, list, &typed));
    assert_eq!(keys().await, before + 1, "{first:?} {second:?}");
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 303]);
    // Each tab is told by a cookie of its own.
    let told = if first.status == 303 { browser.follow(&first).await } else { tab.follow(&second).await };
    assert!(told.text().contains("This form was sent before"), "{}", told.text());
    // Another form makes another key.
    let page = browser.get(new).await;
    assert_eq!(browser.submit(&page, list, &typed).await.status, 200);
    assert_eq!(keys().await, before + 2);
    // A form from before there were keys of forms.
    let old = browser.submit(&page, list, &[("kind", "api"), ("key", "")]).await;
    assert_eq!((location(&old).as_str(), keys().await), (new, before + 2));
}

#[tokio::test]
async fn a_key_tells_when_it_was_last_used_whatever_it_is_for() {
    let harness = Harness::new().await;
    let manager = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let never = |page: &Answer| whole(page).matches("Never").count();
    assert_eq!(never(&browser.get("/portal/settings/keys").await), 3);
    let TestMerchant { portone_key, portone_secret, .. } = harness.merchant.clone();
    let body = json!({"portone_key": portone_key, "portone_secret": portone_secret}).to_string();
    let token = Request::post("/api/merchant/auth-token").header("content-type", "application/json");
    assert_eq!(harness.send(token.body(Body::from(body)).unwrap()).await.status, 200);
    let path = "/v1/payments".to_owned();
    let own = Request::get(path).header("authorization", format!("Bearer {}", harness.merchant.api_key));
    assert_eq!(harness.send(own.body(Body::empty()).unwrap()).await.status, 200);
    while harness.engine.note_keys_used_once().await.unwrap() {}
    assert_eq!(never(&browser.get("/portal/settings/keys").await), 1);
}

#[tokio::test]
async fn an_endpoint_is_added_tested_switched_and_revoked() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let (list, new) = ("/portal/settings/endpoints", "/portal/settings/endpoints/new");
    let page = browser.get(new).await;
    for url in ["", "shop.example", "http://10.0.0.1/", "https://a:b@shop.example/"] {
        let typed = [("name", "The shop"), ("url", url), ("dialect", "portone")];
        let wrong = browser.submit(&page, list, &typed).await;
        assert!(!beside(&wrong, "url").is_empty());
        let kept = form(&wrong, list, &[]);
        for (name, value) in typed {
            assert!(kept.contains(&(name.into(), value.into())), "{url}: {kept:?}");
        }
    }
    let typed = [("name", "The shop"), ("url", "http://sandbox.test/hook"), ("events", "refund.created")];
    let made = browser.submit(&page, list, &typed).await;
    let secret = shown(&made, "secret");
    assert!(secret.starts_with("whsec_"), "{secret}");
    let again = browser.submit(&page, list, &typed).await;
    let found = async || {
        let all = harness.engine.list_endpoints(harness.merchant.id, None).await.unwrap();
        assert_eq!(all.len(), 1);
        all.into_iter().next().unwrap()
    };
    let path = format!("{list}/{}", found().await.id);
    assert_eq!(location(&again), path, "no second one");
    assert!(browser.follow(&again).await.text().contains("It added one endpoint"));
    let other = browser.submit(&page, list, &[("name", "Other"), ("url", "http://sandbox.test/hook")]).await;
    assert_eq!(location(&other), list, "one form, one endpoint");
    let old = browser.submit(&page, list, &[("key", "")]).await;
    assert_eq!(location(&old), new, "a form without a key");
    found().await;

    harness.pending(TestPayment::tap("o1", 10_000), 4_000).await;
    let page = browser.get(&path).await;
    let text = whole(&page);
    assert!(text.contains("Of the last \u{2068}1\u{2069}") && !text.contains(&secret), "{text}");
    let again = browser.submit(&page, &format!("{path}/resend"), &[]).await;
    assert_eq!(location(&again), path, "{again:?}");
    let tested = browser.submit(&page, &format!("{path}/test"), &[]).await;
    assert!(whole(&tested).contains("did not take the test: \u{2068}404\u{2069}"), "{}", tested.text());

    let rotated = browser.submit(&page, &format!("{path}/rotate"), &[]).await;
    assert_ne!(shown(&rotated, "secret"), secret);
    assert!(found().await.old_secret.is_some());

    let disable = format!("{path}/disable");
    assert!(beside(&browser.submit(&page, &disable, &[]).await, "reason").contains("needed"));
    browser.submit(&page, &disable, &[("reason", "it moves")]).await;
    assert!(found().await.disabled_at.is_some());
    let page = browser.get(&path).await;
    assert!(whole(&page).contains("Disabled since"));
    browser.submit(&page, &format!("{path}/enable"), &[("reason", "it moved")]).await;
    assert!(found().await.disabled_at.is_none());

    let edit = format!("{path}/edit");
    let page = browser.get(&edit).await;
    assert!(form(&page, &edit, &[]).contains(&("events".into(), "refund.created".into())), "{page:?}");
    let wrong = browser.submit(&page, &edit, &[("url", "nowhere"), ("name", "Other")]).await;
    assert!(beside(&wrong, "url").contains("not taken") && found().await.name == "The shop");
    let done = browser.submit(&page, &edit, &[("name", "Other"), ("events", "refund.failed")]).await;
    assert_eq!((location(&done), found().await.name.as_str()), (path.clone(), "Other"));

    let page = browser.get(&path).await;
    let revoke = format!("{path}/revoke");
    assert!(beside(&browser.submit(&page, &revoke, &[]).await, "sure").contains("Tick"));
    browser.submit(&page, &revoke, &[("sure", "yes")]).await;
    let page = browser.get(&path).await;
    assert!(found().await.revoked_at.is_some() && !page.text().contains("/revoke"));
    let late = browser.post(&disable, &[proof(&page), ("reason".into(), "late".into())]).await;
    assert_eq!(late.status, 409, "{late:?}");
    let deeds = deeds(&harness, &browser).await;
    for deed in [Deed::EndpointAdded, Deed::EndpointTested, Deed::EndpointChanged, Deed::EndpointRevoked] {
        assert!(deeds.contains(&(deed, Some(found().await.id.to_string()))), "{deed:?}: {deeds:?}");
    }
}

#[tokio::test]
async fn a_form_that_is_sent_again_changes_a_secret_once() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    add_endpoint(&harness, &mut browser).await;
    let found = async || harness.engine.list_endpoints(harness.merchant.id, None).await.unwrap().remove(0);
    let original = found().await;
    let path = format!("/portal/settings/endpoints/{}", original.id);
    let rotate = format!("{path}/rotate");
    let page = browser.get(&path).await;
    let mut tab = browser.tab();
    // A double click.
    let (first, second) = tokio::join!(browser.submit(&page, &rotate, &[]), tab.submit(&page, &rotate, &[]));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 303]);
    let rotated = found().await;
    let old = |endpoint: &Endpoint| endpoint.old_secret.clone().map(|(sealed, _)| sealed);
    assert_eq!(old(&rotated), Some(original.secret_sealed.clone()), "what the receiver checks signs on");
    // A reload, and a form from before there were keys of forms.
    let again = browser.submit(&page, &rotate, &[]).await;
    assert_eq!(location(&again), path);
    assert!(browser.follow(&again).await.text().contains("It made one new secret"));
    assert_eq!(location(&browser.submit(&page, &rotate, &[("key", "")]).await), path);
    assert_eq!(found().await.secret_sealed, rotated.secret_sealed);
    let noted = deeds(&harness, &browser).await;
    let noted = noted.into_iter().filter(|(deed, _)| *deed == Deed::EndpointChanged).count();
    assert_eq!(noted, 1);
    // Another form is meant.
    let page = browser.get(&path).await;
    assert_eq!(browser.submit(&page, &rotate, &[]).await.status, 200);
    assert_eq!(old(&found().await), Some(rotated.secret_sealed));
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

#[tokio::test]
async fn what_the_engine_refuses_is_told_in_the_persons_language() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    browser.speaks("ar");
    let list = "/portal/settings/endpoints";
    let page = browser.get("/portal/settings/endpoints/new").await;
    for url in ["nowhere", "ftp://shop.example/", "https://a:b@shop.example/", "https://shop.example:25/"] {
        let wrong = browser.submit(&page, list, &[("name", "Shop"), ("url", url)]).await;
        let told = beside(&wrong, "url");
        assert!(told.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c)), "{url}: {told}");
        assert!(!told.contains("must") && !told.contains("refused"), "{url}: {told}");
    }
}

/// The proof of a page's forms.
fn proof(page: &Answer) -> (String, String) {
    form(page, "/portal/sign-out", &[]).into_iter().find(|(name, _)| name == "proof").unwrap()
}

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

/// Every route of the settings with an id of something that is there.
async fn addresses(harness: &Harness) -> Vec<(String, String)> {
    let (engine, merchant) = (&harness.engine, harness.merchant.id);
    let key = engine.list_keys(merchant).await.unwrap()[2].id.to_string();
    let person = engine.list_users(merchant).await.unwrap()[0].id.to_string();
    let endpoint = engine.list_endpoints(merchant, None).await.unwrap()[0].id.to_string();
    let account = harness.merchant.tap.to_string();
    let mut all = Vec::new();
    for route in routes().into_iter().filter(|route| route.path.starts_with("/portal/settings")) {
        let id = match route.path.split('/').nth(3) {
            Some("keys") => &key,
            Some("endpoints") => &endpoint,
            Some("accounts") => &account,
            _ => &person,
        };
        all.push((route.method.to_string(), at(route.path, id)));
    }
    all
}

async fn add_endpoint(harness: &Harness, browser: &mut Browser<'_>) {
    let page = browser.get("/portal/settings/endpoints/new").await;
    let typed = [("name", "Shop"), ("url", "https://shop.example/")];
    assert_eq!(browser.submit(&page, "/portal/settings/endpoints", &typed).await.status, 200);
    assert_eq!(harness.engine.list_endpoints(harness.merchant.id, None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn only_who_may_sets_anything_up_by_page_or_by_request() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut of_admin = harness.browser(&admin).await;
    add_endpoint(&harness, &mut of_admin).await;
    let addresses = addresses(&harness).await;
    assert!(addresses.len() > 35, "{addresses:?}");
    for role in [Role::Viewer, Role::Support, Role::Manager] {
        let person = harness.armed(role).await;
        let mut browser = harness.browser(&person).await;
        let start = browser.get("/portal").await;
        assert_eq!(start.text().contains("\"/portal/settings\""), role == Role::Manager, "{role}");
        let proof = [proof(&start)];
        for (method, path) in &addresses {
            let asks = path.ends_with("/new") || path.ends_with("/edit");
            let answer =
                if method == "GET" { browser.get(path).await } else { browser.post(path, &proof).await };
            let is_seen = method == "GET" && !asks && role == Role::Manager;
            // A manager may have something sent again, anywhere; here nothing is named.
            let resends = path.ends_with("/resend") && role == Role::Manager;
            let expected = if resends {
                404
            } else if is_seen {
                200
            } else {
                403
            };
            assert_eq!(answer.status, expected, "{role} {method} {path} {}", answer.text());
            if is_seen {
                let text = whole(&answer);
                assert!(path == "/portal/settings" || text.contains("Administrator"), "why not: {text}");
                let offers = parse(answer.text()).unwrap().all("main")[0].all("form").len();
                assert_eq!(offers, 0, "{path}");
            }
        }
        let audit = browser.get("/portal/audit").await.status;
        assert_eq!(audit, if role == Role::Manager { 200 } else { 403 }, "{role}");
    }
}

#[tokio::test]
async fn whatever_is_set_up_takes_a_fresh_code() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    add_endpoint(&harness, &mut browser).await;
    let addresses = addresses(&harness).await;
    harness.clock.advance(Duration::from_secs(16 * 60));
    let proof = [proof(&browser.get("/portal").await)];
    for (method, path) in addresses {
        let asks = path.ends_with("/new") || path.ends_with("/edit");
        if method == "GET" && !asks {
            assert_eq!(browser.get(&path).await.status, 200, "{path}");
        } else if !path.ends_with("/resend") {
            let answer =
                if method == "GET" { browser.get(&path).await } else { browser.post(&path, &proof).await };
            assert!(location(&answer).starts_with("/portal/code"), "{method} {path} {answer:?}");
        }
    }
}

#[tokio::test]
async fn what_is_anothers_or_of_the_other_environment_does_not_exist() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    add_endpoint(&harness, &mut browser).await;
    let addresses = addresses(&harness).await;
    let of_one: Vec<_> = addresses.into_iter().filter(|(_, path)| path.contains('_')).collect();
    assert!(of_one.len() > 25, "{of_one:?}");
    let before = deeds(&harness, &browser).await;

    let mut of_stranger = harness.browser(&harness.stranger().await).await;
    let foreign_proof = [proof(&of_stranger.get("/portal").await)];
    // In live there is nothing but people, who belong to no environment.
    let page = browser.get("/portal").await;
    let live = form(&page, "/portal/preferences", &[]);
    browser.post("/portal/preferences", &live).await;
    let own_proof = [proof(&browser.get("/portal").await)];
    for (method, path) in of_one {
        let answer = if method == "GET" {
            of_stranger.get(&path).await
        } else {
            of_stranger.post(&path, &foreign_proof).await
        };
        assert_eq!(answer.status, 404, "{method} {path}");
        if !path.contains("/people/") {
            let answer = if method == "GET" {
                browser.get(&path).await
            } else {
                browser.post(&path, &own_proof).await
            };
            assert_eq!(answer.status, 404, "{method} {path}");
        }
    }
    assert_eq!(deeds(&harness, &browser).await, before, "nothing was noted of what is not there");
}
