//! PATCH `/v1/endpoints/{id}`: changes what is named and nothing else.

use axum::Json;
use axum::extract::State;
use redress_engine::admin::endpoint_edit::EndpointEdit;
use redress_engine::engine::Engine;
use utoipa::ToSchema;

use super::view::EndpointShown;
use super::{TEXT_CHARS_MAX, dialect, events, id};
use crate::body::{PathText, RawBody};
use crate::json_object::{FieldProblem, JsonObject};
use crate::v1::auth::KeyHolder;
use crate::v1::error::OwnError;

const FIELDS: [&str; 4] = ["name", "url", "dialect", "events"];

/// What is changed; what is left out stays, and `null` is refused.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EndpointChange, example = json!({"url": "https://shop.example/hooks/2", "events": ["refund.succeeded", "refund.failed"]}))]
#[expect(dead_code, reason = "it describes what `read` reads field by field")]
pub(crate) struct Asked {
    /// What people call it. At most 200 bytes of UTF-8.
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Where it is. At most 2048 bytes of UTF-8.
    #[schema(nullable = false, min_length = 1, max_length = 2048, example = "https://shop.example/hooks")]
    url: Option<String>,
    /// The shape it is told in: `standard`, `portone` or `sgate`. Another one forgets `key`.
    #[schema(nullable = false, example = "standard")]
    dialect: Option<String>,
    /// The kinds of events it wants.
    #[schema(nullable = false, example = json!(["refund.succeeded", "refund.failed"]))]
    events: Option<Vec<String>>,
}

/// Change an endpoint
///
/// What is owed to it already goes to the new address, in the shape in which it was owed.
#[utoipa::path(
    patch,
    path = "/v1/endpoints/{id}",
    operation_id = "changeEndpoint",
    tag = "Endpoints",
    params(("id" = String, Path, description = "The endpoint's id.", example = "ep_01k00000000000000000000000")),
    request_body = Asked,
    responses(
        (status = 200, description = "The endpoint as it is now.", body = EndpointShown),
        (status = 409, description = "It is revoked."),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    path: PathText,
    RawBody(body): RawBody,
) -> Result<Json<EndpointShown>, OwnError> {
    let (id, edit) = (id(path)?, read(&JsonObject::parse(&body)?)?);
    let endpoint = engine.change_endpoint(holder.merchant, holder.environment, id, edit).await?;
    Ok(Json(EndpointShown::of(endpoint)))
}

fn read(object: &JsonObject<'_>) -> Result<EndpointEdit, FieldProblem> {
    object.only(&FIELDS)?;
    // What is to be changed is said: `null` would be passed over as if it had been left out.
    object.no_nulls(&FIELDS)?;
    Ok(EndpointEdit {
        name: object.text("name", TEXT_CHARS_MAX)?,
        url: object.text("url", TEXT_CHARS_MAX)?,
        dialect: dialect(object)?,
        event_mask: events(object)?,
        seen: None,
    })
}
