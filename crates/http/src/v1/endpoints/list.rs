//! GET `/v1/endpoints`: the endpoints of the key's merchant and environment, revoked ones too, oldest first.

use axum::Json;
use axum::extract::State;
use redress_core::id::EndpointId;
use redress_engine::engine::Engine;

use super::view::EndpointShown;
use crate::v1::auth::KeyHolder;
use crate::v1::error::{Body, OwnError};
use crate::v1::page::{CURSOR, LIMIT, Page, PageAsked};
use crate::v1::query::QueryFields;

/// List endpoints
///
/// Those of the key's merchant and environment, revoked ones too, oldest first; no secrets.
#[utoipa::path(
    get,
    path = "/v1/endpoints",
    operation_id = "listEndpoints",
    tag = "Endpoints",
    params(
        ("limit" = Option<u32>, Query, description = "The most on a page, from 1 to 500.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of them.", body = Page<EndpointShown>),
        (status = "default", description = "Any other problem.", body = Body<'static>,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    query: QueryFields,
) -> Result<Json<Page<EndpointShown>>, OwnError> {
    query.only(&[LIMIT, CURSOR])?;
    let asked = PageAsked::read(&query, |text| EndpointId::parse(text).ok())?;
    let (merchant, environment) = (holder.merchant, holder.environment);
    let rows = engine.endpoints_page(merchant, environment, asked.after, asked.limit + 1).await?;
    Ok(Json(Page::of(rows, asked.limit, |row| row.id, EndpointShown::of)))
}
