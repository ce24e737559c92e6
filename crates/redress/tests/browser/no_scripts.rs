//! Nothing needs the page's scripts.

use crate::Scene;
use crate::chromium::Scripts;
use crate::flow::{AMOUNT, PENDING, REASON, SUCCEEDED, TO_FORM, TO_SUMMARY, find, refund, sign_in, speak};

#[test]
fn a_refund_is_made_and_followed_without_scripts() {
    let Some(Scene { browser, shop, .. }) = Scene::with(Scripts::Off) else { return };
    let payment = shop.payment("tap", "SAR", 0);
    shop.script(&payment, "pend");
    sign_in(&browser, &shop.person("manager"));
    find(&browser, &payment);
    assert!(browser.has("button[data-copy][hidden]"), "scripts are off: else they would offer it");
    assert!(!browser.has("button[data-copy]:not([hidden])"));

    browser.step(TO_FORM);
    browser.fill(AMOUNT, &payment.sum(payment.minor() + 1));
    browser.choose(REASON, "duplicate");
    browser.click(TO_SUMMARY);
    browser.see("#f-amount-wrong");
    browser.back();
    browser.back();
    refund(&browser, Some("1.00"));
    browser.see(PENDING);
    let effect = shop.effects(&payment).pop().unwrap();
    shop.finish(&payment, &effect, "succeeded");
    // The page asks again by itself.
    browser.see(SUCCEEDED);
    assert_eq!(shop.effects(&payment).len(), 1);
    speak(&browser, "ar");
    browser.see("html[dir='rtl']");
}

#[test]
fn the_same_page_with_scripts_offers_what_they_add() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    sign_in(&browser, &shop.hire("viewer", &[]));
    find(&browser, &shop.payment("momo", "VND", 0));
    browser.see("button[data-copy='#order-ref']:not([hidden])");
}
