//! GET `/v1/payment-imports/{id}/rows`: what came of each row.

use axum::Json;
use axum::extract::State;
use redress_engine::admin::payment_imports::RowOutcome;
use redress_engine::engine::Engine;

use super::id;
use super::view::RowView;
use crate::body::PathText;
use crate::v1::auth::Asking;
use crate::v1::error::OwnError;
use crate::v1::page::{CURSOR, LIMIT, Page, PageAsked, PageParams};

/// List an import's rows
///
/// In the order of their lines, each with what came of it.
#[utoipa::path(
    get,
    path = "/v1/payment-imports/{id}/rows",
    operation_id = "listPaymentImportRows",
    tag = "Payments",
    params(
        ("id" = String, Path, description = "The import's id.", example = "imp_01k00000000000000000000000"),
        ("outcome" = Option<String>, Query, description = "Only rows with this outcome: `created`, `updated`, `unchanged` or \
            `refused`."),
        PageParams,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<RowView>),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    asking: Asking,
    path: PathText,
) -> Result<Json<Page<RowView>>, OwnError> {
    let (holder, query) = asking.only(&[LIMIT, CURSOR, "outcome"])?;
    let import = engine.import(holder.merchant, holder.environment, id(path)?).await?.id;
    let PageAsked { limit, after } = PageAsked::read(&query, |text| text.parse().ok())?;
    let outcome = query.parsed("outcome", "created, updated, unchanged or refused", RowOutcome::parse)?;
    let after = after.unwrap_or(0);
    let found = engine.import_rows(holder.merchant, import, outcome, after, limit + 1).await?;
    Ok(Json(Page::of(found, limit, |row| row.line, RowView::of)))
}
