//! GET `/v1/cases`: what waits for a person, and what did.

use axum::Json;
use axum::extract::State;
use redress_core::case::CaseKind;
use redress_core::id::CaseId;
use redress_engine::admin::cases::CaseFilter;
use redress_engine::engine::Engine;

use super::view::CaseView;
use crate::v1::auth::Asking;
use crate::v1::error::OwnError;
use crate::v1::page::{CURSOR, LIMIT, Page, PageAsked, PageParams};

/// List the cases
///
/// What a person must look at, the newest first. A page may be shorter than `limit`, even empty, while `has_more` is true:
/// read on.
#[utoipa::path(
    get,
    path = "/v1/cases",
    operation_id = "listCases",
    tag = "Cases",
    params(
        ("status" = Option<String>, Query, description = "`open` or `closed`; both where it is left out.", example = "open"),
        ("kind" = Option<String>, Query, description = "Only cases of this kind."),
        PageParams,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<CaseView>),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    asking: Asking,
) -> Result<Json<Page<CaseView>>, OwnError> {
    let (holder, query) = asking.only(&[LIMIT, CURSOR, "status", "kind"])?;
    let PageAsked { limit, after } = PageAsked::read(&query, |text| CaseId::parse(text).ok())?;
    let open = query.parsed("status", "open or closed", |text| match text {
        "open" => Some(true),
        "closed" => Some(false),
        _ => None,
    })?;
    let kind = query.word("kind", CaseKind::ALL.map(CaseKind::as_str), CaseKind::parse)?;
    let filter = CaseFilter { open, kind };
    let page = engine.list_cases(holder.merchant, holder.environment, filter, after, limit).await?;
    Ok(Json(Page {
        data: page.cases.into_iter().map(CaseView::of).collect(),
        has_more: page.next.is_some(),
        next_cursor: page.next.map(|id| id.to_string()),
    }))
}
