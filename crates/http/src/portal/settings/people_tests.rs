//! People at the portal, as an admin looks after them; and the trail of it.

use redress_core::audit::Deed;
use redress_core::role::{RefundLimits, Role};
use redress_engine::portal::audit::By;
use redress_engine::portal::people::UserChange;

use super::testing::{beside, deeds, shown, whole};
use crate::portal::testing::{Browser, form, location};
use crate::testing::{Answer, Harness};

const LIST: &str = "/portal/settings/people";

#[tokio::test]
async fn a_person_is_added_with_a_password_that_is_shown_once_and_works_once() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let page = browser.get("/portal/settings/people/new").await;
    let empty = browser.submit(&page, LIST, &[]).await;
    for field in ["name", "email", "role"] {
        assert!(beside(&empty, field).contains("needed"), "{field}");
    }
    let typed = [("name", "Mai"), ("email", "mai"), ("role", "support"), ("limits", "SAR abc")];
    let wrong = browser.submit(&page, LIST, &typed).await;
    assert!(beside(&wrong, "limits").contains("SAR 1000.00"));
    let kept = form(&wrong, LIST, &[]);
    for (name, value) in typed {
        assert!(kept.contains(&(name.into(), value.into())), "{kept:?}");
    }
    let typed = [("name", "Mai"), ("email", "mai"), ("role", "support"), ("limits", "SAR 50")];
    assert!(beside(&browser.submit(&page, LIST, &typed).await, "email").contains("no email"));

    let typed =
        [("name", "Mai"), ("email", "Mai@shop.example"), ("role", "support"), ("limits", "SAR 50\nKWD 1.5")];
    let made = browser.submit(&page, LIST, &typed).await;
    let password = shown(&made, "secret");
    let user = harness.engine.user_by_email("mai@shop.example").await.unwrap();
    assert_eq!((user.role, user.password_temporary), (Role::Support, true));
    assert_eq!(Some(user.limits.clone()), RefundLimits::parse("KWD:1500 SAR:5000"));
    let path = format!("{LIST}/{}", user.id);
    // The same form again, as when that page is loaded anew; and another one with the same address.
    let again = browser.submit(&page, LIST, &typed).await;
    assert_eq!(location(&again), path);
    let told = browser.follow(&again).await;
    assert!(told.text().contains("It added this person") && !told.text().contains(&password));
    let page = browser.get("/portal/settings/people/new").await;
    let taken = browser.submit(&page, LIST, &typed).await;
    assert!(taken.status == 409 && taken.text().contains("already") && !taken.text().contains(&password));
    let shown_page = browser.get(&path).await;
    assert!(
        whole(&shown_page).contains("Has to choose a password") && !shown_page.text().contains(&password)
    );

    let mut theirs = Browser::new(&harness);
    let sign_in = theirs.get("/portal/sign-in").await;
    let typed = [("email", "mai@shop.example"), ("password", password.as_str())];
    let answer = theirs.submit(&sign_in, "/portal/sign-in", &typed).await;
    let start = theirs.get("/portal").await;
    assert_eq!((answer.status.as_u16(), location(&start).as_str()), (303, "/portal/password"));
    let noted = deeds(&harness, &browser).await;
    assert!(noted.contains(&(Deed::UserAdded, Some(user.id.to_string()))), "{noted:?}");
}

#[tokio::test]
async fn a_person_is_changed_disabled_and_given_new_proofs() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let other = harness.armed(Role::Support).await;
    let mut theirs = harness.browser(&other).await;
    let user = async || harness.engine.user_by_email(&other.email).await.unwrap();
    let path = format!("{LIST}/{}", user().await.id);

    let page = browser.get(&path).await;
    assert!(form(&page, &path, &[]).contains(&("limits".into(), "SAR 50.00".into())), "{}", page.text());
    assert!(beside(&browser.submit(&page, &path, &[("name", "")]).await, "name").contains("needed"));
    let typed = [("name", "Lan"), ("role", "support"), ("limits", "SAR 75")];
    assert_eq!(location(&browser.submit(&page, &path, &typed).await), path);
    let now = user().await;
    assert_eq!((now.name.as_str(), now.limits.to_string().as_str()), ("Lan", "SAR:7500"));
    let page = browser.get(&path).await;
    browser.submit(&page, &path, &[("role", "manager"), ("limits", "")]).await;
    let now = user().await;
    assert_eq!(
        (now.role, now.limits.to_string().as_str()),
        (Role::Manager, "SAR:7500"),
        "limits of before stay"
    );

    assert_eq!(theirs.get("/portal").await.status, 200);
    browser.submit(&page, &format!("{path}/sessions"), &[]).await;
    assert!(location(&theirs.get("/portal").await).starts_with("/portal/sign-in"));
    browser.submit(&page, &format!("{path}/second-factor"), &[]).await;
    assert!(!user().await.has_second_factor);
    let reset = browser.submit(&page, &format!("{path}/password"), &[]).await;
    assert!(shown(&reset, "secret").len() > 12 && user().await.password_temporary);
    browser.submit(&page, &format!("{path}/disable"), &[]).await;
    assert!(user().await.disabled_at.is_some());
    let page = browser.get(&path).await;
    assert!(whole(&page).contains("Disabled since"));
    browser.submit(&page, &format!("{path}/enable"), &[]).await;
    assert!(user().await.disabled_at.is_none());
    let noted = deeds(&harness, &browser).await;
    for deed in [
        Deed::UserChanged,
        Deed::SessionsEnded,
        Deed::SecondFactorReset,
        Deed::PasswordReset,
        Deed::UserDisabled,
        Deed::UserEnabled,
    ] {
        assert!(noted.contains(&(deed, Some(user().await.id.to_string()))), "{deed:?}: {noted:?}");
    }
}

#[tokio::test]
async fn the_last_admin_stays_and_looks_after_the_own_proofs_elsewhere() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let user = harness.engine.user_by_email(&admin.email).await.unwrap();
    let path = format!("{LIST}/{}", user.id);
    let page = browser.get(&path).await;
    let text = whole(&page);
    assert!(text.contains("This is you") && !page.text().contains("/second-factor\""), "{text}");
    let refused = browser.submit(&page, &path, &[("role", "viewer")]).await;
    assert!(refused.status == 409 && whole(&refused).contains("only administrator"), "{refused:?}");
    assert_eq!(harness.engine.user_by_email(&admin.email).await.unwrap().role, Role::Admin);
}

/// What stands in the form that changes a person.
fn stands(page: &Answer, path: &str, field: &str) -> Option<String> {
    form(page, path, &[]).into_iter().find_map(|(name, value)| (name == field).then_some(value))
}

#[tokio::test]
async fn a_page_of_before_gives_no_role_back_that_was_taken_meanwhile() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let other = harness.armed(Role::Support).await;
    let user = async || harness.engine.user_by_email(&other.email).await.unwrap();
    let before = user().await;
    let path = format!("{LIST}/{}", before.id);
    let page = browser.get(&path).await;
    // Another admin meanwhile.
    let less = RefundLimits::parse("SAR:1000");
    let taken = UserChange { role: Some(Role::Viewer), limits: less.clone(), ..UserChange::default() };
    harness.engine.change_user(By::Operator, before.merchant, before.id, taken).await.unwrap();

    let late = browser.submit(&page, &path, &[("name", "Lan")]).await;
    let text = whole(&late);
    assert!(late.status == 409 && text.contains("Something happened after this page was made"), "{late:?}");
    let now = user().await;
    assert_eq!((&now.name, now.role, Some(&now.limits)), (&before.name, Role::Viewer, less.as_ref()));
    // What was typed is kept, and the rest is as it is now.
    for (field, value) in [("name", "Lan"), ("role", "viewer"), ("limits", "SAR 10.00")] {
        assert_eq!(stands(&late, &path, field).as_deref(), Some(value), "{field}");
    }
    // Also after something else was wrong first, and where the form does not say what it showed.
    let wrong = browser.submit(&page, &path, &[("name", "")]).await;
    assert!(beside(&wrong, "name").contains("needed"));
    assert_eq!(browser.submit(&wrong, &path, &[("name", "Lan")]).await.status, 409);
    let mut bare = form(&late, &path, &[]);
    bare.retain(|(name, _)| !name.starts_with("seen"));
    assert_eq!(browser.post(&path, &bare).await.status, 409);
    // A role that was chosen on such a page is chosen again.
    let chosen = browser.submit(&page, &path, &[("role", "admin")]).await;
    assert_eq!((chosen.status.as_u16(), stands(&chosen, &path, "role")), (409, None));
    assert!(beside(&browser.submit(&chosen, &path, &[]).await, "role").contains("needed"));
    assert_eq!(user().await, now);

    // With what is known now it is done; twice, as by a double click, is once.
    for _ in 0..2 {
        assert_eq!(location(&browser.submit(&late, &path, &[]).await), path);
        assert_eq!((user().await.name.as_str(), user().await.role), ("Lan", Role::Viewer));
    }
    let noted = deeds(&harness, &browser).await;
    let noted = noted.iter().filter(|(deed, _)| *deed == Deed::UserChanged).count();
    assert_eq!(noted, 2, "by the operator, and here");
}

#[tokio::test]
async fn a_form_that_is_sent_twice_at_once_adds_one_person_and_shows_the_password() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let people = async || harness.engine.list_users(harness.merchant.id).await.unwrap().len();
    let page = browser.get("/portal/settings/people/new").await;
    let mut tab = browser.tab();
    let typed = [("name", "Mai"), ("email", "mai@shop.example"), ("role", "viewer")];
    let (first, second) = tokio::join!(browser.submit(&page, LIST, &typed), tab.submit(&page, LIST, &typed));
    assert_eq!(people().await, 2, "{first:?} {second:?}");
    let (made, told) = if first.status == 200 { (first, second) } else { (second, first) };
    let password = shown(&made, "secret");
    let user = harness.engine.user_by_email("mai@shop.example").await.unwrap();
    let path = format!("{LIST}/{}", user.id);
    assert!([LIST, path.as_str()].contains(&location(&told).as_str()), "{told:?}");
    // A form with something else in it, and one from before there were keys of forms.
    let other = browser.submit(&page, LIST, &[("email", "lan@shop.example"), typed[0], typed[2]]).await;
    assert_eq!(location(&other), LIST);
    assert!(browser.follow(&other).await.text().contains("nothing more was made"));
    let old = [("name", "Lan"), ("email", "lan@shop.example"), ("role", "viewer"), ("key", "")];
    assert_eq!(location(&browser.submit(&page, LIST, &old).await), format!("{LIST}/new"));
    assert_eq!(people().await, 2);
    let noted = deeds(&harness, &browser).await;
    assert_eq!(
        noted.iter().filter(|(deed, _)| *deed == Deed::UserAdded).count(),
        2,
        "the admin, and this one"
    );

    let mut theirs = Browser::new(&harness);
    let sign_in = theirs.get("/portal/sign-in").await;
    let typed = [("email", "mai@shop.example"), ("password", password.as_str())];
    let answer = theirs.submit(&sign_in, "/portal/sign-in", &typed).await;
    assert_eq!(answer.status, 303, "the one that was shown counts");
}

#[tokio::test]
async fn a_form_that_is_sent_again_gives_one_password() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let other = harness.person(Role::Viewer).await;
    let user = harness.engine.user_by_email(&other.email).await.unwrap();
    let path = format!("{LIST}/{}", user.id);
    let reset = format!("{path}/password");
    let page = browser.get(&path).await;
    let mut tab = browser.tab();
    // A double click.
    let (first, second) = tokio::join!(browser.submit(&page, &reset, &[]), tab.submit(&page, &reset, &[]));
    let (made, told) = if first.status == 200 { (first, second) } else { (second, first) };
    let password = shown(&made, "secret");
    assert_eq!(location(&told), path);
    // A reload, and a form from before there were keys of forms.
    let again = browser.submit(&page, &reset, &[]).await;
    assert_eq!(location(&again), path);
    assert!(browser.follow(&again).await.text().contains("It gave one new password"));
    assert_eq!(location(&browser.submit(&page, &reset, &[("key", "")]).await), path);
    let noted = deeds(&harness, &browser).await;
    let noted = noted.iter().filter(|(deed, _)| *deed == Deed::PasswordReset).count();
    assert_eq!(noted, 1);

    let sign_in = async |password: &str| {
        let mut theirs = Browser::new(&harness);
        let page = theirs.get("/portal/sign-in").await;
        let typed = [("email", other.email.as_str()), ("password", password)];
        theirs.submit(&page, "/portal/sign-in", &typed).await.status.as_u16()
    };
    assert_eq!(sign_in(&password).await, 303, "the one that was shown counts");
    // Another form is meant.
    let page = browser.get(&path).await;
    let made = browser.submit(&page, &reset, &[]).await;
    let another = shown(&made, "secret");
    assert_eq!((sign_in(&password).await, sign_in(&another).await), (422, 303));
}
