//! What somebody may not do, the portal does not do: not by a page, and not by a request that no page sends.

use crate::Scene;
use crate::flow::{AMOUNT, CONFIRM, REASON, SUCCEEDED, TO_FORM, TO_SUMMARY, find, get, post, sign_in};

#[test]
fn a_viewer_refunds_neither_by_page_nor_by_request() {
    let Some(scene) = Scene::open() else { return };
    let (browser, shop) = (&scene.browser, &scene.shop);
    let payment = shop.payment("momo", "VND", 0);
    sign_in(browser, &shop.hire("viewer", &[]));
    find(browser, &payment);
    let address = browser.address();
    assert!(!browser.has(TO_FORM), "no button");
    assert!(!browser.text("section .told").is_empty(), "but words why");
    assert_eq!(get(browser, &format!("{address}/refund")).status, 403);

    let seen = payment.minor().to_string();
    let fields =
        [("key", "k"), ("seen", seen.as_str()), ("amount", "30000"), ("reason", "duplicate"), ("note", "")];
    let typed: Vec<_> = fields.iter().map(|(name, typed)| format!("{name}={typed}")).collect();
    assert_eq!(get(browser, &format!("{address}/refund/summary?{}", typed.join("&"))).status, 403);
    assert_eq!(post(browser, &format!("{address}/refund"), &fields).status, 403);
    assert!(shop.effects(&payment).is_empty());

    // The same request of somebody who may, so that it was refused for who sent it.
    let manager = scene.another_browser();
    sign_in(&manager, &shop.person("manager"));
    let made = post(&manager, &format!("{address}/refund"), &fields);
    assert!(made.address.starts_with("/portal/refunds/"), "{made:?}");
    manager.go(&made.address);
    manager.see(SUCCEEDED);
    assert_eq!(shop.effects(&payment).len(), 1);
}

#[test]
fn a_request_without_the_pages_proof_does_nothing() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    let payment = shop.payment("momo", "VND", 0);
    sign_in(&browser, &shop.person("manager"));
    find(&browser, &payment);
    let script = "
        const fields = { key: 'k', seen: arguments[1], amount: '30000', reason: 'duplicate', proof: arguments[2] };
        return fetch(arguments[0], { method: 'POST', body: new URLSearchParams(fields) }).then(
            (answer) => new URL(answer.url).pathname);";
    let path = format!("{}/refund", browser.address());
    for proof in ["", "AAAA"] {
        let ended = browser.script(script, &serde_json::json!([path, payment.minor(), proof]));
        assert_eq!(ended, path.as_str(), "it is asked about again, not done");
    }
    assert!(shop.effects(&payment).is_empty());
}

#[test]
fn support_refunds_up_to_its_limit_of_one_payment() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    let payment = shop.payment("momo", "VND", 0);
    sign_in(&browser, &shop.hire("support", &["--limit", "VND=50000"]));
    find(&browser, &payment);
    let address = browser.address();
    browser.click(TO_FORM);
    browser.fill(AMOUNT, "50001");
    browser.choose(REASON, "duplicate");
    browser.click(TO_SUMMARY);
    browser.see("#f-amount-wrong");
    assert_eq!(browser.typed(AMOUNT), "50001");
    browser.fill(AMOUNT, "30000");
    browser.click(TO_SUMMARY);
    browser.click(CONFIRM);
    browser.see(SUCCEEDED);
    // Small refunds do not pass it either.
    browser.go(&address);
    browser.click(TO_FORM);
    browser.fill(AMOUNT, "20001");
    browser.choose(REASON, "duplicate");
    browser.click(TO_SUMMARY);
    browser.see("#f-amount-wrong");
    let seen = (payment.minor() - 30_000).to_string();
    let fields = [("key", "k"), ("seen", seen.as_str()), ("amount", "20001"), ("reason", "duplicate")];
    assert_eq!(post(&browser, &format!("{address}/refund"), &fields).status, 403);
    assert_eq!(shop.effects(&payment).len(), 1);
    // In a currency without a limit nothing is refunded.
    let other = shop.payment("tap", "SAR", 0);
    browser.go("/portal");
    find(&browser, &other);
    assert!(!browser.has(TO_FORM));
    assert!(!browser.text("section .told").is_empty());
}
