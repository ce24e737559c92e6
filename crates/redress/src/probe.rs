//! What reads an operator's files, for the fuzzing of it. The program uses none of this.

use std::collections::BTreeMap;

use redress_core::environment::Environment;
use redress_core::id::AccountId;
use redress_engine::admin::payments::NewPayment;
use redress_engine::admin::payments_csv::{CsvRows, RowProblem};

use crate::settings::{Settings, Sources};

/// The line of a row, from 1, and the payment or why it is none.
pub type Row = (u64, Result<NewPayment, RowProblem>);

/// Reads a file of payments to its end.
///
/// # Errors
/// What is wrong with the whole file.
pub fn payments_csv(file: &[u8], accounts: &BTreeMap<AccountId, Environment>) -> Result<Vec<Row>, String> {
    let mut rows = CsvRows::new(file).map_err(|problem| problem.to_string())?;
    let mut all = Vec::new();
    while let Some(row) = rows.next(accounts)? {
        all.push((row.line, row.payment));
    }
    Ok(all)
}

/// Reads the text of a settings file and all that must hold between its keys; answers what was understood, printed.
///
/// # Errors
/// Why it is refused, as people read it.
pub fn settings(file: &str) -> Result<String, String> {
    let sources = Sources::of_text(file).map_err(|error| error.to_string())?;
    let settings = Settings::of(sources, None).map_err(|error| error.to_string())?;
    settings.engine_config().map_err(|error| error.to_string())?;
    settings.check_serving().map_err(|error| error.to_string())?;
    Ok(format!("{settings:?}"))
}
