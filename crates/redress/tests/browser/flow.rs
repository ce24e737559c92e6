//! What people do at the portal, a page a step.

use serde_json::{Value, json};

use crate::chromium::Browser;
use crate::person::Person;
use crate::shop::Payment;

/// The field and the button of each page of a refund, for whoever goes another way than [`refund`].
pub(crate) const TO_FORM: &str = "main a.button.main[href$='/refund']";
pub(crate) const AMOUNT: &str = "#f-amount";
pub(crate) const REASON: &str = "#f-reason";
pub(crate) const TO_SUMMARY: &str = "form[action$='/refund/summary'] button.main";
pub(crate) const CONFIRM: &str = "form[action$='/refund'] button.main";

/// The states of a refund, as its page marks them.
pub(crate) const SUCCEEDED: &str = ".status .state.is-succeeded";
pub(crate) const PENDING: &str = ".status .state.is-pending";

/// The menu that only somebody who is signed in has.
const SIGNED_IN: &str = ".top form[action='/portal/sign-out']";

/// From anywhere to the first page.
#[track_caller]
pub(crate) fn sign_in(browser: &Browser, person: &Person) {
    browser.go("/portal");
    browser.fill("#f-email", &person.email);
    browser.fill("#f-password", &person.password);
    browser.step("form[action='/portal/sign-in'] button.main");
    if let Some(code) = person.code() {
        browser.fill("#f-code", &code);
        browser.step("form[action='/portal/code'] button.main");
        browser.see(&format!("{SIGNED_IN}, #f-code-wrong"));
        // Where the machine stood still meanwhile, that code is over.
        if browser.has("#f-code-wrong") {
            browser.fill("#f-code", &person.code().unwrap());
            browser.leave_by("form[action='/portal/code'] button.main");
        }
    }
    browser.see(SIGNED_IN);
}

/// From the first page to a payment, by what is on the customer's order.
#[track_caller]
pub(crate) fn find(browser: &Browser, payment: &Payment) {
    browser.fill("#f-find", &payment.order_ref);
    browser.step("form.find button.main");
    browser.see("#order-ref");
    assert_eq!(browser.text("#order-ref"), payment.order_ref);
}

/// From a payment to the summary of a refund; of all that is left where no amount is typed.
#[track_caller]
pub(crate) fn summarize(browser: &Browser, amount: Option<&str>) {
    browser.step(TO_FORM);
    if let Some(amount) = amount {
        browser.fill(AMOUNT, amount);
    }
    browser.choose(REASON, "requested_by_customer");
    browser.step(TO_SUMMARY);
    browser.see(CONFIRM);
}

/// From a payment to its refund's page.
#[track_caller]
pub(crate) fn refund(browser: &Browser, amount: Option<&str>) {
    summarize(browser, amount);
    browser.step(CONFIRM);
    browser.see(".status .state");
}

/// The number in the address of a payment's or a refund's page.
#[track_caller]
pub(crate) fn id_of_page(browser: &Browser) -> String {
    let address = browser.address();
    let id = address.split('/').nth(3).unwrap_or_else(|| panic!("{address}"));
    id.split('?').next().unwrap_or(id).to_owned()
}

/// What came of a request that no page offers.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) status: u64,
    /// The address of that page.
    pub(crate) address: String,
}

/// Sends a form as the page's own origin, with the proof that stands on the page.
#[track_caller]
pub(crate) fn post(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Sent {
    let fields: Vec<_> = fields.iter().map(|(name, typed)| json!([name, typed])).collect();
    let script = "
        const form = new URLSearchParams(arguments[1]);
        form.set('proof', document.querySelector('input[name=proof]').value);
        return fetch(arguments[0], { method: 'POST', body: form })
            .then((answer) => [answer.status, new URL(answer.url).pathname]);";
    Sent::of(&browser.script(script, &json!([path, fields])))
}

/// Asks for an address as a page of ours does.
#[track_caller]
pub(crate) fn get(browser: &Browser, path: &str) -> Sent {
    let script = "return fetch(arguments[0])
        .then((answer) => [answer.status, new URL(answer.url).pathname]);";
    Sent::of(&browser.script(script, &json!([path])))
}

impl Sent {
    fn of(answer: &Value) -> Self {
        let (status, address) = (answer[0].as_u64().unwrap(), answer[1].as_str().unwrap().to_owned());
        Self { status, address }
    }
}

/// Chooses a language, on whatever page.
#[track_caller]
pub(crate) fn speak(browser: &Browser, language: &str) {
    browser.click(&format!("footer button[value='{language}']"));
    browser.see(&format!("html[lang='{language}']"));
}
