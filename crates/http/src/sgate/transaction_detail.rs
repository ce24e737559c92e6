//! `transaction.detailForMerchant`, GET `/transactions/{TRANSACTION_ID}/merchant`: the payment of an order, which is
//! its transaction 1, or one of its refunds.
//!
//! Facts: <https://docs.sgate.sa/en/payinApi/payment/transactionQuery.html>; the values of `result` are those of the
//! older documentation (`Approved`, `Declined_Retirable`, `Declined_NoRetry`, `Not_Yet`, `Aborted`). The fields are
//! those of the page's table, in the order of its sample; fees and clearing stand in the sample only.

use axum::Json;
use axum::extract::State;
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::state::StateName;
use redress_engine::engine::Engine;
use redress_engine::lookup::RefundBy;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::auth::{Method, SignedBy};
use super::error::SgateError;
use super::ids::{PAYMENT_TRANSACTION, parse_transaction_id, transaction_id};
use super::problems::Problems;
use super::shape::{self, Unknown};
use crate::body::PathText;
use crate::described;
use crate::problem::Problem;

/// The operation's name.
pub(crate) struct TransactionDetail;

impl Method for TransactionDetail {
    const NAME: &'static str = "transaction.detailForMerchant";
}

/// A transaction.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Transaction)]
pub(crate) struct Detail {
    #[schema(schema_with = shape::sum)]
    amount: Box<RawValue>,
    id: String,
    order_id: String,
    client_id: Unknown,
    merchant_id: String,
    device_id: Unknown,
    client_ip: Unknown,
    user_agent: Unknown,
    #[schema(schema_with = result_words)]
    result: &'static str,
    #[schema(required = true, format = DateTime)]
    completed_at: Option<String>,
    #[serde(rename = "type")]
    #[schema(schema_with = kind_words)]
    kind: &'static str,
    #[schema(required = true)]
    payment_method: Option<String>,
    #[schema(value_type = String, pattern = "^[A-Z]{3}$")]
    currency: &'static str,
    payer_digest: Unknown,
    successfully_notified_at: Unknown,
    notification_times: Unknown,
    last_notified_at: Unknown,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    channel_order_result: Unknown,
}

fn result_words() -> Object {
    described::words("A refund that failed may be asked for again, as a new one.", StateName::ALL.map(result))
}

fn kind_words() -> Object {
    described::words("", ["payment", "refund"])
}

/// Read a transaction
///
/// The payment of an order, which is its transaction 1, or one of its refunds.
#[utoipa::path(
    get,
    path = "/api_v1/transactions/{id}/merchant",
    operation_id = "transaction.detailForMerchant",
    tag = "Orders",
    params(("id" = String, Path, description = "The transaction's id.",
        example = "M948164T2023072607034709567189_1")),
    responses(
        (status = 200, description = "The transaction.", body = Detail),
        Problems,
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    signed: SignedBy<TransactionDetail>,
    PathText(id): PathText,
) -> Result<Json<Detail>, SgateError> {
    let (order, number) = id.as_deref().and_then(parse_transaction_id).ok_or(SgateError::NotFound)?;
    let (merchant, environment) = (signed.merchant(), Some(signed.environment));
    let detail = if number == PAYMENT_TRANSACTION {
        let found = engine.order(merchant, environment, order).await?.ok_or(SgateError::NotFound)?;
        of_payment(found.payment)?
    } else {
        let by = RefundBy::Transaction(order.to_owned(), number);
        let (refund, payment) =
            engine.refund(merchant, environment, by).await?.ok_or(SgateError::NotFound)?;
        of_refund(&refund, payment)?
    };
    Ok(Json(Detail { merchant_id: signed.caller.merchant_code.clone(), ..detail }))
}

fn of_payment(payment: Payment) -> Result<Detail, Problem> {
    Ok(Detail {
        amount: shape::number(payment.captured())?,
        id: transaction_id(&payment.order_ref, PAYMENT_TRANSACTION),
        result: "Approved",
        completed_at: Some(shape::time(payment.captured_at)),
        kind: "payment",
        currency: payment.currency.code(),
        created_at: shape::time(payment.created_at.min(payment.captured_at)),
        updated_at: shape::time(payment.updated_at),
        order_id: payment.order_ref,
        payment_method: payment.payment_method,
        ..Detail::default()
    })
}

fn of_refund(refund: &Refund, payment: Payment) -> Result<Detail, Problem> {
    Ok(Detail {
        amount: shape::number(refund.amount)?,
        id: transaction_id(&payment.order_ref, refund.transaction_number),
        result: result(refund.state.name()),
        completed_at: refund.finished_at.map(shape::time),
        kind: "refund",
        currency: refund.amount.currency().code(),
        created_at: shape::time(refund.created_at),
        updated_at: shape::time(refund.updated_at),
        order_id: payment.order_ref,
        payment_method: payment.payment_method,
        ..Detail::default()
    })
}

/// A refund that failed may be asked for again, as a new one: `Declined_Retirable`, the documentation's spelling.
const fn result(state: StateName) -> &'static str {
    match state {
        StateName::Held
        | StateName::Queued
        | StateName::Submitting
        | StateName::Unknown
        | StateName::Pending => "Not_Yet",
        StateName::Succeeded => "Approved",
        StateName::Failed | StateName::Reversed => "Declined_Retirable",
        StateName::Canceled => "Aborted",
    }
}

#[cfg(test)]
#[path = "transaction_detail_tests.rs"]
mod tests;
