//! Taking in an upload's rows: whoever holds its lease takes the next ones, and records what came of each with it.

use redress_core::id::{ImportId, MerchantId, PaymentId};
use redress_core::time::Timestamp;

use super::{Import, Judged, RefusalKind, RowOutcome, RowRefusal, import, import_columns, number};
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::ops::merchants::MERCHANT_REVOKED;
use crate::ops::payments::{NewPayment, UpsertPayments, Upserted};
use crate::ops::rows::expect_one;
use crate::tx::Tx;

/// The import that waits the longest for somebody to go on with it.
#[derive(Clone, Copy, Debug)]
pub struct DueImport {
    /// The time.
    pub now: Timestamp,
}

impl Query for DueImport {
    type Out = Option<(MerchantId, ImportId)>;
    const NAME: &'static str = "due_import";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<(MerchantId, ImportId)>, StoreError> {
        let sql =
            "SELECT merchant_id, import_id FROM payment_imports WHERE due_at <= $1 ORDER BY due_at LIMIT 1";
        let rows = tx.rows(sql, &[self.now.as_micros().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some((MerchantId::from_bytes(row.id16(0)?), ImportId::from_bytes(row.id16(1)?))))
    }
}

/// Takes an import that is due: nobody else goes on with it until the lease is over.
#[derive(Clone, Copy, Debug)]
pub struct LeaseImport {
    /// Whose.
    pub merchant: MerchantId,
    /// Which.
    pub import: ImportId,
    /// The time.
    pub now: Timestamp,
    /// The end of the lease.
    pub until: Timestamp,
}

impl Operation for LeaseImport {
    /// `None` where somebody else has it, or it is over.
    type Out = Option<Import>;
    const NAME: &'static str = "lease_import";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Option<Import>>, StoreError> {
        let sql = concat!(
            "UPDATE payment_imports SET due_at = $1 WHERE merchant_id = $2 AND import_id = $3 AND due_at <= $4 RETURNING ",
            import_columns!()
        );
        let params = [
            self.until.as_micros().into(),
            self.merchant.as_bytes().into(),
            self.import.as_bytes().into(),
            self.now.as_micros().into(),
        ];
        let rows = tx.rows(sql, &params).await?;
        Ok(Done::Commit(rows.first().map(import).transpose()?))
    }
}

/// The next rows that wait, in the order of their lines.
#[derive(Clone, Copy, Debug)]
pub struct OpenImportRows {
    /// Whose.
    pub merchant: MerchantId,
    /// Which import.
    pub import: ImportId,
    /// How many at most.
    pub limit: u32,
}

impl Query for OpenImportRows {
    /// Lines with their content.
    type Out = Vec<(u64, String)>;
    const NAME: &'static str = "open_import_rows";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<(u64, String)>, StoreError> {
        let sql = "SELECT line, content FROM payment_import_rows WHERE merchant_id = $1 AND import_id = $2 \
                   AND outcome IS NULL ORDER BY line LIMIT $3";
        let params = [self.merchant.as_bytes().into(), self.import.as_bytes().into(), self.limit.into()];
        tx.rows(sql, &params).await?.iter().map(|row| Ok((number(row, 0)?, row.text(1)?))).collect()
    }
}

/// What is to become of a row.
#[derive(Clone, Debug)]
pub enum Ruling {
    /// It is taken in.
    Pay(Box<NewPayment>),
    /// It was judged, and nothing is changed but its own outcome.
    Judged(Judged, Option<WouldBePayment>),
    /// It is refused for what it contains.
    Refused(RowRefusal),
}

/// A payment as a judged row would have left it, for the rows below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WouldBePayment {
    /// The row's content.
    pub content: String,
    /// [`PaymentNames::at_psp`](super::PaymentNames::at_psp).
    pub at_psp: String,
}

/// Takes in rows and records what came of them, together, for whoever has the lease still. The lease ends with it, so that
/// imports take turns.
#[derive(Clone, Debug)]
pub struct TakeInRows {
    /// Whose.
    pub merchant: MerchantId,
    /// Which import.
    pub import: ImportId,
    /// The end of the lease under which the rows were read.
    pub until: Timestamp,
    /// Lines with what is to become of each; some hundreds at most.
    pub rows: Vec<(u64, Ruling)>,
    /// The time.
    pub now: Timestamp,
}

/// What became of rows that were to be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenIn {
    /// They were taken in, and others wait.
    More,
    /// They were taken in, and they were the last ones.
    Last,
    /// Somebody else went on with the import when the lease was over; nothing was changed.
    Lost,
}

/// Holds whoever wants to take the import over until these rows are in. Where the lease was another's meanwhile, the rows may
/// be in already, and what they say be put right since.
const HOLD: &str =
    "UPDATE payment_imports SET due_at = $1 WHERE merchant_id = $2 AND import_id = $3 AND due_at = $1";

#[derive(Default)]
struct Counts {
    created: i64,
    updated: i64,
    unchanged: i64,
    refused: i64,
}

impl Operation for TakeInRows {
    type Out = TakenIn;
    const NAME: &'static str = "take_in_rows";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<TakenIn>, StoreError> {
        let lease =
            [self.until.as_micros().into(), self.merchant.as_bytes().into(), self.import.as_bytes().into()];
        if tx.exec(HOLD, &lease).await? == 0 {
            return Ok(Done::Rollback(TakenIn::Lost));
        }
        let to_pay = self.rows.iter().filter_map(|(_, ruling)| match ruling {
            Ruling::Pay(payment) => Some((**payment).clone()),
            Ruling::Judged(..) | Ruling::Refused(_) => None,
        });
        let upsert = UpsertPayments { merchant: self.merchant, rows: to_pay.collect(), now: self.now };
        let (Done::Commit(paid) | Done::Rollback(paid)) = upsert.run(tx).await?;
        let (mut paid, mut counts) = (paid.into_iter(), Counts::default());
        for (line, ruling) in &self.rows {
            let came = match ruling {
                Ruling::Pay(_) => {
                    let upserted = paid.next();
                    came_of(upserted.ok_or_else(|| StoreError::inconsistent("a payment without an answer"))?)
                }
                // What a dry run would have made has no id.
                Ruling::Judged(judged, _) => {
                    let came = came_of(judged.said);
                    Came { payment: came.payment.filter(|_| judged.is_there), ..came }
                }
                Ruling::Refused(refusal) => Came::refused(refusal.clone()),
            };
            let would_be = match ruling {
                Ruling::Judged(_, would_be) => would_be.as_ref(),
                Ruling::Pay(_) | Ruling::Refused(_) => None,
            };
            if self.record(tx, *line, &came, would_be).await? {
                match came.outcome {
                    RowOutcome::Created => counts.created += 1,
                    RowOutcome::Updated => counts.updated += 1,
                    RowOutcome::Unchanged => counts.unchanged += 1,
                    RowOutcome::Refused => counts.refused += 1,
                }
            }
        }
        self.count(tx, &counts).await.map(Done::Commit)
    }
}

impl TakeInRows {
    async fn record<T: Tx>(
        &self,
        tx: &mut T,
        line: u64,
        came: &Came,
        would_be: Option<&WouldBePayment>,
    ) -> Result<bool, StoreError> {
        let refusal = came.refusal.as_ref();
        let recorded = tx
            .exec(
                "UPDATE payment_import_rows SET outcome = $1, payment_id = $2, refusal = $3, field = $4, detail = $5, \
                 would_be = $6, would_be_at_psp = $7, content = NULL \
                 WHERE merchant_id = $8 AND import_id = $9 AND line = $10 AND outcome IS NULL",
                &[
                    came.outcome.as_str().into(),
                    came.payment.as_ref().map(PaymentId::as_bytes).into(),
                    refusal.map(|refusal| refusal.kind.as_str()).into(),
                    refusal.and_then(|refusal| refusal.field.as_deref()).into(),
                    refusal.and_then(|refusal| refusal.detail.as_deref()).into(),
                    would_be.map(|payment| payment.content.as_str()).into(),
                    would_be.map(|payment| payment.at_psp.as_str()).into(),
                    self.merchant.as_bytes().into(),
                    self.import.as_bytes().into(),
                    i64::try_from(line).unwrap_or(i64::MAX).into(),
                ],
            )
            .await?;
        Ok(recorded == 1)
    }

    async fn count<T: Tx>(&self, tx: &mut T, counts: &Counts) -> Result<TakenIn, StoreError> {
        let (merchant, import) = (self.merchant.as_bytes(), self.import.as_bytes());
        let rows = tx
            .rows(
                "UPDATE payment_imports SET created = created + $1, updated = updated + $2, unchanged = unchanged + $3, \
                 refused = refused + $4, updated_at = $5, due_at = $5 WHERE merchant_id = $6 AND import_id = $7 \
                 AND state = 'running' RETURNING total - created - updated - unchanged - refused",
                &[
                    counts.created.into(),
                    counts.updated.into(),
                    counts.unchanged.into(),
                    counts.refused.into(),
                    self.now.as_micros().into(),
                    merchant.into(),
                    import.into(),
                ],
            )
            .await?;
        let row =
            rows.first().ok_or_else(|| StoreError::inconsistent("a leased import that is not running"))?;
        if row.int(0)? > 0 {
            return Ok(TakenIn::More);
        }
        let ended = tx
            .exec(
                "UPDATE payment_imports SET state = 'done', due_at = NULL, finished_at = $1 \
                 WHERE merchant_id = $2 AND import_id = $3 AND state = 'running'",
                &[self.now.as_micros().into(), merchant.into(), import.into()],
            )
            .await?;
        expect_one(ended, "payment_imports")?;
        Ok(TakenIn::Last)
    }
}

/// What came of a row.
struct Came {
    outcome: RowOutcome,
    payment: Option<PaymentId>,
    refusal: Option<RowRefusal>,
}

impl Came {
    const fn of(outcome: RowOutcome) -> Self {
        Self { outcome, payment: None, refusal: None }
    }

    fn refused(refusal: RowRefusal) -> Self {
        Self { refusal: Some(refusal), ..Self::of(RowOutcome::Refused) }
    }
}

fn came_of(upserted: Upserted) -> Came {
    let refused = |kind, field: Option<&str>| {
        Came::refused(RowRefusal { kind, field: field.map(str::to_owned), detail: None })
    };
    match upserted {
        Upserted::Created(id) => Came { payment: Some(id), ..Came::of(RowOutcome::Created) },
        Upserted::Recaptured(id) => Came { payment: Some(id), ..Came::of(RowOutcome::Updated) },
        Upserted::Unchanged(id) => Came { payment: Some(id), ..Came::of(RowOutcome::Unchanged) },
        Upserted::Conflict { field } => refused(RefusalKind::Conflict, Some(field)),
        Upserted::Invalid { field } => refused(RefusalKind::Invalid, Some(field)),
        Upserted::NoAccount => refused(RefusalKind::NoAccount, Some("psp_account")),
        Upserted::MerchantRevoked => Came::refused(RowRefusal {
            kind: RefusalKind::Conflict,
            field: None,
            detail: Some(MERCHANT_REVOKED.to_owned()),
        }),
    }
}
