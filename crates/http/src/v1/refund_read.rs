//! GET `/v1/refunds/{id}`: a refund as it is now.

use axum::Json;
use axum::extract::State;
use redress_core::id::RefundId;
use redress_core::refund::Refund;
use redress_engine::engine::Engine;
use redress_engine::lookup::OrderRefs;

use super::answer::Answer;
use super::auth::KeyHolder;
use super::error::OwnError;
use super::prefer::{self, Wait};
use super::view::RefundView;
use crate::body::PathText;
use crate::current;

/// Read a refund
///
/// With `Prefer: wait=N` the answer waits up to N seconds (60 at most) for the refund's end.
#[utoipa::path(
    get,
    path = "/v1/refunds/{id}",
    operation_id = "getRefund",
    tag = "Refunds",
    params(
        ("id" = String, Path, description = "The refund's id.",
            example = "rf_01k00000000000000000000000"),
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
    PathText(id): PathText,
    Wait(wait): Wait,
) -> Result<Answer<RefundView>, OwnError> {
    let (mut refund, refs) = found(&engine, &holder, id).await?;
    if let Some(wait) = wait {
        refund = engine.wait_for_end(&refund, wait).await?;
        current::adds(prefer::PREFERENCE_APPLIED, prefer::applied(wait));
    }
    Ok(Answer(RefundView::of(refund, refs)))
}

/// The same without the refund, for the benchmarks.
pub(crate) async fn only_authenticated(_: KeyHolder, PathText(id): PathText) -> Result<(), OwnError> {
    id.map(|_| ()).ok_or_else(|| OwnError::not_found("refund"))
}

/// The refund with this id as it is now, for a repeat.
pub(super) async fn shown(
    engine: &Engine,
    holder: &KeyHolder,
    id: String,
) -> Result<Json<RefundView>, OwnError> {
    let (refund, refs) = found(engine, holder, Some(id)).await?;
    Ok(Json(RefundView::of(refund, refs)))
}

/// The refund with this id; one of another merchant, of the other environment, or with an id that is none is not there.
pub(super) async fn found(
    engine: &Engine,
    holder: &KeyHolder,
    id: Option<String>,
) -> Result<(Refund, OrderRefs), OwnError> {
    let none = || OwnError::not_found("refund");
    let id = id.and_then(|id| RefundId::parse(&id).ok()).ok_or_else(none)?;
    let found = engine.refund_shown(holder.merchant, holder.environment, id).await?;
    found.ok_or_else(none)
}
