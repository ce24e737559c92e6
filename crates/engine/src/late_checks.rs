//! The loop that asks PSPs about refunds that are over. Of one that a person called failed the sum was released on that word; where
//! the PSP says otherwise, a person must know before it is given back a second time, and not every PSP tells by itself.

use redress_core::next_step::can_be_asked;
use redress_core::refund::Refund;
use redress_core::settle::{Via, Word, ends_late_checks};
use redress_store::StoreError;
use redress_store::ops::accounts::FindAccount;
use redress_store::ops::late_checks::{
    AccountsWithLateChecks, DueLateChecks, EndLateCheck, LateCheck, TakeLateCheck,
};
use sha2::{Digest, Sha256};
use tracing::Instrument;

use crate::engine::Engine;
use crate::exchange::{By, exchange_span, mark_of_parts};
use crate::permits::{Permit, QUERIES_IN_FLIGHT_MAX, Use};

impl Engine {
    /// Asks about what is due, until `stop` resolves. What is under way then goes on in its own tasks.
    pub async fn work_late_checks(&self, stop: impl Future<Output = ()>) {
        let what = "refunds that are over";
        self.repeat(what, &self.parts.late_checks_due, || self.work_late_checks_once(), stop).await;
    }

    /// Asks once about all that is due. True when going again at once may find more.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be asked; what was taken until then is under way.
    pub async fn work_late_checks_once(&self) -> Result<bool, StoreError> {
        let mut again = false;
        for account in self.parts.store.read(AccountsWithLateChecks { now: self.now() }).await? {
            let mut room = self.parts.permits.take(account, Use::Query, QUERIES_IN_FLIGHT_MAX);
            // Where there is none it stays due.
            if room.is_empty() {
                continue;
            }
            let limit = u32::try_from(room.len()).unwrap_or(0);
            let due = DueLateChecks { account, now: self.now(), limit };
            for (merchant, refund) in self.parts.store.read(due).await? {
                let seed = self.parts.world.random.u64();
                let take = TakeLateCheck { merchant, refund, now: self.now(), seed };
                let Some(check) = self.parts.store.run(take).await? else { continue };
                // As many are read as there is room for.
                let Some(permit) = room.pop() else { break };
                again = true;
                let span = exchange_span(&check.refund, Via::Query);
                let engine = self.clone();
                let task = async move { engine.check_late(check, permit).await }.instrument(span);
                self.parts.world.spawner.spawn("check_late", Box::pin(task));
            }
        }
        Ok(again)
    }

    async fn check_late(&self, check: LateCheck, permit: Permit) {
        let (merchant, refund) = (check.refund.merchant, check.refund.id);
        if self.ask_late(check).await
            && let Err(error) = self.parts.store.run(EndLateCheck { merchant, refund }).await
        {
            // It is asked again at its pace, and then ends.
            tracing::warn!(%refund, %error, "a refund that is over will be asked about once more");
        }
        self.give_back(permit);
    }

    /// Asks, and has the answer judged. True where nothing more is to be asked.
    async fn ask_late(&self, check: LateCheck) -> bool {
        let LateCheck { refund, psp_payment_id } = check;
        match self.can_be_asked_about(&refund).await {
            Ok(true) => {}
            Ok(false) => return true,
            Err(_) => return false,
        }
        let started_at = self.now();
        let asked = self.look_up(&refund, psp_payment_id, refund.psp_refund_id.clone(), By::Recipe).await;
        let Ok(exchange) = asked else { return false };
        let is_over = ends_late_checks(&exchange.outcome);
        // An answer counts once: a PSP that says "pending" for weeks would else open a case anew after each that was closed.
        let (said, id) = (exchange.outcome.as_str(), exchange.outcome.psp_refund_id().unwrap_or_default());
        let mark = mark_of_parts(Sha256::new_with_prefix("of what is over"), [said, id, ""]);
        let word =
            Word { outcome: exchange.outcome, via: Via::Query, started_at, send: 0, superseded_by: &[] };
        self.settle_once(&refund, mark, word, exchange.record).await.is_ok() && is_over
    }

    /// Whether the PSP answers look-ups by what is known of the refund.
    pub(crate) async fn can_be_asked_about(&self, refund: &Refund) -> Result<bool, StoreError> {
        let account = self.parts.store.read(FindAccount(refund.account)).await?;
        let connector = account.and_then(|account| (self.parts.connectors)(&account.psp));
        // What this program does not know another one may: the question is not struck out.
        Ok(connector.is_none_or(|connector| can_be_asked(refund, connector.recipe())))
    }
}
