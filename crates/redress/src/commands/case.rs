//! `redress case`.

use clap::{Args, Subcommand};
use redress_core::id::CaseId;
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_engine::admin::cases::{Blocked, Case, CaseClosed, Evidence};
use redress_engine::engine::Engine;
use redress_engine::lookup::RefundBy;
use redress_http::sgate_refund_id;
use serde_json::{Value, json};

use super::options::{DecisionArgs, JsonFlag};
use crate::failure::Failure;
use crate::open;
use crate::output::{one_line, print, print_json, time};
use crate::place::PlaceArgs;

/// List, show and close what waits for a person
#[derive(Args, Debug)]
pub(crate) struct CaseArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print every open case, oldest first, one line each: its id, kind, time, what it is about by every name, what
    /// happened
    List {
        /// Only those of this merchant: its code or id
        #[arg(long, value_name = "CODE")]
        merchant: Option<String>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Print a case, open or closed, with every notification of the PSP that is evidence of it
    Show {
        /// The case's id, as case_01k…
        #[arg(value_name = "CASE", value_parser = CaseId::parse)]
        case: CaseId,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Close a case that was looked at; what it blocked of its payment can be refunded again
    ///
    /// Where the money has left the payment without a refund of ours, say --gone: then what the case blocks counts as
    /// refunded. Without it, the sum can be given back to the customer once more.
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
            let mut all = Vec::new();
            for case in engine.open_cases(merchant).await? {
                let about = About::of(&engine, &case).await?;
                all.push((case, about));
            }
            if json.json {
                return print_json(&all.iter().map(|(case, about)| shown(case, about)).collect());
            }
            // Nothing where there is none: whoever counts lines counts cases.
            all.iter().try_for_each(|(case, about)| print(&line(case, about)))
        }
        Action::Show { case, json } => {
            let case = engine.any_case(case).await?;
            let about = About::of(&engine, &case).await?;
            let evidence = engine.evidence_of_case(&case).await?;
            if json.json {
                let mut value = shown(&case, &about);
                value["closed"] = how_closed(&case);
                value["evidence"] = evidence.iter().map(told).collect();
                return print_json(&value);
            }
            print(&line(&case, &about))?;
            print(&closed_line(&case))?;
            evidence.iter().try_for_each(|one| print(&told_lines(one)))
        }
        Action::Close { case, gone, decision } => {
            let found = engine.any_case(case).await?;
            let becomes = if gone { Blocked::Refunded } else { Blocked::Released };
            let DecisionArgs { reason, author } = &decision;
            let blocked = engine.close_case(found.merchant, case, author, reason, becomes).await?;
            print(&match (blocked, becomes) {
                (0, Blocked::Refunded) => {
                    format!("{case} is closed; it blocked nothing, so nothing counts as refunded by it")
                }
                (0, _) => format!("{case} is closed"),
                (_, Blocked::Nothing | Blocked::Released) => {
                    format!("{case} is closed; {blocked} minor units of its payment can be refunded again")
                }
                (_, Blocked::Refunded) => {
                    format!("{case} is closed; {blocked} minor units of its payment count as refunded")
                }
            })
        }
    }
}

/// What a case is about, by the names under which the merchant's programs know it.
#[derive(Default)]
struct About {
    order_ref: Option<String>,
    /// PortOne's and SGate's ids of the refund, the merchant's own, and the sum.
    names: Vec<(&'static str, String)>,
}

impl About {
    async fn of(engine: &Engine, case: &Case) -> Result<Self, Failure> {
        if let Some(id) = case.refund {
            let found = engine.refund(case.merchant, None, RefundBy::Id(id)).await?;
            return Ok(found.map(|(refund, payment)| Self::of_refund(&refund, &payment)).unwrap_or_default());
        }
        let Some(payment) = case.payment else { return Ok(Self::default()) };
        let found = engine.payment(case.merchant, payment).await?;
        Ok(Self { order_ref: found.map(|payment| payment.order_ref), names: Vec::new() })
    }

    fn of_refund(refund: &Refund, payment: &Payment) -> Self {
        let mut names = vec![
            ("portone_refund_id", refund.id.to_base62()),
            ("sgate_refund_id", sgate_refund_id(&payment.order_ref, refund.ordinal)),
            ("amount", refund.amount.to_string()),
        ];
        names.extend(refund.merchant_refund_id.clone().map(|id| ("merchant_refund_id", id)));
        Self { order_ref: Some(payment.order_ref.clone()), names }
    }
}

fn line(case: &Case, about: &About) -> String {
    let subject = case.refund.map(|id| id.to_string()).or_else(|| case.payment.map(|id| id.to_string()));
    let subject = subject.or_else(|| case.account.map(|id| id.to_string()));
    let subject =
        subject.or_else(|| case.endpoint.map(|id| id.to_string())).unwrap_or_else(|| "-".to_owned());
    let (id, kind, at) = (case.id, case.kind.as_str(), time(case.opened_at));
    let mut line = format!("{id}  {kind}  {at}  {subject}");
    for name in about.order_ref.iter().chain(about.names.iter().map(|(_, name)| name)) {
        line.push_str("  ");
        line.push_str(&one_line(name));
    }
    format!("{line}  {}", one_line(&case.text))
}

fn shown(case: &Case, about: &About) -> Value {
    let mut value = json!({
        "id": case.id.to_string(),
        "merchant": case.merchant.to_string(),
        "kind": case.kind.as_str(),
        "alarm": case.kind.is_alarm(),
        "refund": case.refund.map(|id| id.to_string()),
        "payment": case.payment.map(|id| id.to_string()),
        "psp_account": case.account.map(|id| id.to_string()),
        "endpoint": case.endpoint.map(|id| id.to_string()),
        "text": case.text,
        "blocked_minor": case.blocked,
        "opened_at": time(case.opened_at),
        "order_ref": about.order_ref,
    });
    for (name, text) in &about.names {
        value[*name] = json!(text);
    }
    value
}

/// A case of a payment, and how it was closed.
pub(super) fn of_payment(case: &Case) -> Value {
    let mut value = shown(case, &About::default());
    value["closed"] = how_closed(case);
    value
}

fn how_closed(case: &Case) -> Value {
    let closed = case.closed.as_ref();
    json!(closed.map(|closed| json!({"at": time(closed.at), "by": closed.by, "reason": closed.reason})))
}

fn closed_line(case: &Case) -> String {
    let closed = |closed: &CaseClosed| {
        one_line(&format!("closed {} by {}: {}", time(closed.at), closed.by, closed.reason))
    };
    case.closed.as_ref().map_or_else(|| "open".to_owned(), closed)
}

/// A notification that is evidence.
fn told(evidence: &Evidence) -> Value {
    json!({"received_at": time(evidence.received_at), "text": evidence.verdict, "body": evidence.body})
}

/// The same for the terminal.
fn told_lines(evidence: &Evidence) -> String {
    let mut lines = format!("told {}  {}", time(evidence.received_at), one_line(&evidence.verdict));
    for line in evidence.body.lines() {
        lines.push_str("\n  ");
        lines.push_str(&one_line(line));
    }
    lines
}

/// The same for the terminal.
pub(super) fn of_payment_line(case: &Case) -> String {
    let (at, kind, text, closed) = (time(case.opened_at), case.kind.as_str(), &case.text, closed_line(case));
    one_line(&format!("{at}  {}  {kind}: {text}; {closed}", case.id))
}

#[cfg(test)]
mod tests {
    use redress_core::time::Timestamp;

    use super::*;

    #[test]
    fn what_was_told_obeys_no_terminal() {
        let evidence = Evidence {
            received_at: Timestamp::from_micros(0),
            verdict: "the payment \u{1b}[2J, and not 7".to_owned(),
            body: "{\n\"a\": 1}\r\n\u{7}".to_owned(),
        };
        let told = told_lines(&evidence);
        assert_eq!(told, "told 1970-01-01T00:00:00Z  the payment  [2J, and not 7\n  {\n  \"a\": 1}\n   ");
    }
}
