//! Who may do what, outside of the settings: by role, with a fresh code, in one environment, and nothing by a password alone.

use std::time::Duration;

use redress_core::role::Role;
use redress_core::state::RefundState;

use super::gallery_tests::Sample;
use super::testing::{Browser, PASSWORD, form, location};
use crate::router::{Auth, RouteInfo, routes};
use crate::testing::{Answer, Harness};

/// The least role of each route that not everybody who is signed in may use; those of the settings are tested with them.
const NEEDS: [(&str, &str, Role); 17] = [
    ("GET", "/portal/audit", Role::Manager),
    ("GET", "/portal/imports", Role::Manager),
    ("GET", "/portal/imports/{id}", Role::Manager),
    ("POST", "/portal/imports", Role::Manager),
    ("POST", "/portal/imports/{id}", Role::Manager),
    ("POST", "/portal/cases/{id}/close", Role::Manager),
    ("GET", "/portal/refunds/{id}/close", Role::Manager),
    ("POST", "/portal/refunds/{id}/close", Role::Manager),
    ("GET", "/portal/refunds/{id}/cancel", Role::Support),
    ("POST", "/portal/refunds/{id}/cancel", Role::Support),
    ("POST", "/portal/refunds/{id}/refresh", Role::Support),
    ("POST", "/portal/refunds/{id}/resend", Role::Support),
    ("GET", "/portal/payments/{payment}/dispute", Role::Manager),
    ("POST", "/portal/payments/{payment}/dispute", Role::Manager),
    ("GET", "/portal/payments/{payment}/refund", Role::Support),
    ("GET", "/portal/payments/{payment}/refund/summary", Role::Support),
    ("POST", "/portal/payments/{payment}/refund", Role::Support),
];

type Proof = [(String, String); 1];

/// The proof of a page's forms.
fn proof(page: &Answer) -> Proof {
    [form(page, "/portal/sign-out", &[]).into_iter().find(|(name, _)| name == "proof").unwrap()]
}

/// The routes of the portal for people who are signed in, without those of the settings.
fn everyday() -> Vec<RouteInfo> {
    let all = routes().into_iter().filter(|route| route.auth == Auth::Portal);
    all.filter(|route| !route.path.starts_with("/portal/settings")).collect()
}

async fn ask(browser: &mut Browser<'_>, method: &str, path: &str, proof: &Proof) -> Answer {
    match (method, path) {
        ("GET", _) => browser.get(path).await,
        (_, "/portal/imports") => browser.upload(path, proof, "x").await,
        _ => browser.post(path, proof).await,
    }
}

#[tokio::test]
async fn only_who_may_does_anything_by_page_or_by_request() {
    let sample = Sample::new().await;
    let harness = &sample.harness;
    for role in Role::ALL {
        // The admin is there already.
        let person = if role == Role::Admin { sample.admin.clone() } else { harness.armed(role).await };
        let mut browser = harness.browser(&person).await;
        let proof = proof(&browser.get("/portal").await);
        let mut restricted = 0;
        for route in everyday() {
            let method = route.method.to_string();
            let needs = NEEDS.iter().find(|(of, path, _)| *of == method && *path == route.path);
            restricted += usize::from(needs.is_some());
            // What people do about themselves is theirs to do.
            if needs.is_none() && method != "GET" {
                continue;
            }
            let least = needs.map_or(Role::Viewer, |(.., least)| *least);
            let answer = ask(&mut browser, &method, &sample.example(route.path), &proof).await;
            assert_eq!(answer.status == 403, role < least, "{role} {method} {} {answer:?}", route.path);
        }
        assert_eq!(restricted, NEEDS.len(), "each is a route that is there");
    }
}

#[tokio::test]
async fn what_may_release_money_takes_a_fresh_code() {
    let sample = Sample::new().await;
    let harness = &sample.harness;
    let mut stale = harness.browser(&sample.admin).await;
    harness.clock.advance(Duration::from_secs(16 * 60));
    let without = harness.person(Role::Manager).await;
    let mut without = harness.browser(&without).await;
    for (browser, to) in [(&mut stale, "/portal/code"), (&mut without, "/portal/second-factor")] {
        let proof = proof(&browser.get("/portal").await);
        for (method, route) in [
            ("GET", "/portal/refunds/{id}/close"),
            ("POST", "/portal/refunds/{id}/close"),
            ("POST", "/portal/cases/{id}/close"),
        ] {
            let answer = ask(browser, method, &sample.example(route), &proof).await;
            assert_eq!(answer.status, 303, "{method} {route} {answer:?}");
            assert!(location(&answer).starts_with(to), "{method} {route} {answer:?}");
        }
    }
    let order = harness.engine.order(harness.merchant.id, None, "sample-1").await.unwrap().unwrap();
    assert_eq!(order.refunds.last().unwrap().state, RefundState::Pending);
}

#[tokio::test]
async fn what_is_of_the_sandbox_does_not_exist_in_live() {
    let sample = Sample::new().await;
    let mut browser = sample.harness.browser(&sample.admin).await;
    browser.cookies.insert("redress-environment".into(), "live".into());
    let proof = proof(&browser.get("/portal").await);
    let of_one: Vec<_> = everyday().into_iter().filter(|route| route.path.contains('{')).collect();
    assert!(of_one.len() > 12, "{}", of_one.len());
    for route in of_one {
        let method = route.method.to_string();
        let answer = ask(&mut browser, &method, &sample.example(route.path), &proof).await;
        assert_eq!(answer.status, 404, "{method} {} {answer:?}", route.path);
    }
}

#[tokio::test]
async fn a_password_alone_opens_nothing_but_the_page_for_the_code() {
    let harness = Harness::new().await;
    let person = harness.armed(Role::Admin).await;
    let mut browser = Browser::new(&harness);
    let page = browser.get("/portal/sign-in").await;
    let typed = [("email", person.email.as_str()), ("password", PASSWORD)];
    let answer = browser.submit(&page, "/portal/sign-in", &typed).await;
    let page = browser.follow(&answer).await;
    let proof = proof(&page);
    for route in routes().into_iter().filter(|route| route.auth == Auth::Portal) {
        // Whoever has no code may go away.
        if ["/portal/code", "/portal/sign-out"].contains(&route.path) {
            continue;
        }
        let (method, path) = (route.method.to_string(), route.path.replace(['{', '}'], ""));
        let answer = ask(&mut browser, &method, &path, &proof).await;
        assert_eq!(answer.status, 303, "{method} {path} {answer:?}");
        assert!(location(&answer).starts_with("/portal/code"), "{method} {path} {answer:?}");
    }
}
