//! GET `/v1/endpoints`: the endpoints of the key's merchant and environment, revoked ones too, oldest first.

use axum::Json;
use axum::extract::State;
use redress_core::id::EndpointId;
use redress_engine::engine::Engine;

use super::view::EndpointShown;
use crate::v1::auth::Asking;
use crate::v1::error::OwnError;
use crate::v1::page::{CURSOR, LIMIT, Page, PageAsked, PageParams};

/// List endpoints
///
/// Those of the key's merchant and environment, revoked ones too, oldest first; no secrets.
#[utoipa::path(
    get,
    path = "/v1/endpoints",
    operation_id = "listEndpoints",
    tag = "Endpoints",
    params(
        PageParams,
    ),
    responses(
        (status = 200, description = "A page of them.", body = Page<EndpointShown>),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    asking: Asking,
) -> Result<Json<Page<EndpointShown>>, OwnError> {
    let (holder, query) = asking.only(&[LIMIT, CURSOR])?;
    let asked = PageAsked::read(&query, |text| EndpointId::parse(text).ok())?;
    let (merchant, environment) = (holder.merchant, holder.environment);
    let rows = engine.endpoints_page(merchant, environment, asked.after, asked.limit + 1).await?;
    Ok(Json(Page::of(rows, asked.limit, |row| row.id, EndpointShown::of)))
}
