//! Refunds made at the portal: once, whatever people do; never more than is left or a person may; nothing lost that was
//! typed.

use std::time::Duration;

use axum::http::HeaderValue;
use redress_core::role::Role;
use redress_engine::admin::cases::Blocked;
use redress_engine::portal::people::NewPassword;

use crate::portal::html_check::{faults, parse};
use crate::portal::testing::{Browser, PASSWORD, form, location};
use crate::testing::{Answer, Harness, TestPayment};

const FORM: &str = "/portal/payments/o1/refund";

async fn harness() -> Harness {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("o1", 10_000)).await;
    harness
}

/// The actions have the payment's id.
async fn base(browser: &mut Browser<'_>) -> String {
    let page = browser.get(FORM).await;
    assert_eq!(page.status, 200, "{page:?}");
    let root = parse(page.text()).unwrap();
    let action = root.all("main")[0].all("form")[0].attribute("action").unwrap().to_owned();
    action.strip_suffix("/summary").unwrap().to_owned()
}

/// From the form to its summary.
async fn summary(browser: &mut Browser<'_>, typed: &[(&str, &str)]) -> Answer {
    let action = format!("{}/summary", base(browser).await);
    let page = browser.get(FORM).await;
    let answer = browser.submit(&page, &action, typed).await;
    assert_eq!(faults(answer.text()), [] as [&str; 0], "{}", answer.text());
    answer
}

/// What of the payment is left and how many refunds it has.
async fn stands(harness: &Harness) -> (i64, usize) {
    let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    (order.payment.remaining().minor(), order.refunds.len())
}

fn wrong_beside(answer: &Answer, field: &str) -> bool {
    answer.text().contains(&format!("id=\"f-{field}-wrong\""))
}

const WHY: (&str, &str) = ("reason", "duplicate");

#[tokio::test]
async fn all_that_is_left_is_refunded_in_two_steps_and_told() {
    let harness = harness().await;
    let person = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&person).await;
    let make = base(&mut browser).await;
    let page = summary(&mut browser, &[WHY]).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("100.00 SAR") && page.text().contains("Charged twice"));
    assert_eq!(stands(&harness).await, (10_000, 0), "nothing was done yet");
    let there = browser.at.clone();
    let made = browser.submit(&page, &make, &[]).await;
    assert!(location(&made).starts_with("/portal/refunds/rf_"), "{made:?}");
    let shown = browser.follow(&made).await;
    assert!(shown.text().contains("manager@m948164.example"), "the person made it: {}", shown.text());
    harness.pass(Duration::from_secs(1)).await;
    let shown = browser.follow(&made).await;
    assert!(shown.text().contains("state is-succeeded"), "{}", shown.text());
    assert_eq!(stands(&harness).await, (0, 1));
    // The back button asks for the summary once more, a click more and a reload send it again: the same refund.
    assert_eq!(location(&browser.get(&there).await), location(&made));
    let other = browser.get(&there.replace("amount=100", "amount=10")).await;
    assert_eq!(location(&other), make.strip_suffix("/refund").unwrap(), "this form makes no other");
    for _ in 0..2 {
        assert_eq!(location(&browser.submit(&page, &make, &[]).await), location(&made));
    }
    assert_eq!(stands(&harness).await, (0, 1));
    // The form leads to the payment, which says why not.
    let back = browser.get(FORM).await;
    let payment = browser.follow(&back).await;
    assert!(payment.text().contains("Nothing is left to refund"), "{}", payment.text());
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept() {
    let harness = harness().await;
    let person = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&person).await;
    for (amount, reason, note, field) in [
        ("", "duplicate", "", "amount"),
        ("abc", "duplicate", "", "amount"),
        ("1,50", "duplicate", "", "amount"),
        ("1,000.00", "duplicate", "", "amount"),
        ("0", "duplicate", "", "amount"),
        ("-5", "duplicate", "", "amount"),
        ("5.001", "duplicate", "", "amount"),
        ("100.01", "duplicate", "", "amount"),
        ("99999999999999999999", "duplicate", "", "amount"),
        ("5.00", "", "kept note", "reason"),
        ("5.00", "no such reason", "", "reason"),
        ("5.00", "other", "  ", "note"),
    ] {
        let typed = [("amount", amount), ("reason", reason), ("note", note)];
        let answer = summary(&mut browser, &typed).await;
        assert_eq!(answer.status, 422, "{typed:?}");
        assert!(wrong_beside(&answer, field), "{typed:?}: {}", answer.text());
        let action = format!("{}/summary", base(&mut browser).await);
        let kept = form(&answer, &action, &[]);
        let of = |name: &str| kept.iter().find(|(key, _)| key == name).unwrap().1.clone();
        assert_eq!((of("amount").as_str(), of("note").as_str()), (amount, note), "{typed:?}");
    }
    assert_eq!(stands(&harness).await, (10_000, 0));
    let arabic = summary(&mut browser, &[("amount", "١٢٫٥٠"), WHY]).await;
    assert!(arabic.status == 200 && arabic.text().contains("12.50 SAR"), "{}", arabic.text());
}

#[tokio::test]
async fn complaint_20_exactly_what_is_left_is_taken_and_a_failure_is_told() {
    let harness = Harness::new().await;
    let payment = TestPayment::tap("o1", 10_001);
    harness.payment(payment.clone()).await;
    let person = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&person).await;
    let make = base(&mut browser).await;
    let part = summary(&mut browser, &[("amount", "33.34"), WHY]).await;
    assert_eq!(browser.submit(&part, &make, &[]).await.status, 303);
    harness.pass(Duration::from_secs(2)).await;
    let over = summary(&mut browser, &[("amount", "66.68"), WHY]).await;
    assert!(over.status == 422 && wrong_beside(&over, "amount"), "{}", over.text());
    assert!(over.text().contains("66.67 SAR"), "what is left is said: {}", over.text());
    // As the form proposes it, and refused by the provider.
    harness.script(&payment, &["refuse"]).await;
    let rest = summary(&mut browser, &[WHY]).await;
    assert!(rest.status == 200 && rest.text().contains("66.67 SAR"), "{}", rest.text());
    let made = browser.submit(&rest, &make, &[]).await;
    harness.pass(Duration::from_secs(2)).await;
    let shown = browser.follow(&made).await;
    assert!(shown.text().contains("state is-failed"), "{}", shown.text());
    assert!(shown.text().contains("<div class=\"problem\">"), "it is said why: {}", shown.text());
    assert!(shown.text().contains("To its payment, to make another refund"), "{}", shown.text());
    assert_eq!(stands(&harness).await, (6_667, 2));
    // The same once more, typed.
    let again = summary(&mut browser, &[("amount", "66.67"), WHY]).await;
    assert_eq!(browser.submit(&again, &make, &[]).await.status, 303);
    harness.pass(Duration::from_secs(2)).await;
    assert_eq!(stands(&harness).await, (0, 3));
}

#[tokio::test]
async fn a_link_of_another_site_leads_to_the_form() {
    let harness = harness().await;
    let person = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&person).await;
    let summary =
        format!("{}/summary?key=k&seen=10000&amount=5.00&reason=duplicate", base(&mut browser).await);
    assert_eq!(browser.get(&summary).await.status, 200);
    browser.headers.insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
    let sent = browser.get(&summary).await;
    assert!(location(&sent).contains("/refund?amount=5.00&reason=duplicate"), "{sent:?}");
}

#[tokio::test]
async fn two_people_at_once_do_not_both_refund() {
    let harness = harness().await;
    let (one, two) = (harness.person(Role::Manager).await, harness.person(Role::Admin).await);
    let (mut one, mut two) = (harness.browser(&one).await, harness.browser(&two).await);
    let make = base(&mut one).await;
    let (first, second) = (
        summary(&mut one, &[("amount", "60"), WHY]).await,
        summary(&mut two, &[("amount", "30"), WHY]).await,
    );
    assert_eq!(one.submit(&first, &make, &[]).await.status, 303);
    let refused = two.submit(&second, &make, &[]).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(refused.text().contains("40.00 SAR"), "what is left now: {}", refused.text());
    assert_eq!(stands(&harness).await, (4_000, 1));
    // Told of it, the other may go on.
    let page = two.submit(&refused, &format!("{make}/summary"), &[]).await;
    assert_eq!(two.submit(&page, &make, &[]).await.status, 303);
    assert_eq!(stands(&harness).await, (1_000, 2));
}

#[tokio::test]
async fn a_form_that_made_a_refund_makes_no_other() {
    let harness = harness().await;
    let person = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&person).await;
    let make = base(&mut browser).await;
    let page = summary(&mut browser, &[("amount", "10"), WHY]).await;
    let mut fields = form(&page, &make, &[]);
    assert_eq!(browser.post(&make, &fields).await.status, 303);
    for (name, value) in &mut fields {
        match name.as_str() {
            "amount" => *value = "20".to_owned(),
            // As if the page had been made after the first.
            "seen" => *value = "9000".to_owned(),
            _ => {}
        }
    }
    let answer = browser.post(&make, &fields).await;
    assert_eq!(location(&answer), make.strip_suffix("/refund").unwrap());
    assert!(browser.follow(&answer).await.text().contains("made from this form already"));
    assert_eq!(stands(&harness).await, (9_000, 1));
}

#[tokio::test]
async fn the_key_of_ones_form_is_not_anothers() {
    let harness = harness().await;
    let (one, two) = (harness.person(Role::Manager).await, harness.person(Role::Admin).await);
    let (mut one, mut two) = (harness.browser(&one).await, harness.browser(&two).await);
    let make = base(&mut one).await;
    let page = summary(&mut one, &[("amount", "10"), WHY]).await;
    let fields = form(&page, &make, &[]);
    let made = one.post(&make, &fields).await;
    // The same key in somebody else's request, who has seen what is left now: a refund of their own.
    let proof = form(&two.get("/portal/payments/o1").await, "/portal/sign-out", &[]).remove(0);
    let seen = ("seen".to_owned(), "9000".to_owned());
    let theirs = fields.into_iter().filter(|(name, _)| !["proof", "seen"].contains(&name.as_str()));
    let theirs: Vec<_> = theirs.chain([proof, seen]).collect();
    let other = two.post(&make, &theirs).await;
    assert!(location(&other).starts_with("/portal/refunds/rf_"), "{other:?}");
    assert_ne!(location(&other), location(&made));
    assert_eq!(stands(&harness).await, (8_000, 2));
}

#[tokio::test]
async fn one_that_looks_alike_is_asked_about_once_more() {
    let harness = harness().await;
    let person = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&person).await;
    let make = base(&mut browser).await;
    let first = summary(&mut browser, &[("amount", "10"), WHY]).await;
    assert!(!first.text().contains("another one"));
    assert_eq!(browser.submit(&first, &make, &[]).await.status, 303);
    let second = summary(&mut browser, &[("amount", "10.0"), WHY]).await;
    let typed: Vec<_> = form(&second, &make, &[]).into_iter().filter(|(name, _)| name != "another").collect();
    let asked = browser.post(&make, &typed).await;
    assert!(asked.status == 422 && asked.text().contains("another one"), "{asked:?}");
    assert_eq!(stands(&harness).await.1, 1);
    assert_eq!(browser.submit(&second, &make, &[("another", "yes")]).await.status, 303);
    assert_eq!(stands(&harness).await.1, 2);
    harness.clock.advance(Duration::from_secs(11 * 60));
    let later = summary(&mut browser, &[("amount", "10"), WHY]).await;
    assert!(!later.text().contains("another one"), "{}", later.text());
}

#[tokio::test]
async fn one_that_failed_and_gave_its_sum_back_all_the_same_is_asked_about_whenever_it_was_made() {
    let harness = Harness::new().await;
    let case = harness.late_success("o1").await;
    let (merchant, left) = (harness.merchant.id, Blocked::Refunded);
    harness.engine.close_case(merchant, case, "desk", "the customer has it", left).await.unwrap();
    harness.clock.advance(Duration::from_secs(24 * 60 * 60));
    let person = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&person).await;
    let make = base(&mut browser).await;
    let other = summary(&mut browser, &[("amount", "30"), WHY]).await;
    assert!(!other.text().contains("another one"), "{}", other.text());
    let page = summary(&mut browser, &[("amount", "40"), WHY]).await;
    assert!(page.text().contains("another one"), "{}", page.text());
    let asked = browser.submit(&page, &make, &[]).await;
    assert_eq!(asked.status, 422, "{asked:?}");
    assert_eq!(stands(&harness).await, (6_000, 1));
    assert_eq!(browser.submit(&page, &make, &[("another", "yes")]).await.status, 303);
    assert_eq!(stands(&harness).await, (2_000, 2));
}

#[tokio::test]
async fn nobody_refunds_what_they_may_not_by_page_or_by_request() {
    let harness = harness().await;
    let manager = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let make = base(&mut browser).await;
    let page = summary(&mut browser, &[("amount", "50.01"), WHY]).await;
    let fields = form(&page, &make, &[]);
    let with_proof = |page: &Answer| {
        let proof = form(page, "/portal/sign-out", &[]).remove(0);
        let others = fields.iter().filter(|(name, _)| name != "proof").cloned();
        others.chain([proof]).collect::<Vec<_>>()
    };
    // A viewer sees why, and gets nowhere by hand.
    let viewer = harness.person(Role::Viewer).await;
    let mut viewer = harness.browser(&viewer).await;
    let shown = viewer.get("/portal/payments/o1").await;
    assert!(shown.text().contains("needs the role") && !shown.text().contains(&format!("href=\"{make}\"")));
    assert_eq!(viewer.get(FORM).await.status, 403);
    assert_eq!(viewer.post(&make, &with_proof(&shown)).await.status, 403);
    // Support has a limit of 50.00 of one payment, whoever gave back what.
    let support = harness.person(Role::Support).await;
    let mut support = harness.browser(&support).await;
    // So all of it is not proposed, as it is to a manager.
    assert!(browser.get(FORM).await.text().contains("value=\"100.00\""));
    let begun = support.get(FORM).await;
    assert!(!begun.text().contains("value=\"100.00\""), "{}", begun.text());
    assert!(begun.text().contains("You may give back at most"), "{}", begun.text());
    let over = summary(&mut support, &[("amount", "50.01"), WHY]).await;
    assert!(over.status == 422 && wrong_beside(&over, "amount"), "{}", over.text());
    let shown = support.get("/portal/payments/o1").await;
    assert_eq!(support.post(&make, &with_proof(&shown)).await.status, 403);
    assert_eq!(stands(&harness).await, (10_000, 0));
    assert_eq!(browser.post(&make, &fields).await.status, 303);
    let shown = support.get("/portal/payments/o1").await;
    assert!(shown.text().contains("at most"), "{}", shown.text());
    // A form that claims to have seen more left than there is gets past the limit, and not past the store.
    let mut lies = with_proof(&shown);
    for (name, value) in &mut lies {
        match name.as_str() {
            "seen" => *value = "10000".to_owned(),
            "amount" => *value = "1".to_owned(),
            "key" => *value = "another".to_owned(),
            _ => {}
        }
    }
    let answer = support.post(&make, &lies).await;
    assert_ne!(answer.status, 303, "{answer:?}");
    assert_eq!(stands(&harness).await, (4_999, 1));
    // Of another merchant nothing exists.
    let chosen = NewPassword::Chosen(PASSWORD.into());
    let stranger = harness.person_of(&harness.other, Role::Admin, chosen).await;
    let mut stranger = harness.browser(&stranger).await;
    let shown = stranger.get("/portal").await;
    for path in ["/portal/payments/o1", FORM] {
        assert_eq!(stranger.get(path).await.status, 404, "{path}");
    }
    assert_eq!(stranger.post(&make, &with_proof(&shown)).await.status, 404);
    assert_eq!(stranger.get(&format!("{make}/summary?amount=1")).await.status, 404);
}
