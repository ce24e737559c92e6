//! Uploads of many payments. An upload is received whole before anything of it is taken in; then its rows are taken in by
//! batches, each with its outcome in one transaction, so that whoever goes on after a crash neither repeats nor skips one.

mod dry_run;
mod receive;
mod take_in;

use redress_core::environment::Environment;
use redress_core::id::{ImportId, MerchantId, PaymentId};
use redress_core::time::Timestamp;

use super::rows::{self, opt_time, parsed, time};
use crate::error::StoreError;
use crate::op::Query;
use crate::tx::Tx;
use crate::value::{Row, Value};

pub use dry_run::{CheckedRows, JudgePayments, Judged, PaymentNames, WouldBe};
pub use receive::{AddImportRows, BeginImport, NewImportRow, PruneImports, StartImport};
pub use take_in::{DueImport, LeaseImport, OpenImportRows, Ruling, TakeInRows, TakenIn, WouldBePayment};

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportState {
    /// Its rows are still coming, or stopped coming.
    Receiving,
    /// Its rows are being taken in.
    Running,
    /// Each row has its outcome.
    Done,
}

impl ImportState {
    /// The name in the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Running => "running",
            Self::Done => "done",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Receiving, Self::Running, Self::Done].into_iter().find(|state| state.as_str() == text)
    }
}

/// What came of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOutcome {
    /// The payment is new.
    Created,
    /// It was there, and its captured sum was changed.
    Updated,
    /// It was there with the same content.
    Unchanged,
    /// It was refused.
    Refused,
}

impl RowOutcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Created, Self::Updated, Self::Unchanged, Self::Refused];

    /// The name in the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }

    /// Reads the name; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// Why a row was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The row is none, or its content is wrong.
    Invalid,
    /// The payment is there with other content, or something else of it is taken.
    Conflict,
    /// The merchant has no such PSP account.
    NoAccount,
}

impl RefusalKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Invalid, Self::Conflict, Self::NoAccount];

    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Conflict => "conflict",
            Self::NoAccount => "no_account",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Why a row was refused, with what is at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowRefusal {
    /// Why.
    pub kind: RefusalKind,
    /// The field, by its name in the API, where it is one.
    pub field: Option<String>,
    /// What is wrong, for people, where the kind and the field do not say it.
    pub detail: Option<String>,
}

/// An upload as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Whose.
    pub merchant: MerchantId,
    /// Its id.
    pub id: ImportId,
    /// Of payments of which environment.
    pub environment: Environment,
    /// How far it is.
    pub state: ImportState,
    /// Its rows are judged, and no payment is changed.
    pub dry_run: bool,
    /// Who uploaded it.
    pub author: String,
    /// Rows that came.
    pub total: u64,
    /// Rows whose payment is new.
    pub created: u64,
    /// Rows whose payment was there and got another captured sum.
    pub updated: u64,
    /// Rows whose payment was there with the same content.
    pub unchanged: u64,
    /// Rows that were refused.
    pub refused: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When its last row had its outcome.
    pub finished_at: Option<Timestamp>,
}

impl Import {
    /// How many rows of a check that is done can be imported as they were checked; `None` where none can.
    #[must_use]
    pub const fn importable(&self) -> Option<u64> {
        let rows = self.created + self.updated;
        if self.dry_run && matches!(self.state, ImportState::Done) && rows > 0 { Some(rows) } else { None }
    }
}

macro_rules! import_columns {
    () => {
        "merchant_id, import_id, environment, state, dry_run, author, total, created, updated, unchanged, refused, \
         created_at, updated_at, finished_at"
    };
}
use import_columns;

fn import(row: &Row) -> Result<Import, StoreError> {
    Ok(Import {
        merchant: MerchantId::from_bytes(row.id16(0)?),
        id: ImportId::from_bytes(row.id16(1)?),
        environment: rows::environment(row, 2)?,
        state: parsed(row, 3, ImportState::parse)?,
        dry_run: row.int(4)? != 0,
        author: row.text(5)?,
        total: number(row, 6)?,
        created: number(row, 7)?,
        updated: number(row, 8)?,
        unchanged: number(row, 9)?,
        refused: number(row, 10)?,
        created_at: time(row, 11)?,
        updated_at: time(row, 12)?,
        finished_at: opt_time(row, 13)?,
    })
}

fn number(row: &Row, at: usize) -> Result<u64, StoreError> {
    u64::try_from(row.int(at)?).map_err(|_| StoreError::inconsistent("a count below zero"))
}

/// One import of a merchant in one environment.
#[derive(Clone, Copy, Debug)]
pub struct FindImport {
    /// Whose.
    pub merchant: MerchantId,
    /// Where.
    pub environment: Environment,
    /// Which.
    pub import: ImportId,
}

impl Query for FindImport {
    type Out = Option<Import>;
    const NAME: &'static str = "find_import";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Import>, StoreError> {
        let sql = concat!(
            "SELECT ",
            import_columns!(),
            " FROM payment_imports WHERE merchant_id = $1 AND import_id = $2 AND environment = $3"
        );
        let params = [
            self.merchant.as_bytes().into(),
            self.import.as_bytes().into(),
            self.environment.as_str().into(),
        ];
        tx.rows(sql, &params).await?.first().map(import).transpose()
    }
}

/// A page of a merchant's imports in one environment, the newest first: an id begins with the time it was made at.
#[derive(Clone, Copy, Debug)]
pub struct ListImports {
    /// Whose.
    pub merchant: MerchantId,
    /// Where.
    pub environment: Environment,
    /// Only ids before this one.
    pub before: ImportId,
    /// The length of a page.
    pub limit: u32,
}

impl Query for ListImports {
    type Out = Vec<Import>;
    const NAME: &'static str = "list_imports";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Import>, StoreError> {
        let sql = concat!(
            "SELECT ",
            import_columns!(),
            " FROM payment_imports WHERE merchant_id = $1 AND import_id < $2 AND environment = $3 \
             ORDER BY import_id DESC LIMIT $4"
        );
        let params = [
            self.merchant.as_bytes().into(),
            self.before.as_bytes().into(),
            self.environment.as_str().into(),
            self.limit.into(),
        ];
        tx.rows(sql, &params).await?.iter().map(import).collect()
    }
}

/// A row of an import as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRow {
    /// Where it begins in what was uploaded, from 1.
    pub line: u64,
    /// The payment's reference, where the row has one.
    pub order_ref: Option<String>,
    /// What came of it; `None` while it waits.
    pub outcome: Option<RowOutcome>,
    /// The payment; of a dry run only one that was there.
    pub payment: Option<PaymentId>,
    /// Why it was refused.
    pub refusal: Option<RowRefusal>,
}

/// A page of an import's rows, in the order of their lines.
#[derive(Clone, Copy, Debug)]
pub struct ListImportRows {
    /// Whose.
    pub merchant: MerchantId,
    /// Which import.
    pub import: ImportId,
    /// Only those with this outcome.
    pub outcome: Option<RowOutcome>,
    /// Only lines after this one.
    pub after: u64,
    /// The length of a page.
    pub limit: u32,
}

macro_rules! rows_where {
    ($where:literal) => {
        concat!(
            "SELECT line, order_ref, outcome, payment_id, refusal, field, detail FROM payment_import_rows \
             WHERE merchant_id = $1 AND import_id = $2 AND ",
            $where
        )
    };
}

impl Query for ListImportRows {
    type Out = Vec<ImportRow>;
    const NAME: &'static str = "list_import_rows";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<ImportRow>, StoreError> {
        let after = i64::try_from(self.after).unwrap_or(i64::MAX);
        let [merchant, import]: [Value<'_>; 2] =
            [self.merchant.as_bytes().into(), self.import.as_bytes().into()];
        let rows = match self.outcome {
            None => {
                let sql = rows_where!("line > $3 ORDER BY line LIMIT $4");
                tx.rows(sql, &[merchant, import, after.into(), self.limit.into()]).await?
            }
            Some(outcome) => {
                let sql = rows_where!("outcome = $3 AND line > $4 ORDER BY line LIMIT $5");
                let params = [merchant, import, outcome.as_str().into(), after.into(), self.limit.into()];
                tx.rows(sql, &params).await?
            }
        };
        rows.iter().map(import_row).collect()
    }
}

fn import_row(row: &Row) -> Result<ImportRow, StoreError> {
    let named = |at, what| {
        let text: Option<String> = row.opt_text(at)?;
        Ok::<_, StoreError>(text.map(|text| (text, what)))
    };
    let outcome = match named(2, "outcome")? {
        None => None,
        Some((text, what)) => Some(RowOutcome::parse(&text).ok_or_else(|| StoreError::inconsistent(what))?),
    };
    let kind = match named(4, "refusal")? {
        None => None,
        Some((text, what)) => Some(RefusalKind::parse(&text).ok_or_else(|| StoreError::inconsistent(what))?),
    };
    let (field, detail) = (row.opt_text(5)?, row.opt_text(6)?);
    Ok(ImportRow {
        line: number(row, 0)?,
        order_ref: row.opt_text(1)?,
        outcome,
        payment: row.opt_id16(3)?.map(PaymentId::from_bytes),
        refusal: kind.map(|kind| RowRefusal { kind, field, detail }),
    })
}

#[cfg(test)]
mod tests;
