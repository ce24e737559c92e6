//! GET `/v1/deliveries`: the newest refunds first, of a refund the latest event first.

use axum::Json;
use axum::extract::State;
use redress_core::id::{EndpointId, RefundId};
use redress_engine::engine::Engine;
use redress_engine::notify::history::{DeliveryId, DeliveryState, PageDeliveries, REFUNDS_LOOKED_AT_MAX};

use super::view::DeliveryShown;
use crate::v1::auth::Asking;
use crate::v1::error::OwnError;
use crate::v1::page::{CURSOR, LIMIT, Page, PageAsked, PageParams};

const ENDPOINT: &str = "endpoint";
const REFUND: &str = "refund";
const STATE: &str = "state";

/// List deliveries
///
/// The newest refunds first, of a refund the latest event first. A page goes through a bounded number of deliveries:
/// where a filter lets few of them through it may be shorter than `limit`, even empty, while `has_more` is true.
#[utoipa::path(
    get,
    path = "/v1/deliveries",
    operation_id = "listDeliveries",
    tag = "Deliveries",
    params(
        ("endpoint" = Option<String>, Query, description = "Only those to this endpoint."),
        ("refund" = Option<String>, Query, description = "Only those of this refund."),
        ("state" = Option<String>, Query, description = "Only those that are `due`, `delivered` or `given_up`."),
        PageParams,
    ),
    responses(
        (status = 200, description = "A page of them.", body = Page<DeliveryShown>),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    asking: Asking,
) -> Result<Json<Page<DeliveryShown>>, OwnError> {
    let (holder, query) = asking.only(&[ENDPOINT, REFUND, STATE, LIMIT, CURSOR])?;
    let asked = PageAsked::read(&query, |text| DeliveryId::parse(text).ok())?;
    let page = engine.deliveries_page(PageDeliveries {
        merchant: holder.merchant,
        environment: holder.environment,
        endpoint: query
            .parsed(ENDPOINT, "the id of an endpoint, as ep_…", |text| EndpointId::parse(text).ok())?,
        refund: query.parsed(REFUND, "the id of a refund, as rf_…", |text| RefundId::parse(text).ok())?,
        state: query.parsed(STATE, "due, delivered or given_up", DeliveryState::parse)?,
        after: asked.after,
        limit: asked.limit,
        refunds_max: REFUNDS_LOOKED_AT_MAX,
    });
    let page = page.await?;
    Ok(Json(Page {
        data: page.deliveries.iter().map(DeliveryShown::of).collect(),
        has_more: page.next.is_some(),
        next_cursor: page.next.map(|next| next.to_string()),
    }))
}
