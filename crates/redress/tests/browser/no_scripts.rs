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
    assert!(browser.has("main time") && !browser.has("main time[title]"));

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
fn a_file_is_checked_and_then_imported_without_scripts() {
    let Some(Scene { browser, shop, .. }) = Scene::with(Scripts::Off) else { return };
    let header = "order_ref,psp_account,psp_payment_id,currency,amount,captured_at";
    let row = format!("plain-1,{},chg_plain_1,SAR,100.00,2026-01-02T03:04:05Z", shop.account("tap"));
    let file = shop.file("payments.csv", &format!("{header}\n{row}\n"));
    sign_in(&browser, &shop.person("manager"));
    browser.go("/portal/imports");
    browser.attach("#f-file", &file);
    browser.click("form[action='/portal/imports'] button.main");
    // The page is loaded again until it is done, and then offers what it found.
    let import = "main form[action^='/portal/imports/'][method='post'] button.main";
    browser.see(import);
    browser.click(import);
    browser.see("main:not(:has(form[method='post'])) tbody .state.is-created");
    browser.go("/portal/payments/plain-1");
    browser.see("#order-ref");
}

#[test]
fn the_same_page_with_scripts_offers_what_they_add() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    sign_in(&browser, &shop.hire("viewer", &[]));
    find(&browser, &shop.payment("momo", "VND", 0));
    browser.see("button[data-copy='#order-ref']:not([hidden])");
    // A time by the reader's own clock.
    browser.see("main time[title]");
}
