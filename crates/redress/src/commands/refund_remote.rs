//! `redress refund create`, `get`, `list` and `cancel`: over HTTP, by the own API.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use redress_client::{CancelRefund, NewRefund, Page, RealWorld, Refund, RefundFilter, World};
use redress_core::decimal::Decimal;
use redress_core::money::Currency;
use serde::Serialize;

use super::options::JsonFlag;
use crate::failure::Failure;
use crate::output::{one_line, print, print_json, print_table};
use crate::remote::{RemoteArgs, ended, of_a_change};

/// The most that the server puts on a page.
const PAGE_REFUNDS_MAX: u32 = 500;

/// Over HTTP: give back a payment, whole or in part
///
/// Without --amount all that is left. Each run is a refund of its own, unless --idempotency-key or --merchant-refund-id is
/// that of an earlier one: that one is shown then, and nothing is made.
#[derive(Args, Debug)]
pub(crate) struct Create {
    #[command(flatten)]
    remote: RemoteArgs,
    /// The payment: its id or its order_ref
    #[arg(value_name = "PAYMENT")]
    payment: String,
    /// How much, in major units, as 25.00; left out: all that is left
    #[arg(long, value_name = "SUM", requires = "currency")]
    amount: Option<String>,
    /// How much, in minor units, as 2500
    #[arg(long, value_name = "SUM", requires = "currency", conflicts_with = "amount")]
    amount_minor: Option<i64>,
    /// The payment's currency, as SAR
    #[arg(long, value_name = "CODE", value_parser = |code: &str| Currency::from_code(code))]
    currency: Option<Currency>,
    /// Why: requested_by_customer, duplicate, fraudulent, product_not_received, product_unsatisfactory or other
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    /// Why, in a sentence, for people; no PSP is told it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The merchant's own id of the refund: the same again is the same refund
    #[arg(long, value_name = "ID")]
    merchant_refund_id: Option<String>,
    /// The merchant's own data; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    metadata: Vec<(String, String)>,
    /// What is left to refund as you saw it, in minor units: refused where that no longer holds
    #[arg(long, value_name = "SUM")]
    expected_refundable: Option<i64>,
    /// The key of an earlier run, to find out what became of it; drawn at random where it is left out
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Wait so many seconds for the end (60 at most; then see refund watch)
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=60))]
    wait: Option<u64>,
    #[command(flatten)]
    json: JsonFlag,
}

/// Over HTTP: show how a refund stands
#[derive(Args, Debug)]
pub(crate) struct Get {
    #[command(flatten)]
    remote: RemoteArgs,
    /// The refund's id (rf_01k…)
    #[arg(value_name = "REFUND")]
    refund: String,
    #[command(flatten)]
    json: JsonFlag,
}

/// Over HTTP: list refunds, the newest first
#[derive(Args, Debug)]
pub(crate) struct List {
    #[command(flatten)]
    remote: RemoteArgs,
    /// Only those of this payment: its id, or its order_ref
    #[arg(long, value_name = "ID")]
    payment: Option<String>,
    /// Only those that stand so now, as unknown; several with commas between
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    status: Vec<String>,
    /// Only the one with this id of the merchant's own
    #[arg(long, value_name = "ID")]
    merchant_refund_id: Option<String>,
    /// Only those made then or later, as 2026-01-02T00:00:00Z
    #[arg(long, value_name = "TIME")]
    created_from: Option<String>,
    /// Only those made before
    #[arg(long, value_name = "TIME")]
    created_to: Option<String>,
    /// So many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Go on where an earlier list ended
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    #[command(flatten)]
    json: JsonFlag,
}

/// Over HTTP: withdraw a refund that was not sent to the PSP yet
#[derive(Args, Debug)]
pub(crate) struct Cancel {
    #[command(flatten)]
    remote: RemoteArgs,
    /// The refund's id (rf_01k…)
    #[arg(value_name = "REFUND")]
    refund: String,
    /// Why, for the timeline
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    json: JsonFlag,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) async fn create(args: Create) -> Result<(), Failure> {
    let client = args.remote.client()?;
    let new = args.new_refund()?;
    // Drawn here, so that it can be told where no answer comes.
    let drawn = || RealWorld.random().map(hex::encode).map_err(Failure::Unable);
    let key = args.idempotency_key.clone().map_or_else(drawn, Ok)?;
    let mut call = client.create_refund(&args.payment, &new).idempotency_key(key.as_str());
    if let Some(seconds) = args.wait {
        call = call.wait(Duration::from_secs(seconds));
    }
    let then = format!("the same command with --idempotency-key {key} tells, and makes no second refund");
    let made = call.answer().await.map_err(|error| of_a_change(error, &then))?;
    if made.replayed && !args.json.json {
        print("It was made before:")?;
    }
    show(&made.value, args.json)?;
    ended(&made.value, args.wait.is_some())
}

impl Create {
    fn new_refund(&self) -> Result<NewRefund, Failure> {
        let amount = match (&self.amount, self.currency) {
            (Some(text), Some(currency)) => Some(minor(text, currency)?),
            _ => self.amount_minor,
        };
        let mut metadata = BTreeMap::new();
        for (name, value) in &self.metadata {
            // The API refuses it too; here one of them would be lost before it could.
            if metadata.insert(name.clone(), value.clone()).is_some() {
                return Err(Failure::unable(format!("--metadata {name} is there twice")));
            }
        }
        Ok(NewRefund {
            amount,
            currency: self.currency.map(|currency| currency.code().to_owned()),
            description: self.description.clone(),
            expected_refundable: self.expected_refundable,
            merchant_refund_id: self.merchant_refund_id.clone(),
            metadata: Some(metadata).filter(|metadata| !metadata.is_empty()),
            reason: self.reason.clone(),
        })
    }
}

/// Reads a sum in major units, exactly.
fn minor(text: &str, currency: Currency) -> Result<i64, Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::unable(format!("--amount {text} {}: {error}", currency.code()))
    };
    let sum = Decimal::from_text(text).map_err(|error| wrong(&error))?;
    sum.to_minor_as_written(text, currency).map_err(|error| wrong(&error))
}

pub(super) async fn get(args: Get) -> Result<(), Failure> {
    let refund = args.remote.client()?.get_refund(&args.refund).await?;
    show(&refund, args.json)
}

pub(super) async fn cancel(args: Cancel) -> Result<(), Failure> {
    let client = args.remote.client()?;
    let why = CancelRefund { reason: args.reason };
    let canceled = client.cancel_refund(&args.refund, &why).await;
    let then = format!("redress refund get {} tells", args.refund);
    show(&canceled.map_err(|error| of_a_change(error, &then))?, args.json)
}

pub(super) async fn list(args: List) -> Result<(), Failure> {
    let client = args.remote.client()?;
    let mut filter = RefundFilter {
        cursor: args.cursor,
        payment: args.payment,
        status: args.status.into_iter().map(Into::into).collect(),
        merchant_refund_id: args.merchant_refund_id,
        created_from: args.created_from,
        created_to: args.created_to,
        limit: None,
    };
    let mut found = Page { data: Vec::new(), has_more: true, next_cursor: None };
    while found.has_more && found.data.len() < args.limit as usize {
        let left = args.limit - u32::try_from(found.data.len()).unwrap_or(args.limit);
        filter.limit = Some(left.min(PAGE_REFUNDS_MAX));
        let page = client.list_refunds(&filter).await?;
        found.data.extend(page.data);
        found.has_more = page.has_more && page.next_cursor.is_some();
        found.next_cursor.clone_from(&page.next_cursor);
        filter.cursor = page.next_cursor;
    }
    if args.json.json {
        return print_json(&json(&found)?);
    }
    let row = |refund: &Refund| {
        [&refund.id, refund.status.as_str(), &sum(refund), &refund.order_ref, &refund.created_at]
            .map(one_line)
    };
    let rows: Vec<_> = found.data.iter().map(row).collect();
    print_table("refunds", ["ID", "STATUS", "AMOUNT", "ORDER_REF", "CREATED"], &rows)?;
    match &found.next_cursor {
        Some(cursor) if found.has_more => print(&format!("more: --cursor {}", one_line(cursor))),
        _ => Ok(()),
    }
}

/// Prints a refund, for people or for programs.
pub(super) fn show(refund: &Refund, as_json: JsonFlag) -> Result<(), Failure> {
    if as_json.json {
        return print_json(&json(refund)?);
    }
    let failure = refund.failure.as_ref().map(|failure| format!("{}: {}", failure.code, failure.text));
    let metadata: Vec<_> = refund.metadata.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let facts = [
        ("refund", Some(refund.id.clone())),
        ("status", Some(refund.status.to_string())),
        ("amount", Some(sum(refund))),
        ("payment", Some(refund.payment.clone())),
        ("order_ref", Some(refund.order_ref.clone())),
        ("environment", Some(refund.environment.clone())),
        ("merchant's id", refund.merchant_refund_id.clone()),
        ("reason", refund.reason.clone()),
        ("description", refund.description.clone()),
        ("metadata", Some(metadata.join(", ")).filter(|metadata| !metadata.is_empty())),
        ("psp refund", refund.psp_refund_id.clone()),
        ("arn", refund.arn.clone()),
        ("psp says", refund.note.clone()),
        ("failure", failure),
        ("try anew from", refund.retry_at.clone()),
        ("created", Some(refund.created_at.clone())),
        ("finished", refund.finished_at.clone()),
    ];
    let facts = facts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    facts.into_iter().try_for_each(|(name, value)| print(&format!("{name:16} {}", one_line(&value))))
}

pub(super) fn sum(refund: &Refund) -> String {
    format!("{} {}", refund.amount, refund.currency)
}

/// As the API shows it.
pub(super) fn json<T: Serialize>(value: &T) -> Result<serde_json::Value, Failure> {
    serde_json::to_value(value).map_err(|error| Failure::unable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_exactly() {
        let [sar, vnd] = ["SAR", "VND"].map(|code| Currency::from_code(code).unwrap());
        assert_eq!(minor("25.00", sar), Ok(2_500));
        assert_eq!(minor("25", vnd), Ok(25));
        for (text, currency) in [("25.001", sar), ("25.5", vnd), ("2e3", sar), ("abc", sar), ("", sar)] {
            assert!(matches!(minor(text, currency), Err(Failure::Unable(_))), "{text}");
        }
    }
}
