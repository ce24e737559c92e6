use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use redress_core::event::EventKind;
use redress_core::id::KeyId;
use redress_engine::lookup::RefundBy;
use serde_json::{Value, json};

use crate::portone;
use crate::sgate::testing::{Client, ORDER};
use crate::testing::{Harness, TestPayment};

async fn call(harness: &Harness, method: &str, path: &str, body: &Value) -> Value {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("authorization", format!("Bearer {}", harness.merchant.api_key));
    harness.send(request.body(Body::from(body.to_string())).unwrap()).await.json()
}

/// The timeline of the n-th refund of a payment.
async fn timeline(harness: &Harness, order_ref: &str, n: u32) -> Value {
    let by = RefundBy::Ordinal(order_ref.to_owned(), n);
    let (refund, _) = harness.engine.refund(harness.merchant.id, None, by).await.unwrap().unwrap();
    call(harness, "GET", &format!("/v1/refunds/{}/timeline", refund.id), &Value::Null).await
}

/// The id of a key of the harness's merchant.
fn key(number: u8) -> String {
    let mut id = [number; 16];
    id[0] = 1;
    KeyId::from_bytes(id).to_string()
}

#[tokio::test]
async fn the_timeline_says_whose_key_asked_for_the_refund_through_which_face_ever() {
    let harness = Harness::new().await;
    let (own, sgate) = (TestPayment::momo("o1", 1_000_000), TestPayment::tap(ORDER, 10_000));
    harness.payment(own).await;
    harness.payment(sgate).await;
    let asked = json!({"amount": 1_000, "currency": "VND"});
    call(&harness, "POST", "/v1/payments/o1/refunds", &asked).await;
    harness.send(portone::tests::refund(&harness.merchant, "o1", &portone::tests::partial("1000"))).await;
    let client = Client::of(&harness);
    client.refunded(&harness, ORDER, r#"{"amount":"1","reason":"broken"}"#).await;
    for (order_ref, n, number) in [("o1", 1, 3), ("o1", 2, 1), (ORDER, 1, 2)] {
        let told = timeline(&harness, order_ref, n).await;
        let first = &told["events"][0];
        assert_eq!(
            (&first["type"], &first["author"], &first["reason"]),
            (&json!(EventKind::Created.as_str()), &json!(key(number)), &Value::Null),
            "{order_ref} {n}: {told}"
        );
        let authors = told["events"].as_array().unwrap().iter().skip(1).map(|event| &event["author"]);
        assert!(authors.into_iter().all(Value::is_null), "the PSP's word has no author: {told}");
    }
}

#[tokio::test]
async fn the_timeline_says_what_a_refund_waits_for_and_from_when_on_a_new_one_is_worth_trying() {
    let harness = Harness::new().await;
    for (order_ref, step) in [("o1", "pend"), ("o2", "refuse_for_now")] {
        let payment = TestPayment::tap(order_ref, 10_000);
        harness.payment(payment.clone()).await;
        harness.script(&payment, &[step]).await;
        let asked = json!({"amount": 1_000, "currency": "SAR"});
        call(&harness, "POST", &format!("/v1/payments/{order_ref}/refunds"), &asked).await;
    }
    harness.pass(Duration::from_secs(5)).await;
    let last = |told: &Value| told["events"].as_array().unwrap().last().unwrap().clone();

    let waits = last(&timeline(&harness, "o1", 1).await);
    let says = (json!("refund.pending"), json!("Tap says PENDING 100 Pending"));
    assert_eq!((&waits["type"], &waits["note"]), (&says.0, &says.1));
    assert_eq!(waits["retry_at"], Value::Null);

    let refused = last(&timeline(&harness, "o2", 1).await);
    assert_eq!((&refused["type"], &refused["note"]), (&json!("refund.failed"), &Value::Null));
    assert_eq!(refused["failure"], json!({"code": "502", "text": "Insufficient Balance"}));
    // Both are of one form, and in UTC.
    assert!(refused["retry_at"].as_str().unwrap() > refused["at"].as_str().unwrap(), "{refused}");
}
