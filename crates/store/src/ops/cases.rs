//! What a person must look at: opened by whatever found it, closed by a person or by the refund's end.

mod blocking;
mod came_back;
mod closing;
mod opening;

use redress_core::case::CaseKind;
use redress_core::id::{AccountId, CaseId, EndpointId, MerchantId, PaymentId, RefundId};
use redress_core::time::Timestamp;
use sha2::{Digest, Sha256};

use super::rows::{opt_time, parsed, time};
use crate::error::StoreError;
use crate::op::Query;
use crate::tx::Tx;
use crate::value::Row;

pub(crate) use blocking::{lock_payment, reach};
pub use came_back::LeftOwn;
pub(crate) use came_back::{failed_after_all, is_booked, take_back};
pub use closing::{Blocked, CaseClosing, CloseCase};
pub(crate) use closing::{Ending, end_for_endpoint, end_for_refund};
pub use opening::{OpenCase, Opened};
pub(crate) use opening::{ToldBy, open};

/// What a case is about. While one case of a kind about the same thing is open, no second one is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseSubject {
    /// A refund of ours.
    Refund(RefundId),
    /// A refund at the PSP that is none of ours.
    PspRefund {
        /// Where it was made.
        account: AccountId,
        /// The PSP's id of it.
        psp_refund_id: String,
    },
    /// A notification that could not be applied to anything.
    Notification {
        /// Whose PSP sent it.
        account: AccountId,
        /// The hash of its body, and of its place in it where that tells of several.
        body_hash: [u8; 16],
    },
    /// An endpoint.
    Endpoint(EndpointId),
}

/// A case to be opened.
#[derive(Clone, Debug)]
pub struct NewCaseRow {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its id, if it is opened.
    pub id: CaseId,
    /// Why a person must look.
    pub kind: CaseKind,
    /// What it is about.
    pub subject: CaseSubject,
    /// The payment concerned, where one is known; it is what [`NewCaseRow::block_minor`] blocks.
    pub payment: Option<PaymentId>,
    /// What happened, for people. About a refund of the PSP's it names that and its sum, in the same words for the same: by
    /// them a closed case is known again.
    pub text: String,
    /// How much of the payment to block until the case is closed, in minor units, as far as it reaches.
    pub block_minor: i64,
    /// The time.
    pub now: Timestamp,
}

/// A case as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its id.
    pub id: CaseId,
    /// Why a person must look.
    pub kind: CaseKind,
    /// The refund concerned.
    pub refund: Option<RefundId>,
    /// The payment concerned.
    pub payment: Option<PaymentId>,
    /// The PSP account concerned.
    pub account: Option<AccountId>,
    /// The endpoint concerned.
    pub endpoint: Option<EndpointId>,
    /// What happened, for people.
    pub text: String,
    /// How much of the payment it blocks, or blocked until it was closed, in minor units.
    pub blocked: i64,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// How it was closed; `None` while it is open.
    pub closed: Option<CaseClosed>,
}

/// How a case was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseClosed {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What became of the sum that it blocked.
    pub decision: CaseDecision,
}

/// What became of the sum that a case blocked, when it was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseDecision {
    /// It blocked nothing: no money hung on it.
    Nothing,
    /// It is refundable again.
    Released,
    /// It counts as refunded.
    Refunded,
}

impl CaseDecision {
    /// Every decision.
    pub const ALL: [Self; 3] = [Self::Nothing, Self::Released, Self::Refunded];

    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Released => "released",
            Self::Refunded => "refunded",
        }
    }

    /// As a closed case's sums tell it.
    const fn of(blocked: i64, booked: i64) -> Self {
        match (blocked, booked) {
            (0, _) => Self::Nothing,
            (_, 0) => Self::Released,
            _ => Self::Refunded,
        }
    }
}

impl NewCaseRow {
    /// 16 bytes of a hash over merchant, kind and subject: the same for a second opening of the same case.
    fn open_key(&self) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(self.merchant.as_bytes());
        // Names differ in length, so each is closed off by a byte that none contains.
        hash.update(self.kind.as_str());
        match &self.subject {
            CaseSubject::Refund(refund) => {
                hash.update(b"\0refund\0");
                hash.update(refund.as_bytes());
            }
            CaseSubject::PspRefund { account, psp_refund_id } => {
                hash.update(b"\0psp_refund\0");
                hash.update(account.as_bytes());
                hash.update(psp_refund_id);
            }
            CaseSubject::Notification { account, body_hash } => {
                hash.update(b"\0notification\0");
                hash.update(account.as_bytes());
                hash.update(body_hash);
            }
            CaseSubject::Endpoint(endpoint) => {
                hash.update(b"\0endpoint\0");
                hash.update(endpoint.as_bytes());
            }
        }
        first_half(hash)
    }

    /// The same where a case about the same thing is open that blocks a part of another payment.
    fn open_key_of(&self, payment: PaymentId) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(self.open_key());
        hash.update(b"\0payment\0");
        hash.update(payment.as_bytes());
        first_half(hash)
    }

    fn refund(&self) -> Option<&RefundId> {
        match &self.subject {
            CaseSubject::Refund(refund) => Some(refund),
            CaseSubject::PspRefund { .. } | CaseSubject::Notification { .. } | CaseSubject::Endpoint(_) => {
                None
            }
        }
    }

    fn endpoint(&self) -> Option<&EndpointId> {
        match &self.subject {
            CaseSubject::Endpoint(endpoint) => Some(endpoint),
            CaseSubject::Refund(_) | CaseSubject::PspRefund { .. } | CaseSubject::Notification { .. } => None,
        }
    }

    fn account(&self) -> Option<&AccountId> {
        match &self.subject {
            CaseSubject::Refund(_) | CaseSubject::Endpoint(_) => None,
            CaseSubject::PspRefund { account, .. } | CaseSubject::Notification { account, .. } => {
                Some(account)
            }
        }
    }
}

/// One case of a merchant, open or closed.
#[derive(Clone, Copy, Debug)]
pub struct FindCase {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which.
    pub case: CaseId,
}

impl Query for FindCase {
    type Out = Option<Case>;
    const NAME: &'static str = "find_case";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Case>, StoreError> {
        find(tx, self.merchant, self.case).await
    }
}

/// The columns that [`read`] reads.
macro_rules! case_columns {
    () => {
        "merchant_id, case_id, kind, refund_id, payment_id, account_id, what, blocked, opened_at, closed_at, closed_by, \
         close_reason, endpoint_id, booked"
    };
}
pub(crate) use case_columns;

/// Whether a case holds a sum: a person has booked it as gone, or has yet to look at the case that tells of it, also where
/// that blocks nothing yet because the money is in use.
macro_rules! holds {
    () => {
        "(booked > 0 OR (wanted > 0 AND closed_at IS NULL))"
    };
}
pub(crate) use holds;

async fn find<T: Tx>(tx: &mut T, merchant: MerchantId, case: CaseId) -> Result<Option<Case>, StoreError> {
    let sql = concat!("SELECT ", case_columns!(), " FROM cases WHERE merchant_id = $1 AND case_id = $2");
    let rows = tx.rows(sql, &[merchant.as_bytes().into(), case.as_bytes().into()]).await?;
    rows.first().map(read).transpose()
}

/// The cases of a payment, open and closed: those about its refunds, and those about money that left otherwise.
#[derive(Clone, Copy, Debug)]
pub struct CasesOfPayment {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The payment.
    pub payment: PaymentId,
    /// So many at most, the newest.
    pub limit: u32,
}

impl Query for CasesOfPayment {
    /// The newest first.
    type Out = Vec<Case>;
    const NAME: &'static str = "cases_of_payment";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Case>, StoreError> {
        let sql = concat!(
            "SELECT ",
            case_columns!(),
            " FROM cases WHERE merchant_id = $1 AND payment_id = $2 ORDER BY opened_at DESC, case_id DESC LIMIT $3"
        );
        let (merchant, payment) = (self.merchant.as_bytes().into(), self.payment.as_bytes().into());
        tx.rows(sql, &[merchant, payment, self.limit.into()]).await?.iter().map(read).collect()
    }
}

/// The open cases that block a part of a payment, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct BlockingCases {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The payment.
    pub payment: PaymentId,
    /// So many at most.
    pub limit: u32,
}

impl Query for BlockingCases {
    type Out = Vec<Case>;
    const NAME: &'static str = "blocking_cases";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Case>, StoreError> {
        let sql = concat!(
            "SELECT ",
            case_columns!(),
            " FROM cases WHERE merchant_id = $1 AND payment_id = $2 AND closed_at IS NULL AND blocked > 0 \
             ORDER BY opened_at, case_id LIMIT $3"
        );
        let (merchant, payment) = (self.merchant.as_bytes().into(), self.payment.as_bytes().into());
        tx.rows(sql, &[merchant, payment, self.limit.into()]).await?.iter().map(read).collect()
    }
}

/// The cases that hold a sum of a payment: open ones that block it, or will as soon as it is refundable, and closed ones by
/// which a person booked it as given back. The open ones come first, the oldest of each before the others.
#[derive(Clone, Copy, Debug)]
pub struct HoldingCases {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The payment.
    pub payment: PaymentId,
    /// So many at most.
    pub limit: u32,
}

impl Query for HoldingCases {
    type Out = Vec<Case>;
    const NAME: &'static str = "holding_cases";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Case>, StoreError> {
        let sql = concat!(
            "SELECT ",
            case_columns!(),
            " FROM cases WHERE merchant_id = $1 AND payment_id = $2 AND ",
            holds!(),
            " ORDER BY CASE WHEN closed_at IS NULL THEN 0 ELSE 1 END, opened_at, case_id LIMIT $3"
        );
        let (merchant, payment) = (self.merchant.as_bytes().into(), self.payment.as_bytes().into());
        tx.rows(sql, &[merchant, payment, self.limit.into()]).await?.iter().map(read).collect()
    }
}

/// The open cases about a refund, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct OpenCasesOfRefund {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The refund.
    pub refund: RefundId,
    /// So many at most.
    pub limit: u32,
}

impl Query for OpenCasesOfRefund {
    type Out = Vec<Case>;
    const NAME: &'static str = "open_cases_of_refund";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Case>, StoreError> {
        let sql = concat!(
            "SELECT ",
            case_columns!(),
            " FROM cases WHERE merchant_id = $1 AND refund_id = $2 AND closed_at IS NULL \
             ORDER BY opened_at, case_id LIMIT $3"
        );
        let (merchant, refund) = (self.merchant.as_bytes().into(), self.refund.as_bytes().into());
        tx.rows(sql, &[merchant, refund, self.limit.into()]).await?.iter().map(read).collect()
    }
}

/// Whether a refund of the PSP's that is none of ours took something of a payment: a person has booked it as gone, or has yet
/// to look at the case that tells of it. A quarantined case about a refund of ours is about our own money.
#[derive(Clone, Copy, Debug)]
pub struct LeftElsewhere {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The payment.
    pub payment: PaymentId,
}

impl Query for LeftElsewhere {
    type Out = bool;
    const NAME: &'static str = "left_elsewhere";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let sql = concat!(
            "SELECT 1 FROM cases WHERE merchant_id = $1 AND payment_id = $2 AND ",
            holds!(),
            " AND (kind = 'foreign_refund' OR (kind = 'quarantined' AND refund_id IS NULL)) LIMIT 1"
        );
        let params = [self.merchant.as_bytes().into(), self.payment.as_bytes().into()];
        tx.rows(sql, &params).await.map(|rows| !rows.is_empty())
    }
}

/// A page of the open cases, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct ListOpenCases {
    /// Whose; `None` for all merchants' (the operator's view).
    pub merchant: Option<MerchantId>,
    /// The last case of the page before.
    pub after: Option<(Timestamp, CaseId)>,
    /// The length of a page.
    pub limit: u32,
}

impl Query for ListOpenCases {
    type Out = Vec<Case>;
    const NAME: &'static str = "list_open_cases";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Case>, StoreError> {
        let (at, id) = self.after.map_or((i64::MIN, [0; 16]), |(at, id)| (at.as_micros(), *id.as_bytes()));
        let rows = match &self.merchant {
            Some(merchant) => {
                let sql = concat!(
                    "SELECT ",
                    case_columns!(),
                    " FROM cases WHERE merchant_id = $1 AND closed_at IS NULL AND (opened_at, case_id) > ($2, $3) \
                     ORDER BY opened_at, case_id LIMIT $4"
                );
                let params = [merchant.as_bytes().into(), at.into(), (&id).into(), self.limit.into()];
                tx.rows(sql, &params).await?
            }
            None => {
                let sql = concat!(
                    "SELECT ",
                    case_columns!(),
                    " FROM cases WHERE closed_at IS NULL AND (opened_at, case_id) > ($1, $2) \
                     ORDER BY opened_at, case_id LIMIT $3"
                );
                tx.rows(sql, &[at.into(), (&id).into(), self.limit.into()]).await?
            }
        };
        rows.iter().map(read).collect()
    }
}

fn first_half(hash: Sha256) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(&hash.finalize()[..16]);
    key
}

pub(crate) fn read(row: &Row) -> Result<Case, StoreError> {
    let closed = match opt_time(row, 9)? {
        Some(at) => {
            let decision = CaseDecision::of(row.int(7)?, row.int(13)?);
            Some(CaseClosed { at, by: row.text(10)?, reason: row.text(11)?, decision })
        }
        None => None,
    };
    Ok(Case {
        merchant: MerchantId::from_bytes(row.id16(0)?),
        id: CaseId::from_bytes(row.id16(1)?),
        kind: parsed(row, 2, CaseKind::parse)?,
        refund: row.opt_id16(3)?.map(RefundId::from_bytes),
        payment: row.opt_id16(4)?.map(PaymentId::from_bytes),
        account: row.opt_id16(5)?.map(AccountId::from_bytes),
        endpoint: row.opt_id16(12)?.map(EndpointId::from_bytes),
        text: row.text(6)?,
        blocked: row.int(7)?,
        opened_at: time(row, 8)?,
        closed,
    })
}

#[cfg(test)]
mod tests;
