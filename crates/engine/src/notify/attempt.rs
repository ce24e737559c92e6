//! One try to deliver: build, sign, send, judge, record.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use redress_core::event::EventKind;
use redress_core::time::Timestamp;
use redress_psp::transport::{HttpRequest, HttpResponse, TransportError};
use redress_store::StoreError;
use redress_store::ops::credentials::CredentialKind;
use redress_store::ops::deliveries::{
    AfterDelivery, ClaimedDelivery, DeliveryQueue, PutBack, RecordDeliveries, RecordDelivery, Recorded,
};
use redress_store::ops::endpoint_health::EndpointFailure;
use redress_store::ops::endpoints::{Dialect, Endpoint};
use redress_store::ops::merchants::FindMerchant;

use super::keys::{Keys, NoKey, own_address_keys};
use super::message::{Message, NotSendable, Taken, Told};
use super::schedule::{Try, Verdict, what_follows};
use super::slots::Slot;
use super::{portone, sgate, standard};
use crate::engine::Engine;
use crate::exchange::cases_opened;
use crate::signing::standard_webhooks;

/// The longest answer of a merchant that is read, in bytes; a longer one counts as none.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// So much of an answer is recorded, in characters.
const ANSWER_CHARACTERS_MAX: usize = 512;

/// How often the recording of a try is tried. After that the lease ends, and the notification is sent again.
const RECORD_TRIES_MAX: u32 = 20;

/// Between those tries.
const RECORD_PAUSE: Duration = Duration::from_secs(1);

/// What one slot was given of a claim.
pub(super) struct Share {
    pub(super) queue: DeliveryQueue,
    /// `None` exactly for a payment's own address, or where the endpoint is no more.
    pub(super) endpoint: Option<Arc<Endpoint>>,
    pub(super) deliveries: Vec<ClaimedDelivery>,
    /// Nothing may be sent that could end later.
    pub(super) lease_until: Timestamp,
    pub(super) slot: Slot,
}

/// A claimed delivery with all that belongs to it.
struct Delivering {
    queue: DeliveryQueue,
    /// As in [`Share`].
    endpoint: Option<Arc<Endpoint>>,
    delivery: ClaimedDelivery,
    /// As in [`Share`].
    lease_until: Timestamp,
}

/// What came of a try, in words that may be shown to the merchant.
pub(super) struct Tried {
    pub(super) verdict: Verdict,
    pub(super) status: Option<u16>,
    pub(super) answer: String,
}

impl Tried {
    pub(super) fn without_answer(verdict: Verdict, text: impl Into<String>) -> Self {
        Self { verdict, status: None, answer: shown(&text.into()) }
    }

    /// The slot learns from it, which took so long; false when the next delivery must wait.
    pub(super) fn teach(&self, slot: &Slot, took: Duration) -> bool {
        match self.verdict {
            Verdict::Silent => slot.learn(None),
            Verdict::Delivered | Verdict::WrongAnswer => slot.learn(Some(took)),
            Verdict::NotSendable | Verdict::Over => true,
        }
    }
}

/// A try that is not yet on record.
struct ToRecord {
    op: RecordDelivery,
    dialect: Dialect,
    verdict: Verdict,
}

impl Engine {
    /// Makes one try of each delivery, one after the other, and records them together; once the endpoint is not quick, the
    /// others are put back. Where the store fails nothing is recorded, and they are due again when their lease ends.
    pub(super) async fn deliver_share(&self, share: Share) {
        let Share { queue, endpoint, deliveries, lease_until, slot } = share;
        let (mut deliveries, mut tried) = (deliveries.into_iter(), Vec::new());
        for delivery in deliveries.by_ref() {
            let delivering = Delivering { queue, endpoint: endpoint.clone(), delivery, lease_until };
            let started_at = self.now();
            let Some(one) = self.deliver(&delivering, started_at).await else { break };
            let finished_at = self.now();
            let quick = one.teach(&slot, finished_at.since(started_at));
            tried.push(self.to_record(&delivering, one, (started_at, finished_at)));
            if !quick {
                break;
            }
        }
        self.record(tried).await;
        self.put_back(queue, lease_until, deliveries.collect()).await;
    }

    /// Makes one try; `None` where nothing was tried.
    async fn deliver(&self, delivering: &Delivering, now: Timestamp) -> Option<Tried> {
        let (refund, number) = (delivering.delivery.refund.id, delivering.delivery.event.number);
        match self.attempt(delivering, now).await {
            Ok(Some(tried)) => return Some(tried),
            Ok(None) => tracing::warn!(%refund, number, "a notification waited longer than its lease"),
            Err(error) => tracing::warn!(%refund, number, %error, "a notification could not be prepared"),
        }
        None
    }

    /// What was claimed and not tried is due at once. Where the store fails, it is due when its lease ends.
    async fn put_back(&self, queue: DeliveryQueue, lease_until: Timestamp, deliveries: Vec<ClaimedDelivery>) {
        if deliveries.is_empty() {
            return;
        }
        let deliveries = deliveries.iter().map(|one| (one.refund.id, one.event.number)).collect();
        let op = PutBack { queue, lease_until, deliveries, now: self.now() };
        if let Err(error) = self.parts.store.run(op).await {
            tracing::warn!(merchant = %queue.merchant, %error, "claimed notifications wait for the end of their lease");
        }
    }

    /// `None` when it is too late to send.
    async fn attempt(&self, delivering: &Delivering, now: Timestamp) -> Result<Option<Tried>, StoreError> {
        if let Some(why) = over(delivering) {
            return Ok(Some(Tried::without_answer(Verdict::Over, why)));
        }
        let (request, taken) = match self.signed_request(delivering, now).await {
            Ok(prepared) => prepared,
            Err(NoKey::Store(error)) => return Err(error),
            Err(NoKey::NotSendable(why)) => {
                return Ok(Some(Tried::without_answer(Verdict::NotSendable, why.to_string())));
            }
        };
        if self.now().plus(request.timeout) > delivering.lease_until {
            return Ok(None);
        }
        Ok(Some(judged(self.parts.notify_transport.send(request).await, &taken)))
    }

    /// The whole request, with the headers of Standard Webhooks.
    async fn signed_request(
        &self,
        delivering: &Delivering,
        now: Timestamp,
    ) -> Result<(HttpRequest, Taken), NoKey> {
        let told = Told::of(&delivering.delivery);
        let (message, keys) = match delivering.endpoint.as_deref() {
            Some(endpoint) => {
                let message = self.to_endpoint(&told, delivering.delivery.dialect, endpoint, now).await?;
                (message, self.endpoint_keys(endpoint, now)?)
            }
            None => self.to_own_address(delivering, now).await?,
        };
        Ok(self.with_signature(message, &keys, &told.event_id(), now))
    }

    /// With the headers of Standard Webhooks and the limits of a try.
    pub(super) fn with_signature(
        &self,
        message: Message,
        keys: &Keys,
        event_id: &str,
        now: Timestamp,
    ) -> (HttpRequest, Taken) {
        let Message { mut request, taken } = message;
        let Keys { current, previous } = keys;
        let signed = standard_webhooks::headers(event_id, now, &request.body, current, previous.as_ref());
        for (name, value) in signed {
            request = request.header(HeaderName::from_static(name), value);
        }
        request.timeout = self.parts.config.delivery_timeout;
        request.body_bytes_max = ANSWER_BYTES_MAX;
        request.cut_body = true;
        (request, taken)
    }

    /// What an endpoint is told, in a dialect.
    pub(super) async fn to_endpoint(
        &self,
        told: &Told<'_>,
        dialect: Dialect,
        endpoint: &Endpoint,
        now: Timestamp,
    ) -> Result<Message, NoKey> {
        let (merchant, environment) = (endpoint.merchant, endpoint.environment);
        Ok(match dialect {
            Dialect::Standard => standard::message(told, &endpoint.url)?,
            Dialect::Portone => {
                let found = self.parts.store.read(FindMerchant(merchant)).await?;
                let found = found.ok_or_else(|| NotSendable("the merchant is gone".to_owned()))?;
                let kind = CredentialKind::Portone;
                let signer = self.signer(merchant, kind, environment, Some(endpoint)).await?;
                let secret = signer.as_ref().map(|signer| &signer.secret);
                portone::message(told, &endpoint.url, &found.code, secret)?
            }
            Dialect::Sgate => {
                let kind = CredentialKind::Sgate;
                let signer = self.signer(merchant, kind, environment, Some(endpoint)).await?;
                sgate::message(told, &endpoint.url, &signer.ok_or_else(no_sgate_key)?, now)?
            }
        })
    }

    /// To the payment's own address: always in SGate's dialect, and the SGate secret signs in both ways.
    async fn to_own_address(
        &self,
        delivering: &Delivering,
        now: Timestamp,
    ) -> Result<(Message, Keys), NoKey> {
        let told = Told::of(&delivering.delivery);
        let (merchant, environment) = (delivering.queue.merchant, told.payment.environment);
        let signer = self.signer(merchant, CredentialKind::Sgate, environment, None).await?;
        let signer = signer.ok_or_else(no_sgate_key)?;
        let address = told.payment.notification_url.as_deref().unwrap_or_default();
        Ok((sgate::message(&told, address, &signer, now)?, own_address_keys(&signer.secret)?))
    }

    /// What is to be recorded of a try.
    fn to_record(
        &self,
        delivering: &Delivering,
        tried: Tried,
        (started_at, finished_at): (Timestamp, Timestamp),
    ) -> ToRecord {
        let delivery = &delivering.delivery;
        let next = what_follows(
            &self.parts.config.delivery,
            &Try {
                dialect: delivery.dialect,
                attempt: delivery.attempt,
                silent_before: delivery.silent_tries,
                verdict: tried.verdict,
                ended_at: finished_at,
                owed_since: delivery.created_at,
                seed: self.parts.world.random.u64(),
            },
        );
        let op = RecordDelivery {
            queue: delivering.queue,
            refund: delivery.refund.id,
            number: delivery.event.number,
            attempt: delivery.attempt,
            status: tried.status,
            answer: tried.answer,
            started_at,
            finished_at,
            next,
            failure: tried.verdict.is_the_endpoints_fault().then(|| EndpointFailure {
                disable_after: self.parts.config.delivery.disable_after,
                case: self.case_id(finished_at),
            }),
        };
        ToRecord { op, dialect: delivery.dialect, verdict: tried.verdict }
    }

    async fn record(&self, tried: Vec<ToRecord>) {
        let ops: Vec<_> = tried.iter().map(|one| one.op.clone()).collect();
        for (one, recorded) in tried.iter().zip(self.recorded(ops).await) {
            let Some(disabled) = recorded else { continue };
            report(one);
            if let (true, Some(endpoint)) = (disabled, one.op.queue.endpoint) {
                cases_opened(1);
                tracing::error!(%endpoint, "an endpoint took nothing for too long: nothing is sent to it until it is enabled");
            }
        }
    }

    /// Of each try, where it is the one that is on record: whether its endpoint was disabled by it. Where they cannot be recorded together each is recorded
    /// alone: what is wrong with one must not have the others sent again.
    async fn recorded(&self, ops: Vec<RecordDelivery>) -> Vec<Option<bool>> {
        let all = ops.len();
        match self.recorded_together(ops.clone()).await {
            Ok(recorded) => recorded,
            Err(error) if all > 1 && !passing(&error) => {
                let mut recorded = Vec::with_capacity(all);
                for op in ops {
                    recorded.push(self.recorded_alone(op).await);
                }
                recorded
            }
            Err(error) => {
                tracing::error!(tries = all, %error, "tries were not recorded; they will be sent again");
                vec![None; all]
            }
        }
    }

    async fn recorded_alone(&self, op: RecordDelivery) -> Option<bool> {
        let (refund, number) = (op.refund, op.number);
        match self.recorded_together(vec![op]).await {
            Ok(recorded) => recorded.into_iter().next().flatten(),
            Err(error) => {
                tracing::error!(%refund, number, %error, "a try was not recorded; it will be sent again");
                None
            }
        }
    }

    async fn recorded_together(&self, ops: Vec<RecordDelivery>) -> Result<Vec<Option<bool>>, StoreError> {
        if ops.is_empty() {
            return Ok(Vec::new());
        }
        let op = RecordDeliveries(ops);
        let (mut maybe_before, mut tries) = (false, 1);
        loop {
            match self.parts.store.run(op.clone()).await {
                // It was recorded before, by a run whose answer was lost, or by somebody who claimed it after
                // this one's lease, sent it too, and was quicker.
                Ok(recorded) => {
                    let on_record = |one| match one {
                        Recorded::Yes { disabled } => Some(disabled),
                        Recorded::Before => maybe_before.then_some(false),
                    };
                    return Ok(recorded.into_iter().map(on_record).collect());
                }
                Err(error) if tries >= RECORD_TRIES_MAX || !passing(&error) => return Err(error),
                Err(error) => {
                    maybe_before |= matches!(error, StoreError::Unavailable { maybe_committed: true, .. });
                    self.parts.world.clock.sleep(RECORD_PAUSE).await;
                }
            }
            tries += 1;
        }
    }
}

/// Whether the same may succeed in a while.
fn passing(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable { .. } | StoreError::Full)
}

/// Why it must not be sent at all, where that is so.
fn over(delivering: &Delivering) -> Option<&'static str> {
    let delivery = &delivering.delivery;
    match (&delivering.queue.endpoint, &delivering.endpoint) {
        (Some(_), None) => Some("endpoint removed"),
        (Some(_), Some(endpoint)) if endpoint.revoked_at.is_some() => Some("endpoint revoked"),
        (None, _) if delivery.payment.notification_url.is_none() => {
            Some("the payment has no address any more")
        }
        _ if delivery.dialect == Dialect::Sgate && delivery.event.kind != EventKind::Succeeded => {
            Some("SGate's notifications tell of successes only")
        }
        _ => None,
    }
}

fn no_sgate_key() -> NotSendable {
    NotSendable("the merchant has no SGate key in this environment to sign with".to_owned())
}

pub(super) fn judged(answer: Result<HttpResponse, TransportError>, taken: &Taken) -> Tried {
    match answer {
        Ok(answer) => Tried {
            verdict: if taken.is(&answer) { Verdict::Delivered } else { Verdict::WrongAnswer },
            status: Some(answer.status),
            answer: shown(&String::from_utf8_lossy(&answer.body)),
        },
        Err(error) => Tried::without_answer(Verdict::Silent, error.to_string()),
    }
}

/// What is kept of an answer: its beginning, on one line.
fn shown(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(ANSWER_CHARACTERS_MAX).collect()
}

fn report(recorded: &ToRecord) {
    let ToRecord { op, verdict, dialect } = recorded;
    let (verdict, dialect) = (*verdict, dialect.as_str());
    let given_up = op.next == AfterDelivery::GivenUp && verdict != Verdict::Over;
    let outcome = if given_up { "given_up" } else { verdict.as_str() };
    metrics::counter!("redress_deliveries_total", "dialect" => dialect, "outcome" => outcome).increment(1);
    let (refund, number, attempt, status) = (op.refund, op.number, op.attempt, op.status);
    let endpoint = op.queue.endpoint.map_or_else(|| "own address".to_owned(), |id| id.to_string());
    // The address and the answer stay out of the log: both are the merchant's.
    if given_up {
        tracing::error!(%refund, number, endpoint, dialect, attempt, status, "a notification is given up: nobody took it");
    } else if verdict == Verdict::Delivered {
        tracing::debug!(%refund, number, endpoint, dialect, attempt, "a notification was taken");
    } else {
        tracing::info!(%refund, number, endpoint, dialect, attempt, status, outcome, "a notification was not taken");
    }
}
