//! The feed of events: the same things that notifications tell, to be fetched; complete, in the order in which they were
//! committed, and read on from any place.

use std::time::Duration;

use redress_core::environment::Environment;
use redress_core::event::OtherEventKind;
use redress_core::id::{EndpointId, MerchantId};
use redress_core::time::Timestamp;
use redress_store::StoreError;
use redress_store::ops::feed::{FeedEnd, FeedEvent, FeedPayment, FeedSubject};
use redress_store::ops::sequence::{AnyUnnumbered, NUMBERED_EVENTS_MAX, NumberEvents, needs_numbering};
use serde::{Serialize, Serializer};
use tokio::sync::Notify;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::notify::message::{About, calendar, event_id};
use crate::notify::standard::RefundData;

pub use redress_store::ops::feed::{FeedKind, FeedKinds, ReadFeed};

/// So often at most does one read have events numbered and look again: what is committed meanwhile comes with the next.
const NUMBERINGS_MAX: u32 = 4;

/// A page of the feed.
#[derive(Debug)]
pub struct EventPage {
    /// The events, in order.
    pub events: Vec<Event>,
    /// Where to read on, now or later.
    pub next: i64,
    /// Whether there is more now.
    pub more: bool,
}

/// One event. It is written as the body of a `standard` notification of it, and its `id` besides.
#[derive(Debug)]
pub struct Event(FeedEvent);

impl Engine {
    /// Numbers what is committed, until `stop` resolves: the feed shows it then. SQLite's one writer has done it already.
    pub async fn work_events(&self, stop: impl Future<Output = ()>) {
        if needs_numbering(&self.parts.store) {
            self.repeat("events without a place", &Notify::new(), || self.number_events_once(), stop).await;
        } else {
            stop.await;
        }
    }

    /// Numbers what is committed, as much as fits into one transaction. True when there may be more.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be asked.
    pub async fn number_events_once(&self) -> Result<bool, StoreError> {
        if !self.parts.store.read(AnyUnnumbered).await? {
            return Ok(false);
        }
        let numbered = self.parts.store.run(NumberEvents { limit: NUMBERED_EVENTS_MAX }).await?;
        Ok(numbered >= u64::from(NUMBERED_EVENTS_MAX))
    }

    /// Reads on in a merchant's feed; where there is nothing yet, waits for something for so long at most, and not where
    /// [`Engine::end_waits`] was called or too many wait.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn events(&self, mut asked: ReadFeed, wait: Duration) -> Result<EventPage, EngineError> {
        let clock = &self.parts.world.clock;
        // As in `Engine::wait_until`: the time that a clock shows may be set back.
        let time_is_up = clock.sleep(wait);
        tokio::pin!(time_is_up);
        let (mut over, mut place) = (wait.is_zero(), None);
        loop {
            let page = self.events_now(asked).await?;
            if !page.events.is_empty() || over {
                return Ok(page);
            }
            place = place.or_else(|| self.parts.wait_places.take(Some(asked.merchant)));
            if place.is_none() {
                return Ok(page);
            }
            asked.after = page.next;
            let pause = if page.more { Duration::ZERO } else { self.parts.config.poll };
            tokio::select! {
                biased;
                () = self.parts.waits.ended() => return Ok(page),
                () = &mut time_is_up => over = true,
                () = clock.sleep(pause) => {}
            }
        }
    }

    /// Where a merchant's feed ends now: whoever reads on from there gets what is committed from now on. On PostgreSQL that
    /// may begin with something that was committed a moment ago.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn feed_end(&self, merchant: MerchantId, environment: Environment) -> Result<i64, EngineError> {
        self.number_what_is_there().await?;
        Ok(self.parts.store.read(FeedEnd { merchant, environment }).await?)
    }

    /// Numbers what is committed by now, before somebody goes by the places of events.
    pub(crate) async fn number_what_is_there(&self) -> Result<(), StoreError> {
        for _ in 0..NUMBERINGS_MAX {
            if !self.number_events_once().await? {
                break;
            }
        }
        Ok(())
    }

    async fn events_now(&self, asked: ReadFeed) -> Result<EventPage, EngineError> {
        let store = &self.parts.store;
        let mut page = store.read(asked).await?;
        for _ in 0..NUMBERINGS_MAX {
            if !page.unnumbered || !page.events.is_empty() {
                break;
            }
            store.run(NumberEvents { limit: NUMBERED_EVENTS_MAX }).await?;
            page = store.read(asked).await?;
        }
        // Where nothing is here yet, what others are waiting for says nothing: whoever comes back later finds the rest.
        let more = page.more || (page.unnumbered && !page.events.is_empty());
        let events = page.events.into_iter().map(Event).collect();
        Ok(EventPage { events, next: page.next, more })
    }
}

#[derive(Serialize)]
struct Written<'a, D> {
    id: String,
    r#type: &'a str,
    timestamp: String,
    data: D,
}

/// What an event about a payment tells.
#[derive(Serialize)]
struct PaymentData<'a> {
    payment: String,
    order_ref: &'a str,
    merchant_order_ref: Option<&'a str>,
    environment: &'a str,
}

/// What an event about an endpoint tells.
#[derive(Serialize)]
struct EndpointData<'a> {
    endpoint: String,
    environment: &'a str,
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let environment = self.0.environment.as_str();
        match &self.0.about {
            FeedSubject::Refund { event, refund } => Written {
                id: event_id(refund.id, event.number),
                r#type: event.kind.as_str(),
                timestamp: calendar(event.happened_at).to_string(),
                data: RefundData::of(
                    event,
                    &About {
                        id: refund.id,
                        payment: refund.payment.id,
                        order_ref: &refund.payment.order_ref,
                        merchant_order_ref: refund.payment.merchant_order_ref.as_deref(),
                        currency: refund.currency,
                        kind: refund.kind,
                        reason: &refund.reason,
                        description: refund.description.as_deref(),
                        merchant_refund_id: refund.merchant_refund_id.as_deref(),
                        metadata: refund.metadata.as_deref(),
                        environment: self.0.environment,
                        created_at: refund.created_at,
                    },
                ),
            }
            .serialize(serializer),
            FeedSubject::Payment { kind, happened_at, payment } => {
                let FeedPayment { id, order_ref, merchant_order_ref } = payment;
                let payment = id.to_string();
                let merchant_order_ref = merchant_order_ref.as_deref();
                let data = PaymentData { order_ref, merchant_order_ref, environment, payment };
                self.other(*kind, *happened_at, &id.to_string(), data).serialize(serializer)
            }
            FeedSubject::Endpoint { kind, happened_at, endpoint } => {
                let endpoint: &EndpointId = endpoint;
                let data = EndpointData { endpoint: endpoint.to_string(), environment };
                self.other(*kind, *happened_at, &endpoint.to_string(), data).serialize(serializer)
            }
        }
    }
}

impl Event {
    fn other<D>(&self, kind: OtherEventKind, at: Timestamp, subject: &str, data: D) -> Written<'static, D> {
        Written {
            // Its place never changes and is nobody else's.
            id: format!("evt_{subject}_{}", self.0.position),
            r#type: kind.as_str(),
            timestamp: calendar(at).to_string(),
            data,
        }
    }
}
