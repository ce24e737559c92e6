//! Every page, with sample data, in every language: well-formed, labelled, proved, and nothing left out.

use std::collections::BTreeSet;

use redress_core::environment::Environment;
use redress_core::role::Role;
use redress_engine::admin::endpoints::{Dialect, NewEndpoint};
use redress_engine::admin::payments_csv::Accounts;

use super::html_check::{faults, parse};
use super::language::Language;
use super::testing::{Browser, PASSWORD, Person, form};
use crate::payment_upload::{csv, receive};
use crate::router::routes;
use crate::testing::{Answer, Harness, TestPayment};

/// A merchant with something of everything, and people who look at it.
pub(super) struct Sample {
    pub(super) harness: Harness,
    pub(super) admin: Person,
    refund: String,
    case: String,
    key: String,
    endpoint: String,
    account: String,
    person: String,
    import: String,
}

impl Sample {
    pub(super) async fn new() -> Self {
        let harness = Harness::new().await;
        let admin = harness.armed(Role::Admin).await;
        let (engine, merchant) = (&harness.engine, harness.merchant.id);
        let new = NewEndpoint {
            merchant,
            name: "Shop".into(),
            url: "https://shop.example/".into(),
            dialect: Dialect::Standard,
            environment: Environment::Sandbox,
            event_mask: None,
            credential: None,
        };
        let endpoint = engine.add_endpoint(new).await.unwrap().0.id.to_string();
        let refund = harness.pending(TestPayment::tap("sample-1", 123_450), 2_500).await.id.to_string();
        let case = harness.late_success("sample-2").await.to_string();
        let file =
            "order_ref,psp_account,psp_payment_id,currency,amount,captured_at\nsample-3,no,x,SAR,1,now\n";
        let environment = Environment::Sandbox;
        let rows = csv(file.as_bytes(), environment, "here", &Accounts::default()).unwrap();
        let import = receive(engine, (merchant, environment), "desk", false, rows);
        let import = import.await.unwrap().to_string();
        while engine.work_imports_once().await.unwrap() {}
        engine.number_events_once().await.unwrap();
        while engine.count_days_once().await.unwrap() {}
        let key = engine.list_keys(merchant).await.unwrap()[2].id.to_string();
        let person = engine.list_users(merchant).await.unwrap()[0].id.to_string();
        let account = harness.merchant.tap.to_string();
        Self { admin, refund, case, import, key, endpoint, account, person, harness }
    }
}

impl Sample {
    /// Where an example of a route is.
    pub(super) fn example(&self, route: &str) -> String {
        let area = route.trim_start_matches("/portal/").trim_start_matches("settings/").split('/').next();
        let id = match area {
            Some("cases") => &self.case,
            Some("imports") => &self.import,
            Some("keys") => &self.key,
            Some("endpoints") => &self.endpoint,
            Some("accounts") => &self.account,
            Some("people") => &self.person,
            _ => &self.refund,
        };
        route.replace("{payment}", "sample-1").replace("{id}", id)
    }
}

/// Each page that is got, by its route, and where an example of it is.
fn pages(sample: &Sample) -> Vec<(&'static str, String)> {
    [
        "/portal",
        "/portal/account",
        "/portal/audit",
        "/portal/cases",
        "/portal/cases/{id}",
        "/portal/code",
        "/portal/imports",
        "/portal/imports/{id}",
        "/portal/overview",
        "/portal/password",
        "/portal/payments",
        "/portal/payments/{payment}",
        "/portal/payments/{payment}/dispute",
        "/portal/payments/{payment}/refund",
        "/portal/payments/{payment}/refund/summary",
        "/portal/refunds",
        "/portal/refunds/{id}",
        "/portal/refunds/{id}/cancel",
        "/portal/refunds/{id}/close",
        "/portal/second-factor",
        "/portal/second-factor/confirm",
        "/portal/settings",
        "/portal/settings/accounts",
        "/portal/settings/accounts/new",
        "/portal/settings/accounts/{id}",
        "/portal/settings/accounts/{id}/edit",
        "/portal/settings/endpoints",
        "/portal/settings/endpoints/new",
        "/portal/settings/endpoints/{id}",
        "/portal/settings/endpoints/{id}/edit",
        "/portal/settings/keys",
        "/portal/settings/keys/new",
        "/portal/settings/keys/{id}",
        "/portal/settings/people",
        "/portal/settings/people/new",
        "/portal/settings/people/{id}",
        "/portal/sign-in",
    ]
    .map(|route| {
        let path = sample.example(route);
        let typed = "?key=k&seen=120950&amount=1.00&reason=duplicate&note=x";
        (route, if route.ends_with("/summary") { path + typed } else { path })
    })
    .to_vec()
}

/// What is no page.
const NO_PAGES: [&str; 5] = [
    "/portal/portal.css",
    "/portal/portal.js",
    "/portal/payments.csv",
    "/portal/refunds.csv",
    "/portal/refunds/{id}/live",
];

/// Whether the answer is a page without a fault, in its language; and not larger than a page may be, with all that it
/// loads and before it is compressed.
fn check(what: &str, answer: &Answer, language: Language) {
    let page = answer.text();
    assert_eq!(faults(page), [] as [&str; 0], "{what} {language:?}: {page}");
    let root = parse(page).unwrap();
    let html = root.all("html")[0];
    assert_eq!(html.attribute("lang"), Some(language.tag()), "{what}");
    assert_eq!(html.attribute("dir"), Some(language.dir()), "{what}");
    // What others said stands in `pre` and `code`.
    let text = root.text_without(&["pre", "code"]);
    // What was to be filled in, and was not.
    assert!(!text.contains(['{', '}']), "{what} {language:?}: {text}");
    let main = root.all("main")[0].whole_text();
    let arabic = main.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c));
    assert_eq!(arabic, language == Language::Arabic, "{what} {language:?}: {main}");
    assert!(page.len() < 60_000, "{what}: {} bytes", page.len());
    assert_eq!(answer.headers["cache-control"], "no-store", "{what}");
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{what}: {policy}");
    for header in ["x-content-type-options", "referrer-policy", "x-frame-options"] {
        assert!(answer.headers.contains_key(header), "{what}: {header}");
    }
}

/// Below a list of the settings the way back to it stands above the page.
fn assert_list_is_named_above(route: &str, answer: &Answer) {
    let parts: Vec<_> = route.split('/').collect();
    let ["", "portal", "settings", area, _, ..] = parts[..] else { return };
    let root = parse(answer.text()).unwrap();
    let crumb = root.below().into_iter().find(|element| element.attribute("class") == Some("crumb"));
    let ways: Vec<_> = crumb.unwrap().all("a").iter().filter_map(|way| way.attribute("href")).collect();
    assert_eq!(ways, ["/portal/settings", format!("/portal/settings/{area}").as_str()], "{route}");
}

#[tokio::test]
async fn every_page_is_whole_in_every_language() {
    let sample = Sample::new().await;
    let pages = pages(&sample);
    let shown: BTreeSet<_> = pages.iter().map(|(route, _)| *route).chain(NO_PAGES).collect();
    let served =
        routes().into_iter().filter(|route| route.path.starts_with("/portal") && route.method == "GET");
    let served: BTreeSet<_> = served.map(|route| route.path).collect();
    assert_eq!(shown, served, "a page that nobody looks at here");

    let mut browser = sample.harness.browser(&sample.admin).await;
    let begin = browser.get("/portal/second-factor").await;
    let begun = browser.submit(&begin, "/portal/second-factor", &[("password", PASSWORD)]).await;
    assert_eq!(begun.status, 303, "{begun:?}");
    for language in Language::ALL {
        for (route, path) in &pages {
            // The sign-in page is for those who are not signed in.
            let answer = if *route == "/portal/sign-in" {
                let mut nobody = Browser::new(&sample.harness);
                nobody.speaks(language.tag());
                nobody.get(path).await
            } else {
                browser.speaks(language.tag());
                browser.get(path).await
            };
            assert_eq!(answer.status, 200, "{route} {path} {answer:?}");
            check(route, &answer, language);
            assert_list_is_named_above(route, &answer);
        }
    }
}

#[tokio::test]
async fn nothing_of_another_merchant_exists_by_page_or_by_request() {
    let sample = Sample::new().await;
    let mut stranger = sample.harness.browser(&sample.harness.stranger().await).await;
    let start = stranger.get("/portal").await;
    let fields: Vec<_> = form(&start, "/portal/sign-out", &[]);
    let of_one = routes().into_iter().filter(|route| route.path.starts_with("/portal/"));
    let of_one: Vec<_> = of_one.filter(|route| route.path.contains('{')).collect();
    assert!(of_one.len() > 40, "{}", of_one.len());
    for route in of_one {
        let path = sample.example(route.path);
        let answer = if route.method == "GET" {
            stranger.get(&path).await
        } else {
            stranger.post(&path, &fields).await
        };
        assert_eq!(answer.status, 404, "{} {path} {answer:?}", route.method);
        // The page to come back to with another language is the one that was asked for.
        let told = answer.text().replace(&format!("value=\"{path}\""), "");
        assert!(!told.contains("sample"), "{} {path}", route.method);
    }
}

#[tokio::test]
async fn answers_without_a_page_of_their_own_are_whole_too() {
    let sample = Sample::new().await;
    let mut browser = sample.harness.browser(&sample.admin).await;
    for language in Language::ALL {
        browser.speaks(language.tag());
        let missing = browser.get("/portal/nothing").await;
        assert_eq!(missing.status, 404);
        check("no such page", &missing, language);
        let alone = Browser::new(&sample.harness).get("/portal/nothing").await;
        assert_eq!(alone.status, 404);
        assert!(!alone.text().contains("class=\"environment"), "nobody is signed in: {}", alone.text());
        let foreign = browser.post("/portal/no-such-form", &[]).await;
        assert_eq!(foreign.status, 404);
        let method = browser.get("/portal/sign-out").await;
        assert_eq!(method.status, 405);
        check("another method", &method, language);
        let large = "x".repeat(crate::limits::BODY_BYTES_MAX + 1);
        let large = browser.post("/portal/sign-out", &[("x".into(), large)]).await;
        assert_eq!(large.status, 413);
        check("too large", &large, language);
        // An unproved form with nothing secret in it is shown again.
        let again = browser.post("/portal/preferences", &[("language".into(), language.tag().into())]).await;
        assert_eq!(again.status, 409);
        check("again", &again, language);
    }
}

#[tokio::test]
async fn what_pages_load_is_kept_and_small() {
    let harness = Harness::new().await;
    let page = Browser::new(&harness).get("/portal/sign-in").await;
    let root = parse(page.text()).unwrap();
    let links = root.all("link").into_iter().filter_map(|link| link.attribute("href"));
    let scripts = root.all("script").into_iter().filter_map(|script| script.attribute("src"));
    let mut bytes = 0;
    for path in links.chain(scripts).filter(|path| path.starts_with('/')).collect::<Vec<_>>() {
        let answer = Browser::new(&harness).get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.headers["cache-control"], "public, max-age=31536000, immutable", "{path}");
        let old = Browser::new(&harness).get(path.split('?').next().unwrap()).await;
        assert_eq!((old.headers["cache-control"].to_str().unwrap(), &old.body), ("no-store", &answer.body));
        bytes += answer.body.len();
    }
    assert!((1..40_000).contains(&bytes), "{bytes}");
}
