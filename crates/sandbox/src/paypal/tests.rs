//! PayPal's protocol and every step of a script.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::testing::{Got, Harness, post};
use crate::world::Notification;

const CAPTURE: &str = "2GG279541U471931P";
const URL: &str = "http://127.0.0.1:9/paypal";
const HOURS_MS: i64 = 60 * 60 * 1_000;

async fn scripted(steps: &[&str]) -> Harness {
    let harness = Harness::new();
    harness.payment("paypal", CAPTURE, "USD", 10_000).await;
    harness.payment("paypal", "HUF1", "HUF", 1_000_000).await;
    harness.script("paypal", CAPTURE, steps).await;
    let webhook = harness.control("webhook", json!({"psp": "paypal", "url": URL})).await;
    assert_eq!(webhook.status, StatusCode::OK, "{}", webhook.text);
    harness
}

async fn ask_for_token(harness: &Harness, pair: &str, body: &'static str) -> Got {
    let basic = format!("Basic {}", STANDARD.encode(pair));
    let headers = [("authorization", &*basic), ("content-type", "application/x-www-form-urlencoded")];
    harness.call(post("/v1/oauth2/token", &headers, body)).await
}

async fn bearer(harness: &Harness) -> String {
    let pair = "sandbox-paypal-client:sandbox-paypal-client-secret";
    let got = ask_for_token(harness, pair, "grant_type=client_credentials").await.json();
    assert_eq!((&got["token_type"], &got["expires_in"]), (&json!("Bearer"), &json!(32_400)));
    format!("Bearer {}", got["access_token"].as_str().unwrap())
}

/// A refund request with this id; its body's `custom_id` is the same.
async fn request(harness: &Harness, id: &str, value: &str) -> Request<Body> {
    let body = json!({"amount": {"currency_code": "USD", "value": value}, "custom_id": id});
    request_of(harness, CAPTURE, Some(id), &body.to_string()).await
}

async fn request_of(harness: &Harness, capture: &str, id: Option<&str>, body: &str) -> Request<Body> {
    let bearer = bearer(harness).await;
    let mut headers = vec![
        ("authorization", &*bearer),
        ("content-type", "application/json"),
        ("prefer", "return=representation"),
    ];
    headers.extend(id.map(|id| ("paypal-request-id", id)));
    post(&format!("/v2/payments/captures/{capture}/refund"), &headers, body.to_owned())
}

async fn refund(harness: &Harness, id: &str, value: &str) -> Got {
    let request = request(harness, id, value).await;
    harness.call(request).await
}

async fn get(harness: &Harness, id: &str) -> Got {
    let path = format!("/v2/payments/refunds/{id}");
    let bearer = bearer(harness).await;
    harness.call(Request::get(path).header("authorization", bearer).body(Body::empty()).unwrap()).await
}

/// The status and the issue of an error, whose form is checked.
fn error(got: &Got) -> (u16, String) {
    let body = got.json();
    for field in ["name", "message", "debug_id"] {
        assert!(body[field].is_string(), "{}", got.text);
    }
    (got.status.as_u16(), body["details"][0]["issue"].as_str().unwrap_or_default().to_owned())
}

fn id_of(got: &Got) -> String {
    got.json()["id"].as_str().unwrap().to_owned()
}

fn told(notifications: &[Notification]) -> Vec<(String, String)> {
    let event = |notification: &Notification| {
        let body: Value = serde_json::from_str(&notification.body).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&body["event_type"]), text(&body["resource"]["status"]))
    };
    notifications.iter().map(event).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(event, status)| ((*event).to_owned(), (*status).to_owned())).collect()
}

#[tokio::test]
async fn unscripted_a_refund_is_completed_at_once_and_told() {
    let harness = scripted(&[]).await;
    let got = refund(&harness, "RF-1", "10.5").await;
    assert_eq!(got.status, StatusCode::CREATED, "{}", got.text);
    let object = got.json();
    assert_eq!(object["status"], "COMPLETED");
    assert_eq!(object["amount"], json!({"currency_code": "USD", "value": "10.50"}));
    assert_eq!(object["custom_id"], "RF-1");
    assert_eq!(object["create_time"], "2027-01-15T08:00:00Z");
    let up = format!("https://api-m.sandbox.paypal.com/v2/payments/captures/{CAPTURE}");
    assert_eq!(object["links"][1], json!({"href": up, "rel": "up", "method": "GET"}));
    assert_eq!(harness.ledger().await, ["RF-1 1050 succeeded"]);
    let shown = get(&harness, &id_of(&got)).await;
    assert_eq!((shown.status, &shown.text), (StatusCode::OK, &got.text));
    harness.advance(0).await;
    assert_eq!(told(&harness.notifications()), pairs(&[("PAYMENT.CAPTURE.REFUNDED", "COMPLETED")]));
    let told: Value = serde_json::from_str(&harness.notifications()[0].body).unwrap();
    assert_eq!(told["resource"], object);
}

#[tokio::test]
async fn the_same_request_id_gets_the_latest_state_for_45_days() {
    let harness = scripted(&["pend"]).await;
    let first = refund(&harness, "RF-1", "10.00").await;
    assert_eq!(first.json()["status"], "PENDING");
    assert_eq!(first.json()["status_details"]["reason"], "ECHECK");
    assert_eq!(refund(&harness, "RF-1", "10.00").await, first);
    harness.finish("paypal", &id_of(&first), "succeeded").await;
    let again = refund(&harness, "RF-1", "10.00").await;
    assert_eq!((again.status, &again.json()["status"]), (StatusCode::CREATED, &json!("COMPLETED")));
    assert_eq!(id_of(&again), id_of(&first));
    let other = refund(&harness, "RF-1", "20.00").await;
    assert_eq!(other.text, again.text, "whatever else it says");
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded"]);
    harness.tick(45 * 24 * HOURS_MS);
    assert_ne!(id_of(&refund(&harness, "RF-1", "10.00").await), id_of(&first));
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded", "RF-1 1000 succeeded"]);
}

#[tokio::test]
async fn without_a_request_id_each_is_a_refund_of_its_own() {
    let harness = scripted(&[]).await;
    let whole = request_of(
        &harness,
        CAPTURE,
        None,
        r#"{"custom_id":"RF-1","amount":{"currency_code":"USD","value":"1.00"}}"#,
    );
    let first = harness.call(whole.await).await;
    let second = request_of(
        &harness,
        CAPTURE,
        None,
        r#"{"custom_id":"RF-1","amount":{"currency_code":"USD","value":"1.00"}}"#,
    );
    assert_ne!(id_of(&first), id_of(&harness.call(second.await).await));
    for body in ["{}", ""] {
        let rest = request_of(&harness, CAPTURE, None, body).await;
        let got = harness.call(rest).await;
        match body {
            "{}" => assert_eq!(got.json()["amount"]["value"], "98.00", "whatever is left"),
            _ => assert_eq!(error(&got), (422, "CAPTURE_FULLY_REFUNDED".to_owned())),
        }
    }
}

#[tokio::test]
async fn a_minimal_answer_has_the_id_the_status_and_links() {
    let harness = scripted(&[]).await;
    let mut minimal = request(&harness, "RF-1", "1.00").await;
    minimal.headers_mut().remove("prefer");
    let object = harness.call(minimal).await.json();
    let mut fields: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["id", "links", "status"]);
}

#[tokio::test]
async fn never_more_than_was_paid() {
    let harness = scripted(&[]).await;
    refund(&harness, "RF-1", "60.00").await;
    let exceeded = (422, "REFUND_AMOUNT_EXCEEDED".to_owned());
    assert_eq!(error(&refund(&harness, "RF-2", "40.01").await), exceeded);
    assert_eq!(error(&refund(&harness, "RF-2", "40.00").await), exceeded, "a refusal is remembered");
    assert_eq!(refund(&harness, "RF-3", "40").await.status, StatusCode::CREATED);
    let fully = (422, "CAPTURE_FULLY_REFUNDED".to_owned());
    assert_eq!(error(&refund(&harness, "RF-4", "0.01").await), fully);
    assert_eq!(harness.ledger().await, ["RF-1 6000 succeeded", "RF-3 4000 succeeded"]);
}

#[tokio::test]
async fn bad_requests_have_their_issues_and_no_effect() {
    let harness = scripted(&[]).await;
    let good = json!({"amount": {"currency_code": "USD", "value": "10.00"}, "custom_id": "RF-1"});
    for (at, value, expected) in [
        ("/amount", json!("10.00"), (400, "INVALID_PARAMETER_SYNTAX")),
        ("/amount", json!({"value": "10.00"}), (400, "MISSING_REQUIRED_PARAMETER")),
        ("/amount", json!({"currency_code": "USD"}), (400, "MISSING_REQUIRED_PARAMETER")),
        ("/amount/value", json!(10), (400, "INVALID_PARAMETER_SYNTAX")),
        ("/amount/value", json!("1e1"), (400, "INVALID_PARAMETER_SYNTAX")),
        ("/amount/value", json!("10."), (400, "INVALID_PARAMETER_SYNTAX")),
        ("/amount/value", json!(""), (400, "INVALID_STRING_LENGTH")),
        ("/amount/value", json!("1".repeat(33)), (400, "INVALID_STRING_LENGTH")),
        ("/amount/currency_code", json!("US"), (400, "INVALID_STRING_LENGTH")),
        ("/custom_id", json!(""), (400, "INVALID_STRING_LENGTH")),
        ("/custom_id", json!("x".repeat(128)), (400, "INVALID_STRING_LENGTH")),
        ("/amount/value", json!("10.001"), (422, "DECIMAL_PRECISION")),
        ("/amount/value", json!("0.00"), (422, "CANNOT_BE_ZERO_OR_NEGATIVE")),
        ("/amount/value", json!("-1"), (422, "CANNOT_BE_ZERO_OR_NEGATIVE")),
        ("/amount/value", json!("9".repeat(32)), (422, "REFUND_AMOUNT_EXCEEDED")),
        ("/amount/currency_code", json!("KWD"), (422, "INVALID_CURRENCY_CODE")),
        ("/amount/currency_code", json!("EUR"), (422, "REFUND_CAPTURE_CURRENCY_MISMATCH")),
        ("/amount", json!({"currency_code": "JPY", "value": "10.00"}), (422, "DECIMALS_NOT_SUPPORTED")),
    ] {
        let mut body = good.clone();
        *body.pointer_mut(at).unwrap() = value.clone();
        let got = harness.call(request_of(&harness, CAPTURE, None, &body.to_string()).await).await;
        assert_eq!(error(&got), (expected.0, expected.1.to_owned()), "{at} {value}");
    }
    for body in ["{", "[]", "7"] {
        let got = harness.call(request_of(&harness, CAPTURE, None, body).await).await;
        assert_eq!(error(&got), (400, "INVALID_PARAMETER_SYNTAX".to_owned()), "{body}");
    }
    let note = json!({"note_to_payer": "x".repeat(256)}).to_string();
    let got = harness.call(request_of(&harness, CAPTURE, None, &note).await).await;
    assert_eq!(error(&got), (400, "INVALID_STRING_LENGTH".to_owned()));
    let got = harness.call(request_of(&harness, "OTHER", None, "{}").await).await;
    assert_eq!(error(&got), (404, "INVALID_RESOURCE_ID".to_owned()));
    assert_eq!(error(&get(&harness, "OTHER").await), (404, "INVALID_RESOURCE_ID".to_owned()));
    let mut form = request(&harness, "RF-1", "1.00").await;
    form.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(error(&harness.call(form).await), (415, String::new()));
    assert_eq!(harness.ledger().await, [""; 0]);
}

#[tokio::test]
async fn some_currencies_have_no_decimals() {
    let harness = scripted(&[]).await;
    let body =
        |value| format!(r#"{{"custom_id":"RF-1","amount":{{"currency_code":"HUF","value":"{value}"}}}}"#);
    let got = harness.call(request_of(&harness, "HUF1", None, &body("700.00")).await).await;
    assert_eq!(error(&got), (422, "DECIMALS_NOT_SUPPORTED".to_owned()));
    let got = harness.call(request_of(&harness, "HUF1", None, &body("700")).await).await;
    assert_eq!(got.json()["amount"]["value"], "700");
    assert_eq!(harness.ledger().await, ["RF-1 70000 succeeded"]);
    let kwd = json!({"psp": "paypal", "payment": "K1", "currency": "KWD", "amount_minor": 1_000});
    assert_eq!(harness.control("payment", kwd).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn tokens_are_given_for_the_secret_and_end() {
    let harness = scripted(&[]).await;
    for (pair, body, status) in [
        ("sandbox-paypal-client:wrong", "grant_type=client_credentials", 401),
        ("other:sandbox-paypal-client-secret", "grant_type=client_credentials", 401),
        ("sandbox-paypal-client:sandbox-paypal-client-secret", "", 400),
        ("sandbox-paypal-client:sandbox-paypal-client-secret", "grant_type=password", 400),
    ] {
        let got = ask_for_token(&harness, pair, body).await;
        assert_eq!(got.status.as_u16(), status, "{pair} {body}");
        assert!(got.json()["error"].is_string());
    }
    let request = |bearer: Option<&str>| {
        let headers: Vec<_> = bearer.map(|bearer| ("authorization", bearer)).into_iter().collect();
        post("/v1/notifications/verify-webhook-signature", &headers, "{}")
    };
    let good = bearer(&harness).await;
    assert_eq!(harness.call(request(Some(&good))).await.status, StatusCode::BAD_REQUEST);
    let later = good.replacen("A21AA", "A21AA9", 1);
    for wrong in [None, Some("Bearer A21AA1-00"), Some(&*later), Some("Basic A21AA"), Some(&good[7..])] {
        let got = harness.call(request(wrong)).await;
        assert_eq!(error(&got), (401, String::new()), "{wrong:?}");
        assert_eq!(got.json()["name"], "AUTHENTICATION_FAILURE");
    }
    harness.tick(9 * HOURS_MS - 1);
    assert_eq!(harness.call(request(Some(&good))).await.status, StatusCode::BAD_REQUEST);
    harness.tick(1);
    assert_eq!(harness.call(request(Some(&good))).await.status, StatusCode::UNAUTHORIZED);
}

/// What a merchant asks about a notification; the event goes back as it came.
async fn verified(harness: &Harness, notification: &Notification, webhook_id: &str) -> Value {
    let header = |name: &str| {
        let (_, value) = notification.headers.iter().find(|(known, _)| *known == name).unwrap();
        Value::from(value.as_str())
    };
    let body = format!(
        r#"{{"auth_algo":{},"cert_url":{},"transmission_id":{},"transmission_sig":{},"transmission_time":{},
        "webhook_id":"{webhook_id}","webhook_event": {} }}"#,
        header("paypal-auth-algo"),
        header("paypal-cert-url"),
        header("paypal-transmission-id"),
        header("paypal-transmission-sig"),
        header("paypal-transmission-time"),
        notification.body,
    );
    let bearer = bearer(harness).await;
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    let got = harness.call(post("/v1/notifications/verify-webhook-signature", &headers, body)).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    got.json()["verification_status"].clone()
}

#[tokio::test]
async fn a_notification_is_verified_as_it_came_and_not_otherwise() {
    let harness = scripted(&[]).await;
    refund(&harness, "RF-1", "10.00").await;
    harness.advance(0).await;
    let told = harness.notifications().remove(0);
    assert_eq!(told.url, URL);
    assert_eq!(verified(&harness, &told, "1JE4291016473214C").await, "SUCCESS");
    assert_eq!(verified(&harness, &told, "2JE4291016473214C").await, "FAILURE");
    let value: Value = serde_json::from_str(&told.body).unwrap();
    let anew = Notification { body: value.to_string(), ..told.clone() };
    assert_eq!(verified(&harness, &anew, "1JE4291016473214C").await, "FAILURE", "written anew");
    let more = Notification { body: told.body.replace("10.00", "90.00"), ..told.clone() };
    assert_eq!(verified(&harness, &more, "1JE4291016473214C").await, "FAILURE");
    for at in [2, 3, 4] {
        let mut other = told.clone();
        other.headers[at].1.replace_range(0..1, "x");
        assert_eq!(verified(&harness, &other, "1JE4291016473214C").await, "FAILURE", "{at}");
    }
}

#[tokio::test]
async fn refuse_is_given_again() {
    let harness = scripted(&["refuse"]).await;
    let refused = (422, "REFUND_NOT_ALLOWED".to_owned());
    assert_eq!(error(&refund(&harness, "RF-1", "10.00").await), refused);
    assert_eq!(error(&refund(&harness, "RF-1", "10.00").await), refused);
    assert_eq!(harness.ledger().await, [""; 0]);
    assert_eq!(refund(&harness, "RF-2", "10.00").await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn pend_until_it_is_finished() {
    let harness = scripted(&["pend", "pend"]).await;
    let first = refund(&harness, "RF-1", "30.00").await;
    let second = refund(&harness, "RF-2", "30.00").await;
    harness.advance(HOURS_MS).await;
    assert_eq!(get(&harness, &id_of(&first)).await.json()["status"], "PENDING");
    assert_eq!(harness.ledger().await, ["RF-1 3000 pending", "RF-2 3000 pending"]);
    assert!(harness.notifications().is_empty());
    harness.finish("paypal", "RF-1", "succeeded").await;
    harness.finish("paypal", "RF-2", "failed").await;
    harness.advance(0).await;
    assert_eq!(get(&harness, &id_of(&first)).await.json()["status"], "COMPLETED");
    assert_eq!(get(&harness, &id_of(&second)).await.json()["status"], "FAILED");
    let expected = [("PAYMENT.CAPTURE.REFUNDED", "COMPLETED"), ("PAYMENT.REFUND.FAILED", "FAILED")];
    assert_eq!(told(&harness.notifications()), pairs(&expected));
}

#[tokio::test]
async fn what_is_lost_before_the_effect_leaves_nothing() {
    let harness = scripted(&["timeout_before_effect", "error500_before_effect"]).await;
    harness.hang_up(request(&harness, "RF-1", "10.00").await);
    let failed = refund(&harness, "RF-1", "10.00").await;
    assert_eq!((failed.status.as_u16(), error(&failed).0), (500, 500));
    assert_eq!(harness.ledger().await, [""; 0]);
    assert_eq!(refund(&harness, "RF-1", "10.00").await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn what_is_lost_after_the_effect_is_told_to_the_repetition() {
    for step in
        ["timeout_after_effect", "error500_after_effect", "reset_after_effect", "garbage", "slow:2000"]
    {
        let harness = scripted(&[step]).await;
        let request = request(&harness, "RF-1", "10.00").await;
        let _ = futures_util::FutureExt::now_or_never(harness.sandbox.send(request));
        assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded"], "{step}");
        let again = refund(&harness, "RF-1", "10.00").await;
        assert_eq!(
            (again.status, &again.json()["status"]),
            (StatusCode::CREATED, &json!("COMPLETED")),
            "{step}"
        );
        harness.advance(0).await;
        assert_eq!(harness.notifications().len(), 1, "{step}");
    }
}

#[tokio::test]
async fn while_an_effect_is_due_a_repetition_is_told_to_wait() {
    let harness = scripted(&["effect_after:1500"]).await;
    harness.hang_up(request(&harness, "RF-1", "40.00").await);
    harness.advance(1_499).await;
    let waiting = (409, "PREVIOUS_REQUEST_IN_PROGRESS".to_owned());
    assert_eq!(error(&refund(&harness, "RF-1", "40.00").await), waiting);
    assert_eq!(harness.ledger().await, [""; 0]);
    harness.advance(1).await;
    assert_eq!(harness.ledger().await, ["RF-1 4000 succeeded"]);
    assert_eq!(refund(&harness, "RF-1", "40.00").await.json()["status"], "COMPLETED");
    assert_eq!(harness.notifications().len(), 1);
}

#[tokio::test]
async fn an_effect_that_does_not_fit_any_more_does_not_happen() {
    let harness = scripted(&["effect_after:1000"]).await;
    harness.hang_up(request(&harness, "RF-1", "40.00").await);
    refund(&harness, "RF-2", "70.00").await;
    harness.advance(1_000).await;
    assert_eq!(harness.ledger().await, ["RF-2 7000 succeeded"]);
    let exceeded = (422, "REFUND_AMOUNT_EXCEEDED".to_owned());
    assert_eq!(error(&refund(&harness, "RF-1", "40.00").await), exceeded);
}

#[tokio::test]
async fn the_steps_of_those_that_notify() {
    let done = ("PAYMENT.CAPTURE.REFUNDED", "COMPLETED");
    let harness = scripted(&["duplicate_notification", "notify_before_answer", "succeed_then_fail"]).await;
    refund(&harness, "RF-1", "10.00").await;
    harness.advance(0).await;
    let twice = harness.notifications();
    assert_eq!(told(&twice), pairs(&[done, done]));
    assert_eq!(twice[0], twice[1]);
    assert_eq!(refund(&harness, "RF-2", "10.00").await.json()["status"], "COMPLETED");
    assert_eq!(harness.notifications().len(), 3, "before the answer");
    let third = refund(&harness, "RF-3", "10.00").await;
    harness.advance(1_000).await;
    assert_eq!(told(&harness.notifications()[3..]), pairs(&[done, ("PAYMENT.REFUND.FAILED", "FAILED")]));
    assert_eq!(get(&harness, &id_of(&third)).await.json()["status"], "FAILED");
    let ids: std::collections::BTreeSet<_> =
        harness.notifications().iter().map(|one| one.headers[2].1.clone()).collect();
    assert_eq!(ids.len(), 4, "each has a transmission of its own");
}
