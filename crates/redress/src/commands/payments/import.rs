//! `redress payments import`.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use indicatif::ProgressBar;
use redress_core::id::MerchantId;
use redress_engine::admin::payments::{IMPORT_ROWS_AT_ONCE, Imported, NewPayment};
use redress_engine::admin::payments_csv::{CsvRow, CsvRows};
use redress_engine::engine::Engine;

use crate::failure::Failure;
use crate::output::{one_line, print};
use crate::progress;

/// How many rows came to what.
#[derive(Default)]
struct Counts {
    created: u64,
    unchanged: u64,
    recaptured: u64,
    refused: u64,
}

pub(super) async fn run(engine: &Engine, merchant: MerchantId, path: &Path) -> Result<(), Failure> {
    let unable = |problem: String| Failure::unable(format!("{}: {problem}", path.display()));
    let file = File::open(path).map_err(|error| unable(error.to_string()))?;
    let bytes = file.metadata().map_err(|error| unable(error.to_string()))?.len();
    let accounts = engine.list_accounts(Some(merchant)).await?;
    let accounts = accounts.into_iter().map(|account| (account.id, account.environment)).collect();
    let mut rows = CsvRows::new(BufReader::new(file)).map_err(|problem| unable(problem.to_string()))?;
    let bar = progress::bytes(bytes);
    let mut counts = Counts::default();
    loop {
        let mut batch = Vec::with_capacity(IMPORT_ROWS_AT_ONCE);
        while batch.len() < IMPORT_ROWS_AT_ONCE {
            let Some(row) = rows.next(&accounts).map_err(unable)? else { break };
            batch.push(row);
        }
        let (Some(first), last) = (batch.first().map(|row| row.line), batch.len() < IMPORT_ROWS_AT_ONCE)
        else {
            break;
        };
        // Lines before this one are kept, so the message says where the trouble begins. Its own batch may be kept too: the answer
        // to its commit can be lost, and what is printed of it comes after that.
        import(engine, merchant, batch, &bar, &mut counts).await.map_err(|error| {
            unable(format!(
                "of line {first} and what follows it is not known whether it was taken in: {error}. The whole file again is safe"
            ))
        })?;
        bar.set_position(rows.position());
        if last {
            break;
        }
    }
    bar.finish_and_clear();
    let Counts { created, unchanged, recaptured, refused } = counts;
    print(&format!(
        "{created} payments are new, {unchanged} were there, {recaptured} have another captured amount, {refused} rows \
         were refused"
    ))?;
    if refused == 0 { Ok(()) } else { Err(Failure::found(format!("{refused} rows were refused"))) }
}

/// Takes in a batch and prints what was refused, in the order of the lines.
async fn import(
    engine: &Engine,
    merchant: MerchantId,
    batch: Vec<CsvRow>,
    bar: &ProgressBar,
    counts: &mut Counts,
) -> Result<(), Failure> {
    let lines: Vec<_> = batch.iter().map(|row| row.line).collect();
    let (mut good, mut refusals) = (Vec::<NewPayment>::new(), Vec::new());
    for row in batch {
        match row.payment {
            Ok(payment) => {
                refusals.push(None);
                good.push(payment);
            }
            Err(problem) => refusals.push(Some(problem.to_string())),
        }
    }
    let outcomes = engine.import_payments(merchant, good).await?;
    for outcome in &outcomes {
        match outcome {
            Imported::Created(_) => counts.created += 1,
            Imported::Unchanged(_) => counts.unchanged += 1,
            Imported::Recaptured(_) => counts.recaptured += 1,
            Imported::Conflict { .. }
            | Imported::Invalid { .. }
            | Imported::NoAccount
            | Imported::MerchantRevoked => {}
        }
    }
    let mut outcomes = outcomes.iter();
    for (line, refusal) in lines.into_iter().zip(refusals) {
        let refusal = refusal.or_else(|| outcomes.next().and_then(Imported::refusal));
        let Some(problem) = refusal else { continue };
        counts.refused += 1;
        let text = format!("line {line}: {}", one_line(&problem));
        bar.suspend(|| print(&text))?;
    }
    Ok(())
}
