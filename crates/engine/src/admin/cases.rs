//! What waits for a person.

use redress_core::case::CaseKind;
use redress_core::environment::Environment;
use redress_core::id::{CaseId, MerchantId, PaymentId};
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::time::Timestamp;
use redress_store::ops::case_list::{CASES_LOOKED_AT_MAX, CountOpenCases, FindCaseIn, ListCases};
use redress_store::ops::cases::{
    BlockingCases, CaseClosing, CasesOfPayment, CloseCase, FindCase, HoldingCases, ListOpenCases,
    OpenCasesOfRefund,
};
use redress_store::ops::inbound::InboundOfCase;
use redress_store::ops::write::Author;

pub use redress_store::ops::case_list::{CasePage, OPEN_CASES_COUNTED_MAX, OpenCases};
pub use redress_store::ops::cases::{Blocked, Case, CaseClosed, CaseDecision};
pub use redress_store::ops::inbound::Evidence;

use super::fault::FaultCode;
use super::{AdminError, PAGE_ROWS, author_of};
use crate::engine::Engine;

/// So much of a case's evidence is shown, the newest.
pub const EVIDENCE_SHOWN_MAX: u32 = 20;

/// So many of the cases that hold a sum of one payment are read: each holds a part of it.
pub const HOLDING_CASES_MAX: u32 = 100;

/// Which cases are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// Open or closed ones.
    pub open: Option<bool>,
    /// Of this kind.
    pub kind: Option<CaseKind>,
}

impl Engine {
    /// A page of a merchant's cases in one environment, the newest first; `after` is the last of the page before.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn list_cases(
        &self,
        merchant: MerchantId,
        environment: Environment,
        filter: CaseFilter,
        after: Option<CaseId>,
        limit: u32,
    ) -> Result<CasePage, AdminError> {
        let before = after.unwrap_or(CaseId::from_bytes([u8::MAX; 16]));
        let (open, kind, looked_at_max) = (filter.open, filter.kind, CASES_LOOKED_AT_MAX);
        let list = ListCases { merchant, environment, open, kind, before, limit, looked_at_max };
        Ok(self.parts.store.read(list).await?)
    }

    /// How many of a merchant's cases in one environment are open, by kind, each up to [`OPEN_CASES_COUNTED_MAX`]; kinds of
    /// which none is open are left out. Cheap: every page shows it.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn count_open_cases(
        &self,
        merchant: MerchantId,
        environment: Environment,
    ) -> Result<Vec<OpenCases>, AdminError> {
        Ok(self.parts.store.read(CountOpenCases { merchant, environment }).await?)
    }

    /// The open cases that block a part of a payment, oldest first, so many at most. What nothing is blocked of costs
    /// nothing to ask about.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn blocking_cases(&self, payment: &Payment, limit: u32) -> Result<Vec<Case>, AdminError> {
        if payment.balance.blocked == 0 {
            return Ok(Vec::new());
        }
        let blocking = BlockingCases { merchant: payment.merchant, payment: payment.id, limit };
        Ok(self.parts.store.read(blocking).await?)
    }

    /// The cases that hold a sum of a payment: open ones that block it, or will as soon as it is refundable, and closed ones
    /// by which a person booked it as given back; the open ones first, at most [`HOLDING_CASES_MAX`]. A refund
    /// that one of them is about gave its sum back although it failed, or may have. Of what nothing was ever taken nothing
    /// is asked.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn holding_cases(&self, payment: &Payment) -> Result<Vec<Case>, AdminError> {
        if payment.remaining() == payment.captured() {
            return Ok(Vec::new());
        }
        let (merchant, payment, limit) = (payment.merchant, payment.id, HOLDING_CASES_MAX);
        Ok(self.parts.store.read(HoldingCases { merchant, payment, limit }).await?)
    }

    /// The open cases about a refund, oldest first, so many at most.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn open_cases_of(&self, refund: &Refund, limit: u32) -> Result<Vec<Case>, AdminError> {
        let of_it = OpenCasesOfRefund { merchant: refund.merchant, refund: refund.id, limit };
        Ok(self.parts.store.read(of_it).await?)
    }

    /// A merchant's case in one environment, open or closed.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn case(
        &self,
        merchant: MerchantId,
        environment: Environment,
        case: CaseId,
    ) -> Result<Case, AdminError> {
        let found = self.parts.store.read(FindCaseIn { merchant, environment, case }).await?;
        found.ok_or(AdminError::NotFound("case"))
    }

    /// What PSPs told that a case is about, each notification with what differed in it: the newest first, at most
    /// [`EVIDENCE_SHOWN_MAX`]. Nothing where something else opened the case.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn evidence_of_case(&self, case: &Case) -> Result<Vec<Evidence>, AdminError> {
        let asked = InboundOfCase { merchant: case.merchant, case: case.id, limit: EVIDENCE_SHOWN_MAX };
        Ok(self.parts.store.read(asked).await?)
    }

    /// A page of the open cases of a merchant, or of all, oldest first.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn open_cases_page(
        &self,
        merchant: Option<MerchantId>,
        after: Option<(Timestamp, CaseId)>,
        limit: u32,
    ) -> Result<Vec<Case>, AdminError> {
        Ok(self.parts.store.read(ListOpenCases { merchant, after, limit }).await?)
    }

    /// Every open case of a merchant, or of all, oldest first.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn open_cases(&self, merchant: Option<MerchantId>) -> Result<Vec<Case>, AdminError> {
        let mut all: Vec<Case> = Vec::new();
        loop {
            let after = all.last().map(|last| (last.opened_at, last.id));
            let page = self.open_cases_page(merchant, after, PAGE_ROWS).await?;
            let full = page.len() == PAGE_ROWS as usize;
            all.extend(page);
            if !full {
                return Ok(all);
            }
        }
    }

    /// The newest cases of a payment, open and closed, at most [`PAGE_ROWS`].
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn cases_of_payment(
        &self,
        merchant: MerchantId,
        payment: PaymentId,
    ) -> Result<Vec<Case>, AdminError> {
        Ok(self.parts.store.read(CasesOfPayment { merchant, payment, limit: PAGE_ROWS }).await?)
    }

    /// A case, open or closed, whoever's it is: the operator's view.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn any_case(&self, case: CaseId) -> Result<Case, AdminError> {
        for merchant in self.list_merchants().await? {
            if let Some(found) = self.parts.store.read(FindCase { merchant: merchant.id, case }).await? {
                return Ok(found);
            }
        }
        Err(AdminError::NotFound("case"))
    }

    /// A person closes a case; answers how much of its payment it had blocked, in minor units.
    ///
    /// # Errors
    /// [`AdminError::Conflict`] when somebody closed it before; [`AdminError::Invalid`] where it blocks something and
    /// [`Blocked::Nothing`] was said.
    pub async fn close_case(
        &self,
        merchant: MerchantId,
        case: CaseId,
        author: &str,
        reason: &str,
        blocked: Blocked,
    ) -> Result<i64, AdminError> {
        let Author { name: author, reason } = author_of(author, reason)?;
        match self
            .parts
            .store
            .run(CloseCase { merchant, case, author, reason, blocked, now: self.now() })
            .await?
        {
            CaseClosing::Closed { blocked: sum } => {
                tracing::info!(%case, sum, becomes = ?blocked, "a case was closed by a person");
                Ok(sum)
            }
            CaseClosing::Already(closed) => {
                let text = format!("{} closed it before: {}", closed.by, closed.reason);
                Err(AdminError::conflict(FaultCode::Overtaken.told(text)))
            }
            // Its sum came to be blocked after they looked.
            CaseClosing::Undecided { .. } => Err(AdminError::invalid(
                "blocked",
                "must say what becomes of the sum that the case blocks by now",
            )),
            CaseClosing::NotFound => Err(AdminError::NotFound("case")),
        }
    }
}
