//! DELETE `/v1/endpoints/{id}`: revokes an endpoint, for ever. It stays to be seen, since deliveries speak of it.

use axum::Json;
use axum::extract::State;
use redress_engine::engine::Engine;

use super::id;
use super::view::EndpointShown;
use crate::body::PathText;
use crate::v1::auth::KeyHolder;
use crate::v1::error::OwnError;

/// Revoke an endpoint
///
/// Nothing more is sent to it, for ever; what is still owed to it is given up. The same again changes nothing.
#[utoipa::path(
    delete,
    path = "/v1/endpoints/{id}",
    operation_id = "revokeEndpoint",
    tag = "Endpoints",
    params(("id" = String, Path, description = "The endpoint's id.", example = "ep_01k00000000000000000000000")),
    responses(
        (status = 200, description = "It is revoked.", body = EndpointShown),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    path: PathText,
) -> Result<Json<EndpointShown>, OwnError> {
    let (merchant, environment) = (holder.merchant, holder.environment);
    let id = engine.endpoint(merchant, environment, id(path)?).await?.id;
    engine.revoke_endpoint(merchant, id).await?;
    Ok(Json(EndpointShown::of(engine.endpoint(merchant, environment, id).await?)))
}
