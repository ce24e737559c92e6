//! Every route.

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::http::{Request, Response};
use axum::routing::{get, post};
use tower::ServiceExt;

use crate::control;
use crate::psp::Psp;
use crate::sandbox::Sandbox;

/// Longest request body, in bytes.
const BODY_BYTES_MAX: usize = 256 * 1024;

impl Sandbox {
    /// All routes: those of the PSPs and those that control the sandbox. A fault that needs the connection itself
    /// (see [`crate::Fault`]) is an extension and a header of the response here; [`Sandbox::serve`] turns it into the
    /// real thing.
    pub fn router(&self) -> Router {
        router(self.clone())
    }

    /// Sends one request without a network.
    pub async fn send(&self, request: Request<Body>) -> Response<Body> {
        match self.router().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

fn router(sandbox: Sandbox) -> Router {
    let psps = Psp::ALL.into_iter().fold(Router::new(), |router, psp| router.merge(psp.play().routes()));
    psps.route("/control/payment", post(control::payment))
        .route("/control/webhook", post(control::webhook))
        .route("/control/script", post(control::script))
        .route("/control/finish", post(control::finish))
        .route("/control/ledger", get(control::ledger))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(sandbox)
}
