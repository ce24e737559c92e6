//! POST `/v1/endpoints/{id}/test`: sends something signed to an endpoint now and shows what came back.

use axum::extract::State;
use axum::response::Response;
use redress_engine::engine::Engine;
use serde::Serialize;
use utoipa::ToSchema;

use super::id;
use crate::body::{PathText, RawBody};
use crate::json_object::JsonObject;
use crate::v1::auth::KeyHolder;
use crate::v1::error::OwnError;
use crate::v1::once::{Once, told, told_again};

/// What came of a test.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EndpointTest)]
pub(crate) struct Told {
    /// What was sent as `webhook-id`.
    event_id: String,
    /// Whether the endpoint took it, as it must take a notification of its dialect.
    taken: bool,
    /// The HTTP status that came back; `null` when none came.
    status: Option<u16>,
    /// The beginning of what came back, or what went wrong.
    answer: String,
    /// How long it took, in milliseconds.
    duration_ms: u64,
}

/// Test an endpoint
///
/// Sends something now, signed as every notification, and tells what came back. It is about no refund: in the dialect
/// `standard` its type is `endpoint.test`, in the others it speaks of the order `REDRESS-TEST`. It is not tried again and
/// is no delivery. Redirects are not followed.
#[utoipa::path(
    post,
    path = "/v1/endpoints/{id}/test",
    operation_id = "testEndpoint",
    tag = "Endpoints",
    params(
        ("id" = String, Path, description = "The endpoint's id.", example = "ep_01k00000000000000000000000"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat with this key sends nothing and is answered as the first request was."),
    ),
    responses(
        (status = 200, description = "What came back, also where it was not taken.", body = Told),
        (status = 409, description = "It is revoked."),
        (status = 503, description = "As much is under way to the endpoint as may be: come back in a moment."),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    once: Once,
    path: PathText,
    RawBody(body): RawBody,
) -> Result<Response, OwnError> {
    let id = engine.endpoint(holder.merchant, holder.environment, id(path)?).await?.id;
    JsonObject::parse_optional(&body)?.only(&[])?;
    let first = move |engine: Engine| async move {
        let test = engine.test_endpoint(holder.merchant, id).await?;
        told(&Told {
            event_id: test.event_id,
            taken: test.taken,
            status: test.status,
            answer: test.answer,
            duration_ms: u64::try_from(test.took.as_millis()).unwrap_or(u64::MAX),
        })
    };
    once.run(engine, holder, body, first, |_, text| async { Ok(told_again(text)) }).await
}
