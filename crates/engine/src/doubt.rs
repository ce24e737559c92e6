//! What was committed, perhaps, without our hearing of it.
//!
//! When the answer to the commit of a new refund is lost, the caller is told to repeat, and nobody here sends: the refund,
//! if it is there, would lie leased to this process until the lease is over, and then be looked up at a PSP that never
//! heard of it. But this process knows that it did not send. Once it finds the refund it says so, and the refund goes
//! back to its queue. The same holds for what a claim leased: under an id of its own, so that nothing that was heard of is
//! taken for it.

use std::time::Duration;

use redress_core::id::{AccountId, MerchantId, ProcessId, RefundId};
use redress_core::outcome::Outcome;
use redress_core::refund::Refund;
use redress_core::settle::{Via, Word};
use redress_core::state::RefundState;
use redress_core::time::Timestamp;
use redress_store::ops::claim::LeasedBy;
use redress_store::ops::refunds::{LoadRefund, RefundBy};
use redress_store::{Engine as Database, StoreError};

use crate::engine::Engine;

/// After the first look for a refund whose commit is in doubt; the pauses double.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause: after an outage there is one such search for every caller that was told to repeat.
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(4);

/// What may be leased without our having heard of it.
#[derive(Clone, Copy, Debug)]
enum Sought {
    /// A new refund.
    New(MerchantId, RefundId),
    /// What one claim leased.
    Claimed(AccountId, ProcessId),
}

impl Engine {
    /// Looks for a refund whose commit was asked for at `asked_at` and not answered, and takes back its right to be
    /// sent, which nobody used.
    pub(crate) fn spawn_take_back(&self, merchant: MerchantId, refund: RefundId, asked_at: Timestamp) {
        self.spawn_search("take_back_refund", Sought::New(merchant, refund), asked_at);
    }

    /// The same for all that a claim may have leased as `holder`.
    pub(crate) fn spawn_take_back_claimed(&self, account: AccountId, holder: ProcessId, asked_at: Timestamp) {
        self.spawn_search("take_back_claimed", Sought::Claimed(account, holder), asked_at);
    }

    fn spawn_search(&self, name: &'static str, sought: Sought, asked_at: Timestamp) {
        let engine = self.clone();
        let task = async move { engine.take_back(sought, asked_at).await };
        self.parts.world.spawner.spawn(name, Box::pin(task));
    }

    async fn take_back(&self, sought: Sought, asked_at: Timestamp) {
        // The server may still be at it, so that it is not there yet; past its lease others look after it.
        let until = asked_at.plus(self.parts.config.timing.lease);
        let mut pause = LOOK_PAUSE;
        while self.now() < until {
            match self.look_for(sought).await {
                // SQLite is at nothing any more once its commit has failed: what is not there now does not come, unless a
                // crash brings it back, and then the next start looks after it. A search that goes on would only hold up an
                // orderly end, and there is one for every caller while a disk is full.
                Ok(found) if found.is_empty() && self.parts.store.engine() == Database::Sqlite => return,
                Ok(found) if found.is_empty() => {}
                Ok(found) => {
                    for refund in &found {
                        if self.never_sent(refund, sought, asked_at) {
                            self.give_up_right(refund, asked_at).await;
                        }
                    }
                    return;
                }
                Err(error) => {
                    tracing::info!(?sought, %error, "it is unknown yet whether a refund was kept or leased");
                }
            }
            self.parts.world.clock.sleep(pause).await;
            pause = (pause * 2).min(LOOK_PAUSE_MAX);
        }
    }

    async fn look_for(&self, sought: Sought) -> Result<Vec<Refund>, StoreError> {
        match sought {
            Sought::New(merchant, id) => {
                let found = self.parts.store.read(LoadRefund { merchant, by: RefundBy::Id(id) }).await?;
                Ok(found.into_iter().map(|(refund, _)| refund).collect())
            }
            Sought::Claimed(account, holder) => self.parts.store.read(LeasedBy { account, holder }).await,
        }
    }

    async fn give_up_right(&self, refund: &Refund, asked_at: Timestamp) {
        let reason = "the answer to its commit was lost, and it was not sent".to_owned();
        let record = format!("not sent: {reason}");
        let outcome = Outcome::NotSent { reason };
        let send = refund.evidence.send_number();
        let word = Word { outcome, via: Via::Submit, started_at: asked_at, send, superseded_by: &[] };
        // What goes wrong was logged there, and the lease ends by itself.
        let _ = self.settle(refund, word, record).await;
    }

    /// True while the only right to send it is the one that was given in that commit: a later one may be in use.
    fn never_sent(&self, refund: &Refund, sought: Sought, asked_at: Timestamp) -> bool {
        let RefundState::Submitting(lease) = &refund.state else { return false };
        let evidence = &refund.evidence;
        match sought {
            Sought::New(..) => {
                lease.owner == self.parts.process
                    && evidence.sends == 1
                    && evidence.last_sent_at == Some(asked_at)
            }
            // Nothing else is ever leased to it. Where it was sent before, that send has its own number.
            Sought::Claimed(_, holder) => lease.owner == holder,
        }
    }
}
