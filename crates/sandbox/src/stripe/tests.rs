//! Stripe's protocol and every step of a script.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use super::sign;
use crate::reply::Fault;
use crate::testing::{Got, Harness, START_MS, post};
use crate::world::Notification;

mod protocol;

const BEARER: &str = "Bearer sk_test_sandbox";
const URL: &str = "http://127.0.0.1:9/stripe";
const DAY_MS: i64 = 86_400_000;

async fn scripted(steps: &[&str]) -> Harness {
    let harness = Harness::new();
    harness.payment("stripe", "ch_1", "USD", 10_000).await;
    harness.payment("stripe", "pi_1", "KWD", 10_000).await;
    harness.control("webhook", json!({"psp": "stripe", "url": URL})).await;
    harness.script("stripe", "ch_1", steps).await;
    harness
}

fn send(key: &str, body: &str) -> Request<Body> {
    let headers = [
        ("authorization", BEARER),
        ("content-type", "application/x-www-form-urlencoded"),
        ("idempotency-key", key),
    ];
    post("/v1/refunds", &headers, body.to_owned())
}

fn refund(key: &str, amount: i64) -> Request<Body> {
    send(key, &format!("charge=ch_1&amount={amount}&metadata[order]={key}&metadata%5Bb%5D=%C3%A9"))
}

fn asking(path: &str) -> Request<Body> {
    Request::get(format!("/v1/refunds{path}")).header("authorization", BEARER).body(Body::empty()).unwrap()
}

async fn get(harness: &Harness, id: &Value) -> Got {
    harness.call(asking(&format!("/{}", id.as_str().unwrap()))).await
}

async fn listed_keys(harness: &Harness, query: &str) -> Vec<String> {
    let got = harness.call(asking(query)).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    let key = |row: &Value| row["metadata"]["order"].as_str().unwrap_or_default().to_owned();
    got.json()["data"].as_array().unwrap().iter().map(key).collect()
}

fn event(notification: &Notification) -> Value {
    serde_json::from_str(&notification.body).unwrap()
}

/// Each event as "type status".
fn told(harness: &Harness) -> Vec<String> {
    let line = |notification: &Notification| {
        let event = event(notification);
        let (kind, object) = (event["type"].as_str().unwrap(), &event["data"]["object"]);
        format!("{kind} {}", object["status"].as_str().unwrap())
    };
    harness.notifications().iter().map(line).collect()
}

/// An error as its status, type and code.
fn error(got: &Got) -> (u16, String, String) {
    let error = &got.json()["error"];
    let field = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    assert!(!field("message").is_empty(), "{}", got.text);
    (got.status.as_u16(), field("type"), field("code"))
}

fn invalid(status: u16, code: &str) -> (u16, String, String) {
    (status, "invalid_request_error".to_owned(), code.to_owned())
}

#[tokio::test]
async fn unscripted_a_refund_succeeds_at_once_and_is_told_once() {
    let harness = scripted(&[]).await;
    let got = harness.call(refund("RF-1", 1_050)).await;
    assert_eq!(got.status, StatusCode::OK);
    let object = got.json();
    assert_eq!((&object["object"], &object["status"]), (&json!("refund"), &json!("succeeded")));
    assert_eq!((&object["amount"], &object["currency"]), (&json!(1_050), &json!("usd")));
    assert_eq!((&object["charge"], &object["payment_intent"]), (&json!("ch_1"), &Value::Null));
    assert_eq!(object["created"], START_MS / 1_000);
    assert_eq!(object["metadata"], json!({"order": "RF-1", "b": "é"}));
    let card = &object["destination_details"]["card"];
    assert_eq!(card["reference_type"], "acquirer_reference_number");
    assert_eq!(card["reference"].as_str().unwrap().len(), 23);
    assert_eq!(harness.ledger().await, ["RF-1 1050 succeeded"]);
    assert_eq!(get(&harness, &object["id"]).await.text, got.text);

    harness.advance(60_000).await;
    let told = harness.notifications();
    assert_eq!((told.len(), told[0].url.as_str()), (1, URL));
    let event = event(&told[0]);
    assert_eq!((&event["type"], &event["livemode"]), (&json!("refund.created"), &json!(false)));
    assert_eq!(event["data"]["object"], object);
}

#[tokio::test]
async fn an_event_is_signed_over_the_time_and_the_body_at_every_try() {
    let harness = scripted(&[]).await;
    harness.receiver.statuses.lock().unwrap().extend([500, 200]);
    harness.call(refund("RF-1", 100)).await;
    harness.advance(0).await;
    harness.advance(7_000).await;
    let told = harness.notifications();
    assert_eq!(told.len(), 2);
    for (notification, at_s) in told.iter().zip([START_MS / 1_000, START_MS / 1_000 + 7]) {
        let header = sign::header("whsec_sandbox", at_s, &notification.body);
        assert_eq!(notification.headers, [("stripe-signature", header)]);
    }
    assert_eq!(told[0].body, told[1].body);
}

#[tokio::test]
async fn without_an_address_nothing_is_told() {
    let harness = Harness::new();
    harness.payment("stripe", "ch_1", "USD", 10_000).await;
    harness.call(refund("RF-1", 100)).await;
    harness.advance(60_000).await;
    assert!(harness.notifications().is_empty());
    assert_eq!(harness.ledger().await, ["RF-1 100 succeeded"]);
}

#[tokio::test]
async fn refuse() {
    let harness = scripted(&["refuse"]).await;
    let got = harness.call(refund("RF-1", 1_000)).await;
    assert_eq!(error(&got), invalid(400, "charge_disputed"));
    assert_eq!(harness.call(refund("RF-1", 1_000)).await.text, got.text);
    harness.advance(60_000).await;
    assert_eq!(listed_keys(&harness, "").await, [""; 0]);
    assert!(harness.notifications().is_empty());
    assert_eq!(harness.ledger().await, [""; 0]);
}

#[tokio::test]
async fn pend_until_it_is_finished() {
    let harness = scripted(&["pend", "pend"]).await;
    let object = harness.call(refund("RF-1", 1_000)).await.json();
    assert_eq!((&object["status"], &object["pending_reason"]), (&json!("pending"), &json!("processing")));
    harness.call(refund("RF-2", 1_000)).await;
    harness.advance(DAY_MS).await;
    assert_eq!(harness.ledger().await, ["RF-1 1000 pending", "RF-2 1000 pending"]);
    assert!(harness.notifications().is_empty());
    harness.finish("stripe", object["id"].as_str().unwrap(), "succeeded").await;
    harness.finish("stripe", "RF-2", "failed").await;
    harness.finish("stripe", "RF-2", "failed").await;
    harness.advance(0).await;
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded", "RF-2 1000 failed"]);
    assert_eq!(told(&harness), ["refund.updated succeeded", "refund.failed failed"]);
    assert_eq!(get(&harness, &object["id"]).await.json()["status"], "succeeded");
    let failed = &event(&harness.notifications()[1])["data"]["object"];
    assert_eq!(failed["failure_reason"], "lost_or_stolen_card");
}

#[tokio::test]
async fn pend_for_funds_says_what_it_waits_for_until_it_is_finished() {
    let harness = scripted(&["pend_for_funds"]).await;
    let object = harness.call(refund("RF-1", 1_000)).await.json();
    let waits = (json!("pending"), json!("insufficient_funds"));
    assert_eq!((&object["status"], &object["pending_reason"]), (&waits.0, &waits.1));
    harness.advance(DAY_MS).await;
    let shown = get(&harness, &object["id"]).await.json();
    assert_eq!((&shown["status"], &shown["pending_reason"]), (&waits.0, &waits.1));
    assert_eq!(harness.ledger().await, ["RF-1 1000 pending"]);
    harness.finish("stripe", "RF-1", "succeeded").await;
    let done = get(&harness, &object["id"]).await.json();
    assert_eq!((&done["status"], done.get("pending_reason")), (&json!("succeeded"), None));
}

#[tokio::test]
async fn timeouts_and_errors_before_the_effect_leave_nothing() {
    let harness = scripted(&["timeout_before_effect", "error500_before_effect"]).await;
    harness.hang_up(refund("RF-1", 1_000));
    let got = harness.call(refund("RF-1", 1_000)).await;
    assert_eq!(error(&got), (500, "api_error".to_owned(), String::new()));
    harness.advance(10_000).await;
    assert_eq!(harness.ledger().await, [""; 0]);
    assert_eq!(listed_keys(&harness, "?charge=ch_1").await, [""; 0]);
    // The work had not begun: the same request is new.
    assert_eq!(harness.call(refund("RF-1", 1_000)).await.json()["status"], "succeeded");
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded"]);
}

#[tokio::test]
async fn faults_after_the_effect_leave_a_refund_and_an_answer_to_give_again() {
    let steps = ["timeout_after_effect", "error500_after_effect", "reset_after_effect", "garbage"];
    let harness = scripted(&steps).await;
    harness.hang_up(refund("RF-1", 1_000));
    assert_eq!(harness.call(refund("RF-2", 1_000)).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(harness.call(refund("RF-3", 1_000)).await.fault, Some(Fault::Reset));
    let garbage = harness.call(refund("RF-4", 1_000)).await;
    assert_eq!(garbage.status, StatusCode::OK);
    assert!(serde_json::from_str::<Value>(&garbage.text).is_err());
    for key in ["RF-1", "RF-3", "RF-4"] {
        assert_eq!(harness.call(refund(key, 1_000)).await.json()["status"], "succeeded", "{key}");
    }
    // Stripe gives its first answer again, whatever it was.
    assert_eq!(harness.call(refund("RF-2", 1_000)).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(listed_keys(&harness, "").await, ["RF-4", "RF-3", "RF-2", "RF-1"]);
    harness.advance(1_000).await;
    assert_eq!(told(&harness), ["refund.created succeeded"; 4]);
}

#[tokio::test]
async fn effect_after_happens_although_nobody_waits() {
    let harness = scripted(&["effect_after:1500"]).await;
    harness.hang_up(refund("RF-1", 1_000));
    let running = harness.call(refund("RF-1", 1_000)).await;
    assert_eq!(error(&running), (409, "idempotency_error".to_owned(), "idempotency_key_in_use".to_owned()));
    harness.advance(1_499).await;
    assert_eq!(harness.ledger().await, [""; 0]);
    assert_eq!(listed_keys(&harness, "?charge=ch_1").await, [""; 0]);
    let id = json!(format!("re_SB{}00000001", START_MS / 1_000));
    assert_eq!(error(&get(&harness, &id).await), invalid(404, "resource_missing"));
    assert_eq!(harness.finish("stripe", "RF-1", "failed").await.status, StatusCode::NOT_FOUND);
    harness.advance(1).await;
    let shown = get(&harness, &id).await;
    assert_eq!(shown.json()["status"], "succeeded");
    assert_eq!(harness.call(refund("RF-1", 1_000)).await, shown);
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded"]);
    assert_eq!(told(&harness), ["refund.created succeeded"]);
}

#[tokio::test]
async fn an_effect_that_does_not_fit_any_more_is_refused() {
    let harness = scripted(&["effect_after:1000"]).await;
    harness.hang_up(refund("RF-1", 1_000));
    harness.call(refund("RF-2", 10_000)).await;
    harness.advance(2_000).await;
    assert_eq!(harness.ledger().await, ["RF-2 10000 succeeded"]);
    assert_eq!(listed_keys(&harness, "").await, ["RF-2"]);
    assert_eq!(error(&harness.call(refund("RF-1", 1_000)).await), invalid(400, ""));
    assert_eq!(told(&harness), ["refund.created succeeded"]);
}

#[tokio::test]
async fn effects_and_keys_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state");
    {
        let harness = Harness::on_file(&path, START_MS);
        harness.payment("stripe", "ch_1", "USD", 10_000).await;
        harness.script("stripe", "ch_1", &["effect_after:1000"]).await;
        harness.hang_up(refund("RF-1", 1_000));
    }
    let harness = Harness::on_file(&path, START_MS + 500);
    assert_eq!(harness.call(refund("RF-1", 1_000)).await.status, StatusCode::CONFLICT);
    harness.advance(500).await;
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded"]);
    assert_eq!(harness.call(refund("RF-1", 1_000)).await.json()["status"], "succeeded");
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded"]);
}

#[tokio::test]
async fn slow_is_the_usual_answer_later() {
    let harness = scripted(&["slow:2000"]).await;
    let mut slow = Box::pin(harness.sandbox.send(refund("RF-1", 1_000)));
    assert!(futures_util::poll!(&mut slow).is_pending());
    harness.advance(1_999).await;
    assert!(futures_util::poll!(&mut slow).is_pending());
    harness.advance(1).await;
    assert_eq!(Got::of(slow.await).await.json()["status"], "succeeded");
    assert_eq!(told(&harness), ["refund.created succeeded"]);
}

#[tokio::test]
async fn duplicate_notification() {
    let harness = scripted(&["duplicate_notification"]).await;
    harness.call(refund("RF-1", 1_000)).await;
    harness.advance(1_000).await;
    let notifications = harness.notifications();
    assert_eq!(told(&harness), ["refund.created succeeded"; 2]);
    assert_eq!(notifications[0], notifications[1]);
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded"]);
}

#[tokio::test]
async fn notify_before_answer() {
    let harness = scripted(&["notify_before_answer"]).await;
    let object = harness.call(refund("RF-1", 1_000)).await.json();
    // There was no time for anything but the request itself.
    assert_eq!(told(&harness), ["refund.created succeeded"]);
    assert_eq!(object["status"], "succeeded");
    harness.advance(60_000).await;
    assert_eq!(harness.notifications().len(), 1);
}

#[tokio::test]
async fn succeed_then_fail() {
    let harness = scripted(&["succeed_then_fail"]).await;
    let object = harness.call(refund("RF-1", 10_000)).await.json();
    assert_eq!(object["status"], "succeeded");
    harness.advance(999).await;
    assert_eq!(harness.ledger().await, ["RF-1 10000 succeeded"]);
    harness.advance(1).await;
    assert_eq!(harness.ledger().await, ["RF-1 10000 failed"]);
    assert_eq!(told(&harness), ["refund.created succeeded", "refund.failed failed"]);
    assert_eq!(get(&harness, &object["id"]).await.json()["status"], "failed");
    // The money is there again, and the key has its first answer still.
    assert_eq!(harness.call(refund("RF-1", 10_000)).await.json(), object);
    assert_eq!(harness.call(refund("RF-2", 10_000)).await.status, StatusCode::OK);
}
