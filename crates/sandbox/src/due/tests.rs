//! A sandbox that ends and is opened again on its file forgets nothing that it owed, and does nothing twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::Body;
use axum::http::Request;
use futures_util::future::BoxFuture;
use serde_json::json;
use tempfile::TempDir;

use crate::config::SandboxConfig;
use crate::sandbox::Sandbox;
use crate::state::Place;
use crate::world::{SandboxClock, World};

use crate::testing::{Harness, START_MS, post};

const BEARER: (&str, &str) = ("authorization", "Bearer sk_test_XKokBfNWv6FIYuTMg5sLPjhJ");

fn refund(key: &str) -> Request<Body> {
    let body = json!({
        "charge_id": "chg_1", "amount": 10, "currency": "SAR", "reason": "x", "reference": {"merchant": key},
        "post": {"url": "http://127.0.0.1:9/"}
    });
    post("/v2/refunds", &[BEARER], body.to_string())
}

/// A sandbox on a file, with one charge and a script.
async fn first(directory: &TempDir, steps: &[&str]) -> Harness {
    let harness = Harness::on_file(&directory.path().join("sandbox.db"), START_MS);
    harness.payment("tap", "chg_1", "SAR", 10_000).await;
    harness.script("tap", "chg_1", steps).await;
    harness
}

fn again(directory: &TempDir, now_ms: i64) -> Harness {
    Harness::on_file(&directory.path().join("sandbox.db"), now_ms)
}

#[tokio::test]
async fn what_is_due_happens_after_a_restart() {
    let directory = TempDir::new().unwrap();
    let harness = first(&directory, &["succeed", "effect_after:60000", "pend", "refuse"]).await;
    harness.call(refund("RF-1")).await;
    harness.hang_up(refund("RF-2"));
    harness.call(refund("RF-3")).await;
    drop(harness);

    let harness = again(&directory, START_MS + 1_000);
    assert_eq!(harness.ledger().await, ["RF-1 1000 pending", "RF-3 1000 pending"]);
    harness.advance(0).await;
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded", "RF-3 1000 pending"]);
    assert_eq!(harness.notifications().len(), 1);
    drop(harness);

    let harness = again(&directory, START_MS + 60_000);
    harness.advance(0).await;
    let two = "RF-2 1000 pending";
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded", two, "RF-3 1000 pending"]);
    harness.advance(300).await;
    // The steps that were left are left.
    let answer = harness.call(refund("RF-4")).await;
    assert_eq!(answer.json()["status"], "DECLINED");
    harness.finish("tap", "RF-3", "failed").await;
    harness.advance(0).await;
    let all = ["RF-1 1000 succeeded", "RF-2 1000 succeeded", "RF-3 1000 failed"];
    assert_eq!(harness.ledger().await, all);
    assert_eq!(harness.notifications().len(), 2);
}

#[tokio::test]
async fn a_notification_that_did_not_arrive_is_tried_again_after_a_restart() {
    let directory = TempDir::new().unwrap();
    let harness = first(&directory, &[]).await;
    harness.receiver.statuses.lock().unwrap().push_back(0);
    harness.call(refund("RF-1")).await;
    harness.advance(300).await;
    let told = harness.notifications();
    assert_eq!(told.len(), 1);
    drop(harness);

    let harness = again(&directory, START_MS + 1_300);
    harness.advance(0).await;
    assert_eq!(harness.notifications(), told);
    harness.advance(3_600_000).await;
    assert_eq!(harness.notifications().len(), 1);
}

#[tokio::test]
async fn a_caller_that_hangs_up_during_notify_before_answer_does_not_silence_it() {
    let harness = Harness::new();
    harness.payment("tap", "chg_1", "SAR", 10_000).await;
    harness.script("tap", "chg_1", &["notify_before_answer"]).await;
    harness.receiver.statuses.lock().unwrap().push_back(1);
    harness.hang_up(refund("RF-1"));
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded"]);
    harness.advance(4_999).await;
    assert_eq!(harness.notifications().len(), 1);
    harness.advance(1).await;
    assert_eq!(harness.notifications().len(), 2);
    harness.advance(3_600_000).await;
    assert_eq!(harness.notifications().len(), 2);
}

#[tokio::test]
async fn a_file_belongs_to_one_sandbox() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("sandbox.db");
    let harness = Harness::on_file(&path, START_MS);
    harness.payment("tap", "chg_1", "SAR", 10_000).await;
    let second = rusqlite::Connection::open(&path).unwrap();
    second.busy_timeout(std::time::Duration::ZERO).unwrap();
    let read = second.query_row("SELECT COUNT(*) FROM payment", [], |row| row.get::<_, i64>(0));
    assert!(read.is_err(), "{read:?}");
    drop(harness);
    assert_eq!(second.query_row("SELECT COUNT(*) FROM payment", [], |row| row.get::<_, i64>(0)), Ok(1));
}

#[tokio::test]
async fn a_new_file_does_not_repeat_the_ids_of_an_older_one() {
    let mut ids = Vec::new();
    for age_ms in [0, 1_000] {
        let directory = TempDir::new().unwrap();
        let harness = Harness::on_file(&directory.path().join("sandbox.db"), START_MS + age_ms);
        harness.payment("tap", "chg_1", "SAR", 10_000).await;
        ids.push(harness.call(refund("RF-1")).await.json()["id"].clone());
    }
    assert_ne!(ids[0], ids[1]);
}

/// A clock on which 200 ms pass between any two looks at it.
struct Hurrying(AtomicI64);

impl SandboxClock for Hurrying {
    fn now_ms(&self) -> i64 {
        self.0.fetch_add(200, Ordering::SeqCst)
    }

    fn sleep(&self, _: u64) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn what_becomes_due_while_the_loop_works_is_not_slept_through() {
    let world = World { clock: Arc::new(Hurrying(AtomicI64::new(START_MS))), ..World::real() };
    let sandbox = Sandbox::open(&Place::Memory, SandboxConfig::default(), world).unwrap();
    let payment = json!({"psp": "tap", "payment": "chg_1", "currency": "SAR", "amount_minor": 10_000});
    sandbox.send(post("/control/payment", &[], payment.to_string())).await;
    sandbox.send(refund("RF-1")).await;
    // It settles 300 ms after it was made: not yet when the round begins, and already when it ends.
    assert!(super::round(&sandbox).unwrap().is_some(), "somebody looks again");
}
