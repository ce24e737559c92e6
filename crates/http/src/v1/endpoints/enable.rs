//! POST `/v1/endpoints/{id}/enable`: sends again to an endpoint that was disabled because it took nothing for too long.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use redress_engine::engine::Engine;
use utoipa::ToSchema;

use super::id;
use super::view::EndpointShown;
use crate::body::{PathText, RawBody};
use crate::json_object::JsonObject;
use crate::limits::REASON_CHARS_MAX;
use crate::v1::auth::KeyHolder;
use crate::v1::error::OwnError;
use crate::v1::once::Once;

/// Why an endpoint is enabled.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Enabling, example = json!({"reason": "it answers again"}))]
#[expect(dead_code, reason = "it describes what is read field by field")]
pub(crate) struct Asked {
    /// Why; it is kept with the id of the key.
    #[schema(min_length = 1, max_length = 1000, example = "it answers again")]
    reason: String,
}

/// Enable an endpoint
///
/// What waited for it is sent; what was tried before, once the pause after that is over. The feed of events tells of it; which key did it, and why, is kept with the event. The same again changes nothing.
#[utoipa::path(
    post,
    path = "/v1/endpoints/{id}/enable",
    operation_id = "enableEndpoint",
    tag = "Endpoints",
    params(
        ("id" = String, Path, description = "The endpoint's id.", example = "ep_01k00000000000000000000000"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat with this key changes nothing and is answered with the endpoint as it is now."),
    ),
    request_body = Asked,
    responses(
        (status = 200, description = "It is enabled.", body = EndpointShown),
        (status = 409, description = "It is revoked."),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    once: Once,
    path: PathText,
    RawBody(body): RawBody,
) -> Result<Response, OwnError> {
    let (merchant, environment) = (holder.merchant, holder.environment);
    let id = id(path)?;
    let reason = {
        let object = JsonObject::parse(&body)?;
        object.only(&["reason"])?;
        object.required_text("reason", REASON_CHARS_MAX)?
    };
    engine.endpoint(merchant, environment, id).await?;
    let shown = move |engine: Engine| async move {
        Ok::<_, OwnError>(Json(EndpointShown::of(engine.endpoint(merchant, environment, id).await?)))
    };
    let first = move |engine: Engine| async move {
        engine.enable_endpoint(merchant, id, &holder.key.to_string(), &reason).await?;
        Ok((id.to_string(), shown(engine).await))
    };
    once.run(engine, holder, body, first, move |engine, _| shown(engine)).await
}
