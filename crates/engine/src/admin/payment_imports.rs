//! Uploads of many payments as a job: received whole, then taken in by batches, by whichever process has the lease. A crash
//! in between repeats nothing and skips nothing: a row's outcome is recorded with what was done.

use std::time::Duration;

use redress_core::environment::Environment;
use redress_core::id::{AccountId, ImportId, MerchantId};
use redress_core::money::{Amount, Currency};
use redress_core::time::Timestamp;
use redress_store::StoreError;
use redress_store::ops::imports::{
    AddImportRows, BeginImport, CheckedRows, DueImport, FindImport, JudgePayments, LeaseImport,
    ListImportRows, ListImports, NewImportRow, OpenImportRows, PaymentNames, PruneImports, Ruling,
    StartImport, TakeInRows, TakenIn, WouldBe, WouldBePayment,
};
use redress_store::ops::payments::{NewPayment as Row, UpsertPayments, Upserted};
use serde::{Deserialize, Serialize};

pub use redress_store::ops::imports::{Import, ImportRow, ImportState, RefusalKind, RowOutcome, RowRefusal};

use super::fault::FaultCode;
use super::payments::{IMPORT_ROWS_AT_ONCE, Imported, NO_ACCOUNT, NewPayment, Psps, conflict, invalid};
use super::{AdminError, NAME_BYTES_MAX, check_text};
use crate::engine::Engine;

/// Who goes on with an import has it for so long: far longer than a batch takes.
const LEASE: Duration = Duration::from_secs(60);

/// An import is forgotten so long after it was done, or broken off, when another one begins.
pub const IMPORT_KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Each import that begins forgets so many rows of an older one.
const ROWS_FORGOTTEN: u32 = 1_000;

/// So many rows of a check are read and written at once when it is imported: others wait for it.
const CHECKED_ROWS_AT_ONCE: u32 = 500;

/// A row of an upload, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadedRow {
    /// Where it begins, from 1.
    pub line: u64,
    /// The payment's reference, where the row has one.
    pub order_ref: Option<String>,
    /// The payment, or why the row is none.
    pub payment: Result<NewPayment, RowRefusal>,
}

/// Why a row was refused, for people.
pub fn refusal_text(refusal: &RowRefusal) -> String {
    let field = refusal.field.as_deref();
    match (&refusal.detail, refusal.kind, field) {
        (Some(detail), _, Some(field)) => format!("{field} {detail}"),
        (Some(detail), _, None) => detail.clone(),
        (None, RefusalKind::Conflict, field) => conflict(field.unwrap_or("the payment")),
        (None, RefusalKind::Invalid, Some(field)) => format!("{field} {}", invalid(field)),
        (None, RefusalKind::Invalid, None) => "it is no payment".to_owned(),
        (None, RefusalKind::NoAccount, _) => NO_ACCOUNT.to_owned(),
    }
}

impl Engine {
    /// An upload begins; `author` is who sends it.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store does not answer.
    pub async fn begin_import(
        &self,
        merchant: MerchantId,
        environment: Environment,
        dry_run: bool,
        author: &str,
    ) -> Result<ImportId, AdminError> {
        check_text("author", author, NAME_BYTES_MAX)?;
        let now = self.now();
        let kept = i64::try_from(IMPORT_KEPT.as_micros()).unwrap_or(i64::MAX);
        let before = Timestamp::from_micros(now.as_micros().saturating_sub(kept));
        self.parts.store.run(PruneImports { before, rows_max: ROWS_FORGOTTEN }).await?;
        let id = ImportId::new(now, self.parts.world.random.bytes10());
        let author = author.to_owned();
        self.parts.store.run(BeginImport { merchant, id, environment, dry_run, author, now }).await?;
        Ok(id)
    }

    /// Rows of an upload came, each of another line.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store does not answer.
    pub async fn add_import_rows(
        &self,
        merchant: MerchantId,
        import: ImportId,
        rows: Vec<UploadedRow>,
    ) -> Result<(), AdminError> {
        let rows = rows.into_iter().map(|row| {
            let content = row.payment.and_then(|payment| Stored::of(&payment).written());
            NewImportRow { line: row.line, order_ref: row.order_ref, content }
        });
        let rows = rows.collect();
        Ok(self.parts.store.run(AddImportRows { merchant, import, rows, now: self.now() }).await?)
    }

    /// An upload is here whole: it is taken in from now on, whoever hangs up.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store does not answer.
    pub async fn start_import(&self, merchant: MerchantId, import: ImportId) -> Result<(), AdminError> {
        self.parts.store.run(StartImport { merchant, import, now: self.now() }).await?;
        self.parts.imports_due.notify_one();
        Ok(())
    }

    /// Imports what a check found to change something, without another upload: its rows of new payments and of other
    /// captured sums, with the lines that they had. What has happened since counts: each is judged once more when it is
    /// taken in. Twice the same makes two imports, of which the second changes nothing.
    ///
    /// # Errors
    /// [`AdminError::NotFound`]; [`AdminError::Conflict`] where it is no check, is not done, found nothing to change, or is
    /// being forgotten.
    pub async fn import_checked(
        &self,
        merchant: MerchantId,
        environment: Environment,
        checked: ImportId,
        author: &str,
    ) -> Result<ImportId, AdminError> {
        let not_so = |problem: &str| AdminError::conflict(FaultCode::Overtaken.told(problem));
        let check = self.import(merchant, environment, checked).await?;
        let Some(wanted) = check.importable() else {
            return Err(not_so("this is no check that is done and found something to import"));
        };
        let import = self.begin_import(merchant, environment, false, author).await?;
        let (mut after, mut copied) = (0, 0);
        loop {
            let page = CheckedRows { merchant, import: checked, after, limit: CHECKED_ROWS_AT_ONCE };
            let rows = self.parts.store.read(page).await?;
            let Some(last) = rows.last() else { break };
            (after, copied) = (last.line, copied + rows.len() as u64);
            self.parts.store.run(AddImportRows { merchant, import, rows, now: self.now() }).await?;
        }
        // Half of a check is not what was checked. Nothing is taken in of an import that was not started.
        if copied != wanted {
            return Err(not_so("the check is being forgotten: upload the file again"));
        }
        self.start_import(merchant, import).await?;
        Ok(import)
    }

    /// An import of a merchant in one environment.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn import(
        &self,
        merchant: MerchantId,
        environment: Environment,
        import: ImportId,
    ) -> Result<Import, AdminError> {
        let found = self.parts.store.read(FindImport { merchant, environment, import }).await?;
        found.ok_or(AdminError::NotFound("import"))
    }

    /// A page of a merchant's imports, the newest first; `after` is the last of the page before.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store does not answer.
    pub async fn list_imports(
        &self,
        merchant: MerchantId,
        environment: Environment,
        after: Option<ImportId>,
        limit: u32,
    ) -> Result<Vec<Import>, AdminError> {
        let before = after.unwrap_or(ImportId::from_bytes([u8::MAX; 16]));
        Ok(self.parts.store.read(ListImports { merchant, environment, before, limit }).await?)
    }

    /// A page of an import's rows, in the order of their lines; only lines after one.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store does not answer.
    pub async fn import_rows(
        &self,
        merchant: MerchantId,
        import: ImportId,
        outcome: Option<RowOutcome>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<ImportRow>, AdminError> {
        Ok(self.parts.store.read(ListImportRows { merchant, import, outcome, after, limit }).await?)
    }

    /// Takes in what was uploaded, until `stop` resolves.
    pub async fn work_imports(&self, stop: impl Future<Output = ()>) {
        self.repeat("payment imports", &self.parts.imports_due, || self.work_imports_once(), stop).await;
    }

    /// Takes in a batch of the import that waits the longest. True when there was one.
    ///
    /// # Errors
    /// [`StoreError`] when the store does not answer.
    pub async fn work_imports_once(&self) -> Result<bool, StoreError> {
        let (store, now) = (&self.parts.store, self.now());
        let Some((merchant, import)) = store.read(DueImport { now }).await? else { return Ok(false) };
        let until = now.plus(LEASE);
        let Some(leased) = store.run(LeaseImport { merchant, import, now, until }).await? else {
            return Ok(true);
        };
        let limit = u32::try_from(IMPORT_ROWS_AT_ONCE).unwrap_or(u32::MAX);
        let open = store.read(OpenImportRows { merchant, import, limit }).await?;
        let psps = self.connectors_of(merchant).await?;
        let mut rows = Vec::with_capacity(open.len());
        for (line, text) in &open {
            rows.push((*line, self.ruling(merchant, text, &psps, now).await?));
        }
        if leased.dry_run {
            self.judge((merchant, import), &open, &mut rows, now).await?;
        }
        match store.run(TakeInRows { merchant, import, until, rows, now: self.now() }).await? {
            TakenIn::More => {}
            TakenIn::Last => {
                tracing::info!(%import, rows = leased.total, dry_run = leased.dry_run, "an import is done");
            }
            TakenIn::Lost => {
                tracing::warn!(%import, "another server went on with an import that took too long here");
            }
        }
        Ok(true)
    }

    async fn ruling(
        &self,
        merchant: MerchantId,
        content: &str,
        psps: &Psps,
        now: Timestamp,
    ) -> Result<Ruling, StoreError> {
        let Some(payment) = Stored::read(content) else {
            tracing::error!("a row of an import cannot be read any more");
            let (field, detail) = (None, Some("it cannot be read any more: send it again".to_owned()));
            return Ok(Ruling::Refused(RowRefusal { kind: RefusalKind::Invalid, field, detail }));
        };
        let (field, detail) = match self.check_payment(merchant, &payment, psps, now).await? {
            None => return Ok(Ruling::Pay(Box::new(self.row(payment, now)))),
            Some(Imported::Invalid { field, problem }) => (Some(field.to_owned()), Some(problem)),
            Some(refused) => (None, refused.refusal()),
        };
        Ok(Ruling::Refused(RowRefusal { kind: RefusalKind::Invalid, field, detail }))
    }

    /// Says of each row what would come of it after the rows above it, those of the batches before too.
    async fn judge(
        &self,
        (merchant, import): (MerchantId, ImportId),
        open: &[(u64, String)],
        rows: &mut [(u64, Ruling)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let payments: Vec<_> = rows.iter().filter_map(|(_, ruling)| to_pay(ruling)).cloned().collect();
        let names = payments.iter().map(PaymentNames::of).collect();
        let before = self.parts.store.read(WouldBe { merchant, import, names }).await?;
        let before = before.iter().filter_map(|text| Stored::read(text));
        let before = before.map(|payment| self.row(payment, now)).collect();
        let payments = UpsertPayments { merchant, rows: payments, now };
        let mut judged = self.parts.store.run(JudgePayments { before, payments }).await?.into_iter();
        for ((_, ruling), (_, content)) in rows.iter_mut().zip(open) {
            let Some(payment) = to_pay(ruling) else { continue };
            let judged =
                judged.next().ok_or_else(|| StoreError::inconsistent("a payment without an answer"))?;
            let changes = matches!(judged.said, Upserted::Created(_) | Upserted::Recaptured(_));
            let would_be = changes.then(|| {
                let at_psp = PaymentNames::of(payment).at_psp;
                WouldBePayment { content: content.clone(), at_psp }
            });
            *ruling = Ruling::Judged(judged, would_be);
        }
        Ok(())
    }
}

fn to_pay(ruling: &Ruling) -> Option<&Row> {
    match ruling {
        Ruling::Pay(payment) => Some(payment),
        Ruling::Judged(..) | Ruling::Refused(_) => None,
    }
}

/// A payment as it lies in an upload until it is taken in.
#[derive(Serialize, Deserialize)]
struct Stored {
    environment: String,
    order_ref: String,
    merchant_order_ref: Option<String>,
    account: String,
    psp_payment_id: String,
    currency: String,
    captured: i64,
    refunded_before: i64,
    captured_at: i64,
    channel: Option<String>,
    payment_method: Option<String>,
    customer_ref: Option<String>,
    notification_url: Option<String>,
}

impl Stored {
    fn of(payment: &NewPayment) -> Self {
        let payment = payment.clone();
        Self {
            environment: payment.environment.as_str().to_owned(),
            order_ref: payment.order_ref,
            merchant_order_ref: payment.merchant_order_ref,
            account: payment.account.to_string(),
            psp_payment_id: payment.psp_payment_id,
            currency: payment.captured.currency().code().to_owned(),
            captured: payment.captured.minor(),
            refunded_before: payment.refunded_before,
            captured_at: payment.captured_at.as_micros(),
            channel: payment.channel,
            payment_method: payment.payment_method,
            customer_ref: payment.customer_ref,
            notification_url: payment.notification_url,
        }
    }

    fn written(&self) -> Result<String, RowRefusal> {
        serde_json::to_string(self).map_err(|error| RowRefusal {
            kind: RefusalKind::Invalid,
            field: None,
            detail: Some(error.to_string()),
        })
    }

    fn read(text: &str) -> Option<NewPayment> {
        let stored: Self = serde_json::from_str(text).ok()?;
        Some(NewPayment {
            environment: Environment::parse(&stored.environment)?,
            order_ref: stored.order_ref,
            merchant_order_ref: stored.merchant_order_ref,
            account: AccountId::parse(&stored.account).ok()?,
            psp_payment_id: stored.psp_payment_id,
            captured: Amount::new(stored.captured, Currency::from_code(&stored.currency).ok()?),
            refunded_before: stored.refunded_before,
            captured_at: Timestamp::from_micros(stored.captured_at),
            channel: stored.channel,
            payment_method: stored.payment_method,
            customer_ref: stored.customer_ref,
            notification_url: stored.notification_url,
        })
    }
}
