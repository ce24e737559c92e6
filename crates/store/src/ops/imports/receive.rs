//! Receiving an upload, and forgetting old ones.

use redress_core::environment::Environment;
use redress_core::id::{ImportId, MerchantId};
use redress_core::time::Timestamp;

use super::{RowOutcome, RowRefusal};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::ops::rows::expect_one;
use crate::tx::Tx;

/// An upload begins.
#[derive(Clone, Debug)]
pub struct BeginImport {
    /// Whose.
    pub merchant: MerchantId,
    /// The id it gets.
    pub id: ImportId,
    /// Of payments of which environment.
    pub environment: Environment,
    /// Whether its rows are only judged.
    pub dry_run: bool,
    /// Who uploads it.
    pub author: String,
    /// The time.
    pub now: Timestamp,
}

impl Operation for BeginImport {
    type Out = ();
    const NAME: &'static str = "begin_import";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        tx.exec(
            "INSERT INTO payment_imports (merchant_id, import_id, environment, state, dry_run, author, total, created, \
             updated, unchanged, refused, created_at, updated_at) \
             VALUES ($1, $2, $3, 'receiving', $4, $5, 0, 0, 0, 0, 0, $6, $6)",
            &[
                self.merchant.as_bytes().into(),
                self.id.as_bytes().into(),
                self.environment.as_str().into(),
                i64::from(self.dry_run).into(),
                (&self.author).into(),
                self.now.as_micros().into(),
            ],
        )
        .await?;
        Ok(Done::Commit(()))
    }
}

/// A row that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewImportRow {
    /// Where it begins, from 1; no two rows of an import begin in one line.
    pub line: u64,
    /// The payment's reference, where the row has one.
    pub order_ref: Option<String>,
    /// The payment as it was read, in the caller's own words; or why it is none.
    pub content: Result<String, RowRefusal>,
}

/// Rows of an upload came.
#[derive(Clone, Debug)]
pub struct AddImportRows {
    /// Whose.
    pub merchant: MerchantId,
    /// Which import.
    pub import: ImportId,
    /// The rows; some hundreds at most: it is one transaction, and others wait for it.
    pub rows: Vec<NewImportRow>,
    /// The time.
    pub now: Timestamp,
}

impl Operation for AddImportRows {
    type Out = ();
    const NAME: &'static str = "add_import_rows";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        let (merchant, import) = (self.merchant.as_bytes(), self.import.as_bytes());
        let mut refused = 0_i64;
        for row in &self.rows {
            let (content, refusal) = match &row.content {
                Ok(content) => (Some(content.as_str()), None),
                Err(refusal) => (None, Some(refusal)),
            };
            refused += i64::from(refusal.is_some());
            tx.exec(
                "INSERT INTO payment_import_rows (merchant_id, import_id, line, order_ref, content, outcome, refusal, \
                 field, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                &[
                    merchant.into(),
                    import.into(),
                    i64::try_from(row.line).unwrap_or(i64::MAX).into(),
                    row.order_ref.as_deref().into(),
                    content.into(),
                    refusal.map(|_| RowOutcome::Refused.as_str()).into(),
                    refusal.map(|refusal| refusal.kind.as_str()).into(),
                    refusal.and_then(|refusal| refusal.field.as_deref()).into(),
                    refusal.and_then(|refusal| refusal.detail.as_deref()).into(),
                ],
            )
            .await?;
        }
        let came = i64::try_from(self.rows.len()).unwrap_or(i64::MAX);
        let updated = tx
            .exec(
                "UPDATE payment_imports SET total = total + $1, refused = refused + $2, updated_at = $3 \
                 WHERE merchant_id = $4 AND import_id = $5 AND state = 'receiving'",
                &[came.into(), refused.into(), self.now.as_micros().into(), merchant.into(), import.into()],
            )
            .await?;
        expect_one(updated, "payment_imports")?;
        Ok(Done::Commit(()))
    }
}

/// An upload is here whole: its rows are taken in from now on.
#[derive(Clone, Copy, Debug)]
pub struct StartImport {
    /// Whose.
    pub merchant: MerchantId,
    /// Which import.
    pub import: ImportId,
    /// The time.
    pub now: Timestamp,
}

impl Operation for StartImport {
    type Out = ();
    const NAME: &'static str = "start_import";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        let started = tx
            .exec(
                "UPDATE payment_imports SET state = 'running', due_at = $1, updated_at = $1 \
                 WHERE merchant_id = $2 AND import_id = $3 AND state = 'receiving'",
                &[
                    self.now.as_micros().into(),
                    self.merchant.as_bytes().into(),
                    self.import.as_bytes().into(),
                ],
            )
            .await?;
        expect_one(started, "payment_imports")?;
        Ok(Done::Commit(()))
    }
}

/// Forgets old imports, some rows at a time: what was done long ago, and what was broken off.
#[derive(Clone, Copy, Debug)]
pub struct PruneImports {
    /// Those that last changed before, and are not being taken in.
    pub before: Timestamp,
    /// The most rows at once.
    pub rows_max: u32,
}

impl Operation for PruneImports {
    /// Whether there may be more.
    type Out = bool;
    const NAME: &'static str = "prune_imports";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let old = tx
            .rows(
                "SELECT merchant_id, import_id FROM payment_imports WHERE updated_at < $1 AND due_at IS NULL \
                 ORDER BY updated_at LIMIT 1",
                &[self.before.as_micros().into()],
            )
            .await?;
        let Some(row) = old.first() else { return Ok(Done::Rollback(false)) };
        let (merchant, import) = (row.id16(0)?, row.id16(1)?);
        let deleted = tx
            .exec(
                "DELETE FROM payment_import_rows WHERE merchant_id = $1 AND import_id = $2 AND line IN \
                 (SELECT line FROM payment_import_rows WHERE merchant_id = $1 AND import_id = $2 ORDER BY line LIMIT $3)",
                &[(&merchant).into(), (&import).into(), self.rows_max.into()],
            )
            .await?;
        if deleted < u64::from(self.rows_max) {
            tx.exec(
                "DELETE FROM payment_imports WHERE merchant_id = $1 AND import_id = $2",
                &[(&merchant).into(), (&import).into()],
            )
            .await?;
        }
        Ok(Done::Commit(true))
    }
}
