//! A PSP does the refund, and its answer is lost: nobody knows at first. Redress asks, and does nothing twice.

use super::portone::body;
use super::{Guide, Told, check};
use crate::demo::kind::Kind;
use crate::demo::payments::Payment;

/// The sandbox does it and never answers.
const LOST_ANSWER: &str = "timeout_after_effect";

impl Guide {
    /// What a kill left of the script goes.
    async fn end_script(&self, payment: &Payment) -> Result<(), String> {
        self.control.script(payment.psp, &payment.psp_payment_id, &[]).await
    }
}

pub(super) async fn momo(guide: &Guide) -> Told {
    let payment = guide.payment(Kind::MomoVnd, 1)?;
    // Not where the refund was made already: the script would wait for a submit that never comes.
    if guide.portone_list(payment).await?.refunds.is_empty() {
        guide.control.script(payment.psp, &payment.psp_payment_id, &[LOST_ANSWER]).await?;
    }
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
    let refunded = guide.refunded_by_tap(payment, payment.captured, "tap-timeout", &[LOST_ANSWER]).await?;
    guide.end_script(payment).await?;
    let effect = guide.one_effect(payment, payment.captured.minor()).await?;
    Ok(format!(
        "{}, learned from its notification or its list: {}, one effect, {}{}",
        payment.captured,
        refunded.refund.status,
        effect.refund,
        refunded.closed_in_words()
    ))
}
