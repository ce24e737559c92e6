//! Tap's JSON (<https://developers.tap.company/reference/refunds>).

use super::CAPABILITIES;
use redress_core::capabilities::Unit;
use redress_core::money::Amount;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Tap takes three decimals for BHD, KWD and OMR, and at most two for all else, whatever ISO 4217 says
/// (<https://developers.tap.company/docs/create-a-refund>).
pub(super) const UNITS: &[Unit] = &[
    Unit { currency: "JOD", decimals: 2, step_minor: 10 },
    Unit { currency: "TND", decimals: 2, step_minor: 10 },
    Unit { currency: "IQD", decimals: 2, step_minor: 10 },
    Unit { currency: "LYD", decimals: 2, step_minor: 10 },
    Unit { currency: "CLF", decimals: 2, step_minor: 100 },
    Unit { currency: "UYW", decimals: 2, step_minor: 100 },
];

/// The sum as a JSON number in major units; `None` where it has more decimals than Tap takes, or is not positive.
pub(super) fn amount_number(amount: Amount) -> Option<Box<RawValue>> {
    let (number, decimals) = (amount.to_decimal(), CAPABILITIES.decimals(amount.currency()));
    let sendable = number.is_positive() && number.decimals() <= decimals;
    sendable.then(|| RawValue::from_string(number.to_fixed(decimals)).ok())?
}

/// `POST /refunds`.
#[derive(Serialize)]
pub(super) struct CreateRequest<'a> {
    pub(super) charge_id: &'a str,
    pub(super) amount: Box<RawValue>,
    pub(super) currency: &'a str,
    pub(super) reason: &'a str,
    pub(super) reference: SentReference<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) post: Option<Post<'a>>,
}

/// The first comes back with the refund. By the second Tap takes what is doubled on its way for one request
/// (<https://developers.tap.company/docs/idempotency>).
#[derive(Serialize)]
pub(super) struct SentReference<'a> {
    pub(super) merchant: &'a str,
    pub(super) idempotent: &'a str,
}

#[derive(Serialize)]
pub(super) struct Post<'a> {
    pub(super) url: &'a str,
}

/// `POST /refunds/list`. The filter is that of the list of charges
/// (<https://developers.tap.company/reference/list-all-charges>); times are milliseconds.
#[derive(Serialize)]
pub(super) struct ListRequest<'a> {
    pub(super) period: Period,
    pub(super) charges: [&'a str; 1],
    pub(super) starting_after: &'a str,
    pub(super) limit: usize,
}

#[derive(Serialize)]
pub(super) struct Period {
    pub(super) date: Dates,
}

#[derive(Serialize)]
pub(super) struct Dates {
    pub(super) from: i64,
    pub(super) to: i64,
}

/// A page of the list.
#[derive(Deserialize)]
pub(super) struct Page<'a> {
    #[serde(default)]
    pub(super) has_more: Option<bool>,
    #[serde(borrow)]
    pub(super) refunds: Vec<Refund<'a>>,
}

/// A refund as Tap shows it.
#[derive(Deserialize)]
pub(super) struct Refund<'a> {
    pub(super) id: String,
    #[serde(default)]
    pub(super) object: Option<String>,
    pub(super) status: String,
    #[serde(borrow)]
    pub(super) amount: &'a RawValue,
    pub(super) currency: String,
    pub(super) charge_id: String,
    #[serde(default)]
    pub(super) reference: Option<Reference>,
    #[serde(default, borrow)]
    pub(super) response: Option<Response<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Reference {
    #[serde(default)]
    pub(super) merchant: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Response<'a> {
    #[serde(default, borrow)]
    pub(super) code: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) message: Option<String>,
}

/// What is signed of an object in a notification.
#[derive(Deserialize)]
pub(super) struct Signed<'a> {
    pub(super) id: String,
    #[serde(default)]
    pub(super) object: Option<String>,
    pub(super) status: String,
    #[serde(borrow)]
    pub(super) amount: &'a RawValue,
    pub(super) currency: String,
    #[serde(default, borrow)]
    pub(super) created: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) transaction: Option<Transaction<'a>>,
    #[serde(default, borrow)]
    pub(super) reference: Option<SignedReference<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Transaction<'a> {
    #[serde(default, borrow)]
    pub(super) created: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct SignedReference<'a> {
    #[serde(default, borrow)]
    pub(super) gateway: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) payment: Option<&'a RawValue>,
}

/// The envelope of errors (<https://developers.tap.company/reference/charge-response-codes>; its shape is inferred).
#[derive(Deserialize)]
pub(super) struct Errors<'a> {
    #[serde(borrow)]
    pub(super) errors: Vec<ErrorEntry<'a>>,
}

#[derive(Deserialize)]
pub(super) struct ErrorEntry<'a> {
    #[serde(borrow)]
    pub(super) code: &'a RawValue,
    #[serde(default)]
    pub(super) description: Option<String>,
}
