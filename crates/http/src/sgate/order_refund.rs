//! `order.refund`, POST `/orders/{ORDER_ID}/refunds`: asks for a refund. It answers as soon as the refund is on disk,
//! so a new one is `pending`; its end is told by the callback and by `refund.detail`.
//!
//! Facts: <https://docs.sgate.sa/en/payinApi/refund/refundCreate.html>. `amount` is documented as a string; real
//! clients send numbers too (<https://github.com/SGATE-IT/gccpay-client-demo>), and an empty `reason`
//! (<https://github.com/SGATE-IT/woo-gccpay>). The documentation has two decimals at most, for every currency: the last
//! fils of a sum in KWD, BHD or OMR cannot be asked for here.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use redress_core::decimal::{Decimal, DecimalError};
use redress_core::payment::Payment;
use redress_core::policy::{Ask, AskedAmount};
use redress_core::refund::Refund;
use redress_engine::accept::{Made, RefundRequest};
use redress_engine::engine::Engine;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};

use super::auth::{Method, SignedBy};
use super::error::{Body, SgateError};
use super::ids::{PAYMENT_TRANSACTION, refund_id, transaction_id};
use super::problems::Problems;
use super::shape;
use crate::body::{PathText, RawBody};
use crate::json_object::{FieldProblem, JsonObject};
use crate::limits::REASON_CHARS_MAX;
use crate::problem::Problem;

/// The most decimals of an amount.
const AMOUNT_DECIMALS_MAX: u32 = 2;

/// The longest `merchantRefundId`, in characters. Undocumented: the bound that an older API of theirs has for order
/// ids (<https://github.com/SGATE-IT/public>).
const MERCHANT_REFUND_ID_CHARS_MAX: usize = 60;

/// The operation's name.
pub(crate) struct OrderRefund;

impl Method for OrderRefund {
    const NAME: &'static str = "order.refund";
}

/// A refund as it is told to the one who asks for it, in the order of the documented sample.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RefundCreated)]
pub(crate) struct Created {
    #[schema(schema_with = shape::sum)]
    amount: Box<RawValue>,
    #[schema(schema_with = shape::status_words)]
    status: &'static str,
    id: String,
    order_id: String,
    #[schema(required = true)]
    payment_method: Option<String>,
    #[schema(required = true)]
    merchant_refund_id: Option<String>,
    merchant_id: String,
    /// The payment's.
    origin_transaction_id: String,
    #[schema(value_type = String, pattern = "^[A-Z]{3}$")]
    currency: &'static str,
    #[schema(format = DateTime)]
    updated_at: String,
    #[schema(format = DateTime)]
    created_at: String,
}

/// What is refunded, and why.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RefundAsked)]
#[expect(dead_code, reason = "it describes what `Wanted` reads field by field")]
pub(crate) struct Asked {
    #[schema(schema_with = amount_in)]
    amount: String,
    /// Why; may be empty.
    #[schema(max_length = 1000)]
    reason: String,
    /// The merchant's own id of the refund: the same again is the same refund, for ever.
    #[schema(min_length = 1, max_length = 60)]
    merchant_refund_id: Option<String>,
}

fn amount_in() -> Schema {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9]+(\\.[0-9]{1,2}0*)?$"));
    let number = ObjectBuilder::new().schema_type(Type::Number).exclusive_minimum(Some(0));
    let help = "In major units, more than zero, with at most two decimals; a string or a number.";
    OneOfBuilder::new().item(text).item(number).description(Some(help)).into()
}

/// Make a refund
///
/// It is answered as soon as it is safe, so a new one is pending; its end is told by the callback and by refund.detail.
#[utoipa::path(
    post,
    path = "/api_v1/orders/{id}/refunds",
    operation_id = "order.refund",
    tag = "Refunds",
    params(("id" = String, Path, description = "The order's id.", example = "M948164T2023072607034709567189")),
    request_body(content = Asked, examples(
        ("text" = (summary = "As documented", value = json!({"amount": "7", "reason": "Return shipping fee",
            "merchantRefundId": "TEST934759263495634"}))),
        ("number" = (summary = "With a number, without an id", value = json!({"amount": 7, "reason": ""}))),
    )),
    responses(
        (status = 200, description = "The refund, as it is now.", body = Created),
        (status = 409, description = "The merchant's id stands for another refund.", body = Body<'static>),
        (status = 413, description = "The body is too long.", body = Body<'static>),
        (status = 422, description = "A field is not as it must be; the data names it.", body = Body<'static>),
        Problems,
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    signed: SignedBy<OrderRefund>,
    PathText(order): PathText,
    RawBody(body): RawBody,
) -> Result<Json<Created>, SgateError> {
    let wanted = Wanted::read(&body)?;
    let order = order.ok_or(SgateError::NotFound)?;
    match engine.make_refund(wanted.of(&signed, order)).await? {
        Made::New(refund, payment) | Made::Repeat(refund, payment) => {
            Ok(Json(created(&refund, &payment, &signed.caller.merchant_code)?))
        }
        Made::KeyReused(_) => Err(SgateError::Duplicate),
        Made::NoPayment => Err(SgateError::NotFound),
        Made::Refused(refusal, _) => Err(SgateError::Refused(refusal)),
    }
}

/// The same authentication and parsing, and nothing after it; for [`crate::probe`].
pub(crate) async fn only_parsed(
    State(_): State<Engine>,
    signed: SignedBy<OrderRefund>,
    PathText(order): PathText,
    RawBody(body): RawBody,
) -> Result<StatusCode, SgateError> {
    let wanted = Wanted::read(&body)?;
    let order = order.ok_or(SgateError::NotFound)?;
    drop(wanted.of(&signed, order));
    Ok(StatusCode::OK)
}

/// What a body asks for.
struct Wanted {
    amount: Decimal,
    reason: String,
    merchant_refund_id: Option<String>,
}

impl Wanted {
    fn read(body: &[u8]) -> Result<Self, FieldProblem> {
        let object = JsonObject::parse(body)?;
        let merchant_refund_id = object.text("merchantRefundId", MERCHANT_REFUND_ID_CHARS_MAX)?;
        if merchant_refund_id.as_deref() == Some("") {
            return Err(FieldProblem::of("merchantRefundId", "must not be empty"));
        }
        Ok(Self {
            amount: read_amount(&object)?,
            reason: object.required_text("reason", REASON_CHARS_MAX)?,
            merchant_refund_id,
        })
    }

    fn of(self, signed: &SignedBy<OrderRefund>, order_ref: String) -> RefundRequest {
        RefundRequest {
            merchant: signed.merchant(),
            order_ref,
            ask: Ask { environment: Some(signed.environment), ..Ask::of(AskedAmount::Exactly(self.amount)) },
            reason: self.reason,
            description: None,
            merchant_refund_id: self.merchant_refund_id,
            metadata: None,
            asked_by: signed.caller.credential.into(),
            idempotency_key: None,
        }
    }
}

fn read_amount(object: &JsonObject<'_>) -> Result<Decimal, FieldProblem> {
    let raw = object.raw("amount").ok_or_else(|| FieldProblem::missing("amount"))?;
    let read = match serde_json::from_str::<String>(raw) {
        Ok(text) => Decimal::from_text(&text),
        Err(_) => Decimal::from_json_number(raw),
    };
    let problem = |text: &str| FieldProblem::of("amount", text);
    let amount = read.map_err(|error| {
        problem(match error {
            DecimalError::NotANumber => "must be a decimal number, as a string or a number",
            DecimalError::TooLong => "has too many digits",
        })
    })?;
    if !amount.is_positive() {
        return Err(problem("must be more than zero"));
    }
    if amount.decimals() > AMOUNT_DECIMALS_MAX {
        return Err(FieldProblem::of(
            "amount",
            format_args!("must have at most {AMOUNT_DECIMALS_MAX} decimals"),
        ));
    }
    Ok(amount)
}

fn created(refund: &Refund, payment: &Payment, merchant_code: &str) -> Result<Created, Problem> {
    Ok(Created {
        amount: shape::number(refund.amount)?,
        status: shape::status(refund.state.name()),
        id: refund_id(&payment.order_ref, refund.ordinal),
        order_id: payment.order_ref.clone(),
        payment_method: payment.payment_method.clone(),
        merchant_refund_id: refund.merchant_refund_id.clone(),
        merchant_id: merchant_code.to_owned(),
        origin_transaction_id: transaction_id(&payment.order_ref, PAYMENT_TRANSACTION),
        currency: refund.amount.currency().code(),
        updated_at: shape::time(refund.updated_at),
        created_at: shape::time(refund.created_at),
    })
}

#[cfg(test)]
#[path = "order_refund_tests.rs"]
mod tests;
