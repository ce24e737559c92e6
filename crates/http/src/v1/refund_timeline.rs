//! GET `/v1/refunds/{id}/timeline`: what happened to a refund, and every exchange about it.

use axum::Json;
use axum::extract::State;
use redress_engine::engine::Engine;
use redress_engine::lookup::{AttemptRow, Author, TimelineEvent};
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::KeyHolder;
use super::error::OwnError;
use super::refund_read::found;
use super::time::time;
use super::view::FailureView;
use crate::body::PathText;

/// What happened to a refund.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Timeline)]
pub(crate) struct TimelineView {
    /// Its events, the first first; of more than 1000 the newest.
    events: Vec<EventView>,
    /// The exchanges with the PSP, the first first; of more than 1000 the newest.
    attempts: Vec<AttemptView>,
}

/// An event of a refund.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineEvent)]
struct EventView {
    /// Its number among the refund's events, from 1.
    number: u32,
    /// What happened, as in notifications.
    #[schema(example = "refund.succeeded")]
    r#type: &'static str,
    /// When; RFC 3339.
    #[schema(format = DateTime)]
    at: String,
    /// Why it ended without effect.
    failure: Option<FailureView>,
    /// What the PSP said about the wait.
    note: Option<String>,
    /// From when on a new refund is worth trying.
    #[schema(format = DateTime)]
    retry_at: Option<String>,
    /// The person, or the key, that did it: of `refund.created`, the key that asked for the refund. Nobody where the PSP's
    /// word did.
    author: Option<String>,
    /// The reason given.
    reason: Option<String>,
}

/// An exchange with the PSP.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
struct AttemptView {
    /// `submit`, `query` or `notification`.
    via: String,
    /// What was understood.
    outcome: String,
    /// What was said; secrets are hidden, and what is long is cut.
    evidence: String,
    /// When it began; RFC 3339.
    #[schema(format = DateTime)]
    started_at: String,
    /// When its outcome was recorded; RFC 3339.
    #[schema(format = DateTime)]
    finished_at: String,
}

/// Read what happened to a refund
///
/// Its events, and every exchange with the PSP with what was said.
#[utoipa::path(
    get,
    path = "/v1/refunds/{id}/timeline",
    operation_id = "getRefundTimeline",
    tag = "Refunds",
    params(("id" = String, Path, description = "The refund's id.",
            example = "rf_01k00000000000000000000000")),
    responses(
        (status = 200, description = "What happened until now.", body = TimelineView),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    PathText(id): PathText,
) -> Result<Json<TimelineView>, OwnError> {
    let (refund, _) = found(&engine, &holder, id).await?;
    let (events, attempts) = engine.timeline(&refund).await?;
    Ok(Json(TimelineView {
        events: events.into_iter().map(EventView::of).collect(),
        attempts: attempts.into_iter().map(AttemptView::of).collect(),
    }))
}

impl EventView {
    fn of(event: TimelineEvent) -> Self {
        let reason = event.author.as_ref().and_then(Author::given_reason).map(str::to_owned);
        Self {
            number: event.number,
            r#type: event.kind.as_str(),
            at: time(event.at),
            failure: event.failure.map(|(code, text)| FailureView { code, text }),
            note: event.note,
            retry_at: event.again_at.map(time),
            author: event.author.map(|author| author.name),
            reason,
        }
    }
}

impl AttemptView {
    fn of(attempt: AttemptRow) -> Self {
        Self {
            via: attempt.via,
            outcome: attempt.outcome,
            evidence: attempt.record,
            started_at: time(attempt.started_at),
            finished_at: time(attempt.finished_at),
        }
    }
}

#[cfg(test)]
#[path = "refund_timeline_tests.rs"]
mod tests;
