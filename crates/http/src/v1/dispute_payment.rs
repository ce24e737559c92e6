//! POST `/v1/payments/{payment}/dispute` and `…/release-dispute`: the merchant says that the customer wants the
//! money back from its bank, and that this is over. A repeat changes nothing.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use redress_core::payment::Payment;
use redress_engine::admin::disputes::Sayer;
use redress_engine::engine::Engine;
use utoipa::ToSchema;

use super::auth::KeyHolder;
use super::error::OwnError;
use super::once::Once;
use super::payment_view::{PaymentView, named};
use crate::body::{PathText, RawBody};
use crate::json_object::JsonObject;
use crate::limits::REASON_CHARS_MAX;

/// Why.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DisputeReason, example = json!({"reason": "chargeback CB-1"}))]
#[expect(dead_code, reason = "it describes what `mark` reads field by field")]
pub(crate) struct Asked {
    /// For the feed of events and for people.
    #[schema(min_length = 1, max_length = 1000, example = "chargeback CB-1")]
    reason: Option<String>,
}

/// Mark a payment as disputed
///
/// The customer wants the money back from its bank: until the dispute is released, new refunds of the payment are
/// refused with `payment_disputed`, through every API. Refunds that were accepted before go on: cancel those that have
/// not left yet where they must not. The first mark is told by the event `payment.disputed`; a repeat changes nothing.
#[utoipa::path(
    post,
    path = "/v1/payments/{payment}/dispute",
    operation_id = "disputePayment",
    tag = "Payments",
    params(
        ("payment" = String, Path, description = "The payment's id, or its `order_ref`.", example = "order-3"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat with this key changes nothing and is answered \
            with the payment as it is now."),
    ),
    request_body(content = Option<Asked>, description = "May be left out."),
    responses(
        (status = 200, description = "The payment, disputed.", body = PaymentView),
    )
)]
pub(crate) async fn dispute(
    State(engine): State<Engine>,
    holder: KeyHolder,
    once: Once,
    PathText(name): PathText,
    RawBody(body): RawBody,
) -> Result<Response, OwnError> {
    answer(engine, holder, once, name, body, true).await
}

/// Release a payment's dispute
///
/// The dispute was won or withdrawn: the payment can be refunded again. Told by the event `payment.dispute_released`; where
/// no dispute is open nothing changes.
#[utoipa::path(
    post,
    path = "/v1/payments/{payment}/release-dispute",
    operation_id = "releasePaymentDispute",
    tag = "Payments",
    params(
        ("payment" = String, Path, description = "The payment's id, or its `order_ref`.", example = "order-3"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat with this key changes nothing and is answered \
            with the payment as it is now."),
    ),
    request_body(content = Option<Asked>, description = "May be left out."),
    responses(
        (status = 200, description = "The payment, not disputed.", body = PaymentView),
    )
)]
pub(crate) async fn release(
    State(engine): State<Engine>,
    holder: KeyHolder,
    once: Once,
    PathText(name): PathText,
    RawBody(body): RawBody,
) -> Result<Response, OwnError> {
    answer(engine, holder, once, name, body, false).await
}

async fn answer(
    engine: Engine,
    holder: KeyHolder,
    once: Once,
    name: Option<String>,
    body: Bytes,
    disputed: bool,
) -> Result<Response, OwnError> {
    let told = body.clone();
    let first = move |engine: Engine| async move {
        let payment = mark(&engine, &holder, name, &told, disputed).await?;
        Ok((payment.id.to_string(), Json(PaymentView::from(payment))))
    };
    let again = move |engine: Engine, id| async move {
        let payment = named(&engine, &holder, Some(id)).await?;
        Ok(Json(PaymentView::from(payment)))
    };
    once.run(engine, holder, body, first, again).await
}

async fn mark(
    engine: &Engine,
    holder: &KeyHolder,
    name: Option<String>,
    body: &[u8],
    disputed: bool,
) -> Result<Payment, OwnError> {
    let object = JsonObject::parse_optional(body)?;
    object.only(&["reason"])?;
    let reason = object.text("reason", REASON_CHARS_MAX)?;
    let payment = named(engine, holder, name).await?;
    let by = Sayer { name: holder.key.to_string(), reason };
    Ok(engine.mark_disputed(holder.merchant, holder.environment, payment.id, disputed, by).await?)
}

#[cfg(test)]
#[path = "dispute_payment_tests.rs"]
mod tests;
