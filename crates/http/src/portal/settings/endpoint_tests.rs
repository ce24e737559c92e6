//! Endpoints at the portal: added, tested, switched, given another secret, and revoked.

use std::time::Duration;

use redress_core::audit::Deed;
use redress_core::environment::Environment;
use redress_core::role::Role;
use redress_engine::admin::endpoint_edit::EndpointEdit;
use redress_engine::admin::endpoints::Endpoint;

use super::testing::{add_endpoint, beside, deeds, proof, shown, whole};
use crate::portal::testing::{form, location};
use crate::testing::{Harness, TestPayment};

#[tokio::test]
async fn an_endpoint_is_added_tested_switched_and_revoked() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let (list, new) = ("/portal/settings/endpoints", "/portal/settings/endpoints/new");
    let page = browser.get(new).await;
    for url in ["", "shop.example", "http://10.0.0.1/", "https://a:b@shop.example/"] {
        let typed = [("name", "The shop"), ("url", url), ("dialect", "portone")];
        let wrong = browser.submit(&page, list, &typed).await;
        assert!(!beside(&wrong, "url").is_empty());
        let kept = form(&wrong, list, &[]);
        for (name, value) in typed {
            assert!(kept.contains(&(name.into(), value.into())), "{url}: {kept:?}");
        }
    }
    let typed = [("name", "The shop"), ("url", "http://sandbox.test/hook"), ("events", "refund.created")];
    let made = browser.submit(&page, list, &typed).await;
    let secret = shown(&made, "secret");
    assert!(secret.starts_with("whsec_"), "{secret}");
    let again = browser.submit(&page, list, &typed).await;
    let found = async || {
        let all = harness.engine.list_endpoints(harness.merchant.id, None).await.unwrap();
        assert_eq!(all.len(), 1);
        all.into_iter().next().unwrap()
    };
    let path = format!("{list}/{}", found().await.id);
    assert_eq!(location(&again), path, "no second one");
    assert!(browser.follow(&again).await.text().contains("It added one endpoint"));
    let other = browser.submit(&page, list, &[("name", "Other"), ("url", "http://sandbox.test/hook")]).await;
    assert_eq!(location(&other), list, "one form, one endpoint");
    let old = browser.submit(&page, list, &[("key", "")]).await;
    assert_eq!(location(&old), new, "a form without a key");
    found().await;

    harness.pending(TestPayment::tap("o1", 10_000), 4_000).await;
    let page = browser.get(&path).await;
    let text = whole(&page);
    assert!(text.contains("Of the last \u{2068}1\u{2069}") && !text.contains(&secret), "{text}");
    let again = browser.submit(&page, &format!("{path}/resend"), &[]).await;
    assert_eq!(location(&again), path, "{again:?}");
    let tested = browser.submit(&page, &format!("{path}/test"), &[]).await;
    assert!(whole(&tested).contains("did not take the test: \u{2068}404\u{2069}"), "{}", tested.text());

    let rotated = browser.submit(&page, &format!("{path}/rotate"), &[]).await;
    assert_ne!(shown(&rotated, "secret"), secret);
    assert!(found().await.old_secret.is_some());

    let disable = format!("{path}/disable");
    assert!(beside(&browser.submit(&page, &disable, &[]).await, "reason").contains("needed"));
    browser.submit(&page, &disable, &[("reason", "it moves")]).await;
    assert!(found().await.disabled_at.is_some());
    let page = browser.get(&path).await;
    assert!(whole(&page).contains("Disabled since"));
    browser.submit(&page, &format!("{path}/enable"), &[("reason", "it moved")]).await;
    assert!(found().await.disabled_at.is_none());

    let edit = format!("{path}/edit");
    let page = browser.get(&edit).await;
    assert!(form(&page, &edit, &[]).contains(&("events".into(), "refund.created".into())), "{page:?}");
    let wrong = browser.submit(&page, &edit, &[("url", "nowhere"), ("name", "Other")]).await;
    assert!(beside(&wrong, "url").contains("not taken") && found().await.name == "The shop");
    let done = browser.submit(&page, &edit, &[("name", "Other"), ("events", "refund.failed")]).await;
    assert_eq!((location(&done), found().await.name.as_str()), (path.clone(), "Other"));

    let page = browser.get(&path).await;
    let revoke = format!("{path}/revoke");
    assert!(beside(&browser.submit(&page, &revoke, &[]).await, "sure").contains("Tick"));
    browser.submit(&page, &revoke, &[("sure", "yes")]).await;
    let page = browser.get(&path).await;
    assert!(found().await.revoked_at.is_some() && !page.text().contains("/revoke"));
    assert!(!page.text().contains("The old secret signs too"), "nothing is sent that it could sign");
    assert_eq!(location(&browser.get(&edit).await), path, "there is nothing to change");
    let late = browser.post(&disable, &[proof(&page), ("reason".into(), "late".into())]).await;
    assert_eq!(late.status, 409, "{late:?}");
    let deeds = deeds(&harness, &browser).await;
    for deed in [Deed::EndpointAdded, Deed::EndpointTested, Deed::EndpointChanged, Deed::EndpointRevoked] {
        assert!(deeds.contains(&(deed, Some(found().await.id.to_string()))), "{deed:?}: {deeds:?}");
    }
}

#[tokio::test]
async fn a_form_that_is_sent_again_changes_a_secret_once() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    add_endpoint(&harness, &mut browser).await;
    let found = async || harness.engine.list_endpoints(harness.merchant.id, None).await.unwrap().remove(0);
    let original = found().await;
    let path = format!("/portal/settings/endpoints/{}", original.id);
    let rotate = format!("{path}/rotate");
    let page = browser.get(&path).await;
    let mut tab = browser.tab();
    // A double click.
    let (first, second) = tokio::join!(browser.submit(&page, &rotate, &[]), tab.submit(&page, &rotate, &[]));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 303]);
    let rotated = found().await;
    let old = |endpoint: &Endpoint| endpoint.old_secret.clone().map(|(sealed, _)| sealed);
    assert_eq!(old(&rotated), Some(original.secret_sealed.clone()), "what the receiver checks signs on");
    // A reload, and a form from before there were keys of forms.
    let again = browser.submit(&page, &rotate, &[]).await;
    assert_eq!(location(&again), path);
    assert!(browser.follow(&again).await.text().contains("It made one new secret"));
    assert_eq!(location(&browser.submit(&page, &rotate, &[("key", "")]).await), path);
    assert_eq!(found().await.secret_sealed, rotated.secret_sealed);
    let noted = deeds(&harness, &browser).await;
    let noted = noted.into_iter().filter(|(deed, _)| *deed == Deed::EndpointChanged).count();
    assert_eq!(noted, 1);
    // Another form is meant.
    let page = browser.get(&path).await;
    assert_eq!(browser.submit(&page, &rotate, &[]).await.status, 200);
    assert_eq!(old(&found().await), Some(rotated.secret_sealed));
}

#[tokio::test]
async fn another_secret_on_a_page_of_before_ends_none() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    add_endpoint(&harness, &mut browser).await;
    let found = async || harness.engine.list_endpoints(harness.merchant.id, None).await.unwrap().remove(0);
    let original = found().await;
    let path = format!("/portal/settings/endpoints/{}", original.id);
    let rotate = format!("{path}/rotate");
    // Two windows, opened before either does anything.
    let (one, other) = (browser.get(&path).await, browser.get(&path).await);
    assert_eq!(browser.submit(&one, &rotate, &[]).await.status, 200);
    let now = found().await;
    harness.clock.advance(Duration::from_secs(1));
    let late = browser.submit(&other, &rotate, &[]).await;
    let text = whole(&late);
    assert!(late.status == 409 && text.contains("Something happened after this page was made"), "{late:?}");
    assert!(text.contains("The old secret signs too until"), "as it is now: {text}");
    let unsaid = browser.submit(&late, &rotate, &[("seen", "")]).await;
    assert_eq!(unsaid.status, 409, "a form that does not say what its page showed");
    let after = found().await;
    assert!(after == now, "what the receiver checks signs on");
    assert_eq!(after.old_secret.map(|(sealed, _)| sealed), Some(original.secret_sealed));
    // With what is known now it is done.
    assert_eq!(browser.submit(&late, &rotate, &[]).await.status, 200);
    assert_eq!(found().await.old_secret.map(|(sealed, _)| sealed), Some(now.secret_sealed));
}

#[tokio::test]
async fn an_edit_on_a_page_of_before_undoes_nothing() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    add_endpoint(&harness, &mut browser).await;
    let found = async || harness.engine.list_endpoints(harness.merchant.id, None).await.unwrap().remove(0);
    let id = found().await.id;
    let path = format!("/portal/settings/endpoints/{id}");
    let edit = format!("{path}/edit");
    let page = browser.get(&edit).await;
    // Somebody else meanwhile.
    let elsewhere = "https://other.example/hook";
    let moved = EndpointEdit { url: Some(elsewhere.into()), ..EndpointEdit::default() };
    harness.engine.change_endpoint(harness.merchant.id, Environment::Sandbox, id, moved).await.unwrap();
    let now = found().await;

    let late = browser.submit(&page, &edit, &[("name", "Renamed")]).await;
    let text = whole(&late);
    assert!(late.status == 409 && text.contains("Something happened after this page was made"), "{late:?}");
    assert!(text.contains(elsewhere), "as it is now: {text}");
    // What was typed is kept, and the rest is as it is now.
    let fields = form(&late, &edit, &[]);
    for (field, value) in [("name", "Renamed"), ("url", elsewhere)] {
        assert!(fields.contains(&(field.into(), value.into())), "{fields:?}");
    }
    // Also after something else was wrong first, and where the form does not say what it showed.
    let wrong = browser.submit(&page, &edit, &[("name", "")]).await;
    assert!(beside(&wrong, "name").contains("needed"));
    assert_eq!(browser.submit(&wrong, &edit, &[("name", "Renamed")]).await.status, 409);
    let mut bare = fields;
    bare.retain(|(name, _)| !name.starts_with("seen"));
    assert_eq!(browser.post(&edit, &bare).await.status, 409);
    assert!(found().await == now);

    // With what is known now it is done; twice, as by a double click, is once.
    for _ in 0..2 {
        assert_eq!(location(&browser.submit(&late, &edit, &[]).await), path);
        let now = found().await;
        assert_eq!((now.name.as_str(), now.url.as_str()), ("Renamed", elsewhere));
    }
}

#[tokio::test]
async fn what_the_engine_refuses_is_told_in_the_persons_language() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    browser.speaks("ar");
    let list = "/portal/settings/endpoints";
    let page = browser.get("/portal/settings/endpoints/new").await;
    for url in ["nowhere", "ftp://shop.example/", "https://a:b@shop.example/", "https://shop.example:25/"] {
        let wrong = browser.submit(&page, list, &[("name", "Shop"), ("url", url)]).await;
        let told = beside(&wrong, "url");
        assert!(told.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c)), "{url}: {told}");
        assert!(!told.contains("must") && !told.contains("refused"), "{url}: {told}");
    }
}
