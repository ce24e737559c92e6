use std::time::Duration;

use redress_core::time::Timestamp;
use serde_json::{Value, json};

use super::super::testing::{Call, Client, ORDER};
use crate::limits::REFERENCE_CHARS_MAX;
use crate::testing::{Harness, TestPayment};

#[tokio::test]
async fn a_refund_is_told_as_in_the_documented_sample() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::momo(ORDER, 1_000_000)).await;
    harness.clock.set(Timestamp::from_micros(1_690_344_393_227_000));
    let client = Client::of(&harness);
    let body = r#"{"amount":"50000","reason":"Return shipping fee","merchantRefundId":"TEST456345768345"}"#;
    let made = client.refunded(&harness, ORDER, body).await;
    harness.pass(Duration::from_millis(100)).await;
    let answer = client.send(&harness, &Call::refund_detail(made["id"].as_str().unwrap())).await;
    let finished = answer.json()["finishedAt"].as_str().unwrap().to_owned();
    assert!(finished.starts_with("2023-07-26T04:06:33.") && finished.ends_with('Z'), "{finished}");
    let expected = format!(
        concat!(
            r#"{{"amount":50000,"id":"M948164T2023072607034709567189_R1","merchantId":"M948164","#,
            r#""orderId":"M948164T2023072607034709567189","merchantRefundId":"TEST456345768345","#,
            r#""refundTransactionId":"M948164T2023072607034709567189_2","#,
            r#""originTransactionId":"M948164T2023072607034709567189_1","paymentMethod":"MOMOPAY_WALLET","#,
            r#""status":"success","currency":"VND","reason":"Return shipping fee","finishedAt":"{finished}","#,
            r#""createdAt":"2023-07-26T04:06:33.227Z","updatedAt":"{finished}"}}"#,
        ),
        finished = finished
    );
    assert_eq!((answer.status.as_u16(), answer.text()), (200, expected.as_str()));
}

#[tokio::test]
async fn every_end_is_told() {
    let harness = Harness::new().await;
    let payment = TestPayment::tap(ORDER, 10_000);
    harness.payment(payment.clone()).await;
    harness.script(&payment, &["refuse", "pend", "succeed"]).await;
    let client = Client::of(&harness);
    for (ordinal, status) in ["fail", "pending", "success"].into_iter().enumerate() {
        let made = client.refunded(&harness, ORDER, r#"{"amount":1,"reason":""}"#).await;
        harness.pass(Duration::from_secs(3)).await;
        let told = client.send(&harness, &Call::refund_detail(made["id"].as_str().unwrap())).await.json();
        assert_eq!(told["status"], status, "{told}");
        assert_eq!(told["refundTransactionId"], format!("{ORDER}_{}", ordinal + 2));
        assert_eq!(told["finishedAt"] == Value::Null, status == "pending");
        assert_eq!((&told["merchantRefundId"], &told["reason"]), (&Value::Null, &json!("")));
    }
}

#[tokio::test]
async fn other_ids_name_nothing() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap(ORDER, 10_000)).await;
    let client = Client::of(&harness);
    client.refunded(&harness, ORDER, r#"{"amount":1,"reason":""}"#).await;
    for id in ["_R0", "_R01", "_R2", "_R4294967296", "_1", "", "_R1_R1", "_R1%00", "_R1%FF"] {
        let answer = client.send(&harness, &Call::refund_detail(&format!("{ORDER}{id}"))).await;
        assert_eq!(answer.status, 404, "{id}");
    }
}

#[tokio::test]
async fn the_longest_order_id_has_refunds_too() {
    let longest: &'static str = "M".repeat(REFERENCE_CHARS_MAX).leak();
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap(longest, 10_000)).await;
    let client = Client::of(&harness);
    let made = client.refunded(&harness, longest, r#"{"amount":1,"reason":""}"#).await;
    let told = client.send(&harness, &Call::refund_detail(made["id"].as_str().unwrap())).await;
    assert_eq!(told.status, 200, "{told:?}");
}
