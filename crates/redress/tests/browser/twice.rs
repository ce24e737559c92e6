//! One refund, however often it is asked for, and never more than the payment, whoever asks at once.

use std::thread;

use crate::Scene;
use crate::chromium::{Browser, Scripts};
use crate::flow::{AMOUNT, CONFIRM, REASON, SUCCEEDED, TO_FORM, TO_SUMMARY, find, post, sign_in, summarize};
use crate::shop::{Payment, Shop};

#[track_caller]
fn assert_one_refund_of(shop: &Shop, payment: &Payment, minor: i64) {
    let effects = shop.effects(payment);
    assert_eq!(effects.iter().map(|effect| effect.amount_minor).collect::<Vec<_>>(), [minor], "{effects:?}");
}

/// What a form on the page carries.
#[track_caller]
fn carried(browser: &Browser, names: &[&str]) -> Vec<(String, String)> {
    let of = |name: &&str| {
        ((*name).to_owned(), browser.typed(&format!("form[action$='/refund'] input[name='{name}']")))
    };
    names.iter().map(of).collect()
}

#[test]
fn two_clicks_a_reload_and_the_back_button_make_one_refund() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    let payment = shop.payment("momo", "VND", 0);
    sign_in(&browser, &shop.person("manager"));
    find(&browser, &payment);
    summarize(&browser, Some("30000"));
    browser.double_click(CONFIRM);
    browser.see(SUCCEEDED);
    let made = browser.address();
    assert_one_refund_of(&shop, &payment, 30_000);

    browser.reload();
    browser.see(SUCCEEDED);
    assert_eq!(browser.address(), made);
    browser.back();
    // A browser may show the summary as it was; one that asks for it again is told that less is left now.
    if browser.has(CONFIRM) {
        browser.click(CONFIRM);
        browser.see(SUCCEEDED);
        assert_eq!(browser.address(), made, "the same refund");
    } else {
        browser.see(".problem[role='alert']");
    }
    assert_one_refund_of(&shop, &payment, 30_000);
    browser.go(&made);
    browser.click("[data-part='facts'] a[href^='/portal/payments/']");
    browser.see("#order-ref");
    let rows = browser.ask("return document.querySelectorAll('a[href^=\"/portal/refunds/\"]').length");
    assert_eq!(rows, 1);
}

#[test]
fn a_form_sent_many_times_at_once_is_one_refund() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    let payment = shop.payment("momo", "VND", 0);
    sign_in(&browser, &shop.person("manager"));
    find(&browser, &payment);
    let address = browser.address();
    summarize(&browser, Some("30000"));
    // As scripts that are off, or a proxy, would.
    let script = "
        const form = document.querySelector(\"form[action$='/refund']\");
        const send = () => fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
        return Promise.all(Array.from({ length: 6 }, send)).then(
            (answers) => answers.map((answer) => new URL(answer.url).pathname));";
    let ended = browser.ask(script);
    let ended: Vec<_> = ended.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(ended.len(), 6);
    assert!(
        ended[0].starts_with("/portal/refunds/") && ended.iter().all(|one| *one == ended[0]),
        "{ended:?}"
    );

    // Later too, and the same form with another sum makes nothing more.
    let same = carried(&browser, &["key", "seen", "amount", "reason", "note"]);
    let mut fields: Vec<_> = same.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let action = format!("{address}/refund");
    assert_eq!(post(&browser, &action, &fields).address, ended[0]);
    fields.iter_mut().filter(|(name, _)| *name == "amount").for_each(|field| field.1 = "40000");
    assert_eq!(post(&browser, &action, &fields).address, address, "back to the payment, with words");
    browser.go(ended[0]);
    browser.see(SUCCEEDED);
    assert_one_refund_of(&shop, &payment, 30_000);
}

#[test]
fn a_double_click_without_scripts_makes_one_refund() {
    let Some(Scene { browser, shop, .. }) = Scene::with(Scripts::Off) else { return };
    let payment = shop.payment("momo", "VND", 0);
    sign_in(&browser, &shop.person("manager"));
    find(&browser, &payment);
    summarize(&browser, Some("30000"));
    browser.double_click(CONFIRM);
    browser.see(SUCCEEDED);
    assert_one_refund_of(&shop, &payment, 30_000);
}

#[test]
fn the_same_refund_again_is_asked_about_first() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    let payment = shop.payment("momo", "VND", 0);
    sign_in(&browser, &shop.person("manager"));
    find(&browser, &payment);
    let address = browser.address();
    summarize(&browser, Some("30000"));
    browser.click(CONFIRM);
    browser.see(SUCCEEDED);
    browser.go(&address);
    summarize(&browser, Some("30000"));
    browser.see("#another");
    browser.click(CONFIRM);
    browser.see(".problem[role='alert']");
    assert_one_refund_of(&shop, &payment, 30_000);
    browser.click("#another");
    browser.click(CONFIRM);
    browser.see(SUCCEEDED);
    assert_eq!(shop.effects(&payment).len(), 2, "the person said that it is another one");
}

/// Two people with the summary of a refund of `amount` before them press the button at the same moment.
fn both_at_once(scene: &Scene, payment: &Payment, amount: Option<&str>) -> [Browser; 2] {
    let people = [scene.shop.person("manager"), scene.shop.person("admin")];
    let browsers = people.map(|person| {
        let browser = scene.another_browser();
        sign_in(&browser, &person);
        find(&browser, payment);
        summarize(&browser, amount);
        browser
    });
    thread::scope(|scope| {
        for browser in &browsers {
            scope.spawn(move || browser.leave_by(CONFIRM));
        }
    });
    browsers
}

#[test]
fn two_people_at_once_make_one_full_refund() {
    let Some(scene) = Scene::open() else { return };
    let payment = scene.shop.payment("momo", "VND", 0);
    let browsers = both_at_once(&scene, &payment, None);
    let (made, told): (Vec<_>, Vec<_>) =
        browsers.iter().partition(|browser| browser.address().starts_with("/portal/refunds/"));
    assert_eq!((made.len(), told.len()), (1, 1));
    made[0].see(SUCCEEDED);
    assert_one_refund_of(&scene.shop, &payment, payment.minor());
    assert!(!told[0].has(CONFIRM) && !told[0].has(TO_SUMMARY), "nothing is left to refund");
}

#[test]
fn two_people_at_once_do_not_refund_more_than_the_payment() {
    let Some(scene) = Scene::open() else { return };
    let payment = scene.shop.payment("momo", "VND", 0);
    let most = payment.minor() * 6 / 10;
    let amount = payment.sum(most);
    let browsers = both_at_once(&scene, &payment, Some(&amount));
    let (made, told): (Vec<_>, Vec<_>) =
        browsers.iter().partition(|browser| browser.address().starts_with("/portal/refunds/"));
    assert_eq!((made.len(), told.len()), (1, 1));
    made[0].see(SUCCEEDED);
    assert_one_refund_of(&scene.shop, &payment, most);
    // The other one is told, and what was typed is kept.
    told[0].see(".problem[role='alert']");
    assert_eq!(told[0].typed(AMOUNT), amount);
    assert_eq!(told[0].typed(REASON), "requested_by_customer");
    told[0].click(TO_SUMMARY);
    told[0].see("#f-amount-wrong");
    assert_one_refund_of(&scene.shop, &payment, most);
}

#[test]
fn a_refund_that_was_overtaken_is_looked_at_again() {
    let Some(scene) = Scene::open() else { return };
    let (first, payment) = (&scene.browser, scene.shop.payment("momo", "VND", 0));
    let second = scene.another_browser();
    for (browser, role) in [(first, "manager"), (&second, "admin")] {
        sign_in(browser, &scene.shop.person(role));
        find(browser, &payment);
        summarize(browser, Some("10000"));
    }
    second.click(CONFIRM);
    second.see(SUCCEEDED);
    // Ten thousand more would fit, but this is not what the first one saw.
    first.click(CONFIRM);
    first.see(".problem[role='alert']");
    assert_one_refund_of(&scene.shop, &payment, 10_000);
    first.see(AMOUNT);
    assert!(!first.has(TO_FORM));
}
