//! Payments imported at the portal.

use std::time::Duration;

use axum::http::HeaderValue;
use redress_core::role::Role;
use redress_engine::admin::payment_imports::{IMPORT_KEPT, RefusalKind, RowRefusal};

use crate::portal::html_check::{faults, parse};
use crate::portal::language::Language;
use crate::portal::testing::{Browser, form, location};
use crate::testing::{Answer, Harness};

const PATH: &str = "/portal/imports";

fn file(harness: &Harness) -> String {
    rows(harness, &[("i1", "10.00"), ("i2", "1.005"), ("i3", "30")])
}

fn rows(harness: &Harness, sums: &[(&str, &str)]) -> String {
    let tap = harness.merchant.tap;
    let header = "order_ref,psp_account,psp_payment_id,currency,amount,captured_at".to_owned();
    let row =
        |(name, amount): &(&str, &str)| format!("{name},{tap},chg_{name},SAR,{amount},2026-11-18T10:00:00Z");
    std::iter::once(header).chain(sums.iter().map(row)).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_file_is_checked_first_and_then_taken_in_row_by_row() {
    let harness = Harness::new().await;
    let manager = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let page = browser.get(PATH).await;
    for (dry_run, is_there) in [("yes", false), ("no", true)] {
        let fields = form(&page, PATH, &[("dry_run", dry_run)]);
        let sent = browser.upload(PATH, &fields, &file(&harness)).await;
        let running = browser.follow(&sent).await;
        assert!(running.text().contains("http-equiv=\"refresh\""), "{}", running.text());
        while harness.engine.work_imports_once().await.unwrap() {}
        let done = browser.follow(&sent).await;
        assert_eq!(faults(done.text()), [] as [&str; 0], "{}", done.text());
        assert!(!done.text().contains("http-equiv") && done.text().contains("state is-refused"));
        assert_eq!(done.text().contains("only checked"), !is_there);
        assert_eq!(done.text().contains(&checked_form(&sent)), !is_there);
        let refused = browser.get(&format!("{}?outcome=refused", location(&sent))).await;
        assert!(refused.text().contains(">i2<") && !refused.text().contains(">i1<"), "{}", refused.text());
        told_in_every_language(&mut browser, &location(&sent)).await;
        let found = harness.engine.order(harness.merchant.id, None, "i1").await.unwrap();
        assert_eq!(found.is_some(), is_there, "{dry_run}");
    }
    assert!(harness.engine.order(harness.merchant.id, None, "i2").await.unwrap().is_none());
    let list = browser.get(PATH).await;
    let chosen = |page: &Answer| form(page, PATH, &[]).into_iter().find(|(name, _)| name == "dry_run");
    assert_eq!(chosen(&list).unwrap().1, "yes", "nothing is imported unasked");
    assert!(list.text().contains("manager@"), "{}", list.text());
    // The trail does not call a check an import.
    let trail = browser.get("/portal/audit").await;
    let told = |code: &str| trail.text().matches(&format!(">{code}<")).count();
    assert_eq!([told("payments_checked"), told("payments_imported")], [1, 1], "{}", trail.text());
}

/// How the form begins that imports what an upload was checked for.
fn checked_form(sent: &Answer) -> String {
    format!("<form method=\"post\" action=\"{}\">", location(sent))
}

/// Uploads rows to be checked, and has them checked.
async fn checked(browser: &mut Browser<'_>, harness: &Harness, sums: &[(&str, &str)]) -> Answer {
    let page = browser.get(PATH).await;
    let sent = browser.upload(PATH, &form(&page, PATH, &[]), &rows(harness, sums)).await;
    assert_eq!(sent.status, 303, "{sent:?}");
    while harness.engine.work_imports_once().await.unwrap() {}
    sent
}

#[tokio::test]
async fn what_was_checked_is_imported_without_the_file() {
    let harness = Harness::new().await;
    let manager = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let left = async |name: &str| {
        let found = harness.engine.order(harness.merchant.id, None, name).await.unwrap();
        found.map(|order| order.payment.remaining().minor())
    };
    let sums = [("c1", "10.00"), ("c2", "1.005"), ("c3", "30")];
    let first = checked(&mut browser, &harness, &sums).await;
    let page = browser.follow(&first).await;
    assert!(page.text().contains("(rows: \u{2068}2\u{2069})"), "{}", page.text());
    let path = location(&first);
    let proved = form(&page, &path, &[]);
    let sent = browser.post(&path, &proved).await;
    assert!(sent.status == 303 && location(&sent) != path, "{sent:?}");
    while harness.engine.work_imports_once().await.unwrap() {}
    let done = browser.follow(&sent).await;
    assert!(done.text().contains(">c1<") && done.text().contains(">c3<"), "{}", done.text());
    assert!(!done.text().contains(">c2<") && !done.text().contains("only checked"), "{}", done.text());
    assert_eq!([left("c1").await, left("c2").await, left("c3").await], [Some(1_000), None, Some(3_000)]);

    // A double click or the back button: nothing is changed a second time.
    let again = browser.post(&path, &proved).await;
    while harness.engine.work_imports_once().await.unwrap() {}
    let again = browser.follow(&again).await;
    assert_eq!((again.text().matches("state is-unchanged").count(), left("c1").await), (2, Some(1_000)));

    // Another sum of what is there is taken; what is there already offers nothing.
    let more = checked(&mut browser, &harness, &[("c1", "12.00"), ("c3", "30")]).await;
    let page = browser.follow(&more).await;
    browser.submit(&page, &location(&more), &[]).await;
    while harness.engine.work_imports_once().await.unwrap() {}
    assert_eq!((left("c1").await, left("c3").await), (Some(1_200), Some(3_000)));
    let nothing = checked(&mut browser, &harness, &[("c1", "12.00"), ("c2", "1.005")]).await;
    let page = browser.follow(&nothing).await;
    assert!(page.text().contains("found nothing to import"), "{}", page.text());
    assert!(!page.text().contains(&checked_form(&nothing)), "{}", page.text());
}

#[tokio::test]
async fn what_is_no_finished_check_is_not_imported() {
    let harness = Harness::new().await;
    let manager = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let page = browser.get(PATH).await;
    let running = browser.upload(PATH, &form(&page, PATH, &[]), &file(&harness)).await;
    let waiting = browser.follow(&running).await;
    assert!(!waiting.text().contains(&checked_form(&running)), "{}", waiting.text());
    assert!(!waiting.text().contains("found nothing"), "nobody knows yet");
    let proof = form(&page, "/portal/sign-out", &[]);
    assert_eq!(browser.post(&location(&running), &proof).await.status, 409, "it is still being checked");
    while harness.engine.work_imports_once().await.unwrap() {}
    harness.clock.advance(Duration::from_secs(1));
    // One that is an import already, and a check that found nothing.
    let import = browser.upload(PATH, &form(&page, PATH, &[("dry_run", "no")]), &file(&harness)).await;
    while harness.engine.work_imports_once().await.unwrap() {}
    let nothing = checked(&mut browser, &harness, &[("i2", "1.005")]).await;
    for sent in [&import, &nothing] {
        assert_eq!(browser.post(&location(sent), &proof).await.status, 409, "{sent:?}");
    }
    // Without its proof it is asked for once more, and whoever may not import may not do this either.
    assert_eq!(browser.post(&location(&running), &[]).await.status, 409);
    let support = harness.person(Role::Support).await;
    let mut other = harness.browser(&support).await;
    let start = other.get("/portal").await;
    let proof = form(&start, "/portal/sign-out", &[]);
    assert_eq!(other.post(&location(&running), &proof).await.status, 403);
    // A check that is so old that it is forgotten is not imported by halves.
    harness.clock.advance(IMPORT_KEPT + Duration::from_secs(1));
    let mut late = harness.browser(&manager).await;
    let page = late.get(&location(&running)).await;
    assert_eq!(late.post(&location(&running), &form(&page, &location(&running), &[])).await.status, 409);
    while harness.engine.work_imports_once().await.unwrap() {}
    let list = late.get(PATH).await;
    assert!(list.text().contains("Being received, or broken off"), "{}", list.text());
}

#[tokio::test]
async fn complaint_20_every_row_of_a_file_is_done_and_told_whatever_came_of_the_others() {
    let harness = Harness::new().await;
    let manager = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let page = browser.get(PATH).await;
    let sums = [("r1", "1.005"), ("r2", "10.00"), ("r3", "0"), ("r4", "66.67"), ("r5", "none"), ("r6", "30")];
    let fields = form(&page, PATH, &[("dry_run", "no")]);
    let sent = browser.upload(PATH, &fields, &rows(&harness, &sums)).await;
    while harness.engine.work_imports_once().await.unwrap() {}
    let told = async |browser: &mut Browser<'_>, outcome: &str| {
        let page = browser.get(&format!("{}?outcome={outcome}", location(&sent))).await;
        let is_there = |name: &&str| page.text().contains(&format!(">{name}<"));
        sums.iter().map(|(name, _)| *name).filter(is_there).collect::<Vec<_>>()
    };
    assert_eq!(told(&mut browser, "refused").await, ["r1", "r3", "r5"]);
    assert_eq!(told(&mut browser, "created").await, ["r2", "r4", "r6"]);
    let mut left = Vec::new();
    for (name, _) in sums {
        let found = harness.engine.order(harness.merchant.id, None, name).await.unwrap();
        left.push(found.map(|order| order.payment.remaining().minor()));
    }
    assert_eq!(left, [None, Some(1_000), None, Some(6_667), None, Some(3_000)]);
}

/// The one row that was refused, for its sum of three decimals.
async fn told_in_every_language(browser: &mut Browser<'_>, path: &str) {
    for language in [Language::Arabic, Language::English] {
        browser.speaks(language.tag());
        let page = browser.get(path).await;
        let root = parse(page.text()).unwrap();
        let field = Some("amount".to_owned());
        let refusal = RowRefusal { kind: RefusalKind::Invalid, field, detail: None };
        let told = language.texts().row_refusal(&refusal);
        let cells = root.all("td").into_iter();
        let cell = cells.into_iter().find(|cell| cell.text.contains(&told));
        let cell = cell.unwrap_or_else(|| panic!("no {told}: {}", page.text()));
        assert_eq!(cell.all("code")[0].text, "invalid: amount");
        let recorded = cell.all("span")[0];
        assert!(recorded.text.contains("decimals"), "{}", recorded.text);
        assert_eq!((recorded.attribute("lang"), recorded.attribute("dir")), (Some("en"), Some("ltr")));
    }
}

#[tokio::test]
async fn a_file_that_is_none_is_told_and_changes_nothing() {
    let harness = Harness::new().await;
    let manager = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let page = browser.get(PATH).await;
    let fields = form(&page, PATH, &[("dry_run", "no")]);
    for wrong in ["", "not,a,header\n1,2,3", file(&harness).lines().next().unwrap()] {
        let answer = browser.upload(PATH, &fields, wrong).await;
        assert_eq!((answer.status.as_u16(), faults(answer.text())), (422, vec![]), "{wrong}");
        assert!(answer.text().contains("id=\"f-file-wrong\""), "{wrong}: {}", answer.text());
        assert!(answer.text().contains("value=\"no\" checked"), "what was chosen is kept");
    }
    for other in [";", "\t"] {
        let answer = browser.upload(PATH, &fields, &file(&harness).replace(',', other)).await;
        assert!(answer.text().contains("not separated by commas"), "{other:?}: {}", answer.text());
    }
    let list = browser.get(PATH).await;
    assert!(list.text().contains("Nothing was imported yet"));
}

#[tokio::test]
async fn only_managers_import() {
    let harness = Harness::new().await;
    let support = harness.person(Role::Support).await;
    let mut browser = harness.browser(&support).await;
    assert_eq!(browser.get(PATH).await.status, 403);
    let page = browser.get("/portal/payments").await;
    assert!(!page.text().contains(PATH));
    let proof = form(&page, "/portal/sign-out", &[]);
    assert_eq!(browser.upload(PATH, &proof, &file(&harness)).await.status, 403);
}

#[tokio::test]
async fn an_upload_of_another_site_does_nothing() {
    let harness = Harness::new().await;
    let manager = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let page = browser.get(PATH).await;
    let proved = form(&page, PATH, &[("dry_run", "no")]);
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://x.example")]
    {
        browser.headers.insert(name, HeaderValue::from_static(value));
        let answer = browser.upload(PATH, &proved, &file(&harness)).await;
        assert_eq!(answer.status, 403, "{name}: {value}");
        browser.headers.clear();
    }
    // What an old browser sends counts by its proof alone.
    browser.headers.insert("x-old", HeaderValue::from_static("yes"));
    let unproved: Vec<_> = proved.iter().filter(|(name, _)| name != "proof").cloned().collect();
    assert_eq!(browser.upload(PATH, &unproved, &file(&harness)).await.status, 403);
    assert!(browser.get(PATH).await.text().contains("Nothing was imported yet"));
    assert_eq!(browser.upload(PATH, &proved, &file(&harness)).await.status, 303);
}
