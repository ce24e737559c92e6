//! A refund from the first page to its end: all of a payment, a part, and what is not possible.

use crate::Scene;
use crate::flow::{
    AMOUNT, CONFIRM, REASON, SUCCEEDED, TO_FORM, TO_SUMMARY, find, refund, sign_in, summarize,
};

/// As many steps as the dashboard needs that the first of the two APIs comes from.
const STEPS_MAX: u32 = 8;

#[test]
fn all_of_a_payment_is_refunded_in_at_most_eight_steps() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    let payment = shop.payment("momo", "VND", 0);
    sign_in(&browser, &shop.person("manager"));
    find(&browser, &payment);
    summarize(&browser, None);
    assert!(shop.effects(&payment).is_empty(), "nothing is done before it is confirmed");
    browser.step(CONFIRM);
    browser.see(SUCCEEDED);
    assert!(browser.steps() <= STEPS_MAX, "{} steps", browser.steps());

    let effects = shop.effects(&payment);
    assert_eq!(effects.len(), 1, "{effects:?}");
    assert_eq!((effects[0].amount_minor, effects[0].state.as_str()), (payment.minor(), "succeeded"));
    browser.step("[data-part='facts'] a[href^='/portal/payments/']");
    browser.see("#order-ref");
    assert!(!browser.has(TO_FORM), "there is no button for what cannot be done");
    assert!(!browser.text("section .told").is_empty(), "but words why not");
}

#[test]
fn a_part_is_refunded_in_at_most_eight_steps_and_the_rest_stays_refundable() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    let payment = shop.payment("tap", "KWD", 0);
    sign_in(&browser, &shop.person("manager"));
    find(&browser, &payment);
    // Three decimals.
    refund(&browser, Some("1.250"));
    assert!(browser.steps() <= STEPS_MAX, "{} steps", browser.steps());
    // Tap says the end by a notification.
    browser.see(SUCCEEDED);
    let effects = shop.effects(&payment);
    assert_eq!(effects.len(), 1, "{effects:?}");
    assert_eq!(effects[0].amount_minor, 1_250);

    browser.step("[data-part='facts'] a[href^='/portal/payments/']");
    browser.step(TO_FORM);
    assert_eq!(browser.typed(AMOUNT), payment.sum(payment.minor() - 1_250), "the rest is filled in");
    browser.choose(REASON, "duplicate");
    browser.step(TO_SUMMARY);
    browser.step(CONFIRM);
    browser.see(SUCCEEDED);
    let total: i64 = shop.effects(&payment).iter().map(|effect| effect.amount_minor).sum();
    assert_eq!(total, payment.minor());
}

#[test]
fn what_is_not_possible_is_said_beside_its_field_and_changes_nothing() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    let payment = shop.payment("tap", "SAR", 0);
    sign_in(&browser, &shop.person("manager"));
    find(&browser, &payment);
    browser.step(TO_FORM);
    let one_more = payment.sum(payment.minor() + 1);
    for typed in [one_more.as_str(), "1.005", "0", "-1", "1,000", "ten", ""] {
        browser.fill(AMOUNT, typed);
        browser.fill("#f-note", "the note stays");
        browser.choose(REASON, "duplicate");
        browser.leave_by(TO_SUMMARY);
        browser.see("#f-amount-wrong");
        assert!(!browser.text("#f-amount-wrong").is_empty());
        assert!(
            browser.has("#f-amount[aria-invalid='true'][aria-describedby~='f-amount-wrong']"),
            "{typed:?}"
        );
        assert_eq!(browser.typed(REASON), "duplicate");
        assert_eq!(browser.typed("#f-note"), "the note stays");
        if !typed.is_empty() {
            assert_eq!(browser.typed(AMOUNT), typed);
        }
    }
    // Nothing is chosen.
    browser.fill(AMOUNT, "1.00");
    browser.choose(REASON, "");
    browser.leave_by(TO_SUMMARY);
    browser.see("#f-reason-wrong");
    // Another reason wants its words.
    browser.choose(REASON, "other");
    browser.fill("#f-note", "");
    browser.leave_by(TO_SUMMARY);
    browser.see("#f-note-wrong");
    assert_eq!(browser.typed(AMOUNT), "1.00");
    assert!(shop.effects(&payment).is_empty());
}

#[test]
fn a_currency_without_decimals_takes_none() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    let payment = shop.payment("momo", "VND", 1);
    sign_in(&browser, &shop.person("manager"));
    find(&browser, &payment);
    browser.step(TO_FORM);
    assert_eq!(browser.typed(AMOUNT), payment.amount);
    browser.fill(AMOUNT, "1000.5");
    browser.choose(REASON, "duplicate");
    browser.leave_by(TO_SUMMARY);
    browser.see("#f-amount-wrong");
    browser.fill(AMOUNT, "1000");
    browser.click(TO_SUMMARY);
    browser.click(CONFIRM);
    browser.see(SUCCEEDED);
    assert_eq!(shop.effects(&payment)[0].amount_minor, 1_000);
}

#[test]
fn a_refusal_by_the_provider_is_shown_in_words() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    let payment = shop.payment("momo", "VND", 2);
    shop.script(&payment, "refuse");
    sign_in(&browser, &shop.person("manager"));
    find(&browser, &payment);
    refund(&browser, None);
    browser.see(".status .state.is-failed");
    browser.see(".status .problem");
    assert!(shop.effects(&payment).is_empty());
    // The amount is free again.
    browser.click("[data-part='facts'] a[href^='/portal/payments/']");
    browser.see(TO_FORM);
}
