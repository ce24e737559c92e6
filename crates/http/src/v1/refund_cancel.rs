//! POST `/v1/refunds/{id}/cancel`: withdraws a refund that was not sent.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use redress_engine::engine::Engine;
use utoipa::ToSchema;

use super::auth::KeyHolder;
use super::error::OwnError;
use super::once::Once;
use super::refund_read::{found, shown};
use super::view::RefundView;
use crate::body::{PathText, RawBody};
use crate::json_object::JsonObject;
use crate::limits::REASON_CHARS_MAX;

/// What the timeline says where nobody gave a reason.
const NO_REASON: &str = "withdrawn by the merchant";

/// Why it is withdrawn.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CancelRefund, example = json!({"reason": "the customer keeps it"}))]
#[expect(dead_code, reason = "it describes what is read field by field")]
pub(crate) struct Asked {
    /// For the timeline.
    #[schema(min_length = 1, max_length = 1000)]
    reason: Option<String>,
}

/// Cancel a refund
///
/// Withdraws a refund that was not sent, as long as it is `held` or `queued`: its sum is refundable again. What may have
/// been sent is never withdrawn (409). The same again changes nothing.
#[utoipa::path(
    post,
    path = "/v1/refunds/{id}/cancel",
    operation_id = "cancelRefund",
    tag = "Refunds",
    params(
        ("id" = String, Path, description = "The refund's id.",
            example = "rf_01k00000000000000000000001"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat with this key changes nothing."),
    ),
    request_body(content = Option<Asked>),
    responses(
        (status = 200, description = "It is canceled.", body = RefundView),
        (status = 409, description = "It may have been sent, or has ended."),
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
    let object = JsonObject::parse_optional(&body)?;
    object.only(&["reason"])?;
    let reason = object.text("reason", REASON_CHARS_MAX)?.unwrap_or_else(|| NO_REASON.to_owned());
    let first = move |engine: Engine| async move {
        let author = holder.key.to_string();
        let refund = engine.cancel_refund(holder.merchant, refund.id, &author, &reason).await?;
        Ok((refund.id.to_string(), Json(RefundView::of(refund, refs))))
    };
    let again = move |engine, id| async move { shown(&engine, &holder, id).await };
    once.run(engine, holder, body, first, again).await
}
