//! POST `/v1/payments/{payment}/refunds`: makes a refund.
//!
//! `payment` is the payment's id or its reference. With `amount` comes `currency`; without both, the refund is of what is
//! left. A field that is not known is refused, and so is no body at all: neither a misspelt amount nor a lost one must become
//! a full refund.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use redress_core::money::Currency;
use redress_core::payment::Payment;
use redress_core::policy::{Ask, AskedAmount};
pub(crate) use redress_core::refund::REASONS;
use redress_core::refund::Refund;
use redress_engine::accept::{Made, RefundRequest, Reused};
use redress_engine::engine::Engine;
use utoipa::ToSchema;

use super::auth::KeyHolder;
use super::code::Code;
use super::error::OwnError;
use super::view::RefundView;
use super::{metadata, prefer};
use crate::body::{PathText, RawBody};
use crate::idempotency_key::{self, IDEMPOTENT_REPLAYED};
use crate::json_object::{FieldProblem, JsonObject};
use crate::limits::{DESCRIPTION_CHARS_MAX, REFERENCE_CHARS_MAX};

const FIELDS: [&str; 7] =
    ["amount", "currency", "reason", "description", "merchant_refund_id", "metadata", "expected_refundable"];

const NO_BODY: &str = "there is no body: send {} to give back all that is left";

/// What is to be given back.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRefund,
    example = json!({"amount": 2500, "currency": "SAR", "reason": "requested_by_customer"}))]
#[expect(dead_code, reason = "it describes what `read` reads field by field")]
pub(crate) struct Asked {
    /// How much, in minor units: 2500 is 25.00 SAR, 2.500 KWD, 2500 VND. An answer's `amount` is a text in major units: what is sent
    /// here is its `amount_minor`. Left out, together with `currency`: all that is left. `null` is refused.
    #[schema(nullable = false, minimum = 1, example = 2500)]
    amount: Option<i64>,
    /// ISO 4217; needed with `amount` and not without, and must be the payment's. `null` is refused.
    #[schema(nullable = false, example = "SAR")]
    currency: Option<String>,
    /// `requested_by_customer`, `duplicate`, `fraudulent`, `product_not_received`, `product_unsatisfactory` or `other`.
    #[schema(example = "requested_by_customer")]
    reason: Option<String>,
    /// Why, in a sentence, for people: it is kept and shown, and told to no PSP.
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// The merchant's own id of the refund: the same again is the same refund. `null` is refused.
    #[schema(nullable = false, min_length = 1, max_length = 255)]
    merchant_refund_id: Option<String>,
    /// The merchant's own data: at most 50 keys of at most 40 characters, values of at most 500.
    metadata: Option<std::collections::BTreeMap<String, String>>,
    /// What the caller saw to be left, in minor units: refused where that no longer holds. `null` is refused too.
    #[schema(nullable = false, minimum = 0)]
    expected_refundable: Option<i64>,
}

/// Make a refund
///
/// Reserves the amount and sends the refund to the payment's PSP. The answer comes as soon as the refund is on disk; with
/// `Prefer: wait=N` it waits up to N seconds (60 at most) for the end. Repeat the request with its `Idempotency-Key`, or
/// its `merchant_refund_id`, for as long as no answer came: it makes one refund. A request without a body is refused: `{}`
/// gives back all that is left.
#[utoipa::path(
    post,
    path = "/v1/payments/{payment}/refunds",
    operation_id = "createRefund",
    tag = "Refunds",
    params(
        ("payment" = String, Path, description = "The payment's id or its reference.", example = "order-3"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters. A repeat with the \
            same key and the same body is answered with the refund as it is now."),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: wait up to N seconds for the refund's end.",
            example = "wait=10"),
    ),
    request_body = Asked,
    responses(
        (status = 201, description = "It is made.", body = RefundView,
            headers(("Location" = String, description = "Where the refund is read."))),
        (status = 200, description = "It was made before: this is how it stands now.", body = RefundView),
        (status = 409, description = "The refundable amount, or the refund with this `merchant_refund_id`, is another one."),
        (status = 422, description = "The refund may not be made, or a field is wrong."),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    PathText(payment): PathText,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Response, OwnError> {
    let idempotency_key = idempotency_key::read(&headers)?;
    let wanted = Wanted::read(&body)?;
    let none = || OwnError::not_found("payment");
    let order_ref = engine.order_ref_named(holder.merchant, payment.ok_or_else(none)?).await?;
    let order_ref = order_ref.ok_or_else(none)?;
    match engine.make_refund(wanted.of(&holder, order_ref, idempotency_key)).await? {
        Made::New(refund, payment) => {
            let location = format!("/v1/refunds/{}", refund.id);
            let mut response = answer(&engine, &headers, StatusCode::CREATED, *refund, *payment).await?;
            if let Ok(location) = HeaderValue::from_str(&location) {
                response.headers_mut().insert(header::LOCATION, location);
            }
            Ok(response)
        }
        Made::Repeat(refund, payment) => {
            let mut response = answer(&engine, &headers, StatusCode::OK, *refund, *payment).await?;
            response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
            Ok(response)
        }
        Made::KeyReused(Reused::IdempotencyKey) => Err(OwnError::of_field(
            Code::IdempotencyKeyReused,
            "Idempotency-Key",
            "Idempotency-Key was used for another request",
        )),
        Made::KeyReused(Reused::MerchantRefundId) => Err(OwnError::of_field(
            Code::Conflict,
            "merchant_refund_id",
            "merchant_refund_id stands for a refund of another payment or amount",
        )),
        Made::NoPayment => Err(none()),
        Made::Refused(refusal, _) => Err(OwnError::refused(&refusal)),
    }
}

/// Waits for the end where the caller wants that. The refund exists: where the store cannot be asked any more, what is
/// known is shown instead of an error.
async fn answer(
    engine: &Engine,
    headers: &HeaderMap,
    status: StatusCode,
    made: Refund,
    payment: Payment,
) -> Result<Response, OwnError> {
    let Some(wait) = prefer::wait(headers) else {
        return Ok((status, Json(RefundView::of(made, payment.into()))).into_response());
    };
    let refund = engine.wait_for_end(&made, wait).await.unwrap_or_else(|error| {
        tracing::warn!(refund = %made.id, %error, "a refund is answered as it was accepted");
        made
    });
    let applied = [(prefer::PREFERENCE_APPLIED, prefer::applied(wait))];
    Ok((status, applied, Json(RefundView::of(refund, payment.into()))).into_response())
}

/// What a body asks for.
struct Wanted {
    amount: AskedAmount,
    currency: Option<Currency>,
    expected_refundable: Option<i64>,
    reason: Option<String>,
    description: Option<String>,
    merchant_refund_id: Option<String>,
    metadata: Option<String>,
}

impl Wanted {
    fn read(body: &[u8]) -> Result<Self, FieldProblem> {
        // A body that was lost on the way must not become all that is left.
        if body.trim_ascii().is_empty() {
            return Err(FieldProblem::whole(NO_BODY));
        }
        let object = JsonObject::parse(body)?;
        object.only(&FIELDS)?;
        // What protects from a refund too many, or too large, is not lost with a variable that nobody set.
        object.no_nulls(&["amount", "currency", "merchant_refund_id", "expected_refundable"])?;
        let amount = object.integer("amount")?;
        let currency = object.text("currency", REFERENCE_CHARS_MAX)?;
        let currency = currency.map(|code| Currency::from_code(&code)).transpose();
        let currency = currency
            .map_err(|_| FieldProblem::of("currency", "must be an ISO 4217 code in capital letters"))?;
        // A sum that somebody left out by mistake must not become all that is left.
        match (&amount, &currency) {
            (Some(_), None) => return Err(FieldProblem::of("currency", "is required with amount")),
            (None, Some(_)) => return Err(FieldProblem::of("amount", "is required with currency")),
            _ => {}
        }
        let reason = object.text("reason", REFERENCE_CHARS_MAX)?;
        if reason.as_deref().is_some_and(|reason| !REASONS.contains(&reason)) {
            return Err(FieldProblem::of("reason", format_args!("must be one of {}", REASONS.join(", "))));
        }
        let merchant_refund_id = object.text("merchant_refund_id", REFERENCE_CHARS_MAX)?;
        if merchant_refund_id.as_deref() == Some("") {
            return Err(FieldProblem::of("merchant_refund_id", "must not be empty"));
        }
        Ok(Self {
            amount: amount.map_or(AskedAmount::Remainder, AskedAmount::Minor),
            currency,
            expected_refundable: object.integer("expected_refundable")?,
            reason,
            description: object.text("description", DESCRIPTION_CHARS_MAX)?,
            merchant_refund_id,
            metadata: metadata::read(&object)?,
        })
    }

    fn of(self, holder: &KeyHolder, order_ref: String, idempotency_key: Option<String>) -> RefundRequest {
        RefundRequest {
            merchant: holder.merchant,
            order_ref,
            ask: Ask {
                environment: Some(holder.environment),
                currency: self.currency,
                expected_refundable: self.expected_refundable,
                ..Ask::of(self.amount)
            },
            reason: self.reason.unwrap_or_default(),
            description: self.description,
            merchant_refund_id: self.merchant_refund_id,
            metadata: self.metadata,
            asked_by: holder.key.into(),
            // A key of one environment says nothing about the other. No key has a space.
            idempotency_key: idempotency_key.map(|key| format!("{} {key}", holder.environment)),
        }
    }
}

#[cfg(test)]
#[path = "refund_create_tests.rs"]
mod tests;
