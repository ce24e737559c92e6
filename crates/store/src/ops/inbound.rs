//! What PSPs told and could not be applied: kept once, as evidence.

use redress_core::id::{AccountId, CaseId, MerchantId};
use redress_core::time::Timestamp;

use super::cases::{self, NewCaseRow, Opened, ToldBy};
use super::rows::{expect_one, time};
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::tx::Tx;
use crate::value::Row;

/// Records a notification of a PSP.
#[derive(Clone, Debug)]
pub struct RecordInbound {
    /// Whose account it came to.
    pub merchant: MerchantId,
    /// The account.
    pub account: AccountId,
    /// The id it gets if it is new; laid out as every id.
    pub id: [u8; 16],
    /// 16 bytes of a hash of the body, and of the place in it where it tells of several: a repeat is recognised.
    pub body_hash: [u8; 16],
    /// Why it was not applied, for people.
    pub verdict: String,
    /// What it said, capped.
    pub body: String,
    /// The case it is evidence of, opened with it unless one about the same thing is open, or a person has settled it.
    pub case: Option<NewCaseRow>,
    /// The time.
    pub now: Timestamp,
}

/// What came of recording a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboundRecording {
    /// It is recorded now.
    New,
    /// It is recorded now, as evidence of a case that a person has closed: it tells of the same money once more.
    Settled,
    /// The same body came to the account before; nothing was changed.
    Repeat,
}

impl Operation for RecordInbound {
    type Out = InboundRecording;
    const NAME: &'static str = "record_inbound";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<InboundRecording>, StoreError> {
        let inserted = tx
            .exec(
                "INSERT INTO inbound_notifications (merchant_id, account_id, notification_id, body_hash, verdict, \
                 body, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account_id, body_hash) DO NOTHING",
                &[
                    self.merchant.as_bytes().into(),
                    self.account.as_bytes().into(),
                    (&self.id).into(),
                    (&self.body_hash).into(),
                    (&self.verdict).into(),
                    (&self.body).into(),
                    self.now.as_micros().into(),
                ],
            )
            .await?;
        if inserted == 0 {
            return Ok(Done::Rollback(InboundRecording::Repeat));
        }
        if let Some(case) = &self.case {
            let (opened, told_by) = cases::open(tx, case).await?;
            match told_by {
                ToldBy::Open(open_key) => self.link(tx, &open_key).await?,
                ToldBy::Closed(closed) => self.link_closed(tx, closed).await?,
            }
            if opened == Opened::Settled {
                return Ok(Done::Commit(InboundRecording::Settled));
            }
        }
        Ok(Done::Commit(InboundRecording::New))
    }
}

impl RecordInbound {
    /// Makes the notification evidence of the case that is open now.
    async fn link<T: Tx>(&self, tx: &mut T, open_key: &[u8; 16]) -> Result<(), StoreError> {
        let linked = tx
            .exec(
                "UPDATE inbound_notifications SET case_id = c.case_id FROM cases c WHERE c.open_key = $1 \
                 AND inbound_notifications.merchant_id = $2 AND inbound_notifications.account_id = $3 \
                 AND inbound_notifications.notification_id = $4",
                &[
                    open_key.into(),
                    self.merchant.as_bytes().into(),
                    self.account.as_bytes().into(),
                    (&self.id).into(),
                ],
            )
            .await?;
        match linked {
            // The one that was open was closed since: told again, it opens another.
            0 => Err(StoreError::unavailable("the case was closed meanwhile")),
            _ => Ok(()),
        }
    }

    /// Makes it evidence of a case that is closed, and stays so.
    async fn link_closed<T: Tx>(&self, tx: &mut T, closed: CaseId) -> Result<(), StoreError> {
        let linked = tx
            .exec(
                "UPDATE inbound_notifications SET case_id = $1 WHERE merchant_id = $2 AND account_id = $3 \
                 AND notification_id = $4",
                &[
                    closed.as_bytes().into(),
                    self.merchant.as_bytes().into(),
                    self.account.as_bytes().into(),
                    (&self.id).into(),
                ],
            )
            .await?;
        expect_one(linked, "inbound_notifications")
    }
}

/// A notification that is evidence of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// When it came in.
    pub received_at: Timestamp,
    /// Why it was not applied, for people.
    pub verdict: String,
    /// What it said, without secrets, capped.
    pub body: String,
}

/// The notifications that are evidence of a case.
#[derive(Clone, Copy, Debug)]
pub struct InboundOfCase {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The case.
    pub case: CaseId,
    /// So many at most, the newest.
    pub limit: u32,
}

impl Query for InboundOfCase {
    /// The newest first.
    type Out = Vec<Evidence>;
    const NAME: &'static str = "inbound_of_case";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Evidence>, StoreError> {
        let sql = "SELECT received_at, verdict, body FROM inbound_notifications WHERE merchant_id = $1 AND case_id = $2 \
                   ORDER BY received_at DESC, notification_id DESC LIMIT $3";
        let params = [self.merchant.as_bytes().into(), self.case.as_bytes().into(), self.limit.into()];
        tx.rows(sql, &params).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<Evidence, StoreError> {
    Ok(Evidence { received_at: time(row, 0)?, verdict: row.text(1)?, body: row.text(2)? })
}

#[cfg(test)]
mod tests;
