//! Signing in and out, codes, passwords, second factors and sessions, in a browser.

use std::time::Duration;

use redress_core::role::Role;

use super::html_check::parse;
use super::testing::{Browser, PASSWORD, location};
use crate::testing::Harness;

#[tokio::test]
async fn a_wrong_password_keeps_the_address_and_tells_nothing() {
    let harness = Harness::new().await;
    let person = harness.person(Role::Viewer).await;
    let mut told = Vec::new();
    for email in [person.email.as_str(), "nobody@shop.example"] {
        let mut browser = Browser::new(&harness);
        let page = browser.get("/portal/sign-in").await;
        let typed = [("email", email), ("password", "not this one, no")];
        let answer = browser.submit(&page, "/portal/sign-in", &typed).await;
        assert_eq!(answer.status, 422);
        let root = parse(answer.text()).unwrap();
        let of = |name: &str| {
            let inputs = root.all("input");
            let input = inputs.iter().find(|input| input.attribute("name") == Some(name)).unwrap();
            input.attribute("value").unwrap().to_owned()
        };
        assert_eq!((of("email").as_str(), of("password").as_str()), (email, ""));
        told.push(root.all("p").iter().find(|p| p.attribute("role") == Some("alert")).unwrap().text.clone());
    }
    assert_eq!(told[0], told[1]);
}

#[tokio::test]
async fn whoever_guesses_is_told_when_to_come_back() {
    let harness = Harness::new().await;
    let person = harness.person(Role::Viewer).await;
    let mut browser = Browser::new(&harness);
    let page = browser.get("/portal/sign-in").await;
    let try_with = |password: &'static str| {
        let (mut browser, page, email) = (browser.tab(), page.clone(), person.email.clone());
        async move { browser.submit(&page, "/portal/sign-in", &[("email", &email), ("password", password)]).await }
    };
    for _ in 0..6 {
        try_with("not this one, no").await;
    }
    let waits = try_with(PASSWORD).await;
    assert_eq!(waits.status, 429, "a good one is not looked at either");
    assert!(waits.text().contains("Too many wrong tries"), "{}", waits.text());
    harness.clock.advance(Duration::from_secs(60));
    assert_eq!(try_with(PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a_second_factor_is_set_up_shown_and_stands_in_for_by_recovery_codes() {
    let harness = Harness::new().await;
    let person = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&person).await;
    let page = browser.get("/portal/second-factor?next=%2Fportal%2Faccount").await;
    let wrong = browser.submit(&page, "/portal/second-factor", &[("password", "not this one")]).await;
    assert_eq!(wrong.status, 422);
    let begun = browser.submit(&page, "/portal/second-factor", &[("password", PASSWORD)]).await;
    let page = browser.follow(&begun).await;
    let root = parse(page.text()).unwrap();
    assert_eq!(root.all("svg").len(), 1, "a picture to scan");
    let codes = root.all("code");
    let secret: String = codes[0].text.split_whitespace().collect();
    let wrong = browser.submit(&page, "/portal/second-factor/confirm", &[("code", "000000")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains(&codes[0].text), "the secret is shown again");
    let code = browser.code(&secret);
    // As an Arabic keyboard gives it.
    let arabic: String =
        code.chars().map(|c| char::from_u32(0x660 + c.to_digit(10).unwrap()).unwrap()).collect();
    let confirmed = browser.submit(&page, "/portal/second-factor/confirm", &[("code", &arabic)]).await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    let root = parse(confirmed.text()).unwrap();
    let recovery: Vec<_> = root.all("code").iter().map(|code| code.text.clone()).collect();
    assert_eq!(recovery.len(), 10);
    let again = browser.submit(&page, "/portal/second-factor/confirm", &[("code", &code)]).await;
    assert_ne!(again.status, 200, "they are shown once");
    let reloaded = browser.get("/portal/second-factor/confirm").await;
    let account = browser.follow(&reloaded).await;
    assert!(account.text().contains("Nothing is being set up any more"), "{}", account.text());
    assert!(account.text().contains("action=\"/portal/recovery-codes\""), "{}", account.text());
    assert_eq!(browser.get("/portal").await.status, 200, "the browser stays signed in");

    let mut browser = Browser::new(&harness);
    let page = browser.get("/portal/sign-in?next=%2Fportal%2Fpassword").await;
    let typed = [("email", person.email.as_str()), ("password", PASSWORD)];
    let answer = browser.submit(&page, "/portal/sign-in", &typed).await;
    let before = browser.get("/portal").await;
    assert!(location(&before).starts_with("/portal/code"), "a password alone opens nothing: {before:?}");
    let page = browser.follow(&answer).await;
    let wrong = browser.submit(&page, "/portal/code", &[("code", "000000")]).await;
    assert_eq!(wrong.status, 422);
    let answer = browser.submit(&page, "/portal/code", &[("code", &recovery[0])]).await;
    assert_eq!(location(&answer), "/portal/account", "where it shows how many are left");
    let account = browser.follow(&answer).await;
    assert!(account.text().contains('9') && account.text().contains("A recovery code was used"));
}

#[tokio::test]
async fn a_form_that_is_sent_again_makes_recovery_codes_once() {
    let harness = Harness::new().await;
    let person = harness.armed(Role::Viewer).await;
    let mut browser = harness.browser(&person).await;
    let (path, account) = ("/portal/recovery-codes", "/portal/account");
    let page = browser.get(account).await;
    let made = browser.submit(&page, path, &[]).await;
    assert_eq!(made.status, 200, "{made:?}");
    let root = parse(made.text()).unwrap();
    let codes: Vec<_> = root.all("code").iter().map(|code| code.text.clone()).collect();
    // A reload, and a form from before there were keys of forms.
    let again = browser.submit(&page, path, &[]).await;
    assert_eq!(location(&again), account);
    assert!(browser.follow(&again).await.text().contains("It made new recovery codes"));
    assert_eq!(location(&browser.submit(&page, path, &[("key", "")]).await), account);

    let taken = async |code: &str| {
        let mut browser = Browser::new(&harness);
        let page = browser.get("/portal/sign-in").await;
        let typed = [("email", person.email.as_str()), ("password", PASSWORD)];
        let answer = browser.submit(&page, "/portal/sign-in", &typed).await;
        let page = browser.follow(&answer).await;
        browser.submit(&page, "/portal/code", &[("code", code)]).await.status.as_u16()
    };
    assert_eq!(taken(&codes[0]).await, 303, "those that were shown count");
    // Another form is meant.
    let page = browser.get(account).await;
    assert_eq!(browser.submit(&page, path, &[]).await.status, 200);
    assert_eq!(taken(&codes[1]).await, 422);
}

#[tokio::test]
async fn a_code_of_the_authenticator_goes_on_where_one_wanted_to() {
    let harness = Harness::new().await;
    let person = harness.armed(Role::Manager).await;
    let mut browser = Browser::new(&harness);
    let page = browser.get("/portal/sign-in?next=%2Fportal%2Fpassword").await;
    let typed = [("email", person.email.as_str()), ("password", PASSWORD)];
    let answer = browser.submit(&page, "/portal/sign-in", &typed).await;
    let page = browser.follow(&answer).await;
    let code = browser.code(person.secret.as_ref().unwrap());
    let answer = browser.submit(&page, "/portal/code", &[("code", &code)]).await;
    assert_eq!(location(&answer), "/portal/password");
    // Later a fresh one is asked for before another authenticator is set up.
    harness.clock.advance(Duration::from_secs(16 * 60));
    let asked = browser.get("/portal/second-factor").await;
    assert_eq!(location(&asked), "/portal/code?next=%2Fportal%2Fsecond-factor");
    let page = browser.follow(&asked).await;
    let code = browser.code(person.secret.as_ref().unwrap());
    let answer = browser.submit(&page, "/portal/code", &[("code", &code)]).await;
    assert_eq!(location(&answer), "/portal/second-factor");
    assert_eq!(browser.follow(&answer).await.status, 200);
}

#[tokio::test]
async fn a_password_is_changed_with_words_beside_what_is_wrong() {
    let harness = Harness::new().await;
    let person = harness.person(Role::Viewer).await;
    let mut browser = harness.browser(&person).await;
    let mut other = harness.browser(&person).await;
    let page = browser.get("/portal/password").await;
    for (typed, wrong) in [
        (["", "a new one, quite long", "a new one, quite long"], "old_password"),
        (["not this one, no", "a new one, quite long", "a new one, quite long"], "old_password"),
        ([PASSWORD, "short", "short"], "new_password"),
        ([PASSWORD, PASSWORD, PASSWORD], "new_password"),
        ([PASSWORD, "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa"], "new_password"),
        ([PASSWORD, "a new one, quite long", "another"], "repeat_password"),
    ] {
        let fields = [("old_password", typed[0]), ("new_password", typed[1]), ("repeat_password", typed[2])];
        let answer = browser.submit(&page, "/portal/password", &fields).await;
        assert_eq!(answer.status, 422, "{typed:?}");
        assert!(answer.text().contains(&format!("id=\"f-{wrong}-wrong\"")), "{typed:?}: {}", answer.text());
    }
    let good = "a new one, quite long";
    let fields = [("old_password", PASSWORD), ("new_password", good), ("repeat_password", good)];
    let answer = browser.submit(&page, "/portal/password", &fields).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let next = browser.follow(&answer).await;
    assert!(next.text().contains("Your password is changed"), "{}", next.text());
    assert_eq!(other.get("/portal").await.status, 303, "other sessions are over");
}

#[tokio::test]
async fn sessions_are_shown_and_ended() {
    let harness = Harness::new().await;
    let person = harness.person(Role::Support).await;
    let mut here = harness.browser(&person).await;
    let mut there = harness.browser(&person).await;
    let stranger = harness.person_of(
        &harness.other,
        Role::Admin,
        redress_engine::portal::people::NewPassword::Chosen(PASSWORD.into()),
    );
    let mut stranger = harness.browser(&stranger.await).await;
    let page = here.get("/portal/account").await;
    assert!(page.text().contains("50.00 SAR"), "the limit: {}", page.text());
    let end = "/portal/account/end-session";
    let fields = super::testing::form(&page, end, &[]);
    let theirs = stranger.get("/portal/account").await;
    let mut foreign = super::testing::form(&theirs, "/portal/sign-out", &[]);
    foreign.push(fields.iter().find(|(name, _)| name == "session").unwrap().clone());
    assert_eq!(stranger.post(end, &foreign).await.status, 404, "not one's own");
    assert_eq!(there.get("/portal").await.status, 200);
    assert_eq!(here.post(end, &fields).await.status, 303);
    assert_eq!(there.get("/portal").await.status, 303);
    let mut there = harness.browser(&person).await;
    let page = here.get("/portal/account").await;
    assert_eq!(here.submit(&page, "/portal/sign-out-everywhere", &[]).await.status, 303);
    for browser in [&mut here, &mut there] {
        assert_eq!(browser.get("/portal").await.status, 303);
    }
}
