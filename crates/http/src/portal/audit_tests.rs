//! The page of the audit trail.

use redress_core::audit::Deed;
use redress_core::role::Role;
use redress_engine::portal::{Origin, SessionToken, Visitor};

use crate::portal::html_check::{Element, faults, parse};
use crate::portal::language::Language;
use crate::testing::{Answer, Harness, TestPayment};

fn rows(answer: &Answer) -> Vec<String> {
    assert_eq!(faults(answer.text()), [] as [&str; 0], "{}", answer.text());
    let root = parse(answer.text()).unwrap();
    let rows = root.all("tbody").into_iter().flat_map(|body| body.all("tr")).collect::<Vec<&Element>>();
    rows.into_iter().map(Element::whole_text).collect()
}

fn link(answer: &Answer, words: &str) -> Option<String> {
    let root = parse(answer.text()).unwrap();
    let link = root.all("a").into_iter().find(|link| link.text.trim() == words)?;
    link.attribute("href").map(str::to_owned)
}

#[tokio::test]
async fn the_trail_is_told_by_person_and_by_object_page_by_page() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let manager = harness.armed(Role::Manager).await;
    let mut of_manager = harness.browser(&manager).await;
    let mut browser = harness.browser(&admin).await;
    let user = harness.engine.user_by_email(&admin.email).await.unwrap();
    let page = browser.get("/portal/audit").await;
    let all = rows(&page);
    assert!(all.iter().any(|row| row.contains("Signed in") && row.contains(&admin.email)), "{all:?}");
    assert!(all.iter().any(|row| row.contains("Operator")), "{all:?}");

    let of_one = browser.get(&format!("/portal/audit?person={}", user.id)).await;
    assert!(!rows(&of_one).is_empty() && rows(&of_one).iter().all(|row| row.contains(&admin.email)));
    let object = browser.get(&format!("/portal/audit?object={}", user.id)).await;
    let told = rows(&object);
    assert!(!told.is_empty() && told.iter().all(|row| row.contains(&user.id.to_string())), "{told:?}");
    let page_of = format!("/portal/settings/people/{}", user.id);
    assert!(object.text().contains(&format!("href=\"{page_of}\"")));
    assert_eq!(rows(&browser.get("/portal/audit?object=nothing").await), [] as [&str; 0]);
    let both = browser.get(&format!("/portal/audit?object=x&person={}", user.id)).await;
    assert!(both.status == 422 && both.text().contains("f-object-wrong"), "{both:?}");

    // More than a page of it.
    let origin = Origin::new(std::net::Ipv4Addr::LOCALHOST.into(), "a test");
    let token = SessionToken::parse(&browser.cookies["redress-session"]).unwrap();
    let Visitor::SignedIn(who) = harness.engine.visitor(&token).await.unwrap() else { panic!() };
    for _ in 0..50 {
        harness.engine.note_deed(&who, &origin, Deed::ListExported, None, None).await.unwrap();
    }
    let first = of_manager.get("/portal/audit").await;
    assert_eq!(rows(&first).len(), 50);
    let older = of_manager.get(&link(&first, "Older").unwrap()).await;
    let rest = rows(&older);
    assert!(!rest.is_empty() && rest.iter().any(|row| row.contains("Operator")), "{rest:?}");
    assert_eq!(link(&older, "Older"), None);
    assert_eq!(rows(&of_manager.get(&link(&older, "The newest").unwrap()).await).len(), 50);
}

#[tokio::test]
async fn what_stands_beside_a_deed_is_told_in_the_language_of_the_page() {
    let harness = Harness::new().await;
    let manager = harness.armed(Role::Manager).await;
    let refund = harness.pending(TestPayment::tap("o1", 10_000), 4_000).await;
    let mut browser = harness.browser(&manager).await;
    let path = format!("/portal/refunds/{}/close", refund.id);
    let form = browser.get(&path).await;
    let typed = [("verdict", "failed"), ("reason", "the desk: nothing there")];
    assert_eq!(browser.submit(&form, &path, &typed).await.status, 303);
    assert_eq!(browser.get("/portal/refunds.csv?status=failed&reason=duplicate").await.status, 200);
    for (language, list, status, done) in [
        (Language::English, "Refunds", "Status: Failed; Reason: Charged twice", "The provider did not do it"),
        (Language::Arabic, "عمليات الرد", "الحالة: فشل; السبب: خُصم المبلغ مرتين", "لم ينفّذه المزود"),
    ] {
        browser.speaks(language.tag());
        let rows = rows(&browser.get("/portal/audit").await);
        let rows: Vec<_> = rows.iter().map(|row| row.replace(['\u{2068}', '\u{2069}'], "")).collect();
        let has = |parts: [&str; 2]| rows.iter().any(|row| parts.iter().all(|part| row.contains(part)));
        assert!(has([list, status]), "{rows:?}");
        // What a person typed stands as it was typed.
        assert!(has([done, "the desk: nothing there"]), "{rows:?}");
        assert!(rows.iter().all(|row| !row.contains("failed:")), "{rows:?}");
    }
}
