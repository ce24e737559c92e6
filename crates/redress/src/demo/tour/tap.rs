//! A refund at Tap, seen to its end, also where a kill cut its request off.
//!
//! Tap has no idempotency and no bound after which a request is dead, so a refund that Tap's list does not show is never
//! sent again: it waits for a person. In the tour the demo is that person. It can look into the sandbox' ledger, sees that
//! nothing was done, closes the refund with a reason, and makes another one.

use redress_core::case::CaseKind;
use redress_core::environment::Environment;
use redress_core::id::{MerchantId, RefundId};
use redress_core::money::Amount;
use redress_engine::admin::refunds::Verdict;
use redress_engine::lookup::RefundBy;

use super::Guide;
use super::sgate::Refund;
use crate::demo::payments::Payment;

/// So many refunds of one step may be cut off.
const TRIES_MAX: u32 = 5;

/// Who closes them, and why.
const AUTHOR: &str = "redress demo";
const REASON: &str = "the demo was killed while it was being sent, and the sandbox' ledger does not have it";

/// A refund that succeeded.
pub(super) struct Refunded {
    pub(super) refund: Refund,
    /// How many before it were cut off and closed.
    pub(super) closed: u32,
}

impl Refunded {
    /// For the end of a step's line.
    pub(super) fn closed_in_words(&self) -> String {
        match self.closed {
            0 => String::new(),
            closed => format!(" (after a kill Tap did not show {closed} before it; a person closed that)"),
        }
    }
}

impl Guide {
    /// Makes the refund of a step and waits for its success. `script` is for the submit of each one that is new.
    pub(super) async fn refunded_by_tap(
        &self,
        payment: &Payment,
        amount: Amount,
        step: &str,
        script: &[&str],
    ) -> Result<Refunded, String> {
        for number in 1..=TRIES_MAX {
            if !script.is_empty() && self.refund_of(payment, number).await?.is_none() {
                self.control.script(payment.psp, &payment.psp_payment_id, script).await?;
            }
            let reference = if number == 1 { step.to_owned() } else { format!("{step}-{number}") };
            let made: Refund = self.sgate_create(payment, amount, &reference).await?.success()?;
            let ended = self
                .wait_for(async || {
                    let now = self.sgate_refund(&made.id).await?;
                    if now.status == "pending" {
                        self.be_the_person(payment, number).await?;
                    }
                    Ok((now.status != "pending").then_some(now))
                })
                .await?;
            if ended.status == "success" {
                return Ok(Refunded { refund: ended, closed: number - 1 });
            }
        }
        Err(format!("{TRIES_MAX} refunds have failed"))
    }

    /// The n-th refund of a payment.
    async fn refund_of(&self, payment: &Payment, number: u32) -> Result<Option<RefundId>, String> {
        let by = RefundBy::Ordinal(payment.order_ref.clone(), number);
        let found = self.engine.refund(self.merchant()?, Some(Environment::Sandbox), by).await;
        Ok(found.map_err(|error| error.to_string())?.map(|(refund, _)| refund.id))
    }

    /// Closes a refund that waits for a person, if Tap has not done it.
    async fn be_the_person(&self, payment: &Payment, number: u32) -> Result<(), String> {
        let merchant = self.merchant()?;
        let Some(refund) = self.refund_of(payment, number).await? else { return Ok(()) };
        let cases = self.engine.open_cases(Some(merchant)).await.map_err(|error| error.to_string())?;
        let waits = cases.iter().any(|case| case.refund == Some(refund) && case.kind == CaseKind::Unresolved);
        if !waits || !self.control.effects(payment.psp, &payment.psp_payment_id).await?.is_empty() {
            return Ok(());
        }
        // A look-up may be under way just now: then the next look closes it.
        let closed = self.engine.close_refund(merchant, refund, Verdict::Failed, AUTHOR, REASON).await;
        closed.map(|_| ()).or_else(|error| match error {
            redress_engine::admin::AdminError::Conflict(_) => Ok(()),
            error => Err(error.to_string()),
        })
    }

    fn merchant(&self) -> Result<MerchantId, String> {
        MerchantId::parse(&self.client.merchant.id).map_err(|error| error.to_string())
    }
}
