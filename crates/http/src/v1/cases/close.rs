//! POST `/v1/cases/{id}/close`: a person has looked, and nothing more has to be done.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use redress_core::right::Right;
use redress_engine::admin::cases::Blocked;
use redress_engine::engine::Engine;
use utoipa::ToSchema;

use super::id;
use super::view::CaseView;
use crate::body::{PathText, RawBody};
use crate::json_object::{FieldProblem, JsonObject};
use crate::limits::{REASON_CHARS_MAX, REFERENCE_CHARS_MAX};
use crate::v1::auth::KeyHolder;
use crate::v1::error::OwnError;
use crate::v1::once::Once;
use crate::v1::refund_close::author;

/// What is said of a case.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CloseCase,
    example = json!({"reason": "the provider's desk explains it", "author": "Mai", "blocked": "released"}))]
#[expect(dead_code, reason = "it describes what is read field by field")]
pub(crate) struct Asked {
    /// What was found.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
    /// Who the person is.
    #[schema(min_length = 1, max_length = 40)]
    author: Option<String>,
    /// What becomes of the sum that the case blocked: `released`, the money is still there and can be refunded; `refunded`,
    /// it has left and counts as given back. Needed where it blocks something; where it does not, `refunded` is refused.
    blocked: Option<String>,
}

/// Close a case
///
/// Takes a key with the right `close_cases`. It says that nothing more has to be done; it ends no refund and tells nobody.
/// A refund whose end nobody knows is closed by `POST /v1/refunds/{id}/close`, and its cases with it.
#[utoipa::path(
    post,
    path = "/v1/cases/{id}/close",
    operation_id = "closeCase",
    tag = "Cases",
    params(
        ("id" = String, Path, description = "The case's id.", example = "case_01k00000000000000000000000"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat with this key changes nothing."),
    ),
    request_body = Asked,
    responses(
        (status = 200, description = "It is closed.", body = CaseView),
        (status = 403, description = "The key lacks the right `close_cases`."),
        (status = 409, description = "Somebody closed it before."),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    once: Once,
    path: PathText,
    RawBody(body): RawBody,
) -> Result<Response, OwnError> {
    let (merchant, environment) = (holder.merchant, holder.environment);
    let case = engine.case(merchant, environment, id(path)?).await?;
    holder.needs(Right::CloseCases)?;
    let object = JsonObject::parse(&body)?;
    object.only(&["reason", "author", "blocked"])?;
    let reason = object.required_text("reason", REASON_CHARS_MAX)?;
    let author = author(&object, &holder)?;
    let blocked = match object.text("blocked", REFERENCE_CHARS_MAX)?.as_deref() {
        Some("released") => Blocked::Released,
        // Nothing would be booked, and whoever says that money has left would be answered that all is done.
        Some("refunded") if case.blocked == 0 => {
            let text = "must not be refunded: the case blocks nothing that could count as given back, so leave it open";
            return Err(FieldProblem::of("blocked", text).into());
        }
        Some("refunded") => Blocked::Refunded,
        None if case.blocked == 0 => Blocked::Nothing,
        _ => return Err(FieldProblem::of("blocked", "must be released or refunded").into()),
    };
    let id = case.id;
    let shown = move |engine: Engine| async move {
        Ok::<_, OwnError>(Json(CaseView::of(engine.case(merchant, environment, id).await?)))
    };
    let first = move |engine: Engine| async move {
        engine.close_case(merchant, id, &author, &reason, blocked).await?;
        Ok((id.to_string(), shown(engine).await))
    };
    once.run(engine, holder, body, first, move |engine, _| shown(engine)).await
}
