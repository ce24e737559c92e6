//! The work queue: what waits, how much, and how it is closed.

use redress_core::case::CaseKind;
use redress_core::outcome::{Again, Outcome, PspRefusal};
use redress_core::role::Role;
use redress_engine::portal::people::NewPassword;

use crate::portal::html_check::{faults, parse};
use crate::portal::language::Language;
use crate::portal::testing::{PASSWORD, RECORDED, form};
use crate::testing::Harness;

#[tokio::test]
async fn a_case_is_found_counted_read_and_closed() {
    let harness = Harness::new().await;
    let case = harness.late_success("o1").await;
    let manager = harness.armed(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let start = browser.get("/portal").await;
    let root = parse(start.text()).unwrap();
    let counts: Vec<_> =
        root.all("span").into_iter().filter(|span| span.attribute("class") == Some("count")).collect();
    assert_eq!(counts.len(), 1);
    assert_eq!(counts[0].text, "1");
    let list = browser.get("/portal/cases").await;
    let path = format!("/portal/cases/{case}");
    assert!(list.text().contains(&format!("href=\"{path}\"")), "{}", list.text());
    assert!(list.text().contains("href=\"/portal/refunds/rf_"), "what it is about: {}", list.text());
    assert!(list.text().contains("what had counted as over (1)"), "how many are open: {}", list.text());
    assert!(browser.get("/portal/cases?status=closed").await.text().contains("Nothing was closed"));
    let other = browser.get("/portal/cases?kind=overdue").await;
    assert!(!other.text().contains(&path) && other.text().contains("Nothing waits"));
    let page = browser.get(&path).await;
    assert!(page.text().contains("40.00 SAR") && page.text().contains("pays the customer twice"));
    assert!(
        page.text().contains("kept with this case"),
        "a refund's timeline does not have it: {}",
        page.text()
    );
    let close = format!("{path}/close");
    for typed in
        [[("blocked", "refunded"), ("reason", "")], [("blocked", ""), ("reason", "the desk confirms it")]]
    {
        let wrong = browser.submit(&page, &close, &typed).await;
        assert_eq!((wrong.status.as_u16(), faults(wrong.text())), (422, vec![]), "{typed:?}");
    }
    let typed = [("blocked", "refunded"), ("reason", "the desk confirms it")];
    let answer = browser.submit(&page, &close, &typed).await;
    let shown = browser.follow(&answer).await;
    assert!(shown.text().contains("manager@") && shown.text().contains("the desk confirms it"));
    assert!(!shown.text().contains(&format!("action=\"{close}\"")), "it is closed once");
    let told = shown.text().replace(['\u{2068}', '\u{2069}'], "");
    assert!(told.contains("40.00 SAR count as given back since then") && !told.contains("<dt>Blocks</dt>"));
    let again = browser.submit(&page, &close, &typed).await;
    assert!(browser.follow(&again).await.text().contains("closed it before"));
    assert!(!browser.get("/portal/cases").await.text().contains(&path));
    let closed = browser.get("/portal/cases?status=closed").await;
    assert_eq!(faults(closed.text()), [] as [&str; 0], "{}", closed.text());
    assert!(closed.text().contains(&path) && closed.text().contains("Closed by"), "{}", closed.text());
    let trail = browser.get(&format!("/portal/audit?object={case}")).await;
    let told = |words: &str| trail.text().matches(words).count();
    assert_eq!([told("Closed a case"), told("it was closed before")], [1, 1], "{}", trail.text());
    let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    assert_eq!((order.payment.balance.refunded, order.payment.balance.blocked), (4_000, 0));
}

#[tokio::test]
async fn the_trail_says_of_a_case_that_blocked_nothing_that_it_did_not() {
    let harness = Harness::new().await;
    let case = harness.told(1, CaseKind::Reversed, "re_1", ("it differs", "{}")).await;
    let manager = harness.armed(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let path = format!("/portal/cases/{case}");
    let page = browser.get(&path).await;
    let closed = browser.submit(&page, &format!("{path}/close"), &[("reason", "seen there")]).await;
    assert_eq!(closed.status, 303, "{closed:?}");
    let trail = browser.get(&format!("/portal/audit?object={case}")).await;
    let text = trail.text();
    assert!(text.contains("It blocked nothing") && text.contains("seen there"), "{text}");
    assert!(!text.contains("can be refunded again"), "{text}");
}

#[tokio::test]
async fn who_may_not_close_sees_why_and_another_merchant_sees_nothing() {
    let harness = Harness::new().await;
    let path = format!("/portal/cases/{}", harness.late_success("o1").await);
    let support = harness.person(Role::Support).await;
    let mut browser = harness.browser(&support).await;
    let page = browser.get(&path).await;
    assert!(page.text().contains("This needs the role"), "{}", page.text());
    assert!(page.text().contains("class=\"button\" href=\"/portal/refunds/rf_"), "the way to its refund");
    let mut fields = form(&page, "/portal/sign-out", &[]);
    fields.extend([("blocked", "released"), ("reason", "x")].map(|(key, value)| (key.into(), value.into())));
    assert_eq!(browser.post(&format!("{path}/close"), &fields).await.status, 403);
    let chosen = NewPassword::Chosen(PASSWORD.into());
    let stranger = harness.person_of(&harness.other, Role::Viewer, chosen).await;
    let mut stranger = harness.browser(&stranger).await;
    assert_eq!(stranger.get(&path).await.status, 404);
    assert!(stranger.get("/portal/cases").await.text().contains("Nothing waits"));
}

#[tokio::test]
async fn what_the_psp_told_is_shown_with_what_differs() {
    let harness = Harness::new().await;
    let path = format!("/portal/cases/{}", harness.quarantined().await);
    let support = harness.person(Role::Support).await;
    let mut browser = harness.browser(&support).await;
    let page = browser.get(&path).await;
    let text = page.text();
    assert_eq!((page.status.as_u16(), faults(text)), (200, vec![]));
    assert!(text.contains("What the provider told"), "{text}");
    let (sum, currency) = ("the sum 25.01 SAR, and not 25.00 SAR", "the currency GBP (25.00 GBP), and not");
    let places = [currency, sum].map(|told| text.find(told));
    assert!(places[0].is_some() && places[0] < places[1], "the newest first: {text}");
    let root = parse(text).unwrap();
    let bodies: Vec<_> = root.all("pre").into_iter().map(|body| body.text.as_str()).collect();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[0].contains("25.00") && bodies[1].contains("25.01"), "{bodies:?}");
    assert!(!text.contains("<GBP>"), "it is written as text");
    browser.speaks("ar");
    assert!(browser.get(&path).await.text().contains("ما أرسله المزود"));
    let plain = format!("/portal/cases/{}", harness.late_success("o1").await);
    assert!(!browser.get(&plain).await.text().contains("id=\"evidence\""), "nothing told opened it");
}

#[tokio::test]
async fn what_was_decided_before_something_else_was_told_is_decided_again() {
    let harness = Harness::new().await;
    let manager = harness.armed(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let path = format!("/portal/cases/{}", harness.quarantined().await);
    let close = format!("{path}/close");
    let page = browser.get(&path).await;
    let told = ("the sum 30.00 SAR, and not 25.00 SAR", r#"{"amount":30.00,"currency":"SAR"}"#);
    harness.told(42, CaseKind::Quarantined, "re_1", told).await;
    let typed = [("reason", "the desk confirms 25.01")];
    let late = browser.submit(&page, &close, &typed).await;
    assert_eq!((late.status.as_u16(), faults(late.text())), (409, vec![]), "{late:?}");
    let text = late.text();
    assert!(text.contains("Something happened") && text.contains("the sum 30.00 SAR"), "{text}");
    assert!(text.contains("the desk confirms 25.01"), "what was typed is kept: {text}");
    let known = browser.submit(&late, &close, &typed).await;
    assert!(browser.follow(&known).await.text().contains("The case is closed"), "{known:?}");

    // The same where it blocks another sum by now.
    let path = format!("/portal/cases/{}", harness.late_success("o1").await);
    let close = format!("{path}/close");
    let page = browser.get(&path).await;
    let typed = [("blocked", "released"), ("reason", "the desk confirms it"), ("seen", "1000-0")];
    let late = browser.submit(&page, &close, &typed).await;
    assert_eq!((late.status.as_u16(), faults(late.text())), (409, vec![]), "{late:?}");
    assert!(!late.text().contains("checked"), "what was decided is not kept: {}", late.text());
    let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    assert_eq!(order.payment.balance.blocked, 4_000);
    assert_eq!(browser.submit(&late, &close, &typed[..2]).await.status, 303);
}

#[tokio::test]
async fn what_the_psp_said_when_it_was_asked_is_decided_on_too() {
    let harness = Harness::new().await;
    let manager = harness.armed(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let path = format!("/portal/cases/{}", harness.late_success("o1").await);
    let close = format!("{path}/close");
    let page = browser.get(&path).await;
    let order = async || harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    let refusal = PspRefusal {
        code: "failed".to_owned(),
        text: "It failed".to_owned(),
        again: Again::No,
        psp_refund_id: None,
    };
    harness.says(50, &order().await.refunds[0], Outcome::Refused(refusal)).await;
    // It blocks the same sum, and no notification told so.
    let typed = [("blocked", "refunded"), ("reason", "the desk confirms it")];
    let late = browser.submit(&page, &close, &typed).await;
    assert_eq!((late.status.as_u16(), faults(late.text())), (409, vec![]), "{late:?}");
    assert!(late.text().contains("the PSP says both"), "{}", late.text());
    let balance = order().await.payment.balance;
    assert_eq!((balance.blocked, balance.refunded), (4_000, 0));
    assert_eq!(browser.submit(&late, &close, &typed).await.status, 303);
    assert_eq!(order().await.payment.balance.refunded, 4_000);
}

#[tokio::test]
async fn every_kind_is_told_in_the_language_of_the_page_and_what_was_recorded_is_marked() {
    let harness = Harness::new().await;
    let viewer = harness.person(Role::Viewer).await;
    let mut browser = harness.browser(&viewer).await;
    for (n, kind) in (1..).zip(CaseKind::ALL) {
        let case = harness.told(n, kind, &format!("re_{n}"), ("it differs", "{}")).await;
        for language in Language::ALL {
            browser.speaks(language.tag());
            let t = language.texts();
            for path in [format!("/portal/cases?kind={}", kind.as_str()), format!("/portal/cases/{case}")] {
                let page = browser.get(&path).await;
                assert_eq!((page.status.as_u16(), faults(page.text())), (200, vec![]), "{path}");
                let root = parse(page.text()).unwrap();
                let main = root.all("main")[0];
                let told = main.whole_text();
                assert!(told.contains(t.case(kind)) && told.contains(t.case_told(kind)), "{path}: {told}");
                let is_one = path.ends_with(&case.to_string());
                assert_eq!(told.contains(t.case_to_do(kind)), is_one, "{path}: {told}");
                let code = main.all("code").into_iter().any(|code| code.text == kind.as_str());
                assert_eq!(code, is_one, "{path}: {told}");
                // What was noted for the operator is English on every page, and says so.
                let noted = |words: &str| {
                    let noted = main.below().into_iter().filter(|element| element.text.contains(words));
                    let marks = |name: &str, value: &str| {
                        noted.clone().all(|element| element.attribute(name) == Some(value))
                    };
                    assert!(marks("lang", "en") && marks("dir", "ltr"), "{path}: {words}");
                    noted.count()
                };
                assert_eq!((noted(RECORDED), noted("it differs")), (1, usize::from(is_one)), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn an_account_is_linked_to_for_whoever_may_see_the_settings() {
    let harness = Harness::new().await;
    let path = format!("/portal/cases/{}", harness.quarantined().await);
    let account = harness.merchant.tap.to_string();
    let link = format!("href=\"/portal/settings/accounts/{account}\"");
    for (role, is_linked) in [(Role::Support, false), (Role::Manager, true)] {
        let person = harness.person(role).await;
        let page = harness.browser(&person).await.get(&path).await;
        assert!(page.text().contains(&account), "{role}: {}", page.text());
        assert_eq!(page.text().contains(&link), is_linked, "{role}: {}", page.text());
    }
}

#[tokio::test]
async fn a_long_queue_has_pages_and_a_way_back() {
    let harness = Harness::new().await;
    for n in 1..=51 {
        harness.told(n, CaseKind::Quarantined, &format!("re_{n}"), ("it differs", "{}")).await;
    }
    let viewer = harness.person(Role::Viewer).await;
    let mut browser = harness.browser(&viewer).await;
    let link = |page: &str, words: &str| {
        let root = parse(page).unwrap();
        let link = root.all("a").into_iter().find(|link| link.text == words)?;
        link.attribute("href").map(str::to_owned)
    };
    let rows = |page: &str| parse(page).unwrap().all("tbody")[0].all("tr").len();
    let first = browser.get("/portal/cases?kind=quarantined").await;
    assert_eq!((rows(first.text()), link(first.text(), "The newest")), (50, None));
    let second = browser.get(&link(first.text(), "Older ones").unwrap()).await;
    assert_eq!((rows(second.text()), link(second.text(), "Older ones")), (1, None));
    let again = browser.get(&link(second.text(), "The newest").unwrap()).await;
    assert_eq!(rows(again.text()), 50);
}
