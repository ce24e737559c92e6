//! PortOne's guide (<https://docs.portone.cloud/docs/refund>): create, the PSP, the webhook, list; and what is refused.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::backend::Came;
use super::super::client::Answer;
use super::super::kind::Kind;
use super::super::payments::Payment;
use super::{Guide, Told, check};
use redress_core::decimal::Decimal;
use redress_core::money::Amount;

/// What is given back of the first payment, as in the guide's sample.
const PART_VND: i64 = 700_000;

/// The answer to creating and to listing.
#[derive(Deserialize)]
pub(super) struct Refunds {
    #[serde(rename = "amountToRefund")]
    left: Box<RawValue>,
    #[serde(rename = "refundDetails")]
    pub(super) refunds: Vec<Refund>,
}

#[derive(Deserialize)]
pub(super) struct Refund {
    pub(super) refund_id: String,
    pub(super) psp_refund_id: String,
    amount: Box<RawValue>,
    pub(super) refund_status: String,
}

/// The body of a request.
pub(super) fn body(payment: &Payment, kind: &str, amount: Amount) -> Result<Value, String> {
    // Dong have no decimals, so the number is a whole one.
    let text = amount.to_decimal().to_string();
    let number: i64 = text.parse().map_err(|_| format!("{text} is no whole number"))?;
    Ok(json!({
        "amount": number,
        "channel": payment.channel,
        "description": "a refund of the demo",
        "refund_type": kind,
        "refund_reason": "customer request",
        "environment": payment.environment,
    }))
}

impl Guide {
    /// The refunds of a payment, as PortOne's API lists them.
    pub(super) async fn portone_list(&self, payment: &Payment) -> Result<Refunds, String> {
        self.client.portone_refund(&payment.order_ref, None).await?.success()
    }

    /// Makes a refund and waits for its success: the answer may come before that.
    pub(super) async fn portone_succeeds(
        &self,
        payment: &Payment,
        body: &Value,
        step: &str,
    ) -> Result<Refunds, String> {
        let key = self.reference(step);
        self.client.portone_refund(&payment.order_ref, Some((body, &key))).await?.success::<Refunds>()?;
        self.wait_for(async || {
            let listed = self.portone_list(payment).await?;
            let failed = listed.refunds.iter().any(|refund| refund.refund_status == "FAILED");
            check(!failed, || "the refund has failed".to_owned())?;
            let all = !listed.refunds.is_empty()
                && listed.refunds.iter().all(|refund| refund.refund_status == "SUCCESS");
            Ok(all.then_some(listed))
        })
        .await
    }
}

fn part(payment: &Payment) -> Amount {
    Amount::new(PART_VND, payment.captured.currency())
}

/// Exactly one refund, and what is left beside it.
fn only(listed: &Refunds, payment: &Payment, amount: Amount) -> Result<(), String> {
    let minor = |text: &RawValue| {
        Decimal::from_json_number(text.get()).ok().and_then(|number| number.to_minor(amount.currency()).ok())
    };
    let [refund] = listed.refunds.as_slice() else {
        return Err(format!("{} refunds are listed", listed.refunds.len()));
    };
    check(minor(&refund.amount) == Some(amount.minor()), || format!("it lists {}", refund.amount))?;
    let left = payment.captured.minor() - amount.minor();
    check(minor(&listed.left) == Some(left), || format!("{} are left", listed.left))
}

pub(super) async fn create(guide: &Guide) -> Told {
    let payment = guide.payment(Kind::MomoVnd, 0)?;
    let amount = part(payment);
    let body = body(payment, "partial", amount)?;
    let listed = guide.portone_succeeds(payment, &body, "portone-create").await?;
    only(&listed, payment, amount)?;
    Ok(format!(
        "POST /api/refund/{}: {amount} of {}, SUCCESS, {} left",
        payment.order_ref, payment.captured, listed.left
    ))
}

pub(super) async fn at_the_psp(guide: &Guide) -> Told {
    let payment = guide.payment(Kind::MomoVnd, 0)?;
    let effect = guide.one_effect(payment, PART_VND).await?;
    let listed = guide.portone_list(payment).await?;
    let named = listed.refunds.first().is_some_and(|refund| refund.psp_refund_id == effect.refund);
    check(named, || "the listed psp_refund_id is not MoMo's".to_owned())?;
    Ok(format!("one effect in its ledger: transId {}, {}", effect.refund, part(payment)))
}

pub(super) async fn webhook(guide: &Guide) -> Told {
    let payment = guide.payment(Kind::MomoVnd, 0)?;
    let listed = guide.portone_list(payment).await?;
    let id = listed.refunds.into_iter().next().ok_or("no refund is listed")?.refund_id;
    let came = |came, status: &str| {
        guide.backend.has(|one| {
            let of_refund = came == Came::Standard || one.refund_id.as_ref() == Some(&id);
            one.came == came && one.order_ref == payment.order_ref && of_refund && one.status == status
        })
    };
    guide
        .wait_for(async || {
            Ok((came(Came::Portone, "SUCCESS") && came(Came::Standard, "refund.succeeded")).then_some(()))
        })
        .await?;
    Ok(format!("refund {id} is SUCCESS: signature_hash and the Standard Webhooks headers are right"))
}

pub(super) async fn list(guide: &Guide) -> Told {
    let payment = guide.payment(Kind::MomoVnd, 0)?;
    let listed = guide.portone_list(payment).await?;
    only(&listed, payment, part(payment))?;
    Ok(format!("GET /api/refund/{}: 1 refund, amountToRefund {}", payment.order_ref, listed.left))
}

#[derive(Deserialize)]
struct Refused {
    message: String,
    status_code: String,
    status_reason: String,
}

pub(super) async fn too_much(guide: &Guide) -> Told {
    let payment = guide.payment(Kind::MomoVnd, 0)?;
    // More than was captured: refused whatever was given back before.
    let amount = Amount::new(payment.captured.minor() + 1, payment.captured.currency());
    let key = guide.reference("portone-over");
    let body = body(payment, "partial", amount)?;
    let answer: Answer = guide.client.portone_refund(&payment.order_ref, Some((&body, &key))).await?;
    let refused: Refused = answer.json()?;
    check(answer.status == 400 && refused.status_code == "4041", || answer.in_words())?;
    Ok(format!(
        "{amount}: {} {} {}, {}",
        answer.status, refused.status_code, refused.status_reason, refused.message
    ))
}
