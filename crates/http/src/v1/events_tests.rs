use axum::body::Body;
use axum::http::Request;
use redress_core::decimal::Decimal;
use redress_core::environment::Environment;
use redress_core::id::KeyId;
use redress_core::policy::{Ask, AskedAmount};
use redress_engine::accept::{Made, RefundRequest};
use redress_engine::admin::keys::CredentialKind;
use redress_engine::world::Clock;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::testing::{Answer, Harness, START, TestPayment};

async fn get(harness: &Harness, key: &str, query: &str, wait: &str) -> Answer {
    let request = Request::get(format!("/v1/events{query}"))
        .header("authorization", format!("Bearer {key}"))
        .header("prefer", wait);
    harness.send(request.body(Body::empty()).unwrap()).await
}

async fn read(harness: &Harness, query: &str) -> Value {
    let answer = get(harness, &harness.merchant.api_key, query, "respond-async").await;
    assert_eq!(answer.status.as_u16(), 200, "{answer:?}");
    answer.json()
}

async fn refund(harness: &Harness, order_ref: &str) {
    refund_because(harness, order_ref, "broken").await;
}

async fn refund_because(harness: &Harness, order_ref: &str, reason: &str) {
    let request = RefundRequest {
        merchant: harness.merchant.id,
        order_ref: order_ref.to_owned(),
        ask: Ask::of(AskedAmount::Exactly(Decimal::from_text("1000").unwrap())),
        reason: reason.to_owned(),
        description: None,
        merchant_refund_id: None,
        metadata: None,
        asked_by: KeyId::from_bytes([7; 16]).into(),
        idempotency_key: None,
    };
    assert!(matches!(harness.engine.make_refund(request).await, Ok(Made::New(..))));
}

fn types(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect()
}

/// A refund of `order-1` that the PSP has done.
async fn one_done() -> Harness {
    let harness = Harness::new().await;
    harness.payment(TestPayment::momo("order-1", 1_000_000)).await;
    refund(&harness, "order-1").await;
    harness.pass(std::time::Duration::from_secs(30)).await;
    harness
}

#[tokio::test]
async fn a_reason_that_nobody_gave_is_null_as_in_the_refund_itself() {
    let harness = Harness::new().await;
    for (order, reason) in [("order-1", ""), ("order-2", "broken")] {
        harness.payment(TestPayment::momo(order, 1_000_000)).await;
        refund_because(&harness, order, reason).await;
    }
    let feed = read(&harness, "?type=refund.created").await;
    let reasons: Vec<_> =
        feed["data"].as_array().unwrap().iter().map(|event| &event["data"]["reason"]).collect();
    assert_eq!(reasons, [&Value::Null, &json!("broken")]);
}

#[tokio::test]
async fn the_feed_is_read_in_pages_and_on_from_its_end() {
    let harness = one_done().await;
    let whole = read(&harness, "").await;
    assert_eq!(types(&whole).first(), Some(&"refund.created"));
    assert_eq!(types(&whole).last(), Some(&"refund.succeeded"));
    assert_eq!(whole["has_more"], json!(false));
    let first = &whole["data"][0];
    assert!(first["id"].as_str().unwrap().starts_with("evt_rf_"), "{first}");
    assert_eq!(
        (&first["data"]["order_ref"], &first["data"]["amount_minor"]),
        (&json!("order-1"), &json!(1_000))
    );
    assert_eq!(first["data"]["status"], json!("queued"));

    let (mut cursor, mut pages) = (String::new(), Vec::new());
    loop {
        let page = read(&harness, &format!("?limit=1{cursor}")).await;
        pages.extend(page["data"].as_array().unwrap().iter().cloned());
        cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap());
        if page["has_more"] == json!(false) {
            break;
        }
    }
    assert_eq!(Value::from(pages), whole["data"]);
    let cursor = cursor.trim_start_matches("&cursor=");
    let end = read(&harness, &format!("?cursor={cursor}")).await;
    assert_eq!((types(&end).len(), &end["next_cursor"]), (0, &json!(cursor)));
    refund(&harness, "order-1").await;
    assert_eq!(types(&read(&harness, &format!("?cursor={cursor}")).await), ["refund.created"]);
    assert_eq!(types(&read(&harness, "?type=refund.succeeded").await), ["refund.succeeded"]);
    assert_eq!(types(&read(&harness, "?type=endpoint.disabled").await).len(), 0);
    let some = read(&harness, "?type=endpoint.disabled,refund.succeeded").await;
    assert_eq!(types(&some), ["refund.succeeded"]);
}

#[tokio::test]
async fn whoever_begins_now_reads_nothing_of_before_and_all_that_follows() {
    let harness = Harness::new().await;
    let nothing = read(&harness, "?from=now").await;
    assert_eq!((types(&nothing).len(), &nothing["next_cursor"]), (0, &json!("0000000000000000")));
    let harness = one_done().await;
    let end = read(&harness, "").await["next_cursor"].clone();
    let now = read(&harness, "?from=now").await;
    assert_eq!((types(&now).len(), &now["next_cursor"], &now["has_more"]), (0, &end, &json!(false)));
    // Whatever filter it comes with, and for whoever waits.
    let now = read(&harness, "?from=now&type=refund.succeeded").await;
    assert_eq!((types(&now).len(), &now["next_cursor"]), (0, &end));
    let since = harness.clock.now();
    let now = get(&harness, &harness.merchant.api_key, "?from=now", "wait=7").await.json();
    assert_eq!((types(&now).len(), harness.clock.now().since(since).as_secs()), (0, 7));
    refund(&harness, "order-1").await;
    let after = read(&harness, &format!("?cursor={}", end.as_str().unwrap())).await;
    assert_eq!(types(&after), ["refund.created"]);
}

#[tokio::test]
async fn nobody_else_sees_them_and_the_other_environments_key_neither() {
    let harness = one_done().await;
    let (_, live) = harness
        .engine
        .add_key(harness.merchant.id, CredentialKind::Api, Some(Environment::Live))
        .await
        .unwrap();
    let end = read(&harness, "").await["next_cursor"].as_str().unwrap().to_owned();
    for key in [harness.other.api_key.as_str(), live.expose_secret()] {
        for query in ["", &format!("?cursor={end}"), "?type=refund.created"] {
            let answer = get(&harness, key, query, "").await;
            assert_eq!((answer.status.as_u16(), types(&answer.json()).len()), (200, 0), "{answer:?}");
        }
    }
    assert_eq!(get(&harness, "rk_sandbox_x", "", "").await.status.as_u16(), 401);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let harness = Harness::new().await;
    for (query, field) in [
        ("?cursor=1", "cursor"),
        ("?cursor=000000000000000G", "cursor"),
        ("?cursor=ffffffffffffffff", "cursor"),
        ("?cursor=%2B000000000000001", "cursor"),
        ("?limit=0", "limit"),
        ("?limit=501", "limit"),
        ("?type=refund", "type"),
        ("?type=refund.created,refund", "type"),
        ("?from=then", "from"),
        ("?from=now&cursor=0000000000000001", "from"),
    ] {
        let answer = get(&harness, &harness.merchant.api_key, query, "").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (422, &json!(field)), "{query}");
    }
    let told = get(&harness, &harness.merchant.api_key, "?type=refund.done", "").await.json();
    for kind in ["refund.created", "refund.reversed", "endpoint.enabled"] {
        assert!(told["detail"].as_str().unwrap().contains(kind), "{told}");
    }
    let answer = get(&harness, &harness.merchant.api_key, "?typ=refund.created", "").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (422, &json!("invalid")));
}

#[tokio::test]
async fn whoever_wants_to_wait_waits_for_an_event_and_no_longer_than_said() {
    let harness = one_done().await;
    let waited = |since| harness.clock.now().since(since).as_secs();
    let end = read(&harness, "").await["next_cursor"].as_str().unwrap().to_owned();
    let (query, key) = (format!("?cursor={end}"), harness.merchant.api_key.clone());
    for (said, seconds) in [("wait=7", 7), ("respond-async, Wait = 2", 2), ("wait=3600", 30), ("wait=x", 0)] {
        let since = harness.clock.now();
        let answer = get(&harness, &key, &query, said).await;
        assert_eq!((types(&answer.json()).len(), waited(since)), (0, seconds), "{said}");
    }
    assert!(harness.clock.now() > START);
    refund(&harness, "order-1").await;
    let since = harness.clock.now();
    let answer = get(&harness, &key, &query, "wait=20").await;
    assert_eq!((types(&answer.json()).first(), waited(since)), (Some(&"refund.created"), 0));
}
