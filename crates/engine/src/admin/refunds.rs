//! What a person does about one refund: find it, have it looked up now, or say how it ended.

use redress_core::id::{MerchantId, RefundId};
use redress_core::money::Amount;
use redress_core::next_step::is_heard_of;
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::settle::was_called_failed;
use redress_core::state::RefundState;
use redress_store::ops::accounts::FindAccount;
use redress_store::ops::cancel::{CancelRefund, Canceled};
use redress_store::ops::late_checks::{IsAskedLate, is_asked_once};
use redress_store::ops::refunds::{LoadRefund, RefundBy};
use redress_store::ops::settle::{CloseRefund, Closed, Refresh};

pub use redress_core::settle::Verdict;

use super::fault::FaultCode;
use super::{AdminError, author_of};
use crate::engine::Engine;

impl Engine {
    /// A refund with its payment, whoever's it is: the operator's view.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn any_refund(&self, by: RefundBy) -> Result<(Refund, Payment), AdminError> {
        for merchant in self.list_merchants().await? {
            let by = by.clone();
            if let Some(found) = self.parts.store.read(LoadRefund { merchant: merchant.id, by }).await? {
                return Ok(found);
            }
        }
        Err(AdminError::NotFound("refund"))
    }

    /// Makes a refund due now where it is open, was called failed by a person alone or has an open case, so that the running server
    /// asks the PSP; answers false where nothing is to be asked, the exchange is under way, or the PSP would hear nothing: it
    /// answers no look-ups, and nothing may be sent to it.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store does not answer.
    pub async fn refresh_refund(&self, merchant: MerchantId, refund: RefundId) -> Result<bool, AdminError> {
        let found = self.parts.store.read(LoadRefund { merchant, by: RefundBy::Id(refund) }).await?;
        let Some((found, _)) = found else { return Ok(false) };
        if !self.is_heard_of(&found).await? {
            return Ok(false);
        }
        let due = self.parts.store.run(Refresh { merchant, refund, now: self.now() }).await?;
        self.parts.refunds_due.notify_one();
        self.parts.late_checks_due.notify_one();
        Ok(due)
    }

    /// Whether its PSP hears of a refund that is made due now.
    async fn is_heard_of(&self, refund: &Refund) -> Result<bool, AdminError> {
        let account = self.parts.store.read(FindAccount(refund.account)).await?;
        let Some(account) = account else { return Ok(false) };
        let Some(connector) = (self.parts.connectors)(&account.psp) else { return Ok(false) };
        let timing = &self.parts.config.timing;
        Ok(is_heard_of(refund, connector.recipe(), account.state, timing, self.now()))
    }

    /// Whether a refund's PSP answers look-ups by what is known of it.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store does not answer.
    pub async fn can_be_looked_up(&self, refund: &Refund) -> Result<bool, AdminError> {
        Ok(self.can_be_asked_about(refund).await?)
    }

    /// Whether [`Engine::refresh_refund`] is for a refund as it is now: its PSP would hear of it, and it is open, a person called
    /// it failed and the PSP is still asked about it, or it is over and has an open case, which the caller looks for.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store does not answer.
    pub async fn can_be_refreshed(&self, refund: &Refund, has_open_case: bool) -> Result<bool, AdminError> {
        if !self.is_heard_of(refund).await? {
            return Ok(false);
        }
        let state = refund.state.name();
        if !state.is_final() || is_asked_once(state, has_open_case) {
            return Ok(true);
        }
        let asked = IsAskedLate { merchant: refund.merchant, refund: refund.id };
        Ok(was_called_failed(refund) && self.parts.store.read(asked).await?)
    }

    /// Withdraws a refund that was not sent; one that was withdrawn before is answered as it is.
    ///
    /// # Errors
    /// [`AdminError::Conflict`] when it may have been sent or has ended otherwise.
    pub async fn cancel_refund(
        &self,
        merchant: MerchantId,
        refund: RefundId,
        author: &str,
        reason: &str,
    ) -> Result<Refund, AdminError> {
        Ok(self.withdraw_refund(merchant, refund, author, reason).await?.0)
    }

    /// The same; also answers whether it was withdrawn now, and not before.
    pub(crate) async fn withdraw_refund(
        &self,
        merchant: MerchantId,
        refund: RefundId,
        author: &str,
        reason: &str,
    ) -> Result<(Refund, bool), AdminError> {
        let author = author_of(author, reason)?;
        match self.parts.store.run(CancelRefund { merchant, refund, author, now: self.now() }).await? {
            Canceled::Done(settled) => {
                tracing::info!(refund = %settled.refund.id, "withdrawn");
                self.told(&settled.refund, 0);
                self.parts.deliveries_due.notify_one();
                Ok((settled.refund, true))
            }
            Canceled::TooLate(refund) if refund.state == RefundState::Canceled => Ok((*refund, false)),
            Canceled::TooLate(refund) => Err(AdminError::conflict(FaultCode::Overtaken.told(format!(
                "the refund is {}: only one that was not sent can be withdrawn",
                refund.state.name()
            )))),
            Canceled::NoRefund => Err(AdminError::NotFound("refund")),
        }
    }

    /// A person says how a refund ended of which nobody else knows; the cases about not knowing close with it.
    ///
    /// # Errors
    /// [`AdminError::Conflict`] when its end is known, or an exchange about it is under way.
    pub async fn close_refund(
        &self,
        merchant: MerchantId,
        refund: RefundId,
        verdict: Verdict,
        author: &str,
        reason: &str,
    ) -> Result<Refund, AdminError> {
        let author = author_of(author, reason)?;
        match self.parts.store.run(CloseRefund { merchant, refund, verdict, author, now: self.now() }).await?
        {
            Closed::Done(settled) => {
                tracing::info!(refund = %settled.refund.id, state = %settled.refund.state.name(), "closed by a person");
                self.told(&settled.refund, 0);
                self.parts.deliveries_due.notify_one();
                self.parts.late_checks_due.notify_one();
                Ok(settled.refund)
            }
            Closed::NotOpen(refund) => Err(AdminError::conflict(FaultCode::Overtaken.told(format!(
                "the refund is {}: a person only closes one that is unknown or pending",
                refund.state.name()
            )))),
            Closed::NoRefund => Err(AdminError::NotFound("refund")),
        }
    }
}

/// What a verdict means for the payment, for whoever is about to give it.
pub fn meaning_of(verdict: Verdict, amount: Amount) -> String {
    match verdict {
        Verdict::Succeeded => format!(
            "{amount} count as given back, for ever. If the PSP did not do it, the customer is not paid and nobody \
             looks again."
        ),
        Verdict::Failed => format!(
            "{amount} are released: they can be refunded again. If the PSP did do it, or still does, the customer is \
             paid twice by the next refund."
        ),
    }
}
