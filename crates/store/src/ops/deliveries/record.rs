//! Recording what came of claimed deliveries.

use redress_core::id::RefundId;
use redress_core::time::Timestamp;

use super::{DeliveryQueue, DeliveryState};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::ops::endpoint_health::{self, EndpointFailure};
use crate::tx::{Touches, Tx};

/// One attempt and what follows from it.
#[derive(Clone, Debug)]
pub struct RecordDelivery {
    /// The queue it was claimed from.
    pub queue: DeliveryQueue,
    /// The refund.
    pub refund: RefundId,
    /// The event's number.
    pub number: u32,
    /// The attempt's number, as claimed: recorded once.
    pub attempt: u32,
    /// The HTTP status; `None` when none came.
    pub status: Option<u16>,
    /// What came back or went wrong, capped.
    pub answer: String,
    /// When the attempt began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// What follows.
    pub next: AfterDelivery,
    /// There where the endpoint did not take it; not where nothing could be sent.
    pub failure: Option<EndpointFailure>,
}

/// What recording an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// This attempt is on record.
    Yes {
        /// Its endpoint was disabled by it.
        disabled: bool,
    },
    /// This attempt, or a later one, had been recorded before; nothing was changed.
    Before,
}

/// What follows from an attempt to deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterDelivery {
    /// It was taken.
    Delivered,
    /// It is tried again.
    Again {
        /// When.
        due_at: Timestamp,
        /// Nothing answered this time.
        silent: bool,
    },
    /// It is not tried again.
    GivenUp,
}

impl AfterDelivery {
    const fn state(self) -> DeliveryState {
        match self {
            Self::Delivered => DeliveryState::Delivered,
            Self::Again { .. } => DeliveryState::Due,
            Self::GivenUp => DeliveryState::GivenUp,
        }
    }
}

/// Records attempts, all of them or none.
#[derive(Clone, Debug)]
pub struct RecordDeliveries(pub Vec<RecordDelivery>);

impl Operation for RecordDeliveries {
    type Out = Vec<Recorded>;
    const NAME: &'static str = "record_deliveries";
    const PATIENT: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Vec<Recorded>>, StoreError> {
        let mut recorded = Vec::with_capacity(self.0.len());
        for attempt in &self.0 {
            recorded.push(attempt.write(tx).await?);
        }
        Ok(Done::Commit(recorded))
    }
}

impl RecordDelivery {
    async fn write<T: Tx>(&self, tx: &mut T) -> Result<Recorded, StoreError> {
        let (merchant, endpoint) = (self.queue.merchant.as_bytes(), self.queue.endpoint_bytes());
        let (due_at, silent) = match self.next {
            AfterDelivery::Again { due_at, silent } => (Some(due_at.as_micros()), silent),
            AfterDelivery::Delivered | AfterDelivery::GivenUp => (None, false),
        };
        let finished_at = due_at.is_none().then_some(self.finished_at.as_micros());
        let updated = tx
            .exec(
                "UPDATE deliveries SET state = $1, tries = $2, silent_tries = (silent_tries + 1) * $3, due_at = $4, \
                 finished_at = $5 WHERE merchant_id = $6 AND refund_id = $7 AND number = $8 AND endpoint_id = $9 \
                 AND state = 'due' AND tries = $2 - 1",
                &[
                    self.next.state().as_str().into(),
                    self.attempt.into(),
                    silent.into(),
                    due_at.into(),
                    finished_at.into(),
                    merchant.into(),
                    self.refund.as_bytes().into(),
                    self.number.into(),
                    (&endpoint).into(),
                ],
            )
            .await?;
        if updated == 0 {
            return Ok(Recorded::Before);
        }
        tx.exec_ahead(
            "INSERT INTO delivery_attempts (merchant_id, refund_id, number, endpoint_id, attempt, status, answer, \
             started_at, finished_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                merchant.into(),
                self.refund.as_bytes().into(),
                self.number.into(),
                (&endpoint).into(),
                self.attempt.into(),
                self.status.into(),
                (&self.answer).into(),
                self.started_at.as_micros().into(),
                self.finished_at.as_micros().into(),
            ],
            Touches::One("delivery_attempts"),
        )
        .await?;
        let disabled = match (self.queue.endpoint, self.failure) {
            (Some(endpoint), Some(failure)) => {
                endpoint_health::failed(tx, self.queue.merchant, endpoint, failure, self.finished_at).await?
            }
            (Some(endpoint), None) if self.next == AfterDelivery::Delivered => {
                endpoint_health::took(tx, self.queue.merchant, endpoint).await?;
                false
            }
            _ => false,
        };
        Ok(Recorded::Yes { disabled })
    }
}

/// Makes claimed deliveries due again that nobody tried.
#[derive(Clone, Debug)]
pub struct PutBack {
    /// The queue they were claimed from.
    pub queue: DeliveryQueue,
    /// Their lease: what somebody else has claimed since is not touched.
    pub lease_until: Timestamp,
    /// The refunds, each with its event's number.
    pub deliveries: Vec<(RefundId, u32)>,
    /// The time.
    pub now: Timestamp,
}

impl Operation for PutBack {
    /// How many were put back.
    type Out = u64;
    const NAME: &'static str = "put_back_deliveries";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<u64>, StoreError> {
        let (merchant, endpoint) = (self.queue.merchant.as_bytes(), self.queue.endpoint_bytes());
        let mut put_back = 0;
        for (refund, number) in &self.deliveries {
            put_back += tx
                .exec(
                    "UPDATE deliveries SET due_at = $1 WHERE merchant_id = $2 AND refund_id = $3 AND number = $4 \
                     AND endpoint_id = $5 AND due_at = $6",
                    &[
                        self.now.as_micros().into(),
                        merchant.into(),
                        refund.as_bytes().into(),
                        (*number).into(),
                        (&endpoint).into(),
                        self.lease_until.as_micros().into(),
                    ],
                )
                .await?;
        }
        Ok(Done::Commit(put_back))
    }
}
