use std::time::Duration;

use super::super::testing::{Call, Client, ORDER};
use crate::testing::{Harness, TestPayment};

#[tokio::test]
async fn the_payment_and_its_refunds_are_transactions() {
    let harness = Harness::new().await;
    let payment = TestPayment::momo(ORDER, 1_000_000);
    harness.payment(payment.clone()).await;
    harness.script(&payment, &["succeed", "refuse"]).await;
    let client = Client::of(&harness);
    let told = async |number: u32| {
        let answer = client.send(&harness, &Call::transaction(&format!("{ORDER}_{number}"))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text().to_owned()
    };
    let expected = concat!(
        r#"{"amount":1000000,"id":"M948164T2023072607034709567189_1","orderId":"M948164T2023072607034709567189","#,
        r#""clientId":null,"merchantId":"M948164","deviceId":null,"clientIp":null,"userAgent":null,"#,
        r#""result":"Approved","completedAt":"2026-11-18T15:06:40.123Z","type":"payment","#,
        r#""paymentMethod":"MOMOPAY_WALLET","currency":"VND","payerDigest":null,"successfullyNotifiedAt":null,"#,
        r#""notificationTimes":null,"lastNotifiedAt":null,"createdAt":"2026-11-18T15:06:40.123Z","#,
        r#""updatedAt":"2026-11-18T15:06:40.123Z","channelOrderResult":null}"#,
    );
    assert_eq!(told(1).await, expected);

    client.refunded(&harness, ORDER, r#"{"amount":1000,"reason":""}"#).await;
    let open = told(2).await;
    assert!(open.starts_with(r#"{"amount":1000,"id":"M948164T2023072607034709567189_2","#), "{open}");
    assert!(open.contains(r#""result":"Not_Yet","completedAt":null,"type":"refund","#), "{open}");
    harness.pass(Duration::from_secs(1)).await;
    client.refunded(&harness, ORDER, r#"{"amount":2000,"reason":""}"#).await;
    harness.pass(Duration::from_secs(1)).await;
    assert!(told(2).await.contains(r#""result":"Approved","completedAt":"2026-"#));
    assert!(told(3).await.contains(r#""result":"Declined_Retirable","completedAt":"2026-"#));
}

#[tokio::test]
async fn other_ids_name_nothing() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap(ORDER, 10_000)).await;
    let client = Client::of(&harness);
    client.refunded(&harness, ORDER, r#"{"amount":1,"reason":""}"#).await;
    for id in ["_0", "_01", "_3", "_R1", "", "_1_1", "_2%00"] {
        let answer = client.send(&harness, &Call::transaction(&format!("{ORDER}{id}"))).await;
        assert_eq!(answer.status, 404, "{id}");
    }
}
