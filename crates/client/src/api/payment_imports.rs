//! Uploads of many payments, as jobs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Client;
use crate::operation::Operation;
use crate::page::{Page, Pager};
use crate::words::words;

pub(crate) static CREATE: Operation<PaymentImport> =
    Operation::post("importPayments", "/v1/payment-imports").query(&["dry_run"]).keyed();
pub(crate) static LIST: Operation<Page<PaymentImport>> =
    Operation::get("listPaymentImports", "/v1/payment-imports").query(&["limit", "cursor"]);
pub(crate) static GET: Operation<PaymentImport> =
    Operation::get("getPaymentImport", "/v1/payment-imports/{id}");
pub(crate) static ROWS: Operation<Page<PaymentImportRow>> =
    Operation::get("listPaymentImportRows", "/v1/payment-imports/{id}/rows")
        .query(&["outcome", "limit", "cursor"]);

words! {
    /// How far an import is.
    ImportStatus {
        /// Its rows are still coming, or it was broken off.
        Receiving = "receiving",
        /// Its rows are being taken in.
        Running = "running",
        /// Each row has its outcome.
        Done = "done",
    }
}

words! {
    /// What came of a row.
    RowOutcome {
        /// It is not taken in yet.
        Waiting = "waiting",
        /// The payment is new.
        Created = "created",
        /// The payment was there, and has another captured sum now.
        Updated = "updated",
        /// The payment was there with the same content.
        Unchanged = "unchanged",
        /// It was refused.
        Refused = "refused",
    }
}

/// A server takes an upload of up to 16 MiB for as long as it is set to (`limits.body_timeout`), and answers once all of its
/// rows are on disk. Given up before that, it would be sent anew while the first is still at work.
const UPLOAD_TIMEOUT_MIN: Duration = Duration::from_secs(180);

/// What is uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upload {
    /// CSV with a header row; sums are decimal text in major units.
    Csv(String),
    /// One payment as JSON a line; sums are whole numbers of minor units.
    JsonLines(String),
}

impl Client {
    /// Takes in many payments; with `dry_run` their rows are judged and nothing is changed. One try may take three minutes, or
    /// what the client is set to ([`crate::Config::timeout`]) where that is longer.
    pub fn import_payments(&self, upload: Upload, dry_run: bool) -> Call<PaymentImport> {
        #[derive(Serialize)]
        struct Asked {
            dry_run: bool,
        }
        let (content_type, text) = match upload {
            Upload::Csv(text) => ("text/csv", text),
            Upload::JsonLines(text) => ("application/x-ndjson", text),
        };
        let call = self.call(&CREATE, &[]).query(&Asked { dry_run }).text(content_type, text);
        call.timeout_min(UPLOAD_TIMEOUT_MIN)
    }

    /// How far an import is.
    pub fn get_payment_import(&self, id: &str) -> Call<PaymentImport> {
        self.call(&GET, &[id])
    }

    /// A page of imports, the newest first.
    pub fn list_payment_imports(
        &self,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Call<Page<PaymentImport>> {
        #[derive(Serialize)]
        struct Asked<'a> {
            limit: Option<u32>,
            cursor: Option<&'a str>,
        }
        self.call(&LIST, &[]).query(&Asked { limit, cursor })
    }

    /// A page of an import's rows, in the order of their lines.
    pub fn list_payment_import_rows(
        &self,
        id: &str,
        filter: &ImportRowFilter,
    ) -> Call<Page<PaymentImportRow>> {
        self.call(&ROWS, &[id]).query(filter)
    }

    /// All rows of an import that a filter lets through, page by page.
    #[must_use]
    pub fn payment_import_rows(&self, id: &str, filter: ImportRowFilter) -> Pager<PaymentImportRow> {
        let (client, id, first) = (self.clone(), id.to_owned(), filter.cursor.clone());
        let pager = Pager::new(move |cursor| {
            let cursor = cursor.map(str::to_owned);
            client.list_payment_import_rows(&id, &ImportRowFilter { cursor, ..filter.clone() })
        });
        match first {
            Some(first) => pager.after(first),
            None => pager,
        }
    }
}

/// Which rows are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRowFilter {
    /// Only those with this outcome.
    pub outcome: Option<RowOutcome>,
    /// The most on a page, 1 to 500.
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// An upload of many payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentImport {
    /// Its id.
    pub id: String,
    /// How far it is.
    pub status: ImportStatus,
    /// Its rows are judged, and no payment is changed.
    pub dry_run: bool,
    /// `sandbox` or `live`.
    pub environment: String,
    /// The key that uploaded it.
    pub author: String,
    /// How many rows came to what.
    pub rows: PaymentImportRowCounts,
    /// When it began; RFC 3339.
    pub created_at: String,
    /// When it last changed; RFC 3339.
    pub updated_at: String,
    /// When the last row had its outcome; RFC 3339.
    pub finished_at: Option<String>,
}

/// How many rows came to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentImportRowCounts {
    /// Rows that were uploaded.
    pub total: u64,
    /// Rows that wait.
    pub waiting: u64,
    /// The payment is new.
    pub created: u64,
    /// The payment was there, and has another captured sum now.
    pub updated: u64,
    /// The payment was there with the same content.
    pub unchanged: u64,
    /// The row was refused.
    pub refused: u64,
}

/// A row of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentImportRow {
    /// The line where it begins in what was uploaded, from 1; a CSV's header is line 1.
    pub line: u64,
    /// The payment's reference, where the row has one.
    pub order_ref: Option<String>,
    /// What came of it.
    pub outcome: RowOutcome,
    /// The payment's id; not where a dry run would have made it.
    pub payment: Option<String>,
    /// Why it was refused: the code that registering the payment alone would have answered with; `invalid` also where the
    /// row cannot be read.
    pub code: Option<String>,
    /// The field at fault.
    pub field: Option<String>,
    /// Why it was refused, for people.
    pub detail: Option<String>,
}
