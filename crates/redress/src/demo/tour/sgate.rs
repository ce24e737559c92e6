//! SGate's flow (<https://docs.sgate.sa/en/payinApi/refund/refundCreate.html>): create, pending, the callback, query; and
//! what is refused.

use redress_core::money::Amount;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::backend::Came;
use super::super::client::Answer;
use super::super::kind::Kind;
use super::super::payments::Payment;
use super::{Guide, Told, check};

/// The step whose refund the others follow.
const CREATE: &str = "sgate-create";

/// What is given back of the first payment, in halalas.
const PART_MINOR: i64 = 3_550;

/// A refund as both answers show it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) status: String,
    order_id: String,
}

impl Guide {
    /// Makes a refund.
    pub(super) async fn sgate_create(
        &self,
        payment: &Payment,
        amount: Amount,
        step: &str,
    ) -> Result<Answer, String> {
        let body = json!({
            "amount": amount.to_decimal().to_string(),
            "reason": "a refund of the demo",
            "merchantRefundId": self.reference(step),
        });
        let path = format!("/orders/{}/refunds", payment.order_ref);
        self.client.sgate(&path, "order.refund", Some(&body)).await
    }

    /// A refund as it is now.
    pub(super) async fn sgate_refund(&self, id: &str) -> Result<Refund, String> {
        self.client.sgate(&format!("/refunds/{id}"), "refund.detail", None).await?.success()
    }

    /// An order as it is now.
    pub(super) async fn sgate_order(&self, payment: &Payment) -> Result<Value, String> {
        self.client.sgate(&format!("/orders/{}", payment.order_ref), "order.detail", None).await?.success()
    }
}

/// The first refund of an order.
pub(super) fn first_refund_id(payment: &Payment) -> String {
    format!("{}_R1", payment.order_ref)
}

fn part(payment: &Payment) -> Amount {
    Amount::new(PART_MINOR, payment.captured.currency())
}

pub(super) async fn create(guide: &Guide) -> Told {
    let payment = guide.payment(Kind::TapSar, 0)?;
    let amount = part(payment);
    let refund: Refund = guide.sgate_create(payment, amount, CREATE).await?.success()?;
    check(refund.id == first_refund_id(payment) && refund.order_id == payment.order_ref, || {
        format!("the refund {} is another one", refund.id)
    })?;
    // Success where the step was cut off after its refund was made.
    check(matches!(refund.status.as_str(), "pending" | "success"), || format!("it is {}", refund.status))?;
    Ok(format!(
        "POST /orders/{}/refunds: {amount} of {}, {} is {}",
        payment.order_ref, payment.captured, refund.id, refund.status
    ))
}

pub(super) async fn at_the_psp(guide: &Guide) -> Told {
    let payment = guide.payment(Kind::TapSar, 0)?;
    let refunded = guide.refunded_by_tap(payment, part(payment), CREATE, &[]).await?;
    let effect = guide.one_effect(payment, PART_MINOR).await?;
    Ok(format!(
        "PENDING, then REFUNDED: one effect in its ledger, {}, {}{}",
        effect.refund,
        part(payment),
        refunded.closed_in_words()
    ))
}

pub(super) async fn callback(guide: &Guide) -> Told {
    let payment = guide.payment(Kind::TapSar, 0)?;
    let came = || guide.backend.has(|one| one.came == Came::Sgate && one.order_ref == payment.order_ref);
    guide.wait_for(async || Ok(came().then_some(()))).await?;
    Ok(format!("the backend asked for the order and answered COMPLETED::{}", payment.order_ref))
}

pub(super) async fn query(guide: &Guide) -> Told {
    let payment = guide.payment(Kind::TapSar, 0)?;
    let Refund { id, status, .. } = guide.refunded_by_tap(payment, part(payment), CREATE, &[]).await?.refund;
    let order = guide.sgate_order(payment).await?;
    check(order["refundStatus"] == "partial", || format!("refundStatus is {}", order["refundStatus"]))?;
    Ok(format!("GET /refunds/{id}: {status}; the order is refunded in part: {} SAR", order["refundAmount"]))
}

#[derive(Deserialize)]
struct Refused {
    code: String,
    message: String,
    data: Vec<Value>,
}

pub(super) async fn too_much(guide: &Guide) -> Told {
    let payment = guide.payment(Kind::TapSar, 0)?;
    // More than was captured: refused whatever was given back before.
    let amount = Amount::new(payment.captured.minor() + 1, payment.captured.currency());
    let answer = guide.sgate_create(payment, amount, "sgate-over").await?;
    let refused: Refused = answer.json()?;
    check(answer.status == 403 && refused.code == "notAllowed", || answer.in_words())?;
    let why = refused.data.first().and_then(Value::as_str).unwrap_or(&refused.message);
    Ok(format!("{amount}: {} {}, {why}", answer.status, refused.code))
}
