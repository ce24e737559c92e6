//! stc pay's protocol and every step of a script.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::Value;

use crate::reply::Fault;
use crate::testing::{Got, Harness, START_MS, post};

const CODE: &str = "61000000001";
const PAYMENT: &str = "1262678035888";
const REFUND: &str = "/B2B.MerchantTransactionsWebApi/MerchantTransactions/v3/RefundPayment";
const INQUIRY: &str = "/B2B.DirectPayment.WebApi/DirectPayment/V4/PaymentInquiry";
const INQUIRY_V3: &str = "/B2B.MerchantTransactionsWebApi/MerchantTransactions/v3/PaymentInquiry";

async fn scripted(steps: &[&str]) -> Harness {
    let harness = Harness::new();
    harness.payment("stcpay", PAYMENT, "SAR", 10_000).await;
    harness.script("stcpay", PAYMENT, steps).await;
    harness
}

fn send(path: &str, body: impl Into<Body>) -> Request<Body> {
    post(path, &[("X-ClientCode", CODE), ("content-type", "application/json")], body)
}

fn body(payment: &str, amount: &str) -> String {
    format!(r#"{{"RefundPaymentRequestMessage":{{"STCPayRefNum":"{payment}","Amount":{amount}}}}}"#)
}

fn refund(amount: &str) -> Request<Body> {
    send(REFUND, body(PAYMENT, amount))
}

fn new_reference(got: &Got) -> String {
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    let answer = got.json();
    answer["RefundPaymentResponseMessage"]["NewSTCPayRefNum"].as_str().unwrap().to_owned()
}

fn error(got: &Got) -> (u16, u64) {
    let said = got.json();
    assert!(said["Text"].is_string() && said["Type"] == 0, "{}", got.text);
    (got.status.as_u16(), said["Code"].as_u64().unwrap())
}

#[tokio::test]
async fn a_refund_is_final_at_once() {
    let harness = scripted(&[]).await;
    let got = harness.call(refund("20.80")).await;
    let expected =
        format!(r#"{{"RefundPaymentResponseMessage":{{"NewSTCPayRefNum":"{}000001"}}}}"#, START_MS / 1_000);
    assert_eq!(got.text, expected);
    assert_eq!(harness.ledger().await, [" 2080 succeeded"]);
    let other_path = "/B2B.MerchantTransactions.WebApi/MerchantTransactions/v3/RefundPayment";
    new_reference(&harness.call(send(other_path, body(PAYMENT, "1"))).await);
    for (amount, minor) in [("20.800", 2_080), ("20.8", 2_080), ("2", 200), ("0.01", 1)] {
        new_reference(&harness.call(refund(amount)).await);
        assert_eq!(harness.ledger().await.pop(), Some(format!(" {minor} succeeded")));
    }
    harness.advance(60_000).await;
    assert!(harness.notifications().is_empty());
}

#[tokio::test]
async fn there_is_no_idempotency() {
    let harness = scripted(&[]).await;
    let first = new_reference(&harness.call(refund("10.00")).await);
    let second = new_reference(&harness.call(refund("10.00")).await);
    assert_ne!(first, second);
    assert_eq!(harness.ledger().await, [" 1000 succeeded", " 1000 succeeded"]);
}

#[tokio::test]
async fn never_more_than_was_paid() {
    let harness = scripted(&["succeed", "refuse"]).await;
    new_reference(&harness.call(refund("60.00")).await);
    assert_eq!(error(&harness.call(refund("40.01")).await), (200, 2003));
    // It took no step.
    assert_eq!(error(&harness.call(refund("40.00")).await), (200, 2003));
    new_reference(&harness.call(refund("40.00")).await);
    assert_eq!(error(&harness.call(refund("0.01")).await), (200, 2003));
    assert_eq!(harness.ledger().await, [" 6000 succeeded", " 4000 succeeded"]);
}

#[tokio::test]
async fn bad_requests_have_their_codes_and_no_effect() {
    let harness = scripted(&["refuse"]).await;
    for (body, code) in [
        (String::new(), 2001),
        ("{".to_owned(), 2001),
        ("{}".to_owned(), 2001),
        (r#"{"RefundPaymentV4RequestMessage":{"STCPayRefNum":"1","Amount":1}}"#.to_owned(), 2001),
        (r#"{"RefundPaymentRequestMessage":{"Amount":1}}"#.to_owned(), 2001),
        (r#"{"RefundPaymentRequestMessage":{"STCPayRefNum":"1262678035888"}}"#.to_owned(), 2001),
        (r#"{"RefundPaymentRequestMessage":{"STCPayRefNum":1262678035888,"Amount":1}}"#.to_owned(), 2001),
        (body(PAYMENT, r#""20.80""#), 2001),
        (body(PAYMENT, "null"), 2001),
        (body(PAYMENT, "0"), 2036),
        (body(PAYMENT, "-1"), 2036),
        (body(PAYMENT, "1.005"), 2036),
        (body("1262678035889", "1.00"), 2006),
        (body("", "1.00"), 2006),
    ] {
        assert_eq!(error(&harness.call(send(REFUND, body.clone())).await), (403, code), "{body}");
    }
    assert_eq!(harness.ledger().await, [""; 0]);
    assert_eq!(error(&harness.call(refund("1")).await), (200, 2003), "none of them took the step");
}

#[tokio::test]
async fn every_endpoint_wants_the_client_code() {
    let harness = scripted(&[]).await;
    for path in [REFUND, INQUIRY, INQUIRY_V3] {
        let missing = harness.call(post(path, &[], body(PAYMENT, "1"))).await;
        assert_eq!(error(&missing), (403, 2033), "{path}");
        let got = harness.call(post(path, &[("x-clientcode", "61000000002")], body(PAYMENT, "1"))).await;
        assert_eq!((got.status, got.text.as_str()), (StatusCode::FORBIDDEN, ""), "{path}");
    }
    assert_eq!(harness.ledger().await, [""; 0]);
}

#[tokio::test]
async fn an_inquiry_tells_of_payments() {
    let harness = scripted(&[]).await;
    for (path, version) in [(INQUIRY, "V4"), (INQUIRY_V3, "")] {
        let ask =
            |message: &str| send(path, format!(r#"{{"PaymentInquiry{version}RequestMessage":{message}}}"#));
        let got = harness.call(ask(r#"{"RefNum":"1262678035888"}"#)).await;
        assert_eq!(got.status, StatusCode::OK, "{}", got.text);
        assert!(got.text.contains(r#""Amount":100.00,"#), "{}", got.text);
        let list = &got.json()[format!("PaymentInquiry{version}ResponseMessage")]["TransactionList"];
        assert_eq!((&list[0]["PaymentStatus"], list.as_array().unwrap().len()), (&Value::from(2), 1));
        assert_eq!(error(&harness.call(ask(r#"{"RefNum":"redress-check"}"#)).await), (403, 2006));
        assert_eq!(error(&harness.call(ask("{}")).await), (403, 2010));
        assert_eq!(error(&harness.call(ask(r#"{"RefNum":5}"#)).await), (403, 2001));
        let other = format!(r#"{{"PaymentInquiry{version}Message":{{"RefNum":"1"}}}}"#);
        assert_eq!(error(&harness.call(send(path, other)).await), (403, 2001));
    }
}

#[tokio::test]
async fn payments_are_in_riyals() {
    let harness = Harness::new();
    for (payment, currency) in [("1", "USD"), ("a/b", "SAR")] {
        let body =
            serde_json::json!({"psp": "stcpay", "payment": payment, "currency": currency, "amount_minor": 1});
        assert_eq!(harness.control("payment", body).await.status, StatusCode::BAD_REQUEST, "{payment}");
    }
}

#[tokio::test]
async fn pend_is_final_at_once_too() {
    let harness = scripted(&["pend"]).await;
    let id = new_reference(&harness.call(refund("10")).await);
    assert_eq!(harness.ledger().await, [" 1000 succeeded"]);
    assert_eq!(harness.finish("stcpay", &id, "succeeded").await.status, StatusCode::OK);
    assert_eq!(harness.finish("stcpay", &id, "failed").await.status, StatusCode::CONFLICT);
    assert_eq!(harness.finish("stcpay", "rf-1", "failed").await.status, StatusCode::NOT_FOUND);
    assert_eq!(harness.ledger().await, [" 1000 succeeded"]);
}

#[tokio::test]
async fn timeouts_and_errors_before_the_effect_leave_nothing() {
    let harness = scripted(&["timeout_before_effect", "error500_before_effect"]).await;
    harness.hang_up(refund("10"));
    assert_eq!(error(&harness.call(refund("10")).await), (500, 2000));
    harness.advance(10_000).await;
    assert_eq!(harness.ledger().await, [""; 0]);
}

#[tokio::test]
async fn faults_after_the_effect_leave_a_refund() {
    let steps = ["timeout_after_effect", "error500_after_effect", "reset_after_effect", "garbage"];
    let harness = scripted(&steps).await;
    harness.hang_up(refund("10"));
    assert_eq!(error(&harness.call(refund("11")).await), (500, 2000));
    assert_eq!(harness.call(refund("12")).await.fault, Some(Fault::Reset));
    let garbage = harness.call(refund("13")).await;
    assert_eq!(garbage.status, StatusCode::OK);
    assert!(serde_json::from_str::<Value>(&garbage.text).is_err());
    let expected = [" 1000 succeeded", " 1100 succeeded", " 1200 succeeded", " 1300 succeeded"];
    assert_eq!(harness.ledger().await, expected);
}

#[tokio::test]
async fn effect_after_happens_although_nobody_waits_and_once() {
    let harness = scripted(&["effect_after:1500"]).await;
    harness.hang_up(refund("10"));
    harness.advance(1_499).await;
    assert_eq!(harness.ledger().await, [""; 0]);
    harness.advance(1).await;
    harness.advance(60_000).await;
    assert_eq!(harness.ledger().await, [" 1000 succeeded"]);
}

#[tokio::test]
async fn an_effect_that_does_not_fit_any_more_never_was() {
    let harness = scripted(&["effect_after:1000"]).await;
    harness.hang_up(refund("10"));
    new_reference(&harness.call(refund("100")).await);
    harness.advance(2_000).await;
    assert_eq!(harness.ledger().await, [" 10000 succeeded"]);
}

#[tokio::test]
async fn slow_has_its_effect_at_once() {
    let harness = scripted(&["slow:2000"]).await;
    let mut slow = Box::pin(harness.sandbox.send(refund("10")));
    assert!(futures_util::poll!(&mut slow).is_pending());
    assert_eq!(harness.ledger().await, [" 1000 succeeded"]);
    harness.advance(2_000).await;
    new_reference(&Got::of(slow.await).await);
}

#[tokio::test]
async fn what_was_coming_comes_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.db");
    let first = Harness::on_file(&file, START_MS);
    first.payment("stcpay", PAYMENT, "SAR", 10_000).await;
    first.script("stcpay", PAYMENT, &["effect_after:1000"]).await;
    first.hang_up(refund("10"));
    drop(first);
    let second = Harness::on_file(&file, START_MS + 5_000);
    second.advance(0).await;
    assert_eq!(second.ledger().await, [" 1000 succeeded"]);
}

#[tokio::test]
async fn steps_that_need_notifications_are_refused_where_they_are_given() {
    let harness = scripted(&[]).await;
    for step in ["duplicate_notification", "notify_before_answer", "succeed_then_fail"] {
        let body = serde_json::json!({"psp": "stcpay", "payment": PAYMENT, "steps": [step]});
        assert_eq!(harness.control("script", body).await.status, StatusCode::BAD_REQUEST, "{step}");
    }
}
