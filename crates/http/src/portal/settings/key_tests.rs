//! Keys at the portal: shown once, replaced with an overlap, revoked, and when they were last used.

use axum::body::Body;
use axum::http::Request;
use redress_core::audit::Deed;
use redress_core::role::Role;
use redress_engine::admin::keys::CredentialKind;
use serde_json::json;

use super::testing::{beside, deeds, shown, whole};
use crate::portal::testing::{form, location};
use crate::testing::{Answer, Harness, TestMerchant};

#[tokio::test]
async fn a_key_is_shown_once_replaced_with_an_overlap_and_revoked() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let (list, new) = ("/portal/settings/keys", "/portal/settings/keys/new");
    let keys = async || harness.engine.list_keys(harness.merchant.id).await.unwrap();
    let before = keys().await.len();

    let page = browser.get(new).await;
    assert!(beside(&browser.submit(&page, list, &[]).await, "kind").contains("needed"));
    let typed = [("kind", "sgate"), ("rights", "close_cases")];
    let wrong = browser.submit(&page, list, &typed).await;
    assert!(beside(&wrong, "rights").contains("Only keys"));
    assert!(form(&wrong, list, &[]).contains(&("rights".into(), "close_cases".into())), "kept");
    assert_eq!(keys().await.len(), before);

    let typed = [("kind", "api"), ("rights", "close_cases")];
    let made = browser.submit(&page, list, &typed).await;
    let secret = shown(&made, "secret");
    let key = keys().await.pop().unwrap();
    assert!(secret.starts_with(&key.public_key) || secret.contains(&key.public_key), "{secret}");
    assert_eq!((key.kind, key.rights.to_string().as_str()), (CredentialKind::Api, "close_cases"));
    // The same form again, as when that page is loaded anew.
    let again = browser.submit(&page, list, &typed).await;
    assert_eq!((location(&again), keys().await.len()), (format!("{list}/{}", key.id), before + 1));
    let told = browser.follow(&again).await;
    assert!(told.text().contains("This form was sent before"), "{}", told.text());
    assert!(!told.text().contains(&secret), "never again");
    let other = browser.submit(&page, list, &[("kind", "portone")]).await;
    assert_eq!((location(&other).as_str(), keys().await.len()), (list, before + 1), "one form, one key");
    assert!(browser.follow(&other).await.text().contains("nothing more was made"));

    let path = format!("{list}/{}", key.id);
    let page = browser.get(&path).await;
    assert!(!page.text().contains(&secret));
    let rotate = format!("{path}/rotate");
    assert!(beside(&browser.submit(&page, &rotate, &[("overlap", "5")]).await, "overlap").contains("needed"));
    let replaced = browser.submit(&page, &rotate, &[("overlap", "3600")]).await;
    assert_ne!(shown(&replaced, "secret"), secret);
    let again = browser.submit(&page, &rotate, &[("overlap", "3600")]).await;
    assert_eq!((again.status.as_u16(), keys().await.len()), (409, before + 2));
    let page = browser.get(&path).await;
    assert!(whole(&page).contains("Ends"), "{}", page.text());

    let revoke = format!("{path}/revoke");
    assert!(beside(&browser.submit(&page, &revoke, &[]).await, "sure").contains("Tick"));
    let done = browser.submit(&page, &revoke, &[("sure", "yes")]).await;
    assert!(whole(&browser.follow(&done).await).contains("Revoked"));
    let deeds = deeds(&harness, &browser).await;
    let id = Some(key.id.to_string());
    for deed in [Deed::KeyAdded, Deed::KeyRotated, Deed::KeyRevoked] {
        let noted = deeds.iter().filter(|noted| **noted == (deed, id.clone())).count();
        assert_eq!(noted, 1, "{deed:?}: {deeds:?}");
    }
}

#[tokio::test]
async fn a_form_that_is_sent_twice_at_once_makes_one_key() {
    let harness = Harness::new().await;
    let admin = harness.armed(Role::Admin).await;
    let mut browser = harness.browser(&admin).await;
    let keys = async || harness.engine.list_keys(harness.merchant.id).await.unwrap().len();
    let (list, new, typed) = ("/portal/settings/keys", "/portal/settings/keys/new", [("kind", "api")]);
    let before = keys().await;
    let page = browser.get(new).await;
    let mut tab = browser.tab();
    let (first, second) = tokio::join!(browser.submit(&page, list, &typed), tab.submit(&page, list, &typed));
    assert_eq!(keys().await, before + 1, "{first:?} {second:?}");
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 303]);
    // Each tab is told by a cookie of its own: that it was done before, or that it is being done.
    let told = if first.status == 303 { browser.follow(&first).await } else { tab.follow(&second).await };
    let words = ["This form was sent before", "This form was sent twice"];
    assert!(words.iter().any(|words| told.text().contains(words)), "{}", told.text());
    // Another form makes another key.
    let page = browser.get(new).await;
    assert_eq!(browser.submit(&page, list, &typed).await.status, 200);
    assert_eq!(keys().await, before + 2);
    // A form from before there were keys of forms.
    let old = browser.submit(&page, list, &[("kind", "api"), ("key", "")]).await;
    assert_eq!((location(&old).as_str(), keys().await), (new, before + 2));
}

#[tokio::test]
async fn a_key_tells_when_it_was_last_used_whatever_it_is_for() {
    let harness = Harness::new().await;
    let manager = harness.person(Role::Manager).await;
    let mut browser = harness.browser(&manager).await;
    let never = |page: &Answer| whole(page).matches("Never").count();
    assert_eq!(never(&browser.get("/portal/settings/keys").await), 3);
    let TestMerchant { portone_key, portone_secret, .. } = harness.merchant.clone();
    let body = json!({"portone_key": portone_key, "portone_secret": portone_secret}).to_string();
    let token = Request::post("/api/merchant/auth-token").header("content-type", "application/json");
    assert_eq!(harness.send(token.body(Body::from(body)).unwrap()).await.status, 200);
    let path = "/v1/payments".to_owned();
    let own = Request::get(path).header("authorization", format!("Bearer {}", harness.merchant.api_key));
    assert_eq!(harness.send(own.body(Body::empty()).unwrap()).await.status, 200);
    while harness.engine.note_keys_used_once().await.unwrap() {}
    assert_eq!(never(&browser.get("/portal/settings/keys").await), 1);
}
