//! Bad control input is refused with a reason and changes nothing.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::config::{SandboxConfig, StripeAccount};
use crate::testing::{Harness, post};

async fn refused(harness: &Harness, path: &str, body: Value) -> (u16, String) {
    let got = harness.control(path, body).await;
    (got.status.as_u16(), got.json()["error"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_payment_again_changes_nothing_and_another_is_a_conflict() {
    let harness = Harness::new();
    let body = json!({"psp": "tap", "payment": "chg_1", "currency": "SAR", "amount_minor": 10_000});
    let first = harness.control("payment", body.clone()).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(harness.control("payment", body.clone()).await, first);
    for (field, value) in [("currency", json!("KWD")), ("amount_minor", json!(10_001))] {
        let mut other = body.clone();
        other[field] = value;
        assert_eq!(refused(&harness, "payment", other).await.0, 409);
    }
    // The same id at another PSP is another payment.
    harness.payment("momo", "1", "VND", 1_000).await;
    harness.payment("tap", "1", "SAR", 1_000).await;
}

#[tokio::test]
async fn bad_payments_are_refused() {
    let harness = Harness::new();
    let good = json!({"psp": "momo", "payment": "17", "currency": "VND", "amount_minor": 10_000});
    for (field, value) in [
        ("psp", json!("nobody")),
        ("psp", Value::Null),
        ("payment", json!("")),
        ("payment", json!(17)),
        ("payment", json!("pay-17")),
        ("payment", json!("017")),
        ("payment", json!("1".repeat(201))),
        ("currency", json!("SAR")),
        ("currency", json!("vnd")),
        ("amount_minor", json!(0)),
        ("amount_minor", json!(-1)),
        ("amount_minor", json!("10000")),
        ("amount_minor", json!(1.5)),
        ("unknown", json!(1)),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let (status, error) = refused(&harness, "payment", body).await;
        assert_eq!(status, 400, "{field}={value}");
        assert!(!error.is_empty(), "{field}={value}");
    }
    assert_eq!(harness.call(post("/control/payment", &[], "{")).await.status, StatusCode::BAD_REQUEST);
    harness.payment("momo", "17", "VND", 10_000).await;
}

#[tokio::test]
async fn bad_scripts_are_refused_whole() {
    let harness = Harness::new();
    harness.payment("momo", "17", "VND", 10_000).await;
    harness.payment("tap", "chg_1", "SAR", 10_000).await;
    for step in ["duplicate_notification", "notify_before_answer", "succeed_then_fail"] {
        let at_momo = json!({"psp": "momo", "payment": "17", "steps": ["succeed", step]});
        let (status, error) = refused(&harness, "script", at_momo).await;
        assert_eq!((status, error.contains(step)), (400, true), "{error}");
        harness.script("tap", "chg_1", &[step]).await;
    }
    for steps in [json!(["explode"]), json!("succeed"), json!([1]), json!(["slow"]), Value::Null] {
        let body = json!({"psp": "tap", "payment": "chg_1", "steps": steps});
        assert_eq!(refused(&harness, "script", body).await.0, 400, "{steps}");
    }
    harness.payment("stcpay", "17", "SAR", 10_000).await;
    harness.payment("adyen", "9913140798220028", "SAR", 10_000).await;
    for (psp, payment) in [("stcpay", "17"), ("adyen", "9913140798220028")] {
        let body = json!({"psp": psp, "payment": payment, "steps": ["succeed", "refuse_for_now"]});
        let (status, error) = refused(&harness, "script", body).await;
        assert_eq!((status, error.contains("may pass")), (400, true), "{psp}: {error}");
    }
    let waiting = json!({"psp": "tap", "payment": "chg_1", "steps": ["pend_for_funds"]});
    let (status, error) = refused(&harness, "script", waiting).await;
    assert_eq!((status, error.contains("waits for funds")), (400, true), "{error}");
    let too_many = vec!["succeed"; 1_001];
    let body = json!({"psp": "tap", "payment": "chg_1", "steps": too_many});
    assert_eq!(refused(&harness, "script", body).await.0, 400);
    let unknown = json!({"psp": "tap", "payment": "chg_2", "steps": ["succeed"]});
    assert_eq!(refused(&harness, "script", unknown).await.0, 404);
}

#[tokio::test]
async fn a_script_takes_the_place_of_the_one_before() {
    let harness = Harness::new();
    harness.payment("tap", "chg_1", "SAR", 10_000).await;
    harness.script("tap", "chg_1", &["refuse", "refuse"]).await;
    let objects = json!({"psp": "tap", "payment": "chg_1", "steps": [{"slow": 5}, "pend"]});
    assert_eq!(harness.control("script", objects).await.json()["steps"], json!(["slow:5", "pend"]));
    harness.script("tap", "chg_1", &[]).await;
    let body = json!({"charge_id": "chg_1", "amount": 1, "currency": "SAR", "reason": "x"}).to_string();
    let bearer = [("authorization", "Bearer sk_test_XKokBfNWv6FIYuTMg5sLPjhJ")];
    assert_eq!(harness.call(post("/v2/refunds", &bearer, body)).await.json()["status"], "PENDING");
}

#[tokio::test]
async fn bad_ends_are_refused() {
    let harness = Harness::new();
    for (body, expected) in [
        (json!({"psp": "tap", "refund": "re_1", "state": "done"}), 400),
        (json!({"psp": "tap", "refund": "re_1"}), 400),
        (json!({"psp": "visa", "refund": "re_1", "state": "failed"}), 400),
        (json!({"psp": "tap", "refund": "re_1", "state": "failed"}), 404),
    ] {
        assert_eq!(refused(&harness, "finish", body.clone()).await.0, expected, "{body}");
    }
}

#[tokio::test]
async fn an_empty_ledger_and_an_oversized_body() {
    let harness = Harness::new();
    let ledger = harness.call(Request::get("/control/ledger").body(Body::empty()).unwrap()).await;
    assert_eq!(ledger.text, r#"{"effects":[]}"#);
    let large = harness.call(post("/control/payment", &[], "x".repeat(300_000))).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
}

/// Where each of two accounts of Stripe's is told of a refund that it makes now.
async fn told_at(harness: &Harness, key: &str) -> Vec<String> {
    let before = harness.notifications().len();
    for account in ["sk_test_one", "sk_test_two"] {
        let bearer = format!("Bearer {account}");
        let form = "application/x-www-form-urlencoded";
        let headers = [("authorization", bearer.as_str()), ("content-type", form), ("idempotency-key", key)];
        let made = harness.call(post("/v1/refunds", &headers, "charge=ch_1&amount=10")).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.text);
        harness.advance(0).await;
    }
    harness.notifications().iter().skip(before).map(|told| told.url.clone()).collect()
}

#[tokio::test]
async fn an_account_with_an_address_of_its_own_is_told_there_and_the_others_at_the_psps() {
    let account =
        |key: &str| StripeAccount { secret_key: key.to_owned(), webhook_secret: "whsec".to_owned() };
    let stripe = vec![account("sk_test_one"), account("sk_test_two")];
    let harness = Harness::with(SandboxConfig { stripe, ..SandboxConfig::default() });
    harness.payment("stripe", "ch_1", "USD", 10_000).await;
    assert!(told_at(&harness, "first").await.is_empty());
    let own = json!({"psp": "stripe", "url": "http://own", "account": "sk_test_two"});
    assert_eq!(harness.control("webhook", own.clone()).await.json(), own);
    assert_eq!(told_at(&harness, "second").await, ["http://own"]);
    let for_all = json!({"psp": "stripe", "url": "http://all"});
    assert_eq!(harness.control("webhook", for_all).await.status, StatusCode::OK);
    assert_eq!(told_at(&harness, "third").await, ["http://all", "http://own"]);
    let moved = json!({"psp": "stripe", "url": "http://moved", "account": "sk_test_two"});
    harness.control("webhook", moved).await;
    assert_eq!(told_at(&harness, "fourth").await, ["http://all", "http://moved"]);
}

#[tokio::test]
async fn every_psp_that_is_told_once_knows_its_accounts() {
    let harness = Harness::new();
    for (psp, account) in [
        ("adyen", "TestMerchant"),
        ("oppwa", "8a8294174b7ecb28014b9699220015ca"),
        ("paypal", "sandbox-paypal-client"),
        ("stripe", "sk_test_sandbox"),
    ] {
        let body = |account: &str| json!({"psp": psp, "url": "http://own", "account": account});
        assert_eq!(harness.control("webhook", body(account)).await.status, StatusCode::OK, "{psp}");
        assert_eq!(refused(&harness, "webhook", body("another")).await.0, 404, "{psp}");
    }
    // Tap takes the address with each request.
    let tap = json!({"psp": "tap", "url": "http://own", "account": "sk_test_XKokBfNWv6FIYuTMg5sLPjhJ"});
    assert_eq!(refused(&harness, "webhook", tap).await.0, 404);
}
