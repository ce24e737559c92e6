//! GET `/v1/payments`: payments by what is known of them, newest first.

use axum::Json;
use axum::extract::State;
use redress_core::id::PaymentId;
use redress_engine::engine::Engine;
use redress_engine::lookup::PaymentFilter;

use super::auth::Asking;
use super::error::OwnError;
use super::page::{CURSOR, LIMIT, Page, PageAsked, PageParams};
use super::payment_view::PaymentView;
use super::query::QueryFields;
use crate::json_object::FieldProblem;

/// The names of the filters.
const ORDER_REF: &str = "order_ref";
const MERCHANT_ORDER_REF: &str = "merchant_order_ref";
const PSP_PAYMENT_ID: &str = "psp_payment_id";
const CHANNEL: &str = "channel";
const PAYMENT_METHOD: &str = "payment_method";
const CREATED_FROM: &str = "created_from";
const CREATED_TO: &str = "created_to";

/// List payments
///
/// The payments of the key's environment that pass every filter, newest first. A page looks at 10,000 payments at most:
/// with `channel` or `payment_method` it may have fewer payments than `limit`, or none, although `has_more` is true. Read
/// on with `next_cursor`.
#[utoipa::path(
    get,
    path = "/v1/payments",
    operation_id = "listPayments",
    tag = "Payments",
    params(
        ("order_ref" = Option<String>, Query, description = "Only the payment with this reference."),
        ("merchant_order_ref" = Option<String>, Query, description = "Only payments with this reference of the \
            merchant's own."),
        ("psp_payment_id" = Option<String>, Query, description = "Only payments that their PSP knows by this id: one an \
            account at most."),
        ("channel" = Option<String>, Query, description = "Only payments of this channel."),
        ("payment_method" = Option<String>, Query, description = "Only payments with this method."),
        ("created_from" = Option<String>, Query, description = "Only payments registered at this time (RFC 3339) or \
            later."),
        ("created_to" = Option<String>, Query, description = "Only payments registered before this time (RFC 3339)."),
        PageParams,
    ),
    responses(
        (status = 200, description = "A page of payments.", body = Page<PaymentView>),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    asking: Asking,
) -> Result<Json<Page<PaymentView>>, OwnError> {
    let (holder, query) = asking.only(&[
        ORDER_REF,
        MERCHANT_ORDER_REF,
        PSP_PAYMENT_ID,
        CHANNEL,
        PAYMENT_METHOD,
        CREATED_FROM,
        CREATED_TO,
        LIMIT,
        CURSOR,
    ])?;
    let asked = PageAsked::read(&query, |text| PaymentId::parse(text).ok())?;
    let filter = filter(&query)?;
    let found =
        engine.payments(holder.merchant, holder.environment, filter, asked.after, asked.limit).await?;
    Ok(Json(Page {
        data: found.payments.into_iter().map(PaymentView::from).collect(),
        has_more: found.next.is_some(),
        next_cursor: found.next.map(|next| next.to_string()),
    }))
}

fn filter(query: &QueryFields) -> Result<PaymentFilter, FieldProblem> {
    let text = |name| query.text(name).map(|text| text.map(str::to_owned));
    Ok(PaymentFilter {
        order_ref: text(ORDER_REF)?,
        psp_payment_id: text(PSP_PAYMENT_ID)?,
        merchant_order_ref: text(MERCHANT_ORDER_REF)?,
        channel: text(CHANNEL)?,
        payment_method: text(PAYMENT_METHOD)?,
        created_from: query.time(CREATED_FROM)?,
        created_to: query.time(CREATED_TO)?,
    })
}

#[cfg(test)]
#[path = "list_payments_tests.rs"]
mod tests;
