//! The benchmarks' probe checks what the real endpoint checks, and makes no refund.

use tower::ServiceExt;

use super::testing::{Call, Client, ORDER};
use crate::probe::order_refund_only_parsed;
use crate::testing::{Harness, TestPayment};

#[tokio::test]
async fn it_checks_as_the_real_one_does_and_makes_no_refund() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap(ORDER, 10_000)).await;
    let client = Client::of(&harness);
    let forger = Client { secret: "another".into(), ..client.clone() };
    let router = order_refund_only_parsed(harness.engine.clone());
    let (good, bad) = (r#"{"amount": "1.00", "reason": "x"}"#, r#"{"amount": "1.001", "reason": "x"}"#);
    for (client, body, expected) in [(&client, bad, 422), (&forger, good, 403), (&client, good, 200)] {
        let request = client.request(&harness, &Call::refund(ORDER, body));
        assert_eq!(router.clone().oneshot(request).await.unwrap().status(), expected);
    }
    let order = client.send(&harness, &Call::order(ORDER)).await.json();
    assert_eq!(order["refundStatus"], "none", "{order}");
    for (client, body, expected) in [(&client, bad, 422), (&forger, good, 403), (&client, good, 200)] {
        assert_eq!(client.refund(&harness, ORDER, body).await.status, expected);
    }
}
