//! `/healthz` and `/readyz`: for supervisors and load balancers.

use axum::extract::State;
use axum::http::StatusCode;
use redress_engine::engine::Engine;

/// GET `/healthz`: the process answers. It never looks further: a supervisor that restarts a process because its
/// database is away helps nobody.
pub(crate) async fn healthz() -> &'static str {
    "ok"
}

/// GET `/readyz`: 200 where requests can be served now, 503 where not. Why not stands in the log.
pub(crate) async fn readyz(State(engine): State<Engine>) -> (StatusCode, &'static str) {
    match engine.ready().await {
        Ok(()) => (StatusCode::OK, "ready"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    }
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
