//! A PSP does the refund, and its answer is lost: nobody knows at first. Redress asks, and does nothing twice.

use super::portone::body;
use super::sgate::{Refund, first_refund_id};
use super::{Guide, Told, check};
use crate::demo::payments::{Kind, Payment};

/// The sandbox does it and never answers.
const LOST_ANSWER: &str = "timeout_after_effect";

impl Guide {
    /// Has the next submit's answer lost, unless the refund was made already: then a script would wait for a submit that
    /// never comes.
    async fn lose_the_answer(&self, payment: &Payment) -> Result<(), String> {
        if self.portone_list(payment).await?.refunds.is_empty() {
            self.control.script(payment.psp, &payment.psp_payment_id, &[LOST_ANSWER]).await?;
        }
        Ok(())
    }

    /// What a kill left of the script goes.
    async fn end_script(&self, payment: &Payment) -> Result<(), String> {
        self.control.script(payment.psp, &payment.psp_payment_id, &[]).await
    }
}

pub(super) async fn momo(guide: &Guide) -> Told {
    let payment = guide.payment(Kind::MomoVnd, 1)?;
    guide.lose_the_answer(payment).await?;
    let body = body(payment, "full", payment.captured)?;
    let listed = guide.portone_succeeds(payment, &body, "momo-timeout").await?;
    guide.end_script(payment).await?;
    check(listed.refunds.len() == 1, || format!("{} refunds are listed", listed.refunds.len()))?;
    let effect = guide.one_effect(payment, payment.captured.minor()).await?;
    Ok(format!(
        "{}, asked for by our own id: SUCCESS, one effect, transId {}",
        payment.captured, effect.refund
    ))
}

pub(super) async fn tap(guide: &Guide) -> Told {
    let payment = guide.payment(Kind::TapKwd, 0)?;
    guide.lose_the_answer(payment).await?;
    guide.sgate_create(payment, payment.captured, "tap-timeout").await?.success::<Refund>()?;
    let id = first_refund_id(payment);
    let refund = guide
        .wait_for(async || {
            let refund = guide.sgate_refund(&id).await?;
            check(refund.status != "fail", || "the refund has failed".to_owned())?;
            Ok((refund.status == "success").then_some(refund))
        })
        .await?;
    guide.end_script(payment).await?;
    let effect = guide.one_effect(payment, payment.captured.minor()).await?;
    Ok(format!("{}, found in its list: {}, one effect, {}", payment.captured, refund.status, effect.refund))
}
