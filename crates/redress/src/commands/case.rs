//! `redress case`.

use clap::{Args, Subcommand};
use redress_core::id::CaseId;
use redress_engine::admin::cases::{Blocked, Case};
use serde_json::{Value, json};

use super::options::{DecisionArgs, JsonFlag};
use crate::failure::Failure;
use crate::open;
use crate::output::{one_line, print, print_json, time};
use crate::place::PlaceArgs;

/// List and close what waits for a person
#[derive(Args, Debug)]
pub(crate) struct CaseArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print every open case, oldest first, one line each: id, kind, time, subject, what happened
    List {
        /// Only those of this merchant: its code or id
        #[arg(long, value_name = "CODE")]
        merchant: Option<String>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Close a case that was looked at; what it blocked of its payment can be refunded again
    ///
    /// Where the money has left the payment without a refund of ours, say --gone: then what the case blocks counts as
    /// refunded for ever. Without it, the sum can be given back to the customer once more.
    ///
    /// Closing says that nothing more has to be done about it. It does not change a refund: where nobody knows how one
    /// ended, `redress refund close` says so, and closes its cases with it.
    Close {
        /// The case's id, as case_01k…
        #[arg(value_name = "CASE", value_parser = CaseId::parse)]
        case: CaseId,
        /// The money has left: what the case blocks counts as refunded, and is not refundable again
        #[arg(long)]
        gone: bool,
        #[command(flatten)]
        decision: DecisionArgs,
    },
}

pub(crate) async fn run(args: CaseArgs) -> Result<(), Failure> {
    let engine = open::for_tool(&args.place.settings()?).await?.engine;
    match args.action {
        Action::List { merchant, json } => {
            let merchant = match merchant {
                Some(merchant) => Some(engine.merchant_named(&merchant).await?.id),
                None => None,
            };
            let all = engine.open_cases(merchant).await?;
            if json.json {
                return print_json(&all.iter().map(shown).collect());
            }
            // Nothing where there is none: whoever counts lines counts cases.
            all.iter().try_for_each(|case| print(&line(case)))
        }
        Action::Close { case, gone, decision } => {
            let found = engine.any_case(case).await?;
            let becomes = if gone { Blocked::Refunded } else { Blocked::Released };
            let DecisionArgs { reason, author } = &decision;
            let blocked = engine.close_case(found.merchant, case, author, reason, becomes).await?;
            print(&match (blocked, becomes) {
                (0, _) => format!("{case} is closed"),
                (_, Blocked::Released) => {
                    format!("{case} is closed; {blocked} minor units of its payment can be refunded again")
                }
                (_, Blocked::Refunded) => {
                    format!("{case} is closed; {blocked} minor units of its payment count as refunded")
                }
            })
        }
    }
}

fn line(case: &Case) -> String {
    let subject = case.refund.map(|id| id.to_string()).or_else(|| case.payment.map(|id| id.to_string()));
    let subject = subject.or_else(|| case.account.map(|id| id.to_string())).unwrap_or_else(|| "-".to_owned());
    let (id, kind, at) = (case.id, case.kind.as_str(), time(case.opened_at));
    format!("{id}  {kind}  {at}  {subject}  {}", one_line(&case.text))
}

fn shown(case: &Case) -> Value {
    json!({
        "id": case.id.to_string(),
        "merchant": case.merchant.to_string(),
        "kind": case.kind.as_str(),
        "alarm": case.kind.is_alarm(),
        "refund": case.refund.map(|id| id.to_string()),
        "payment": case.payment.map(|id| id.to_string()),
        "psp_account": case.account.map(|id| id.to_string()),
        "text": case.text,
        "blocked_minor": case.blocked,
        "opened_at": time(case.opened_at),
    })
}
