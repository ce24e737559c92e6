//! What is another merchant's, or in the other environment, is not there.

use crate::Scene;
use crate::flow::{find, get, id_of_page, refund, sign_in};

#[test]
fn another_merchants_addresses_are_not_there() {
    let Some(scene) = Scene::open() else { return };
    let (browser, shop) = (&scene.browser, &scene.shop);
    let payment = shop.payment("momo", "VND", 0);
    sign_in(browser, &shop.person("manager"));
    find(browser, &payment);
    let of_payment = id_of_page(browser);
    refund(browser, Some("30000"));
    let of_refund = id_of_page(browser);
    let pages = [
        format!("/portal/payments/{of_payment}"),
        format!("/portal/payments/{of_payment}/refund"),
        format!("/portal/refunds/{of_refund}"),
        format!("/portal/refunds/{of_refund}/live"),
    ];

    shop.command("merchant add --name Other --code M2");
    let stranger = scene.another_browser();
    sign_in(&stranger, &shop.hire_at("M2", "admin", &[]));
    for page in &pages {
        let there = get(&stranger, page);
        assert_eq!(there.status, 404, "{page}: {there:?}");
        let nowhere = get(&stranger, &page.replace(&of_payment, "pay_0").replace(&of_refund, "rf_0"));
        assert_eq!(nowhere.status, 404);
        if !page.ends_with("/live") {
            assert_eq!(get(browser, page).status, 200, "{page} is there for its own people");
        }
    }
    stranger.go("/portal");
    stranger.fill("#f-find", &payment.order_ref);
    stranger.click("form.find button.main");
    stranger.see("#f-find-wrong");
    assert_eq!(stranger.typed("#f-find"), payment.order_ref);
}

#[test]
fn what_is_in_the_sandbox_is_not_in_live() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    sign_in(&browser, &shop.hire("viewer", &[]));
    find(&browser, &shop.payment("momo", "VND", 0));
    let page = browser.address();
    browser.see(".environment.is-sandbox");
    browser.click(".environment button");
    browser.see(".environment.is-live");
    assert_eq!(get(&browser, &page).status, 404);
    browser.click(".environment button");
    browser.see(".environment.is-sandbox");
    assert_eq!(get(&browser, &page).status, 200);
}
