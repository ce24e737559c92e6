//! Mastercard Gateway's protocol and every step of a script.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::reply::Fault;
use crate::testing::{Got, Harness};
use crate::world::Notification;

const MERCHANT: &str = "TESTREDRESS01";
/// printf 'merchant.TESTREDRESS01:7f1d3a9c5e2b4860a1c3e5f708192a3b' | base64
const BASIC: &str = "Basic bWVyY2hhbnQuVEVTVFJFRFJFU1MwMTo3ZjFkM2E5YzVlMmI0ODYwYTFjM2U1ZjcwODE5MmEzYg==";
const URL: &str = "http://127.0.0.1:9/mpgs";

async fn scripted(steps: &[&str]) -> Harness {
    let harness = Harness::new();
    harness.payment("mpgs", "ORD-1", "SAR", 10_000).await;
    harness.payment("mpgs", "ORD-KWD", "KWD", 10_000).await;
    harness.script("mpgs", "ORD-1", steps).await;
    harness
}

fn path(order: &str, transaction: &str) -> String {
    format!("/api/rest/version/100/merchant/{MERCHANT}/order/{order}/transaction/{transaction}")
}

fn body(amount: &str, currency: &str) -> Value {
    json!({"apiOperation": "REFUND", "transaction": {"amount": amount, "currency": currency, "reference": "ours"},
           "order": {"notificationUrl": URL}})
}

fn request(method: &str, path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder().method(method).uri(path).header("authorization", BASIC).body(body.into()).unwrap()
}

fn put(order: &str, transaction: &str, body: &Value) -> Request<Body> {
    request("PUT", &path(order, transaction), body.to_string())
}

fn refund(transaction: &str, amount: &str) -> Request<Body> {
    put("ORD-1", transaction, &body(amount, "SAR"))
}

async fn get(harness: &Harness, transaction: &str) -> Got {
    harness.call(request("GET", &path("ORD-1", transaction), Body::empty())).await
}

async fn order(harness: &Harness) -> Value {
    let path = format!("/api/rest/version/100/merchant/{MERCHANT}/order/ORD-1");
    let got = harness.call(request("GET", &path, Body::empty())).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    got.json()
}

/// "status result gatewayCode", or "status cause field".
fn said(got: &Got) -> String {
    let (status, body) = (got.status.as_u16(), got.json());
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    match body["result"].as_str() {
        Some("ERROR") => {
            format!("{status} {} {}", text(&body["error"]["cause"]), text(&body["error"]["field"]))
        }
        _ => format!("{status} {} {}", text(&body["result"]), text(&body["response"]["gatewayCode"])),
    }
}

fn results(notifications: &[Notification]) -> Vec<String> {
    let result = |notification: &Notification| {
        let body: Value = serde_json::from_str(&notification.body).unwrap();
        body["result"].as_str().unwrap().to_owned()
    };
    notifications.iter().map(result).collect()
}

#[tokio::test]
async fn unscripted_a_refund_is_done_at_once_and_told() {
    let harness = scripted(&[]).await;
    let got = harness.call(refund("RF-1", "10.5")).await;
    assert_eq!(said(&got), "201 SUCCESS APPROVED");
    let shown = got.json();
    assert_eq!(shown["merchant"], MERCHANT);
    assert_eq!(
        (&shown["order"]["id"], &shown["order"]["status"]),
        (&json!("ORD-1"), &json!("PARTIALLY_REFUNDED"))
    );
    assert_eq!(shown["transaction"]["id"], "RF-1");
    assert_eq!(shown["transaction"]["type"], "REFUND");
    assert_eq!(shown["transaction"]["reference"], "ours");
    assert!(got.text.contains(r#""amount":10.50,"currency":"SAR","id":"RF-1""#), "{}", got.text);
    assert!(got.text.contains(r#""totalRefundedAmount":10.50"#), "{}", got.text);
    assert_eq!(harness.ledger().await, ["RF-1 1050 succeeded"]);

    let now = get(&harness, "RF-1").await;
    assert_eq!((said(&now).as_str(), &now.text), ("200 SUCCESS APPROVED", &got.text));
    harness.advance(0).await;
    let told = harness.notifications();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].url.as_str(), &told[0].body), (URL, &now.text), "what a retrieval says");
    assert_eq!(told[0].headers[0], ("x-notification-secret", "A1B2C3D4E5F60718293A4B5C6D7E8F90".to_owned()));
}

#[tokio::test]
async fn a_notification_says_which_try_it_is() {
    let harness = scripted(&[]).await;
    harness.receiver.statuses.lock().unwrap().extend([500, 0, 503, 200]);
    harness.call(refund("RF-1", "10")).await;
    for (ms, tries) in [(0, 1), (999, 1), (1, 2), (5_000, 3), (3_600_000, 3)] {
        harness.advance(ms).await;
        assert_eq!(harness.notifications().len(), tries, "after {ms} more ms");
    }
    let told = harness.notifications();
    let header = |at: usize, name: &str| {
        let (_, value) = told[at].headers.iter().find(|(given, _)| *given == name).unwrap();
        value.clone()
    };
    assert_eq!([0, 1, 2].map(|at| header(at, "x-notification-attempt")), ["1", "2", "3"]);
    assert_eq!(header(0, "x-notification-id"), header(2, "x-notification-id"));
    assert_eq!(header(0, "x-notification-id").len(), 32);
}

#[tokio::test]
async fn without_an_address_nothing_is_told() {
    let harness = scripted(&[]).await;
    let mut body = body("10", "SAR");
    body.as_object_mut().unwrap().remove("order");
    assert_eq!(said(&harness.call(put("ORD-1", "RF-1", &body)).await), "201 SUCCESS APPROVED");
    harness.advance(60_000).await;
    assert!(harness.notifications().is_empty());
}

#[tokio::test]
async fn an_identical_request_is_one_operation_and_another_is_refused() {
    let harness = scripted(&["succeed", "refuse"]).await;
    let first = harness.call(refund("RF-1", "10")).await;
    assert_eq!(harness.call(refund("RF-1", "10")).await, first);
    let spaced = r#" {"order": {"notificationUrl": "http://127.0.0.1:9/mpgs"}, "apiOperation": "REFUND",
        "transaction": {"currency": "SAR", "amount": "10", "reference": "ours"}}"#;
    assert_eq!(
        harness.call(request("PUT", &path("ORD-1", "RF-1"), spaced)).await,
        first,
        "written otherwise"
    );
    let mut other_url = body("10", "SAR");
    other_url["order"]["notificationUrl"] = json!("http://127.0.0.1:9/other");
    for other in [body("10.00", "SAR"), body("11", "SAR"), other_url] {
        let got = harness.call(put("ORD-1", "RF-1", &other)).await;
        assert_eq!(said(&got), "400 INVALID_REQUEST transaction.id", "{other}");
    }
    // None of it took a step; the same id of another order is another transaction.
    let other_order = put("ORD-KWD", "RF-1", &body("1.500", "KWD"));
    assert_eq!(said(&harness.call(other_order).await), "201 SUCCESS APPROVED");
    let declined = harness.call(refund("RF-2", "10")).await;
    assert_eq!(said(&declined), "201 FAILURE DECLINED");
    assert_eq!(harness.call(refund("RF-2", "10")).await, declined);
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded", "RF-1 1500 succeeded"]);
}

#[tokio::test]
async fn never_more_than_was_paid() {
    let harness = scripted(&["pend"]).await;
    harness.call(refund("RF-1", "60.00")).await;
    let over = harness.call(refund("RF-2", "40.01")).await;
    assert_eq!(said(&over), "400 INVALID_REQUEST transaction.amount");
    assert_eq!(said(&get(&harness, "RF-2").await), "400 INVALID_REQUEST -", "it left no transaction");
    assert_eq!(said(&harness.call(refund("RF-2", "40")).await), "201 SUCCESS APPROVED");
    assert_eq!(order(&harness).await["status"], "PARTIALLY_REFUNDED");
    harness.finish("mpgs", "RF-1", "succeeded").await;
    let order = order(&harness).await;
    assert_eq!(
        (&order["status"], &order["id"], &order["result"]),
        (&json!("REFUNDED"), &json!("ORD-1"), &json!("SUCCESS"))
    );
    assert_eq!(order["transaction"][1]["transaction"]["id"], "RF-2");
    assert_eq!(said(&harness.call(refund("RF-3", "0.01")).await), "400 INVALID_REQUEST transaction.amount");
    assert_eq!(harness.ledger().await, ["RF-1 6000 succeeded", "RF-2 4000 succeeded"]);
}

#[tokio::test]
async fn bad_requests_have_their_fields_and_no_effect() {
    let harness = scripted(&[]).await;
    let long = "x".repeat(41);
    for (pointer, value, expected) in [
        ("/apiOperation", Value::Null, "apiOperation"),
        ("/apiOperation", json!("VOID"), "apiOperation"),
        ("/transaction/amount", Value::Null, "transaction.amount"),
        ("/transaction/amount", json!(10), "transaction.amount"),
        ("/transaction/amount", json!(""), "transaction.amount"),
        ("/transaction/amount", json!("0.00"), "transaction.amount"),
        ("/transaction/amount", json!("-1"), "transaction.amount"),
        ("/transaction/amount", json!("1e1"), "transaction.amount"),
        ("/transaction/amount", json!("10.005"), "transaction.amount"),
        ("/transaction/amount", json!("00000000000.10x"), "transaction.amount"),
        ("/transaction/amount", json!("000000000000.10"), "transaction.amount"),
        ("/transaction/currency", Value::Null, "transaction.currency"),
        ("/transaction/currency", json!("sar"), "transaction.currency"),
        ("/transaction/currency", json!("KWD"), "transaction.currency"),
        ("/transaction/reference", json!(""), "transaction.reference"),
        ("/transaction/reference", json!(long), "transaction.reference"),
        ("/transaction/reference", json!(5), "-"),
        ("/order/notificationUrl", json!("nowhere"), "order.notificationUrl"),
    ] {
        let mut body = body("10", "SAR");
        *body.pointer_mut(pointer).unwrap() = value.clone();
        let got = harness.call(put("ORD-1", "RF-1", &body)).await;
        assert_eq!(said(&got), format!("400 INVALID_REQUEST {expected}"), "{pointer}={value}");
    }
    let mut standalone = body("10", "SAR");
    standalone["sourceOfFunds"] = json!({"type": "CARD"});
    assert_eq!(
        said(&harness.call(put("ORD-1", "RF-1", &standalone)).await),
        "400 INVALID_REQUEST sourceOfFunds"
    );
    let unknown = harness.call(put("ORD-0", "RF-1", &body("10", "SAR"))).await;
    assert_eq!(said(&unknown), "400 INVALID_REQUEST sourceOfFunds");
    assert_eq!(
        said(&harness.call(put(&long, "RF-1", &body("10", "SAR"))).await),
        "400 INVALID_REQUEST order.id"
    );
    assert_eq!(said(&harness.call(refund(&long, "10")).await), "400 INVALID_REQUEST transaction.id");
    for broken in ["", "{", "[]"] {
        let got = harness.call(request("PUT", &path("ORD-1", "RF-1"), broken)).await;
        assert_eq!(said(&got), "400 INVALID_REQUEST -", "{broken:?}");
    }
    let other_version = path("ORD-1", "RF-1").replace("/100/", "/101/");
    let got = harness.call(request("PUT", &other_version, body("10", "SAR").to_string())).await;
    assert_eq!(said(&got), "400 INVALID_REQUEST version");
    assert_eq!(harness.ledger().await, [""; 0]);
    // None of it has used up the id of the good one.
    assert_eq!(said(&harness.call(refund("RF-1", "10")).await), "201 SUCCESS APPROVED");
}

#[tokio::test]
async fn every_route_wants_the_password_of_the_merchant_in_the_address() {
    let harness = scripted(&[]).await;
    let order = format!("/api/rest/version/100/merchant/{MERCHANT}/order/ORD-1");
    let routes = [("PUT", path("ORD-1", "RF-1")), ("GET", path("ORD-1", "RF-1")), ("GET", order)];
    // The user name without "merchant.", and another password.
    let bare = "Basic VEVTVFJFRFJFU1MwMTo3ZjFkM2E5YzVlMmI0ODYwYTFjM2U1ZjcwODE5MmEzYg==";
    let wrong = "Basic bWVyY2hhbnQuVEVTVFJFRFJFU1MwMTp3cm9uZw==";
    for (given, expected) in [
        (None, "401 REQUEST_REJECTED -"),
        (Some("Bearer x"), "401 REQUEST_REJECTED -"),
        (Some("Basic ???"), "401 INVALID_REQUEST -"),
        (Some(bare), "401 INVALID_REQUEST -"),
        (Some(wrong), "401 INVALID_REQUEST -"),
    ] {
        for (method, path) in &routes {
            let mut request = Request::builder().method(*method).uri(path);
            if let Some(given) = given {
                request = request.header("authorization", given);
            }
            let got = harness.call(request.body(Body::from(body("10", "SAR").to_string())).unwrap()).await;
            assert_eq!(said(&got), expected, "{method} {path} with {given:?}");
        }
    }
    for (method, path) in &routes {
        let path = path.replace(MERCHANT, "OTHER");
        let got = harness.call(request(method, &path, body("10", "SAR").to_string())).await;
        assert_eq!(said(&got), "400 INVALID_REQUEST -", "{method} {path}");
    }
    assert_eq!(harness.ledger().await, [""; 0]);
}

#[tokio::test]
async fn what_is_not_there_is_an_invalid_request() {
    let harness = scripted(&[]).await;
    assert_eq!(said(&get(&harness, "RF-0").await), "400 INVALID_REQUEST -");
    let path = format!("/api/rest/version/100/merchant/{MERCHANT}/order/ORD-0");
    assert_eq!(said(&harness.call(request("GET", &path, Body::empty())).await), "400 INVALID_REQUEST -");
    assert_eq!(order(&harness).await["status"], "CAPTURED");
}

#[tokio::test]
async fn refuse() {
    let harness = scripted(&["refuse"]).await;
    assert_eq!(said(&harness.call(refund("RF-1", "10")).await), "201 FAILURE DECLINED");
    harness.advance(60_000).await;
    assert_eq!(said(&get(&harness, "RF-1").await), "200 FAILURE DECLINED");
    assert_eq!(results(&harness.notifications()), ["FAILURE"]);
    assert_eq!(harness.ledger().await, [""; 0]);
    assert_eq!(order(&harness).await["status"], "CAPTURED");
}

#[tokio::test]
async fn pend_until_it_is_finished() {
    let harness = scripted(&["pend", "pend"]).await;
    assert_eq!(said(&harness.call(refund("RF-1", "10")).await), "201 PENDING SUBMITTED");
    harness.call(refund("RF-2", "10")).await;
    harness.advance(86_400_000).await;
    assert_eq!(said(&get(&harness, "RF-1").await), "200 PENDING SUBMITTED");
    assert_eq!(said(&harness.call(refund("RF-1", "10")).await), "201 PENDING SUBMITTED", "asked again");
    assert!(harness.notifications().is_empty());
    assert_eq!(harness.ledger().await, ["RF-1 1000 pending", "RF-2 1000 pending"]);
    harness.finish("mpgs", "RF-1", "succeeded").await;
    harness.finish("mpgs", &format!("{MERCHANT}/ORD-1/RF-2"), "failed").await;
    harness.finish("mpgs", "RF-2", "failed").await;
    harness.advance(0).await;
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded", "RF-2 1000 failed"]);
    assert_eq!(results(&harness.notifications()), ["SUCCESS", "FAILURE"]);
    assert_eq!(said(&get(&harness, "RF-1").await), "200 SUCCESS APPROVED");
    assert_eq!(said(&get(&harness, "RF-2").await), "200 FAILURE DECLINED");
}

#[tokio::test]
async fn timeouts_and_errors_before_the_effect_leave_nothing() {
    let harness = scripted(&["timeout_before_effect", "error500_before_effect"]).await;
    harness.hang_up(refund("RF-1", "10"));
    assert_eq!(said(&harness.call(refund("RF-1", "10")).await), "500 SERVER_FAILED -");
    harness.advance(10_000).await;
    assert_eq!(harness.ledger().await, [""; 0]);
    assert_eq!(said(&get(&harness, "RF-1").await), "400 INVALID_REQUEST -");
    assert_eq!(
        said(&harness.call(refund("RF-1", "10")).await),
        "201 SUCCESS APPROVED",
        "the same again is new"
    );
}

#[tokio::test]
async fn faults_after_the_effect_leave_a_refund_that_the_same_request_finds() {
    let steps = ["timeout_after_effect", "error500_after_effect", "reset_after_effect", "garbage"];
    let harness = scripted(&steps).await;
    harness.hang_up(refund("RF-1", "10"));
    assert_eq!(said(&harness.call(refund("RF-2", "10")).await), "500 SERVER_FAILED -");
    assert_eq!(harness.call(refund("RF-3", "10")).await.fault, Some(Fault::Reset));
    let garbage = harness.call(refund("RF-4", "10")).await;
    assert!(serde_json::from_str::<Value>(&garbage.text).is_err());
    harness.advance(1_000).await;
    for key in ["RF-1", "RF-2", "RF-3", "RF-4"] {
        assert_eq!(said(&get(&harness, key).await), "200 SUCCESS APPROVED", "{key}");
        assert_eq!(said(&harness.call(refund(key, "10")).await), "201 SUCCESS APPROVED", "{key}");
    }
    let expected =
        ["RF-1 1000 succeeded", "RF-2 1000 succeeded", "RF-3 1000 succeeded", "RF-4 1000 succeeded"];
    assert_eq!(harness.ledger().await, expected);
    harness.advance(60_000).await;
    assert_eq!(results(&harness.notifications()), ["SUCCESS"; 4]);
}

#[tokio::test]
async fn effect_after_happens_although_nobody_waits() {
    let harness = scripted(&["effect_after:1500"]).await;
    harness.hang_up(refund("RF-1", "10"));
    harness.advance(1_499).await;
    assert_eq!(harness.ledger().await, [""; 0]);
    assert_eq!(said(&get(&harness, "RF-1").await), "400 INVALID_REQUEST -");
    assert_eq!(said(&harness.call(refund("RF-1", "10")).await), "201 FAILURE LOCK_FAILURE", "it still runs");
    assert_eq!(harness.finish("mpgs", "RF-1", "failed").await.status, StatusCode::NOT_FOUND);
    harness.advance(1).await;
    assert_eq!(said(&get(&harness, "RF-1").await), "200 SUCCESS APPROVED");
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded"]);
    assert_eq!(results(&harness.notifications()), ["SUCCESS"]);
}

#[tokio::test]
async fn an_effect_that_does_not_fit_any_more_never_was() {
    let harness = scripted(&["effect_after:1000"]).await;
    harness.hang_up(refund("RF-1", "10"));
    harness.call(refund("RF-2", "100")).await;
    harness.advance(2_000).await;
    assert_eq!(harness.ledger().await, ["RF-2 10000 succeeded"]);
    assert_eq!(said(&get(&harness, "RF-1").await), "400 INVALID_REQUEST -");
}

#[tokio::test]
async fn slow_answers_late_what_was_done_at_once() {
    let harness = scripted(&["slow:2000"]).await;
    let mut slow = Box::pin(harness.sandbox.send(refund("RF-1", "10")));
    assert!(futures_util::poll!(&mut slow).is_pending());
    harness.advance(1_999).await;
    assert!(futures_util::poll!(&mut slow).is_pending());
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded"]);
    harness.advance(1).await;
    assert_eq!(said(&Got::of(slow.await).await), "201 SUCCESS APPROVED");
    assert_eq!(results(&harness.notifications()), ["SUCCESS"]);
}

#[tokio::test]
async fn notifications_twice_or_before_the_answer() {
    let harness = scripted(&["duplicate_notification", "notify_before_answer"]).await;
    harness.call(refund("RF-1", "10")).await;
    harness.advance(1_000).await;
    let told = harness.notifications();
    assert_eq!(results(&told), ["SUCCESS", "SUCCESS"]);
    assert_eq!(told[0], told[1]);
    assert_eq!(said(&harness.call(refund("RF-2", "10")).await), "201 SUCCESS APPROVED");
    // There was no time for anything but the request itself.
    assert_eq!(harness.notifications().len(), 3);
    harness.advance(60_000).await;
    assert_eq!(harness.notifications().len(), 3);
}

#[tokio::test]
async fn succeed_then_fail() {
    let harness = scripted(&["succeed_then_fail"]).await;
    assert_eq!(said(&harness.call(refund("RF-1", "100")).await), "201 SUCCESS APPROVED");
    harness.advance(999).await;
    assert_eq!(harness.ledger().await, ["RF-1 10000 succeeded"]);
    harness.advance(1).await;
    assert_eq!(harness.ledger().await, ["RF-1 10000 failed"]);
    assert_eq!(results(&harness.notifications()), ["SUCCESS", "FAILURE"]);
    assert_eq!(said(&get(&harness, "RF-1").await), "200 FAILURE DECLINED");
    // The money is there again.
    assert_eq!(said(&harness.call(refund("RF-2", "100")).await), "201 SUCCESS APPROVED");
}

#[tokio::test]
async fn what_is_due_happens_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sandbox.db");
    {
        let harness = Harness::on_file(&file, 1_000);
        harness.payment("mpgs", "ORD-1", "SAR", 10_000).await;
        harness.script("mpgs", "ORD-1", &["effect_after:1500"]).await;
        harness.hang_up(refund("RF-1", "10"));
    }
    let harness = Harness::on_file(&file, 10_000);
    harness.advance(0).await;
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded"]);
    assert_eq!(results(&harness.notifications()), ["SUCCESS"]);
}
