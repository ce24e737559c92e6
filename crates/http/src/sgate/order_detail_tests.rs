use std::time::Duration;

use redress_core::time::Timestamp;
use serde_json::json;

use super::super::testing::{Call, Client, ORDER};
use crate::testing::{Harness, TestPayment};

#[tokio::test]
async fn an_order_is_told_with_every_documented_field() {
    let harness = Harness::new().await;
    let named = TestPayment { merchant_order_ref: Some("TEST1672491207"), ..TestPayment::tap(ORDER, 1_202) };
    harness.payment(named).await;
    let answer = Client::of(&harness).send(&harness, &Call::order(ORDER)).await;
    let expected = concat!(
        r#"{"amount":12.02,"tip":null,"taxAmount":null,"refundAmount":0,"id":"M948164T2023072607034709567189","#,
        r#""clientId":null,"clientIp":null,"merchantId":"M948164","payLinkId":null,"products":null,"customer":null,"#,
        r#""logistics":null,"overseasLogistics":null,"deliveryStatus":null,"afterSaleStatus":null,"#,
        r#""clientPayerInfo":null,"status":"paid","ticket":null,"name":null,"merchantOrderId":"TEST1672491207","#,
        r#""notificationURL":null,"needTax":null,"exchangeRate":null,"currency":"SAR","#,
        r#""paidAt":"2026-11-18T15:06:40.123Z","closedAt":null,"expiredAt":null,"message":null,"payerInfo":null,"#,
        r#""payLink":null,"refundStatus":"none","refundTimes":0,"invoiceId":null,"successPaymentCardBrand":null,"#,
        r#""successPaymentMethod":"tap","createdAt":"2026-11-18T15:06:40.123Z","#,
        r#""updatedAt":"2026-11-18T15:06:40.123Z"}"#,
    );
    assert_eq!((answer.status.as_u16(), answer.text()), (200, expected));
}

#[tokio::test]
async fn the_refund_status_follows_the_diagram() {
    let harness = Harness::new().await;
    let payment = TestPayment::momo(ORDER, 1_000_000);
    harness.payment(payment.clone()).await;
    harness.script(&payment, &["refuse", "succeed", "refuse", "succeed"]).await;
    let client = Client::of(&harness);
    let stands = async || {
        let told = client.send(&harness, &Call::order(ORDER)).await.json();
        assert_eq!(told["status"], "paid", "whatever is given back");
        json!([told["refundStatus"], told["refundTimes"], told["refundAmount"]])
    };
    assert_eq!(stands().await, json!(["none", 0, 0]));
    let steps = [
        (100_000, ["processing", "fail"], [1, 0], [0, 0]),
        (200_000, ["processing", "partial"], [1, 1], [0, 200_000]),
        (300_000, ["processing", "fail"], [2, 1], [200_000, 200_000]),
        (800_000, ["processing", "full"], [2, 2], [200_000, 1_000_000]),
    ];
    for (amount, status, times, sum) in steps {
        client.refunded(&harness, ORDER, &format!(r#"{{"amount":{amount},"reason":""}}"#)).await;
        assert_eq!(stands().await, json!([status[0], times[0], sum[0]]), "while {amount} is under way");
        harness.pass(Duration::from_secs(1)).await;
        assert_eq!(stands().await, json!([status[1], times[1], sum[1]]), "after {amount}");
    }
}

#[tokio::test]
async fn one_in_flight_is_processing_whatever_ended_meanwhile() {
    let harness = Harness::new().await;
    let payment = TestPayment::tap(ORDER, 10_000);
    harness.payment(payment.clone()).await;
    harness.script(&payment, &["pend", "succeed"]).await;
    let client = Client::of(&harness);
    for _ in 0..2 {
        client.refunded(&harness, ORDER, r#"{"amount":"10.5","reason":""}"#).await;
        harness.pass(Duration::from_secs(3)).await;
    }
    let told = client.send(&harness, &Call::order(ORDER)).await;
    assert!(told.text().contains(r#""refundAmount":10.5,"#), "{told:?}");
    assert_eq!(
        (&told.json()["refundStatus"], &told.json()["refundTimes"]),
        (&json!("processing"), &json!(2))
    );
}

#[tokio::test]
async fn it_was_changed_when_its_latest_refund_was() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::momo(ORDER, 1_000_000)).await;
    let client = Client::of(&harness);
    let later = Timestamp::from_micros(1_795_100_800_000_000);
    harness.clock.set(later);
    client.refunded(&harness, ORDER, r#"{"amount":1000,"reason":""}"#).await;
    let told = client.send(&harness, &Call::order(ORDER)).await.json();
    assert_eq!(told["updatedAt"], "2026-11-19T15:06:40.000Z");
    assert_eq!(told["createdAt"], "2026-11-18T15:06:40.123Z");
}
