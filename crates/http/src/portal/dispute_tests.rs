//! A payment that is marked as disputed, and not any more.

use std::time::Duration;

use redress_core::environment::Environment::Sandbox;
use redress_core::role::Role;
use redress_engine::admin::disputes::Sayer;

use crate::portal::html_check::faults;
use crate::portal::testing::location;
use crate::testing::{Answer, Harness, TestPayment};

fn whole(answer: &Answer) {
    assert_eq!(faults(answer.text()), [] as [&str; 0], "{}", answer.text());
}

#[tokio::test]
async fn a_manager_marks_a_payment_as_disputed_and_takes_the_mark_away() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("o1", 10_000)).await;
    let manager = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    let path = format!("/portal/payments/{}", order.payment.id);
    let dispute = format!("{path}/dispute");
    let (to_dispute, to_refund) = (format!("href=\"{dispute}\""), format!("href=\"{path}/refund\""));
    let page = browser.get(&path).await;
    assert!(page.text().contains(&to_dispute) && page.text().contains(&to_refund), "{}", page.text());

    let page = browser.get(&dispute).await;
    whole(&page);
    assert!(!page.text().contains("feed of events"), "who and why are no part of the event: {}", page.text());
    let unsaid = browser.submit(&page, &dispute, &[("reason", " ")]).await;
    whole(&unsaid);
    assert!(unsaid.status == 422 && unsaid.text().contains("f-reason-wrong"), "{unsaid:?}");
    let typed = [("reason", "chargeback CB-1")];
    let marked = browser.submit(&unsaid, &dispute, &typed).await;
    assert_eq!(location(&marked), path);
    let shown = browser.follow(&marked).await;
    whole(&shown);
    assert!(shown.text().contains("disputes this payment") && !shown.text().contains(&to_refund));
    // A second click, or a form of before: it stays marked, and the trail says it once.
    let again = browser.submit(&page, &dispute, &typed).await;
    let shown = browser.follow(&again).await;
    assert!(shown.text().contains("It stood so already"), "{}", shown.text());
    assert!(!shown.text().contains(&to_refund), "{}", shown.text());

    let page = browser.get(&dispute).await;
    whole(&page);
    assert!(page.text().contains("a refund would give it back twice"), "{}", page.text());
    let released = browser.submit(&page, &dispute, &[("reason", "won")]).await;
    let shown = browser.follow(&released).await;
    assert!(shown.text().contains(&to_refund), "{}", shown.text());
    let trail = browser.get(&format!("/portal/audit?object={}", order.payment.id)).await;
    let told = |code: &str| trail.text().matches(&format!(">{code}<")).count();
    assert_eq!([told("payment_disputed"), told("dispute_released")], [1, 1], "{}", trail.text());
    assert!(trail.text().contains("chargeback CB-1") && trail.text().contains("manager@"));
}

#[tokio::test]
async fn who_says_that_a_dispute_is_over_means_the_one_on_the_page() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("o1", 10_000)).await;
    let manager = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let order =
        async || harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap().payment;
    let id = order().await.id;
    let dispute = format!("/portal/payments/{id}/dispute");
    let mark = async |disputed| {
        harness.clock.advance(Duration::from_secs(1));
        let by = Sayer { name: "key_1".to_owned(), reason: None };
        harness.engine.mark_disputed(harness.merchant.id, Sandbox, id, disputed, by).await.unwrap();
    };
    mark(true).await;
    let page = browser.get(&dispute).await;
    assert!(page.text().contains("disputes this payment at the bank since"), "{}", page.text());
    mark(false).await;
    mark(true).await;
    let typed = [("reason", "won")];
    let late = browser.submit(&page, &dispute, &typed).await;
    whole(&late);
    assert!(late.status == 409 && late.text().contains("Something happened"), "{late:?}");
    // Neither does a form say which that lacks it, or has something else there.
    for seen in ["", "x"] {
        let blind = browser.submit(&late, &dispute, &[("reason", "won"), ("seen", seen)]).await;
        assert_eq!(blind.status, 409, "{seen:?}");
    }
    assert!(order().await.disputed_at.is_some());
    assert_eq!(browser.submit(&late, &dispute, &typed).await.status, 303);
    assert_eq!(order().await.disputed_at, None);
}

#[tokio::test]
async fn who_may_not_say_it_is_not_offered_it() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("o1", 10_000)).await;
    let support = harness.person(Role::Support).await;
    let page = harness.browser(&support).await.get("/portal/payments/o1").await;
    assert!(page.status == 200 && !page.text().contains("/dispute\""), "{}", page.text());
}
