//! What was committed, perhaps, without our hearing of it.
//!
//! When the answer to the commit of a new refund is lost, nobody here sends: the refund, if it is there, would lie leased to
//! this process until the lease is over, and then be looked up at a PSP that never heard of it. But this process knows that it
//! did not send. Once it finds the refund it says so, and the refund goes back to its queue. Its caller waits for that a
//! moment: whoever has no key to repeat the request with, and repeats it, asks for another refund. The same holds for what a
//! claim leased: under an id of its own, so that nothing that was heard of is taken for it.

use std::time::Duration;

use redress_core::id::{AccountId, MerchantId, ProcessId, RefundId};
use redress_core::outcome::Outcome;
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::settle::{Via, Word};
use redress_core::state::RefundState;
use redress_core::time::Timestamp;
use redress_store::ops::claim::LeasedBy;
use redress_store::ops::refunds::{LoadRefund, RefundBy};
use redress_store::{Engine as Database, StoreError};
use tokio::sync::oneshot;

use crate::engine::Engine;

/// After the first look for a refund whose commit is in doubt; the pauses double.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// For so long the caller of a new refund waits to hear whether it was kept.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// The longest pause: after an outage there is one such search for every caller whose request was in its commit.
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(4);

/// A new refund that was kept, with its payment.
type Found = (Refund, Payment);

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
    /// sent, which nobody used. Answers the refund where it is found soon; the search goes on otherwise.
    pub(crate) async fn take_back_new(
        &self,
        merchant: MerchantId,
        id: RefundId,
        asked_at: Timestamp,
    ) -> Option<Found> {
        let (engine, (finds, found)) = (self.clone(), oneshot::channel());
        let search = async move { engine.take_back(Sought::New(merchant, id), asked_at, Some(finds)).await };
        self.parts.world.spawner.spawn("take_back_refund", Box::pin(search));
        tokio::select! {
            biased;
            found = found => found.ok(),
            () = self.parts.world.clock.sleep(ANSWER_LIMIT) => None,
        }
    }

    /// The same for all that a claim may have leased as `holder`, which nobody waits for.
    pub(crate) fn spawn_take_back_claimed(&self, account: AccountId, holder: ProcessId, asked_at: Timestamp) {
        let engine = self.clone();
        let search = async move { engine.take_back(Sought::Claimed(account, holder), asked_at, None).await };
        self.parts.world.spawner.spawn("take_back_claimed", Box::pin(search));
    }

    async fn take_back(&self, sought: Sought, asked_at: Timestamp, finds: Option<oneshot::Sender<Found>>) {
        // The server may still be at it, so that it is not there yet; past its lease others look after it.
        let until = asked_at.plus(self.parts.config.timing.lease);
        let mut pause = LOOK_PAUSE;
        while self.now() < until {
            match self.look_for(sought).await {
                // SQLite is at nothing any more once its commit has failed: what is not there now does not come, unless a
                // crash brings it back, and then the next start looks after it. A search that goes on would only hold up an
                // orderly end, and there is one for every caller while a disk is full.
                Ok(found) if found.is_empty() && self.parts.store.engine() == Database::Sqlite => {
                    return;
                }
                Ok(found) if found.is_empty() => {}
                Ok(found) => {
                    if let (Some(finds), [(refund, Some(payment))]) = (finds, &found[..]) {
                        // The caller may have gone.
                        let _ = finds.send((refund.clone(), payment.clone()));
                    }
                    for (refund, _) in &found {
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

    /// A new refund comes with its payment.
    async fn look_for(&self, sought: Sought) -> Result<Vec<(Refund, Option<Payment>)>, StoreError> {
        match sought {
            Sought::New(merchant, id) => {
                let found = self.parts.store.read(LoadRefund { merchant, by: RefundBy::Id(id) }).await?;
                Ok(found.into_iter().map(|(refund, payment)| (refund, Some(payment))).collect())
            }
            Sought::Claimed(account, holder) => {
                let leased = self.parts.store.read(LeasedBy { account, holder }).await?;
                Ok(leased.into_iter().map(|refund| (refund, None)).collect())
            }
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
