//! What was committed, perhaps, without our hearing of it.
//!
//! When the answer to the commit of a new refund is lost, the caller is told to repeat, and nobody here sends: the refund,
//! if it is there, would lie leased to this process until the lease is over, and then be looked up at a PSP that never
//! heard of it. But this process knows that it did not send. Once it finds the refund it says so, and the refund goes
//! back to its queue.

use std::time::Duration;

use redress_core::id::{MerchantId, RefundId};
use redress_core::outcome::Outcome;
use redress_core::refund::Refund;
use redress_core::settle::{Via, Word};
use redress_core::state::RefundState;
use redress_core::time::Timestamp;
use redress_store::Engine as Database;
use redress_store::ops::refunds::{LoadRefund, RefundBy};

use crate::engine::Engine;

/// After the first look for a refund whose commit is in doubt; the pauses double.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause: after an outage there is one such search for every caller that was told to repeat.
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(4);

impl Engine {
    /// Looks for a refund whose commit was asked for at `asked_at` and not answered, and takes back its right to be
    /// sent, which nobody used.
    pub(crate) fn spawn_take_back(&self, merchant: MerchantId, refund: RefundId, asked_at: Timestamp) {
        let engine = self.clone();
        let task = async move { engine.take_back(merchant, refund, asked_at).await };
        self.parts.world.spawner.spawn("take_back_refund", Box::pin(task));
    }

    async fn take_back(&self, merchant: MerchantId, id: RefundId, asked_at: Timestamp) {
        // The server may still be at it, so that it is not there yet; past its lease others look after it.
        let until = asked_at.plus(self.parts.config.timing.lease);
        let mut pause = LOOK_PAUSE;
        while self.now() < until {
            let by = RefundBy::Id(id);
            match self.parts.store.read(LoadRefund { merchant, by }).await {
                Ok(Some((refund, _))) => {
                    if self.never_sent(&refund, asked_at) {
                        let reason = "the answer to its commit was lost, and it was not sent".to_owned();
                        let record = format!("not sent: {reason}");
                        let outcome = Outcome::NotSent { reason };
                        let send = refund.evidence.send_number();
                        let word = Word {
                            outcome,
                            via: Via::Submit,
                            started_at: asked_at,
                            send,
                            superseded_by: &[],
                        };
                        // What goes wrong was logged there, and the lease ends by itself.
                        let _ = self.settle(&refund, word, record).await;
                    }
                    return;
                }
                // SQLite is at nothing any more once its commit has failed: what is not there now does not come, unless a
                // crash brings it back, and then the next start looks after it. A search that goes on would only hold up an
                // orderly end, and there is one for every caller while a disk is full.
                Ok(None) if self.parts.store.engine() == Database::Sqlite => return,
                Ok(None) => {}
                Err(error) => {
                    tracing::info!(refund = %id, %error, "it is unknown yet whether a refund was kept");
                }
            }
            self.parts.world.clock.sleep(pause).await;
            pause = (pause * 2).min(LOOK_PAUSE_MAX);
        }
    }

    /// True while the only right to send it is the one that was given in that commit: a later one may be in use.
    fn never_sent(&self, refund: &Refund, asked_at: Timestamp) -> bool {
        let evidence = &refund.evidence;
        matches!(&refund.state, RefundState::Submitting(lease) if lease.owner == self.parts.process)
            && evidence.sends == 1
            && evidence.last_sent_at == Some(asked_at)
    }
}
