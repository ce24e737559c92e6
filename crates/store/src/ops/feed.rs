//! The feed: a merchant's events in the order in which they were committed, read on from a place in it.

use redress_core::environment::Environment;
use redress_core::event::{EventKind, OtherEventKind};
use redress_core::id::{EndpointId, MerchantId, PaymentId, RefundId};
use redress_core::money::Currency;
use redress_core::refund::RefundKind;
use redress_core::time::Timestamp;

use super::deliveries::DeliveryEvent;
use super::rows::{count, currency, opt_time, parsed, time};
use super::sequence::unnumbered;
use crate::error::StoreError;
use crate::op::Query;
use crate::tx::Tx;
use crate::value::{Row, Value};

/// So many events are looked through at once for those of some kinds.
pub const LOOKED_THROUGH_MAX: u32 = 10_000;

/// Reads on in a merchant's feed.
#[derive(Clone, Copy, Debug)]
pub struct ReadFeed {
    /// Whose.
    pub merchant: MerchantId,
    /// Of which environment.
    pub environment: Environment,
    /// Only what comes after this place; 0 for the beginning.
    pub after: i64,
    /// Only events of these kinds.
    pub kinds: FeedKinds,
    /// So many at most.
    pub limit: u32,
}

/// The kind of an event in the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedKind {
    /// About a refund.
    Refund(EventKind),
    /// About something else.
    Other(OtherEventKind),
}

impl FeedKind {
    /// The name in the store and in the feed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refund(kind) => kind.as_str(),
            Self::Other(kind) => kind.as_str(),
        }
    }

    /// Reads the name; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let other = || OtherEventKind::parse(text).map(Self::Other);
        EventKind::parse(text).map(Self::Refund).or_else(other)
    }
}

/// So many kinds there are.
const KINDS: usize = EventKind::ALL.len() + OtherEventKind::ALL.len();

/// Some kinds of events, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedKinds([Option<FeedKind>; KINDS]);

impl FeedKinds {
    /// All of them.
    pub const ALL: Self = Self([None; KINDS]);

    /// These, each once; all where there are none.
    #[must_use]
    pub fn of(kinds: &[FeedKind]) -> Self {
        let mut these = Self::ALL;
        for kind in kinds {
            if !these.0.contains(&Some(*kind))
                && let Some(free) = these.0.iter_mut().find(|place| place.is_none())
            {
                *free = Some(*kind);
            }
        }
        these
    }

    /// Their names, the first again and again in what is left over; `None` for all.
    fn names(self) -> Option<[&'static str; KINDS]> {
        let first = self.0[0]?.as_str();
        Some(self.0.map(|kind| kind.map_or(first, FeedKind::as_str)))
    }
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPage {
    /// The events, in order.
    pub events: Vec<FeedEvent>,
    /// Where to read on, now or later: every event that is asked for up to here is in this page or was in one before.
    pub next: i64,
    /// Whether there is more now.
    pub more: bool,
    /// The end was reached, and committed events were waiting for their places: they come after the sequencer.
    pub unnumbered: bool,
}

/// One event of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedEvent {
    /// Its place, from 1.
    pub position: i64,
    /// Of which environment.
    pub environment: Environment,
    /// What it is about.
    pub about: FeedSubject,
}

/// What an event of the feed is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedSubject {
    /// A refund.
    Refund {
        /// What happened, as it is told to endpoints.
        event: DeliveryEvent,
        /// What never changes of the refund and its payment.
        refund: Box<FeedRefund>,
    },
    /// A payment.
    Payment {
        /// What happened.
        kind: OtherEventKind,
        /// When.
        happened_at: Timestamp,
        /// Which one.
        payment: FeedPayment,
    },
    /// An endpoint.
    Endpoint {
        /// What happened.
        kind: OtherEventKind,
        /// When.
        happened_at: Timestamp,
        /// Which one.
        endpoint: EndpointId,
    },
}

/// What never changes of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedRefund {
    /// Its id.
    pub id: RefundId,
    /// Its payment.
    pub payment: FeedPayment,
    /// Its currency.
    pub currency: Currency,
    /// Whether it gives back all of the payment.
    pub kind: RefundKind,
    /// The reason given.
    pub reason: String,
    /// The merchant's own words.
    pub description: Option<String>,
    /// The merchant's own id of it.
    pub merchant_refund_id: Option<String>,
    /// The merchant's own data: a JSON object of texts.
    pub metadata: Option<String>,
    /// When it was accepted.
    pub created_at: Timestamp,
}

/// What never changes of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPayment {
    /// Its id.
    pub id: PaymentId,
    /// The reference by which it is found.
    pub order_ref: String,
    /// The merchant's own order reference.
    pub merchant_order_ref: Option<String>,
}

macro_rules! read_on {
    ($where:literal) => {
        concat!(
            "SELECT e.position, e.kind, e.happened_at, e.refund_id, e.number, e.amount, e.psp_refund_id, e.failure_code, \
             e.failure_text, e.note, e.again_at, e.endpoint_id, p.payment_id, p.order_ref, p.merchant_order_ref, \
             r.currency, r.kind, r.reason, r.description, r.merchant_refund_id, r.created_at, r.metadata \
             FROM events e LEFT JOIN refunds r ON r.merchant_id = e.merchant_id AND r.refund_id = e.refund_id \
             LEFT JOIN payments p ON p.merchant_id = e.merchant_id \
             AND p.payment_id = COALESCE(r.payment_id, e.payment_id) \
             WHERE e.merchant_id = $1 AND e.environment = $2 AND e.position > $3 ",
            $where
        )
    };
}

/// One statement, however many events.
const READ_ON: &str = read_on!("ORDER BY e.position LIMIT $4");

const READ_ON_OF_KINDS: &str = read_on!(
    "AND e.position <= $4 AND e.kind IN ($5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ORDER BY e.position LIMIT $16"
);

const _: () = assert!(KINDS == 11, "the statement has a place for each kind");

/// How far one look for events of some kinds goes: read from the index alone.
const REACH: &str = "SELECT MAX(position), COUNT(*) FROM (SELECT position FROM events WHERE merchant_id = $1 \
     AND environment = $2 AND position > $3 ORDER BY position LIMIT $4) within";

impl Query for ReadFeed {
    type Out = FeedPage;
    const NAME: &'static str = "read_feed";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<FeedPage, StoreError> {
        let (merchant, environment) = (self.merchant.as_bytes(), self.environment.as_str());
        let one_more = self.limit.saturating_add(1);
        let (mut rows, reach, more_behind) = match self.kinds.names() {
            None => {
                let params = [merchant.into(), environment.into(), self.after.into(), one_more.into()];
                (tx.rows(READ_ON, &params).await?, None, false)
            }
            Some(names) => {
                let start = [merchant.into(), environment.into(), self.after.into()];
                let [m, e, after] = start;
                let within = tx.rows(REACH, &[m, e, after, LOOKED_THROUGH_MAX.into()]).await?;
                let within =
                    within.first().ok_or_else(|| StoreError::inconsistent("a count without a row"))?;
                let reach = within.opt_int(0)?.unwrap_or(self.after);
                let mut params = vec![m, e, after, reach.into()];
                params.extend(names.map(Value::from));
                params.push(one_more.into());
                let more = within.int(1)? == i64::from(LOOKED_THROUGH_MAX);
                (tx.rows(READ_ON_OF_KINDS, &params).await?, Some(reach), more)
            }
        };
        let full = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let events: Vec<_> = rows.iter().map(|row| self.event(row)).collect::<Result<_, _>>()?;
        let last = events.last().map_or(self.after, |last| last.position);
        let more = full || more_behind;
        Ok(FeedPage {
            next: if full { last } else { reach.unwrap_or(last) },
            events,
            more,
            unnumbered: !more && unnumbered(tx).await?,
        })
    }
}

/// The place behind which a merchant's feed has nothing yet: 0 where it has nothing at all. What is committed and waits
/// for its place comes behind it.
#[derive(Clone, Copy, Debug)]
pub struct FeedEnd {
    /// Whose.
    pub merchant: MerchantId,
    /// Of which environment.
    pub environment: Environment,
}

impl Query for FeedEnd {
    type Out = i64;
    const NAME: &'static str = "feed_end";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<i64, StoreError> {
        let sql = "SELECT position FROM events WHERE merchant_id = $1 AND environment = $2 AND position > 0 \
                   ORDER BY position DESC LIMIT 1";
        let rows = tx.rows(sql, &[self.merchant.as_bytes().into(), self.environment.as_str().into()]).await?;
        rows.first().map_or(Ok(0), |row| row.int(0))
    }
}

/// The latest time of the last [`EVENTS_LOOKED_AT`] events of all merchants; `None` before the first. A clock that was set back
/// is seen by it, also once events were told since. To be asked of an embedded store: on PostgreSQL, which has a clock of its
/// own, no index has the places of all merchants' events.
#[derive(Clone, Copy, Debug)]
pub struct NewestEvent;

/// So many of the newest events are looked at.
const EVENTS_LOOKED_AT: u32 = 1_000;

impl Query for NewestEvent {
    type Out = Option<Timestamp>;
    const NAME: &'static str = "newest_event";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT MAX(e.happened_at) FROM (SELECT happened_at FROM events ORDER BY position DESC LIMIT $1) e";
        let rows = tx.rows(sql, &[EVENTS_LOOKED_AT.into()]).await?;
        rows.first().map_or(Ok(None), |row| opt_time(row, 0))
    }
}

impl ReadFeed {
    fn event(&self, row: &Row) -> Result<FeedEvent, StoreError> {
        let happened_at = time(row, 2)?;
        let about = match (row.opt_id16(3)?, row.opt_id16(11)?) {
            (Some(refund), None) => FeedSubject::Refund {
                event: DeliveryEvent {
                    number: count(row, 4)?,
                    kind: parsed(row, 1, EventKind::parse)?,
                    amount_minor: row.int(5)?,
                    psp_refund_id: row.opt_text(6)?,
                    failure_code: row.opt_text(7)?,
                    failure_text: row.opt_text(8)?,
                    note: row.opt_text(9)?,
                    again_at: opt_time(row, 10)?,
                    happened_at,
                },
                refund: Box::new(FeedRefund {
                    id: RefundId::from_bytes(refund),
                    payment: payment(row)?,
                    currency: currency(row, 15)?,
                    kind: parsed(row, 16, RefundKind::parse)?,
                    reason: row.text(17)?,
                    description: row.opt_text(18)?,
                    merchant_refund_id: row.opt_text(19)?,
                    created_at: time(row, 20)?,
                    metadata: row.opt_text(21)?,
                }),
            },
            (None, endpoint) => {
                let kind = parsed(row, 1, OtherEventKind::parse)?;
                match endpoint.map(EndpointId::from_bytes) {
                    Some(endpoint) => FeedSubject::Endpoint { kind, happened_at, endpoint },
                    None => FeedSubject::Payment { kind, happened_at, payment: payment(row)? },
                }
            }
            (Some(_), Some(_)) => return Err(StoreError::inconsistent("an event about two things")),
        };
        Ok(FeedEvent { position: row.int(0)?, environment: self.environment, about })
    }
}

fn payment(row: &Row) -> Result<FeedPayment, StoreError> {
    Ok(FeedPayment {
        id: PaymentId::from_bytes(row.id16(12)?),
        order_ref: row.text(13)?,
        merchant_order_ref: row.opt_text(14)?,
    })
}

#[cfg(test)]
mod tests;
