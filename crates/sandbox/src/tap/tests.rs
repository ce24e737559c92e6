//! Tap's protocol and every step of a script.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use super::sign;
use crate::reply::Fault;
use crate::testing::{Got, Harness, START_MS, post};
use crate::world::Notification;

const KEY: &str = "sk_test_XKokBfNWv6FIYuTMg5sLPjhJ";
const BEARER: &str = "Bearer sk_test_XKokBfNWv6FIYuTMg5sLPjhJ";
const URL: &str = "http://127.0.0.1:9/tap";

async fn scripted(steps: &[&str]) -> Harness {
    let harness = Harness::new();
    harness.payment("tap", "chg_1", "SAR", 10_000).await;
    harness.payment("tap", "chg_kwd", "KWD", 10_000).await;
    harness.script("tap", "chg_1", steps).await;
    harness
}

fn send(path: &str, body: impl Into<Body>) -> Request<Body> {
    post(path, &[("authorization", BEARER), ("content-type", "application/json")], body)
}

/// A body with the amount's text as it is given.
fn body(charge: &str, amount: &str, currency: &str, key: &str) -> String {
    format!(
        r#"{{"charge_id":"{charge}","amount":{amount},"currency":"{currency}","reason":"requested_by_customer",
            "reference":{{"merchant":"{key}"}},"metadata":{{"a": 1}},"post":{{"url":"{URL}"}}}}"#
    )
}

fn refund(key: &str, amount: &str) -> Request<Body> {
    send("/v2/refunds", body("chg_1", amount, "SAR", key))
}

async fn get(harness: &Harness, id: &Value) -> Got {
    let path = format!("/v2/refunds/{}", id.as_str().unwrap());
    harness.call(Request::get(path).header("authorization", BEARER).body(Body::empty()).unwrap()).await
}

async fn list(harness: &Harness, body: Value) -> Value {
    let got = harness.call(send("/v2/refunds/list", body.to_string())).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    got.json()
}

async fn listed_keys(harness: &Harness, body: Value) -> Vec<String> {
    let list = list(harness, body).await;
    let key = |row: &Value| row["reference"]["merchant"].as_str().unwrap().to_owned();
    list["refunds"].as_array().unwrap().iter().map(key).collect()
}

fn statuses(notifications: &[Notification]) -> Vec<String> {
    let status = |notification: &Notification| {
        let body: Value = serde_json::from_str(&notification.body).unwrap();
        body["status"].as_str().unwrap().to_owned()
    };
    notifications.iter().map(status).collect()
}

fn error(got: &Got) -> (u16, String) {
    (got.status.as_u16(), got.json()["errors"][0]["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn unscripted_a_refund_is_pending_then_refunded_and_told() {
    let harness = scripted(&[]).await;
    let got = harness.call(refund("RF-1", "10.5")).await;
    assert_eq!(got.status, StatusCode::OK);
    assert!(got.text.contains(r#""amount":10.50,"#), "{}", got.text);
    let object = got.json();
    assert_eq!(object["status"], "PENDING");
    assert_eq!(object["response"]["code"], "100");
    assert_eq!(object["charge_id"], "chg_1");
    assert_eq!(object["created"], START_MS.to_string());
    assert_eq!(object["metadata"], json!({"a": 1}));
    assert_eq!(harness.ledger().await, ["RF-1 1050 pending"]);
    assert!(harness.notifications().is_empty());

    harness.advance(1_000).await;
    assert_eq!(harness.ledger().await, ["RF-1 1050 succeeded"]);
    let now = get(&harness, &object["id"]).await;
    assert_eq!(now.json()["status"], "REFUNDED");
    assert_eq!(now.json()["response"]["code"], "000");
    let told = harness.notifications();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].url.as_str(), &told[0].body), (URL, &now.text));
}

#[tokio::test]
async fn a_notification_is_signed_over_what_its_body_says() {
    let harness = scripted(&[]).await;
    harness.call(send("/v2/refunds", body("chg_kwd", "1.5", "KWD", "RF-1"))).await;
    harness.advance(1_000).await;
    let told = harness.notifications().remove(0);
    let object: Value = serde_json::from_str(&told.body).unwrap();
    assert!(told.body.contains(r#""amount":1.500,"#), "{}", told.body);
    let text = format!(
        "x_id{}x_amount1.500x_currencyKWDx_gateway_referencex_payment_reference{}x_statusREFUNDEDx_created{}",
        object["id"].as_str().unwrap(),
        object["reference"]["payment"].as_str().unwrap(),
        object["created"].as_str().unwrap(),
    );
    assert_eq!(told.headers, [("hashstring", sign::hashstring(KEY, &text))]);
}

#[tokio::test]
async fn a_notification_is_tried_three_times() {
    let harness = scripted(&[]).await;
    harness.receiver.statuses.lock().unwrap().extend([500, 0, 503, 200]);
    harness.call(refund("RF-1", "10")).await;
    for (ms, tries) in [(300, 1), (999, 1), (1, 2), (4_999, 2), (1, 3), (3_600_000, 3)] {
        harness.advance(ms).await;
        assert_eq!(harness.notifications().len(), tries, "after {ms} more ms");
    }
    let told = harness.notifications();
    assert!(told.iter().all(|one| *one == told[0]));
}

#[tokio::test]
async fn there_is_no_idempotency() {
    let harness = scripted(&[]).await;
    let first = harness.call(refund("RF-1", "10")).await.json();
    let second = harness.call(refund("RF-1", "10")).await.json();
    assert_ne!(first["id"], second["id"]);
    assert_eq!(harness.ledger().await, ["RF-1 1000 pending", "RF-1 1000 pending"]);
    // The key does not say which of the two is meant.
    assert_eq!(harness.finish("tap", "RF-1", "failed").await.status, StatusCode::CONFLICT);
    let id = second["id"].as_str().unwrap();
    assert_eq!(harness.finish("tap", id, "failed").await.status, StatusCode::OK);
    assert_eq!(harness.ledger().await, ["RF-1 1000 pending", "RF-1 1000 failed"]);
}

#[tokio::test]
async fn never_more_than_was_paid() {
    let harness = scripted(&[]).await;
    harness.call(refund("RF-1", "60.00")).await;
    assert_eq!(error(&harness.call(refund("RF-2", "40.01")).await), (400, "1161".to_owned()));
    assert_eq!(harness.call(refund("RF-3", "40")).await.status, StatusCode::OK);
    harness.advance(1_000).await;
    assert_eq!(error(&harness.call(refund("RF-4", "0.01")).await), (400, "1161".to_owned()));
    assert_eq!(harness.ledger().await, ["RF-1 6000 succeeded", "RF-3 4000 succeeded"]);
}

#[tokio::test]
async fn bad_requests_have_their_codes_and_no_effect() {
    let harness = scripted(&[]).await;
    let good: Value = serde_json::from_str(&body("chg_1", "10", "SAR", "RF-1")).unwrap();
    for (field, value, expected) in [
        ("charge_id", Value::Null, "1142"),
        ("charge_id", json!("1"), "1143"),
        ("charge_id", json!("chg_unknown"), "1144"),
        ("amount", Value::Null, "1117"),
        ("amount", json!("10"), "1117"),
        ("amount", json!(0), "1117"),
        ("amount", json!(-1), "1117"),
        ("currency", Value::Null, "1118"),
        ("currency", json!("sar"), "1118"),
        ("currency", json!("KWD"), "1149"),
        ("reason", Value::Null, "1156"),
        ("reason", json!(""), "1156"),
        ("reason", json!("x".repeat(251)), "1157"),
        ("reason", json!(5), "1103"),
        ("post", json!("http://"), "1103"),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let got = harness.call(send("/v2/refunds", body.to_string())).await;
        assert_eq!(error(&got), (400, expected.to_owned()), "{field}={value}");
    }
    let precise = harness.call(refund("RF-1", "10.005")).await;
    assert_eq!(error(&precise), (400, "1117".to_owned()));
    assert_eq!(error(&harness.call(send("/v2/refunds", "{")).await), (400, "2100".to_owned()));
    assert_eq!(harness.ledger().await, [""; 0]);
}

#[tokio::test]
async fn every_endpoint_wants_the_secret_key() {
    let harness = scripted(&[]).await;
    for (bearer, expected) in [
        (None, "2105"),
        (Some("sk_test_XKokBfNWv6FIYuTMg5sLPjhJ"), "2105"),
        (Some("Bearer sk_test_other"), "2104"),
        (Some("Bearer pk_test_XKokBfNWv6FIYuTMg5sLPjhJ"), "2106"),
    ] {
        for (method, path) in
            [("POST", "/v2/refunds"), ("GET", "/v2/refunds/re_1"), ("POST", "/v2/refunds/list")]
        {
            let mut request = Request::builder().method(method).uri(path);
            if let Some(bearer) = bearer {
                request = request.header("authorization", bearer);
            }
            let body = Body::from(body("chg_1", "10", "SAR", "RF-1"));
            let got = harness.call(request.body(body).unwrap()).await;
            assert_eq!(error(&got), (401, expected.to_owned()), "{method} {path} with {bearer:?}");
        }
    }
    assert_eq!(harness.ledger().await, [""; 0]);
}

#[tokio::test]
async fn an_unknown_refund_is_not_found() {
    let harness = scripted(&[]).await;
    assert_eq!(error(&get(&harness, &json!("re_none")).await), (404, "1160".to_owned()));
}

#[tokio::test]
async fn the_list_is_filtered_paged_and_newest_first() {
    let harness = scripted(&[]).await;
    for number in 1..=5 {
        harness.call(refund(&format!("RF-{number}"), "1")).await;
        harness.advance(1_000).await;
    }
    harness.call(send("/v2/refunds", body("chg_kwd", "1", "KWD", "RF-6"))).await;

    let all = listed_keys(&harness, json!({})).await;
    assert_eq!(all, ["RF-6", "RF-5", "RF-4", "RF-3", "RF-2", "RF-1"]);
    let of_charge = listed_keys(&harness, json!({"charges": ["chg_kwd"], "limit": "50"})).await;
    assert_eq!(of_charge, ["RF-6"]);
    let of_both = listed_keys(&harness, json!({"charges": ["chg_1", "chg_kwd", "chg_1"]})).await;
    assert_eq!(of_both, all);
    let period = json!({"date": {"from": (START_MS + 1_000).to_string(), "to": START_MS + 2_000}});
    assert_eq!(listed_keys(&harness, json!({"period": period})).await, ["RF-3", "RF-2"]);

    let first = list(&harness, json!({"limit": 4, "starting_after": ""})).await;
    assert_eq!((&first["has_more"], &first["count"]), (&json!(true), &json!(4)));
    let last_id = first["refunds"][3]["id"].clone();
    let rest = list(&harness, json!({"limit": 4, "starting_after": last_id})).await;
    assert_eq!((&rest["has_more"], &rest["count"]), (&json!(false), &json!(2)));
    assert_eq!(rest["refunds"][1]["reference"]["merchant"], "RF-1");

    let too_long = json!({"period": {"date": {"from": START_MS, "to": START_MS + 30 * 86_400_000 + 1}}});
    for (body, expected) in [(json!({"limit": 51}), "1162"), (too_long, "1103")] {
        let got = harness.call(send("/v2/refunds/list", body.to_string())).await;
        assert_eq!(error(&got), (400, expected.to_owned()));
    }
}

#[tokio::test]
async fn refuse() {
    let harness = scripted(&["refuse"]).await;
    let got = harness.call(refund("RF-1", "10")).await;
    let object = got.json();
    assert_eq!((got.status, &object["status"]), (StatusCode::OK, &json!("DECLINED")));
    assert_eq!(object["response"]["code"], "501");
    harness.advance(60_000).await;
    assert_eq!(get(&harness, &object["id"]).await.json()["status"], "DECLINED");
    assert!(harness.notifications().is_empty());
    assert_eq!(harness.ledger().await, [""; 0]);
}

#[tokio::test]
async fn pend_until_it_is_finished() {
    let harness = scripted(&["pend", "pend"]).await;
    let object = harness.call(refund("RF-1", "10")).await.json();
    harness.call(refund("RF-2", "10")).await;
    harness.advance(86_400_000).await;
    assert_eq!(harness.ledger().await, ["RF-1 1000 pending", "RF-2 1000 pending"]);
    harness.finish("tap", object["id"].as_str().unwrap(), "succeeded").await;
    harness.finish("tap", "RF-2", "failed").await;
    harness.finish("tap", "RF-2", "failed").await;
    harness.advance(0).await;
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded", "RF-2 1000 failed"]);
    assert_eq!(statuses(&harness.notifications()), ["REFUNDED", "FAILED"]);
    assert_eq!(get(&harness, &object["id"]).await.json()["status"], "REFUNDED");
}

#[tokio::test]
async fn finishing_by_hand_comes_before_settling() {
    let harness = scripted(&[]).await;
    harness.call(refund("RF-1", "10")).await;
    harness.finish("tap", "RF-1", "failed").await;
    harness.advance(10_000).await;
    assert_eq!(harness.ledger().await, ["RF-1 1000 failed"]);
    assert_eq!(statuses(&harness.notifications()), ["FAILED"]);
}

#[tokio::test]
async fn timeouts_and_errors_before_the_effect_leave_nothing() {
    let harness = scripted(&["timeout_before_effect", "error500_before_effect"]).await;
    harness.hang_up(refund("RF-1", "10"));
    let got = harness.call(refund("RF-1", "10")).await;
    assert_eq!(error(&got), (500, "9999".to_owned()));
    harness.advance(10_000).await;
    assert_eq!(harness.ledger().await, [""; 0]);
    assert_eq!(listed_keys(&harness, json!({})).await, [""; 0]);
}

#[tokio::test]
async fn faults_after_the_effect_leave_a_refund_that_settles() {
    let steps = ["timeout_after_effect", "error500_after_effect", "reset_after_effect", "garbage"];
    let harness = scripted(&steps).await;
    harness.hang_up(refund("RF-1", "10"));
    assert_eq!(harness.call(refund("RF-2", "10")).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(harness.call(refund("RF-3", "10")).await.fault, Some(Fault::Reset));
    let garbage = harness.call(refund("RF-4", "10")).await;
    assert_eq!(garbage.status, StatusCode::OK);
    assert!(serde_json::from_str::<Value>(&garbage.text).is_err());
    assert_eq!(harness.ledger().await.len(), 4);
    harness.advance(1_000).await;
    let expected =
        ["RF-1 1000 succeeded", "RF-2 1000 succeeded", "RF-3 1000 succeeded", "RF-4 1000 succeeded"];
    assert_eq!(harness.ledger().await, expected);
    assert_eq!(statuses(&harness.notifications()), ["REFUNDED"; 4]);
}

#[tokio::test]
async fn effect_after_happens_although_nobody_waits() {
    let harness = scripted(&["effect_after:1500"]).await;
    harness.hang_up(refund("RF-1", "10"));
    harness.advance(1_499).await;
    assert_eq!(harness.ledger().await, [""; 0]);
    assert_eq!(listed_keys(&harness, json!({})).await, [""; 0]);
    let id = json!(format!("re_SB{}00000001", START_MS / 1_000));
    assert_eq!(error(&get(&harness, &id).await), (404, "1160".to_owned()));
    assert_eq!(harness.finish("tap", "RF-1", "failed").await.status, StatusCode::NOT_FOUND);
    harness.advance(1).await;
    assert_eq!(get(&harness, &id).await.json()["status"], "PENDING");
    assert_eq!(harness.ledger().await, ["RF-1 1000 pending"]);
    let row = list(&harness, json!({})).await["refunds"][0].clone();
    assert_eq!(row["created"], (START_MS + 1_500).to_string());
    harness.advance(300).await;
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded"]);
    assert_eq!(statuses(&harness.notifications()), ["REFUNDED"]);
}

#[tokio::test]
async fn an_effect_that_does_not_fit_any_more_never_was() {
    let harness = scripted(&["effect_after:1000"]).await;
    harness.hang_up(refund("RF-1", "10"));
    harness.call(refund("RF-2", "100")).await;
    harness.advance(2_000).await;
    assert_eq!(harness.ledger().await, ["RF-2 10000 succeeded"]);
    assert_eq!(listed_keys(&harness, json!({})).await, ["RF-2"]);
}

#[tokio::test]
async fn slow_tells_of_the_refund_as_it_was_made() {
    let harness = scripted(&["slow:2000"]).await;
    let mut slow = Box::pin(harness.sandbox.send(refund("RF-1", "10")));
    assert!(futures_util::poll!(&mut slow).is_pending());
    harness.advance(1_999).await;
    assert!(futures_util::poll!(&mut slow).is_pending());
    harness.advance(1).await;
    assert_eq!(Got::of(slow.await).await.json()["status"], "PENDING");
    assert_eq!(statuses(&harness.notifications()), ["REFUNDED"]);
}

#[tokio::test]
async fn duplicate_notification() {
    let harness = scripted(&["duplicate_notification"]).await;
    harness.call(refund("RF-1", "10")).await;
    harness.advance(1_000).await;
    let told = harness.notifications();
    assert_eq!(statuses(&told), ["REFUNDED", "REFUNDED"]);
    assert_eq!(told[0], told[1]);
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded"]);
}

#[tokio::test]
async fn notify_before_answer() {
    let harness = scripted(&["notify_before_answer"]).await;
    let object = harness.call(refund("RF-1", "10")).await.json();
    // There was no time for anything but the request itself.
    assert_eq!(statuses(&harness.notifications()), ["REFUNDED"]);
    assert_eq!(object["status"], "PENDING");
    assert_eq!(get(&harness, &object["id"]).await.json()["status"], "REFUNDED");
    harness.advance(60_000).await;
    assert_eq!(harness.notifications().len(), 1);
}

#[tokio::test]
async fn succeed_then_fail() {
    let harness = scripted(&["succeed_then_fail"]).await;
    let object = harness.call(refund("RF-1", "100")).await.json();
    harness.advance(300).await;
    assert_eq!(harness.ledger().await, ["RF-1 10000 succeeded"]);
    harness.advance(1_000).await;
    assert_eq!(harness.ledger().await, ["RF-1 10000 failed"]);
    assert_eq!(statuses(&harness.notifications()), ["REFUNDED", "FAILED"]);
    assert_eq!(get(&harness, &object["id"]).await.json()["status"], "FAILED");
    // The money is there again.
    assert_eq!(harness.call(refund("RF-2", "100")).await.status, StatusCode::OK);
}
