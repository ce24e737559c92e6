use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use redress_engine::lookup::RefundBy;
use serde_json::{Value, json};

use super::REASONS;
use crate::testing::{Answer, Harness, TestMerchant, TestPayment};

async fn call(
    harness: &Harness,
    merchant: &TestMerchant,
    (method, path): (Method, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("authorization", format!("Bearer {}", merchant.api_key));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    harness.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn make(harness: &Harness, order: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let path = format!("/v1/payments/{order}/refunds");
    call(harness, &harness.merchant, (Method::POST, &path), headers, &body.to_string()).await
}

async fn read(harness: &Harness, path: &str, headers: &[(&str, &str)]) -> Answer {
    call(harness, &harness.merchant, (Method::GET, path), headers, "").await
}

fn assert_problem(answer: &Answer, status: u16, code: &str, field: Option<&str>) {
    let told = answer.json();
    assert_eq!((answer.status.as_u16(), told["code"].as_str()), (status, Some(code)), "{told}");
    assert_eq!(told["field"].as_str(), field, "{told}");
}

/// A sum that somebody left out by mistake is not all that is left.
#[tokio::test]
async fn half_a_sum_is_none() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("o1", 10_000)).await;
    for (body, field) in [
        (json!({"currency": "SAR"}), "amount"),
        (json!({"amount": null, "currency": "SAR"}), "amount"),
        (json!({"amount": null}), "amount"),
        (json!({"amount": 1}), "currency"),
        (json!({"currency": null}), "currency"),
    ] {
        let request = Request::post("/v1/payments/o1/refunds")
            .header("authorization", format!("Bearer {}", harness.merchant.api_key));
        let answer = harness.send(request.body(Body::from(body.to_string())).unwrap()).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (422, &json!(field)), "{body}");
    }
    let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    assert!(order.refunds.is_empty());
}

/// A variable that nobody set takes no guard away; what only describes may be `null`.
#[tokio::test]
async fn a_guard_that_is_null_is_refused() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("o1", 10_000)).await;
    for field in ["expected_refundable", "merchant_refund_id"] {
        let answer = make(&harness, "o1", &[], &json!({"amount": 1, "currency": "SAR", field: null})).await;
        assert_problem(&answer, 422, "invalid", Some(field));
    }
    let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    assert!(order.refunds.is_empty());
    let harmless =
        json!({"amount": 1, "currency": "SAR", "reason": null, "description": null, "metadata": null});
    assert_eq!(make(&harness, "o1", &[], &harmless).await.status, 201);
}

/// A body that was lost on the way does not ask for all that is left.
#[tokio::test]
async fn no_body_is_no_full_refund() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("o1", 10_000)).await;
    let path = "/v1/payments/o1/refunds";
    for body in ["", " \r\n"] {
        let answer = call(&harness, &harness.merchant, (Method::POST, path), &[], body).await;
        assert_problem(&answer, 400, "malformed", None);
        assert!(answer.json()["detail"].as_str().unwrap().contains("send {}"), "{answer:?}");
    }
    let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    assert!(order.refunds.is_empty());
    assert_eq!(make(&harness, "o1", &[], &json!({})).await.status, 201);
}

#[tokio::test]
async fn a_refund_is_made_and_read_in_one_shape() {
    let harness = Harness::new().await;
    let payment = TestPayment { merchant_order_ref: Some("m-1"), ..TestPayment::tap("o1", 10_000) };
    harness.payment(payment).await;
    let asked = json!({"amount": 2_500, "currency": "SAR", "reason": "duplicate", "description": "ordered twice",
        "merchant_refund_id": "r-1", "metadata": {"ticket": "17", "desk": "a"}, "expected_refundable": 10_000});
    let made = make(&harness, "o1", &[], &asked).await;
    assert_eq!(made.status, 201, "{made:?}");
    let told = made.json();
    let id = told["id"].as_str().unwrap();
    assert_eq!(made.headers["location"], format!("/v1/refunds/{id}"));
    assert!(
        !made.headers.contains_key("idempotent-replayed") && !made.headers.contains_key("preference-applied")
    );
    let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    assert_eq!(
        told,
        json!({"id": id, "payment": order.payment.id.to_string(), "order_ref": "o1", "merchant_order_ref": "m-1",
            "amount_minor": 2_500, "amount": "25.00", "currency": "SAR", "status": "submitting", "kind": "partial",
            "reason": "duplicate", "description": "ordered twice", "merchant_refund_id": "r-1",
            "metadata": {"desk": "a", "ticket": "17"}, "psp_refund_id": null, "arn": null, "failure": null,
            "note": null, "retry_at": null, "environment": "sandbox", "created_at": told["created_at"],
            "updated_at": told["updated_at"], "finished_at": null})
    );
    harness.pass(Duration::from_secs(5)).await;
    let now = read(&harness, &format!("/v1/refunds/{id}"), &[]).await.json();
    assert_eq!((&now["status"], &now["id"]), (&json!("succeeded"), &told["id"]));
    assert!(now["psp_refund_id"].is_string() && now["finished_at"].is_string(), "{now}");
}

#[tokio::test]
async fn without_an_amount_it_is_what_is_left_and_the_payment_may_be_named_by_its_id() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::momo("o1", 10_000)).await;
    assert_eq!(make(&harness, "o1", &[], &json!({"amount": 4_000, "currency": "VND"})).await.status, 201);
    let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    let path = format!("/v1/payments/{}/refunds", order.payment.id);
    let made = call(&harness, &harness.merchant, (Method::POST, &path), &[], "{}").await;
    let told = made.json();
    assert_eq!((&told["amount_minor"], &told["kind"]), (&json!(6_000), &json!("full")), "{told}");
    assert_problem(&make(&harness, "o1", &[], &json!({})).await, 422, "nothing_left", None);
}

#[tokio::test]
async fn who_prefers_to_wait_is_answered_at_the_end() {
    let harness = Harness::new().await;
    let payment = TestPayment::momo("o1", 10_000);
    harness.payment(payment.clone()).await;
    let made =
        make(&harness, "o1", &[("prefer", "wait=10")], &json!({"amount": 1_000, "currency": "VND"})).await;
    assert_eq!((made.status.as_u16(), &made.json()["status"]), (201, &json!("succeeded")));
    assert_eq!(made.headers["preference-applied"], "wait=10");
    // An end that does not come is not waited for beyond what was asked.
    harness.script(&payment, &["pend"]).await;
    let made =
        make(&harness, "o1", &[("prefer", "wait=3")], &json!({"amount": 1_000, "currency": "VND"})).await;
    let told = made.json();
    assert_eq!((made.status.as_u16(), &told["status"]), (201, &json!("pending")));
    let path = format!("/v1/refunds/{}", told["id"].as_str().unwrap());
    let still = read(&harness, &path, &[("prefer", "wait=2")]).await;
    assert_eq!(still.json()["status"], "pending");
    assert_eq!(still.headers["preference-applied"], "wait=2");
    assert!(!read(&harness, &path, &[]).await.headers.contains_key("preference-applied"));
    let refresh = format!("{path}/refresh");
    for replayed in [false, true] {
        let headers = [("prefer", "wait=2"), ("idempotency-key", "k-1")];
        let before = harness.engine.now();
        let told = call(&harness, &harness.merchant, (Method::POST, &refresh), &headers, "").await;
        assert_eq!(told.json()["status"], "pending");
        assert_eq!(told.headers["preference-applied"], "wait=2");
        assert_eq!(told.headers.contains_key("idempotent-replayed"), replayed);
        assert!(harness.engine.now().since(before) >= Duration::from_secs(2), "a repeat waits too");
    }
}

#[tokio::test]
async fn a_repeat_is_answered_with_the_refund_as_it_is() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::momo("o1", 10_000)).await;
    let plain = json!({"amount": 1_000, "currency": "VND", "metadata": {"b": "2", "a": "1"}});
    let named = json!({"amount": 2_000, "currency": "VND", "merchant_refund_id": "r-1"});
    for (key, body) in [("k-1", &plain), ("k-2", &named)] {
        let made = make(&harness, "o1", &[("idempotency-key", key)], body).await;
        assert_eq!(made.status, 201, "{made:?}");
        harness.pass(Duration::from_secs(1)).await;
        let again = make(&harness, "o1", &[("idempotency-key", key)], body).await;
        assert_eq!(
            (again.status.as_u16(), &again.headers["idempotent-replayed"]),
            (200, &"true".parse().unwrap())
        );
        let told = again.json();
        assert_eq!((&told["id"], &told["status"]), (&made.json()["id"], &json!("succeeded")));
        let mut other = body.clone();
        other["description"] = json!("another");
        let reused = make(&harness, "o1", &[("idempotency-key", key)], &other).await;
        assert_problem(&reused, 422, "idempotency_key_reused", Some("Idempotency-Key"));
    }
    // Written in another order it is the same request.
    let request = r#"{"metadata":{"a":"1","b":"2"},"currency":"VND","amount":1000}"#;
    let path = (Method::POST, "/v1/payments/o1/refunds");
    let again = call(&harness, &harness.merchant, path, &[("idempotency-key", "k-1")], request).await;
    assert_eq!(again.status, 200, "{again:?}");
    // By the merchant's own id it is found too, and stands for one sum.
    assert_eq!(make(&harness, "o1", &[], &named).await.status, 200);
    let other = json!({"amount": 2_001, "currency": "VND", "merchant_refund_id": "r-1"});
    assert_problem(&make(&harness, "o1", &[], &other).await, 409, "conflict", Some("merchant_refund_id"));
    let other = json!({"amount": 2_000, "currency": "SAR", "merchant_refund_id": "r-1"});
    assert_problem(&make(&harness, "o1", &[], &other).await, 422, "wrong_currency", Some("currency"));
    let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    assert_eq!((order.refunds.len(), order.payment.balance.remaining()), (2, 7_000));
    // A refusal is not stored: what is right then is done then.
    let much = json!({"amount": 7_001, "currency": "VND"});
    let refused = make(&harness, "o1", &[("idempotency-key", "k-3")], &much).await;
    assert_problem(&refused, 422, "more_than_left", Some("amount"));
    let right = make(&harness, "o1", &[("idempotency-key", "k-3")], &json!({})).await;
    assert_eq!(right.status, 201, "{right:?}");
}

#[tokio::test]
async fn a_repeat_in_another_currency_is_not_stored_with_its_key() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::momo("o1", 10_000)).await;
    let named = |currency: &str| json!({"amount": 2_000, "currency": currency, "merchant_refund_id": "r-1"});
    assert_eq!(make(&harness, "o1", &[], &named("VND")).await.status, 201);
    let key = [("idempotency-key", "k-1")];
    let wrong = make(&harness, "o1", &key, &named("SAR")).await;
    assert_problem(&wrong, 422, "wrong_currency", Some("currency"));
    let right = make(&harness, "o1", &key, &named("VND")).await;
    assert_eq!(right.status, 200, "{right:?}");
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_field_and_changes_nothing() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("o1", 10_000)).await;
    for (body, code, field) in [
        (r#"{"amount":1}"#, "invalid", Some("currency")),
        (r#"{"amount":"1","currency":"SAR"}"#, "invalid", Some("amount")),
        (r#"{"amount":1.5,"currency":"SAR"}"#, "invalid", Some("amount")),
        (r#"{"amount":1,"currency":"sar"}"#, "invalid", Some("currency")),
        (r#"{"amount":1,"currency":"USD"}"#, "wrong_currency", Some("currency")),
        (r#"{"amount":0,"currency":"SAR"}"#, "amount_not_positive", Some("amount")),
        (r#"{"amount":-5,"currency":"SAR"}"#, "amount_not_positive", Some("amount")),
        (r#"{"amount":10001,"currency":"SAR"}"#, "more_than_left", Some("amount")),
        (r#"{"reason":"because"}"#, "invalid", Some("reason")),
        (r#"{"merchant_refund_id":""}"#, "invalid", Some("merchant_refund_id")),
        (r#"{"metadata":{"a":1}}"#, "invalid", Some("metadata")),
        (r#"{"expected_refundable":9999}"#, "refundable_changed", Some("expected_refundable")),
        (r#"{"amont":1,"currency":"SAR"}"#, "invalid", Some("amont")),
        (r#"{"amount":1,"currency":"SAR","":1}"#, "invalid", None),
        (r#"{"amount":1,"amount":2,"currency":"SAR"}"#, "malformed", Some("amount")),
        ("[]", "malformed", None),
        ("{", "malformed", None),
    ] {
        let path = (Method::POST, "/v1/payments/o1/refunds");
        let answer = call(&harness, &harness.merchant, path, &[], body).await;
        let told = answer.json();
        assert_eq!((told["code"].as_str(), told["field"].as_str()), (Some(code), field), "{body}: {told}");
    }
    let spaced = make(&harness, "o1", &[("idempotency-key", "a b")], &json!({})).await;
    assert_problem(&spaced, 422, "invalid", Some("Idempotency-Key"));
    let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    assert!(order.refunds.is_empty());
    for reason in REASONS {
        let made =
            make(&harness, "o1", &[], &json!({"amount": 1, "currency": "SAR", "reason": reason})).await;
        assert_eq!(made.status, 201, "{reason}");
    }
}

#[tokio::test]
async fn what_is_unknown_foreign_or_malformed_is_not_there() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::momo("o1", 10_000)).await;
    let made = make(&harness, "o1", &[], &json!({})).await.json();
    let (id, payment) = (made["id"].as_str().unwrap(), made["payment"].as_str().unwrap());
    let zero = "rf_00000000000000000000000000";
    for (merchant, id) in [
        (&harness.other, id),
        (&harness.merchant, zero),
        (&harness.merchant, "1"),
        (&harness.merchant, payment),
    ] {
        for path in [format!("/v1/refunds/{id}"), format!("/v1/refunds/{id}/timeline")] {
            let answer = call(&harness, merchant, (Method::GET, &path), &[], "").await;
            assert_problem(&answer, 404, "not_found", None);
        }
    }
    for (merchant, payment) in [
        (&harness.other, "o1"),
        (&harness.other, payment),
        (&harness.merchant, "o2"),
        (&harness.merchant, "pay_00000000000000000000000000"),
        (&harness.merchant, "%ff"),
    ] {
        let path = format!("/v1/payments/{payment}/refunds");
        let answer = call(&harness, merchant, (Method::POST, &path), &[], "{}").await;
        assert_problem(&answer, 404, "not_found", None);
    }
}

#[tokio::test]
async fn the_timeline_has_events_and_what_was_said() {
    let harness = Harness::new().await;
    let payment = TestPayment::tap("o1", 10_000);
    harness.payment(payment.clone()).await;
    harness.script(&payment, &["refuse"]).await;
    let made = make(&harness, "o1", &[], &json!({})).await.json();
    harness.pass(Duration::from_secs(2)).await;
    let path = format!("/v1/refunds/{}", made["id"].as_str().unwrap());
    let now = read(&harness, &path, &[]).await.json();
    assert_eq!((&now["status"], &now["failure"]["code"]), (&json!("failed"), &json!("501")), "{now}");
    let at_psp = now["psp_refund_id"].as_str();
    assert!(at_psp.is_some_and(|id| id.starts_with("re_")), "whoever asks Tap can name what failed: {now}");
    let told = read(&harness, &format!("{path}/timeline"), &[]).await.json();
    let types: Vec<&str> =
        told["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["refund.created", "refund.failed"]);
    assert_eq!(told["events"][1]["failure"], now["failure"]);
    let attempt = &told["attempts"][0];
    assert_eq!(attempt["via"], "submit");
    assert!(attempt["evidence"].as_str().unwrap().contains("/v2/refunds"), "{attempt}");
    let id = redress_core::id::RefundId::parse(made["id"].as_str().unwrap()).unwrap();
    let (refund, _) =
        harness.engine.refund(harness.merchant.id, None, RefundBy::Id(id)).await.unwrap().unwrap();
    assert_eq!(refund.reason, "");
}
