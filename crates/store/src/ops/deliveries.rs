//! What merchants are owed: finding, claiming and recording deliveries.
//!
//! One queue an address: the deliveries of one merchant to one endpoint, and those to the own addresses of a merchant's
//! payments together. So a slow endpoint delays nobody else.

mod again;
mod failures;
mod pages;
mod record;

use redress_core::event::EventKind;
use redress_core::id::{EndpointId, MerchantId, RefundId};
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::time::Timestamp;

use super::endpoints::{self, Dialect, Endpoint};
use super::payments;
use super::rows::{self, count, opt_time, parsed, refund_columns, time};
use super::write::OWN_ADDRESS;
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::{Engine, Tx};
use crate::value::Row;

pub use again::{ReplayBatch, Replaying, ResendDelivery};
pub use failures::{CountTries, TRIES_LOOKED_AT_MAX, Tries, TriesCounted};
pub use pages::{
    DeliveryId, DeliveryPage, FindDelivery, ListedDelivery, PageDeliveries, REFUNDS_LOOKED_AT_MAX,
};
pub use record::{AfterDelivery, PutBack, RecordDeliveries, RecordDelivery, Recorded};

/// Which deliveries lie in one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeliveryQueue {
    /// Whose.
    pub merchant: MerchantId,
    /// To which endpoint; `None` for the own addresses of the merchant's payments.
    pub endpoint: Option<EndpointId>,
}

impl DeliveryQueue {
    fn endpoint_bytes(&self) -> [u8; 16] {
        self.endpoint.map_or(OWN_ADDRESS, |endpoint| *endpoint.as_bytes())
    }

    fn from_bytes(merchant: [u8; 16], endpoint: [u8; 16]) -> Self {
        let endpoint = (endpoint != OWN_ADDRESS).then_some(EndpointId::from_bytes(endpoint));
        Self { merchant: MerchantId::from_bytes(merchant), endpoint }
    }
}

/// The queues in which something is due, in order; from where the last look ended, so that none is forgotten.
#[derive(Clone, Copy, Debug)]
pub struct DueQueues {
    /// The time.
    pub now: Timestamp,
    /// The last queue that the look before found; `None` begins anew.
    pub after: Option<DeliveryQueue>,
    /// So many queues at most.
    pub limit: u32,
}

/// One look-up in the index an endpoint, however much is waiting there. What is owed to a disabled one waits.
const DUE_QUEUES: &str = "SELECT e.merchant_id, e.endpoint_id FROM endpoints e \
     WHERE (e.merchant_id, e.endpoint_id) > ($1, $2) AND e.disabled_at IS NULL AND EXISTS (SELECT 1 FROM deliveries d \
     WHERE d.merchant_id = e.merchant_id AND d.endpoint_id = e.endpoint_id AND d.due_at <= $3) \
     UNION ALL SELECT m.merchant_id, $4 FROM merchants m \
     WHERE (m.merchant_id, $4) > ($1, $2) AND EXISTS (SELECT 1 FROM deliveries d \
     WHERE d.merchant_id = m.merchant_id AND d.endpoint_id = $4 AND d.due_at <= $3) ORDER BY 1, 2 LIMIT $5";

impl Query for DueQueues {
    type Out = Vec<DeliveryQueue>;
    const NAME: &'static str = "due_delivery_queues";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<DeliveryQueue>, StoreError> {
        // Before every queue: shorter than any id.
        let start: (Vec<u8>, Vec<u8>) = self.after.map_or((Vec::new(), Vec::new()), |queue| {
            (queue.merchant.as_bytes().to_vec(), queue.endpoint_bytes().to_vec())
        });
        let params = [
            (&start.0).into(),
            (&start.1).into(),
            self.now.as_micros().into(),
            (&OWN_ADDRESS).into(),
            self.limit.into(),
        ];
        let rows = tx.rows(DUE_QUEUES, &params).await?;
        rows.iter().map(|row| Ok(DeliveryQueue::from_bytes(row.id16(0)?, row.id16(1)?))).collect()
    }
}

/// Claims due deliveries of one queue, the longest due first.
#[derive(Clone, Copy, Debug)]
pub struct ClaimDeliveries {
    /// The queue.
    pub queue: DeliveryQueue,
    /// The time.
    pub now: Timestamp,
    /// Until when nobody else claims them: they are due again then, if nothing was recorded.
    pub lease_until: Timestamp,
    /// So many at most.
    pub limit: u32,
}

/// A claimed delivery and all that a sender needs.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    /// The shape it takes.
    pub dialect: Dialect,
    /// The number of the attempt that may be made now, from 1.
    pub attempt: u32,
    /// Tries in a row, up to now, that nothing answered.
    pub silent_tries: u32,
    /// When the delivery was first owed.
    pub created_at: Timestamp,
    /// The event to tell.
    pub event: DeliveryEvent,
    /// The refund as it is now.
    pub refund: Refund,
    /// Its payment as it is now; it holds the own address.
    pub payment: Payment,
}

/// An event as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryEvent {
    /// Its number among the refund's events, from 1.
    pub number: u32,
    /// What happened.
    pub kind: EventKind,
    /// The refund's amount, in minor units.
    pub amount_minor: i64,
    /// The PSP's id of the refund, as known then.
    pub psp_refund_id: Option<String>,
    /// The code of the failure, as known then.
    pub failure_code: Option<String>,
    /// The text of the failure, as known then.
    pub failure_text: Option<String>,
    /// What the PSP said about the wait, as known then.
    pub note: Option<String>,
    /// From when on a new refund is worth trying, where the PSP refused only for now.
    pub again_at: Option<Timestamp>,
    /// When it happened.
    pub happened_at: Timestamp,
}

/// What a claim brought.
#[derive(Clone, Debug)]
pub struct DeliveryClaim {
    /// The endpoint; `None` for the own addresses of payments. Where it is revoked, the claimed deliveries are to be
    /// given up.
    pub endpoint: Option<Endpoint>,
    /// What was claimed.
    pub deliveries: Vec<ClaimedDelivery>,
}

// Materialised, because a planner that runs the inner select more than once would claim more than the limit.
macro_rules! claim {
    ($locking:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (SELECT d.merchant_id, d.refund_id, d.number, d.endpoint_id FROM deliveries d \
             WHERE d.merchant_id = $1 AND d.endpoint_id = $2 AND d.due_at <= $3 ORDER BY d.due_at LIMIT $4",
            $locking,
            ") UPDATE deliveries SET due_at = $5 FROM due WHERE deliveries.merchant_id = due.merchant_id \
             AND deliveries.refund_id = due.refund_id AND deliveries.number = due.number \
             AND deliveries.endpoint_id = due.endpoint_id RETURNING deliveries.refund_id, deliveries.number, \
             deliveries.dialect, deliveries.tries, deliveries.silent_tries, deliveries.created_at"
        )
    };
}

const CLAIM: &str = claim!("");

/// Leaves what another process is claiming.
const CLAIM_SKIP_LOCKED: &str = claim!(" FOR UPDATE SKIP LOCKED");

impl Operation for ClaimDeliveries {
    type Out = DeliveryClaim;
    const NAME: &'static str = "claim_deliveries";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<DeliveryClaim>, StoreError> {
        let sql = match T::ENGINE {
            Engine::Sqlite => CLAIM,
            Engine::Postgres => CLAIM_SKIP_LOCKED,
        };
        let endpoint = self.queue.endpoint_bytes();
        let params = [
            self.queue.merchant.as_bytes().into(),
            (&endpoint).into(),
            self.now.as_micros().into(),
            self.limit.into(),
            self.lease_until.as_micros().into(),
        ];
        let claimed = tx.rows(sql, &params).await?;
        let endpoint = match self.queue.endpoint {
            Some(endpoint) => endpoints::find(tx, self.queue.merchant, endpoint).await?,
            None => None,
        };
        let mut deliveries = Vec::with_capacity(claimed.len());
        for row in &claimed {
            match self.whole(tx, row).await {
                Ok(delivery) => deliveries.push(delivery),
                // It must not hold up what waits behind it: it comes back, and is complained of, when its lease ends.
                Err(error @ StoreError::Inconsistent { .. }) => {
                    let refund = RefundId::from_bytes(row.id16(0)?);
                    tracing::error!(%refund, %error, "a notification cannot be read; the others go on");
                }
                Err(error) => return Err(error),
            }
        }
        // The engines return them in no order.
        deliveries.sort_by_key(|delivery| (delivery.created_at, delivery.refund.id, delivery.event.number));
        Ok(Done::Commit(DeliveryClaim { endpoint, deliveries }))
    }
}

const LOAD_REFUND: &str =
    concat!("SELECT ", refund_columns!(), " FROM refunds WHERE merchant_id = $1 AND refund_id = $2");

const LOAD_EVENT: &str = "SELECT number, kind, amount, psp_refund_id, failure_code, failure_text, happened_at, note, again_at \
     FROM events WHERE merchant_id = $1 AND refund_id = $2 AND number = $3";

impl ClaimDeliveries {
    async fn whole<T: Tx>(&self, tx: &mut T, row: &Row) -> Result<ClaimedDelivery, StoreError> {
        let missing = || StoreError::inconsistent("a delivery without its event, refund or payment");
        let (merchant, id, number) = (self.queue.merchant.as_bytes(), row.id16(0)?, row.int(1)?);
        let found = tx.rows(LOAD_REFUND, &[merchant.into(), (&id).into()]).await?;
        let refund = rows::refund(found.first().ok_or_else(missing)?)?;
        let payment = payments::load(tx, self.queue.merchant, refund.payment).await?.ok_or_else(missing)?;
        let found = tx.rows(LOAD_EVENT, &[merchant.into(), (&id).into(), number.into()]).await?;
        Ok(ClaimedDelivery {
            dialect: parsed(row, 2, Dialect::parse)?,
            attempt: count(row, 3)? + 1,
            silent_tries: count(row, 4)?,
            created_at: time(row, 5)?,
            event: event(found.first().ok_or_else(missing)?)?,
            refund,
            payment,
        })
    }
}

fn event(row: &Row) -> Result<DeliveryEvent, StoreError> {
    Ok(DeliveryEvent {
        number: count(row, 0)?,
        kind: parsed(row, 1, EventKind::parse)?,
        amount_minor: row.int(2)?,
        psp_refund_id: row.opt_text(3)?,
        failure_code: row.opt_text(4)?,
        failure_text: row.opt_text(5)?,
        happened_at: time(row, 6)?,
        note: row.opt_text(7)?,
        again_at: opt_time(row, 8)?,
    })
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// Owed.
    Due,
    /// Taken.
    Delivered,
    /// Not tried any more.
    GivenUp,
}

impl DeliveryState {
    /// The name in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }

    /// Reads the name; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Due, Self::Delivered, Self::GivenUp].into_iter().find(|state| state.as_str() == text)
    }
}

/// A delivery with its attempts, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The number of the refund's event.
    pub number: u32,
    /// To which endpoint; `None` for the payment's own address.
    pub endpoint: Option<EndpointId>,
    /// The shape it takes.
    pub dialect: Dialect,
    /// Where it stands.
    pub state: DeliveryState,
    /// When it is due; `None` when it is over.
    pub due_at: Option<Timestamp>,
    /// When it was first owed.
    pub created_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// The attempts, in order.
    pub attempts: Vec<DeliveryAttempt>,
}

/// One attempt to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// The HTTP status; `None` when none came.
    pub status: Option<u16>,
    /// What came back or went wrong.
    pub answer: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
}

/// The most deliveries, and the most attempts, that are listed of one refund.
pub const DELIVERIES_OF_REFUND_MAX: u32 = 1_000;

/// The deliveries of one refund.
#[derive(Clone, Copy, Debug)]
pub struct ListDeliveries {
    /// Whose.
    pub merchant: MerchantId,
    /// The refund.
    pub refund: RefundId,
}

impl Query for ListDeliveries {
    type Out = Vec<Delivery>;
    const NAME: &'static str = "list_deliveries";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Delivery>, StoreError> {
        let params =
            [self.merchant.as_bytes().into(), self.refund.as_bytes().into(), DELIVERIES_OF_REFUND_MAX.into()];
        let listed = tx
            .rows(
                "SELECT number, endpoint_id, dialect, state, due_at, created_at, finished_at FROM deliveries \
                 WHERE merchant_id = $1 AND refund_id = $2 ORDER BY number, endpoint_id LIMIT $3",
                &params,
            )
            .await?;
        let attempts = tx
            .rows(
                "SELECT number, endpoint_id, status, answer, started_at, finished_at FROM delivery_attempts \
                 WHERE merchant_id = $1 AND refund_id = $2 ORDER BY number, endpoint_id, attempt LIMIT $3",
                &params,
            )
            .await?;
        listed.iter().map(|row| delivery(row, &attempts)).collect()
    }
}

fn delivery(row: &Row, attempts: &[Row]) -> Result<Delivery, StoreError> {
    let own = |attempt: &&Row| (0..2).all(|i| attempt.value(i) == row.value(i));
    let endpoint = row.id16(1)?;
    Ok(Delivery {
        number: count(row, 0)?,
        endpoint: (endpoint != OWN_ADDRESS).then_some(EndpointId::from_bytes(endpoint)),
        dialect: parsed(row, 2, Dialect::parse)?,
        state: parsed(row, 3, DeliveryState::parse)?,
        due_at: opt_time(row, 4)?,
        created_at: time(row, 5)?,
        finished_at: opt_time(row, 6)?,
        attempts: attempts.iter().filter(own).map(attempt).collect::<Result<_, _>>()?,
    })
}

fn attempt(row: &Row) -> Result<DeliveryAttempt, StoreError> {
    let status = row.opt_int(2)?.map(u16::try_from).transpose();
    Ok(DeliveryAttempt {
        status: status.map_err(|_| StoreError::inconsistent("an HTTP status out of range"))?,
        answer: row.text(3)?,
        started_at: time(row, 4)?,
        finished_at: time(row, 5)?,
    })
}

#[cfg(test)]
mod tests;
