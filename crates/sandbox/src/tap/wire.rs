//! Tap's JSON.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;

use super::sign::Signed;
use super::{Detail, unreadable};
use crate::money;
use crate::reply::Reply;
use crate::state::{Refund, Stage, StateError};

/// An error of Tap: its code and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    description: &'static str,
}

impl Refusal {
    pub(crate) const NO_KEY: Refusal = unauthorized("2105", "API credentials are required");
    pub(crate) const WRONG_KEY: Refusal = unauthorized("2104", "Invalid API key");
    pub(crate) const PUBLIC_KEY: Refusal =
        unauthorized("2106", "The secret key is needed, not the public one");
    pub(crate) const BAD_JSON: Refusal = bad("2100", "Invalid JSON request");
    pub(crate) const BAD_INPUT: Refusal = bad("1103", "Required inputs are invalid");
    pub(crate) const BAD_AMOUNT: Refusal = bad("1117", "Amount is invalid");
    pub(crate) const BAD_CURRENCY: Refusal = bad("1118", "Currency code is invalid");
    pub(crate) const NO_CHARGE_ID: Refusal = bad("1142", "Charge id is missing");
    pub(crate) const BAD_CHARGE_ID: Refusal = bad("1143", "Charge id is invalid");
    pub(crate) const CHARGE_NOT_FOUND: Refusal = bad("1144", "Charge id not found");
    pub(crate) const OTHER_CURRENCY: Refusal = bad("1149", "Currency code does not match that of the charge");
    pub(crate) const NO_REASON: Refusal = bad("1156", "Refund reason is missing");
    pub(crate) const LONG_REASON: Refusal = bad("1157", "Refund reason must be shorter than 250 characters");
    pub(crate) const REFUND_NOT_FOUND: Refusal =
        Refusal { status: StatusCode::NOT_FOUND, code: "1160", description: "Refund not found" };
    pub(crate) const OVER_REFUND: Refusal = bad("1161", "Requested refund amount exceeds what is left");
    pub(crate) const TOO_MANY_ROWS: Refusal = bad("1162", "Row count must be 50 or less");

    pub(crate) fn reply(self) -> Reply {
        let Refusal { status, code, description } = self;
        Reply::new(status, format!(r#"{{"errors":[{{"code":"{code}","description":"{description}"}}]}}"#))
    }
}

const fn bad(code: &'static str, description: &'static str) -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, code, description }
}

const fn unauthorized(code: &'static str, description: &'static str) -> Refusal {
    Refusal { status: StatusCode::UNAUTHORIZED, code, description }
}

/// What Tap says with an HTTP 500.
pub(crate) const ERROR_500: &str = r#"{"errors":[{"code":"9999","description":"Internal server error"}]}"#;

/// Reads a body: broken JSON and wrong types have different codes.
pub(crate) fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| if error.is_data() { Refusal::BAD_INPUT } else { Refusal::BAD_JSON })
}

#[derive(Debug, Serialize)]
struct Reference<'a> {
    merchant: &'a str,
    payment: &'a str,
}

#[derive(Debug, Serialize)]
struct ResponseCode {
    code: &'static str,
    message: &'static str,
}

#[derive(Debug, Serialize)]
struct Post<'a> {
    status: &'static str,
    url: &'a str,
}

/// The refund object, in an answer, a list or a notification.
#[derive(Debug, Serialize)]
struct Object<'a> {
    id: &'a str,
    object: &'static str,
    api_version: &'static str,
    live_mode: bool,
    amount: &'a RawValue,
    currency: &'a str,
    charge_id: &'a str,
    status: &'static str,
    created: &'a str,
    reference: Reference<'a>,
    reason: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a RawValue>,
    response: ResponseCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    post: Option<Post<'a>>,
}

/// A refund as Tap shows it.
#[derive(Debug)]
pub(crate) struct Shown {
    /// The object, JSON.
    pub(crate) body: String,
    /// The text its notification is signed over.
    pub(crate) signed_text: String,
    /// Where the merchant wants to hear of it.
    pub(crate) post_url: Option<String>,
}

/// Shows a refund at the stage it has.
pub(crate) fn show(refund: &Refund) -> Result<Shown, StateError> {
    let detail = Detail::of(refund)?;
    let (status, code, message) = match refund.stage {
        Stage::Coming | Stage::Pending => ("PENDING", "100", "Pending"),
        Stage::Succeeded => ("REFUNDED", "000", "Refunded"),
        Stage::Failed => ("FAILED", "401", "Failed"),
        Stage::Refused if detail.for_now => ("DECLINED", "502", "Insufficient Balance"),
        Stage::Refused => ("DECLINED", "501", "Declined"),
    };
    let amount = money::print_major(refund.amount_minor, money::exponent(&refund.currency).unwrap_or(2));
    let amount_json = RawValue::from_string(amount.clone()).map_err(|error| unreadable(&error))?;
    let created = refund.created_ms.to_string();
    let payment_reference = format!("{}{:08}", refund.created_ms, refund.seq);
    let object = Object {
        id: &refund.refund,
        object: "refund",
        api_version: "V2",
        live_mode: false,
        amount: &amount_json,
        currency: &refund.currency,
        charge_id: &refund.payment,
        status,
        created: &created,
        reference: Reference { merchant: &refund.key, payment: &payment_reference },
        reason: &detail.reason,
        description: detail.description.as_deref().unwrap_or(""),
        metadata: detail.metadata.as_deref(),
        response: ResponseCode { code, message },
        post: detail.post_url.as_deref().map(|url| Post { status: "PENDING", url }),
    };
    let signed = Signed {
        id: &refund.refund,
        amount: &amount,
        currency: &refund.currency,
        gateway_reference: "",
        payment_reference: &payment_reference,
        status,
        created: &created,
    };
    Ok(Shown {
        body: serde_json::to_string(&object).map_err(|error| unreadable(&error))?,
        signed_text: signed.text(),
        post_url: detail.post_url,
    })
}
