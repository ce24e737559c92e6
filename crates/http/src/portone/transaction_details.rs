//! `POST /api/{key}/transaction-details`: a payment, by the reference that refunds use.
//!
//! <https://docs.portone.cloud/reference/post_api-key-transaction-details>. Of the sample's fields those are there
//! that Redress knows. `is_refund_allowed` says whether what is left could be refunded now; what the two flags mean is
//! told at <https://docs.portone.cloud/docs/payment-webhook>. `refund_status`, empty in the sample, is that of the
//! latest refund.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use redress_core::state::StateName;
use redress_engine::engine::Engine;
use redress_engine::lookup::Order;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::auth::PortoneCaller;
use super::error::PortoneError;
use super::read;
use super::refusals::Refusals;
use super::view::{Enveloped, number, rfc3339, status};
use crate::body::{PathText, RawBody};
use crate::described;
use crate::limits::{REFERENCE_CHARS_MAX, storable};

/// A payment.
#[derive(Serialize, ToSchema)]
#[schema(as = Transaction)]
struct Details<'a> {
    /// ISO 4217.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$")]
    currency: &'static str,
    #[schema(schema_with = captured)]
    amount: Box<RawValue>,
    /// The reference by which it is refunded.
    #[schema(value_type = String)]
    order_ref: &'a str,
    /// The provider's own id of it.
    #[schema(value_type = String)]
    channel_order_ref: &'a str,
    /// The merchant's own reference; empty where there is none.
    #[schema(value_type = String)]
    merchant_order_ref: &'a str,
    /// Only captured payments are known here.
    #[schema(value_type = String, pattern = "^Success$")]
    status: &'static str,
    /// Empty where it is not known.
    #[schema(value_type = String)]
    channel_key: &'a str,
    /// Empty where it is not known.
    #[schema(value_type = String)]
    method_name: &'a str,
    /// Empty where it is not known.
    #[schema(value_type = String)]
    method_key: &'a str,
    #[schema(value_type = String)]
    status_code: &'static str,
    #[schema(value_type = String)]
    status_reason: &'static str,
    /// When it was captured.
    #[schema(format = DateTime)]
    date: String,
    /// Whether what is left could be refunded now.
    is_refund_allowed: bool,
    /// Whether it can be refunded in several parts.
    is_multi_refund_allowed: bool,
    /// Whether all of it was given back.
    refund_completed: bool,
    #[schema(schema_with = latest_words)]
    refund_status: &'static str,
    /// The caller's client key.
    #[schema(value_type = String)]
    merchant_key: &'a str,
}

fn captured() -> Object {
    described::sum("What was captured.")
}

fn latest_words() -> Object {
    let words = StateName::ALL.map(status).into_iter().chain([""]);
    described::words("The status of the latest refund; empty where there is none.", words)
}

/// Which payment is wanted.
#[derive(ToSchema)]
#[schema(as = TransactionAsked)]
#[expect(dead_code, reason = "it describes what the handler reads field by field")]
pub(crate) struct Asked {
    /// The reference by which it is refunded.
    order_ref: String,
}

/// Read a payment
///
/// By the reference that refunds use.
#[utoipa::path(
    post,
    path = "/api/{key}/transaction-details",
    operation_id = "readTransaction",
    tag = "Payments",
    params(("key" = String, Path, description = "The caller's own client key.", example = "SglffyyZgojEdXWL")),
    request_body(content = Asked, example = json!({"order_ref": "order-1"})),
    responses(
        (status = 200, description = "The payment.", body = Enveloped<'static, Details<'static>>),
        Refusals,
    )
)]
pub(crate) async fn handle(
    caller: PortoneCaller,
    State(engine): State<Engine>,
    PathText(key): PathText,
    RawBody(body): RawBody,
) -> Result<Response, PortoneError> {
    caller.is(key.as_deref())?;
    // As long as a body allows: a reference that is too long names nothing, it is not a wrong request.
    let order_ref = read::text(&read::object(&body)?, "order_ref", body.len())?;
    let found =
        storable(&order_ref, REFERENCE_CHARS_MAX).then(|| engine.order(caller.merchant, None, &order_ref));
    let order = match found {
        Some(order) => order.await?.ok_or(PortoneError::NoTransaction)?,
        None => return Err(PortoneError::NoTransaction),
    };
    let (allowed, several) = refundable(&engine, &order).await?;
    let content = details(&order, allowed, several, &caller.public_key);
    Ok(Json(Enveloped::success(content, None)).into_response())
}

/// Whether what is left could be refunded now, and whether the PSP takes several partial refunds.
async fn refundable(engine: &Engine, order: &Order) -> Result<(bool, bool), PortoneError> {
    let Some(through) = engine.refundable_through(&order.payment).await? else { return Ok((false, false)) };
    let capabilities = through.capabilities;
    Ok((through.refundability.full.is_ok(), capabilities.several && capabilities.partial))
}

fn details<'a>(order: &'a Order, allowed: bool, several: bool, merchant_key: &'a str) -> Details<'a> {
    let payment = &order.payment;
    let method = payment.payment_method.as_deref().unwrap_or_default();
    Details {
        currency: payment.currency.code(),
        amount: number(payment.captured()),
        order_ref: &payment.order_ref,
        channel_order_ref: &payment.psp_payment_id,
        merchant_order_ref: payment.merchant_order_ref.as_deref().unwrap_or_default(),
        status: "Success",
        channel_key: payment.channel.as_deref().unwrap_or_default(),
        method_name: method,
        method_key: method,
        status_code: "2000",
        status_reason: "SUCCESS",
        date: rfc3339(payment.captured_at),
        is_refund_allowed: allowed,
        is_multi_refund_allowed: several,
        refund_completed: payment.refunded() == payment.captured(),
        refund_status: order.refunds.last().map_or("", |latest| status(latest.state.name())),
        merchant_key,
    }
}

#[cfg(test)]
mod tests {
    use crate::portone::tests::{assert_error, full, partial, post, refund};
    use crate::testing::{Harness, TestPayment};
    use serde_json::{Value, json};

    async fn details(harness: &Harness, body: &Value) -> crate::testing::Answer {
        let path = format!("/api/{}/transaction-details", harness.merchant.portone_key);
        harness.send(post(&harness.merchant, &path, &body.to_string())).await
    }

    #[tokio::test]
    async fn a_payment_says_what_can_be_refunded() {
        let harness = Harness::new().await;
        harness
            .payment(TestPayment { merchant_order_ref: Some("m1"), ..TestPayment::momo("o1", 10_000) })
            .await;
        let answer = details(&harness, &json!({"order_ref": "o1"})).await.json();
        let known = answer["content"]["channel_order_ref"].clone();
        let content = json!({
            "currency": "VND", "amount": 10000, "order_ref": "o1", "channel_order_ref": known,
            "merchant_order_ref": "m1", "status": "Success", "channel_key": "MOMOPAY",
            "method_name": "MOMOPAY_WALLET", "method_key": "MOMOPAY_WALLET", "status_code": "2000",
            "status_reason": "SUCCESS", "date": "2026-11-18T15:06:40.123456Z", "is_refund_allowed": true,
            "is_multi_refund_allowed": true, "refund_completed": false, "refund_status": "",
            "merchant_key": harness.merchant.portone_key,
        });
        assert_eq!(answer, json!({"content": content, "status_code": "2000", "status_reason": "SUCCESS"}));
    }

    #[tokio::test]
    async fn the_flags_follow_the_refunds() {
        let harness = Harness::new().await;
        harness.payment(TestPayment::momo("o1", 10_000)).await;
        let flags = async || {
            let content = &details(&harness, &json!({"order_ref": "o1"})).await.json()["content"];
            ["is_refund_allowed", "refund_completed", "refund_status"].map(|name| content[name].clone())
        };
        assert_eq!(harness.send(refund(&harness.merchant, "o1", &partial("4000"))).await.status, 200);
        assert_eq!(flags().await, [json!(true), json!(false), json!("SUCCESS")]);
        assert_eq!(harness.send(refund(&harness.merchant, "o1", &full())).await.status, 200);
        assert_eq!(flags().await, [json!(false), json!(true), json!("SUCCESS")]);
    }

    #[tokio::test]
    async fn what_is_wrong_is_said_as_documented() {
        let harness = Harness::new().await;
        for reference in ["o2".to_owned(), String::new(), "x".repeat(300)] {
            let answer = details(&harness, &json!({"order_ref": reference})).await;
            assert_error(&answer, 400, "4096", "INVALID_REFERENCE");
            assert_eq!(answer.json()["message"], "Transaction record with given reference not found");
        }
        for body in [json!({}), json!([]), json!({"order_ref": 7})] {
            assert_error(&details(&harness, &body).await, 400, "4001", "INVALID_REQUEST");
        }
    }
}
