//! A refund's page changes by itself.

use crate::Scene;
use crate::flow::{PENDING, SUCCEEDED, find, refund, sign_in};

#[test]
fn the_end_that_a_provider_tells_later_stands_on_the_page_without_a_reload() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    for (number, end, state) in [(0, "succeeded", SUCCEEDED), (1, "failed", ".status .state.is-failed")] {
        let payment = shop.payment("tap", "SAR", number);
        shop.script(&payment, "pend");
        if number == 0 {
            sign_in(&browser, &shop.person("manager"));
        } else {
            browser.go("/portal");
        }
        find(&browser, &payment);
        refund(&browser, Some("1.00"));
        browser.see(PENDING);
        browser.see(".status[data-live]");
        // A page that is loaded again forgets it.
        browser.ask("window.isTheSamePage = true");
        let events = "return document.querySelectorAll('[data-part=timeline] li').length";
        let before = browser.ask(events).as_u64().unwrap();

        let effect = shop.effects(&payment).pop().unwrap();
        shop.finish(&payment, &effect, end);
        browser.see(state);
        assert_eq!(browser.ask("return window.isTheSamePage"), true);
        let after = browser.ask(events).as_u64().unwrap();
        assert!(after > before, "the timeline goes on too: {before}, {after}");
        assert!(browser.has(".status[role='status']"), "so that screen readers say it");
    }
}

#[test]
fn a_notification_is_seen_to_arrive_without_a_reload() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    sign_in(&browser, &shop.person("manager"));
    find(&browser, &shop.payment("momo", "VND", 0));
    refund(&browser, None);
    browser.see(SUCCEEDED);
    let arrived = "[data-part='notifications']:has(.is-delivered):not(:has(.is-due))";
    browser.see(arrived);
    // Sent once more, by a click.
    browser.click("form[action$='/resend'] button");
    browser.see(".said");
    browser.ask("window.isTheSamePage = true");
    browser.see(arrived);
    assert_eq!(browser.ask("return window.isTheSamePage"), true);
}
