//! Sending again what was told before: one delivery, or everything since a time.

use redress_core::event::EventKind;
use redress_core::id::{EndpointId, MerchantId, RefundId};
use redress_core::time::Timestamp;

use super::pages::DeliveryId;
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::ops::endpoints::{self, Dialect, Endpoint};
use crate::ops::rows::{parsed, time};
use crate::tx::Tx;
use crate::value::Row;

/// Makes a delivery due now, however it stands. Its attempts go on counting, so that each is recorded once: where it had
/// used up its tries, one more is made.
#[derive(Clone, Copy, Debug)]
pub struct ResendDelivery {
    /// Whose.
    pub merchant: MerchantId,
    /// Which.
    pub delivery: DeliveryId,
    /// The time.
    pub now: Timestamp,
}

const RESEND: &str = "UPDATE deliveries SET state = 'due', due_at = $1, silent_tries = 0, finished_at = NULL \
     WHERE merchant_id = $2 AND refund_id = $3 AND number = $4 AND endpoint_id = $5";

impl Operation for ResendDelivery {
    /// False when the merchant has no such delivery.
    type Out = bool;
    const NAME: &'static str = "resend_delivery";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let endpoint = self.delivery.endpoint_bytes();
        let params = [
            self.now.as_micros().into(),
            self.merchant.as_bytes().into(),
            self.delivery.refund.as_bytes().into(),
            self.delivery.number.into(),
            (&endpoint).into(),
        ];
        let touched = tx.exec(RESEND, &params).await?;
        Ok(if touched == 0 { Done::Rollback(false) } else { Done::Commit(true) })
    }
}

/// Makes the events of an endpoint's environment and filter due to it again, from the newest back: one batch. What it
/// was never told, since it was added later or wanted other events, is told now.
#[derive(Clone, Copy, Debug)]
pub struct ReplayBatch {
    /// Whose.
    pub merchant: MerchantId,
    /// To which endpoint.
    pub endpoint: EndpointId,
    /// Only events from then on.
    pub since: Timestamp,
    /// Only events with a place before this one in the order of commits; `None` begins with the newest.
    pub before: Option<i64>,
    /// So many events are looked at.
    pub limit: u32,
    /// The time.
    pub now: Timestamp,
}

/// What came of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaying {
    /// It was done.
    Done {
        /// So many deliveries are due.
        due: u32,
        /// The place before which the next batch begins; `None` when everything was gone through.
        next: Option<i64>,
    },
    /// The merchant has no such endpoint.
    NoEndpoint,
    /// The endpoint is revoked.
    Revoked,
}

/// Clocks of several servers differ, and a commit may wait: events may lie so far from the order of their times.
const DISORDER_MICROS: i64 = 15 * 60 * 1_000_000;

const BATCH: &str = "SELECT e.position, e.refund_id, e.number, e.kind, e.happened_at, p.notification_url \
     FROM events e LEFT JOIN refunds r ON r.merchant_id = e.merchant_id AND r.refund_id = e.refund_id \
     LEFT JOIN payments p ON p.merchant_id = r.merchant_id AND p.payment_id = r.payment_id \
     WHERE e.merchant_id = $1 AND e.environment = $2 AND e.position < $3 ORDER BY e.position DESC LIMIT $4";

/// In the shape that the endpoint has now.
const OWE: &str = "INSERT INTO deliveries (merchant_id, refund_id, number, endpoint_id, dialect, state, tries, silent_tries, \
     due_at, created_at) VALUES ($1, $2, $3, $4, $5, 'due', 0, 0, $6, $6) \
     ON CONFLICT (merchant_id, refund_id, number, endpoint_id) DO UPDATE SET dialect = excluded.dialect, state = 'due', \
     silent_tries = 0, due_at = excluded.due_at, finished_at = NULL";

impl Operation for ReplayBatch {
    type Out = Replaying;
    const NAME: &'static str = "replay_batch";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Replaying>, StoreError> {
        let Some(endpoint) = endpoints::find(tx, self.merchant, self.endpoint).await? else {
            return Ok(Done::Rollback(Replaying::NoEndpoint));
        };
        if endpoint.revoked_at.is_some() {
            return Ok(Done::Rollback(Replaying::Revoked));
        }
        let params = [
            self.merchant.as_bytes().into(),
            endpoint.environment.as_str().into(),
            self.before.unwrap_or(i64::MAX).into(),
            self.limit.into(),
        ];
        let rows = tx.rows(BATCH, &params).await?;
        let (mut due, mut next) = (0, None);
        for row in &rows {
            let happened_at = time(row, 4)?;
            if happened_at.as_micros() < self.since.as_micros().saturating_sub(DISORDER_MICROS) {
                next = None;
                break;
            }
            next = Some(row.int(0)?).filter(|_| rows.len() == self.limit as usize);
            if happened_at >= self.since
                && let Some(refund) = wanted(&endpoint, row)?
            {
                self.owe(tx, &endpoint, refund, row.int(2)?).await?;
                due += 1;
            }
        }
        let done = Replaying::Done { due, next };
        Ok(if due == 0 { Done::Rollback(done) } else { Done::Commit(done) })
    }
}

impl ReplayBatch {
    async fn owe<T: Tx>(
        &self,
        tx: &mut T,
        endpoint: &Endpoint,
        refund: RefundId,
        number: i64,
    ) -> Result<(), StoreError> {
        let params = [
            self.merchant.as_bytes().into(),
            refund.as_bytes().into(),
            number.into(),
            endpoint.id.as_bytes().into(),
            endpoint.dialect.as_str().into(),
            self.now.as_micros().into(),
        ];
        tx.exec(OWE, &params).await.map(|_| ())
    }
}

/// The event's refund, where the endpoint is told of it: what is about no refund is told by the feed alone, and SGate's
/// dialect stands back where the payment has its own address, as when the event happened.
fn wanted(endpoint: &Endpoint, row: &Row) -> Result<Option<RefundId>, StoreError> {
    let Some(refund) = row.opt_id16(1)?.map(RefundId::from_bytes) else { return Ok(None) };
    let kind = parsed(row, 3, EventKind::parse)?;
    let stands_back = endpoint.dialect == Dialect::Sgate && row.opt_text(5)?.is_some();
    Ok((endpoint.event_mask & kind.bit() != 0 && !stands_back).then_some(refund))
}

#[cfg(test)]
mod tests;
