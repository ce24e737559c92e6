//! No operation takes a parameter that it does not name: what somebody wrote behind the `?` instead of into the body must
//! not be passed over.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;

use crate::portone::tests as portone;
use crate::router::{Auth, routes};
use crate::testing::{Answer, Harness, TestPayment};

async fn call(harness: &Harness, method: &Method, path: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", harness.merchant.api_key))
        .header("idempotency-key", "k-1");
    harness.send(request.body(Body::from("{}")).unwrap()).await
}

#[tokio::test]
async fn every_operation_refuses_a_parameter_that_it_does_not_name() {
    let harness = Harness::new().await;
    let mut asked = 0;
    for route in routes().into_iter().filter(|route| route.auth == Auth::ApiKey) {
        let path = route.path.replace(['{', '}'], "");
        for query in ["no_such=100", "no_such", "no_such=1&no_such=2"] {
            let answer = call(&harness, &route.method, &format!("{path}?{query}")).await;
            let told = answer.json();
            assert_eq!(
                (answer.status.as_u16(), &told["code"], &told["field"]),
                (422, &json!("invalid"), &json!("no_such")),
                "{route:?} {query}: {told}"
            );
            asked += 1;
        }
    }
    assert!(asked > 90, "{asked}");
}

#[tokio::test]
async fn a_sum_in_the_address_is_no_full_refund() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("order-1", 10_000)).await;
    for query in ["amount=100", "amount=100&currency=SAR", "dry_run=true", "expected_refundable=1"] {
        let answer = call(&harness, &Method::POST, &format!("/v1/payments/order-1/refunds?{query}")).await;
        let name = query.split('=').next().unwrap();
        assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (422, &json!(name)), "{query}");
    }
    let order = harness.engine.order(harness.merchant.id, None, "order-1").await.unwrap().unwrap();
    assert!(order.refunds.is_empty() && order.payment.balance.reserved == 0);
    // The refusal stored nothing: the same key makes the refund that was meant. An empty question asks nothing.
    let made = call(&harness, &Method::POST, "/v1/payments/order-1/refunds?").await;
    assert_eq!((made.status.as_u16(), &made.json()["amount_minor"]), (201, &json!(10_000)));
}

/// The faces of others keep to what those APIs do: they pass over what they do not know.
#[tokio::test]
async fn the_faces_of_others_pass_over_what_they_do_not_know() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::momo("order-1", 1_000_000)).await;
    let merchant = &harness.merchant;
    let refund = portone::post(merchant, "/api/refund/order-1?trace=1", &portone::partial("5000"));
    assert_eq!(harness.send(refund).await.status, 200);
}
