//! GET `/v1/payment-imports/{id}`: how far an import is.

use axum::Json;
use axum::extract::State;
use redress_engine::engine::Engine;

use super::id;
use super::view::ImportView;
use crate::body::PathText;
use crate::v1::auth::KeyHolder;
use crate::v1::error::OwnError;

/// Read an import
#[utoipa::path(
    get,
    path = "/v1/payment-imports/{id}",
    operation_id = "getPaymentImport",
    tag = "Payments",
    params(("id" = String, Path, description = "The import's id.", example = "imp_01k00000000000000000000000")),
    responses(
        (status = 200, description = "The import as it is now.", body = ImportView),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    path: PathText,
) -> Result<Json<ImportView>, OwnError> {
    Ok(Json(ImportView::of(engine.import(holder.merchant, holder.environment, id(path)?).await?)))
}
