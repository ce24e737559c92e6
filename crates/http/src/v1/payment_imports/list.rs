//! GET `/v1/payment-imports`: the imports, the newest first.

use axum::Json;
use axum::extract::State;
use redress_core::id::ImportId;
use redress_engine::engine::Engine;

use super::view::ImportView;
use crate::v1::auth::Asking;
use crate::v1::error::OwnError;
use crate::v1::page::{CURSOR, LIMIT, Page, PageAsked, PageParams};

/// List the imports
///
/// The newest first. Each is kept for at least 30 days after it was done.
#[utoipa::path(
    get,
    path = "/v1/payment-imports",
    operation_id = "listPaymentImports",
    tag = "Payments",
    params(
        PageParams,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<ImportView>),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    asking: Asking,
) -> Result<Json<Page<ImportView>>, OwnError> {
    let (holder, query) = asking.only(&[LIMIT, CURSOR])?;
    let PageAsked { limit, after } = PageAsked::read(&query, |text| ImportId::parse(text).ok())?;
    let found = engine.list_imports(holder.merchant, holder.environment, after, limit + 1).await?;
    Ok(Json(Page::of(found, limit, |import| import.id, ImportView::of)))
}
