//! The use case "make a refund": accept it, send it at once where a permit is free, and wait for its first word.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redress_core::event::EventKind;
use redress_core::id::{KeyId, MerchantId, RefundId};
use redress_core::payment::Payment;
use redress_core::policy::{Ask, AskedAmount, Refusal};
use redress_core::refund::Refund;
use redress_core::state::StateName;
use redress_store::StoreError;
pub use redress_store::ops::accept::Reused;
use redress_store::ops::accept::{Accept, Accepted, Dedupe, KEY_KEPT_MEANWHILE, SendPermit, SendPermits};
use redress_store::ops::refunds::{LoadRefund, RefundBy};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::exchange::Sending;
use crate::request_hash::hash;

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
    /// The merchant's own id of the refund; a repeat is recognised by it too, in the asked environment: it must have the
    /// order and the amount in common, the reason does not count.
    pub merchant_refund_id: Option<String>,
    /// The merchant's own data: a JSON object of texts.
    pub metadata: Option<String>,
    /// Whoever asks: what the refund's timeline tells of. A repeat may come from another.
    pub asked_by: AskedBy,
    /// A key of the request, by which a repeat is recognised: it must have all of the request in common.
    pub idempotency_key: Option<String>,
}

/// Who asks for a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskedBy {
    /// A program, by its key of this face or that.
    Key(KeyId),
    /// A person at the portal, by the address that they sign in with.
    Person(String),
}

impl From<KeyId> for AskedBy {
    fn from(key: KeyId) -> Self {
        Self::Key(key)
    }
}

impl fmt::Display for AskedBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => key.fmt(formatter),
            Self::Person(email) => formatter.write_str(email),
        }
    }
}

/// What became of a request.
#[derive(Debug)]
pub enum Made {
    /// A new refund.
    New(Box<Refund>, Box<Payment>),
    /// The request was made before; this is its refund as it is now.
    Repeat(Box<Refund>, Box<Payment>),
    /// One of its keys was used for another request.
    KeyReused(Reused),
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
    /// [`EngineError`]; then the caller should repeat the request with the same key, and without one look first where
    /// [`EngineError::is_in_doubt`] says so: a repeat may be a second refund.
    pub async fn make_refund(&self, request: RefundRequest) -> Result<Made, EngineError> {
        let engine = self.clone();
        self.to_its_end("accept_refund", async move { engine.accept(request).await }).await
    }

    async fn accept(&self, request: RefundRequest) -> Result<Made, EngineError> {
        let parts = &self.parts;
        let now = self.now();
        let announce = self.announces(&request).await?;
        let (merchant, id) = (request.merchant, RefundId::new(now, parts.world.random.bytes10()));
        let accept = Accept {
            named: request.named(),
            keyed: request.keyed(),
            merchant: request.merchant,
            order_ref: request.order_ref,
            ask: request.ask,
            reason: request.reason,
            description: request.description,
            merchant_refund_id: request.merchant_refund_id,
            metadata: request.metadata,
            asked_by: request.asked_by.to_string(),
            refund: id,
            process: parts.process,
            timing: parts.config.timing,
            capabilities: Arc::clone(&parts.capabilities),
            permits: Arc::clone(&parts.permits) as Arc<dyn SendPermits>,
            announce,
            now,
        };
        let accepted = match self.judged(accept).await {
            Err(error @ StoreError::Unavailable { maybe_committed: true, .. }) => {
                let kept = self.take_back_new(merchant, id, now).await;
                let (refund, payment) = kept.ok_or(error)?;
                let (refund, payment) = (Box::new(refund), Box::new(payment));
                Accepted::New { refund, payment, permit: None, waits: false }
            }
            heard => heard?,
        };
        Ok(match accepted {
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
            Accepted::KeyReused(what) => Made::KeyReused(what),
            Accepted::NoPayment => Made::NoPayment,
            Accepted::Refused { refusal, payment } => Made::Refused(refusal, payment),
        })
    }

    async fn judged(&self, accept: Accept) -> Result<Accepted, StoreError> {
        let store = &self.parts.store;
        // No other request can come upon that conflict.
        let again = (accept.named.is_some() && accept.keyed.is_some()).then(|| accept.clone());
        let answer = store.run(accept).await;
        let is_late = answer.as_ref().is_err_and(|error| error.is_conflict_with(KEY_KEPT_MEANWHILE));
        match again {
            // Another process kept the key for another refund meanwhile; the next run sees that and judges anew.
            Some(accept) if is_late => store.run(accept).await,
            _ => answer,
        }
    }

    /// Waits until the PSP has said a word about a refund, or the time is up, or at once where too many wait, and answers how
    /// it stands then.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn wait_for_word(&self, refund: &Refund, limit: Duration) -> Result<Refund, EngineError> {
        let whose = Some(refund.merchant);
        self.wait_until(refund, limit, has_word, std::future::pending::<()>(), whose).await
    }

    /// Waits until a refund has ended, or the time is up, or [`Engine::end_waits`] was called, or at once where too many wait,
    /// and answers how it stands then.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn wait_for_end(&self, refund: &Refund, limit: Duration) -> Result<Refund, EngineError> {
        let has_ended = |refund: &Refund| refund.state.name().is_final();
        self.wait_until(refund, limit, has_ended, self.parts.waits.ended(), Some(refund.merchant)).await
    }

    /// Waits until anything of a refund is another than the caller has seen, or the time is up, or [`Engine::end_waits`] was
    /// called, or at once where too many wait, and answers how it stands then.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn wait_for_move(&self, seen: &Refund, limit: Duration) -> Result<Refund, EngineError> {
        let shown = seen.updated_at;
        let has_moved = move |refund: &Refund| refund.updated_at != shown;
        self.wait_until(seen, limit, has_moved, self.parts.waits.ended(), Some(seen.merchant)).await
    }

    async fn wait_until(
        &self,
        refund: &Refund,
        limit: Duration,
        is_reached: impl Fn(&Refund) -> bool,
        is_over: impl Future<Output = ()>,
        counted_for: Option<MerchantId>,
    ) -> Result<Refund, EngineError> {
        let clock = &self.parts.world.clock;
        // Slept and not looked up: the time that a clock shows may be set back, and the caller would wait until it is over.
        let time_is_up = clock.sleep(limit);
        tokio::pin!(is_over, time_is_up);
        let (mut over, mut place) = (limit.is_zero(), None);
        let watch = self.parts.watches.watch(refund.id);
        loop {
            let moved = watch.next_move();
            let by = RefundBy::Id(refund.id);
            let found = self.parts.store.read(LoadRefund { merchant: refund.merchant, by }).await?;
            let (now_stands, _) =
                found.ok_or_else(|| EngineError::Broken("an accepted refund is gone".into()))?;
            if is_reached(&now_stands) || over {
                return Ok(now_stands);
            }
            // Only now: whoever is answered at once takes nobody's place.
            place = place.or_else(|| self.parts.wait_places.take(counted_for));
            if place.is_none() {
                return Ok(now_stands);
            }
            tokio::select! {
                biased;
                () = &mut time_is_up => over = true,
                () = &mut is_over => over = true,
                () = moved => {}
                // Another process may settle it: look again now and then even if nobody here moves it.
                () = clock.sleep(self.parts.config.poll) => {}
            }
        }
    }

    async fn announces(&self, request: &RefundRequest) -> Result<bool, EngineError> {
        Ok(self.parts.directory.wants(request.merchant, EventKind::Created).await?)
    }

    fn send_now(&self, refund: &Refund, payment: &Payment, permit: Box<dyn SendPermit>) {
        self.spawn_send(Sending {
            refund: refund.clone(),
            holder: self.parts.process,
            psp_payment_id: payment.psp_payment_id.clone(),
            permit,
        });
    }
}

fn has_word(refund: &Refund) -> bool {
    let state = refund.state.name();
    state.is_final() || state == StateName::Pending
}

impl RefundRequest {
    fn named(&self) -> Option<Dedupe> {
        let id = self.merchant_refund_id.as_ref()?;
        let environment = self.ask.environment.map_or("", |environment| environment.as_str());
        Some(Dedupe {
            key: named_key(self.merchant, environment, id),
            request_hash: hash(&[self.order_ref.as_bytes(), self.asked().as_bytes()]),
        })
    }

    fn keyed(&self) -> Option<Dedupe> {
        let key = self.idempotency_key.as_ref()?;
        let environment = self.ask.environment.map_or("", |environment| environment.as_str());
        let asked = self.asked();
        let mut parts = vec![
            self.order_ref.as_bytes(),
            asked.as_bytes(),
            environment.as_bytes(),
            self.ask.channel.as_deref().unwrap_or_default().as_bytes(),
            self.reason.as_bytes(),
            self.description.as_deref().unwrap_or_default().as_bytes(),
        ];
        // What not every face has, each under its name.
        let currency = self.ask.currency.map(|currency| currency.code().to_owned());
        let expected = self.ask.expected_refundable.map(|minor| minor.to_string());
        for (name, value) in [
            ("currency", &currency),
            ("expected_refundable", &expected),
            ("merchant_refund_id", &self.merchant_refund_id),
            ("metadata", &self.metadata),
        ] {
            if let Some(value) = value {
                parts.extend([name.as_bytes(), value.as_bytes()]);
            }
        }
        Some(Dedupe { key: request_key(self.merchant, key), request_hash: hash(&parts) })
    }

    fn asked(&self) -> String {
        match self.ask.amount {
            AskedAmount::Remainder => "full".to_owned(),
            AskedAmount::Exactly(sum) => sum.to_string(),
            AskedAmount::Minor(minor) => format!("{minor} minor"),
        }
    }
}

/// By this a refund is found that the merchant named; the environment is empty where the face has none.
pub(crate) fn named_key(merchant: MerchantId, environment: &str, id: &str) -> [u8; 16] {
    hash(&[b"merchant_refund_id", merchant.as_bytes(), environment.as_bytes(), id.as_bytes()])
}

/// By this a refund is found whose request had this idempotency key, where the merchant did not name it.
pub(crate) fn request_key(merchant: MerchantId, key: &str) -> [u8; 16] {
    hash(&[b"idempotency_key", merchant.as_bytes(), key.as_bytes()])
}
