//! Everything can be reached and done without a mouse.

use crate::Scene;
use crate::chromium::{Browser, ENTER};
use crate::flow::{AMOUNT, CONFIRM, REASON, SUCCEEDED, TO_FORM, TO_SUMMARY};

/// Goes there by Tab, where the focus must be seen, and presses Enter.
#[track_caller]
fn enter(browser: &Browser, css: &str) {
    browser.tab_to(css);
    let shown = "
        const style = getComputedStyle(document.activeElement);
        return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2";
    assert_eq!(browser.ask(shown), true, "whoever is at {css} must see it");
    browser.press(&ENTER.to_string());
}

#[test]
fn a_refund_is_made_by_keyboard_alone() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    let (payment, manager) = (shop.payment("momo", "VND", 0), shop.person("manager"));
    browser.go("/portal");
    // The page begins where something is typed.
    browser.see("#f-email:focus");
    browser.press(&manager.email);
    browser.tab_to("#f-password");
    browser.press(&format!("{}{ENTER}", manager.password));
    browser.see("#f-code:focus");
    browser.press(&format!("{}{ENTER}", manager.code().unwrap()));
    browser.tab_to("#f-find");
    browser.press(&format!("{}{ENTER}", payment.order_ref));
    browser.see("#order-ref");
    enter(&browser, TO_FORM);
    browser.see(&format!("{AMOUNT}:focus"));
    browser.tab_to(REASON);
    // The first letters of what is chosen.
    browser.press("Charged");
    assert_eq!(browser.typed(REASON), "duplicate");
    browser.tab_back();
    assert!(browser.is_focused(AMOUNT), "and back");
    enter(&browser, TO_SUMMARY);
    browser.see(CONFIRM);
    enter(&browser, CONFIRM);
    browser.see(SUCCEEDED);
    assert_eq!(shop.effects(&payment)[0].amount_minor, payment.minor());
}

#[test]
fn the_first_key_leads_past_the_menu() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    crate::flow::sign_in(&browser, &shop.hire("viewer", &[]));
    browser.go("/portal/account");
    browser.tab_to(".skip");
    browser.press(&ENTER.to_string());
    browser.see("main:focus");
    // What comes next is in the page, not in the menu.
    browser.press(&crate::chromium::TAB.to_string());
    assert!(browser.is_focused("main *"));
}
