//! Judging an upload's rows without changing a payment: each by what is there, and by what the rows above it would have
//! left, however far above.

use redress_core::id::{ImportId, MerchantId, PaymentId};

use super::{NewImportRow, number};
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::ops::payments::{NewPayment, UpsertPayments, Upserted};
use crate::tx::Tx;
use crate::value::Row;

/// The names by which two rows are about one payment, or want the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentNames {
    /// The payment's reference.
    pub order_ref: String,
    /// The PSP's id of it, with its account's.
    pub at_psp: String,
}

impl PaymentNames {
    /// Those of a payment.
    #[must_use]
    pub fn of(payment: &NewPayment) -> Self {
        let at_psp = format!("{} {}", payment.account, payment.psp_payment_id);
        Self { order_ref: payment.order_ref.clone(), at_psp }
    }
}

/// What the rows that were judged before would have left of payments with these names.
#[derive(Clone, Debug)]
pub struct WouldBe {
    /// Whose.
    pub merchant: MerchantId,
    /// Which import.
    pub import: ImportId,
    /// The names; some hundreds at most: each is looked for by itself.
    pub names: Vec<PaymentNames>,
}

const BY_ORDER_REF: &str = "SELECT line, would_be FROM payment_import_rows WHERE merchant_id = $1 AND import_id = $2 \
     AND order_ref = $3 AND would_be IS NOT NULL ORDER BY line DESC LIMIT 1";

const AT_PSP: &str = "SELECT line, would_be FROM payment_import_rows WHERE merchant_id = $1 AND import_id = $2 \
     AND would_be_at_psp = $3 AND would_be IS NOT NULL ORDER BY line DESC LIMIT 1";

impl Query for WouldBe {
    /// The rows' contents in the order of their lines, each once.
    type Out = Vec<String>;
    const NAME: &'static str = "would_be_payments";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        for names in &self.names {
            for (sql, name) in [(BY_ORDER_REF, &names.order_ref), (AT_PSP, &names.at_psp)] {
                let params = [self.merchant.as_bytes().into(), self.import.as_bytes().into(), name.into()];
                let rows = tx.rows(sql, &params).await?;
                found.extend(rows.first().map(line_and_content).transpose()?);
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found.into_iter().map(|(_, content)| content).collect())
    }
}

/// The rows that a check found to change something, in the order of their lines.
#[derive(Clone, Copy, Debug)]
pub struct CheckedRows {
    /// Whose.
    pub merchant: MerchantId,
    /// Which check.
    pub import: ImportId,
    /// Only those of lines after this one.
    pub after: u64,
    /// How many at most.
    pub limit: u32,
}

impl Query for CheckedRows {
    /// As they were read, to be taken in by another import.
    type Out = Vec<NewImportRow>;
    const NAME: &'static str = "checked_rows";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<NewImportRow>, StoreError> {
        let sql = "SELECT line, order_ref, would_be FROM payment_import_rows WHERE merchant_id = $1 AND import_id = $2 \
                   AND line > $3 AND would_be IS NOT NULL ORDER BY line LIMIT $4";
        let params = [
            self.merchant.as_bytes().into(),
            self.import.as_bytes().into(),
            i64::try_from(self.after).unwrap_or(i64::MAX).into(),
            self.limit.into(),
        ];
        tx.rows(sql, &params).await?.iter().map(checked_row).collect()
    }
}

fn checked_row(row: &Row) -> Result<NewImportRow, StoreError> {
    Ok(NewImportRow { line: number(row, 0)?, order_ref: row.opt_text(1)?, content: Ok(row.text(2)?) })
}

fn line_and_content(row: &Row) -> Result<(i64, String), StoreError> {
    Ok((row.int(0)?, row.text(1)?))
}

/// Says what would come of payments, and changes nothing.
#[derive(Clone, Debug)]
pub struct JudgePayments {
    /// What the rows before would have left: at most two for each of those that are judged.
    pub before: Vec<NewPayment>,
    /// Those that are judged.
    pub payments: UpsertPayments,
}

/// What would come of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What it would be.
    pub said: Upserted,
    /// Whether the payment that it names is there, and not only would be.
    pub is_there: bool,
}

impl Operation for JudgePayments {
    type Out = Vec<Judged>;
    const NAME: &'static str = "judge_payments";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Vec<Judged>>, StoreError> {
        let before = UpsertPayments { rows: self.before.clone(), ..self.payments.clone() };
        let mut said = Vec::new();
        for payments in [&before, &self.payments] {
            let (Done::Commit(out) | Done::Rollback(out)) = payments.run(tx).await?;
            said.extend(out);
        }
        let made: Vec<PaymentId> = said.iter().filter_map(created).collect();
        let own = said.split_off(before.rows.len());
        let judged = own.into_iter().map(|said| {
            let is_there = match said {
                Upserted::Unchanged(id) | Upserted::Recaptured(id) => !made.contains(&id),
                Upserted::Created(_)
                | Upserted::Conflict { .. }
                | Upserted::Invalid { .. }
                | Upserted::NoAccount
                | Upserted::MerchantRevoked => false,
            };
            Judged { said, is_there }
        });
        Ok(Done::Rollback(judged.collect()))
    }
}

fn created(said: &Upserted) -> Option<PaymentId> {
    match said {
        Upserted::Created(id) => Some(*id),
        _ => None,
    }
}
