//! Who may set anything up: by role, with a fresh code, and nobody of another merchant.

use std::time::Duration;

use redress_core::role::Role;

use super::testing::{add_endpoint, deeds, proof, whole};
use crate::portal::html_check::parse;
use crate::portal::testing::{Browser, form, location};
use crate::router::routes;
use crate::testing::{Answer, Harness};

/// An address with an id in its place.
fn at(path: &str, id: &str) -> String {
    path.replace("{id}", id)
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

async fn send(browser: &mut Browser<'_>, to: &str, fields: &[(String, String)], file: &str) -> Answer {
    if to == "/portal/imports" {
        browser.upload(to, fields, file).await
    } else {
        browser.post(to, fields).await
    }
}

/// Somebody has a form open in the sandbox, and switches to live in another window.
#[tokio::test]
async fn what_a_form_makes_is_made_in_the_environment_of_its_page() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let tap = harness.merchant.tap;
    let file = format!(
        "order_ref,psp_account,psp_payment_id,currency,amount,captured_at\ni1,{tap},chg_i1,SAR,10.00,2026-11-18T10:00:00Z"
    );
    let endpoint = [("name", "Shop"), ("url", "https://shop.example/")];
    let account =
        [("name", "Tap"), ("base_url", "http://sandbox.test"), ("credential_secret_key", "sk_test_hush")];
    for (page, list, typed, made) in [
        ("/portal/settings/keys/new", "/portal/settings/keys", &[("kind", "api")][..], 200),
        ("/portal/settings/endpoints/new", "/portal/settings/endpoints", &endpoint[..], 200),
        ("/portal/settings/accounts/new?psp=tap", "/portal/settings/accounts", &account[..], 303),
        ("/portal/imports", "/portal/imports", &[][..], 303),
    ] {
        let page = browser.get(page).await;
        let fields = form(&page, list, typed);
        browser.cookies.insert("redress-environment".into(), "live".into());
        let before = deeds(&harness, &browser).await;
        let refused = send(&mut browser, list, &fields, &file).await;
        assert_eq!(refused.status, 409, "{list} {refused:?}");
        assert!(refused.text().contains("so nothing was made"), "{}", refused.text());
        assert_eq!(deeds(&harness, &browser).await, before, "{list}");
        browser.cookies.remove("redress-environment");
        let answer = send(&mut browser, list, &fields, &file).await;
        assert_eq!(answer.status, made, "{list} {answer:?}");
    }
}
