//! Lists: looked through, taken out as a file, and payments brought in by one.

use redress_torture::time::{LIMIT, until};

use crate::Scene;
use crate::flow::{SUCCEEDED, find, get, refund, sign_in, speak};

const SEARCH: &str = "form[role='search'] button.main";
const IMPORT: &str = "form[action='/portal/imports'] button.main";

/// What was found by a check.
const IMPORT_CHECKED: &str = "main form[action^='/portal/imports/'][method='post'] button.main";

/// Rows of the list on the page.
const ROWS: &str = "return document.querySelectorAll('main tbody tr').length";

#[test]
fn payments_are_found_by_every_reference_and_come_out_as_a_file() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    let payment = shop.payment("tap", "KWD", 0);
    sign_in(&browser, &shop.hire("viewer", &[]));
    browser.click("nav a[href='/portal/payments']");
    let half = &payment.order_ref[..payment.order_ref.len() - 3];
    for term in [&payment.order_ref, half, &payment.merchant_order_ref, &payment.psp_payment_id] {
        browser.fill("#f-term", term);
        browser.leave_by(SEARCH);
        browser.see("main tbody tr");
        assert_eq!(browser.typed("#f-term"), *term, "what was looked for stays");
        let shown = browser.text("main tbody");
        assert!(shown.contains(&payment.order_ref), "{term}: {shown}");
    }
    assert_eq!(browser.ask(ROWS), 1);

    browser.click("main a[href^='/portal/payments.csv']");
    let file = browser.downloaded(".csv");
    let lines: Vec<_> = file.lines().collect();
    assert_eq!(lines.len(), 2, "what is filtered, and no more: {file}");
    assert!(lines[0].contains("order_ref") && lines[0].contains("refundable"), "{file}");
    for of in [&payment.order_ref, &payment.amount, &payment.currency] {
        assert!(lines[1].contains(of.as_str()), "{of}: {file}");
    }
}

#[test]
fn filters_narrow_a_list_and_say_what_cannot_be() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    sign_in(&browser, &shop.hire("viewer", &[]));
    browser.go("/portal/payments");
    browser.click("main details summary");
    browser.fill("#f-currency", "KWD");
    browser.fill("#f-least", "ten");
    browser.leave_by(SEARCH);
    browser.see("#f-least-wrong");
    assert_eq!(browser.typed("#f-least"), "ten");
    browser.fill("#f-least", "10.000");
    browser.fill("#f-most", "10.000");
    browser.leave_by(SEARCH);
    browser.see("main tbody tr");
    assert!(!browser.has(".wrong"));
    let sums =
        "return [...document.querySelectorAll('main tbody td:nth-of-type(1)')].map((sum) => sum.textContent)";
    let sums = browser.ask(sums);
    let sums = sums.as_array().unwrap();
    assert!(!sums.is_empty() && sums.iter().all(|sum| *sum == "10.000 KWD"), "{sums:?}");
}

#[test]
fn a_list_goes_on_and_back_without_repeating_anything() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    sign_in(&browser, &shop.hire("viewer", &[]));
    browser.go("/portal/payments");
    let ids = "return [...document.querySelectorAll('main tbody th a')].map((row) => row.textContent)";
    let first = browser.ask(ids);
    browser.leave_by("a[rel='next']");
    browser.see("a[rel='prev']");
    let second = browser.ask(ids);
    let (first, second) = (first.as_array().unwrap(), second.as_array().unwrap());
    assert!(first.len() > 10 && second.len() > 10);
    assert!(second.iter().all(|id| !first.contains(id)));
    browser.leave_by("a[rel='prev']");
    browser.see("a[rel='next']");
    assert_eq!(browser.ask(ids).as_array().unwrap(), first);
}

#[test]
fn a_refund_stands_in_the_list_and_in_its_file() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    let payment = shop.payment("momo", "VND", 0);
    let manager = shop.person("manager");
    sign_in(&browser, &manager);
    find(&browser, &payment);
    refund(&browser, Some("30000"));
    browser.see(SUCCEEDED);
    browser.click("nav a[href='/portal/refunds']");
    browser.see("main tbody .state.is-succeeded");
    browser.fill("#f-term", &payment.merchant_order_ref);
    browser.leave_by(SEARCH);
    browser.see("main tbody .state.is-succeeded");
    assert_eq!(browser.typed("#f-term"), payment.merchant_order_ref, "what was looked for stays");
    assert!(browser.text("main tbody").contains(&payment.order_ref));
    browser.click("main a[href^='/portal/refunds.csv']");
    let file = browser.downloaded(".csv");
    let ours: Vec<_> = file.lines().filter(|line| line.contains(&payment.order_ref)).collect();
    assert_eq!(ours.len(), 1, "{file}");
    assert!(ours[0].contains("30000") && ours[0].contains("succeeded"), "{file}");
    assert!(ours[0].ends_with(&format!(",{}", manager.email)), "who asked for it: {file}");
}

#[test]
fn payments_are_checked_first_and_then_taken_in_row_by_row() {
    let Some(scene) = Scene::open() else { return };
    let (browser, shop) = (&scene.browser, &scene.shop);
    let account = shop.account("tap");
    let at = "2026-01-02T03:04:05Z";
    let csv = format!(
        "order_ref,psp_account,psp_payment_id,currency,amount,captured_at\n\
         shop-1,{account},chg_1,SAR,100.00,{at}\n\
         shop-2,{account},chg_2,SAR,1.005,{at}\n\
         shop-3,{account},chg_3,KWD,1.005,{at}\n"
    );
    let file = shop.file("payments.csv", &csv);
    sign_in(browser, &shop.person("manager"));
    browser.go("/portal/payments");
    browser.click("main a[href='/portal/imports']");
    browser.click(IMPORT);
    browser.see("#f-file-wrong");
    browser.go("/portal/imports");
    browser.attach("#f-file", &file);
    browser.click(IMPORT);
    // The page looks again by itself until it is done.
    browser.see("main tbody .state.is-created");
    browser.see("main tbody .state.is-refused");
    let shown = browser.text("main table");
    assert!(shown.contains("shop-2") && shown.contains("decimals"), "{shown}");
    browser.choose("#f-outcome", "refused");
    browser.click("form.find button");
    // The page before showed this row as well.
    browser.see("main:not(:has(tbody .state.is-created)) tbody .state.is-refused");
    assert_eq!(browser.ask(ROWS), 1);
    assert_eq!(get(browser, "/portal/payments/shop-1").status, 404, "it was only checked");
    // What was checked is imported without the file.
    browser.click(IMPORT_CHECKED);
    browser.see("main tbody .state.is-created");
    assert_eq!(browser.ask(ROWS), 2, "what was refused is left out");
    for (order, status) in [("shop-1", 200), ("shop-2", 404), ("shop-3", 200)] {
        assert_eq!(get(browser, &format!("/portal/payments/{order}")).status, status, "{order}");
    }
    // And at once.
    let more = shop.file("more.csv", &csv.replace("shop-", "more-").replace("chg_", "chg_more_"));
    browser.go("/portal/imports");
    browser.attach("#f-file", &more);
    browser.click("#f-dry_run-no");
    browser.click(IMPORT);
    browser.see("main tbody .state.is-created");
    browser.see("main tbody .state.is-refused");
    assert!(!browser.has(IMPORT_CHECKED));
    assert_eq!(get(browser, "/portal/payments/more-1").status, 200);
    // Whoever may only look may not bring in any.
    let viewer = scene.another_browser();
    sign_in(&viewer, &shop.hire("viewer", &[]));
    viewer.go("/portal/payments");
    viewer.see("main tbody tr");
    assert!(!viewer.has("main a[href='/portal/imports']"));
    assert_eq!(get(&viewer, "/portal/imports").status, 403);
    let script = "
        const form = new FormData();
        form.set('proof', document.querySelector('input[name=proof]').value);
        form.set('dry_run', 'no');
        form.set('file', new File([arguments[0]], 'payments.csv', { type: 'text/csv' }));
        return fetch('/portal/imports', { method: 'POST', body: form }).then((answer) => answer.status)";
    let another = csv.replace("shop-", "other-").replace("chg_", "chg_other_");
    assert_eq!(viewer.script(script, &serde_json::json!([another])), 403);
    assert_eq!(get(browser, "/portal/payments/other-1").status, 404);
}

#[test]
fn right_to_left_sums_line_up_and_what_others_wrote_begins_where_the_page_does() {
    let Some(Scene { browser, shop, .. }) = Scene::open() else { return };
    sign_in(&browser, &shop.person("manager"));
    speak(&browser, "ar");
    let edges = |side: &str| {
        let script = format!(
            "return new Set(Array.from(document.querySelectorAll('main > table .sum'), \
             (sum) => Math.round(sum.getBoundingClientRect().{side}))).size"
        );
        browser.ask(&script).as_u64().unwrap()
    };
    // Those of the demo's tour, which may be under way still: of several sums and currencies.
    until("refunds of sums of several widths", LIMIT, || {
        browser.go("/portal/refunds");
        (edges("left") > 1).then_some(())
    });
    assert_eq!(edges("right"), 1);
    let distance = browser.ask(
        "const told = document.createElement('p');
         told.dir = 'auto';
         told.textContent = 'Charge id not found';
         document.querySelector('main').append(told);
         const words = document.createRange();
         words.selectNodeContents(told);
         return Math.round(told.getBoundingClientRect().right - words.getBoundingClientRect().right)",
    );
    assert_eq!(distance, 0);
}
