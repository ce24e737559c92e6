//! What PSPs tell by themselves.

use bytes::Bytes;
use redress_core::money::Amount;
use redress_core::outcome::Outcome;
use redress_core::time::Timestamp;

/// A notification as it came in. Printing shows neither a header's value, which may be a secret, nor the body.
#[derive(Clone)]
pub struct Inbound {
    /// Its headers.
    pub headers: http::HeaderMap,
    /// Its body, unchanged.
    pub body: Bytes,
    /// When it came in: some PSPs sign a time, and what is too old may be a replay.
    pub received_at: Timestamp,
}

impl std::fmt::Debug for Inbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbound")
            .field("body_bytes", &self.body.len())
            .field("received_at", &self.received_at)
            .finish_non_exhaustive()
    }
}

/// What a notification tells, once it is known to be the PSP's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The refund's PSP key, as the PSP echoes it.
    pub key: Option<String>,
    /// The PSP's id of the refund.
    pub psp_refund_id: Option<String>,
    /// The PSP's ids of the payment: each of them, where it has several; none where it names no payment.
    pub psp_payment_ids: Vec<String>,
    /// The sum it speaks of.
    pub amount: Option<Amount>,
    /// What it says.
    pub outcome: Outcome,
    /// The PSP must be asked before this counts.
    pub must_confirm: bool,
    /// It names another merchant, contract or mode than the account's, and is put before a person: each, for people.
    pub foreign: Option<String>,
    /// The codes of the failures that may follow what it says. Where one of them is known already, this is the older word
    /// that came late, and not a contradiction.
    pub superseded_by: &'static [&'static str],
    /// What it said, as evidence: as [`crate::connector::Exchange::record`].
    pub record: String,
}

/// Why a notification is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// Its signature is missing or wrong: it may be anybody's.
    #[error("the notification's signature is missing or wrong")]
    BadSignature,
    /// Whether it is the PSP's, only the PSP can say, and it could not be asked now.
    #[error("the PSP could not be asked whether the notification is its own")]
    NotVerifiable,
    /// It cannot be read.
    #[error("the notification cannot be read")]
    NotUnderstood,
    /// It is the PSP's, and it is not about a refund.
    #[error("the notification is not about a refund")]
    NotARefund,
    /// This PSP sends none about refunds.
    #[error("this PSP sends no notifications about refunds")]
    NotSupported,
}
