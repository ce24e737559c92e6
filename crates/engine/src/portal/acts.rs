//! What people do about refunds, cases and notifications, each with an entry in the trail that says what came of it.
//!
//! The entry is written after the deed, in work that goes on where the browser leaves: who made, withdrew or closed
//! something stands in its own row besides, written with it, so that a process which dies between the two hides nobody.

use redress_core::audit::Deed;
use redress_core::audit_detail as detail;
use redress_core::environment::Environment;
use redress_core::id::{CaseId, PaymentId, RefundId};
use redress_core::money::Amount;
use redress_core::payment::Payment;

use super::{Origin, SignedIn};
use crate::accept::{Made, RefundRequest};
use crate::admin::AdminError;
use crate::admin::cases::Blocked;
use crate::admin::disputes::Sayer;
use crate::admin::refunds::Verdict;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::notify::history::DeliveryId;

/// What is to be noted: the deed, the name of what it was done to, and more about it.
type Noted = (Deed, String, Option<String>);

impl Engine {
    /// A person makes a refund of a payment; `amount` is what was asked for. A repeat and a refusal are noted as such.
    ///
    /// # Errors
    /// As [`Engine::make_refund`].
    pub async fn make_refund_by(
        &self,
        by: (&SignedIn, &Origin),
        payment: &Payment,
        amount: Amount,
        request: RefundRequest,
    ) -> Result<Made, EngineError> {
        let (engine, payment) = (self.clone(), payment.id.to_string());
        let work = async move {
            let made = engine.make_refund(request).await;
            let noted = match &made {
                Ok(Made::New(refund, _)) => {
                    Some((Deed::RefundMade, refund.id.to_string(), Some(refund.amount.to_string())))
                }
                Ok(Made::Repeat(refund, _)) => {
                    Some((Deed::RefundRepeated, refund.id.to_string(), Some(refund.amount.to_string())))
                }
                Ok(Made::KeyReused(_)) => {
                    let why = format!("{amount}: {}", detail::FORM_USED);
                    Some((Deed::RefundRefused, payment, Some(why)))
                }
                Ok(Made::Refused(refusal, _)) => {
                    Some((Deed::RefundRefused, payment, Some(format!("{amount}: {refusal}"))))
                }
                Ok(Made::NoPayment) | Err(_) => None,
            };
            (made, noted)
        };
        self.do_and_note(by, work).await
    }

    /// A person withdraws a refund that was not sent.
    ///
    /// # Errors
    /// As [`Engine::cancel_refund`].
    pub async fn cancel_refund_by(
        &self,
        (who, origin): (&SignedIn, &Origin),
        refund: RefundId,
        reason: String,
    ) -> Result<(), AdminError> {
        let (engine, user) = (self.clone(), who.user.clone());
        let work = async move {
            let withdrawn = engine.withdraw_refund(user.merchant, refund, &user.email, &reason).await;
            let deed = match &withdrawn {
                Ok((_, true)) => Some(Deed::RefundCanceled),
                Ok((_, false)) | Err(AdminError::Conflict(_)) => Some(Deed::RefundCancelInVain),
                Err(_) => None,
            };
            let noted = deed.map(|deed| (deed, refund.to_string(), Some(reason)));
            (withdrawn.map(|_| ()), noted)
        };
        self.do_and_note((who, origin), work).await
    }

    /// A person says how a refund ended.
    ///
    /// # Errors
    /// As [`Engine::close_refund`].
    pub async fn close_refund_by(
        &self,
        (who, origin): (&SignedIn, &Origin),
        refund: RefundId,
        verdict: Verdict,
        reason: String,
    ) -> Result<(), AdminError> {
        let (engine, user) = (self.clone(), who.user.clone());
        let work = async move {
            let closed = engine.close_refund(user.merchant, refund, verdict, &user.email, &reason).await;
            let word = match verdict {
                Verdict::Succeeded => detail::SUCCEEDED,
                Verdict::Failed => detail::FAILED,
            };
            let deed = done_or_in_vain(&closed, Deed::RefundClosed, Deed::RefundCloseInVain);
            let noted = deed.map(|deed| (deed, refund.to_string(), Some(format!("{word}: {reason}"))));
            (closed.map(|_| ()), noted)
        };
        self.do_and_note((who, origin), work).await
    }

    /// A person closes a case.
    ///
    /// # Errors
    /// As [`Engine::close_case`].
    pub async fn close_case_by(
        &self,
        (who, origin): (&SignedIn, &Origin),
        case: CaseId,
        blocked: Blocked,
        reason: String,
    ) -> Result<(), AdminError> {
        let (engine, user) = (self.clone(), who.user.clone());
        let work = async move {
            let closed = engine.close_case(user.merchant, case, &user.email, &reason, blocked).await;
            let word = match (blocked, &closed) {
                // Whatever was decided about it.
                (Blocked::Nothing, _) | (_, Ok(0)) => detail::NOTHING_BLOCKED,
                (Blocked::Released, _) => detail::RELEASED,
                (Blocked::Refunded, _) => detail::REFUNDED,
            };
            let deed = done_or_in_vain(&closed, Deed::CaseClosed, Deed::CaseCloseInVain);
            let noted = deed.map(|deed| (deed, case.to_string(), Some(format!("{word}: {reason}"))));
            (closed.map(|_| ()), noted)
        };
        self.do_and_note((who, origin), work).await
    }

    /// A person says that the customer disputes a payment at the bank, or that this is over. What was so already stays as it is,
    /// and the trail says nothing of it: answers whether anything was changed.
    ///
    /// # Errors
    /// As [`Engine::mark_disputed`].
    pub async fn mark_disputed_by(
        &self,
        (who, origin): (&SignedIn, &Origin),
        (environment, payment): (Environment, PaymentId),
        disputed: bool,
        reason: String,
    ) -> Result<bool, AdminError> {
        let (engine, user) = (self.clone(), who.user.clone());
        let work = async move {
            let by = Sayer { name: user.email, reason: Some(reason.clone()) };
            let marked = engine.change_dispute(user.merchant, environment, payment, disputed, by).await;
            let deed = if disputed { Deed::PaymentDisputed } else { Deed::DisputeReleased };
            let noted = matches!(marked, Ok((_, true))).then(|| (deed, payment.to_string(), Some(reason)));
            (marked.map(|(_, changed)| changed), noted)
        };
        self.do_and_note((who, origin), work).await
    }

    /// A person has the PSP asked about a refund; answers false where nothing is to be asked about, of which the trail says
    /// nothing.
    ///
    /// # Errors
    /// As [`Engine::refresh_refund`].
    pub async fn refresh_refund_by(
        &self,
        (who, origin): (&SignedIn, &Origin),
        refund: RefundId,
    ) -> Result<bool, AdminError> {
        let (engine, merchant) = (self.clone(), who.user.merchant);
        let work = async move {
            let asked = engine.refresh_refund(merchant, refund).await;
            let noted = matches!(asked, Ok(true)).then(|| (Deed::RefundRefreshed, refund.to_string(), None));
            (asked, noted)
        };
        self.do_and_note((who, origin), work).await
    }

    /// A person has a notification sent again; what is refused is not noted.
    ///
    /// # Errors
    /// As [`Engine::resend_delivery`].
    pub async fn resend_delivery_by(
        &self,
        (who, origin): (&SignedIn, &Origin),
        environment: Environment,
        delivery: DeliveryId,
    ) -> Result<(), AdminError> {
        let (engine, merchant) = (self.clone(), who.user.merchant);
        let work = async move {
            let resent = engine.resend_delivery(merchant, environment, delivery).await;
            let noted = resent.is_ok().then(|| (Deed::NotificationResent, delivery.to_string(), None));
            (resent.map(|_| ()), noted)
        };
        self.do_and_note((who, origin), work).await
    }

    /// Does something to its end, and notes what came of it. What was done is answered although the trail lacks its
    /// entry: it would be done again.
    async fn do_and_note<T: Send + 'static>(
        &self,
        (who, origin): (&SignedIn, &Origin),
        work: impl Future<Output = (T, Option<Noted>)> + Send + 'static,
    ) -> T {
        let (engine, who, origin, work) = (self.clone(), who.clone(), origin.clone(), Box::pin(work));
        let all = async move {
            let (done, noted) = work.await;
            if let Some((deed, object, detail)) = noted
                && let Err(error) = engine.note_deed(&who, &origin, deed, Some(object), detail).await
            {
                tracing::warn!(deed = deed.as_str(), %error, "the audit trail lacks an entry");
            }
            done
        };
        self.to_its_end("deed", all).await
    }
}

/// The deed where it was done, or the vain try where somebody or something was faster; nothing where it cannot be known.
fn done_or_in_vain<T>(outcome: &Result<T, AdminError>, done: Deed, in_vain: Deed) -> Option<Deed> {
    match outcome {
        Ok(_) => Some(done),
        Err(AdminError::Conflict(_)) => Some(in_vain),
        Err(_) => None,
    }
}
