use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use redress_core::environment::Environment;
use redress_core::id::EndpointId;
use redress_engine::once::{Begun, RUN_SPAN};
use redress_store::testing::FaultOnce;
use redress_store::{Fault, Faults, StoreError};
use serde_json::{Value, json};

use crate::testing::{Answer, Harness, TestPayment};

const DISPUTE: &str = "/v1/payments/order-1/dispute";
const RELEASE: &str = "/v1/payments/order-1/release-dispute";

async fn keyed(harness: &Harness, path: &str, key: &str, body: &str) -> Answer {
    let request = Request::post(path)
        .header("authorization", format!("Bearer {}", harness.merchant.api_key))
        .header("idempotency-key", key);
    harness.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

fn replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotent-replayed").is_some_and(|value| value == "true")
}

fn code(answer: &Answer) -> (u16, Value, Value) {
    let told = answer.json();
    (answer.status.as_u16(), told["code"].clone(), told["field"].clone())
}

#[tokio::test]
async fn a_repeat_changes_nothing_and_is_told_how_things_are_now() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::momo("order-1", 1_000_000)).await;
    let first = keyed(&harness, DISPUTE, "k-1", "").await;
    assert!(first.status == 200 && !replayed(&first), "{first:?}");
    let again = keyed(&harness, DISPUTE, "k-1", "").await;
    assert_eq!((replayed(&again), again.json()), (true, first.json()));

    let released = keyed(&harness, RELEASE, "k-2", "").await;
    assert_eq!(released.json()["disputed"], false);
    let again = keyed(&harness, DISPUTE, "k-1", "").await;
    assert_eq!((again.status.as_u16(), replayed(&again)), (200, true));
    assert_eq!(again.json(), released.json(), "the late repeat does not dispute it again");

    for (path, key, body) in [(DISPUTE, "k-1", "{}"), (RELEASE, "k-1", "")] {
        let reused = keyed(&harness, path, key, body).await;
        assert_eq!(code(&reused), (422, json!("idempotency_key_reused"), json!("Idempotency-Key")));
    }
    let bad = keyed(&harness, DISPUTE, "a b", "").await;
    assert_eq!(code(&bad), (422, json!("invalid"), json!("Idempotency-Key")));
}

fn registration(harness: &Harness, amount: i64) -> String {
    json!({"order_ref": "order-1", "psp_account": harness.merchant.momo.to_string(), "psp_payment_id": "1",
        "currency": "VND", "amount": amount, "captured_at": "2026-11-18T15:00:00Z"})
    .to_string()
}

/// Fails the first query of this name.
struct Unread(&'static str, AtomicBool);

impl Faults for Unread {
    fn next(&self, _: &'static str) -> Fault {
        Fault::None
    }

    fn next_read(&self, query: &'static str) -> Option<StoreError> {
        (query == self.0 && !self.1.swap(true, Ordering::SeqCst)).then_some(StoreError::Full)
    }
}

#[tokio::test]
async fn what_was_taken_in_and_could_not_be_shown_is_taken_in_once() {
    let harness = Harness::with_faults(Arc::new(Unread("load_payment", AtomicBool::new(false)))).await;
    let body = |amount| registration(&harness, amount);
    let captured = async || {
        let order = harness.engine.order(harness.merchant.id, None, "order-1").await.unwrap().unwrap();
        order.payment.balance.captured
    };
    let first = keyed(&harness, "/v1/payments", "k-1", &body(1_000)).await;
    assert_eq!((first.status.as_u16(), captured().await), (503, 1_000), "{first:?}");
    assert_eq!(keyed(&harness, "/v1/payments", "k-2", &body(2_000)).await.json()["result"], "updated");
    let again = keyed(&harness, "/v1/payments", "k-1", &body(1_000)).await;
    assert_eq!((again.status.as_u16(), replayed(&again)), (200, true));
    assert_eq!((&again.json()["captured"], captured().await), (&json!(2_000), 2_000));
}

#[tokio::test]
async fn an_upload_that_was_taken_and_could_not_be_shown_is_taken_once() {
    let harness = Harness::with_faults(Arc::new(Unread("find_import", AtomicBool::new(false)))).await;
    let upload = async || {
        let request = Request::post("/v1/payment-imports")
            .header("authorization", format!("Bearer {}", harness.merchant.api_key))
            .header("content-type", "application/jsonl")
            .header("idempotency-key", "k-1");
        harness.send(request.body(Body::from(registration(&harness, 1_000))).unwrap()).await
    };
    let first = upload().await;
    assert_eq!(code(&first), (503, json!("busy"), Value::Null));
    let again = upload().await;
    assert_eq!((again.status.as_u16(), replayed(&again)), (202, true), "{again:?}");
    let request = Request::get("/v1/payment-imports")
        .header("authorization", format!("Bearer {}", harness.merchant.api_key));
    let all = harness.send(request.body(Body::empty()).unwrap()).await.json();
    assert_eq!(all["data"].as_array().unwrap().len(), 1, "{all}");
}

/// Refuses to end any key.
struct Unended;

impl Faults for Unended {
    fn next(&self, operation: &'static str) -> Fault {
        if operation == "end_keyed" { Fault::Refuse(StoreError::Full) } else { Fault::None }
    }
}

/// Else its secret would be lost, and the repeat that a 503 asks for would end the secret which the receiver still checks.
#[tokio::test]
async fn what_was_done_is_shown_although_its_key_cannot_be_ended() {
    let harness = Harness::with_faults(Arc::new(Unended)).await;
    let add = async || {
        keyed(&harness, "/v1/endpoints", "k-1", r#"{"url": "http://sandbox.test/no/such/path"}"#).await
    };
    let made = add().await;
    assert_eq!((made.status.as_u16(), made.json()["secret"].is_string()), (201, true), "{made:?}");
    let rotate = format!("/v1/endpoints/{}/rotate-secret", made.json()["id"].as_str().unwrap());
    let rotated = keyed(&harness, &rotate, "k-2", "").await;
    assert_eq!((rotated.status.as_u16(), rotated.json()["secret"].is_string()), (200, true), "{rotated:?}");
    // Nobody knows that it has ended.
    assert_eq!(code(&add().await).1, "idempotency_key_in_use");
    // A refusal is its own word too.
    assert_eq!(code(&keyed(&harness, DISPUTE, "k-3", "").await).0, 404);
}

const ENDPOINT: &str = r#"{"url": "http://sandbox.test/no/such/path"}"#;

/// Keeps what the first operation of this name did and loses its answer, as PostgreSQL that goes away in the commit; and
/// is still away when the key is to be left, where that is so.
struct GoesAway {
    lost: FaultOnce,
    stays_away: bool,
}

impl GoesAway {
    async fn harness(at: &'static str, stays_away: bool) -> Harness {
        let lost = FaultOnce::new(at, Fault::LoseAnswer);
        Harness::with_faults(Arc::new(Self { lost, stays_away })).await
    }
}

impl Faults for GoesAway {
    fn next(&self, operation: &'static str) -> Fault {
        if self.stays_away && operation == "leave_keyed" {
            return Fault::Refuse(StoreError::Full);
        }
        self.lost.next(operation)
    }
}

/// It is answered that nobody knows. Its key is free for a repeat, or in use until the time of its run is over.
async fn is_left_open(harness: &Harness, path: &str, key: &str, body: &str, stays_away: bool) {
    let first = keyed(harness, path, key, body).await;
    assert_eq!(code(&first), (503, json!("busy"), Value::Null), "{first:?}");
    assert!(first.json()["detail"].as_str().unwrap().starts_with("nobody knows"), "{first:?}");
    if stays_away {
        let held = keyed(harness, path, key, body).await;
        assert_eq!(code(&held), (409, json!("idempotency_key_in_use"), json!("Idempotency-Key")));
        assert!(held.headers.contains_key("retry-after"), "{held:?}");
        harness.clock.advance(RUN_SPAN);
    }
}

#[tokio::test]
async fn an_endpoint_of_which_nobody_knows_whether_it_was_added_is_added_once() {
    for stays_away in [false, true] {
        let harness = GoesAway::harness("add_endpoint", stays_away).await;
        is_left_open(&harness, "/v1/endpoints", "k-1", ENDPOINT, stays_away).await;
        is_added_once(&harness).await;
    }
}

async fn is_added_once(harness: &Harness) {
    let again = keyed(harness, "/v1/endpoints", "k-1", ENDPOINT).await;
    assert_eq!((again.status.as_u16(), replayed(&again)), (200, true), "{again:?}");
    assert!(again.json()["secret"].is_string(), "nobody was shown it: {again:?}");
    let there = harness.engine.list_endpoints(harness.merchant.id, None).await.unwrap();
    assert_eq!(
        there.iter().map(|one| json!(one.id.to_string())).collect::<Vec<_>>(),
        [again.json()["id"].clone()]
    );
    let third = keyed(harness, "/v1/endpoints", "k-1", ENDPOINT).await;
    assert_eq!((replayed(&third), third.json()), (true, again.json()));
    // Another key is another endpoint, in the same moment too.
    assert_eq!(keyed(harness, "/v1/endpoints", "k-2", ENDPOINT).await.status, 201);
}

/// A second rotation would end the secret that the receiver still checks.
#[tokio::test]
async fn a_rotation_of_which_nobody_knows_whether_it_was_done_is_done_once() {
    for (stays_away, by_another_meanwhile) in [(false, false), (false, true), (true, false), (true, true)] {
        let harness = GoesAway::harness("rotate_endpoint_secret", stays_away).await;
        let made = keyed(&harness, "/v1/endpoints", "k-1", ENDPOINT).await.json();
        let id = EndpointId::parse(made["id"].as_str().unwrap()).unwrap();
        let (merchant, sandbox) = (harness.merchant.id, Environment::Sandbox);
        let now = async || harness.engine.endpoint(merchant, sandbox, id).await.unwrap();
        let path = format!("/v1/endpoints/{id}/rotate-secret");
        let at_first = now().await.secret_sealed;
        is_left_open(&harness, &path, "k-2", "", stays_away).await;
        assert_eq!(now().await.old_secret.unwrap().0, at_first, "it was rotated");
        harness.clock.advance(Duration::from_secs(1));
        if by_another_meanwhile {
            assert_eq!(keyed(&harness, &path, "k-3", "").await.status, 200);
        }
        let before = now().await;
        for _ in 0..2 {
            let again = keyed(&harness, &path, "k-2", "").await;
            assert_eq!((again.status.as_u16(), replayed(&again)), (200, true), "{again:?}");
            let (told, shown) = (again.json(), !by_another_meanwhile);
            assert_eq!((told["secret"].is_string(), told["secret"].is_null()), (shown, !shown), "{told}");
            assert_ne!(told["secret"], made["secret"]);
        }
        assert!(now().await == before, "it was rotated once more");
    }
}

/// Whoever withdraws or disputes must not wait: it is asked again at once, and what was done is no refusal.
#[tokio::test]
async fn a_dispute_of_which_nobody_knows_whether_it_was_kept_can_be_asked_for_again_at_once() {
    let harness = GoesAway::harness("mark_disputed", false).await;
    harness.payment(TestPayment::momo("order-1", 1_000_000)).await;
    is_left_open(&harness, DISPUTE, "k-1", "", false).await;
    let again = keyed(&harness, DISPUTE, "k-1", "").await;
    assert_eq!((again.status.as_u16(), &again.json()["disputed"]), (200, &json!(true)), "{again:?}");
}

#[tokio::test]
async fn a_late_repeat_of_a_registration_lowers_nothing() {
    let harness = Harness::new().await;
    let body = |amount| registration(&harness, amount);
    let first = keyed(&harness, "/v1/payments", "k-1", &body(1_000)).await;
    assert_eq!((first.status.as_u16(), replayed(&first)), (201, false));
    assert_eq!(keyed(&harness, "/v1/payments", "k-2", &body(2_000)).await.json()["result"], "updated");
    let again = keyed(&harness, "/v1/payments", "k-1", &body(1_000)).await;
    assert_eq!((again.status.as_u16(), replayed(&again)), (200, true));
    assert_eq!((&again.json()["id"], &again.json()["result"]), (&first.json()["id"], &json!("unchanged")));
    assert_eq!(again.json()["captured"], 2_000, "as it is now");
    let order = harness.engine.order(harness.merchant.id, None, "order-1").await.unwrap().unwrap();
    assert_eq!(order.payment.balance.captured, 2_000);
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    let harness = Harness::new().await;
    assert_eq!(code(&keyed(&harness, DISPUTE, "k-1", "").await).0, 404);
    harness.payment(TestPayment::momo("order-1", 1_000_000)).await;
    assert_eq!(code(&keyed(&harness, DISPUTE, "k-1", r#"{"reason":1}"#).await).0, 422);
    let done = keyed(&harness, DISPUTE, "k-1", "").await;
    assert_eq!((done.status.as_u16(), replayed(&done)), (200, false));
}

#[tokio::test]
async fn while_the_first_runs_its_key_is_in_use_and_when_it_dies_the_key_is_free() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::momo("order-1", 1_000_000)).await;
    let parts: [&[u8]; 3] = [b"POST", DISPUTE.as_bytes(), b""];
    let (merchant, sandbox) = (harness.merchant.id, Environment::Sandbox);
    let (begun, _) = harness.engine.begin_keyed(merchant, sandbox, "k-1", &parts).await.unwrap();
    assert_eq!(begun, Begun::First);
    let busy = keyed(&harness, DISPUTE, "k-1", "").await;
    assert_eq!(code(&busy), (409, json!("idempotency_key_in_use"), json!("Idempotency-Key")));
    assert_eq!(busy.headers["retry-after"], "1", "it is worth a repeat, and says when");
    assert_eq!(code(&keyed(&harness, DISPUTE, "k-1", "{}").await).1, "idempotency_key_reused");
    // Another key is another request.
    assert_eq!(keyed(&harness, RELEASE, "k-2", "").await.status, 200);
    harness.clock.advance(RUN_SPAN + Duration::from_secs(1));
    let done = keyed(&harness, DISPUTE, "k-1", "").await;
    assert_eq!((done.status.as_u16(), &done.json()["disputed"]), (200, &json!(true)));
}
