//! POST `/v1/refunds/{id}/close`: a person says how a refund ended of which nobody else knows.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use redress_core::right::Right;
use redress_engine::admin::refunds::Verdict;
use redress_engine::engine::Engine;
use utoipa::ToSchema;

use super::auth::KeyHolder;
use super::error::OwnError;
use super::once::Once;
use super::refund_read::{found, shown};
use super::view::RefundView;
use crate::body::{PathText, RawBody};
use crate::json_object::{FieldProblem, JsonObject};
use crate::limits::{REASON_CHARS_MAX, REFERENCE_CHARS_MAX};

/// The longest name of a person, in characters; the key's id stands behind it.
const AUTHOR_CHARS_MAX: usize = 40;

/// How it ended.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CloseRefund,
    example = json!({"outcome": "failed", "reason": "the provider's desk says it never arrived", "author": "Mai"}))]
#[expect(dead_code, reason = "it describes what is read field by field")]
pub(crate) struct Asked {
    /// `succeeded`: the sum counts as given back, for ever. `failed`: it is refundable again.
    outcome: String,
    /// How the person knows.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
    /// Who the person is.
    #[schema(min_length = 1, max_length = 40)]
    author: Option<String>,
}

/// Close a refund that nobody knows the end of
///
/// Takes a key with the right `close_cases`, and only a refund that is `unknown` or `pending`; its open cases close with
/// it. Say `failed` only when the PSP did not do it and never will: the sum can then be refunded again.
#[utoipa::path(
    post,
    path = "/v1/refunds/{id}/close",
    operation_id = "closeRefund",
    tag = "Refunds",
    params(
        ("id" = String, Path, description = "The refund's id.",
            example = "rf_01k00000000000000000000000"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat with this key changes nothing."),
    ),
    request_body = Asked,
    responses(
        (status = 200, description = "It is closed.", body = RefundView),
        (status = 403, description = "The key lacks the right `close_cases`."),
        (status = 409, description = "Its end is known, or it is being sent."),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    once: Once,
    PathText(id): PathText,
    RawBody(body): RawBody,
) -> Result<Response, OwnError> {
    let (refund, refs) = found(&engine, &holder, id).await?;
    holder.needs(Right::CloseCases)?;
    let object = JsonObject::parse(&body)?;
    object.only(&["outcome", "reason", "author"])?;
    let verdict = match object.required_text("outcome", REFERENCE_CHARS_MAX)?.as_str() {
        "succeeded" => Verdict::Succeeded,
        "failed" => Verdict::Failed,
        _ => return Err(FieldProblem::of("outcome", "must be succeeded or failed").into()),
    };
    let reason = object.required_text("reason", REASON_CHARS_MAX)?;
    let author = author(&object, &holder)?;
    let first = move |engine: Engine| async move {
        let refund = engine.close_refund(holder.merchant, refund.id, verdict, &author, &reason).await?;
        Ok((refund.id.to_string(), Json(RefundView::of(refund, refs))))
    };
    let again = move |engine, id| async move { shown(&engine, &holder, id).await };
    once.run(engine, holder, body, first, again).await
}

/// Who decides: the person who is named, and the key; or the key alone.
pub(super) fn author(object: &JsonObject<'_>, holder: &KeyHolder) -> Result<String, FieldProblem> {
    Ok(match object.text("author", AUTHOR_CHARS_MAX)? {
        // Nobody's name beside a decision about money is worse than none.
        Some(person) if person.trim().is_empty() => {
            return Err(FieldProblem::of("author", "must not be empty: leave it out"));
        }
        Some(person) => format!("{person} by {}", holder.key),
        None => holder.key.to_string(),
    })
}

#[cfg(test)]
#[path = "refund_acts_tests.rs"]
mod tests;
