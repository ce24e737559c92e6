//! What waits for a person: a refund of which nobody knows how it ended.

use crate::Scene;
use crate::flow::{TO_FORM, find, get, id_of_page, post, refund, sign_in};

const CLOSE: &str = "main a[href$='/close']";
const CLOSE_IT: &str = "form[action$='/close'] button.main";

#[test]
fn a_manager_with_a_second_factor_says_how_an_unknown_refund_ended() {
    let Some(scene) = Scene::open() else { return };
    let (browser, shop) = (&scene.browser, &scene.shop);
    // stc pay can be asked nothing.
    let payment = shop.payment("stcpay", "SAR", 0);
    shop.script(&payment, "timeout_before_effect");
    let support = shop.hire("support", &["--limit", "SAR=100000"]);
    sign_in(browser, &support);
    find(browser, &payment);
    refund(browser, None);
    browser.see(".status .state.is-unknown");
    let (page, id) = (browser.address(), id_of_page(browser));
    assert!(!browser.has(CLOSE), "support does not close");
    let fields = [("verdict", "failed"), ("reason", "the bank said so")];
    assert_eq!(post(browser, &format!("{page}/close"), &fields).status, 403);

    let second = scene.another_browser();
    sign_in(&second, &shop.hire("manager", &[]));
    assert_eq!(get(&second, &format!("{page}/close")).address, "/portal/second-factor");
    assert_eq!(post(&second, &format!("{page}/close"), &fields).address, "/portal/second-factor");

    let manager = scene.another_browser();
    sign_in(&manager, &shop.person("manager"));
    manager.go("/portal/cases");
    // The demo's tour may have one of its own.
    manager.click(&format!("main tr:has(a[href='/portal/refunds/{id}']) a[href^='/portal/cases/']"));
    manager.click(&format!("main a[href='/portal/refunds/{id}']"));
    manager.see(".status .state.is-unknown");
    manager.click(CLOSE);
    manager.leave_by(CLOSE_IT);
    manager.see("#f-reason-wrong");
    manager.fill("#f-reason", "the bank said so");
    // The page before said that of the verdict as well.
    manager.leave_by(CLOSE_IT);
    manager.see("#f-verdict-wrong");
    assert_eq!(manager.typed("#f-reason"), "the bank said so");
    manager.click("input[name='verdict'][value='failed']");
    manager.click(CLOSE_IT);
    manager.see(".status .state.is-failed");
    assert!(manager.text("main").contains("the bank said so"));
    // Whoever made it sees it without a reload, and the amount is free again.
    browser.see(".status .state.is-failed");
    browser.click("[data-part='facts'] a[href^='/portal/payments/']");
    browser.see(TO_FORM);
}
