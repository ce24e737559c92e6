//! Signing in and out.

use crate::Scene;
use crate::flow::sign_in;

const SIGN_IN: &str = "form[action='/portal/sign-in'] button.main";
const ENTER: &str = "form[action='/portal/code'] button.main";

#[test]
fn a_person_signs_in_with_a_password_and_a_code() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    let admin = shop.person("admin");
    browser.go("/portal/account");
    assert_eq!(browser.address(), "/portal/sign-in?next=%2Fportal%2Faccount");
    browser.see("#f-email:focus");

    browser.fill("#f-email", &admin.email);
    browser.fill("#f-password", "not my password");
    browser.click(SIGN_IN);
    browser.see(".problem[role='alert']");
    assert_eq!(browser.typed("#f-email"), admin.email, "what was typed is kept");
    assert_eq!(browser.typed("#f-password"), "", "a password is not");
    browser.fill("#f-password", &admin.password);
    browser.click(SIGN_IN);

    // The password alone opens nothing.
    browser.see("#f-code");
    browser.go("/portal/account");
    browser.see("#f-code");
    browser.fill("#f-code", "000000");
    browser.click(ENTER);
    browser.see("#f-code-wrong");
    let code = admin.code().unwrap();
    browser.fill("#f-code", &code);
    browser.click(ENTER);
    browser.see(".facts");
    assert_eq!(browser.address(), "/portal/account", "where the person wanted to go");
    assert!(browser.text("main").contains(&admin.email));
}

#[test]
fn a_code_counts_once_and_whoever_signs_out_is_out() {
    let Some(scene) = Scene::open() else { return };
    let (first, admin) = (&scene.browser, scene.shop.person("admin"));
    let code = admin.code().unwrap();
    let enter = |browser: &crate::Browser| {
        browser.go("/portal");
        browser.fill("#f-email", &admin.email);
        browser.fill("#f-password", &admin.password);
        browser.click(SIGN_IN);
        browser.fill("#f-code", &code);
        browser.click(ENTER);
    };
    enter(first);
    first.see("#f-find");
    let second = scene.another_browser();
    enter(&second);
    second.see("#f-code-wrong");

    first.click(".top form[action='/portal/sign-out'] button");
    first.see("#f-email");
    assert!(first.has(".said[role='status']"), "the page says that it is done");
    first.go("/portal");
    first.see("#f-email");
    first.back();
    assert!(!first.has("#f-find"), "nothing of before is shown by the back button");
}

#[test]
fn signing_out_everywhere_ends_the_other_browsers_session() {
    let Some(scene) = Scene::open() else { return };
    let (here, viewer) = (&scene.browser, scene.shop.hire("viewer", &[]));
    let there = scene.another_browser();
    sign_in(here, &viewer);
    sign_in(&there, &viewer);
    here.go("/portal/account");
    here.click("form[action='/portal/sign-out-everywhere'] button");
    here.see("#f-email");
    there.reload();
    there.see("#f-email");
}
