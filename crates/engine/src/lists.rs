//! Lists that people look through: payments and refunds narrowed, counted, added up, and taken along as a whole.
//!
//! No page, count or sum looks at more than so many rows: where that ends early, what is answered says how far it came.

mod named;

use redress_core::environment::Environment;
use redress_core::id::MerchantId;
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_store::ops::payments::search::{SEARCH_ROWS_MAX, SearchPayments};
use redress_store::ops::refund_list::{ListRefunds, RefundsAskedBy, SumRefunds};

use crate::engine::Engine;
use crate::error::EngineError;

pub use named::RefundSearch;
pub use redress_core::look_alike::{LOOK_ALIKE_WITHIN, look_alike};
pub use redress_core::payment_status::PaymentStatus;
pub use redress_store::ops::paging::{COUNT_MAX, Count, Page, Place, Turn};
pub use redress_store::ops::payments::search::{PaymentFilter, Term};
pub use redress_store::ops::refund_list::{RefundListFilter, RefundSums, RefundTotal};

/// An export has no more rows: it is for people and their spreadsheets. Whoever wants all reads the API's lists.
pub const EXPORT_ROWS_MAX: u32 = 100_000;

/// So many rows of an export are held at once.
const EXPORT_PAGE_ROWS: u32 = 500;

/// A page of refunds, and what all pages come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundListing {
    /// The page, with the number of refunds on all pages.
    pub page: Page<(Refund, Payment)>,
    /// What all pages come to.
    pub sums: RefundSums,
}

impl Engine {
    /// A page of a merchant's payments of one environment that pass a filter, and how many there are. The newest come
    /// first: by when they were taken in, or by when they were captured, where the filter has a time of capture.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn search_payments(
        &self,
        merchant: MerchantId,
        environment: Environment,
        filter: PaymentFilter,
        turn: Turn,
        limit: u32,
    ) -> Result<Page<Payment>, EngineError> {
        let (is_counted, rows_max) = (true, SEARCH_ROWS_MAX);
        let search = SearchPayments { merchant, environment, filter, turn, limit, is_counted, rows_max };
        Ok(self.parts.store.read(search).await?)
    }

    /// A page of a merchant's refunds of one environment that are looked for, the newest first, and what they all come to.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn search_refunds(
        &self,
        merchant: MerchantId,
        environment: Environment,
        search: RefundSearch,
        turn: Turn,
        limit: u32,
    ) -> Result<RefundListing, EngineError> {
        let RefundSearch { named, filter } = search;
        if let Some(named) = named {
            let named = self.named_refunds(merchant, environment, &named, &filter).await?;
            return Ok(named.listing(turn, limit));
        }
        let looked_at_max = filter.looked_at_max();
        let sum = SumRefunds { merchant, environment, filter: filter.clone(), looked_at_max };
        let list = ListRefunds { merchant, environment, filter, turn, limit, looked_at_max };
        let mut page = self.parts.store.read(list).await?;
        let sums = self.parts.store.read(sum).await?;
        page.count = Some(sums.count);
        Ok(RefundListing { page, sums })
    }

    /// All payments that pass a filter, in the order of [`Engine::search_payments`], some at a time: nothing is read until
    /// [`PaymentExport::next`].
    pub fn export_payments(
        &self,
        merchant: MerchantId,
        environment: Environment,
        filter: PaymentFilter,
    ) -> PaymentExport {
        PaymentExport { engine: self.clone(), merchant, environment, filter, reading: Reading::new() }
    }

    /// All refunds that are looked for, the newest first, some at a time: nothing is read until [`RefundExport::next`].
    pub fn export_refunds(
        &self,
        merchant: MerchantId,
        environment: Environment,
        search: RefundSearch,
    ) -> RefundExport {
        RefundExport { engine: self.clone(), merchant, environment, search, reading: Reading::new() }
    }
}

/// How far an export came.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// The page to read next; `None` at the end.
    turn: Option<Turn>,
    rows: u32,
    rows_max: u32,
    is_cut: bool,
}

impl Reading {
    const fn new() -> Self {
        Self { turn: Some(Turn::First), rows: 0, rows_max: EXPORT_ROWS_MAX, is_cut: false }
    }

    /// Goes on behind a page; answers how many of its rows still belong to the export.
    fn passed(&mut self, rows: usize, older: Option<Place>) -> usize {
        let left = self.rows_max - self.rows;
        let taken = u32::try_from(rows).unwrap_or(u32::MAX).min(left);
        self.rows += taken;
        self.turn = older.map(Turn::Older);
        if (taken as usize) < rows {
            (self.turn, self.is_cut) = (None, true);
        }
        taken as usize
    }
}

/// The payments of an export; see [`Engine::export_payments`].
pub struct PaymentExport {
    engine: Engine,
    merchant: MerchantId,
    environment: Environment,
    filter: PaymentFilter,
    reading: Reading,
}

impl PaymentExport {
    /// The next payments, some hundreds at most; `None` at the end.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked; the same may be asked again.
    pub async fn next(&mut self) -> Result<Option<Vec<Payment>>, EngineError> {
        while let Some(turn) = self.reading.turn {
            let search = SearchPayments {
                merchant: self.merchant,
                environment: self.environment,
                filter: self.filter.clone(),
                turn,
                limit: EXPORT_PAGE_ROWS,
                is_counted: false,
                rows_max: SEARCH_ROWS_MAX,
            };
            let mut page = self.engine.parts.store.read(search).await?;
            page.items.truncate(self.reading.passed(page.items.len(), page.older));
            if !page.items.is_empty() {
                return Ok(Some(page.items));
            }
        }
        Ok(None)
    }

    /// Whether it ended at [`EXPORT_ROWS_MAX`] with more behind. To be told at its end.
    pub const fn is_cut(&self) -> bool {
        self.reading.is_cut
    }
}

/// A refund in an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedRefund {
    /// The refund.
    pub refund: Refund,
    /// Its payment.
    pub payment: Payment,
    /// Who asked for it: a key of an API or a person; `None` where nobody is named.
    pub asked_by: Option<String>,
}

/// The refunds of an export; see [`Engine::export_refunds`].
pub struct RefundExport {
    engine: Engine,
    merchant: MerchantId,
    environment: Environment,
    search: RefundSearch,
    reading: Reading,
}

impl RefundExport {
    /// The next refunds, some hundreds at most; `None` at the end.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked; the same may be asked again.
    pub async fn next(&mut self) -> Result<Option<Vec<ExportedRefund>>, EngineError> {
        while let Some(turn) = self.reading.turn {
            let page = self.page(turn).await?;
            let refunds = page.items.iter().map(|(refund, _)| refund.id).collect();
            let asked = RefundsAskedBy { merchant: self.merchant, refunds };
            let asked_by = self.engine.parts.store.read(asked).await?;
            let exported = |((refund, payment), asked_by)| ExportedRefund { refund, payment, asked_by };
            let mut rows: Vec<_> = page.items.into_iter().zip(asked_by).map(exported).collect();
            rows.truncate(self.reading.passed(rows.len(), page.older));
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }

    async fn page(&self, turn: Turn) -> Result<Page<(Refund, Payment)>, EngineError> {
        let (merchant, environment, limit) = (self.merchant, self.environment, EXPORT_PAGE_ROWS);
        let RefundSearch { named, filter } = &self.search;
        if let Some(named) = named {
            let named = self.engine.named_refunds(merchant, environment, named, filter).await?;
            return Ok(named.page(turn, limit));
        }
        let (filter, looked_at_max) = (filter.clone(), filter.looked_at_max());
        let list = ListRefunds { merchant, environment, filter, turn, limit, looked_at_max };
        Ok(self.engine.parts.store.read(list).await?)
    }

    /// Whether it ended at [`EXPORT_ROWS_MAX`] with more behind. To be told at its end.
    pub const fn is_cut(&self) -> bool {
        self.reading.is_cut
    }
}

#[cfg(test)]
mod tests;
