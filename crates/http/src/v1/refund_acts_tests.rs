//! What is done to a refund: withdrawn, looked up now, closed by a person.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use redress_core::environment::Environment;
use redress_core::policy::AccountState;
use redress_core::right::{Right, Rights};
use redress_engine::admin::keys::CredentialKind;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::testing::{Harness, TestPayment};

async fn post(harness: &Harness, key: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = Request::post(path).header("authorization", format!("Bearer {key}"));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = harness.send(request.body(Body::from(body)).unwrap()).await;
    (answer.status.as_u16(), answer.json())
}

async fn own(harness: &Harness, path: &str, body: &Value) -> (u16, Value) {
    post(harness, &harness.merchant.api_key, path, body).await
}

/// Makes a refund of all of it and answers its address.
async fn made(harness: &Harness, order: &str) -> String {
    let (status, made) = own(harness, &format!("/v1/payments/{order}/refunds"), &json!({})).await;
    assert_eq!(status, 201, "{made}");
    format!("/v1/refunds/{}", made["id"].as_str().unwrap())
}

#[tokio::test]
async fn what_was_not_sent_is_withdrawn_once_and_what_was_is_not() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("o1", 10_000)).await;
    let sent = made(&harness, "o1").await;
    harness.pass(Duration::from_secs(1)).await;
    let (status, told) = own(&harness, &format!("{sent}/cancel"), &Value::Null).await;
    assert_eq!((status, &told["code"]), (409, &json!("conflict")), "{told}");
    // While the account is paused, refunds wait.
    harness.payment(TestPayment::tap("o2", 10_000)).await;
    let (merchant, tap) = (harness.merchant.id, harness.merchant.tap);
    harness.engine.set_account_state(merchant, tap, AccountState::Paused).await.unwrap();
    let queued = made(&harness, "o2").await;
    let (status, told) = own(&harness, &format!("{queued}/cancel"), &json!({"raison": "typo"})).await;
    assert_eq!((status, &told["field"]), (422, &json!("raison")), "{told}");
    // A reason that is there says something, as it is described.
    for empty in ["", " "] {
        let (status, told) = own(&harness, &format!("{queued}/cancel"), &json!({"reason": empty})).await;
        assert_eq!((status, &told["field"]), (422, &json!("reason")), "{told}");
    }
    for _ in 0..2 {
        let (status, told) =
            own(&harness, &format!("{queued}/cancel"), &json!({"reason": "ordered again"})).await;
        assert_eq!((status, &told["status"]), (200, &json!("canceled")), "{told}");
    }
    harness.engine.set_account_state(merchant, tap, AccountState::Active).await.unwrap();
    harness.pass(Duration::from_secs(5)).await;
    let order = harness.engine.order(merchant, None, "o2").await.unwrap().unwrap();
    assert_eq!(order.payment.balance.remaining(), 10_000);
    let (events, attempts) = harness.engine.timeline(&order.refunds[0]).await.unwrap();
    assert!(attempts.is_empty(), "nothing was sent");
    let author = events[1].author.clone().unwrap();
    assert!(author.name.starts_with("key_"), "{author:?}");
    assert_eq!((events.len(), author.reason.as_str()), (2, "ordered again"));
}

#[tokio::test]
async fn the_provider_is_asked_when_somebody_wants_to_know() {
    let harness = Harness::new().await;
    let payment = TestPayment::momo("o1", 10_000);
    harness.payment(payment.clone()).await;
    harness.script(&payment, &["pend"]).await;
    let refund = made(&harness, "o1").await;
    harness.pass(Duration::from_secs(60)).await;
    let key =
        harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap().refunds[0].id.psp_key();
    harness.control("finish", &json!({"psp": "momo", "refund": key, "state": "succeeded"})).await;
    let (status, told) = own(&harness, &format!("{refund}/refresh"), &json!({"wait": 10})).await;
    assert_eq!((status, &told["code"]), (422, &json!("invalid")), "what is not known is not passed over");
    assert_eq!(told["field"], "wait");
    let (status, told) = own(&harness, &format!("{refund}/refresh"), &Value::Null).await;
    assert_eq!((status, &told["status"]), (200, &json!("pending")));
    assert!(told["note"].as_str().is_some_and(|note| note.contains("7002")), "what it waits for: {told}");
    // Long before its next turn.
    harness.pass(Duration::from_millis(500)).await;
    let (status, told) = own(&harness, &format!("{refund}/refresh"), &Value::Null).await;
    assert_eq!((status, &told["status"]), (200, &json!("succeeded")), "what has ended stays as it is");
    assert_eq!(told["note"], Value::Null, "it waits no more");
}

#[tokio::test]
async fn a_person_with_the_right_closes_what_nobody_knows() {
    let harness = Harness::new().await;
    let payment = TestPayment::tap("o1", 10_000);
    harness.payment(payment.clone()).await;
    harness.script(&payment, &["timeout_before_effect"]).await;
    let refund = made(&harness, "o1").await;
    harness.pass(Duration::from_secs(120)).await;
    let close = format!("{refund}/close");
    let body = json!({"outcome": "failed", "reason": "the desk says it never arrived", "author": "Mai"});
    let (status, told) = own(&harness, &close, &body).await;
    assert_eq!((status, &told["code"]), (403, &json!("forbidden")), "{told}");
    let add = harness.engine.add_key_with(
        harness.merchant.id,
        CredentialKind::Api,
        Some(Environment::Sandbox),
        Rights::of(&[Right::CloseCases]),
    );
    let (credential, key) = add.await.unwrap();
    let key = key.expose_secret();
    for (wrong, field) in [
        (json!({"outcome": "failed"}), json!("reason")),
        (json!({"outcome": "failed", "reason": " "}), json!("reason")),
        (json!({"outcome": "lost", "reason": "r"}), json!("outcome")),
        (json!({"outcome": "failed", "reason": "r", "author": " "}), json!("author")),
        (json!({"reason": "r"}), json!("outcome")),
    ] {
        let (status, told) = post(&harness, key, &close, &wrong).await;
        assert_eq!((status, &told["field"]), (422, &field), "{told}");
    }
    let (status, told) = post(&harness, key, &close, &body).await;
    assert_eq!(
        (status, &told["status"], &told["failure"]["code"]),
        (200, &json!("failed"), &json!("closed_by_person"))
    );
    let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    assert_eq!(order.payment.balance.remaining(), 10_000);
    let (events, _) = harness.engine.timeline(&order.refunds[0]).await.unwrap();
    let author = events.last().unwrap().author.clone().unwrap().name;
    assert_eq!(author, format!("Mai by {}", credential.id));
    let (status, told) = post(&harness, key, &close, &body).await;
    assert_eq!((status, &told["code"]), (409, &json!("conflict")), "{told}");
}

#[tokio::test]
async fn a_repeat_with_the_same_key_is_answered_and_changes_nothing() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("o1", 10_000)).await;
    let (merchant, tap) = (harness.merchant.id, harness.merchant.tap);
    harness.engine.set_account_state(merchant, tap, AccountState::Paused).await.unwrap();
    let cancel = format!("{}/cancel", made(&harness, "o1").await);
    let keyed = async |body: &str| {
        let request = Request::post(&cancel)
            .header("authorization", format!("Bearer {}", harness.merchant.api_key))
            .header("idempotency-key", "c-1");
        harness.send(request.body(Body::from(body.to_owned())).unwrap()).await
    };
    let (first, again) = (keyed("").await, keyed("").await);
    assert_eq!((first.status.as_u16(), first.headers.get("idempotent-replayed")), (200, None));
    assert_eq!(
        (again.status.as_u16(), &again.headers["idempotent-replayed"]),
        (200, &"true".parse().unwrap())
    );
    assert_eq!(first.json(), again.json());
    let other = keyed(r#"{"reason":"another"}"#).await;
    assert_eq!((other.status.as_u16(), &other.json()["code"]), (422, &json!("idempotency_key_reused")));
}
