//! The pages on which a merchant is set up, and the trail of it: what only an administrator sees all of.

use serde_json::json;

use crate::Scene;
use crate::chromium::Browser;
use crate::flow::{sign_in, speak};
use crate::gallery::show;

const KEYS: &str = "/portal/settings/keys";
const ENDPOINTS: &str = "/portal/settings/endpoints";
const ACCOUNTS: &str = "/portal/settings/accounts";
const PEOPLE: &str = "/portal/settings/people";

/// What stands once there is something to say about a field.
const WRONG: &str = ".field.is-wrong";

/// What stands where a secret is shown once, and the link away from it.
const SECRET: &str = "#secret";
const KEPT: &str = "main .buttons a.button.main";

/// Shows every page of the settings and of the trail in one language, each with a name of its own.
#[track_caller]
pub(crate) fn visit(scene: &Scene, language: &str, look: &mut dyn FnMut(&Browser, &str)) {
    let browser = scene.another_browser();
    browser.go("/portal");
    speak(&browser, language);
    sign_in(&browser, &scene.shop.person("admin"));
    browser.go("/portal/settings");
    look(&browser, "settings");
    keys(&browser, look);
    endpoints(&browser, look);
    accounts(&browser, scene.shop.account("tap"), look);
    people(&browser, look);
    show(&browser, &[("/portal/audit", "audit"), ("/portal/audit?object=nothing", "audit-none")], look);
    codes_and_old_forms(&browser, look);
    browser.click(".environment button");
    browser.see(".environment.is-live");
    browser.go(KEYS);
    look(&browser, "keys-live");
}

/// The button that sends a form of the page itself.
fn button(action: &str) -> String {
    format!("main form[action='{action}'] button")
}

/// The same of one thing's page, whose address has an id in it.
fn act(end: &str) -> String {
    format!("main form[action$='/{end}'] button")
}

/// Sends a form that is not taken, and shows it with what is said of its fields.
#[track_caller]
fn refused(browser: &Browser, by: &str, name: &str, look: &mut dyn FnMut(&Browser, &str)) {
    browser.leave_by(by);
    browser.see(WRONG);
    look(browser, name);
}

/// Takes away what stands in a field.
#[track_caller]
fn empty(browser: &Browser, css: &str) {
    browser.script("document.querySelector(arguments[0]).value = ''", &json!([css]));
}

#[track_caller]
fn keys(browser: &Browser, look: &mut dyn FnMut(&Browser, &str)) {
    browser.go(KEYS);
    look(browser, "keys");
    browser.go(&format!("{KEYS}/new"));
    look(browser, "key-new");
    refused(browser, &button(KEYS), "key-new-wrong", look);
    browser.click("#f-kind-portone");
    browser.leave_by(&button(KEYS));
    browser.see(SECRET);
    look(browser, "key-made");
    browser.leave_by(KEPT);
    browser.see("#replace");
    look(browser, "key");
    refused(browser, &act("revoke"), "key-revoke-wrong", look);
    browser.leave_by(&act("rotate"));
    browser.see(SECRET);
    // The list again, with one that another was put in place of.
    browser.go(KEYS);
    look(browser, "keys-replaced");
}

#[track_caller]
fn endpoints(browser: &Browser, look: &mut dyn FnMut(&Browser, &str)) {
    browser.go(ENDPOINTS);
    look(browser, "endpoints");
    browser.leave_by("main tbody th a");
    browser.see("#sent");
    look(browser, "endpoint");
    browser.leave_by(&act("test"));
    browser.see("main [role='status']");
    look(browser, "endpoint-tested");
    browser.go(&format!("{ENDPOINTS}/new"));
    look(browser, "endpoint-new");
    refused(browser, &button(ENDPOINTS), "endpoint-new-wrong", look);
    browser.fill("#f-name", "The warehouse");
    browser.fill("#f-url", "https://shop.example/a/rather/long/path/for/what/happens?of=refunds");
    browser.leave_by(&button(ENDPOINTS));
    browser.see(SECRET);
    look(browser, "endpoint-made");
    browser.leave_by(KEPT);
    browser.see("#sent");
    look(browser, "endpoint-without-notifications");
    refused(browser, &act("revoke"), "endpoint-revoke-wrong", look);
    browser.leave_by("main a[href$='/edit']");
    browser.see("#f-url");
    look(browser, "endpoint-edit");
    empty(browser, "#f-name");
    refused(browser, &act("edit"), "endpoint-edit-wrong", look);
}

#[track_caller]
fn accounts(browser: &Browser, one: &str, look: &mut dyn FnMut(&Browser, &str)) {
    let (choose, new) = (format!("{ACCOUNTS}/new"), format!("{ACCOUNTS}/new?psp=tap"));
    let (choose, new) = (choose.as_str(), new.as_str());
    let pages = [(ACCOUNTS, "psp-accounts"), (choose, "psp-account-choose"), (new, "psp-account-new")];
    show(browser, &pages, look);
    empty(browser, "#f-name");
    refused(browser, &button(ACCOUNTS), "psp-account-new-wrong", look);
    browser.go(&format!("{ACCOUNTS}/{one}"));
    look(browser, "psp-account");
    browser.leave_by(&act("check"));
    browser.see("main [role='status']");
    look(browser, "psp-account-checked");
    refused(browser, &act("revoke"), "psp-account-revoke-wrong", look);
    browser.leave_by("main a[href$='/edit']");
    browser.see("#f-base_url");
    look(browser, "psp-account-edit");
    browser.fill("#f-max_in_flight", "0");
    refused(browser, &act("edit"), "psp-account-edit-wrong", look);
}

#[track_caller]
fn people(browser: &Browser, look: &mut dyn FnMut(&Browser, &str)) {
    let new = format!("{PEOPLE}/new");
    show(browser, &[(PEOPLE, "people"), (new.as_str(), "person-new")], look);
    refused(browser, &button(PEOPLE), "person-new-wrong", look);
    browser.fill("#f-name", "Somebody new");
    browser.fill("#f-email", "somebody.new@shop.example");
    browser.click("#f-role-support");
    browser.fill("#f-limits", "SAR 100.00");
    browser.leave_by(&button(PEOPLE));
    browser.see(SECRET);
    look(browser, "person-made");
    browser.leave_by(KEPT);
    browser.see("#proofs");
    look(browser, "person");
    empty(browser, "#f-name");
    refused(browser, "main form button.main", "person-wrong", look);
    browser.go(PEOPLE);
    look(browser, "people-more");
}

/// The pages of one's own that take a second factor, and a form whose page is from before the last code.
#[track_caller]
fn codes_and_old_forms(browser: &Browser, look: &mut dyn FnMut(&Browser, &str)) {
    browser.go("/portal/account");
    look(browser, "account-of-admin");
    browser.leave_by("main form[action='/portal/recovery-codes'] button");
    browser.see("#codes");
    look(browser, "recovery-codes");
    browser.go("/portal/code");
    browser.see("#f-code");
    look(browser, "code-again");
    browser.go("/portal/account");
    browser.ask("document.querySelector('main form input[name=proof]').value = ''");
    browser.leave_by("main form[action='/portal/recovery-codes'] button");
    browser.see("main form[action='/portal/recovery-codes'] button.main");
    look(browser, "again");
}
