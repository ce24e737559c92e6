//! POST `/v1/payment-imports`: takes in many payments.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use redress_core::id::ImportId;
use redress_engine::engine::Engine;

use super::upload::Format;
use super::view::ImportView;
use crate::body::LargeBody;
use crate::payment_upload::receive;
use crate::v1::auth::{Asking, KeyHolder};
use crate::v1::error::OwnError;
use crate::v1::once::Once;

/// Import payments
///
/// Takes CSV, or JSON lines with one body of `POST /v1/payments` a line, and answers when all of it is on disk; then the rows
/// are taken in one by one, each as `POST /v1/payments` would. Read the import for how far it is, and its rows for what came
/// of each. What is refused leaves the other rows alone; the same file again changes nothing. With `dry_run=true` every row
/// is judged by what is there now and by what the rows above it would have left, and no payment is changed.
#[utoipa::path(
    post,
    path = "/v1/payment-imports",
    operation_id = "importPayments",
    tag = "Payments",
    params(
        ("dry_run" = Option<bool>, Query, description = "`true`: judge the rows and change nothing."),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat with this key imports nothing again and is \
            answered with the import as it is now."),
    ),
    request_body(
        content(
            (String = "text/csv", example = "order_ref,psp_account,psp_payment_id,currency,amount,captured_at\norder-4,\
                acc_01k00000000000000000000000,4014083434,VND,1000000,2026-11-18T15:06:40Z\n"),
            (String = "application/x-ndjson", example = "{\"order_ref\":\"order-5\",\"psp_account\":\
                \"acc_01k00000000000000000000000\",\"psp_payment_id\":\"4014083435\",\"currency\":\"VND\",\"amount\":1000000,\
                \"captured_at\":\"2026-11-18T15:06:40Z\"}\n"),
        ),
        description = "At most 16 MiB and 100,000 rows.",
    ),
    responses(
        (status = 202, description = "All of it is here; it is being taken in.", body = ImportView,
            headers(("Location" = String, description = "Where the import is read."))),
        (status = 400, description = "It cannot be read: a CSV's header, say."),
        (status = 413, description = "It is too long."),
        (status = 415, description = "It is neither CSV nor JSON lines."),
        (status = 422, description = "It has no rows, or too many."),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    asking: Asking,
    once: Once,
    headers: HeaderMap,
    LargeBody(body, place): LargeBody,
) -> Result<Response, OwnError> {
    let (holder, query) = asking.only(&["dry_run"])?;
    let dry_run = query.parsed("dry_run", "true or false", |text| text.parse().ok())?.unwrap_or(false);
    let format = Format::of(&headers)?;
    let uploaded = body.clone();
    let first = move |engine: Engine| async move {
        // Also where the caller hangs up: its rows are in memory until they are written.
        let _place = place;
        let accounts = engine.list_accounts(Some(holder.merchant)).await?;
        let accounts = accounts.into_iter().map(|account| (account.id, account.environment)).collect();
        let rows = format.read(&uploaded, holder.environment, &accounts)?;
        let (of, author) = ((holder.merchant, holder.environment), holder.key.to_string());
        let import = receive(&engine, of, &author, dry_run, rows).await?;
        Ok((import.to_string(), shown(&engine, &holder, import).await))
    };
    let again = move |engine: Engine, name: String| async move {
        let import = ImportId::parse(&name).map_err(|_| OwnError::not_found("import"))?;
        shown(&engine, &holder, import).await
    };
    once.read_as(format.as_str()).run(engine, holder, body, first, again).await
}

async fn shown(engine: &Engine, holder: &KeyHolder, import: ImportId) -> Result<Response, OwnError> {
    let found = engine.import(holder.merchant, holder.environment, import).await?;
    let location = [(header::LOCATION, format!("/v1/payment-imports/{import}"))];
    Ok((StatusCode::ACCEPTED, location, Json(ImportView::of(found))).into_response())
}
