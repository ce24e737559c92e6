//! `refund.detail`, GET `/refunds/{REFUND_ID}`: a refund as it is now.
//!
//! Facts: <https://docs.sgate.sa/en/payinApi/refund/refundQuery.html>.

use axum::Json;
use axum::extract::State;
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_engine::engine::Engine;
use redress_engine::lookup::RefundBy;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::auth::{Method, SignedBy};
use super::error::SgateError;
use super::ids::{PAYMENT_TRANSACTION, parse_refund_id, refund_id, transaction_id};
use super::problems::Problems;
use super::shape;
use crate::body::PathText;
use crate::problem::Problem;

/// The operation's name.
pub(crate) struct RefundDetail;

impl Method for RefundDetail {
    const NAME: &'static str = "refund.detail";
}

/// A refund in full, in the order of the documented sample. `finishedAt` is null until it ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Refund)]
pub(crate) struct Detail {
    #[schema(schema_with = shape::sum)]
    amount: Box<RawValue>,
    id: String,
    merchant_id: String,
    order_id: String,
    #[schema(required = true)]
    merchant_refund_id: Option<String>,
    refund_transaction_id: String,
    origin_transaction_id: String,
    #[schema(required = true)]
    payment_method: Option<String>,
    #[schema(schema_with = shape::status_words)]
    status: &'static str,
    #[schema(value_type = String, pattern = "^[A-Z]{3}$")]
    currency: &'static str,
    reason: String,
    #[schema(required = true, format = DateTime)]
    finished_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Read a refund
///
/// As it is now.
#[utoipa::path(
    get,
    path = "/api_v1/refunds/{id}",
    operation_id = "refund.detail",
    tag = "Refunds",
    params(("id" = String, Path, description = "The refund's id.",
        example = "M948164T2023072607034709567189_R1")),
    responses(
        (status = 200, description = "The refund.", body = Detail),
        Problems,
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    signed: SignedBy<RefundDetail>,
    PathText(id): PathText,
) -> Result<Json<Detail>, SgateError> {
    let (order, ordinal) = id.as_deref().and_then(parse_refund_id).ok_or(SgateError::NotFound)?;
    let by = RefundBy::Ordinal(order.to_owned(), ordinal);
    let found = engine.refund(signed.merchant(), Some(signed.environment), by).await?;
    let (refund, payment) = found.ok_or(SgateError::NotFound)?;
    Ok(Json(detail(refund, payment, &signed.caller.merchant_code)?))
}

fn detail(refund: Refund, payment: Payment, merchant_code: &str) -> Result<Detail, Problem> {
    Ok(Detail {
        amount: shape::number(refund.amount)?,
        id: refund_id(&payment.order_ref, refund.ordinal),
        merchant_id: merchant_code.to_owned(),
        merchant_refund_id: refund.merchant_refund_id,
        refund_transaction_id: transaction_id(&payment.order_ref, refund.transaction_number),
        origin_transaction_id: transaction_id(&payment.order_ref, PAYMENT_TRANSACTION),
        order_id: payment.order_ref,
        payment_method: payment.payment_method,
        status: shape::status(refund.state.name()),
        currency: refund.amount.currency().code(),
        reason: refund.reason,
        finished_at: refund.finished_at.map(shape::time),
        created_at: shape::time(refund.created_at),
        updated_at: shape::time(refund.updated_at),
    })
}

#[cfg(test)]
#[path = "refund_detail_tests.rs"]
mod tests;
