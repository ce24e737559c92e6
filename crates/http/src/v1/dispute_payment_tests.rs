use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::testing::{Answer, Harness, TestPayment};

async fn post(harness: &Harness, key: &str, path: &str, body: &str) -> Answer {
    let request = Request::post(path).header("authorization", format!("Bearer {key}"));
    harness.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn own(harness: &Harness, path: &str, body: &str) -> Answer {
    post(harness, &harness.merchant.api_key, path, body).await
}

#[tokio::test]
async fn a_dispute_is_marked_and_released_and_repeats_change_nothing() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::momo("order-1", 1_000_000)).await;
    let marked = own(&harness, "/v1/payments/order-1/dispute", r#"{"reason":"CB-1"}"#).await;
    assert_eq!(marked.status, 200, "{marked:?}");
    let marked = marked.json();
    assert_eq!((&marked["disputed"], &marked["order_ref"]), (&json!(true), &json!("order-1")));
    let since = marked["disputed_at"].as_str().unwrap();
    harness.clock.advance(std::time::Duration::from_secs(5));
    let again = own(&harness, "/v1/payments/order-1/dispute", "").await.json();
    assert_eq!(again, marked);
    let by_id = format!("/v1/payments/{}/dispute", marked["id"].as_str().unwrap());
    assert_eq!(own(&harness, &by_id, "{}").await.json()["disputed_at"], since);

    let released = own(&harness, "/v1/payments/order-1/release-dispute", "").await.json();
    assert_eq!((&released["disputed"], &released["disputed_at"]), (&json!(false), &Value::Null));
    assert_eq!(own(&harness, "/v1/payments/order-1/release-dispute", "").await.json(), released);
}

#[tokio::test]
async fn what_is_wrong_or_out_of_reach_marks_nothing() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::momo("order-1", 1_000_000)).await;
    let long = json!({"reason": "x".repeat(1_001)}).to_string();
    for (body, status) in
        [("[]", 400), ("{", 400), (r#"{"reason":1}"#, 422), (r#"{"reason":""}"#, 422), (&long, 422)]
    {
        let answer = own(&harness, "/v1/payments/order-1/dispute", body).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {answer:?}");
    }
    for path in ["/v1/payments/order-1/dispute", "/v1/payments/order-1/release-dispute"] {
        let answer = own(&harness, path, r#"{"reason":"CB-1","amount":1}"#).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (422, &json!("amount")), "{path}");
    }
    // A thousand characters are a thousand in every script.
    let longest = json!({"reason": "ệ".repeat(1_000)}).to_string();
    let taken = own(&harness, "/v1/payments/order-1/release-dispute", &longest).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    for path in ["/v1/payments/order-2/dispute", "/v1/payments/%00/release-dispute"] {
        assert_eq!(own(&harness, path, "").await.status, 404);
    }
    let strange = post(&harness, &harness.other.api_key, "/v1/payments/order-1/dispute", "").await;
    assert_eq!(strange.status, 404);
    let payment = harness.engine.payment_named(
        harness.merchant.id,
        redress_core::environment::Environment::Sandbox,
        "order-1",
    );
    assert_eq!(payment.await.unwrap().unwrap().disputed_at, None);
}
