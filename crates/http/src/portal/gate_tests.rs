//! What stands in front of every page: forms of others, old forms, other people's sessions.

use std::time::Duration;

use axum::http::HeaderValue;
use redress_core::environment::Environment;
use redress_core::role::Role;
use redress_engine::engine::Engine;
use redress_engine::portal::audit::By;
use redress_engine::portal::people::{NewPassword, PortalUser, UserChange};

use super::html_check::{faults, parse};
use super::testing::{Browser, PASSWORD, form, location};
use crate::router::{Auth, routes};
use crate::testing::{Answer, Harness};

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let harness = Harness::new().await;
    let person = harness.person(Role::Viewer).await;
    let mut browser = harness.browser(&person).await;
    let page = browser.get("/portal").await;
    let fields = form(&page, "/portal/sign-out", &[]);
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://x.example")]
    {
        browser.headers.insert(name, HeaderValue::from_static(value));
        assert_eq!(browser.post("/portal/sign-out", &fields).await.status, 403, "{name}: {value}");
        browser.headers.clear();
    }
    assert_eq!(browser.get("/portal").await.status, 200, "still signed in");
    // What an old browser sends, which says nothing of where it comes from, counts by its proof alone.
    browser.headers.insert("x-old", HeaderValue::from_static("yes"));
    assert_eq!(browser.post("/portal/sign-out", &[]).await.status, 403);
    assert_eq!(browser.post("/portal/sign-out", &fields).await.status, 303);
}

#[tokio::test]
async fn every_form_is_refused_without_its_proof() {
    let harness = Harness::new().await;
    let person = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&person).await;
    let deeds = harness.engine.user_by_email(&person.email).await.unwrap().updated_at;
    for route in
        routes().into_iter().filter(|route| route.path.starts_with("/portal") && route.method == "POST")
    {
        assert!(matches!(route.auth, Auth::Portal | Auth::Nobody));
        let path = route.path.replace(['{', '}'], "");
        if path == "/portal/imports" {
            let unproved = [("proof".to_owned(), "AAAA".to_owned())];
            let answer = browser.upload(&path, &unproved, "x").await;
            assert_eq!(answer.status, 303, "its page is shown again: {answer:?}");
            continue;
        }
        for proof in ["", "AAAA", &"A".repeat(64)] {
            let secret =
                [("proof".to_owned(), proof.to_owned()), ("new_password".to_owned(), "x".to_owned())];
            let answer = browser.post(&path, &secret).await;
            assert_eq!(answer.status, 303, "{route:?}: its page is shown again {answer:?}");
            let answer = browser.post(&path, &secret[..1]).await;
            assert_eq!(answer.status, 409, "{route:?} {answer:?}");
        }
    }
    assert_eq!(browser.get("/portal").await.status, 200, "still signed in");
    assert_eq!(harness.engine.user_by_email(&person.email).await.unwrap().updated_at, deeds);
}

#[tokio::test]
async fn a_page_from_before_a_code_keeps_what_was_typed() {
    let harness = Harness::new().await;
    let person = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&person).await;
    let old = browser.get("/portal/account").await;
    let code = browser.get("/portal/code").await;
    let typed = browser.code(person.secret.as_ref().unwrap());
    assert_eq!(browser.submit(&code, "/portal/code", &[("code", &typed)]).await.status, 303);
    let again = browser.submit(&old, "/portal/preferences", &[("language", "ar")]).await;
    assert_eq!(again.status, 409, "nothing was done: {again:?}");
    assert_eq!(browser.cookies.get("redress-language"), None);
    let fields = form(&again, "/portal/preferences", &[]);
    assert!(fields.contains(&("language".into(), "ar".into())), "{fields:?}");
    assert_eq!(browser.post("/portal/preferences", &fields).await.status, 303);
    assert_eq!(browser.cookies["redress-language"], "ar");
}

/// The page that asks for a code before a form is taken, once the code was entered there.
async fn enter_code(browser: &mut Browser<'_>, secret: &str, asked: &Answer) -> Answer {
    assert_eq!(asked.status, 403, "{asked:?}");
    assert_eq!(faults(asked.text()), [] as [&str; 0], "{}", asked.text());
    let wrong = browser.submit(asked, "/portal/code", &[("code", "000000")]).await;
    assert_eq!(wrong.status, 422, "{wrong:?}");
    let code = browser.code(secret);
    let taken = browser.submit(&wrong, "/portal/code", &[("code", &code)]).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    assert_eq!(faults(taken.text()), [] as [&str; 0], "{}", taken.text());
    taken
}

#[tokio::test]
async fn a_form_that_takes_a_fresh_code_keeps_what_was_typed() {
    let harness = Harness::new().await;
    let person = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&person).await;
    let list = "/portal/settings/people";
    let page = browser.get("/portal/settings/people/new").await;
    harness.clock.advance(Duration::from_secs(16 * 60));
    let typed =
        [("name", "Mai"), ("email", "mai@shop.example"), ("role", "support"), ("limits", "SAR 50\nKWD 1.5")];
    let asked = browser.submit(&page, list, &typed).await;
    let taken = enter_code(&mut browser, person.secret.as_ref().unwrap(), &asked).await;
    assert!(harness.engine.user_by_email("mai@shop.example").await.is_err(), "nothing was done yet");
    let made = browser.submit(&taken, list, &[]).await;
    assert_eq!(made.status, 200, "{made:?}");
    let user = harness.engine.user_by_email("mai@shop.example").await.unwrap();
    assert_eq!((user.name.as_str(), user.limits.to_string().as_str()), ("Mai", "KWD:1500 SAR:5000"));
}

#[tokio::test]
async fn a_secret_is_typed_again_and_nothing_is_saved_without_it() {
    let harness = Harness::new().await;
    let person = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&person).await;
    let (merchant, tap, hush) = (harness.merchant.id, harness.merchant.tap, "sk_test_hush");
    let before = harness.engine.list_accounts(Some(merchant)).await.unwrap();
    let (list, edit) =
        ("/portal/settings/accounts".to_owned(), format!("/portal/settings/accounts/{tap}/edit"));
    for (shown, action) in [(format!("{list}/new?psp=tap"), &list), (edit.clone(), &edit)] {
        let page = browser.get(&shown).await;
        assert_eq!(page.status, 200, "{shown} {page:?}");
        harness.clock.advance(Duration::from_secs(16 * 60));
        let typed = [("name", "Our other one"), ("credential_secret_key", hush)];
        let asked = browser.submit(&page, action, &typed).await;
        let taken = enter_code(&mut browser, person.secret.as_ref().unwrap(), &asked).await;
        assert!(taken.text().contains("Secrets are not kept"), "{}", taken.text());
        let again = browser.submit(&taken, action, &[]).await;
        assert_eq!(again.status, 422, "{shown} {again:?}");
        assert!(again.text().contains("Our other one"), "{shown} {}", again.text());
        for answer in [asked, taken, again] {
            assert!(!answer.text().contains(hush), "{shown} {}", answer.text());
        }
    }
    assert_eq!(harness.engine.list_accounts(Some(merchant)).await.unwrap(), before);
}

#[tokio::test]
async fn a_form_of_another_person_proves_nothing() {
    let harness = Harness::new().await;
    let (viewer, manager) = (harness.person(Role::Viewer).await, harness.person(Role::Manager).await);
    let page = harness.browser(&viewer).await.get("/portal").await;
    let mut browser = harness.browser(&manager).await;
    browser.at = "/portal".into();
    assert_eq!(browser.submit(&page, "/portal/sign-out", &[]).await.status, 409);
}

#[tokio::test]
async fn who_is_not_signed_in_any_more_comes_back_to_the_page() {
    let harness = Harness::new().await;
    let person = harness.person(Role::Viewer).await;
    let mut browser = harness.browser(&person).await;
    harness.clock.advance(Duration::from_secs(31 * 60));
    let sent = browser.get("/portal/account?x=1").await;
    assert_eq!(location(&sent), "/portal/sign-in?next=%2Fportal%2Faccount%3Fx%3D1");
    let page = browser.follow(&sent).await;
    assert!(page.text().contains("Your session is over"), "{}", page.text());
    let typed = [("email", person.email.as_str()), ("password", PASSWORD)];
    let answer = browser.submit(&page, "/portal/sign-in", &typed).await;
    assert_eq!(location(&answer), "/portal/account?x=1");
    assert_eq!(browser.follow(&answer).await.status, 200);
}

#[tokio::test]
async fn nobody_is_sent_to_another_site() {
    let harness = Harness::new().await;
    let person = harness.person(Role::Viewer).await;
    for next in ["https://x.example/portal", "//x.example", "/portal//x.example", "/v1/payments"] {
        let mut browser = Browser::new(&harness);
        let page = browser.get(&format!("/portal/sign-in?next={next}")).await;
        let typed = [("email", person.email.as_str()), ("password", PASSWORD), ("next", next)];
        let answer = browser.submit(&page, "/portal/sign-in", &typed).await;
        assert_eq!(location(&answer), "/portal", "{next}");
    }
}

#[tokio::test]
async fn a_password_of_somebody_elses_choice_opens_nothing_but_its_change() {
    let harness = Harness::new().await;
    let drawn = NewPassword::Drawn;
    let person = harness.person_of(&harness.merchant, Role::Admin, drawn).await;
    let user = harness.engine.user_by_email(&person.email).await.unwrap();
    let reset = NewPassword::Drawn;
    let given = harness
        .engine
        .reset_password(By::Operator, user.merchant, user.id, reset)
        .await
        .unwrap()
        .expect("it was drawn");
    let given = secrecy::ExposeSecret::expose_secret(&given).to_owned();
    let mut browser = Browser::new(&harness);
    let page = browser.get("/portal/sign-in").await;
    let typed = [("email", person.email.as_str()), ("password", given.as_str())];
    let answer = browser.submit(&page, "/portal/sign-in", &typed).await;
    assert_eq!(answer.status, 303);
    for route in routes().into_iter().filter(|route| route.auth == Auth::Portal && route.method == "GET") {
        let path = route.path.replace(['{', '}'], "");
        if !["/portal/password", "/portal/code"].contains(&route.path) {
            let answer = browser.get(&path).await;
            assert_eq!(answer.status, 303, "{path}");
            assert!(location(&answer).starts_with("/portal/password"), "{path}");
        }
    }
    let page = browser.get("/portal/password").await;
    let chosen =
        [("old_password", given.as_str()), ("new_password", PASSWORD), ("repeat_password", PASSWORD)];
    let answer = browser.submit(&page, "/portal/password", &chosen).await;
    assert_eq!((answer.status.as_u16(), location(&answer).as_str()), (303, "/portal"));
    assert_eq!(browser.follow(&answer).await.status, 200);
}

#[tokio::test]
async fn by_https_the_cookies_are_secure() {
    let portal = redress_engine::portal::PortalConfig {
        https: true,
        ..redress_engine::portal::PortalConfig::default()
    };
    let config = redress_engine::config::EngineConfig { portal, ..Default::default() };
    let harness = Harness::with(config).await;
    let person = harness.person(Role::Viewer).await;
    let browser = harness.browser(&person).await;
    assert!(browser.cookies.contains_key("__Host-redress-session"), "{:?}", browser.cookies);
}

#[tokio::test]
async fn the_environment_cannot_be_overlooked_and_is_remembered() {
    let harness = Harness::new().await;
    let person = harness.person(Role::Viewer).await;
    let mut browser = harness.browser(&person).await;
    let page = browser.get("/portal").await;
    let banner = |text: &str| {
        let root = parse(text).unwrap();
        let all = root.all("div").into_iter();
        let mut banner =
            all.filter(|div| div.attribute("class").is_some_and(|of| of.starts_with("environment")));
        banner.next().unwrap().attribute("class").unwrap().to_owned()
    };
    assert_eq!(banner(page.text()), "environment is-sandbox");
    let fields = form(&page, "/portal/preferences", &[]);
    let answer = browser.post("/portal/preferences", &fields).await;
    let page = browser.follow(&answer).await;
    assert_eq!(banner(page.text()), "environment is-live");
    assert!(page.text().contains("real money moves"));
    let next = browser.get("/portal").await;
    assert!(!next.text().contains("You are in live now"), "it is said once");
}

#[tokio::test]
async fn what_is_told_in_place_of_a_page_stands_in_the_frame_of_whoever_asks() {
    let harness = Harness::new().await;
    harness.late_success("o1").await;
    let person = harness.person(Role::Support).await;
    let mut browser = harness.browser(&person).await;
    browser.cookies.insert("redress-environment".into(), "live".into());
    let start = browser.get("/portal").await;
    let menu = |page: &Answer| {
        let root = parse(page.text()).unwrap();
        let links = root.all("nav")[0].all("a").into_iter();
        links.map(|link| link.attribute("href").unwrap().to_owned()).collect::<Vec<_>>()
    };
    let framed = |page: &Answer, bar: &str| {
        assert_eq!(faults(page.text()), [] as [&str; 0], "{}", page.text());
        assert_eq!(menu(page), menu(&start), "{}", page.text());
        assert!(page.text().contains(&format!("class=\"environment {bar}\"")), "{}", page.text());
    };
    let missing = browser.get("/portal/payments/o1").await;
    assert_eq!(missing.status, 404, "it is one of the sandbox");
    framed(&missing, "is-live");
    // The switch works from there.
    assert_eq!(browser.submit(&missing, "/portal/preferences", &[]).await.status, 303);
    let refused = browser.get("/portal/audit").await;
    assert_eq!(refused.status, 403);
    framed(&refused, "is-sandbox");
    assert!(refused.text().contains("<span class=\"count\""), "what waits is counted: {}", refused.text());
    assert!(refused.text().contains("You may not do this"), "{}", refused.text());
    let way = browser.get("/portal/sign-out").await;
    assert_eq!((way.status.as_u16(), way.headers["allow"].to_str().unwrap()), (405, "POST"));
    framed(&way, "is-sandbox");
    // By a request alone too.
    let proof = form(&way, "/portal/sign-out", &[]);
    let posted = browser.post("/portal/imports/x", &proof).await;
    assert_eq!(posted.status, 403, "{posted:?}");
    framed(&posted, "is-sandbox");
    // Whoever is not signed in any more has no menu.
    harness.clock.advance(Duration::from_secs(31 * 60));
    let alone = browser.get("/portal/nothing").await;
    assert_eq!(alone.status, 404);
    assert!(!alone.text().contains("<nav") && alone.text().contains("To the start"), "{}", alone.text());
}

/// What happens while a form comes in: the operator changes somebody.
async fn changing(engine: Engine, user: PortalUser, change: UserChange) {
    let changed = engine.change_user(By::Operator, user.merchant, user.id, change).await;
    assert!(matches!(changed, Ok(Some(_))), "{changed:?}");
}

async fn nobody_asks_for_the_rest() {
    panic!("it was read");
}

#[tokio::test]
async fn who_is_disabled_or_of_another_role_while_a_form_comes_in_does_nothing_by_it() {
    let harness = Harness::new().await;
    let (admin, manager) = (harness.armed(Role::Admin).await, harness.person(Role::Manager).await);
    let off = UserChange { disabled: Some(true), ..UserChange::default() };
    let less = UserChange { role: Some(Role::Support), ..UserChange::default() };
    let user = async |email: &str| harness.engine.user_by_email(email).await.unwrap();
    let engine = || harness.engine.clone();

    let keys = async || harness.engine.list_keys(harness.merchant.id).await.unwrap();
    let (list, before) = ("/portal/settings/keys", keys().await);
    let mut browser = harness.browser(&admin).await;
    let page = browser.get("/portal/settings/keys/new").await;
    let fields = form(&page, list, &[("kind", "api")]);
    let meanwhile = changing(engine(), user(&admin.email).await, off.clone());
    let sent = browser.post_in_pieces(list, &fields, meanwhile).await;
    assert!(location(&sent).starts_with("/portal/sign-in"), "as of one who comes only now: {sent:?}");
    assert_eq!(keys().await, before);

    let mut browser = harness.browser(&manager).await;
    let fields = form(&browser.get("/portal/imports").await, "/portal/imports", &[]);
    let meanwhile = changing(engine(), user(&manager.email).await, less);
    let sent = browser.upload_in_pieces("/portal/imports", &fields, "x", meanwhile).await;
    assert_eq!(sent.status, 403, "{sent:?}");
    let meanwhile = changing(engine(), user(&manager.email).await, off);
    let sent = browser.upload_in_pieces("/portal/imports", &fields, "x", meanwhile).await;
    assert!(location(&sent).starts_with("/portal/sign-in"), "{sent:?}");
    let (merchant, sandbox) = (harness.merchant.id, Environment::Sandbox);
    assert_eq!(harness.engine.list_imports(merchant, sandbox, None, 10).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_form_of_nobody_is_not_read() {
    let harness = Harness::new().await;
    let mut browser = Browser::new(&harness);
    for path in ["/portal/settings/keys", "/portal/payments/x/refund", "/portal/code", "/portal/password"] {
        let sent = browser.post_in_pieces(path, &[], nobody_asks_for_the_rest()).await;
        assert_eq!(location(&sent), "/portal/sign-in", "{path} {sent:?}");
    }
    let sent = browser.upload_in_pieces("/portal/imports", &[], "x", nobody_asks_for_the_rest()).await;
    assert_eq!(location(&sent), "/portal/sign-in", "{sent:?}");
}
