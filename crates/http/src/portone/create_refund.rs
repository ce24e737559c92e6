//! `POST /api/refund/{order_ref}`: makes a refund, waits a while for the PSP's word, answers with all refunds of the
//! payment.
//!
//! <https://docs.portone.cloud/reference/post_api-refund-portone-order-ref>. All six fields are required, but for
//! `amount` where `refund_type` is `full`: it is ignored then, and the refund is of what is left. `amount` is a JSON
//! number and is read from its text; a string is refused, since nothing documents one.
//!
//! An answer is an error only when no refund was made or the refund has failed. Whatever is open is a success that
//! says `IN_QUEUE`. A header `Idempotency-Key` (not PortOne's) makes a repeat answer with the same refund as it is by
//! then; without one, two equal requests are two refunds.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use redress_core::decimal::{Decimal, DecimalError};
use redress_core::payment::Payment;
use redress_core::policy::{Ask, AskedAmount};
use redress_core::refund::{Refund, RefundKind};
use redress_core::state::RefundState;
use redress_engine::accept::{Made, RefundRequest};
use redress_engine::engine::Engine;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use super::auth::PortoneCaller;
use super::error::PortoneError;
use super::read;
use super::refusals::Refusals;
use super::view::{Refunds, environment_words};
use crate::body::{PathText, RawBody};
use crate::described;
use crate::idempotency_key;
use crate::json_object::JsonObject;
use crate::limits::{DESCRIPTION_CHARS_MAX, REASON_CHARS_MAX, REFERENCE_CHARS_MAX};

/// What is refunded, and why.
#[derive(ToSchema)]
#[schema(as = RefundAsked)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes what `asked` reads field by field")]
pub(crate) enum Asked {
    Partial(Partial),
    Full(Full),
}

/// A part of a payment, or all of it by its sum.
#[derive(ToSchema)]
#[schema(as = PartialRefund)]
#[expect(dead_code, reason = "it describes what `asked` reads field by field")]
pub(crate) struct Partial {
    #[schema(schema_with = partial)]
    refund_type: String,
    #[schema(schema_with = amount_in)]
    amount: Value,
    /// The payment's channel.
    #[schema(max_length = 255)]
    channel: String,
    /// What it is about; may be empty.
    #[schema(max_length = 1000)]
    description: String,
    /// Why; may be empty.
    #[schema(max_length = 1000)]
    refund_reason: String,
    /// The payment's environment.
    #[schema(schema_with = environment_words)]
    environment: String,
}

/// What is left of a payment.
#[derive(ToSchema)]
#[schema(as = FullRefund)]
#[expect(dead_code, reason = "it describes what `asked` reads field by field")]
pub(crate) struct Full {
    #[schema(schema_with = full)]
    refund_type: String,
    /// Not looked at.
    amount: Option<Value>,
    /// The payment's channel.
    #[schema(max_length = 255)]
    channel: String,
    /// What it is about; may be empty.
    #[schema(max_length = 1000)]
    description: String,
    /// Why; may be empty.
    #[schema(max_length = 1000)]
    refund_reason: String,
    /// The payment's environment.
    #[schema(schema_with = environment_words)]
    environment: String,
}

fn partial() -> Object {
    described::words("", [RefundKind::Partial.as_str()])
}

fn full() -> Object {
    described::words("", [RefundKind::Full.as_str()])
}

fn amount_in() -> Object {
    let help = "In major units, with no more decimals than the currency has; read exactly.";
    ObjectBuilder::new().schema_type(Type::Number).exclusive_minimum(Some(0)).description(Some(help)).build()
}

/// Make a refund
///
/// Waits a while for the provider's word and answers with all refunds of the payment. It is an error only where no refund
/// was made or the refund failed: whatever is open is a success that says `IN_QUEUE`.
#[utoipa::path(
    post,
    path = "/api/refund/{order_ref}",
    operation_id = "createRefund",
    tag = "Refunds",
    params(
        ("order_ref" = String, Path, description = "The reference of the payment.", example = "order-1"),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
            description = "Not PortOne's: a repeat with the same key is answered with the same refund, as it is by then. \
                           Without one, two equal requests are two refunds."),
    ),
    request_body(content = Asked, examples(
        ("partial" = (summary = "A part", value = json!({"refund_type": "partial", "amount": 200000,
            "channel": "MOMOPAY", "description": "", "refund_reason": "customer request", "environment": "sandbox"}))),
        ("full" = (summary = "What is left", value = json!({"refund_type": "full", "channel": "MOMOPAY",
            "description": "", "refund_reason": "customer request", "environment": "sandbox"}))),
    )),
    responses(
        (status = 200, description = "The refund is made, or on its way.", body = Refunds<'static>),
        Refusals,
    )
)]
pub(crate) async fn handle(
    caller: PortoneCaller,
    State(engine): State<Engine>,
    PathText(order_ref): PathText,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Response, PortoneError> {
    let idempotency_key =
        idempotency_key::read(&headers).map_err(|problem| PortoneError::invalid(problem.text))?;
    let (ask, reason, description) = asked(&read::object(&body)?)?;
    let request = RefundRequest {
        merchant: caller.merchant,
        order_ref: order_ref.ok_or(PortoneError::NoTransaction)?,
        ask,
        reason,
        description: Some(description),
        merchant_refund_id: None,
        metadata: None,
        asked_by: caller.credential.into(),
        idempotency_key,
    };
    match engine.make_refund(request).await? {
        Made::New(refund, payment) | Made::Repeat(refund, payment) => {
            answer(&engine, &caller, *refund, *payment).await
        }
        Made::KeyReused(_) => Err(PortoneError::invalid("Idempotency-Key was used for another request")),
        Made::NoPayment => Err(PortoneError::NoTransaction),
        Made::Refused(refusal, _) => Err(PortoneError::Refused(refusal)),
    }
}

/// Waits for the PSP's word and shows what there is. The refund exists: when the store cannot be asked any more, an
/// error would invite the caller to make a second one, so what is known is shown instead.
async fn answer(
    engine: &Engine,
    caller: &PortoneCaller,
    made: Refund,
    payment: Payment,
) -> Result<Response, PortoneError> {
    let refund = engine.wait_for_word(&made, engine.config().face_wait).await.unwrap_or_else(|error| {
        tracing::warn!(refund = %made.id, %error, "a refund is answered as it was accepted");
        made
    });
    if let RefundState::Failed(failure) = &refund.state {
        let why = if failure.text.is_empty() { &failure.code } else { &failure.text };
        let unknown_there = engine.failed_for_unknown_payment(&refund).await.unwrap_or(false);
        let error = if unknown_there { PortoneError::NotOnPsp } else { PortoneError::Failed };
        return Err(error(why.clone()));
    }
    let order = engine.order(caller.merchant, None, &payment.order_ref).await.unwrap_or_else(|error| {
        tracing::warn!(refund = %refund.id, %error, "a refund is answered without those before it");
        None
    });
    let (payment, refunds) =
        order.map_or_else(|| (payment, vec![refund]), |order| (order.payment, order.refunds));
    Ok(Json(Refunds::new(&payment, &refunds, &caller.merchant_code)).into_response())
}

/// The six fields, checked in the order in which they are documented.
fn asked(body: &JsonObject<'_>) -> Result<(Ask, String, String), PortoneError> {
    let kind = body.text("refund_type", REFERENCE_CHARS_MAX);
    let full = matches!(&kind, Ok(Some(kind)) if kind == RefundKind::Full.as_str());
    let amount = if full { AskedAmount::Remainder } else { AskedAmount::Exactly(amount(body)?) };
    let channel = read::text(body, "channel", REFERENCE_CHARS_MAX)?;
    let description = read::text(body, "description", DESCRIPTION_CHARS_MAX)?;
    let environment = read::environment(&read::text(body, "environment", REFERENCE_CHARS_MAX)?)?;
    let kind = kind?.ok_or(PortoneError::FieldMissing("refund_type"))?;
    RefundKind::parse(&kind).ok_or(PortoneError::invalid("refund_type must be full or partial"))?;
    let reason = read::text(body, "refund_reason", REASON_CHARS_MAX)?;
    let ask = Ask { environment: Some(environment), channel: Some(channel), ..Ask::of(amount) };
    Ok((ask, reason, description))
}

fn amount(body: &JsonObject<'_>) -> Result<Decimal, PortoneError> {
    let text = body.raw("amount").ok_or(PortoneError::FieldMissing("amount"))?;
    Decimal::from_json_number(text).map_err(|error| match error {
        DecimalError::NotANumber => PortoneError::invalid("amount must be a number"),
        // A number, and more digits than any sum has.
        DecimalError::TooLong if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            PortoneError::AmountTooLong
        }
        DecimalError::TooLong => PortoneError::invalid("amount must be a number"),
    })
}

#[cfg(test)]
mod tests;
