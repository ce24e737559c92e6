//! Every route.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::sandbox::Sandbox;
use crate::{control, momo, tap};

/// Longest request body, in bytes.
const BODY_BYTES_MAX: usize = 256 * 1024;

pub(crate) fn router(sandbox: Sandbox) -> Router {
    Router::new()
        // MoMo
        .route("/v2/gateway/api/refund", post(momo::refund::handle))
        .route("/v2/gateway/api/refund/query", post(momo::query::refund))
        .route("/v2/gateway/api/query", post(momo::query::purchase))
        // Tap
        .route("/v2/refunds", post(tap::create::handle))
        .route("/v2/refunds/", post(tap::create::handle))
        .route("/v2/refunds/list", post(tap::list::handle))
        .route("/v2/refunds/{id}", get(tap::retrieve::handle))
        // Control
        .route("/control/payment", post(control::payment))
        .route("/control/script", post(control::script))
        .route("/control/finish", post(control::finish))
        .route("/control/ledger", get(control::ledger))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(sandbox)
}
