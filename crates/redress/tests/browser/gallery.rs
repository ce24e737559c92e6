//! Every page of the portal with something on it, one after the other, for whoever looks at all of them.

use serde_json::json;

use crate::Scene;
use crate::administration;
use crate::chromium::Browser;
use crate::flow::{AMOUNT, CONFIRM, REASON, SUCCEEDED, TO_FORM, TO_SUMMARY, find, refund, sign_in, speak};

/// The languages of the portal.
pub(crate) const LANGUAGES: [&str; 2] = ["en", "ar"];

/// Light and dark, as browsers ask for them.
pub(crate) const THEMES: [&str; 2] = ["light", "dark"];

/// Has the browser ask for a theme.
#[track_caller]
pub(crate) fn wear(browser: &Browser, theme: &str) {
    let feature = json!({ "name": "prefers-color-scheme", "value": theme });
    browser.devtools("Emulation.setEmulatedMedia", &json!({ "features": [feature] }));
    let script = "return matchMedia(`(prefers-color-scheme: ${arguments[0]})`).matches";
    assert_eq!(browser.script(script, &json!([theme])), true);
}

/// A phone's width and a desk's, in pixels.
pub(crate) const WIDTHS: [u64; 2] = [360, 1600];

/// A window's height, in pixels.
const HEIGHT: u64 = 800;

/// Has the browser look through a window of this width, and answers how wide the page is.
#[track_caller]
pub(crate) fn look_through(browser: &Browser, width: u64) -> u64 {
    let window = json!({ "width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false });
    browser.devtools("Emulation.setDeviceMetricsOverride", &window);
    browser.ask("return document.documentElement.scrollWidth").as_u64().unwrap()
}

/// Shows every page in one language. Each comes with a name of its own. The scene is used up: its people have signed in.
#[track_caller]
pub(crate) fn visit(scene: &Scene, language: &str, look: &mut dyn FnMut(&Browser, &str)) {
    let (browser, shop) = (&scene.browser, &scene.shop);
    let manager = shop.person("manager");
    browser.go("/portal");
    speak(browser, language);
    look(browser, "sign-in");
    browser.fill("#f-email", &manager.email);
    browser.fill("#f-password", "not my password");
    browser.click("form[action='/portal/sign-in'] button.main");
    browser.see(".problem");
    look(browser, "sign-in-wrong");
    browser.fill("#f-password", &manager.password);
    browser.click("form[action='/portal/sign-in'] button.main");
    browser.see("#f-code");
    look(browser, "code");
    browser.fill("#f-code", "000000");
    browser.click("form[action='/portal/code'] button.main");
    browser.see("#f-code-wrong");
    look(browser, "code-wrong");
    browser.fill("#f-code", &manager.code().unwrap());
    browser.click("form[action='/portal/code'] button.main");
    browser.see("#f-find");
    refunds(scene, look);
    lists(scene, look);
    own(browser, look);
    browser.click(".environment button");
    browser.see(".environment.is-live");
    look(browser, "live");
    viewer(scene, language, look);
    administration::visit(scene, language, look);
}

/// From a payment to refunds in every state that there is time for.
#[track_caller]
fn refunds(scene: &Scene, look: &mut dyn FnMut(&Browser, &str)) {
    let (browser, shop) = (&scene.browser, &scene.shop);
    look(browser, "start");
    browser.fill("#f-find", "nothing-of-this-name");
    browser.click("form.find button.main");
    browser.see("#f-find-wrong");
    look(browser, "start-nothing-found");
    let payment = shop.payment("tap", "SAR", 10);
    find(browser, &payment);
    let address = browser.address();
    look(browser, "payment");
    browser.click(TO_FORM);
    browser.see(AMOUNT);
    look(browser, "refund-form");
    browser.fill(AMOUNT, "1.005");
    browser.click(TO_SUMMARY);
    browser.see("#f-amount-wrong");
    look(browser, "refund-form-wrong");
    browser.fill(AMOUNT, "25.00");
    browser.choose(REASON, "other");
    browser.fill("#f-note", "The customer called; two of three parts were broken.");
    browser.click(TO_SUMMARY);
    browser.see(CONFIRM);
    look(browser, "refund-summary");
    browser.click(CONFIRM);
    browser.see(SUCCEEDED);
    look(browser, "refund-succeeded");
    browser.go(&address);
    browser.click(TO_FORM);
    browser.fill(AMOUNT, "25.00");
    browser.choose(REASON, "duplicate");
    browser.click(TO_SUMMARY);
    browser.see("#another");
    look(browser, "refund-summary-again");
    browser.go(&address);
    browser.see("#order-ref");
    look(browser, "payment-with-a-refund");
    browser.go(&format!("{address}/dispute"));
    browser.see("#f-reason");
    look(browser, "payment-dispute");

    let states = [
        ("tap", "SAR", 11, "pend", "pending"),
        ("tap", "SAR", 12, "refuse", "failed"),
        // stc pay takes no key and knows no look-up that proves absence.
        ("stcpay", "SAR", 10, "timeout_after_effect", "unknown"),
    ];
    for (psp, currency, number, step, state) in states {
        let payment = shop.payment(psp, currency, number);
        shop.script(&payment, step);
        browser.go("/portal");
        find(browser, &payment);
        // A part, so that another refund of the payment waits for the one that nobody knows the end of.
        refund(browser, (state == "unknown").then_some("1.00"));
        browser.see(&format!(".status .state.is-{state}"));
        look(browser, &format!("refund-{state}"));
    }
    let page = browser.address();
    browser.go(&format!("{page}/cancel"));
    browser.see("main p.told");
    look(browser, "refund-cancel-too-late");
    browser.go("/portal");
    find(browser, &shop.payment("stcpay", "SAR", 10));
    refund(browser, None);
    // It waits for the one before, and says so.
    browser.see(".status .told a[href^='/portal/refunds/rf_']");
    browser.click("main a[href$='/cancel']");
    browser.see("#f-reason");
    look(browser, "refund-cancel");
    browser.go(&page);
    browser.click("main a[href$='/close']");
    browser.see("#f-reason");
    look(browser, "refund-close");
    browser.click("form[action$='/close'] button.main");
    browser.see("#f-reason-wrong");
    look(browser, "refund-close-wrong");
    browser.go("/portal/cases");
    browser.see("main table a");
    look(browser, "cases");
    browser.click("main table a[href^='/portal/cases/']");
    browser.see("#close");
    look(browser, "case");
    browser.go(&page.replace("rf_", "rf-"));
    look(browser, "not-found");
}

/// Shows pages that have an address, each with its name.
#[track_caller]
pub(crate) fn show(browser: &Browser, pages: &[(&str, &str)], look: &mut dyn FnMut(&Browser, &str)) {
    for &(address, name) in pages {
        browser.go(address);
        look(browser, name);
    }
}

/// Lists, narrowed and empty, and payments that are brought in.
#[track_caller]
fn lists(scene: &Scene, look: &mut dyn FnMut(&Browser, &str)) {
    let (browser, shop) = (&scene.browser, &scene.shop);
    let pages = [
        ("/portal/payments", "payments"),
        ("/portal/payments?term=nothing-of-this-name", "payments-none"),
        ("/portal/payments?least=ten", "payments-wrong"),
        ("/portal/refunds", "refunds"),
        ("/portal/refunds?term=nothing-of-this-name", "refunds-none"),
        ("/portal/cases?status=closed", "cases-none"),
        ("/portal/overview?days=7", "overview-7-days"),
        ("/portal/overview?days=30", "overview-30-days"),
        ("/portal/overview?days=90", "overview-90-days"),
        ("/portal/imports", "imports-none"),
    ];
    show(browser, &pages, look);
    browser.click("form[action='/portal/imports'] button.main");
    browser.see("#f-file-wrong");
    look(browser, "imports-wrong");
    let (header, account) =
        ("order_ref,psp_account,psp_payment_id,currency,amount,captured_at", shop.account("tap"));
    let row = |n: u8, sum: &str| format!("shop-{n},{account},chg_{n},SAR,{sum},2026-01-02T03:04:05Z");
    let file = shop.file("payments.csv", &[header, &row(1, "100.00"), &row(2, "1.005")].join("\n"));
    browser.attach("#f-file", &file);
    browser.click("form[action='/portal/imports'] button.main");
    browser.see("main tbody .state.is-refused");
    look(browser, "import-checked");
    browser.click("main form[action^='/portal/imports/'][method='post'] button.main");
    browser.see("main tbody .state.is-created");
    look(browser, "import");
    browser.go("/portal/imports");
    look(browser, "imports");
}

/// What people change of their own.
#[track_caller]
fn own(browser: &Browser, look: &mut dyn FnMut(&Browser, &str)) {
    let pages = [
        ("/portal/account", "account"),
        ("/portal/password", "password"),
        ("/portal/second-factor", "second-factor"),
    ];
    show(browser, &pages, look);
    browser.go("/portal/password");
    browser.click("form[action='/portal/password'] button.main");
    browser.see(".field.is-wrong");
    look(browser, "password-wrong");
}

/// Somebody who may not refund.
#[track_caller]
fn viewer(scene: &Scene, language: &str, look: &mut dyn FnMut(&Browser, &str)) {
    let browser = scene.another_browser();
    let viewer = scene.shop.hire("viewer", &[]);
    browser.go("/portal");
    speak(&browser, language);
    sign_in(&browser, &viewer);
    find(&browser, &scene.shop.payment("momo", "VND", 10));
    look(&browser, "viewer-payment");
    browser.go(&format!("{}/refund", browser.address()));
    look(&browser, "viewer-refused");
    browser.go("/portal/second-factor");
    browser.fill("#f-password", &viewer.password);
    browser.click("form[action='/portal/second-factor'] button.main");
    browser.see("#secret");
    look(&browser, "second-factor-secret");
    browser.fill("#f-code", "000000");
    browser.leave_by("form[action='/portal/second-factor/confirm'] button.main");
    browser.see("#f-code-wrong");
    look(&browser, "second-factor-secret-wrong");
}
