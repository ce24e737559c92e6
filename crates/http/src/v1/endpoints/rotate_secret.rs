//! POST `/v1/endpoints/{id}/rotate-secret`: gives an endpoint a new signing secret and shows it: once, and to repeats of the request.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use redress_engine::engine::Engine;
use redress_engine::once::{Did, Work};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use super::id;
use crate::body::{PathText, RawBody};
use crate::json_object::{FieldProblem, JsonObject};
use crate::v1::auth::KeyHolder;
use crate::v1::error::OwnError;
use crate::v1::once::Once;
use crate::v1::time::time;

/// How the secret before ends.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RotateSecret, example = json!({"overlap_seconds": 3600}))]
#[expect(dead_code, reason = "it describes what `overlap` reads")]
pub(crate) struct Asked {
    /// For so many seconds the secret before signs too: 0 where it has leaked, seven days at most. Left out: as the server is
    /// set up, a day by itself. `null` is refused.
    #[schema(nullable = false, minimum = 0, maximum = 604800)]
    overlap_seconds: Option<i64>,
}

/// A new signing secret.
#[derive(Serialize, ToSchema)]
#[schema(as = NewSecret)]
pub(crate) struct Told {
    /// The endpoint's id.
    id: String,
    /// What signs from now on. It is shown now, and again in answers to repeats; `null` there once it is rotated again.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    secret: Option<String>,
    /// Until when the secret before signs too.
    #[schema(format = DateTime)]
    old_secret_until: String,
}

/// Rotate an endpoint's secret
///
/// Both secrets sign until `old_secret_until`: change the receiver within that time. One still older does no more. The
/// new secret is shown to repeats alone. A secret that has leaked is ended at once with `{"overlap_seconds": 0}`.
#[utoipa::path(
    post,
    path = "/v1/endpoints/{id}/rotate-secret",
    operation_id = "rotateEndpointSecret",
    tag = "Endpoints",
    params(
        ("id" = String, Path, description = "The endpoint's id.", example = "ep_01k00000000000000000000000"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat with this key rotates nothing, and is told the same secret until it is rotated again."),
    ),
    request_body(content = Option<Asked>, description = "May be left out."),
    responses(
        (status = 200, description = "The new secret.", body = Told),
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
    let id = engine.endpoint(holder.merchant, holder.environment, id(path)?).await?.id;
    let overlap = overlap(&JsonObject::parse_optional(&body)?)?;
    let answer = move |secret, old_secret_until| Json(Told { id: id.to_string(), secret, old_secret_until });
    let first = move |engine: Engine, work: Work| async move {
        let rotated = engine.rotate_endpoint_secret_once(holder.merchant, id, overlap, &work).await?;
        let (secret, until) = match rotated {
            Did::Now((secret, until)) => (secret.expose_secret().to_owned(), time(until)),
            Did::Before(until) => return Ok(Did::Before(time(until))),
        };
        Ok(Did::Now((until.clone(), answer(Some(secret), until))))
    };
    // Where the answer was lost the receiver needs it.
    let again = move |engine: Engine, until: String| async move {
        let endpoint = engine.endpoint(holder.merchant, holder.environment, id).await?;
        let secret = engine.secret_again(&endpoint, |end| end.is_some_and(|end| time(end) == until))?;
        Ok(answer(secret.map(|secret| secret.expose_secret().to_owned()), until))
    };
    once.run_known_again(engine, holder, body, first, again).await
}

fn overlap(object: &JsonObject<'_>) -> Result<Option<Duration>, FieldProblem> {
    object.only(&["overlap_seconds"])?;
    // A secret that has leaked must not go on for a day because of a variable that nobody set.
    object.no_nulls(&["overlap_seconds"])?;
    let seconds = object.integer("overlap_seconds")?;
    // Less than nothing is refused as too much is.
    Ok(seconds.map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX))))
}
