//! Deliveries for people: paged through, newest refund first, and one by one.

use std::fmt;

use redress_core::environment::Environment;
use redress_core::event::EventKind;
use redress_core::id::{EndpointId, MerchantId, NotAnId, RefundId};

use super::{Delivery, DeliveryState, attempt, delivery};
use crate::error::StoreError;
use crate::op::Query;
use crate::ops::rows::{environment, parsed};
use crate::ops::write::OWN_ADDRESS;
use crate::tx::Tx;
use crate::value::Row;

/// Which delivery of a merchant. Later refunds come later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeliveryId {
    /// The refund.
    pub refund: RefundId,
    /// The number of its event.
    pub number: u32,
    /// To which endpoint; `None` for the payment's own address.
    pub endpoint: Option<EndpointId>,
}

const PREFIX: &str = "dlv_";

/// The letters of an id behind its prefix.
const ID_LETTERS: usize = 26;

impl DeliveryId {
    /// Reads the text form.
    ///
    /// # Errors
    /// [`NotAnId`].
    pub fn parse(text: &str) -> Result<Self, NotAnId> {
        let rest = text.strip_prefix(PREFIX).ok_or(NotAnId)?;
        let (refund, rest) = rest.split_at_checked(ID_LETTERS).ok_or(NotAnId)?;
        let (endpoint, number) = rest.split_at_checked(ID_LETTERS).ok_or(NotAnId)?;
        let endpoint = EndpointId::parse(&format!("{}_{endpoint}", EndpointId::PREFIX))?;
        let id = Self {
            refund: RefundId::parse(&format!("{}_{refund}", RefundId::PREFIX))?,
            number: number.parse().map_err(|_| NotAnId)?,
            endpoint: (*endpoint.as_bytes() != OWN_ADDRESS).then_some(endpoint),
        };
        // One delivery has one text.
        if id.to_string() == text { Ok(id) } else { Err(NotAnId) }
    }

    pub(super) fn endpoint_bytes(&self) -> [u8; 16] {
        self.endpoint.map_or(OWN_ADDRESS, |endpoint| *endpoint.as_bytes())
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = |id: String| id.rsplit('_').next().unwrap_or_default().to_owned();
        let endpoint = EndpointId::from_bytes(self.endpoint_bytes());
        let (refund, endpoint) = (letters(self.refund.to_string()), letters(endpoint.to_string()));
        write!(formatter, "{PREFIX}{refund}{endpoint}{}", self.number)
    }
}

/// A delivery and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// The environment of its refund.
    pub environment: Environment,
    /// What it tells of.
    pub kind: EventKind,
    /// How it stands. In a page without its attempts.
    pub delivery: Delivery,
}

/// So many deliveries are looked through for one page; where a filter lets few of them through, the page is shorter.
const LOOKED_THROUGH_MAX: u32 = 2_000;

/// Deliveries of so many more refunds are looked for: they may have none.
pub const REFUNDS_LOOKED_AT_MAX: u32 = 2_000;

/// A page of a merchant's deliveries in one environment: the newest refunds first, of a refund the latest event first.
#[derive(Clone, Copy, Debug)]
pub struct PageDeliveries {
    /// Whose.
    pub merchant: MerchantId,
    /// Of refunds in which environment.
    pub environment: Environment,
    /// Only those to one endpoint.
    pub endpoint: Option<EndpointId>,
    /// Only those of one refund.
    pub refund: Option<RefundId>,
    /// Only those that stand so.
    pub state: Option<DeliveryState>,
    /// Where the page before ended.
    pub after: Option<DeliveryId>,
    /// The length of a page.
    pub limit: u32,
    /// Deliveries of how many refunds are looked for, besides that at which the page before ended:
    /// [`REFUNDS_LOOKED_AT_MAX`], or fewer.
    pub refunds_max: u32,
}

/// A page of deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryPage {
    /// The deliveries.
    pub deliveries: Vec<ListedDelivery>,
    /// Where to read on; `None` at the end. It names a refund of the same environment.
    pub next: Option<DeliveryId>,
}

macro_rules! columns {
    () => {
        "SELECT d.number, d.endpoint_id, d.dialect, d.state, d.due_at, d.created_at, d.finished_at, d.refund_id, \
         r.environment, e.kind FROM refunds r CROSS JOIN deliveries d CROSS JOIN events e \
         WHERE d.merchant_id = r.merchant_id AND e.merchant_id = d.merchant_id AND e.refund_id = d.refund_id \
         AND e.number = d.number "
    };
}

/// The last refund whose deliveries are looked for. As pairs: without them SQLite takes the index of the ids, and would
/// read the refunds of the other environment too.
const LAST_REFUND: &str = "SELECT refund_id FROM refunds WHERE merchant_id = $1 \
     AND (environment, refund_id) >= ($2, $3) AND (environment, refund_id) < ($2, $4) \
     ORDER BY environment DESC, refund_id DESC LIMIT 1 OFFSET $5";

/// Found from the refunds of the environment, read in the order of both keys, and filtered here: an index for each filter
/// would cost every step of every refund. COALESCE keeps SQLite from taking the bounds of the refunds for those of the
/// deliveries of each of them.
const PAGE: &str = concat!(
    columns!(),
    "AND d.refund_id = COALESCE(r.refund_id, r.refund_id) AND r.merchant_id = $1 AND r.environment = $2 \
     AND r.refund_id <= $3 AND (r.refund_id < $3 OR (d.number, d.endpoint_id) < ($4, $5)) AND r.refund_id >= $6 \
     ORDER BY r.refund_id DESC, d.number DESC, d.endpoint_id DESC LIMIT $7"
);

/// So many are read at once.
const BATCH_ROWS: u32 = 500;

/// Longer than any id: it comes after all of them.
const BEHIND_ALL: [u8; 17] = [0xff; 17];

impl Query for PageDeliveries {
    type Out = DeliveryPage;
    const NAME: &'static str = "page_deliveries";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<DeliveryPage, StoreError> {
        let mut page = DeliveryPage { deliveries: Vec::new(), next: None };
        let mut after = self.after;
        let last = self.last_refund(tx).await?;
        for _ in 0..LOOKED_THROUGH_MAX / BATCH_ROWS {
            let rows = self.batch(tx, after, last).await?;
            for row in &rows {
                let listed = listed(row)?;
                if page.deliveries.len() == self.limit as usize {
                    // There is more, though perhaps nothing that is asked for.
                    page.next = after;
                    return Ok(page);
                }
                after = Some(listed.id);
                if self.lets_through(&listed) {
                    page.deliveries.push(listed);
                }
            }
            if rows.len() < BATCH_ROWS as usize {
                // Behind all of the last refund's.
                page.next = last.map(|refund| DeliveryId { refund, number: 0, endpoint: None });
                return Ok(page);
            }
        }
        page.next = after;
        Ok(page)
    }
}

impl PageDeliveries {
    /// The refund at which the look ends; `None` where it ends with the last there is.
    async fn last_refund<T: Tx>(&self, tx: &mut T) -> Result<Option<RefundId>, StoreError> {
        if self.refund.is_some() {
            return Ok(None);
        }
        let start = self.after.map_or(BEHIND_ALL.to_vec(), |after| after.refund.as_bytes().to_vec());
        let beginning = RefundId::from_bytes([0; 16]);
        let params = [
            self.merchant.as_bytes().into(),
            self.environment.as_str().into(),
            beginning.as_bytes().into(),
            (&start).into(),
            self.refunds_max.saturating_sub(1).into(),
        ];
        let last = tx.rows(LAST_REFUND, &params).await?;
        last.first().map(|row| row.id16(0).map(RefundId::from_bytes)).transpose()
    }

    async fn batch<T: Tx>(
        &self,
        tx: &mut T,
        after: Option<DeliveryId>,
        last: Option<RefundId>,
    ) -> Result<Vec<Row>, StoreError> {
        let (mut start, mut number, mut endpoint) = (BEHIND_ALL.to_vec(), i64::MAX, BEHIND_ALL.to_vec());
        if let Some(refund) = self.refund {
            start = refund.as_bytes().to_vec();
        }
        if let Some(after) = after.filter(|after| self.refund.is_none_or(|refund| after.refund <= refund)) {
            start = after.refund.as_bytes().to_vec();
            (number, endpoint) = (i64::from(after.number), after.endpoint_bytes().to_vec());
        }
        let first = self.refund.or(last).map_or(Vec::new(), |refund| refund.as_bytes().to_vec());
        let params = [
            self.merchant.as_bytes().into(),
            self.environment.as_str().into(),
            (&start).into(),
            number.into(),
            (&endpoint).into(),
            (&first).into(),
            BATCH_ROWS.into(),
        ];
        tx.rows(PAGE, &params).await
    }

    fn lets_through(&self, listed: &ListedDelivery) -> bool {
        self.endpoint.is_none_or(|endpoint| listed.id.endpoint == Some(endpoint))
            && self.state.is_none_or(|state| listed.delivery.state == state)
    }
}

/// One delivery with its attempts.
#[derive(Clone, Copy, Debug)]
pub struct FindDelivery {
    /// Whose.
    pub merchant: MerchantId,
    /// Which.
    pub delivery: DeliveryId,
}

const FIND: &str = concat!(
    columns!(),
    "AND r.merchant_id = $1 AND r.refund_id = $2 AND d.refund_id = r.refund_id AND d.number = $3 AND d.endpoint_id = $4"
);

/// The latest ones: tries are bounded, and who has one sent again a thousand times looks at the last.
const ATTEMPTS: &str = "SELECT number, endpoint_id, status, answer, started_at, finished_at FROM delivery_attempts \
     WHERE merchant_id = $1 AND refund_id = $2 AND number = $3 AND endpoint_id = $4 ORDER BY attempt DESC LIMIT $5";

/// The most attempts that are shown of one delivery: the latest.
const ATTEMPTS_SHOWN_MAX: u32 = 200;

impl Query for FindDelivery {
    type Out = Option<ListedDelivery>;
    const NAME: &'static str = "find_delivery";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<ListedDelivery>, StoreError> {
        let endpoint = self.delivery.endpoint_bytes();
        let params = [
            self.merchant.as_bytes().into(),
            self.delivery.refund.as_bytes().into(),
            self.delivery.number.into(),
            (&endpoint).into(),
        ];
        let Some(mut found) = tx.rows(FIND, &params).await?.first().map(listed).transpose()? else {
            return Ok(None);
        };
        let [merchant, refund, number, endpoint] = params;
        let params = [merchant, refund, number, endpoint, ATTEMPTS_SHOWN_MAX.into()];
        let rows = tx.rows(ATTEMPTS, &params).await?;
        found.delivery.attempts = rows.iter().rev().map(attempt).collect::<Result<_, _>>()?;
        Ok(Some(found))
    }
}

fn listed(row: &Row) -> Result<ListedDelivery, StoreError> {
    let delivery = delivery(row, &[])?;
    let id = DeliveryId {
        refund: RefundId::from_bytes(row.id16(7)?),
        number: delivery.number,
        endpoint: delivery.endpoint,
    };
    let kind = parsed(row, 9, EventKind::parse)?;
    Ok(ListedDelivery { id, environment: environment(row, 8)?, kind, delivery })
}

#[cfg(test)]
mod tests;
