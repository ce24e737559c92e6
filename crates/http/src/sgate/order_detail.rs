//! `order.detail`, GET `/orders/{ORDER_ID}`: an order, and what was given back of it.
//!
//! Facts: <https://docs.sgate.sa/en/payinApi/payment/orderQuery.html>; the states of `refundStatus` are those of the
//! diagram in <https://docs.sgate.sa/en/payinApi/refund/refundCreate.html>. Redress knows paid orders only, and no order
//! leaves `paid` by a refund. Choices where the documentation is silent: `refundAmount` counts what arrived (with what
//! was given back before Redress knew the order), `refundTimes` the refunds that arrived or may still arrive;
//! `createdAt` is the earlier of the capture and of the time when Redress learned of it.

use axum::Json;
use axum::extract::State;
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::state::StateName;
use redress_engine::engine::Engine;
use redress_engine::lookup::Order;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::auth::{Method, SignedBy};
use super::error::SgateError;
use super::problems::Problems;
use super::shape::{self, Unknown};
use crate::body::PathText;
use crate::described;
use crate::problem::Problem;

/// The operation's name.
pub(crate) struct OrderDetail;

impl Method for OrderDetail {
    const NAME: &'static str = "order.detail";
}

/// An order in the order of the documented sample.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Order)]
pub(crate) struct Detail {
    #[schema(schema_with = shape::sum)]
    amount: Box<RawValue>,
    tip: Unknown,
    tax_amount: Unknown,
    #[schema(schema_with = given_back)]
    refund_amount: Box<RawValue>,
    id: String,
    client_id: Unknown,
    client_ip: Unknown,
    merchant_id: String,
    pay_link_id: Unknown,
    products: Unknown,
    customer: Unknown,
    logistics: Unknown,
    overseas_logistics: Unknown,
    delivery_status: Unknown,
    after_sale_status: Unknown,
    client_payer_info: Unknown,
    /// Only paid orders are known here, and none leaves this state by a refund.
    #[schema(value_type = String, pattern = "^paid$")]
    status: &'static str,
    ticket: Unknown,
    name: Unknown,
    #[schema(required = true)]
    merchant_order_id: Option<String>,
    #[serde(rename = "notificationURL")]
    #[schema(required = true)]
    notification_url: Option<String>,
    need_tax: Unknown,
    exchange_rate: Unknown,
    #[schema(value_type = String, pattern = "^[A-Z]{3}$")]
    currency: &'static str,
    #[schema(format = DateTime)]
    paid_at: String,
    closed_at: Unknown,
    expired_at: Unknown,
    message: Unknown,
    payer_info: Unknown,
    pay_link: Unknown,
    #[schema(schema_with = refund_status_words)]
    refund_status: &'static str,
    /// The refunds that arrived or may still arrive: a choice, SGate's documents are silent.
    refund_times: usize,
    invoice_id: Unknown,
    success_payment_card_brand: Unknown,
    #[schema(required = true)]
    success_payment_method: Option<String>,
    /// The earlier of the payment and of the time when it became known here: a choice.
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

fn given_back() -> Object {
    described::sum("What arrived, in major units: a choice, SGate's documents are silent.")
}

fn refund_status_words() -> Object {
    described::words(
        "Processing while any refund is; fail where the latest to end failed; else how much was given back.",
        ["none", "processing", "partial", "full", "fail"],
    )
}

/// Read an order
///
/// And what was given back of it.
#[utoipa::path(
    get,
    path = "/api_v1/orders/{id}",
    operation_id = "order.detail",
    tag = "Orders",
    params(("id" = String, Path, description = "The order's id.", example = "M948164T2023072607034709567189")),
    responses(
        (status = 200, description = "The order.", body = Detail),
        Problems,
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    signed: SignedBy<OrderDetail>,
    PathText(id): PathText,
) -> Result<Json<Detail>, SgateError> {
    let id = id.ok_or(SgateError::NotFound)?;
    let found = engine.order(signed.merchant(), Some(signed.environment), &id).await?;
    Ok(Json(detail(found.ok_or(SgateError::NotFound)?, &signed.caller.merchant_code)?))
}

fn detail(order: Order, merchant_code: &str) -> Result<Detail, Problem> {
    let Order { payment, refunds } = order;
    let changed = refunds.iter().map(|refund| refund.updated_at).fold(payment.updated_at, Ord::max);
    Ok(Detail {
        amount: shape::number(payment.captured())?,
        refund_amount: shape::number(payment.refunded())?,
        merchant_id: merchant_code.to_owned(),
        status: "paid",
        currency: payment.currency.code(),
        paid_at: shape::time(payment.captured_at),
        refund_status: refund_status(&payment, &refunds),
        refund_times: refunds.iter().filter(|refund| shape::status(refund.state.name()) != "fail").count(),
        created_at: shape::time(payment.created_at.min(payment.captured_at)),
        updated_at: shape::time(changed),
        id: payment.order_ref,
        merchant_order_id: payment.merchant_order_ref,
        notification_url: payment.notification_url,
        success_payment_method: payment.payment_method,
        ..Detail::default()
    })
}

/// Any refund in flight: `processing`. Else the latest to end decides: when it failed, `fail`, whatever was given back
/// before, as the diagram has it. Else how much was given back.
fn refund_status(payment: &Payment, refunds: &[Refund]) -> &'static str {
    if refunds.iter().any(|refund| !refund.state.name().is_final()) {
        return "processing";
    }
    let latest = refunds.iter().max_by_key(|refund| (refund.finished_at, refund.ordinal));
    if latest.is_some_and(|refund| refund.state.name() != StateName::Succeeded) {
        return "fail";
    }
    match payment.balance.refunded {
        0 => "none",
        refunded if refunded == payment.balance.captured => "full",
        _ => "partial",
    }
}

#[cfg(test)]
#[path = "order_detail_tests.rs"]
mod tests;
