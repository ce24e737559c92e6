//! Every route.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::control;
use crate::psp::Psp;
use crate::sandbox::Sandbox;

/// Longest request body, in bytes.
const BODY_BYTES_MAX: usize = 256 * 1024;

pub(crate) fn router(sandbox: Sandbox) -> Router {
    let psps = Psp::ALL.into_iter().fold(Router::new(), |router, psp| router.merge(psp.play().routes()));
    psps.route("/control/payment", post(control::payment))
        .route("/control/webhook", post(control::webhook))
        .route("/control/script", post(control::script))
        .route("/control/finish", post(control::finish))
        .route("/control/ledger", get(control::ledger))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(sandbox)
}
