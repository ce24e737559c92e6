//! Many payments in one upload, whoever sends it: CSV read row by row, and all rows written before the first is taken in.

use redress_core::environment::Environment;
use redress_core::id::{ImportId, MerchantId};
use redress_engine::admin::AdminError;
use redress_engine::admin::payment_imports::{RefusalKind, RowRefusal, UploadedRow};
use redress_engine::admin::payments_csv::{Accounts, CsvRows, HeaderProblem};
use redress_engine::engine::Engine;

use crate::limits::IMPORT_ROWS_MAX;

/// So many rows are written in one transaction: others wait for it.
const ROWS_AT_ONCE: usize = 500;

/// Why an upload is not taken at all. What is wrong with one row leaves the others alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UploadProblem {
    /// The header of a CSV is none.
    #[error("{0}")]
    Header(HeaderProblem),
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// It has no rows.
    #[error("it has no rows")]
    Empty,
    /// It has more rows than one upload may have.
    #[error("it has more than {IMPORT_ROWS_MAX} rows: send it in parts")]
    TooMany,
}

/// The rows that are being read.
#[derive(Default)]
pub(crate) struct Rows(Vec<UploadedRow>);

impl Rows {
    pub(crate) fn add(&mut self, row: UploadedRow) -> Result<(), UploadProblem> {
        if self.0.len() == IMPORT_ROWS_MAX {
            return Err(UploadProblem::TooMany);
        }
        self.0.push(row);
        Ok(())
    }

    pub(crate) fn all(self) -> Result<Vec<UploadedRow>, UploadProblem> {
        if self.0.is_empty() { Err(UploadProblem::Empty) } else { Ok(self.0) }
    }
}

/// The rows of a CSV. `whose` says to what the environment belongs that every row must be of.
pub(crate) fn csv(
    body: &[u8],
    environment: Environment,
    whose: &str,
    accounts: &Accounts,
) -> Result<Vec<UploadedRow>, UploadProblem> {
    let (mut rows, mut all) = (CsvRows::new(body).map_err(UploadProblem::Header)?, Rows::default());
    while let Some(row) = rows.next(accounts).map_err(UploadProblem::Unreadable)? {
        let payment = row.payment.map_err(|problem| invalid(problem.field, problem.problem));
        let payment = payment.and_then(|payment| {
            let own = payment.environment == environment;
            let other = || invalid(Some("environment"), format!("must be {environment}, as {whose}"));
            if own { Ok(payment) } else { Err(other()) }
        });
        all.add(UploadedRow { line: row.line, order_ref: row.order_ref, payment })?;
    }
    all.all()
}

/// Why a row is no payment.
pub(crate) fn invalid(field: Option<&str>, detail: String) -> RowRefusal {
    RowRefusal { kind: RefusalKind::Invalid, field: field.map(str::to_owned), detail: Some(detail) }
}

/// Writes all rows; only then the import begins.
pub(crate) async fn receive(
    engine: &Engine,
    (merchant, environment): (MerchantId, Environment),
    author: &str,
    dry_run: bool,
    rows: Vec<UploadedRow>,
) -> Result<ImportId, AdminError> {
    let import = engine.begin_import(merchant, environment, dry_run, author).await?;
    let mut rows = rows.into_iter();
    loop {
        let part: Vec<_> = rows.by_ref().take(ROWS_AT_ONCE).collect();
        if part.is_empty() {
            break;
        }
        engine.add_import_rows(merchant, import, part).await?;
    }
    engine.start_import(merchant, import).await?;
    Ok(import)
}
