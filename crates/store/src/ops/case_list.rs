//! A merchant's cases in one environment, the newest first.

use redress_core::case::CaseKind;
use redress_core::environment::Environment;
use redress_core::id::{CaseId, MerchantId};

use super::cases::{Case, case_columns, read};
use super::rows::count;
use crate::error::StoreError;
use crate::op::Query;
use crate::tx::Tx;

/// So many cases are looked at for one page: few that are open must not cost a walk through all that were closed.
pub const CASES_LOOKED_AT_MAX: u32 = 10_000;

/// Reads a page of cases. An id begins with the time it was made at, so the key's order is the order of time.
#[derive(Clone, Copy, Debug)]
pub struct ListCases {
    /// Whose.
    pub merchant: MerchantId,
    /// Of payments, PSP accounts and endpoints of which environment.
    pub environment: Environment,
    /// Open or closed, where that matters.
    pub open: Option<bool>,
    /// Of which kind, where that matters.
    pub kind: Option<CaseKind>,
    /// Only ids before this one.
    pub before: CaseId,
    /// The most on the page.
    pub limit: u32,
    /// The most that are looked at: [`CASES_LOOKED_AT_MAX`], or fewer.
    pub looked_at_max: u32,
}

/// A page of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CasePage {
    /// What was found, the newest first.
    pub cases: Vec<Case>,
    /// Where the next page begins; `None` where there is none. It may be there although fewer than `limit` were found:
    /// then enough were looked at.
    pub next: Option<CaseId>,
}

/// The last that is looked at. As pairs: without them SQLite takes the index of the ids, and would read the cases of the
/// other environment too.
const LAST_LOOKED_AT: &str = "SELECT case_id FROM cases WHERE merchant_id = $1 \
     AND (environment, case_id) >= ($2, $3) AND (environment, case_id) < ($2, $4) \
     ORDER BY environment DESC, case_id DESC LIMIT 1 OFFSET $5";

// A filter that nobody set is one that everything passes: '' is no kind, and 2 is neither open nor closed.
const PAGE: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE merchant_id = $1 AND (environment, case_id) >= ($2, $3) AND (environment, case_id) < ($2, $4) \
     AND kind = COALESCE(NULLIF($5, ''), kind) \
     AND (CASE WHEN closed_at IS NULL THEN 1 ELSE 0 END) <> $6 ORDER BY environment DESC, case_id DESC LIMIT $7"
);

impl Query for ListCases {
    type Out = CasePage;
    const NAME: &'static str = "list_cases";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<CasePage, StoreError> {
        let (merchant, environment) = (self.merchant.as_bytes(), self.environment.as_str());
        let beginning = CaseId::from_bytes([0; 16]);
        let bounds = [
            merchant.into(),
            environment.into(),
            beginning.as_bytes().into(),
            self.before.as_bytes().into(),
            self.looked_at_max.saturating_sub(1).into(),
        ];
        let last = tx.rows(LAST_LOOKED_AT, &bounds).await?;
        let last = last.first().map(|row| row.id16(0)).transpose()?.map(CaseId::from_bytes);
        let from = last.unwrap_or(beginning);
        // What is not wanted: 0 what is closed, 1 what is open, 2 nothing.
        let unwanted: i64 = self.open.map_or(2, |open| i64::from(!open));
        let params = [
            merchant.into(),
            environment.into(),
            from.as_bytes().into(),
            self.before.as_bytes().into(),
            self.kind.map_or("", CaseKind::as_str).into(),
            unwanted.into(),
            (self.limit + 1).into(),
        ];
        let found = tx.rows(PAGE, &params).await?;
        let mut cases = found.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let limit = self.limit as usize;
        let next = if cases.len() > limit {
            cases.truncate(limit);
            cases.last().map(|case| case.id)
        } else {
            last
        };
        Ok(CasePage { cases, next })
    }
}

/// Open cases of one kind are counted up to here.
pub const OPEN_CASES_COUNTED_MAX: u32 = 99;

/// Counts a merchant's open cases in one environment, by kind.
#[derive(Clone, Copy, Debug)]
pub struct CountOpenCases {
    /// Whose.
    pub merchant: MerchantId,
    /// Of payments, PSP accounts and endpoints of which environment.
    pub environment: Environment,
}

/// How many cases of a kind are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenCases {
    /// The kind.
    pub kind: CaseKind,
    /// How many, [`OPEN_CASES_COUNTED_MAX`] at most.
    pub count: u32,
    /// There are more.
    pub are_more: bool,
}

impl Query for CountOpenCases {
    /// Kinds of which none is open are left out.
    type Out = Vec<OpenCases>;
    const NAME: &'static str = "count_open_cases";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<OpenCases>, StoreError> {
        let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM cases WHERE merchant_id = $1 AND environment = $2 AND kind = $3 \
                   AND closed_at IS NULL LIMIT $4) open";
        let mut all = Vec::new();
        for kind in CaseKind::ALL {
            let params = [
                self.merchant.as_bytes().into(),
                self.environment.as_str().into(),
                kind.as_str().into(),
                (OPEN_CASES_COUNTED_MAX + 1).into(),
            ];
            let rows = tx.rows(sql, &params).await?;
            let found = rows.first().map(|row| count(row, 0)).transpose()?.unwrap_or(0);
            if found > 0 {
                let counted = found.min(OPEN_CASES_COUNTED_MAX);
                all.push(OpenCases { kind, count: counted, are_more: found > counted });
            }
        }
        Ok(all)
    }
}

/// One case of a merchant in one environment.
#[derive(Clone, Copy, Debug)]
pub struct FindCaseIn {
    /// Whose.
    pub merchant: MerchantId,
    /// Of payments, PSP accounts and endpoints of which environment.
    pub environment: Environment,
    /// Which.
    pub case: CaseId,
}

impl Query for FindCaseIn {
    type Out = Option<Case>;
    const NAME: &'static str = "find_case_in";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Case>, StoreError> {
        let sql = concat!(
            "SELECT ",
            case_columns!(),
            " FROM cases WHERE merchant_id = $1 AND case_id = $2 AND environment = $3"
        );
        let params =
            [self.merchant.as_bytes().into(), self.case.as_bytes().into(), self.environment.as_str().into()];
        tx.rows(sql, &params).await?.first().map(read).transpose()
    }
}

#[cfg(test)]
mod tests;
