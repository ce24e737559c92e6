use axum::body::Body;
use axum::http::Request;
use redress_engine::readiness::LOOK_AGAIN;
use redress_store::Fault;
use redress_store::ops::write_probe::WriteProbe;
use redress_store::testing::{FaultOnce, batch};
use std::sync::Arc;

use crate::testing::Harness;

async fn get(harness: &Harness, path: &str) -> (u16, String) {
    let answer = harness.send(Request::get(path).body(Body::empty()).unwrap()).await;
    (answer.status.as_u16(), answer.text().to_owned())
}

fn ready() -> (u16, String) {
    (200, "ready".into())
}

fn not_ready() -> (u16, String) {
    (503, "not ready".into())
}

#[tokio::test]
async fn readiness_follows_the_store_and_liveness_does_not() {
    let harness = Harness::new().await;
    assert_eq!(get(&harness, "/readyz").await, ready());
    batch(&harness.store, "ALTER TABLE settings_version RENAME TO elsewhere").await;
    assert_eq!(get(&harness, "/readyz").await, ready(), "one look serves for a while");
    harness.clock.advance(LOOK_AGAIN);
    assert_eq!(get(&harness, "/readyz").await, not_ready());
    assert_eq!(get(&harness, "/healthz").await, (200, "ok".into()));
    batch(&harness.store, "ALTER TABLE elsewhere RENAME TO settings_version").await;
    harness.clock.advance(LOOK_AGAIN);
    assert_eq!(get(&harness, "/readyz").await, ready());
}

#[tokio::test]
async fn tables_of_another_time_are_not_ready() {
    let harness = Harness::new().await;
    batch(&harness.store, "DELETE FROM schema_migrations").await;
    assert_eq!(get(&harness, "/readyz").await, not_ready());
}

#[tokio::test]
async fn after_a_lost_write_a_write_is_tried() {
    let harness = Harness::new().await;
    let lose = async || {
        let faults = FaultOnce::new("write_probe", Fault::FailStatement(0));
        let lost = harness.store.clone().with_faults(Arc::new(faults)).run(WriteProbe).await;
        assert!(lost.is_err() && !harness.store.stats().writable);
    };
    lose().await;
    assert_eq!(get(&harness, "/readyz").await, ready());
    assert!(harness.store.stats().writable);
    let refuse = "CREATE TRIGGER full BEFORE UPDATE ON settings_version BEGIN SELECT RAISE(ABORT, 'no'); END";
    batch(&harness.store, refuse).await;
    lose().await;
    harness.clock.advance(LOOK_AGAIN);
    assert_eq!(get(&harness, "/readyz").await, not_ready());
}
