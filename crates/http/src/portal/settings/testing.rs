//! For the tests of the settings: what stands in their pages, and what the trail says.

use redress_core::audit::Deed;
use redress_engine::portal::audit::AuditOf;
use redress_engine::portal::{SessionToken, Visitor};

use crate::portal::html_check::{faults, parse};
use crate::portal::testing::{Browser, form};
use crate::testing::{Answer, Harness};

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

/// The proof of a page's forms.
pub(super) fn proof(page: &Answer) -> (String, String) {
    form(page, "/portal/sign-out", &[]).into_iter().find(|(name, _)| name == "proof").unwrap()
}

/// Adds an endpoint, the first one.
pub(super) async fn add_endpoint(harness: &Harness, browser: &mut Browser<'_>) {
    let page = browser.get("/portal/settings/endpoints/new").await;
    let typed = [("name", "Shop"), ("url", "https://shop.example/")];
    assert_eq!(browser.submit(&page, "/portal/settings/endpoints", &typed).await.status, 200);
    assert_eq!(harness.engine.list_endpoints(harness.merchant.id, None).await.unwrap().len(), 1);
}
