//! GET `/v1/deliveries/{id}`: one delivery with its attempts.

use axum::Json;
use axum::extract::State;
use redress_engine::engine::Engine;

use super::id;
use super::view::WithAttempts;
use crate::body::PathText;
use crate::v1::auth::KeyHolder;
use crate::v1::error::OwnError;

/// Read a delivery
///
/// With its attempts: when, how long, and what came back.
#[utoipa::path(
    get,
    path = "/v1/deliveries/{id}",
    operation_id = "getDelivery",
    tag = "Deliveries",
    params(("id" = String, Path, description = "The delivery's id.", example = "dlv_01k0000000000000000000000001k000000000000000000000002")),
    responses(
        (status = 200, description = "The delivery.", body = WithAttempts),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    path: PathText,
) -> Result<Json<WithAttempts>, OwnError> {
    let delivery = engine.delivery(holder.merchant, holder.environment, id(path)?).await?;
    Ok(Json(WithAttempts::of(&delivery)))
}
