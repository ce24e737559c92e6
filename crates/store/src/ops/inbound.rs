//! What PSPs told and could not be applied: kept once, as evidence.

use redress_core::id::{AccountId, MerchantId};
use redress_core::time::Timestamp;

use super::cases::{self, NewCaseRow};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::tx::Tx;

/// Records a notification of a PSP.
#[derive(Clone, Debug)]
pub struct RecordInbound {
    /// Whose account it came to.
    pub merchant: MerchantId,
    /// The account.
    pub account: AccountId,
    /// The id it gets if it is new; laid out as every id.
    pub id: [u8; 16],
    /// 16 bytes of a hash of the body: a repeat is recognised.
    pub body_hash: [u8; 16],
    /// Why it was not applied, in a word.
    pub verdict: String,
    /// What it said, capped.
    pub body: String,
    /// The case it is put before a person as, opened with it or not at all.
    pub case: Option<NewCaseRow>,
    /// The time.
    pub now: Timestamp,
}

/// What came of recording a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboundRecording {
    /// It is recorded now.
    New,
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
            cases::open(tx, case).await?;
        }
        Ok(Done::Commit(InboundRecording::New))
    }
}

#[cfg(test)]
mod tests;
