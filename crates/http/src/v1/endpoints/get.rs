//! GET `/v1/endpoints/{id}`.

use axum::Json;
use axum::extract::State;
use redress_engine::engine::Engine;

use super::id;
use super::view::EndpointShown;
use crate::body::PathText;
use crate::v1::auth::KeyHolder;
use crate::v1::error::OwnError;

/// Read an endpoint
///
/// Without its secret, which is shown only when it is made.
#[utoipa::path(
    get,
    path = "/v1/endpoints/{id}",
    operation_id = "getEndpoint",
    tag = "Endpoints",
    params(("id" = String, Path, description = "The endpoint's id.", example = "ep_01k00000000000000000000000")),
    responses(
        (status = 200, description = "The endpoint.", body = EndpointShown),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    path: PathText,
) -> Result<Json<EndpointShown>, OwnError> {
    let endpoint = engine.endpoint(holder.merchant, holder.environment, id(path)?).await?;
    Ok(Json(EndpointShown::of(endpoint)))
}
