//! Adyen's protocol and every step of a script.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use super::sign;
use super::units::{from_iso, to_iso};
use crate::reply::Fault;
use crate::testing::{Got, Harness, post};

const API_KEY: &str = "ADYEN_API_KEY";
const HMAC: &str = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
const PAYMENT: &str = "993617894903480A";
const URL: &str = "http://127.0.0.1:9/adyen";

async fn scripted(steps: &[&str]) -> Harness {
    let harness = Harness::new();
    harness.payment("adyen", PAYMENT, "EUR", 10_000).await;
    harness.payment("adyen", "CLP1", "CLP", 10_000).await;
    let webhook = harness.control("webhook", json!({"psp": "adyen", "url": URL})).await;
    assert_eq!(webhook.status, StatusCode::OK, "{}", webhook.text);
    harness.script("adyen", PAYMENT, steps).await;
    harness
}

fn body(key: &str, value: i64) -> Value {
    json!({"merchantAccount": "TestMerchant", "amount": {"currency": "EUR", "value": value}, "reference": key})
}

fn send(payment: &str, key: &str, body: impl Into<Body>) -> Request<Body> {
    let path = format!("/v71/payments/{payment}/refunds");
    post(
        &path,
        &[("x-api-key", API_KEY), ("idempotency-key", key), ("content-type", "application/json")],
        body,
    )
}

fn refund(key: &str, value: i64) -> Request<Body> {
    send(PAYMENT, key, body(key, value).to_string())
}

fn error(got: &Got) -> (u16, String) {
    let body = got.json();
    assert_eq!(body["status"], got.status.as_u16());
    (got.status.as_u16(), body["errorCode"].as_str().unwrap().to_owned())
}

/// The items told so far, each one with its signature made sure of.
fn told(harness: &Harness) -> Vec<Value> {
    let read = |text: &str| -> Value {
        let message: Value = serde_json::from_str(text).unwrap();
        assert_eq!(message["live"], "false");
        let item = message["notificationItems"][0]["NotificationRequestItem"].clone();
        let plain = |name: &str| item[name].as_str().unwrap().to_owned();
        let text = format!(
            "{}:{}:{}:{}:{}:{}:{}:{}",
            plain("pspReference"),
            plain("originalReference"),
            plain("merchantAccountCode"),
            plain("merchantReference"),
            item["amount"]["value"],
            item["amount"]["currency"].as_str().unwrap(),
            plain("eventCode"),
            plain("success"),
        );
        let signature = sign::signature(HMAC, &text).unwrap();
        assert_eq!(item["additionalData"]["hmacSignature"], signature);
        item
    };
    harness.notifications().iter().map(|one| read(&one.body)).collect()
}

/// The items told so far, each as "event success reason".
fn events(harness: &Harness) -> Vec<String> {
    let plain = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    let line = |item: &Value| {
        format!("{} {} {}", plain(item, "eventCode"), plain(item, "success"), plain(item, "reason"))
    };
    told(harness).iter().map(|item| line(item).trim_end().to_owned()).collect()
}

#[tokio::test]
async fn unscripted_a_refund_is_received_and_then_told_of() {
    let harness = scripted(&[]).await;
    let response = harness.sandbox.send(refund("RF-1", 2_500)).await;
    assert_eq!(response.headers()["idempotency-key"], "RF-1");
    let got = Got::of(response).await;
    assert_eq!(got.status, StatusCode::CREATED);
    let answer = got.json();
    let id = answer["pspReference"].as_str().unwrap().to_owned();
    assert!(id.len() == 16 && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()), "{id}");
    assert_eq!(
        answer,
        json!({"merchantAccount": "TestMerchant", "paymentPspReference": PAYMENT, "reference": "RF-1",
               "pspReference": id, "status": "received", "amount": {"currency": "EUR", "value": 2_500}})
    );
    assert_eq!(harness.ledger().await, ["RF-1 2500 pending"]);
    assert!(harness.notifications().is_empty());

    harness.advance(300).await;
    assert_eq!(harness.ledger().await, ["RF-1 2500 succeeded"]);
    assert_eq!(harness.notifications()[0].url, URL);
    let told = told(&harness);
    assert_eq!(told.len(), 1);
    let item = &told[0];
    assert_eq!((&item["eventCode"], &item["success"]), (&json!("REFUND"), &json!("true")));
    assert_eq!((&item["pspReference"], &item["originalReference"]), (&json!(id), &json!(PAYMENT)));
    assert_eq!((&item["merchantReference"], &item["reason"]), (&json!("RF-1"), &json!("")));
    assert_eq!(item["amount"], json!({"currency": "EUR", "value": 2_500}));
    assert_eq!(item["eventDate"], "2027-01-15T08:00:00+00:00");
}

#[tokio::test]
async fn the_steps_end_by_notification() {
    let not_captured = "REFUND false Transaction hasn't been captured, refund not possible";
    for (step, at_first, in_the_end, ledger) in [
        ("succeed", vec!["REFUND true"], vec!["REFUND true"], vec!["RF-1 2500 succeeded"]),
        ("refuse", vec![not_captured], vec![not_captured], vec![]),
        ("pend", vec![], vec![], vec!["RF-1 2500 pending"]),
        (
            "duplicate_notification",
            vec!["REFUND true"; 2],
            vec!["REFUND true"; 2],
            vec!["RF-1 2500 succeeded"],
        ),
        (
            "succeed_then_fail",
            vec!["REFUND true"],
            vec!["REFUND true", "REFUND_FAILED true Refund Failed"],
            vec!["RF-1 2500 failed"],
        ),
        (
            "succeed_then_reverse",
            vec!["REFUND true"],
            vec!["REFUND true", "REFUNDED_REVERSED true"],
            vec!["RF-1 2500 failed"],
        ),
        ("notify_before_answer", vec!["REFUND true"], vec!["REFUND true"], vec!["RF-1 2500 succeeded"]),
    ] {
        let harness = scripted(&[step]).await;
        let got = harness.call(refund("RF-1", 2_500)).await;
        assert_eq!((got.status, &got.json()["status"]), (StatusCode::CREATED, &json!("received")), "{step}");
        let before: usize = if step == "notify_before_answer" { 1 } else { 0 };
        assert_eq!(events(&harness).len(), before, "{step}");
        harness.advance(300).await;
        assert_eq!(events(&harness), at_first, "{step}");
        harness.advance(60_000).await;
        assert_eq!(events(&harness), in_the_end, "{step}");
        assert_eq!(harness.ledger().await, ledger, "{step}");
    }
}

#[tokio::test]
async fn only_a_refund_has_an_arn() {
    let harness = scripted(&["succeed_then_fail", "refuse"]).await;
    harness.call(refund("RF-1", 1)).await;
    harness.call(refund("RF-2", 1)).await;
    harness.advance(300).await;
    harness.advance(1_000).await;
    let arns: Vec<_> = told(&harness)
        .iter()
        .map(|item| {
            let event =
                format!("{} {}", item["eventCode"].as_str().unwrap(), item["success"].as_str().unwrap());
            (event, item["additionalData"]["arn"].is_string())
        })
        .collect();
    assert_eq!(arns.len(), 3);
    assert!(arns.iter().all(|(event, arn)| *arn == (event == "REFUND true")), "{arns:?}");
}

#[tokio::test]
async fn what_pends_is_ended_by_hand() {
    let harness = scripted(&["pend", "pend"]).await;
    harness.call(refund("RF-1", 100)).await;
    harness.call(refund("RF-2", 200)).await;
    assert_eq!(harness.finish("adyen", "RF-1", "succeeded").await.status, StatusCode::OK);
    assert_eq!(harness.finish("adyen", "RF-2", "failed").await.status, StatusCode::OK);
    harness.advance(0).await;
    assert_eq!(events(&harness), ["REFUND true", "REFUND false Refund Failed"]);
    assert_eq!(harness.ledger().await, ["RF-1 100 succeeded", "RF-2 200 failed"]);
}

#[tokio::test]
async fn the_same_key_is_the_same_request() {
    let harness = scripted(&[]).await;
    let first = harness.call(refund("RF-1", 2_500)).await;
    harness.advance(1_000).await;
    assert_eq!(harness.call(refund("RF-1", 2_500)).await, first);
    for other in [
        send(PAYMENT, "RF-1", body("RF-1", 2_501).to_string()),
        send(PAYMENT, "RF-1", body("RF-2", 2_500).to_string()),
        send("CLP1", "RF-1", body("RF-1", 2_500).to_string()),
    ] {
        assert_eq!(error(&harness.call(other).await), (422, "704".to_owned()));
    }
    harness.advance(1_000).await;
    assert_eq!(harness.ledger().await, ["RF-1 2500 succeeded"]);
    assert_eq!(events(&harness), ["REFUND true"]);
}

#[tokio::test]
async fn without_a_key_every_request_is_new() {
    let harness = scripted(&[]).await;
    for _ in 0..2 {
        let path = format!("/v71/payments/{PAYMENT}/refunds");
        let request = post(&path, &[("x-api-key", API_KEY)], body("RF-1", 100).to_string());
        let response = harness.sandbox.send(request).await;
        assert!(!response.headers().contains_key("idempotency-key"));
        assert_eq!(response.status(), StatusCode::CREATED);
    }
    assert_eq!(harness.ledger().await, ["RF-1 100 pending", "RF-1 100 pending"]);
}

#[tokio::test]
async fn lost_answers_are_given_to_the_same_key() {
    for step in ["timeout_after_effect", "error500_after_effect", "reset_after_effect", "garbage"] {
        let harness = scripted(&[step]).await;
        match step {
            "timeout_after_effect" => harness.hang_up(refund("RF-1", 2_500)),
            "reset_after_effect" => {
                assert_eq!(harness.call(refund("RF-1", 2_500)).await.fault, Some(Fault::Reset));
            }
            "garbage" => {
                let got = harness.call(refund("RF-1", 2_500)).await;
                assert!(serde_json::from_str::<Value>(&got.text).is_err());
            }
            _ => assert_eq!(error(&harness.call(refund("RF-1", 2_500)).await), (500, "903".to_owned())),
        }
        harness.advance(300).await;
        assert_eq!(harness.call(refund("RF-1", 2_500)).await.status, StatusCode::CREATED, "{step}");
        harness.advance(300).await;
        assert_eq!(harness.ledger().await, ["RF-1 2500 succeeded"], "{step}");
        assert_eq!(events(&harness), ["REFUND true"], "{step}");
    }
    for step in ["timeout_before_effect", "error500_before_effect"] {
        let harness = scripted(&[step]).await;
        if step == "timeout_before_effect" {
            harness.hang_up(refund("RF-1", 2_500));
        } else {
            assert_eq!(harness.call(refund("RF-1", 2_500)).await.status.as_u16(), 500);
        }
        harness.advance(300).await;
        assert_eq!(harness.ledger().await, [""; 0], "{step}");
        assert_eq!(harness.call(refund("RF-1", 2_500)).await.status, StatusCode::CREATED, "{step}");
        assert_eq!(harness.ledger().await, ["RF-1 2500 pending"], "{step}");
    }
}

#[tokio::test]
async fn an_effect_that_comes_later_holds_its_key_and_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sandbox.sqlite");
    let harness = Harness::on_file(&file, crate::testing::START_MS);
    harness.payment("adyen", PAYMENT, "EUR", 10_000).await;
    harness.control("webhook", json!({"psp": "adyen", "url": URL})).await;
    harness.script("adyen", PAYMENT, &["effect_after:5000", "effect_after:6000"]).await;
    harness.hang_up(refund("RF-1", 8_000));
    harness.hang_up(refund("RF-2", 2_001));
    let response = harness.sandbox.send(refund("RF-1", 8_000)).await;
    assert_eq!(response.headers()["transient-error"], "true");
    assert_eq!(response.headers()["idempotency-key"], "RF-1");
    assert_eq!(error(&Got::of(response).await), (422, "704".to_owned()));
    assert_eq!(harness.ledger().await, [""; 0]);
    drop(harness);

    let harness = Harness::on_file(&file, crate::testing::START_MS + 5_000);
    harness.advance(0).await;
    assert_eq!(harness.ledger().await, ["RF-1 8000 pending"]);
    let got = harness.call(refund("RF-1", 8_000)).await;
    assert_eq!((got.status, &got.json()["status"]), (StatusCode::CREATED, &json!("received")));
    harness.advance(1_000).await;
    harness.advance(1_000).await;
    assert_eq!(events(&harness), ["REFUND true", "REFUND false Insufficient balance on payment"]);
    assert_eq!(harness.call(refund("RF-2", 2_001)).await.status, StatusCode::CREATED);
    assert_eq!(harness.ledger().await, ["RF-1 8000 succeeded"]);
}

#[tokio::test]
async fn never_more_than_was_paid() {
    let harness = scripted(&["pend"]).await;
    harness.call(refund("RF-1", 6_000)).await;
    assert_eq!(harness.call(refund("RF-2", 4_001)).await.status, StatusCode::CREATED);
    assert_eq!(harness.call(refund("RF-3", 4_000)).await.status, StatusCode::CREATED);
    harness.advance(300).await;
    assert_eq!(events(&harness), ["REFUND false Insufficient balance on payment", "REFUND true"]);
    assert_eq!(harness.ledger().await, ["RF-1 6000 pending", "RF-3 4000 succeeded"]);
}

#[tokio::test]
async fn bad_requests_have_their_codes_and_no_effect() {
    let harness = scripted(&["refuse"]).await;
    for (field, value, expected) in [
        ("merchantAccount", Value::Null, (403, "901")),
        ("merchantAccount", json!("OtherMerchant"), (403, "901")),
        ("merchantAccount", json!(1), (400, "702")),
        ("amount", Value::Null, (422, "100")),
        ("amount", json!({"currency": "EUR"}), (400, "702")),
        ("amount", json!({"currency": "EUR", "value": "2500"}), (400, "702")),
        ("amount", json!({"currency": "EUR", "value": 25.5}), (400, "702")),
        ("amount", json!({"currency": "EUR", "value": 1, "more": 1}), (400, "702")),
        ("amount", json!({"currency": "EUR", "value": 0}), (422, "137")),
        ("amount", json!({"currency": "EUR", "value": -1}), (422, "137")),
        ("amount", json!({"currency": "eur", "value": 1}), (422, "138")),
        ("amount", json!({"currency": "USD", "value": 1}), (422, "138")),
        ("reference", json!("r".repeat(81)), (422, "702")),
        ("merchantRefundReason", json!("BECAUSE"), (400, "702")),
        ("other", json!(1), (400, "702")),
    ] {
        let mut body = body("RF-1", 2_500);
        body[field] = value.clone();
        let got = harness.call(send(PAYMENT, "RF-1", body.to_string())).await;
        assert_eq!(error(&got), (expected.0, expected.1.to_owned()), "{field}={value}");
    }
    assert_eq!(error(&harness.call(send(PAYMENT, "RF-1", "{")).await), (400, "702".to_owned()));
    let unknown = harness.call(send("993617894903480B", "RF-1", body("RF-1", 1).to_string())).await;
    assert_eq!(error(&unknown), (422, "167".to_owned()));
    let long = harness.call(send(PAYMENT, &"k".repeat(65), body("RF-1", 1).to_string())).await;
    assert_eq!(error(&long), (422, "702".to_owned()));
    harness.advance(1_000).await;
    assert!(harness.notifications().is_empty(), "no step was taken");
    let mut full = body("RF-2", 2_500);
    full["merchantRefundReason"] = json!("CUSTOMER REQUEST");
    full["splits"] = json!([{"type": "MarketPlace"}]);
    full["store"] = json!("shop");
    let got = harness.call(send(PAYMENT, "RF-2", full.to_string())).await;
    assert_eq!(
        (got.status, &got.json()["merchantRefundReason"]),
        (StatusCode::CREATED, &json!("CUSTOMER REQUEST"))
    );
}

#[tokio::test]
async fn every_endpoint_wants_the_key_of_the_merchant_account() {
    let harness = scripted(&[]).await;
    for path in [format!("/v71/payments/{PAYMENT}/refunds"), "/v71/paymentMethods".to_owned()] {
        for headers in
            [&[][..], &[("x-api-key", "")], &[("x-api-key", "other")], &[("authorization", API_KEY)]]
        {
            let got = harness.call(post(&path, headers, body("RF-1", 1).to_string())).await;
            assert_eq!(error(&got), (401, "000".to_owned()), "{path} {headers:?}");
        }
    }
    let ask = |body: Value| post("/v71/paymentMethods", &[("x-api-key", API_KEY)], body.to_string());
    let listed = harness.call(ask(json!({"merchantAccount": "TestMerchant", "countryCode": "NL"}))).await;
    assert_eq!(
        (listed.status, &listed.json()["paymentMethods"][0]["type"]),
        (StatusCode::OK, &json!("scheme"))
    );
    for (body, expected) in [
        (json!({"merchantAccount": "OtherMerchant"}), (403, "901")),
        (json!({}), (403, "901")),
        (json!({"merchantAccount": "TestMerchant", "other": 1}), (400, "702")),
        (json!([]), (400, "702")),
    ] {
        assert_eq!(
            error(&harness.call(ask(body.clone())).await),
            (expected.0, expected.1.to_owned()),
            "{body}"
        );
    }
    assert_eq!(harness.ledger().await, [""; 0]);
}

#[tokio::test]
async fn adyens_minor_units_are_its_own() {
    for (code, minor, value) in [
        ("EUR", 250, 250),
        ("KWD", 1_500, 1_500),
        ("CLP", 7, 700),
        ("ISK", 7, 700),
        ("CVE", 700, 7),
        ("IDR", 700, 7),
    ] {
        assert_eq!((from_iso(minor, code), to_iso(value, code)), (Some(value), Some(minor)), "{code}");
    }
    assert_eq!((from_iso(750, "CVE"), to_iso(150, "CLP"), to_iso(i64::MAX, "IDR")), (None, None, None));

    let harness = scripted(&[]).await;
    let clp = |value: i64| {
        let body = json!({"merchantAccount": "TestMerchant", "amount": {"currency": "CLP", "value": value},
                          "reference": "RF-1"});
        send("CLP1", "RF-1", body.to_string())
    };
    assert_eq!(error(&harness.call(clp(150)).await), (422, "137".to_owned()));
    assert_eq!(harness.call(clp(700)).await.json()["amount"], json!({"currency": "CLP", "value": 700}));
    harness.advance(300).await;
    assert_eq!(harness.ledger().await, ["RF-1 7 succeeded"]);
    assert_eq!(told(&harness)[0]["amount"], json!({"currency": "CLP", "value": 700}));
}

#[tokio::test]
async fn nothing_is_told_where_no_address_is_set_up() {
    let harness = Harness::new();
    harness.payment("adyen", PAYMENT, "EUR", 10_000).await;
    harness.call(refund("RF-1", 1)).await;
    harness.advance(300).await;
    assert!(harness.notifications().is_empty());
    assert_eq!(harness.ledger().await, ["RF-1 1 succeeded"]);
}

#[tokio::test]
async fn a_payment_has_an_id_of_adyens() {
    let harness = Harness::new();
    let body = json!({"psp": "adyen", "payment": "../x", "currency": "EUR", "amount_minor": 1});
    assert_eq!(harness.control("payment", body).await.status, StatusCode::BAD_REQUEST);
}
