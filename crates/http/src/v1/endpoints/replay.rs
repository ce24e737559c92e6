//! POST `/v1/endpoints/{id}/replay`: tells an endpoint everything since a time, again.

use axum::extract::State;
use axum::response::Response;
use redress_core::time::Timestamp;
use redress_engine::engine::Engine;
use redress_engine::rfc3339;
use serde::Serialize;
use utoipa::ToSchema;

use super::{TEXT_CHARS_MAX, id};
use crate::body::{PathText, RawBody};
use crate::json_object::{FieldProblem, JsonObject};
use crate::v1::auth::KeyHolder;
use crate::v1::error::OwnError;
use crate::v1::once::{Once, told, told_again};
use crate::v1::time::TIME_WANTED;

/// Since when an endpoint is told everything again.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReplay, example = json!({"since": "2026-11-18T00:00:00Z"}))]
#[expect(dead_code, reason = "it describes what `read` reads field by field")]
pub(crate) struct Asked {
    /// RFC 3339.
    #[schema(format = DateTime)]
    since: String,
    /// The `next_cursor` of the replay before, to go on with it.
    cursor: Option<String>,
}

/// How far a replay came.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replay)]
pub(crate) struct Told {
    /// So many deliveries were made due.
    due: u32,
    /// Whether there are more events since then: ask again with the cursor.
    has_more: bool,
    /// Where to go on: to be sent as `cursor`, with the same `since`.
    next_cursor: Option<String>,
}

/// Replay to an endpoint
///
/// Every event of the endpoint's environment and filter since a time is due to it again, from the newest back, also what
/// it was never told since it was added later. Each keeps its `webhook-id`. One request goes through 2,000 events at
/// most: while `has_more` is true, ask again with `next_cursor`. Breaking off and beginning anew only tells things twice.
#[utoipa::path(
    post,
    path = "/v1/endpoints/{id}/replay",
    operation_id = "replayToEndpoint",
    tag = "Endpoints",
    params(
        ("id" = String, Path, description = "The endpoint's id.", example = "ep_01k00000000000000000000000"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat with this key makes nothing due and is answered as the first request was."),
    ),
    request_body = Asked,
    responses(
        (status = 200, description = "They are due.", body = Told),
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
    let (id, (since, before)) = (id(path)?, read(&JsonObject::parse(&body)?)?);
    let (merchant, environment) = (holder.merchant, holder.environment);
    let first = move |engine: Engine| async move {
        let replayed = engine.replay_endpoint(merchant, environment, id, since, before).await?;
        let next_cursor = replayed.next.map(|next| next.to_string());
        told(&Told { due: replayed.due, has_more: next_cursor.is_some(), next_cursor })
    };
    once.run(engine, holder, body, first, |_, text| async { Ok(told_again(text)) }).await
}

fn read(object: &JsonObject<'_>) -> Result<(Timestamp, Option<i64>), FieldProblem> {
    object.only(&["since", "cursor"])?;
    let since = object.required_text("since", TEXT_CHARS_MAX)?;
    let since = rfc3339::read(&since)
        .ok_or_else(|| FieldProblem::of("since", format_args!("must be {TIME_WANTED}")))?;
    let cursor = object.text("cursor", TEXT_CHARS_MAX)?;
    let before = cursor.map(|cursor| cursor.parse().ok().filter(|place| *place > 0_i64));
    if before == Some(None) {
        return Err(FieldProblem::of("cursor", "must be the next_cursor of a replay, as it was"));
    }
    Ok((since, before.flatten()))
}
