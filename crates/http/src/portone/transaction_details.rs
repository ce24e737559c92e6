//! `POST /api/{key}/transaction-details`: a payment, by the reference that refunds use.
//!
//! <https://docs.portone.cloud/reference/post_api-key-transaction-details>. Of the sample's fields those are there
//! that Redress knows. `is_refund_allowed` says whether what is left could be refunded now; what the two flags mean is
//! told at <https://docs.portone.cloud/docs/payment-webhook>. `refund_status`, empty in the sample, is that of the
//! latest refund.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use redress_core::policy::{Ask, AskedAmount, judge};
use redress_engine::engine::Engine;
use redress_engine::lookup::Order;
use serde::Serialize;
use serde_json::value::RawValue;

use super::auth::PortoneCaller;
use super::error::PortoneError;
use super::read;
use super::view::{Enveloped, number, rfc3339, status};
use crate::body::{PathText, RawBody};
use crate::limits::{REFERENCE_CHARS_MAX, storable};

#[derive(Serialize)]
struct Details<'a> {
    currency: &'static str,
    amount: Box<RawValue>,
    order_ref: &'a str,
    channel_order_ref: &'a str,
    merchant_order_ref: &'a str,
    status: &'static str,
    channel_key: &'a str,
    method_name: &'a str,
    method_key: &'a str,
    status_code: &'static str,
    status_reason: &'static str,
    date: String,
    is_refund_allowed: bool,
    is_multi_refund_allowed: bool,
    refund_completed: bool,
    refund_status: &'static str,
    merchant_key: &'a str,
}

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
    let Some((account, capabilities)) = engine.refundability(&order.payment).await? else {
        return Ok((false, false));
    };
    let all_that_is_left = Ask::of(AskedAmount::Remainder);
    let allowed = judge(&order.payment, account, capabilities, &all_that_is_left, engine.now()).is_ok();
    Ok((allowed, capabilities.several && capabilities.partial))
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
