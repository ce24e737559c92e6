//! Reading payments from CSV, row by row: what is wrong with one row leaves the others alone.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

use csv::{ByteRecord, Reader, ReaderBuilder};
use redress_core::decimal::{Decimal, DecimalError, MinorError};
use redress_core::environment::Environment;
use redress_core::id::AccountId;
use redress_core::money::{Amount, Currency};
use redress_core::time::Timestamp;

use super::csv_lines::Lines;
use super::payments::NewPayment;
use crate::rfc3339;

/// Columns that must be there.
pub const NEEDED: [&str; 6] =
    ["order_ref", "psp_account", "psp_payment_id", "currency", "amount", "captured_at"];

/// Columns that may be there.
pub const OPTIONAL: [&str; 7] = [
    "merchant_order_ref",
    "refunded_before",
    "channel",
    "payment_method",
    "environment",
    "customer_ref",
    "notification_url",
];

/// So much of a name that is no column's is told.
const COLUMN_CHARS_TOLD_MAX: usize = 60;

/// What is wrong with a row that has a quote where none may be, as RFC 4180 writes fields.
const MISQUOTED: &str =
    "has a quote that neither encloses a whole field nor is written twice within one that is enclosed";

/// The accounts of the merchant, with their environments.
pub type Accounts = BTreeMap<AccountId, Environment>;

/// Why a row is no payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowProblem {
    /// The column at fault, where it is one.
    pub field: Option<&'static str>,
    /// What is wrong with it, for people; the column's name goes before.
    pub problem: String,
}

impl RowProblem {
    fn of(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field: Some(field), problem: problem.into() }
    }
}

impl fmt::Display for RowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "{field} {}", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}

/// Why the rows under a header are not looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// It cannot be read.
    #[error("the header row cannot be read: {0}")]
    Unreadable(String),
    /// A quote stands where none may.
    #[error("the header row {MISQUOTED}")]
    Misquoted,
    /// It names a column that is none of [`NEEDED`] or [`OPTIONAL`].
    #[error("the header row has an unknown column {0:?}; there must be {needed}, and may be {optional}",
        needed = NEEDED.join(", "), optional = OPTIONAL.join(", "))]
    Unknown(String),
    /// It names a column twice.
    #[error("the header row names {0} twice")]
    Twice(&'static str),
    /// It lacks one of [`NEEDED`].
    #[error("the header row lacks the column {0}")]
    Missing(&'static str),
}

/// A row that was read.
pub struct CsvRow {
    /// Where it begins, from 1; the header is line 1. No two rows begin in one line.
    pub line: u64,
    /// The payment's reference, where the row has one that can be kept.
    pub order_ref: Option<String>,
    /// The payment, or why it is none.
    pub payment: Result<NewPayment, RowProblem>,
}

/// Rows of a file, after its header.
pub struct CsvRows<R> {
    reader: Reader<Lines<R>>,
    /// The place of each column that is there.
    columns: BTreeMap<&'static str, usize>,
    width: usize,
    record: ByteRecord,
}

impl<R: Read> CsvRows<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(file: R) -> Result<Self, HeaderProblem> {
        let mut reader = ReaderBuilder::new().flexible(true).has_headers(true).from_reader(Lines::new(file));
        let header = reader.byte_headers().map_err(|error| HeaderProblem::Unreadable(error.to_string()))?;
        let mut columns = BTreeMap::new();
        for (at, name) in header.iter().enumerate() {
            let name = String::from_utf8_lossy(name);
            // Spreadsheets put a byte order mark before the first name.
            let name = name.trim_start_matches('\u{feff}').trim();
            let known = NEEDED.iter().chain(&OPTIONAL).copied().find(|known| *known == name);
            let known = known
                .ok_or_else(|| HeaderProblem::Unknown(name.chars().take(COLUMN_CHARS_TOLD_MAX).collect()))?;
            if columns.insert(known, at).is_some() {
                return Err(HeaderProblem::Twice(known));
            }
        }
        let (width, end) = (header.len(), reader.position().byte());
        if reader.get_mut().misquoted_before(end) {
            return Err(HeaderProblem::Misquoted);
        }
        if let Some(missing) = NEEDED.into_iter().find(|needed| !columns.contains_key(needed)) {
            return Err(HeaderProblem::Missing(missing));
        }
        Ok(Self { reader, columns, width, record: ByteRecord::new() })
    }

    /// How many bytes were read so far.
    pub fn position(&self) -> u64 {
        self.reader.position().byte()
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// When the file cannot be read further.
    pub fn next(&mut self, accounts: &Accounts) -> Result<Option<CsvRow>, String> {
        if !self.reader.read_byte_record(&mut self.record).map_err(|error| error.to_string())? {
            return Ok(None);
        }
        let start = self.record.position().map_or(0, csv::Position::byte);
        let end = self.reader.position().byte();
        let line = self.reader.get_mut().line_from(start);
        // The CSV reader takes `"10"50` for 1050.
        let misquoted = self.reader.get_mut().misquoted_before(end);
        let payment = if let Some(breaks) = self.line_breaks() {
            let held = if breaks == 1 { "a line break".to_owned() } else { format!("{breaks} line breaks") };
            let problem =
                format!("its quotes hold {held}, and no field may have one: is a quote not closed?");
            Err(RowProblem { field: None, problem })
        } else if misquoted {
            Err(RowProblem { field: None, problem: format!("it {MISQUOTED}") })
        } else if self.record.len() == self.width {
            self.payment(accounts)
        } else {
            let problem = format!("it has {} fields, the header has {}", self.record.len(), self.width);
            Err(RowProblem { field: None, problem })
        };
        let named =
            self.field("order_ref").ok().flatten().filter(|text| text.len() <= 255 && !text.contains('\0'));
        Ok(Some(CsvRow { line, order_ref: named.map(str::to_owned), payment }))
    }

    /// How many line breaks stand within a field, in the first that has one. No field of a payment has any: most likely a quote
    /// was left open, and the lines down to the next one, or to the end, are no rows.
    fn line_breaks(&self) -> Option<usize> {
        let count = |field: &[u8], end: u8| field.iter().filter(|byte| **byte == end).count();
        // Lines end in either, or in both.
        let within = |field| count(field, b'\n').max(count(field, b'\r'));
        self.record.iter().map(within).find(|breaks| *breaks > 0)
    }

    fn payment(&self, accounts: &Accounts) -> Result<NewPayment, RowProblem> {
        let account = AccountId::parse(self.needed("psp_account")?).map_err(|_| {
            RowProblem::of("psp_account", "must be an id, as `redress psp-account list` shows them")
        })?;
        let own = accounts.get(&account);
        let own =
            own.ok_or_else(|| RowProblem::of("psp_account", "is not one of the merchant's PSP accounts"))?;
        let environment = match self.field("environment")? {
            None => *own,
            Some(text) => Environment::parse(text)
                .ok_or_else(|| RowProblem::of("environment", "must be sandbox or live"))?,
        };
        let currency = Currency::from_code(self.needed("currency")?)
            .map_err(|_| RowProblem::of("currency", "must be a code of ISO 4217, as SAR"))?;
        let captured = minor("amount", self.needed("amount")?, currency)?;
        let refunded_before = match self.field("refunded_before")? {
            None => 0,
            Some(text) => minor("refunded_before", text, currency)?,
        };
        let own_text = |name| Ok::<_, RowProblem>(self.field(name)?.map(str::to_owned));
        Ok(NewPayment {
            environment,
            order_ref: self.needed("order_ref")?.to_owned(),
            merchant_order_ref: own_text("merchant_order_ref")?,
            account,
            psp_payment_id: self.needed("psp_payment_id")?.to_owned(),
            captured: Amount::new(captured, currency),
            refunded_before,
            captured_at: time(self.needed("captured_at")?)?,
            channel: own_text("channel")?,
            payment_method: own_text("payment_method")?,
            customer_ref: own_text("customer_ref")?,
            notification_url: own_text("notification_url")?,
        })
    }

    /// A field without the spaces around it; `None` where it is empty or its column is not there.
    fn field(&self, name: &'static str) -> Result<Option<&str>, RowProblem> {
        let Some(bytes) = self.columns.get(name).and_then(|at| self.record.get(*at)) else { return Ok(None) };
        let text = std::str::from_utf8(bytes).map_err(|_| RowProblem::of(name, "is not UTF-8"))?.trim();
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    fn needed(&self, name: &'static str) -> Result<&str, RowProblem> {
        self.field(name)?.ok_or_else(|| RowProblem::of(name, "is empty"))
    }
}

fn minor(name: &'static str, text: &str, currency: Currency) -> Result<i64, RowProblem> {
    let decimal = Decimal::from_text(text).map_err(|error| {
        let problem = match error {
            DecimalError::NotANumber => {
                "must be a decimal number in major units, as 10.50, without separators"
            }
            DecimalError::TooLong => "has too many digits",
        };
        RowProblem::of(name, problem)
    })?;
    decimal.to_minor_as_written(text, currency).map_err(|error| {
        let verb = if error == MinorError::TooLarge { "is" } else { "has" };
        RowProblem::of(name, format!("in {currency} {verb} {error}"))
    })
}

fn time(text: &str) -> Result<Timestamp, RowProblem> {
    rfc3339::read(text)
        .ok_or_else(|| RowProblem::of("captured_at", "must be RFC 3339 with a zone, as 2026-01-02T03:04:05Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);

    fn read(file: &str) -> Result<Vec<CsvRow>, String> {
        let accounts = Accounts::from([(ACCOUNT, Environment::Sandbox)]);
        let mut rows = CsvRows::new(file.as_bytes()).map_err(|problem| problem.to_string())?;
        let mut all = Vec::new();
        while let Some(row) = rows.next(&accounts)? {
            all.push(row);
        }
        Ok(all)
    }

    fn one(currency: &str, amount: &str) -> Result<NewPayment, RowProblem> {
        let file = format!(
            "order_ref,psp_account,psp_payment_id,currency,amount,captured_at\n\
             o-1,{ACCOUNT},p-1,{currency},{amount},2026-01-02T03:04:05+03:00\n"
        );
        read(&file).unwrap().remove(0).payment
    }

    #[test]
    fn sums_are_exact_in_each_currency() {
        assert_eq!(one("SAR", "100.5").unwrap().captured.minor(), 10_050);
        assert_eq!(one("KWD", "10.000").unwrap().captured.minor(), 10_000);
        assert_eq!(one("VND", "1000000.00").unwrap().captured.minor(), 1_000_000);
        assert_eq!(one("SAR", "0.1").unwrap().environment, Environment::Sandbox);
        assert_eq!(one("SAR", "1").unwrap().captured_at.as_seconds(), 1_767_312_245);
        for (currency, amount) in [
            ("SAR", "1.005"),
            ("VND", "0.5"),
            ("SAR", "1e3"),
            ("SAR", "ten"),
            ("SAR", "1 000"),
            ("SAR", "99999999999999999999"),
            ("sar", "1"),
            ("SAR", ""),
        ] {
            assert!(one(currency, amount).is_err(), "{currency} {amount}");
        }
    }

    #[test]
    fn the_header_is_needed_and_known() {
        let long = "x".repeat(100_000);
        for (file, says) in [
            ("", "order_ref"),
            ("order_ref,psp_account\n", "psp_payment_id"),
            ("order_ref,colour\n", "colour"),
            ("order_ref,order_ref\n", "twice"),
            (long.as_str(), "unknown"),
        ] {
            let Err(error) = read(file) else { panic!("{file:?} was read") };
            // It names the columns that there are, and not all of what stands in their place.
            assert!(error.contains(says) && error.len() < 400, "{error}");
        }
        let with_mark = "\u{feff}order_ref,psp_account,psp_payment_id,currency,amount,captured_at\n";
        assert_eq!(read(with_mark).unwrap().len(), 0);
    }

    #[test]
    fn a_column_that_is_none_is_answered_with_those_that_are() {
        let problem = CsvRows::new("order_ref,colour\n".as_bytes()).err().unwrap();
        assert_eq!(problem, HeaderProblem::Unknown("colour".to_owned()));
        let told = problem.to_string();
        for column in ["\"colour\"", "psp_account", "captured_at", "notification_url"] {
            assert!(told.contains(column), "{column}: {told}");
        }
    }

    #[test]
    fn a_bad_row_has_its_line_and_leaves_the_others() {
        let file = format!(
            "captured_at,amount,currency,psp_payment_id,psp_account,order_ref,customer_ref\n\
             2026-01-02T03:04:05Z,1,SAR,p-1,{ACCOUNT},\"o-1\n\u{a0}\",c\n\
             2026-01-02T03:04:05Z,1,SAR,p-2,{ACCOUNT}\n\
             2026-01-02,1,SAR,p-3,{ACCOUNT},o-3,\n\
             2026-01-02T03:04:05Z,1,SAR,p-4,acc_x,o-4,\n\
             2026-01-02T03:04:05Z,1,SAR,p-5, {ACCOUNT} ,o-5,\n\
             2026-01-02T03:04:05Z,1,SAR,p-6,{ACCOUNT},o-6,\"c\n\
             2026-01-02T03:04:05Z,1,SAR,p-7,{ACCOUNT},o-7,c\n"
        );
        let rows = read(&file).unwrap();
        let lines: Vec<_> = rows.iter().map(|row| (row.line, row.payment.is_ok())).collect();
        assert_eq!(lines, [(2, false), (4, false), (5, false), (6, false), (7, true), (8, false)]);
        assert!(rows[1].payment.as_ref().unwrap_err().problem.contains("5 fields"));
        assert_eq!(rows[2].payment.as_ref().unwrap_err().field, Some("captured_at"));
        assert_eq!(rows[3].payment.as_ref().unwrap_err().field, Some("psp_account"));
        assert_eq!(rows[4].payment.as_ref().unwrap().customer_ref, None);
        // The row below an open quote is no row any more, and that is said; of a break that stands at a field's end too.
        for row in [0, 5] {
            assert!(rows[row].payment.as_ref().unwrap_err().problem.contains("is a quote not closed?"));
        }
        let header = "captured_at,amount,currency,psp_payment_id,psp_account,order_ref,customer_ref";
        for end in ["\n", "\r\n", "\r"] {
            let last = format!("{header}{end}2026-01-02T03:04:05Z,1,SAR,p-1,{ACCOUNT},o-1,\"c{end}");
            let rows = read(&last).unwrap();
            let problem = &rows[0].payment.as_ref().unwrap_err().problem;
            assert!(problem.contains("is a quote not closed?"), "{end:?}: {problem}");
        }
    }

    #[test]
    fn what_stands_beside_a_quote_is_never_glued_to_what_is_in_it() {
        let payment = |amount: &str| one("SAR", amount);
        for good in ["\"10.50\"", "\"10.50\"  ", "\" 10.50\"", "10.50"] {
            assert_eq!(payment(good).unwrap().captured.minor(), 1_050, "{good}");
        }
        for wrong in
            ["\"10\"50", "\"10\" 50", "\"1\"\"0\"", "\"10\"\"50\"", "1\"0\"", " \"10\"", "\"10\"\"", "\"\"10"]
        {
            assert!(payment(wrong).is_err(), "{wrong}");
        }
        let header = "order_ref,psp_account,psp_payment_id,currency,amount,captured_at";
        for end in ["\n", "\r\n", "\r"] {
            // Only the row at fault is refused, and a quote that is written twice is one.
            let row = |order: &str| format!("{order},{ACCOUNT},p,SAR,1,2026-01-02T03:04:05Z");
            let rows =
                [header, &row("\"a\"\"b\""), &row("\"c\"d"), &row("e"), &row("f\""), "", &row("\"g\"")];
            let rows = read(&rows.join(end)).unwrap();
            let told: Vec<_> = rows
                .iter()
                .map(|row| {
                    (
                        row.line,
                        row.payment
                            .as_ref()
                            .map_or_else(|problem| problem.problem.as_str(), |payment| &payment.order_ref),
                    )
                })
                .collect();
            let misquoted = format!("it {MISQUOTED}");
            assert_eq!(told, [(2, "a\"b"), (3, &misquoted), (4, "e"), (5, &misquoted), (7, "g")], "{end:?}");
        }
        let cut = format!("{header}\n\"o\",{ACCOUNT},p,SAR,\"1\",\"2026-01-02T03:04:05Z\"");
        assert!(read(&cut).unwrap()[0].payment.is_ok());
        let short = cut.strip_suffix('"').unwrap();
        assert!(read(short).unwrap()[0].payment.is_err(), "a file that breaks off");
        let glued = header.replacen("order_ref", "\"order\"_ref", 1);
        assert_eq!(CsvRows::new(glued.as_bytes()).err(), Some(HeaderProblem::Misquoted));
        let quoted = header.replacen("order_ref", "\u{feff}\"order_ref\"", 1);
        assert!(CsvRows::new(quoted.as_bytes()).is_ok());
    }

    #[test]
    fn a_row_is_named_by_its_line_however_lines_end() {
        let rows = [
            "order_ref,psp_account,psp_payment_id,currency,amount,captured_at",
            "a",
            "",
            "\"b\nb\"",
            "",
            "c",
        ];
        for end in ["\n", "\r\n", "\r"] {
            for first in ["", "\u{feff}"] {
                let file = format!("{first}{}", rows.join(end));
                let lines: Vec<_> = read(&file).unwrap().iter().map(|row| row.line).collect();
                // The second row holds a line break of its own.
                assert_eq!(lines, [2, 4, 7], "{end:?} {first:?}");
            }
        }
    }
}
