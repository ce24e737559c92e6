//! POST `/v1/payments`: a merchant tells of a payment that was captured, so that it can be refunded.
//!
//! 201 for a new payment; 200 where it was there, changed or not in its captured sum; each with the payment as it is
//! now. 409 names the first field that differs. `amount` and `refunded_before` are whole numbers of minor units,
//! `captured_at` is RFC 3339, `environment` may be left out: it is that of the API key.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use redress_core::environment::Environment;
use redress_core::id::{AccountId, PaymentId};
use redress_core::money::{Amount, Currency};
use redress_core::time::Timestamp;
use redress_engine::admin::AdminError;
use redress_engine::admin::payments::{Imported, NewPayment};
use redress_engine::engine::Engine;
use redress_engine::rfc3339;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::KeyHolder;
use super::code::Code;
use super::error::OwnError;
use super::once::Once;
use super::payment_view::{PaymentView, named};
use super::time::TIME_WANTED;
use crate::body::RawBody;
use crate::json_object::{FieldProblem, JsonObject};
use crate::problem::Problem;

/// What came of telling of a payment that was not there.
const CREATED: &str = "created";

/// No text of a payment is longer, in characters; the engine's own bounds are narrower still.
const TEXT_CHARS_MAX: usize = 2_048;

const FIELDS: [&str; 13] = [
    "order_ref",
    "merchant_order_ref",
    "psp_account",
    "psp_payment_id",
    "currency",
    "amount",
    "refunded_before",
    "captured_at",
    "channel",
    "payment_method",
    "environment",
    "customer_ref",
    "notification_url",
];

/// A captured payment.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPayment)]
#[expect(dead_code, reason = "it describes what `read` reads field by field")]
pub(crate) struct Asked {
    /// The reference by which the payment is found; unique for the merchant. At most 255 bytes of UTF-8.
    #[schema(min_length = 1, max_length = 255)]
    order_ref: String,
    /// The merchant's own order reference; need not be unique. At most 255 bytes of UTF-8.
    #[schema(min_length = 1, max_length = 255)]
    merchant_order_ref: Option<String>,
    /// The PSP account it was taken through.
    #[schema(example = "acc_01k00000000000000000000000")]
    psp_account: String,
    /// The PSP's own id of the payment; unique for the account. At most 255 bytes of UTF-8.
    #[schema(min_length = 1, max_length = 255)]
    psp_payment_id: String,
    /// ISO 4217.
    #[schema(example = "VND")]
    currency: String,
    /// What was captured, in minor units: 2500 is 25.00 SAR, 2.500 KWD, 2500 VND.
    #[schema(minimum = 1)]
    amount: i64,
    /// What had been given back of it before, in minor units. `null` is refused.
    #[schema(nullable = false, minimum = 0, default = 0)]
    refunded_before: Option<i64>,
    /// RFC 3339; not before 1970, and not in the future by more than the 300 s that clocks may differ.
    #[schema(format = DateTime)]
    captured_at: String,
    /// PortOne's channel. At most 255 bytes of UTF-8.
    #[schema(min_length = 1, max_length = 255)]
    channel: Option<String>,
    /// The payment method. At most 255 bytes of UTF-8.
    #[schema(min_length = 1, max_length = 255)]
    payment_method: Option<String>,
    /// That of the API key where it is left out.
    #[schema(example = "sandbox")]
    environment: Option<String>,
    /// The merchant's reference of the customer. At most 255 bytes of UTF-8.
    #[schema(min_length = 1, max_length = 255)]
    customer_ref: Option<String>,
    /// The payment's own address for notifications. At most 2048 bytes of UTF-8.
    #[schema(min_length = 1, max_length = 2048)]
    notification_url: Option<String>,
}

/// A payment as it is now, and what came of telling of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentRegistered)]
pub(crate) struct Told {
    #[serde(flatten)]
    payment: PaymentView,
    /// `created`, `unchanged`, or `updated` where the captured sum is another now.
    result: &'static str,
}

/// Register a payment
///
/// Tells of a payment that was captured, so that it can be refunded. The same again changes nothing; the captured sum may
/// rise, and never falls below what is used of it.
#[utoipa::path(
    post,
    path = "/v1/payments",
    operation_id = "registerPayment",
    tag = "Payments",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat with this key changes nothing."),
    ),
    request_body(content = Asked, example = json!({"order_ref": "order-2", "psp_account": "acc_01k00000000000000000000000",
        "psp_payment_id": "4014083433", "currency": "VND", "amount": 1000000,
        "captured_at": "2026-11-18T15:06:40Z", "channel": "MOMOPAY"})),
    responses(
        (status = 201, description = "It is new.", body = Told,
            headers(("Location" = String, description = "Where the payment is read."))),
        (status = 200, description = "It was there.", body = Told),
        (status = 409, description = "It was there with other content: `field` names the first that differs."),
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    holder: KeyHolder,
    once: Once,
    RawBody(body): RawBody,
) -> Result<Response, OwnError> {
    let told = body.clone();
    let first = move |engine: Engine| async move {
        let (id, result) = register(&engine, &holder, &told).await?;
        let id = id.to_string();
        // Taken in it is, also where it cannot be read now: the key is remembered, and a late repeat lowers nothing.
        Ok((id.clone(), shown(&engine, &holder, id, result).await))
    };
    let again = move |engine: Engine, id| async move { shown(&engine, &holder, id, "unchanged").await };
    once.run(engine, holder, body, first, again).await
}

async fn shown(
    engine: &Engine,
    holder: &KeyHolder,
    id: String,
    result: &'static str,
) -> Result<Response, OwnError> {
    let location = [(header::LOCATION, format!("/v1/payments/{id}"))];
    let payment = named(engine, holder, Some(id)).await?.into();
    let told = Json(Told { payment, result });
    Ok(match result {
        CREATED => (StatusCode::CREATED, location, told).into_response(),
        _ => told.into_response(),
    })
}

/// Takes it in; answers its id and what came of it.
async fn register(
    engine: &Engine,
    holder: &KeyHolder,
    body: &[u8],
) -> Result<(PaymentId, &'static str), OwnError> {
    let payment = read(&JsonObject::parse(body)?, holder.environment)?;
    let imported = engine.import_payments(holder.merchant, vec![payment]).await.map_err(refused)?;
    let imported = imported.into_iter().next().ok_or(Problem::Broken)?;
    let text = imported.refusal().unwrap_or_default();
    match imported {
        Imported::Created(id) => Ok((id, CREATED)),
        Imported::Unchanged(id) => Ok((id, "unchanged")),
        Imported::Recaptured(id) => Ok((id, "updated")),
        Imported::Conflict { field } => Err(OwnError::of_field(Code::Conflict, field, text)),
        Imported::Invalid { field, .. } => Err(problem(field, text)),
        Imported::NoAccount => Err(problem("psp_account", text)),
        Imported::MerchantRevoked => Err(OwnError::new(Code::Conflict, text)),
    }
}

fn problem(field: &'static str, text: String) -> OwnError {
    OwnError::of_field(Code::Invalid, field, text)
}

fn refused(error: AdminError) -> OwnError {
    if matches!(error, AdminError::NotFound(_) | AdminError::Conflict(_)) {
        tracing::error!(%error, "taking in a payment was answered with what no payment can be answered with");
        return Problem::Broken.into();
    }
    error.into()
}

pub(super) fn read(object: &JsonObject<'_>, key: Environment) -> Result<NewPayment, FieldProblem> {
    // Neither a misspelt `refunded_before` nor one that nobody set must be nothing.
    object.only(&FIELDS)?;
    object.no_nulls(&["refunded_before"])?;
    let text = |field| object.text(field, TEXT_CHARS_MAX);
    let needed = |field| object.required_text(field, TEXT_CHARS_MAX);
    let order_ref = needed("order_ref")?;
    let account = AccountId::parse(&needed("psp_account")?)
        .map_err(|_| FieldProblem::of("psp_account", "must be the id of a PSP account, as acc_…"))?;
    let psp_payment_id = needed("psp_payment_id")?;
    let currency = Currency::from_code(&needed("currency")?)
        .map_err(|_| FieldProblem::of("currency", "must be an ISO 4217 code in capital letters"))?;
    let minor = object.integer("amount")?.ok_or_else(|| FieldProblem::missing("amount"))?;
    Ok(NewPayment {
        environment: environment(text("environment")?.as_deref(), key)?,
        order_ref,
        merchant_order_ref: text("merchant_order_ref")?,
        account,
        psp_payment_id,
        captured: Amount::new(minor, currency),
        refunded_before: object.integer("refunded_before")?.unwrap_or(0),
        captured_at: captured_at(&needed("captured_at")?)?,
        channel: text("channel")?,
        payment_method: text("payment_method")?,
        customer_ref: text("customer_ref")?,
        notification_url: text("notification_url")?,
    })
}

pub(super) fn environment(named: Option<&str>, key: Environment) -> Result<Environment, FieldProblem> {
    let Some(named) = named else { return Ok(key) };
    match Environment::parse(named) {
        None => Err(FieldProblem::of("environment", "must be sandbox or live")),
        Some(named) if named != key => {
            Err(FieldProblem::of("environment", format_args!("must be {key}, as the API key's")))
        }
        Some(named) => Ok(named),
    }
}

fn captured_at(text: &str) -> Result<Timestamp, FieldProblem> {
    rfc3339::read(text).ok_or_else(|| {
        FieldProblem::of("captured_at", format_args!("must be {TIME_WANTED}, before the end of 9999-12-30"))
    })
}

#[cfg(test)]
#[path = "payments_tests.rs"]
mod tests;
