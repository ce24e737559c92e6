//! Lists of payments and refunds: what is found, what is wrong with what was typed, and the same as a file.

use redress_core::audit::Deed;
use redress_core::role::Role;
use redress_engine::portal::audit::AuditOf;
use redress_engine::portal::people::NewPassword;
use redress_engine::portal::{SessionToken, Visitor};

use crate::portal::html_check::{faults, parse};
use crate::portal::language::Language;
use crate::portal::testing::PASSWORD;
use crate::testing::{Answer, Harness, TestPayment};

async fn harness() -> Harness {
    let harness = Harness::new().await;
    for (order_ref, minor) in [("shop-1", 123_450), ("shop-2", 20_000), ("other-1", 5_000)] {
        harness.payment(TestPayment::tap(order_ref, minor)).await;
    }
    harness.payment(TestPayment::momo("=momo", 1_000_000)).await;
    harness.pending(TestPayment::tap("shop-3", 50_000), 2_500).await;
    harness
}

/// The texts of the links in a table's first column.
fn found(answer: &Answer) -> Vec<String> {
    assert_eq!(faults(answer.text()), [] as [&str; 0], "{}", answer.text());
    let root = parse(answer.text()).unwrap();
    let bodies = root.all("tbody");
    let Some(table) = bodies.first() else { return Vec::new() };
    let mut found: Vec<_> =
        table.all("tr").iter().map(|row| row.all("a")[0].whole_text().trim().to_owned()).collect();
    found.sort_unstable();
    found
}

#[tokio::test]
async fn payments_are_found_by_what_is_typed_and_chosen() {
    let harness = harness().await;
    let viewer = harness.person(Role::Viewer).await;
    let mut browser = harness.browser(&viewer).await;
    for (query, expected) in [
        ("", &["=momo", "other-1", "shop-1", "shop-2", "shop-3"][..]),
        ("term=shop-", &["shop-1", "shop-2", "shop-3"]),
        ("term=shop-1&match=all", &["shop-1"]),
        ("term=shop-&match=all", &[]),
        ("status=under_way", &["shop-3"]),
        ("status=not_refunded&term=shop", &["shop-1", "shop-2"]),
        ("currency=vnd", &["=momo"]),
        ("currency=SAR&least=200&most=500.00", &["shop-2", "shop-3"]),
        ("channel=MOMOPAY", &["=momo"]),
        ("method=tap&term=other", &["other-1"]),
        ("from=2026-11-18&to=2026-11-18", &["=momo", "other-1", "shop-1", "shop-2", "shop-3"]),
        ("from=2026-11-19", &[]),
        ("to=2026-11-17", &[]),
    ] {
        let answer = browser.get(&format!("/portal/payments?{query}")).await;
        assert_eq!(answer.status, 200, "{query}");
        assert_eq!(found(&answer), expected, "{query}");
        let count = format!("{} found", expected.len());
        let told = answer.text().replace(['\u{2068}', '\u{2069}'], "");
        assert!(told.contains(&count), "{query}: {told}");
    }
}

#[tokio::test]
async fn what_cannot_be_stands_beside_its_field() {
    let harness = harness().await;
    let viewer = harness.person(Role::Viewer).await;
    let mut browser = harness.browser(&viewer).await;
    for path in ["/portal/payments", "/portal/refunds"] {
        for (query, field) in [
            ("currency=dollars", "currency"),
            ("least=5", "least"),
            ("currency=SAR&most=1.001", "most"),
            ("currency=SAR&most=much", "most"),
            ("from=yesterday", "from"),
            ("to=2026-02-30", "to"),
            ("currency=SAR&least=5.01&most=5", "most"),
            ("from=2026-11-19&to=2026-11-18", "to"),
        ] {
            let answer = browser.get(&format!("{path}?{query}")).await;
            assert_eq!((answer.status.as_u16(), found(&answer).len()), (422, 0), "{query}");
            assert!(answer.text().contains(&format!("id=\"f-{field}-wrong\"")), "{query}");
            assert!(answer.text().contains("Nothing was looked for"), "{query}: not that there is nothing");
            let typed = query.rsplit('=').next().unwrap();
            assert!(answer.text().contains(&format!("value=\"{typed}\"")), "{query}: it is kept");
        }
        for query in ["currency=SAR&least=5&most=5.00", "from=2026-11-18&to=2026-11-18"] {
            assert_eq!(browser.get(&format!("{path}?{query}")).await.status, 200, "{path}?{query}");
        }
    }
}

#[tokio::test]
async fn refunds_are_listed_and_added_up() {
    let harness = harness().await;
    let viewer = harness.person(Role::Viewer).await;
    let mut browser = harness.browser(&viewer).await;
    for (query, count) in [
        ("", 1),
        ("status=pending", 1),
        ("status=failed", 0),
        ("reason=duplicate", 1),
        ("reason=fraudulent", 0),
        ("psp=tap&currency=SAR&least=25", 1),
        ("psp=momo", 0),
        ("term=shop-3", 1),
        ("term=shop-3&status=pending&reason=duplicate&psp=tap", 1),
        ("term=shop-3&status=failed", 0),
        ("term=shop-3&psp=momo", 0),
        ("term=shop-", 0),
        ("term=shop-1", 0),
    ] {
        let answer = browser.get(&format!("/portal/refunds?{query}")).await;
        let root = parse(answer.text()).unwrap();
        assert_eq!(faults(answer.text()), [] as [&str; 0]);
        let links = root.all("main")[0].all("a");
        let refunds =
            links.iter().filter(|link| link.attribute("href").unwrap().starts_with("/portal/refunds/rf_"));
        assert_eq!(refunds.count(), count, "{query}: {}", answer.text());
        assert_eq!(answer.text().contains("id=\"totals\""), count > 0, "{query}");
        assert_eq!(answer.text().contains("25.00 SAR"), count > 0, "{query}");
        // A merchant's own words for it may go in the other direction than the page.
        assert_eq!(answer.text().contains("<bdi>Charged twice</bdi>"), count > 0, "{query}");
    }
}

#[tokio::test]
async fn what_is_narrowed_is_exported_noted_and_no_formula() {
    let harness = harness().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let page = browser.get("/portal/payments?term=shop&status=not_refunded").await;
    assert!(page.text().contains("href=\"/portal/payments.csv?term=shop&#38;status=not_refunded\""));
    let file = browser.get("/portal/payments.csv?term=shop&status=not_refunded").await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    let name = file.headers["content-disposition"].to_str().unwrap();
    assert!(name.contains("payments-sandbox-2026-11-18.csv"), "{name}");
    let lines: Vec<_> = file.text().split("\r\n").collect();
    assert!(lines[0].starts_with("\u{feff}payment,environment,order_ref,") && lines.len() == 4, "{lines:?}");
    assert!(file.text().contains(",SAR,1234.50,0.00,0.00,1234.50,not_refunded,"), "{}", file.text());
    let all = browser.get("/portal/payments.csv").await;
    assert!(all.text().contains(",'=momo,"), "{}", all.text());
    let refunds = browser.get("/portal/refunds.csv").await;
    assert_eq!(refunds.text().split("\r\n").count(), 3, "{}", refunds.text());
    assert!(refunds.text().contains(",SAR,25.00,pending,"), "{}", refunds.text());
    let lines: Vec<_> = refunds.text().split("\r\n").collect();
    assert!(lines[0].ends_with(",finished_at,requested_by"), "{lines:?}");
    let (_, asked_by) = lines[1].rsplit_once(',').unwrap();
    assert!(asked_by.starts_with("key_"), "by Redress's own API: {lines:?}");
    for (term, lines) in [("shop-3", 3), ("shop-1", 2)] {
        let narrowed = browser.get(&format!("/portal/refunds.csv?term={term}")).await;
        assert_eq!(narrowed.text().split("\r\n").count(), lines, "{term}: {}", narrowed.text());
    }
    let token = SessionToken::parse(&browser.cookies["redress-session"]).unwrap();
    let Visitor::SignedIn(who) = harness.engine.visitor(&token).await.unwrap() else { panic!() };
    let trail = harness.engine.audit_trail(&who, AuditOf::Everybody, None, 50).await.unwrap();
    let exported = trail.iter().filter(|entry| entry.deed == Deed::ListExported);
    assert_eq!(exported.count(), 5);
}

#[tokio::test]
async fn the_sums_of_a_payment_in_a_file_add_up() {
    let harness = Harness::new().await;
    harness.late_success("o1").await;
    let viewer = harness.person(Role::Viewer).await;
    let mut browser = harness.browser(&viewer).await;
    let file = browser.get("/portal/payments.csv").await;
    let lines: Vec<_> = file.text().split("\r\n").collect();
    assert!(lines[0].ends_with(",captured_at,created_at,blocked"), "new columns come last: {lines:?}");
    let sum = |column: &str| {
        let at = lines[0].split(',').position(|one| one == column).unwrap();
        lines[1].split(',').nth(at).unwrap()
    };
    let sums = ["captured", "refunded", "reserved", "blocked", "refundable"].map(sum);
    assert_eq!(sums, ["100.00", "0.00", "0.00", "40.00", "60.00"], "{lines:?}");
}

#[tokio::test]
async fn another_merchants_lists_are_empty() {
    let harness = harness().await;
    let chosen = NewPassword::Chosen(PASSWORD.into());
    let stranger = harness.person_of(&harness.other, Role::Viewer, chosen).await;
    let mut browser = harness.browser(&stranger).await;
    for path in ["/portal/payments", "/portal/payments?term=shop-1", "/portal/refunds"] {
        assert_eq!(found(&browser.get(path).await), [] as [&str; 0], "{path}");
    }
    assert_eq!(browser.get("/portal/payments.csv").await.text().split("\r\n").count(), 2);
}

#[tokio::test]
async fn every_list_says_how_it_is_sorted() {
    let harness = harness().await;
    harness.quarantined().await;
    let manager = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    for language in Language::ALL {
        browser.speaks(language.tag());
        let t = &language.texts().lists;
        for (path, sorted, marked) in [
            // Sorted by what no column shows.
            ("/portal/payments", t.last_taken_in, &[] as &[&str]),
            ("/portal/payments?from=2026-11-01", t.last_captured, &["descending"]),
            ("/portal/payments/shop-3", t.newest, &["descending"]),
            ("/portal/refunds", t.newest, &["descending"]),
            ("/portal/cases", t.newest, &["descending"]),
            ("/portal/audit", t.newest, &["descending"]),
        ] {
            let page = browser.get(path).await;
            assert_eq!(faults(page.text()), [] as [&str; 0], "{path}: {}", page.text());
            let root = parse(page.text()).unwrap();
            let captions: Vec<_> = root.all("caption").into_iter().map(|caption| &*caption.text).collect();
            assert_eq!(captions, [sorted], "{path}");
            let columns = root.all("th").into_iter();
            let sorts: Vec<_> = columns.filter_map(|column| column.attribute("aria-sort")).collect();
            assert_eq!(sorts, marked, "{path}");
        }
    }
}
