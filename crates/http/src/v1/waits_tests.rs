//! Callers who wait hold connections: how many may, and what becomes of one more.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request};
use axum::response::Response;
use futures_util::future::BoxFuture;
use redress_core::refund::Refund;
use redress_engine::config::EngineConfig;
use redress_engine::world::Clock;
use serde_json::json;
use tower::ServiceExt;

use crate::testing::{Answer, Harness, TestMerchant, TestPayment, hang_up, settle_down};

const EVENTS: &str = "/v1/events?from=now";

fn request(merchant: &TestMerchant, method: Method, path: &str, wait: u64) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("authorization", format!("Bearer {}", merchant.api_key));
    request.header("prefer", format!("wait={wait}")).body(Body::empty()).unwrap()
}

fn wait_for_events(merchant: &TestMerchant, wait: u64) -> Request<Body> {
    request(merchant, Method::GET, EVENTS, wait)
}

/// The answer, and after how many seconds it came.
async fn timed(harness: &Harness, request: Request<Body>) -> (Answer, u64) {
    let since = harness.clock.now();
    let answer = harness.send(request).await;
    (answer, harness.clock.now().since(since).as_secs())
}

async fn seconds(harness: &Harness, request: Request<Body>) -> u64 {
    let (answer, seconds) = timed(harness, request).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    seconds
}

/// Somebody who waits until told otherwise: dropped, they have hung up.
async fn waiting(
    harness: &Harness,
    request: Request<Body>,
) -> BoxFuture<'static, Result<Response, Infallible>> {
    let mut answer: BoxFuture<'static, Result<Response, Infallible>> =
        Box::pin(harness.router.clone().oneshot(request));
    tokio::select! {
        biased;
        answer = &mut answer => panic!("it was to wait: {answer:?}"),
        () = settle_down() => {}
    }
    answer
}

/// With so many places for those who wait, and a refund of `o1` that stays pending.
async fn pending(waits_max: usize) -> (Harness, Refund) {
    let harness = Harness::with(EngineConfig { waits_max, ..EngineConfig::default() }).await;
    let payment = TestPayment::momo("o1", 10_000);
    harness.payment(payment.clone()).await;
    harness.script(&payment, &["pend"; 9]).await;
    let body = json!({"amount": 1_000, "currency": "VND"}).to_string();
    let mut making = request(&harness.merchant, Method::POST, "/v1/payments/o1/refunds", 0);
    *making.body_mut() = Body::from(body);
    assert_eq!(harness.send(making).await.status, 201);
    harness.pass(Duration::from_secs(1)).await;
    let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    (harness, order.refunds[0].clone())
}

#[tokio::test]
async fn one_merchants_waits_leave_places_to_others_and_none_is_refused() {
    let (harness, _) = pending(2).await;
    let (one, other) = (&harness.merchant, &harness.other);
    let first = waiting(&harness, wait_for_events(one, 20)).await;
    assert_eq!(seconds(&harness, wait_for_events(one, 20)).await, 0, "its half is taken");
    assert_eq!(seconds(&harness, wait_for_events(other, 7)).await, 7, "another's is not");
    let second = waiting(&harness, wait_for_events(other, 20)).await;
    assert_eq!(seconds(&harness, wait_for_events(other, 20)).await, 0);
    // Whoever hangs up leaves its place to the next, and so does whoever was answered.
    drop(first);
    assert_eq!(seconds(&harness, wait_for_events(one, 5)).await, 5);
    assert_eq!(seconds(&harness, wait_for_events(one, 6)).await, 6);
    hang_up(&harness, wait_for_events(one, 20)).await;
    assert_eq!(seconds(&harness, wait_for_events(one, 4)).await, 4);
    drop(second);
    assert_eq!(seconds(&harness, wait_for_events(other, 3)).await, 3);
}

#[tokio::test]
async fn every_wait_that_is_asked_for_needs_a_place() {
    let (harness, refund) = pending(2).await;
    let path = format!("/v1/refunds/{}", refund.id);
    let (read, refresh) = ((Method::GET, path.clone()), (Method::POST, format!("{path}/refresh")));
    for (method, path) in [read, refresh] {
        let asked = || request(&harness.merchant, method.clone(), &path, 3);
        assert_eq!(seconds(&harness, asked()).await, 3, "{path}");
        let first = waiting(&harness, wait_for_events(&harness.merchant, 20)).await;
        let (answer, after) = timed(&harness, asked()).await;
        assert_eq!((answer.status.as_u16(), after), (200, 0), "{path}");
        assert_eq!(answer.json()["status"], "pending");
        assert_eq!(answer.headers["preference-applied"], "wait=3", "as where the time is up");
        drop(first);
    }
    let making = |wait| {
        let mut making = request(&harness.merchant, Method::POST, "/v1/payments/o1/refunds", wait);
        *making.body_mut() = Body::from(json!({"amount": 1_000, "currency": "VND"}).to_string());
        making
    };
    let (made, after) = timed(&harness, making(3)).await;
    assert_eq!((made.status.as_u16(), after), (201, 3), "{made:?}");
    // Whoever waits for a refund has a place as whoever waits for events.
    let first = waiting(&harness, request(&harness.merchant, Method::GET, &path, 20)).await;
    let (made, after) = timed(&harness, making(3)).await;
    assert_eq!((made.status.as_u16(), after), (201, 0), "{made:?}");
    drop(first);
}

/// Asking the PSP goes on without its caller. The wait for what comes of it must not.
#[tokio::test]
async fn whoever_hangs_up_while_a_refresh_waits_leaves_its_place_and_its_key() {
    let (harness, refund) = pending(2).await;
    let path = format!("/v1/refunds/{}/refresh", refund.id);
    let keyed = |wait| {
        let mut asked = request(&harness.merchant, Method::POST, &path, wait);
        asked.headers_mut().insert("idempotency-key", HeaderValue::from_static("k-1"));
        asked
    };
    hang_up(&harness, keyed(20)).await;
    assert_eq!(seconds(&harness, wait_for_events(&harness.merchant, 4)).await, 4);
    let (again, after) = timed(&harness, keyed(3)).await;
    assert_eq!((again.status.as_u16(), after), (200, 3), "{again:?}");
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.json()["status"], "pending");
}

/// What a face or a page waits for by itself holds a connection all the same.
#[tokio::test]
async fn who_is_kept_waiting_without_asking_for_it_needs_a_place_too() {
    let (harness, refund) = pending(2).await;
    let (engine, long) = (&harness.engine, Duration::from_secs(10));
    let under_way = under_way(&harness).await;
    assert!(at_once(engine.wait_for_move(&refund, long)).await.is_none(), "it waits");
    let first = waiting(&harness, wait_for_events(&harness.merchant, 20)).await;
    // A live page waits at its merchant's expense, and so does a call for the first word.
    assert!(at_once(engine.wait_for_move(&refund, long)).await.is_some());
    assert!(at_once(engine.wait_for_word(&under_way, long)).await.is_some(), "its merchant's place is taken");
    drop(first);
    let mut word = Box::pin(engine.wait_for_word(&under_way, long));
    assert!(at_once(&mut word).await.is_none(), "it waits");
    assert!(at_once(engine.wait_for_word(&under_way, long)).await.is_some(), "it is taken again");
    drop(word);
    assert!(at_once(engine.wait_for_word(&under_way, long)).await.is_none(), "it waits");
}

/// What comes of it before any time passes; `None` where it waits.
async fn at_once<T>(asked: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        answer = asked => Some(answer),
        () = settle_down() => None,
    }
}

/// A refund of another payment that its PSP has not answered.
async fn under_way(harness: &Harness) -> Refund {
    let payment = TestPayment::tap("o2", 10_000);
    harness.payment(payment.clone()).await;
    harness.script(&payment, &["slow:600000"]).await;
    let mut making = request(&harness.merchant, Method::POST, "/v1/payments/o2/refunds", 0);
    *making.body_mut() = Body::from("{}");
    assert_eq!(harness.send(making).await.status, 201);
    let order = harness.engine.order(harness.merchant.id, None, "o2").await.unwrap().unwrap();
    order.refunds[0].clone()
}
