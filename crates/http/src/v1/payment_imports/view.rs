//! An import and its rows as they are shown.

use redress_engine::admin::payment_imports::{Import, ImportRow, RefusalKind, refusal_text};
use serde::Serialize;
use utoipa::ToSchema;

use crate::v1::code::Code;
use crate::v1::time::time;

/// An upload of many payments.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentImport)]
pub(crate) struct ImportView {
    /// Its id.
    #[schema(example = "imp_01k00000000000000000000000")]
    id: String,
    /// `receiving`: its rows are still coming, or it was broken off; `running`: they are being taken in; `done`: each has its
    /// outcome.
    #[schema(value_type = String, example = "running")]
    status: &'static str,
    /// Its rows are judged, and no payment is changed.
    dry_run: bool,
    /// `sandbox` or `live`.
    #[schema(value_type = String, example = "sandbox")]
    environment: &'static str,
    /// The key that uploaded it.
    author: String,
    /// How many rows came to what.
    rows: RowCounts,
    /// When it began; RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it last changed; RFC 3339.
    #[schema(format = DateTime)]
    updated_at: String,
    /// When the last row had its outcome; RFC 3339.
    #[schema(format = DateTime)]
    finished_at: Option<String>,
}

/// How many rows came to what.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentImportRowCounts)]
struct RowCounts {
    /// Rows that were uploaded.
    total: u64,
    /// Rows that wait.
    waiting: u64,
    /// The payment is new.
    created: u64,
    /// The payment was there, and has another captured sum now.
    updated: u64,
    /// The payment was there with the same content.
    unchanged: u64,
    /// The row was refused.
    refused: u64,
}

impl ImportView {
    pub(super) fn of(import: Import) -> Self {
        let Import { total, created, updated, unchanged, refused, .. } = import;
        let waiting = total.saturating_sub(created + updated + unchanged + refused);
        Self {
            id: import.id.to_string(),
            status: import.state.as_str(),
            dry_run: import.dry_run,
            environment: import.environment.as_str(),
            author: import.author,
            rows: RowCounts { total, waiting, created, updated, unchanged, refused },
            created_at: time(import.created_at),
            updated_at: time(import.updated_at),
            finished_at: import.finished_at.map(time),
        }
    }
}

/// A row of an import.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentImportRow)]
pub(crate) struct RowView {
    /// The line where it begins in what was uploaded, from 1; a CSV's header is line 1.
    line: u64,
    /// The payment's reference, where the row has one.
    order_ref: Option<String>,
    /// `waiting`, `created`, `updated`, `unchanged` or `refused`.
    #[schema(value_type = String, example = "created")]
    outcome: &'static str,
    /// The payment's id; not where a dry run would have made it.
    payment: Option<String>,
    /// Why it was refused: the code that `POST /v1/payments` would have answered with; `invalid` also where the row cannot be read.
    #[schema(value_type = Option<String>, example = "conflict")]
    code: Option<&'static str>,
    /// The field at fault.
    field: Option<String>,
    /// Why it was refused, for people.
    detail: Option<String>,
}

impl RowView {
    pub(super) fn of(row: ImportRow) -> Self {
        let code = row.refusal.as_ref().map(|refusal| match refusal.kind {
            RefusalKind::Conflict => Code::Conflict,
            RefusalKind::Invalid | RefusalKind::NoAccount => Code::Invalid,
        });
        Self {
            line: row.line,
            order_ref: row.order_ref,
            outcome: row.outcome.map_or("waiting", |outcome| outcome.as_str()),
            payment: row.payment.map(|id| id.to_string()),
            code: code.map(|code| code.entry().name),
            detail: row.refusal.as_ref().map(refusal_text),
            field: row.refusal.and_then(|refusal| refusal.field),
        }
    }
}
