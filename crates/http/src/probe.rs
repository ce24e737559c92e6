//! Parts of the faces by themselves, for the benchmarks and the fuzzing. The program serves none of this.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use redress_core::time::Timestamp;
use redress_engine::engine::Engine;
use secrecy::SecretString;

use crate::outermost::{Outermost, outermost};
use crate::{portone, sgate, v1};

/// SGate's `order.refund` without the refund: the outermost layer, authentication and parsing, then an empty 200.
pub fn order_refund_only_parsed(engine: Engine) -> Router {
    Router::new()
        .route("/api_v1/orders/{id}/refunds", post(sgate::order_refund::only_parsed))
        .layer(from_fn_with_state(Outermost::new(engine.clone()), outermost))
        .with_state(engine)
}

/// Redress's own API without anything behind it: the outermost layer and the API key, then an empty 200.
pub fn own_only_authenticated(engine: Engine) -> Router {
    Router::new()
        .route("/v1/refunds/{id}", get(v1::refund_read::only_authenticated))
        .layer(from_fn_with_state(Outermost::new(engine.clone()), outermost))
        .with_state(engine)
}

/// Whether a bearer token proves that its bearer knows the secret of a client key of PortOne's face, now. For the
/// fuzzing of what reads tokens.
pub fn portone_token_proves(token: &str, key: &str, secret: &SecretString, now: Timestamp) -> bool {
    portone::jwt::proves(token, key, secret, now)
}

/// A token for a client key of PortOne's face.
///
/// # Panics
/// Never in practice: the claims are plain and HMAC takes any key.
pub fn portone_token(key: &str, secret: &SecretString, now: Timestamp) -> String {
    portone::jwt::issue(key, secret, now).expect("plain claims can be signed")
}
