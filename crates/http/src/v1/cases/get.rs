//! GET `/v1/cases/{id}`: one case, open or closed.

use axum::Json;
use axum::extract::State;
use redress_engine::engine::Engine;

use super::id;
use super::view::CaseView;
use crate::body::PathText;
use crate::v1::auth::KeyHolder;
use crate::v1::error::OwnError;

/// Read a case
///
/// With what the PSP told that it is about.
#[utoipa::path(
    get,
    path = "/v1/cases/{id}",
    operation_id = "getCase",
    tag = "Cases",
    params(("id" = String, Path, description = "The case's id.", example = "case_01k00000000000000000000000")),
    responses(
        (status = 200, description = "The case as it is now.", body = CaseView),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    path: PathText,
) -> Result<Json<CaseView>, OwnError> {
    let case = engine.case(holder.merchant, holder.environment, id(path)?).await?;
    let evidence = engine.evidence_of_case(&case).await?;
    Ok(Json(CaseView::of(case).with_evidence(evidence)))
}
