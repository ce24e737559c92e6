//! The loop that claims what is due at the PSP accounts. It decides nothing: core says what to do with each refund.

use redress_core::id::ProcessId;
use redress_core::policy::AccountState;
use redress_store::StoreError;
use redress_store::ops::claim::{Claim, ClaimOutcome, Claimed, DueAccount, DueAccounts, ROWS_MAX, Task};

use crate::engine::Engine;
use crate::exchange::{Asking, Sending, cases_opened};
use crate::permits::{Permit, QUERIES_IN_FLIGHT_MAX, Use};

/// As many cases as a claim may open: one for each row of each state that it looks at.
const CASES_PER_CLAIM_MAX: usize = ROWS_MAX as usize * 4;

impl Engine {
    /// Claims and carries out what is due, until `stop` resolves. What is under way then goes on in its own tasks.
    pub async fn work_refunds(&self, stop: impl Future<Output = ()>) {
        self.repeat("due refunds", &self.parts.refunds_due, || self.work_refunds_once(), stop).await;
    }

    /// Goes once through all accounts with something due. True when going again at once may find more.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be asked; what was claimed until then is under way.
    pub async fn work_refunds_once(&self) -> Result<bool, StoreError> {
        self.parts.directory.refresh().await?;
        let mut again = false;
        for account in self.parts.store.read(DueAccounts { now: self.now() }).await? {
            let (id, psp) = (account.account, account.psp.clone());
            match self.work_account(account).await {
                Ok(more) => again |= more,
                Err(error @ (StoreError::Unavailable { .. } | StoreError::Full)) => return Err(error),
                // What is wrong with one account must not hold up the others.
                Err(error) => tracing::error!(account = %id, psp, %error, "due refunds cannot be claimed"),
            }
        }
        Ok(again)
    }

    async fn work_account(&self, account: DueAccount) -> Result<bool, StoreError> {
        let Some(connector) = (self.parts.connectors)(&account.psp) else {
            tracing::error!(psp = account.psp, "this program has no connector for the PSP");
            return Ok(false);
        };
        let permits = &self.parts.permits;
        let id = account.account;
        let mut sends = match account.state {
            AccountState::Active => permits.take(id, Use::Send(account.max_in_flight), ROWS_MAX),
            AccountState::Paused | AccountState::Revoked => Vec::new(),
        };
        let mut queries = permits.take(id, Use::Query, QUERIES_IN_FLIGHT_MAX);
        let now = self.now();
        let holder = ProcessId::new(now, self.parts.world.random.bytes10());
        let may_send = !sends.is_empty();
        let count = |permits: &[Permit]| u32::try_from(permits.len()).unwrap_or(0);
        let claim = Claim {
            holder,
            sends: count(&sends),
            queries: count(&queries),
            recipe: connector.recipe(),
            window: connector.capabilities().window,
            one_in_flight: connector.capabilities().one_in_flight,
            timing: self.parts.config.timing,
            case_ids: self.case_ids(now, CASES_PER_CLAIM_MAX),
            account,
            now,
        };
        let outcome = self.parts.store.run(claim).await;
        if may_send && let Err(StoreError::Unavailable { maybe_committed: true, .. }) = &outcome {
            self.spawn_take_back_claimed(id, holder, now);
        }
        Ok(self.carry_out(outcome?, holder, &mut sends, &mut queries))
    }

    fn carry_out(
        &self,
        outcome: ClaimOutcome,
        holder: ProcessId,
        sends: &mut Vec<Permit>,
        queries: &mut Vec<Permit>,
    ) -> bool {
        let again = !outcome.changed.is_empty() || !outcome.claimed.is_empty();
        for refund in &outcome.changed {
            self.told(refund, 0);
        }
        if outcome.cases > 0 {
            cases_opened(outcome.cases);
            tracing::warn!(cases = outcome.cases, "a person must look at refunds");
        }
        if again {
            self.parts.deliveries_due.notify_one();
        }
        for Claimed { task, refund, psp_payment_id } in outcome.claimed {
            match task {
                Task::Send => {
                    // One permit a row was taken before the claim.
                    let Some(permit) = sends.pop() else { continue };
                    self.spawn_send(Sending { refund, holder, psp_payment_id, permit: Box::new(permit) });
                }
                Task::Query => {
                    let permit = queries.pop();
                    self.spawn_query(Asking {
                        refund,
                        by_a_told_id: false,
                        psp_payment_id,
                        permit,
                        told: None,
                    });
                }
            }
        }
        again
    }
}
