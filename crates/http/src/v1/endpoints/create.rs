//! POST `/v1/endpoints`: adds an endpoint and shows its signing secret: once, and to repeats of the request.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use redress_core::environment::Environment;
use redress_core::id::{EndpointId, KeyId, MerchantId};
use redress_engine::admin::endpoints::{Dialect, NewEndpoint};
use redress_engine::engine::Engine;
use redress_engine::once::{Did, Work};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::EndpointShown;
use super::{TEXT_CHARS_MAX, dialect, events};
use crate::body::RawBody;
use crate::json_object::{FieldProblem, JsonObject};
use crate::v1::auth::KeyHolder;
use crate::v1::error::OwnError;
use crate::v1::once::Once;
use crate::v1::payments::environment;

/// An endpoint to be added.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewEndpoint, example = json!({"url": "https://shop.example/hooks", "name": "shop", "events": ["refund.succeeded", "refund.failed"]}))]
#[expect(dead_code, reason = "it describes what `read` reads field by field")]
pub(crate) struct Asked {
    /// Where it is: https, or http, without a user name, and no literal address of a network that may not be reached. What a
    /// name resolves to is judged at each attempt. At most 2048 bytes of UTF-8.
    #[schema(min_length = 1, max_length = 2048, example = "https://shop.example/hooks")]
    url: String,
    /// What people call it; `endpoint` where it is left out. At most 200 bytes of UTF-8.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The shape it is told in: `standard` where it is left out, `portone` or `sgate`.
    #[schema(example = "standard")]
    dialect: Option<String>,
    /// The kinds of events it wants; the dialect's own where they are left out. `sgate` tells of `refund.succeeded` alone,
    /// whatever else stands here.
    #[schema(example = json!(["refund.succeeded", "refund.failed"]))]
    events: Option<Vec<String>>,
    /// The id of the `portone` or `sgate` key whose secret signs in the dialect's own way; the newest where it is left out.
    key: Option<String>,
    /// That of the API key where it is left out.
    #[schema(example = "sandbox")]
    environment: Option<String>,
}

/// An endpoint with its signing secret.
#[derive(Serialize, ToSchema)]
#[schema(as = EndpointWithSecret)]
pub(crate) struct Told {
    #[serde(flatten)]
    endpoint: EndpointShown,
    /// What signs notifications to it. It is shown now, and again in answers to repeats alone.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    secret: String,
}

/// An endpoint that was added before.
#[derive(Serialize, ToSchema)]
#[schema(as = EndpointAgain)]
pub(crate) struct ToldAgain {
    #[serde(flatten)]
    endpoint: EndpointShown,
    /// What signs notifications to it; `null` once it was rotated or the endpoint revoked.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    secret: Option<String>,
}

/// Add an endpoint
///
/// Its signing secret is in the answer, and is never shown again but in answers to repeats with the same `Idempotency-Key`.
#[utoipa::path(
    post,
    path = "/v1/endpoints",
    operation_id = "createEndpoint",
    tag = "Endpoints",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat with this key changes nothing, and is told the secret again."),
    ),
    request_body = Asked,
    responses(
        (status = 200, description = "It was made before with this key: as it is now.", body = ToldAgain),
        (status = 201, description = "It is there, and told of what happens from now on.", body = Told,
            headers(("Location" = String, description = "Where the endpoint is read."))),
        (status = 409, description = "There are as many as there may be."),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    once: Once,
    RawBody(body): RawBody,
) -> Result<Response, OwnError> {
    let new = read(&JsonObject::parse(&body)?, holder.merchant, holder.environment)?;
    let first = move |engine: Engine, work: Work| async move {
        let (endpoint, secret) = match engine.add_endpoint_once(new, &work).await? {
            Did::Now(added) => added,
            Did::Before(id) => return Ok(Did::Before(id.to_string())),
        };
        let (id, secret) = (endpoint.id.to_string(), secret.expose_secret().to_owned());
        let told = Told { endpoint: EndpointShown::of(endpoint), secret };
        let location = [(header::LOCATION, format!("/v1/endpoints/{id}"))];
        Ok(Did::Now((id, (StatusCode::CREATED, location, Json(told)).into_response())))
    };
    // Where the answer was lost the receiver needs the secret.
    let again = move |engine: Engine, name: String| async move {
        let id = EndpointId::parse(&name).map_err(|_| OwnError::not_found("endpoint"))?;
        let endpoint = engine.endpoint(holder.merchant, holder.environment, id).await?;
        let secret = engine.secret_again(&endpoint, |old_until| old_until.is_none())?;
        let secret = secret.map(|secret| secret.expose_secret().to_owned());
        Ok(Json(ToldAgain { endpoint: EndpointShown::of(endpoint), secret }).into_response())
    };
    once.run_known_again(engine, holder, body, first, again).await
}

fn read(
    object: &JsonObject<'_>,
    merchant: MerchantId,
    of_key: Environment,
) -> Result<NewEndpoint, FieldProblem> {
    object.only(&["url", "name", "dialect", "events", "key", "environment"])?;
    let text = |field| object.text(field, TEXT_CHARS_MAX);
    let credential = text("key")?
        .map(|key| {
            KeyId::parse(&key).map_err(|_| FieldProblem::of("key", "must be the id of a key, as key_…"))
        })
        .transpose()?;
    Ok(NewEndpoint {
        merchant,
        name: text("name")?.unwrap_or_else(|| "endpoint".to_owned()),
        url: object.required_text("url", TEXT_CHARS_MAX)?,
        dialect: dialect(object)?.unwrap_or(Dialect::Standard),
        environment: environment(text("environment")?.as_deref(), of_key)?,
        event_mask: events(object)?,
        credential,
    })
}
