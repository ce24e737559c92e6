//! The use case "make a refund": accept it, send it at once where a permit is free, and wait for its first word.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use redress_core::event::EventKind;
use redress_core::id::{MerchantId, RefundId};
use redress_core::payment::Payment;
use redress_core::policy::{Ask, AskedAmount, Refusal};
use redress_core::refund::Refund;
use redress_core::state::StateName;
use redress_store::StoreError;
use redress_store::ops::accept::{Accept, Accepted, Dedupe, SendPermit, SendPermits};
use redress_store::ops::refunds::{LoadRefund, RefundBy};
use sha2::{Digest, Sha256};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::exchange::Sending;
use crate::world::Spawner;

/// A request for a refund, as every face translates it.
#[derive(Clone, Debug)]
pub struct RefundRequest {
    /// The caller's merchant.
    pub merchant: MerchantId,
    /// The payment's reference.
    pub order_ref: String,
    /// What is asked.
    pub ask: Ask,
    /// The merchant's reason; may be empty.
    pub reason: String,
    /// The merchant's description.
    pub description: Option<String>,
    /// The merchant's own id of the refund.
    pub merchant_refund_id: Option<String>,
    /// The merchant's own data: a JSON object of texts.
    pub metadata: Option<String>,
    /// What makes a repeat recognisable, where the caller gave anything.
    pub repeat: Option<Repeatable>,
}

/// By what a repeat of a request is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeatable {
    /// By a key of the request; a repeat must have all of the request in common.
    IdempotencyKey(String),
    /// By the merchant's own id of the refund, in the asked environment; a repeat must have the order and the amount in
    /// common, the reason does not count.
    MerchantRefundId(String),
}

/// What became of a request.
#[derive(Debug)]
pub enum Made {
    /// A new refund.
    New(Box<Refund>, Box<Payment>),
    /// The request was made before; this is its refund as it is now.
    Repeat(Box<Refund>, Box<Payment>),
    /// The key was used for another request.
    KeyReused,
    /// The merchant has no such payment.
    NoPayment,
    /// The refund may not be made.
    Refused(Refusal, Box<Payment>),
}

impl Engine {
    /// Makes a refund. When this answers [`Made::New`], the refund is on disk, and everything else follows by itself,
    /// whether the caller stays or not.
    ///
    /// # Errors
    /// [`EngineError`]; then the caller should repeat the request with the same key.
    pub async fn make_refund(&self, request: RefundRequest) -> Result<Made, EngineError> {
        let engine = self.clone();
        let rest = Some(Box::pin(async move { engine.accept(request).await }) as BoxFuture<'static, _>);
        ToItsEnd { rest, spawner: Arc::clone(&self.parts.world.spawner) }.await
    }

    async fn accept(&self, request: RefundRequest) -> Result<Made, EngineError> {
        let parts = &self.parts;
        let now = self.now();
        let announce = self.announces(&request).await?;
        let (merchant, id) = (request.merchant, RefundId::new(now, parts.world.random.bytes10()));
        let accept = Accept {
            dedupe: request.dedupe(),
            merchant: request.merchant,
            order_ref: request.order_ref,
            ask: request.ask,
            reason: request.reason,
            description: request.description,
            merchant_refund_id: request.merchant_refund_id,
            metadata: request.metadata,
            refund: id,
            process: parts.process,
            timing: parts.config.timing,
            capabilities: Arc::clone(&parts.capabilities),
            permits: Arc::clone(&parts.permits) as Arc<dyn SendPermits>,
            announce,
            now,
        };
        let accepted = parts.store.run(accept).await;
        if let Err(StoreError::Unavailable { maybe_committed: true, .. }) = &accepted {
            self.spawn_take_back(merchant, id, now);
        }
        Ok(match accepted? {
            Accepted::New { refund, payment, permit, waits } => {
                metrics::counter!("redress_refunds_accepted_total").increment(1);
                tracing::Span::current().record("refund", tracing::field::display(refund.id));
                // Only where there is something to do: each look at what is due costs several reads.
                if announce {
                    parts.deliveries_due.notify_one();
                }
                match permit {
                    Some(permit) => self.send_now(&refund, &payment, permit),
                    None if waits => {}
                    None => parts.refunds_due.notify_one(),
                }
                Made::New(refund, payment)
            }
            Accepted::Repeat { refund, payment } => {
                tracing::Span::current().record("refund", tracing::field::display(refund.id));
                Made::Repeat(refund, payment)
            }
            Accepted::KeyReused => Made::KeyReused,
            Accepted::NoPayment => Made::NoPayment,
            Accepted::Refused { refusal, payment } => Made::Refused(refusal, payment),
        })
    }

    /// Waits until the PSP has said a word about a refund, or the time is up, and answers how it stands then.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn wait_for_word(&self, refund: &Refund, limit: Duration) -> Result<Refund, EngineError> {
        let watch = self.parts.watches.watch(refund.id);
        let clock = &self.parts.world.clock;
        let deadline = self.now().plus(limit);
        loop {
            let moved = watch.next_move();
            let by = RefundBy::Id(refund.id);
            let found = self.parts.store.read(LoadRefund { merchant: refund.merchant, by }).await?;
            let (now_stands, _) =
                found.ok_or_else(|| EngineError::Broken("an accepted refund is gone".into()))?;
            let left = deadline.since(self.now());
            if has_word(&now_stands) || left.is_zero() {
                return Ok(now_stands);
            }
            // Another process may settle it: look again now and then even if nobody here moves it.
            let pause = left.min(self.parts.config.poll);
            tokio::select! {
                biased;
                () = moved => {}
                () = clock.sleep(pause) => {}
            }
        }
    }

    async fn announces(&self, request: &RefundRequest) -> Result<bool, EngineError> {
        Ok(self.parts.directory.wants(request.merchant, EventKind::Created).await?)
    }

    fn send_now(&self, refund: &Refund, payment: &Payment, permit: Box<dyn SendPermit>) {
        self.spawn_send(Sending {
            refund: refund.clone(),
            psp_payment_id: payment.psp_payment_id.clone(),
            permit,
        });
    }
}

/// Work that goes on without whoever asked for it: what is left when it is dropped runs on in a task of the engine's.
///
/// A caller that hangs up drops its request. Between the commit of a refund and its sending that would leave one
/// behind that is leased to this process and that nobody sends.
struct ToItsEnd<T: Send + 'static> {
    rest: Option<BoxFuture<'static, T>>,
    spawner: Arc<dyn Spawner>,
}

impl<T: Send> Future for ToItsEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        // Taken out, so that nothing is left of work that panicked.
        let mut rest = self.rest.take().expect("nobody polls a future that has ended");
        let polled = rest.as_mut().poll(context);
        if polled.is_pending() {
            self.rest = Some(rest);
        }
        polled
    }
}

impl<T: Send> Drop for ToItsEnd<T> {
    fn drop(&mut self) {
        if let Some(rest) = self.rest.take() {
            self.spawner.spawn("accept_refund", Box::pin(async move { drop(rest.await) }));
        }
    }
}

fn has_word(refund: &Refund) -> bool {
    let state = refund.state.name();
    state.is_final() || state == StateName::Pending
}

impl RefundRequest {
    fn dedupe(&self) -> Option<Dedupe> {
        let asked = match self.ask.amount {
            AskedAmount::Remainder => "full".to_owned(),
            AskedAmount::Exactly(sum) => sum.to_string(),
            AskedAmount::Minor(minor) => format!("{minor} minor"),
        };
        let environment = self.ask.environment.map_or("", |environment| environment.as_str());
        let merchant = &self.merchant.as_bytes()[..];
        Some(match self.repeat.as_ref()? {
            Repeatable::IdempotencyKey(key) => Dedupe {
                key: hash(&[b"idempotency_key", merchant, key.as_bytes()]),
                request_hash: hash(&[
                    self.order_ref.as_bytes(),
                    asked.as_bytes(),
                    environment.as_bytes(),
                    self.ask.channel.as_deref().unwrap_or_default().as_bytes(),
                    self.reason.as_bytes(),
                    self.description.as_deref().unwrap_or_default().as_bytes(),
                ]),
            },
            Repeatable::MerchantRefundId(id) => Dedupe {
                key: hash(&[b"merchant_refund_id", merchant, environment.as_bytes(), id.as_bytes()]),
                request_hash: hash(&[self.order_ref.as_bytes(), asked.as_bytes()]),
            },
        })
    }
}

/// 16 bytes of SHA-256 over the parts, each with its length before it so that no two lists run together.
fn hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let mut out = [0; 16];
    out.copy_from_slice(&hash.finalize()[..16]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::world;
    use futures_util::FutureExt;
    use redress_core::time::Timestamp;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn what_a_caller_leaves_is_finished_without_it() {
        let (world, _, spawner) = world(Timestamp::from_micros(0), 1);
        let (go_on, held) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let work = async move {
            held.await.unwrap();
            done.send("done").unwrap();
        };
        let mut asked = ToItsEnd { rest: Some(Box::pin(work)), spawner: world.spawner };
        assert!((&mut asked).now_or_never().is_none());
        assert_eq!(spawner.running(), 0, "whoever stays does the work itself");
        drop(asked);
        go_on.send(()).unwrap();
        spawner.wait_idle().await;
        assert_eq!(is_done.await, Ok("done"));
    }

    #[tokio::test]
    async fn what_is_done_is_not_done_again() {
        let (world, _, spawner) = world(Timestamp::from_micros(0), 1);
        let asked = ToItsEnd { rest: Some(Box::pin(async { 7 })), spawner: world.spawner };
        assert_eq!(asked.await, 7);
        assert_eq!(spawner.running(), 0);
    }
}
