use axum::body::Body;
use axum::http::Request;
use redress_core::environment::Environment;
use redress_core::policy::AccountState;
use redress_core::right::Rights;
use redress_engine::admin::accounts::NewAccount;
use redress_engine::admin::keys::CredentialKind;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::testing::Harness;

async fn get(harness: &Harness, key: &str, path: &str) -> (u16, Value) {
    let request = Request::get(path).header("authorization", format!("Bearer {key}"));
    let answer = harness.send(request.body(Body::empty()).unwrap()).await;
    (answer.status.as_u16(), answer.json())
}

fn ids(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_accounts_of_a_key_are_shown_without_anything_secret() {
    let harness = Harness::new().await;
    let (merchant, key) = (harness.merchant.clone(), harness.merchant.api_key.as_str());
    harness.engine.set_account_state(merchant.id, merchant.tap, AccountState::Paused).await.unwrap();
    let (status, page) = get(&harness, key, "/v1/psp-accounts").await;
    let (momo, tap) = (merchant.momo.to_string(), merchant.tap.to_string());
    assert_eq!((status, ids(&page)), (200, vec![momo.as_str(), tap.as_str()]));
    assert_eq!((&page["has_more"], &page["next_cursor"]), (&json!(false), &Value::Null));
    let shown = json!({"id": tap, "psp": "tap", "name": "tap", "environment": "sandbox", "status": "paused",
        "created_at": "2026-11-18T15:06:40.123456Z"});
    assert_eq!(page["data"][1], shown, "and nothing else: no address, no credentials");
    assert_eq!(get(&harness, key, &format!("/v1/psp-accounts/{tap}")).await, (200, shown));
    assert_eq!(page["data"][0]["status"], "active");

    let (_, first) = get(&harness, key, "/v1/psp-accounts?limit=1").await;
    assert_eq!((ids(&first), &first["has_more"]), (vec![momo.as_str()], &json!(true)));
    let next = format!("/v1/psp-accounts?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
    let (_, second) = get(&harness, key, &next).await;
    assert_eq!((ids(&second), &second["has_more"]), (vec![tap.as_str()], &json!(false)));
    for (query, field) in [("cursor=x", "cursor"), ("limit=0", "limit"), ("psp=tap", "psp")] {
        let (status, told) = get(&harness, key, &format!("/v1/psp-accounts?{query}")).await;
        assert_eq!((status, &told["field"]), (422, &json!(field)), "{query}");
    }
}

#[tokio::test]
async fn an_account_of_another_merchant_or_environment_does_not_exist() {
    let harness = Harness::new().await;
    let merchant = harness.merchant.clone();
    let new = NewAccount {
        merchant: merchant.id,
        psp: "tap".to_owned(),
        name: "Tap, live".to_owned(),
        environment: Environment::Live,
        max_in_flight: 4,
        base_url: None,
        public_url: None,
        credentials: [("secret_key".to_owned(), "sk_live_1".to_owned())].into_iter().collect(),
    };
    let live = harness.engine.add_account(new).await.unwrap().id.to_string();
    let (kind, environment) = (CredentialKind::Api, Some(Environment::Live));
    let key = harness.engine.add_key_with(merchant.id, kind, environment, Rights::NONE).await.unwrap().1;
    let live_key = key.expose_secret();
    let (_, page) = get(&harness, live_key, "/v1/psp-accounts").await;
    assert_eq!(ids(&page), [live.as_str()]);
    let (_, page) = get(&harness, &merchant.api_key, "/v1/psp-accounts").await;
    assert_eq!(ids(&page).len(), 2, "{page}");

    let (own, tap) = (merchant.api_key.as_str(), merchant.tap.to_string());
    for (key, account) in [
        (own, live.as_str()),
        (live_key, tap.as_str()),
        (harness.other.api_key.as_str(), tap.as_str()),
        (own, "acc_00000000000000000000000000"),
        (own, "tap"),
    ] {
        let (status, told) = get(&harness, key, &format!("/v1/psp-accounts/{account}")).await;
        assert_eq!((status, &told["code"]), (404, &json!("not_found")), "{account}");
        assert_eq!(told["detail"], "there is no such PSP account", "all of them alike");
    }
}
