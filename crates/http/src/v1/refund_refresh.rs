//! POST `/v1/refunds/{id}/refresh`: has the PSP asked now.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use redress_engine::engine::Engine;

use super::auth::KeyHolder;
use super::error::OwnError;
use super::once::Once;
use super::prefer::{self, Wait};
use super::refund_read::found;
use super::view::RefundView;
use crate::body::{PathText, RawBody};
use crate::current;
use crate::json_object::JsonObject;

/// Ask the PSP now
///
/// An open refund is looked up at once instead of at its next turn; one that has ended stays as it is. Of one that a person
/// called failed, and of one with an open case, the PSP is asked too; what it says counts as if it had told it. With `Prefer:
/// wait=N` the answer waits up to N seconds for the end. It never makes a second refund: it only asks, or sends again what
/// the PSP takes as one by its key.
#[utoipa::path(
    post,
    path = "/v1/refunds/{id}/refresh",
    operation_id = "refreshRefund",
    tag = "Refunds",
    params(
        ("id" = String, Path, description = "The refund's id.",
            example = "rf_01k00000000000000000000000"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat with this key changes nothing."),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: wait up to N seconds for the refund's end.",
            example = "wait=10"),
    ),
    responses(
        (status = 200, description = "How it stands now.", body = RefundView),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    once: Once,
    PathText(id): PathText,
    Wait(wait): Wait,
    RawBody(body): RawBody,
) -> Result<Response, OwnError> {
    let (mut refund, refs) = found(&engine, &holder, id).await?;
    JsonObject::parse_optional(&body)?.only(&[])?;
    let (merchant, id) = (holder.merchant, refund.id);
    let first = move |engine: Engine| async move {
        engine.refresh_refund(merchant, id).await?;
        Ok((id.to_string(), ()))
    };
    // It asks nobody, and waits as the first did.
    let again = |_: Engine, _: String| async { Ok(()) };
    let asked = once.run(engine.clone(), holder, Bytes::new(), first, again).await?;
    // Behind what is done to its end: whoever hangs up waits no more, and leaves its place to another.
    if let Some(wait) = wait {
        refund = engine.wait_for_end(&refund, wait).await?;
        current::adds(prefer::PREFERENCE_APPLIED, prefer::applied(wait));
    }
    let mut answer = Json(RefundView::of(refund, refs)).into_response();
    // Whether it is a repeat.
    answer.headers_mut().extend(asked.headers().clone());
    Ok(answer)
}
