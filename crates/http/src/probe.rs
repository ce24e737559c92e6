//! What a request costs before anything is done about it, for the benchmarks. The program serves none of this.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use redress_engine::engine::Engine;

use crate::outermost::{Outermost, outermost};
use crate::sgate;

/// SGate's `order.refund` without the refund: the outermost layer, authentication and parsing, then an empty 200.
pub fn order_refund_only_parsed(engine: Engine) -> Router {
    Router::new()
        .route("/api_v1/orders/{id}/refunds", post(sgate::order_refund::only_parsed))
        .layer(from_fn_with_state(Outermost::new(engine.clone()), outermost))
        .with_state(engine)
}
