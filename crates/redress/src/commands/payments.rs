//! `redress payments`.

mod import;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use redress_engine::admin::payments_csv;

use super::options::MerchantArg;
use crate::failure::Failure;
use crate::open;
use crate::place::PlaceArgs;

/// Take in captured payments
#[derive(Args, Debug)]
pub(crate) struct PaymentsArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    #[command(long_about = import_help())]
    /// Take in payments from a CSV file
    Import {
        /// The file: UTF-8, separated by commas, with a header row
        #[arg(value_name = "FILE.csv")]
        file: PathBuf,
        #[command(flatten)]
        merchant: MerchantArg,
    },
}

fn import_help() -> String {
    format!(
        "Take in payments from a CSV file\n\n\
         The header row names the columns, in any order. Needed: {}. Optional: {}.\n\n\
         amount is what was captured and refunded_before what was given back before, both as decimal text in major \
         units (10.50); captured_at is RFC 3339 (2026-01-02T03:04:05Z); psp_account is an id of `redress psp-account \
         list`; environment is that of the account unless given.\n\n\
         Each row is judged by itself. The same again changes nothing; other content for a known order_ref is refused; \
         the captured amount may rise and never falls below what is used. Each refused row is printed with its line \
         number and the reason, and the exit code is 1 then. Works beside a running server.",
        payments_csv::NEEDED.join(", "),
        payments_csv::OPTIONAL.join(", ")
    )
}

pub(crate) async fn run(args: PaymentsArgs) -> Result<(), Failure> {
    let engine = open::for_tool(&args.place.settings()?).await?.engine;
    match args.action {
        Action::Import { file, merchant } => {
            let merchant = engine.merchant_named(&merchant.merchant).await?;
            import::run(&engine, merchant.id, &file).await
        }
    }
}
