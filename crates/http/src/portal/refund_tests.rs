//! The page of one refund, and how it follows what happens.

use std::time::Duration;

use axum::http::HeaderValue;
use redress_core::case::CaseKind;
use redress_core::environment::Environment;
use redress_core::id::CaseId;
use redress_core::refund::Refund;
use redress_core::role::Role;
use redress_engine::admin::cases::Blocked;
use redress_engine::admin::endpoints::{Dialect, NewEndpoint};
use redress_engine::admin::refunds::Verdict;
use redress_engine::portal::people::NewPassword;
use redress_store::ops::cases::{CaseSubject, NewCaseRow, OpenCase};
use serde_json::json;

use crate::portal::html_check::{Element, faults, parse};
use crate::portal::language::Language;
use crate::portal::testing::{PASSWORD, form, location};
use crate::testing::{Answer, Harness, TestPayment};

/// A refund that the PSP has accepted and not ended, and where its page is.
async fn pending(harness: &Harness) -> (Refund, String) {
    let refund = harness.pending(TestPayment::tap("o1", 10_000), 4_000).await;
    let path = format!("/portal/refunds/{}", refund.id);
    (refund, path)
}

#[tokio::test]
async fn a_page_hears_of_moves_until_the_end() {
    let harness = Harness::new().await;
    let (refund, path) = pending(&harness).await;
    let viewer = harness.person(Role::Viewer).await;
    let mut browser = harness.browser(&viewer).await;
    let page = browser.get(&path).await;
    assert!(page.text().contains("state is-pending"), "{}", page.text());
    assert!(status(&page).contains("The provider says: "), "{}", status(&page));
    assert!(page.text().contains("<noscript><meta http-equiv=\"refresh\" content=\"5\">"));
    let root = parse(page.text()).unwrap();
    let live =
        root.below().into_iter().find_map(|element| element.attribute("data-live")).unwrap().to_owned();
    // Nothing moves: it ends after its span, and the browser asks again.
    let quiet = browser.get(&live).await;
    assert_eq!(quiet.headers["content-type"], "text/event-stream");
    assert_eq!(quiet.text(), "retry: 1000\n\n");
    // A page that was made before a move hears of it at once, and only once.
    let (address, _) = live.split_once('?').unwrap();
    let early = browser.get(&format!("{address}?1")).await;
    assert!(early.text().contains("event: moved\ndata: pending\n\n"), "{}", early.text());
    let id = early.text().lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    browser.headers.insert("last-event-id", HeaderValue::from_str(&id).unwrap());
    assert_eq!(browser.get(&format!("{address}?1")).await.text(), "retry: 1000\n\n");
    browser.headers.clear();
    // The PSP's word arrives.
    let finish = json!({"psp": "tap", "refund": refund.psp_refund_id, "state": "succeeded"});
    harness.control("finish", &finish).await;
    harness.pass(Duration::from_secs(5)).await;
    let end = browser.get(&live).await;
    assert!(end.text().contains("event: moved\ndata: succeeded"), "{}", end.text());
    assert!(end.text().ends_with("event: end\ndata: succeeded\n\n"), "{}", end.text());
    let page = browser.get(&path).await;
    assert!(page.text().contains("state is-succeeded") && !page.text().contains("data-live"));
    // What was said about the wait is history.
    assert!(!status(&page).contains("The provider says"), "{}", status(&page));
    assert!(page.text().contains("The provider says"), "{}", page.text());
}

/// What stands at the top of the page about how the refund stands.
fn status(page: &Answer) -> String {
    let root = parse(page.text()).unwrap();
    let part = |element: &&Element| element.attribute("data-part") == Some("status");
    root.below().into_iter().find(part).unwrap().whole_text()
}

#[tokio::test]
async fn another_merchants_refund_does_not_exist() {
    let harness = Harness::new().await;
    let (_, path) = pending(&harness).await;
    let chosen = NewPassword::Chosen(PASSWORD.into());
    let stranger = harness.person_of(&harness.other, Role::Admin, chosen).await;
    let mut stranger = harness.browser(&stranger).await;
    for path in [path.clone(), format!("{path}/live"), "/portal/refunds/nothing".to_owned()] {
        assert_eq!(stranger.get(&path).await.status, 404, "{path}");
    }
    // Nor does it in the other environment.
    let viewer = harness.person(Role::Viewer).await;
    let mut browser = harness.browser(&viewer).await;
    let page = browser.get(&path).await;
    let live = form(&page, "/portal/preferences", &[]);
    browser.post("/portal/preferences", &live).await;
    assert_eq!(browser.get(&path).await.status, 404);
}

#[tokio::test]
async fn codes_stand_beside_their_words_in_the_language_of_the_page() {
    let harness = Harness::new().await;
    let (refund, path) = pending(&harness).await;
    let reason = "the bank said so";
    let closed = harness.engine.close_refund(harness.merchant.id, refund.id, Verdict::Failed, "desk", reason);
    closed.await.unwrap();
    let viewer = harness.person(Role::Viewer).await;
    let mut browser = harness.browser(&viewer).await;
    for language in Language::ALL {
        browser.speaks(language.tag());
        let t = language.texts();
        let page = browser.get(&path).await;
        assert_eq!(faults(page.text()), [] as [&str; 0], "{}", page.text());
        let root = parse(page.text()).unwrap();
        let codes: Vec<_> = root.all("code").into_iter().map(|code| code.text.as_str()).collect();
        let told = root.all("main")[0].whole_text();
        for (words, code) in [
            (t.failure("closed_by_person"), "closed_by_person"),
            (t.outcome("pending"), "pending"),
            (Some(t.reason("duplicate")), "duplicate"),
        ] {
            let words = words.unwrap();
            assert!(told.contains(words) && codes.contains(&code), "{code}: {told}");
        }
        // Where it stands at the top and once more in the timeline, as the reason of whoever closed it.
        assert_eq!(told.matches(reason).count(), 2, "{told}");
    }
}

/// The page of the refund that a case is about, and the link to the case.
async fn of_case(harness: &Harness, case: CaseId) -> (String, String) {
    let found = harness.engine.case(harness.merchant.id, Environment::Sandbox, case).await.unwrap();
    (format!("/portal/refunds/{}", found.refund.unwrap()), format!("href=\"/portal/cases/{case}\""))
}

async fn close_case(harness: &Harness, case: CaseId, blocked: Blocked) {
    let merchant = harness.merchant.id;
    harness.engine.close_case(merchant, case, "desk", "seen there", blocked).await.unwrap();
}

#[tokio::test]
async fn a_failed_refund_whose_money_left_says_so_and_leads_to_no_other() {
    let harness = Harness::new().await;
    let case = harness.late_success("o1").await;
    let (path, link) = of_case(&harness, case).await;
    let viewer = harness.person(Role::Viewer).await;
    let mut browser = harness.browser(&viewer).await;
    let another = "to make another refund";
    let page = browser.get(&path).await;
    assert!(status(&page).contains("may have left all the same"), "while it is open: {}", page.text());
    assert!(page.text().contains(&link) && !page.text().contains(another), "{}", page.text());
    close_case(&harness, case, Blocked::Refunded).await;
    for language in Language::ALL {
        browser.speaks(language.tag());
        let page = browser.get(&path).await;
        assert_eq!(faults(page.text()), [] as [&str; 0], "{}", page.text());
        assert!(page.text().contains("state is-failed") && page.text().contains(&link), "{}", page.text());
        assert!(!page.text().contains(language.texts().acts.to_payment), "{}", page.text());
    }
    browser.speaks(Language::English.tag());
    let told = status(&browser.get(&path).await).replace(['\u{2068}', '\u{2069}'], "");
    assert!(told.contains("40.00 SAR count as given back"), "{told}");
    // Its payment says where that sum stands, which no refund of its list gave back.
    for language in Language::ALL {
        browser.speaks(language.tag());
        let page = browser.get("/portal/payments/o1").await;
        assert_eq!(faults(page.text()), [] as [&str; 0], "{}", page.text());
        let root = parse(page.text()).unwrap();
        let balance = |element: &&Element| element.attribute("data-part") == Some("balance");
        let balance = root.below().into_iter().find(balance).unwrap();
        let sums = balance.whole_text().replace(['\u{2068}', '\u{2069}'], "");
        let t = language.texts();
        let booked = t.payment.booked.replace("{amount}", "40.00 SAR");
        assert!(sums.contains(&booked) && sums.contains(t.case(CaseKind::LateSuccess)), "{sums}");
        assert!(page.text().contains(&link), "{}", page.text());
    }
}

#[tokio::test]
async fn a_failed_refund_whose_money_stayed_leads_to_another() {
    let harness = Harness::new().await;
    let case = harness.late_success("o1").await;
    let (path, link) = of_case(&harness, case).await;
    close_case(&harness, case, Blocked::Released).await;
    let viewer = harness.person(Role::Viewer).await;
    let page = harness.browser(&viewer).await.get(&path).await;
    assert!(page.text().contains("to make another refund"), "{}", page.text());
    assert!(!page.text().contains(&link), "{}", page.text());
}

#[tokio::test]
async fn a_notification_that_is_being_sent_is_looked_at_again() {
    let harness = Harness::new().await;
    let new = NewEndpoint {
        merchant: harness.merchant.id,
        name: "Warehouse".into(),
        url: "https://shop.example/".into(),
        dialect: Dialect::Standard,
        environment: Environment::Sandbox,
        event_mask: None,
        credential: None,
    };
    harness.engine.add_endpoint(new).await.unwrap();
    let (refund, path) = pending(&harness).await;
    let closed =
        harness.engine.close_refund(harness.merchant.id, refund.id, Verdict::Failed, "desk", "seen there");
    closed.await.unwrap();
    let viewer = harness.person(Role::Viewer).await;
    let mut browser = harness.browser(&viewer).await;
    let page = browser.get(&path).await;
    assert_eq!(faults(page.text()), [] as [&str; 0], "{}", page.text());
    let loaded_again = "<noscript><meta http-equiv=\"refresh\" content=\"5\">";
    assert!(page.text().contains("data-again") && page.text().contains(loaded_again), "{}", page.text());
    assert!(page.text().contains("Warehouse"), "an endpoint is called by its name: {}", page.text());
    // What waits for longer, as for an endpoint that is disabled, is not asked about for ever.
    harness.clock.advance(Duration::from_secs(61));
    let page = browser.get(&path).await;
    assert!(page.text().contains("Owed") && !page.text().contains("data-again"), "{}", page.text());
    assert!(!page.text().contains(loaded_again), "{}", page.text());

    // While a case waits, whoever reads is not thrown back to the top, but whoever had it sent again sees what comes of it.
    let case = NewCaseRow {
        merchant: refund.merchant,
        id: CaseId::from_bytes([41; 16]),
        kind: CaseKind::Quarantined,
        subject: CaseSubject::Refund(refund.id),
        payment: None,
        text: "it differs".to_owned(),
        block_minor: 0,
        now: harness.engine.now(),
    };
    harness.store.run(OpenCase(case)).await.unwrap();
    let support = harness.person(Role::Support).await;
    let mut browser = harness.browser(&support).await;
    let page = browser.get(&path).await;
    let resent = browser.submit(&page, &format!("{path}/resend"), &[]).await;
    let page = browser.follow(&resent).await;
    assert!(page.text().contains("data-again") && page.text().contains(loaded_again), "{}", page.text());
    let page = browser.get(&path).await;
    assert!(page.text().contains("data-again") && !page.text().contains(loaded_again), "{}", page.text());
}

#[tokio::test]
async fn a_page_that_is_left_open_keeps_no_session_alive() {
    let minutes = |count: u64| Duration::from_secs(count * 60);
    let harness = Harness::new().await;
    let (_, path) = pending(&harness).await;
    let viewer = harness.person(Role::Viewer).await;
    let live = format!("{path}/live");
    // What hears of moves, and what takes them over.
    let by_itself =
        [("accept", "text/event-stream", live.as_str()), ("redress-by-itself", "yes", path.as_str())];
    for (name, value, address) in by_itself {
        let mut browser = harness.browser(&viewer).await;
        browser.headers.insert(name, HeaderValue::from_static(value));
        for _ in 0..2 {
            harness.clock.advance(minutes(14));
            assert_eq!(browser.get(address).await.status, 200, "{address}");
        }
        harness.clock.advance(minutes(3));
        let over = browser.get(address).await;
        assert!(location(&over).starts_with("/portal/sign-in"), "{address}: {over:?}");
    }
    // Somebody who looks at it is there.
    let mut browser = harness.browser(&viewer).await;
    for _ in 0..4 {
        harness.clock.advance(minutes(14));
        assert_eq!(browser.get(&path).await.status, 200);
    }
}
