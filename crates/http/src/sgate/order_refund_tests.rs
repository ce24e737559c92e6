use std::sync::Arc;
use std::time::Duration;

use redress_core::time::Timestamp;
use redress_store::testing::FaultOnce;
use redress_store::{Fault, StoreError};
use serde_json::{Value, json};

use super::super::testing::{Call, Client, ORDER};
use crate::limits::BODY_BYTES_MAX;
use crate::testing::{Harness, TestPayment};

const SECOND: Duration = Duration::from_secs(1);

async fn with(payment: TestPayment) -> (Harness, Client) {
    let harness = Harness::new().await;
    harness.payment(payment).await;
    let client = Client::of(&harness);
    (harness, client)
}

async fn sar() -> (Harness, Client) {
    with(TestPayment::tap(ORDER, 10_000)).await
}

#[tokio::test]
async fn a_new_refund_is_told_as_in_the_documented_sample() {
    let (harness, client) = sar().await;
    harness.clock.set(Timestamp::from_micros(1_690_344_393_227_000));
    let body = r#"{"amount":"7","reason":"Return shipping fee","merchantRefundId":"TEST934759263495634"}"#;
    let answer = client.refund(&harness, ORDER, body).await;
    let expected = concat!(
        r#"{"amount":7,"status":"pending","id":"M948164T2023072607034709567189_R1","#,
        r#""orderId":"M948164T2023072607034709567189","paymentMethod":"tap","#,
        r#""merchantRefundId":"TEST934759263495634","merchantId":"M948164","#,
        r#""originTransactionId":"M948164T2023072607034709567189_1","currency":"SAR","#,
        r#""updatedAt":"2023-07-26T04:06:33.227Z","createdAt":"2023-07-26T04:06:33.227Z"}"#,
    );
    assert_eq!((answer.status.as_u16(), answer.text()), (200, expected));
    assert_eq!(answer.headers["content-type"], "application/json");
}

#[tokio::test]
async fn an_amount_is_a_string_or_a_number_in_and_an_exact_number_out() {
    let (harness, client) = sar().await;
    for (number, (given, told)) in [
        (r#""1.35""#, "1.35"),
        ("1.35", "1.35"),
        (r#""1.500""#, "1.5"),
        ("7.00", "7"),
        ("1.0E1", "10"),
        ("0.29", "0.29"),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = client.refund(&harness, ORDER, &format!(r#"{{"reason":"","amount":{given}}}"#)).await;
        assert!(answer.text().starts_with(&format!(r#"{{"amount":{told},"status":"#)), "{given}: {answer:?}");
        assert_eq!(answer.json()["id"], format!("{ORDER}_R{}", number + 1));
        assert_eq!(answer.json()["merchantRefundId"], Value::Null);
    }
}

#[tokio::test]
async fn wrong_arguments_are_named() {
    let (harness, client) = sar().await;
    let long_id = format!(r#"{{"amount":"1","reason":"","merchantRefundId":"{}"}}"#, "é".repeat(61));
    let long_reason = format!(r#"{{"amount":"1","reason":"{}"}}"#, "x".repeat(1_001));
    for (body, field) in [
        (r#"{"reason":"r"}"#, Some("amount")),
        (r#"{"amount":null,"reason":"r"}"#, Some("amount")),
        (r#"{"amount":"0","reason":"r"}"#, Some("amount")),
        (r#"{"amount":0.00,"reason":"r"}"#, Some("amount")),
        (r#"{"amount":"-1","reason":"r"}"#, Some("amount")),
        (r#"{"amount":-1,"reason":"r"}"#, Some("amount")),
        (r#"{"amount":"1.005","reason":"r"}"#, Some("amount")),
        (r#"{"amount":1e-3,"reason":"r"}"#, Some("amount")),
        (r#"{"amount":"1e2","reason":"r"}"#, Some("amount")),
        (r#"{"amount":"","reason":"r"}"#, Some("amount")),
        (r#"{"amount":"1,5","reason":"r"}"#, Some("amount")),
        (r#"{"amount":" 1","reason":"r"}"#, Some("amount")),
        (r#"{"amount":"NaN","reason":"r"}"#, Some("amount")),
        (r#"{"amount":1e999,"reason":"r"}"#, Some("amount")),
        (r#"{"amount":true,"reason":"r"}"#, Some("amount")),
        (r#"{"amount":["1"],"reason":"r"}"#, Some("amount")),
        (r#"{"amount":"1"}"#, Some("reason")),
        (r#"{"amount":"1","reason":null}"#, Some("reason")),
        (r#"{"amount":"1","reason":7}"#, Some("reason")),
        (r#"{"amount":"1","reason":"a\u0000"}"#, Some("reason")),
        (&long_reason, Some("reason")),
        (r#"{"amount":"1","reason":"","merchantRefundId":""}"#, Some("merchantRefundId")),
        (r#"{"amount":"1","reason":"","merchantRefundId":7}"#, Some("merchantRefundId")),
        (&long_id, Some("merchantRefundId")),
        ("", None),
        ("{", None),
        ("[]", None),
        (r#"["1",""]"#, None),
        ("amount=1&reason=r", None),
        (r#"{"amount":"1","amount":"2","reason":""}"#, None),
    ] {
        let answer = client.refund(&harness, ORDER, body).await;
        let told = answer.json();
        assert_eq!(
            (answer.status.as_u16(), &told["code"], told["data"][1]["field"].as_str()),
            (422, &json!("domainMethodCallArgsInvalid"), field),
            "{body}: {told}"
        );
        assert!(told["data"][0].as_str().is_some_and(|text| !text.is_empty()));
    }
    assert_eq!(client.send(&harness, &Call::order(ORDER)).await.json()["refundStatus"], "none");
}

#[tokio::test]
async fn lengths_are_taken_up_to_their_limits() {
    let (harness, client) = sar().await;
    let (id, reason) = ("é".repeat(60), "x".repeat(1_000));
    let body = format!(r#"{{"amount":"1","reason":"{reason}","merchantRefundId":"{id}"}}"#);
    assert_eq!(client.refunded(&harness, ORDER, &body).await["merchantRefundId"], id);
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_read() {
    let (harness, client) = sar().await;
    let answer = client.refund(&harness, ORDER, &" ".repeat(BODY_BYTES_MAX + 1)).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["code"]),
        (413, &json!("domainMethodCallArgsInvalid"))
    );
    // Nobody's body is read: who does not sign learns nothing of it.
    let stranger = Client { secret: "x".into(), ..client };
    assert_eq!(stranger.refund(&harness, ORDER, &" ".repeat(BODY_BYTES_MAX + 1)).await.status, 403);
}

#[tokio::test]
async fn more_than_is_left_is_not_allowed_and_changes_nothing() {
    let (harness, client) = sar().await;
    client.refunded(&harness, ORDER, r#"{"amount":"60","reason":""}"#).await;
    let refused = async |amount: &str| {
        let answer = client.refund(&harness, ORDER, &format!(r#"{{"amount":"{amount}","reason":""}}"#)).await;
        let told = answer.json();
        assert_eq!((answer.status.as_u16(), &told["code"]), (403, &json!("notAllowed")), "{told}");
        assert_eq!(told["message"], "No access");
        told["data"][0].as_str().unwrap().to_owned()
    };
    assert_eq!(refused("40.01").await, "the amount is more than is left, which is 40.00 SAR");
    assert_eq!(refused("99999999999999999999").await, "the amount is more than is left, which is 40.00 SAR");
    let last = client.refunded(&harness, ORDER, r#"{"amount":"40.00","reason":""}"#).await;
    assert_eq!(last["id"], format!("{ORDER}_R2"));
    assert_eq!(refused("0.01").await, "nothing is left to refund");
}

#[tokio::test]
async fn an_amount_that_the_currency_does_not_have_is_a_wrong_argument() {
    let (harness, client) = with(TestPayment::momo(ORDER, 1_000_000)).await;
    let answer = client.refund(&harness, ORDER, r#"{"amount":"1000.5","reason":""}"#).await;
    let expected = json!(["the amount has more than 0 decimals", {"field": "amount"}]);
    assert_eq!((answer.status.as_u16(), &answer.json()["data"]), (422, &expected));
}

#[tokio::test]
async fn the_last_fils_of_three_decimals_cannot_be_asked_for() {
    let kwd = TestPayment { currency: "KWD", ..TestPayment::tap(ORDER, 10_005) };
    let (harness, client) = with(kwd).await;
    let answer = client.refund(&harness, ORDER, r#"{"amount":"10.005","reason":""}"#).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["data"][1]["field"]), (422, &json!("amount")));
    let told = client.refunded(&harness, ORDER, r#"{"amount":"10.000","reason":""}"#).await;
    assert_eq!((&told["amount"], &told["currency"]), (&json!(10), &json!("KWD")));
}

#[tokio::test]
async fn the_same_merchant_refund_id_is_the_same_refund_for_ever() {
    let (harness, client) = sar().await;
    harness.payment(TestPayment::tap("OTHER", 10_000)).await;
    let body = |amount: &str, reason: &str| {
        format!(r#"{{"amount":"{amount}","reason":"{reason}","merchantRefundId":"R-1"}}"#)
    };
    let first = client.refunded(&harness, ORDER, &body("100", "a")).await;
    assert_eq!(first["status"], "pending");
    assert_eq!(client.refunded(&harness, ORDER, &body("100.00", "b")).await, first, "though nothing is left");
    harness.pass(3 * SECOND).await;
    let now = client.refunded(&harness, ORDER, &body("100", "c")).await;
    assert_eq!((&now["id"], &now["status"]), (&first["id"], &json!("success")));
    for (order, amount) in [(ORDER, "99"), ("OTHER", "100")] {
        let answer = client.refund(&harness, order, &body(amount, "a")).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["code"]),
            (409, &json!("resourceDuplicateAdd")),
            "{answer:?}"
        );
    }
    assert_eq!(client.refund(&harness, "UNKNOWN", &body("100", "a")).await.status, 404);
    // The id is the merchant's own: another merchant's is another.
    let other =
        client.refund(&harness, "OTHER", r#"{"amount":"1","reason":"","merchantRefundId":"R-2"}"#).await;
    assert_eq!(other.json()["id"], "OTHER_R1");
}

#[tokio::test]
async fn a_full_queue_is_told_and_when_to_come_back() {
    let faults = FaultOnce::new("accept_refund", Fault::Refuse(StoreError::Full));
    let harness = Harness::with_faults(Arc::new(faults)).await;
    harness.payment(TestPayment::tap(ORDER, 10_000)).await;
    let client = Client::of(&harness);
    let busy = client.refund(&harness, ORDER, r#"{"amount":"1","reason":""}"#).await;
    let expected = r#"{"code":"serviceBusy","message":"Service is busy, try again","data":[]}"#;
    assert_eq!((busy.status.as_u16(), busy.text()), (503, expected));
    assert_eq!(busy.headers["retry-after"], "1");
    assert_eq!(
        client.refunded(&harness, ORDER, r#"{"amount":"1","reason":""}"#).await["id"],
        format!("{ORDER}_R1")
    );
}

#[tokio::test]
async fn where_nobody_knows_whether_a_refund_was_kept_it_is_said_how_to_learn_it() {
    let lost = StoreError::Unavailable { reason: "gone".to_owned(), maybe_committed: true };
    let faults = FaultOnce::new("accept_refund", Fault::Refuse(lost));
    let harness = Harness::with_faults(Arc::new(faults)).await;
    harness.payment(TestPayment::tap(ORDER, 10_000)).await;
    let answer = Client::of(&harness).refund(&harness, ORDER, r#"{"amount":"1","reason":""}"#).await;
    let expected = r#"{"code":"serviceBusy","message":"Service is busy","data":["it is not known whether this was done: repeat it with the same merchantRefundId, and without one look first"]}"#;
    assert_eq!((answer.status.as_u16(), answer.text()), (503, expected));
    assert!(answer.headers.get("retry-after").is_none(), "{answer:?}");
}

#[tokio::test]
async fn a_broken_store_is_told_without_its_words() {
    let (harness, client) = sar().await;
    redress_store::testing::batch(&harness.store, "ALTER TABLE refunds RENAME TO elsewhere").await;
    let answer = client.refund(&harness, ORDER, r#"{"amount":"1","reason":""}"#).await;
    let expected = r#"{"code":"systemError","message":"System error","data":[]}"#;
    assert_eq!((answer.status.as_u16(), answer.text()), (500, expected));
}

#[tokio::test]
async fn a_disputed_payment_is_not_refunded_until_the_dispute_is_released() {
    let (harness, client) = sar().await;
    let (merchant, sandbox) = (harness.merchant.id, redress_core::environment::Environment::Sandbox);
    let payment = harness.engine.payment_named(merchant, sandbox, ORDER).await.unwrap().unwrap().id;
    let mark = async |disputed| {
        let by = redress_engine::admin::disputes::Sayer { name: "Ada".to_owned(), reason: None };
        harness.engine.mark_disputed(merchant, sandbox, payment, disputed, by).await.unwrap();
    };
    let body = r#"{"amount":"7","reason":"r"}"#;
    mark(true).await;
    let refused = client.refund(&harness, ORDER, body).await;
    assert!(refused.status.is_client_error(), "{refused:?}");
    assert!(refused.text().contains("disputed"), "{refused:?}");
    mark(false).await;
    assert_eq!(client.refund(&harness, ORDER, body).await.status, 200);
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_so_in_this_apis_shape() {
    let one = std::num::NonZeroU32::MIN;
    let rate = Some(redress_engine::rate::RateConfig { per_second: one, burst: one });
    let harness = Harness::with(redress_engine::config::EngineConfig { rate, ..Default::default() }).await;
    let client = Client::of(&harness);
    let body = r#"{"amount":"7","reason":"r"}"#;
    assert_eq!(client.refund(&harness, ORDER, body).await.status, 404);
    let refused = client.refund(&harness, ORDER, body).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (429, &json!("serviceBusy")));
    assert_eq!(refused.headers["retry-after"], "1");
}
