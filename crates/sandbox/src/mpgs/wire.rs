//! Mastercard Gateway's JSON.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Detail, unreadable};
use crate::money;
use crate::psp::Psp;
use crate::reply::Reply;
use crate::state::{ALWAYS, Refund, Stage, State, StateError};

/// The id of the acquirer that is played.
const ACQUIRER_ID: &str = "SANDBOX";

/// An error: why the gateway did not handle a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    cause: &'static str,
    explanation: &'static str,
    /// The field that is wrong, and how: `INVALID`, `MISSING` or `UNSUPPORTED`.
    field: Option<(&'static str, &'static str)>,
}

impl Refusal {
    pub(crate) const NO_CREDENTIALS: Refusal = Refusal {
        status: StatusCode::UNAUTHORIZED,
        cause: "REQUEST_REJECTED",
        explanation: "Authentication is required.",
        field: None,
    };
    pub(crate) const WRONG_CREDENTIALS: Refusal =
        Refusal { status: StatusCode::UNAUTHORIZED, ..invalid("Invalid credentials.") };
    pub(crate) const OTHER_MERCHANT: Refusal =
        invalid("Authenticated entity not authorised to perform operation for target entity");
    pub(crate) const NOT_JSON: Refusal = invalid("The request is no JSON object of the expected form.");
    pub(crate) const BAD_VERSION: Refusal =
        field("version", "INVALID", "There is no such version of the API.");
    pub(crate) const BAD_ORDER_ID: Refusal = field("order.id", "INVALID", "1 to 40 characters are expected.");
    pub(crate) const BAD_TRANSACTION_ID: Refusal =
        field("transaction.id", "INVALID", "1 to 40 characters are expected.");
    pub(crate) const NO_OPERATION: Refusal = field("apiOperation", "MISSING", "Missing parameter.");
    pub(crate) const OTHER_OPERATION: Refusal =
        field("apiOperation", "UNSUPPORTED", "Only REFUND is played here.");
    pub(crate) const STANDALONE: Refusal =
        field("sourceOfFunds", "UNSUPPORTED", "A refund of an order must not name a source of funds.");
    pub(crate) const NO_AMOUNT: Refusal = field("transaction.amount", "MISSING", "Missing parameter.");
    pub(crate) const BAD_AMOUNT: Refusal = field("transaction.amount", "INVALID", "Value is invalid.");
    pub(crate) const NO_CURRENCY: Refusal = field("transaction.currency", "MISSING", "Missing parameter.");
    pub(crate) const BAD_CURRENCY: Refusal = field("transaction.currency", "INVALID", "Value is invalid.");
    pub(crate) const OTHER_CURRENCY: Refusal =
        field("transaction.currency", "INVALID", "Value is not the currency of the order.");
    pub(crate) const BAD_REFERENCE: Refusal =
        field("transaction.reference", "INVALID", "1 to 40 characters are expected.");
    pub(crate) const BAD_URL: Refusal = field("order.notificationUrl", "INVALID", "Value is no address.");
    pub(crate) const UNKNOWN_ORDER: Refusal = field("sourceOfFunds", "MISSING", "Missing parameter.");
    pub(crate) const OVER_REFUND: Refusal =
        field("transaction.amount", "INVALID", "Requested refund is more than is left of the order.");
    pub(crate) const ID_IS_TAKEN: Refusal =
        field("transaction.id", "INVALID", "The order has another transaction with this identifier.");
    pub(crate) const NOT_FOUND: Refusal = invalid("Unable to find the order or the transaction.");

    pub(crate) fn reply(self) -> Reply {
        let Refusal { status, cause, explanation, field } = self;
        let field = field.map_or(String::new(), |(field, kind)| {
            format!(r#","field":"{field}","validationType":"{kind}""#)
        });
        let body = format!(
            r#"{{"error":{{"cause":"{cause}","explanation":"{explanation}"{field}}},"result":"ERROR"}}"#
        );
        Reply::new(status, body)
    }
}

const fn invalid(explanation: &'static str) -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, cause: "INVALID_REQUEST", explanation, field: None }
}

const fn field(name: &'static str, kind: &'static str, explanation: &'static str) -> Refusal {
    Refusal { field: Some((name, kind)), ..invalid(explanation) }
}

/// What the gateway says with an HTTP 500.
pub(crate) const ERROR_500: &str = r#"{"error":{"cause":"SERVER_FAILED","explanation":"There is an internal system failure."},"result":"ERROR"}"#;

/// An order, at the top of its own retrieval and inside a transaction's.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    amount: Box<RawValue>,
    currency: String,
    id: String,
    status: &'static str,
    total_authorized_amount: Box<RawValue>,
    total_captured_amount: Box<RawValue>,
    total_refunded_amount: Box<RawValue>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(skip_serializing_if = "Option::is_none")]
    acquirer_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acquirer_message: Option<&'static str>,
    gateway_code: &'static str,
}

#[derive(Debug, Serialize)]
struct Acquirer {
    id: &'static str,
}

#[derive(Debug, Serialize)]
struct Transaction<'a> {
    acquirer: Acquirer,
    amount: Box<RawValue>,
    currency: &'a str,
    id: &'a str,
    receipt: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// A transaction, in an answer, a retrieval or a notification.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    gateway_entry_point: &'static str,
    merchant: &'a str,
    order: Order,
    response: Response,
    result: &'static str,
    transaction: Transaction<'a>,
    version: &'a str,
}

#[derive(Debug, Serialize)]
struct OrderShown<'a> {
    merchant: &'a str,
    #[serde(flatten)]
    order: Order,
    result: &'static str,
    transaction: Vec<Box<RawValue>>,
}

/// Shows a refund at the stage it has.
pub(super) fn show(state: &State<'_>, refund: &Refund) -> Result<String, StateError> {
    let (result, response) = match refund.stage {
        Stage::Succeeded => ("SUCCESS", response("APPROVED", Some(("00", "Approved")))),
        Stage::Coming | Stage::Pending => ("PENDING", response("SUBMITTED", None)),
        Stage::Failed | Stage::Refused => ("FAILURE", response("DECLINED", Some(("05", "Do not honour")))),
    };
    print(state, refund, result, response)
}

/// What a repetition gets while the first request still runs.
pub(super) fn show_locked(state: &State<'_>, refund: &Refund) -> Result<String, StateError> {
    print(state, refund, "FAILURE", response("LOCK_FAILURE", None))
}

fn response(gateway_code: &'static str, acquirer: Option<(&'static str, &'static str)>) -> Response {
    let (acquirer_code, acquirer_message) = acquirer.unzip();
    Response { acquirer_code, acquirer_message, gateway_code }
}

fn print(
    state: &State<'_>,
    refund: &Refund,
    result: &'static str,
    response: Response,
) -> Result<String, StateError> {
    let detail = Detail::of(refund)?;
    let order = order(state, &refund.account, &refund.payment)?
        .ok_or_else(|| StateError::Unreadable("a refund's order is gone".to_owned()))?;
    let shown = Shown {
        gateway_entry_point: "WEB_SERVICES_API",
        merchant: &refund.account,
        order,
        response,
        result,
        transaction: Transaction {
            acquirer: Acquirer { id: ACQUIRER_ID },
            amount: number(refund.amount_minor, &refund.currency)?,
            currency: &refund.currency,
            id: &refund.key,
            receipt: format!("{:012}", refund.seq),
            reference: detail.reference.as_deref(),
            kind: "REFUND",
        },
        version: &detail.version,
    };
    serde_json::to_string(&shown).map_err(|error| unreadable(&error))
}

/// An order with all its refunds, oldest first; `None` when there is no such order.
pub(super) fn show_order(state: &State<'_>, merchant: &str, id: &str) -> Result<Option<String>, StateError> {
    let Some(order) = order(state, merchant, id)? else { return Ok(None) };
    let mut transaction = Vec::new();
    for refund in state.refunds_shown(Psp::Mpgs, merchant, Some(id), ALWAYS)?.iter().rev() {
        let shown = RawValue::from_string(show(state, refund)?).map_err(|error| unreadable(&error))?;
        transaction.push(shown);
    }
    let shown = OrderShown { merchant, order, result: "SUCCESS", transaction };
    serde_json::to_string(&shown).map(Some).map_err(|error| unreadable(&error))
}

fn order(state: &State<'_>, merchant: &str, id: &str) -> Result<Option<Order>, StateError> {
    let Some(payment) = state.payment(Psp::Mpgs, id)? else { return Ok(None) };
    let refunds = state.refunds_shown(Psp::Mpgs, merchant, Some(id), ALWAYS)?;
    let refunded_minor: i64 = refunds
        .iter()
        .filter(|refund| refund.stage == Stage::Succeeded)
        .map(|refund| refund.amount_minor)
        .sum();
    let status = match refunded_minor {
        0 => "CAPTURED",
        all if all == payment.captured_minor => "REFUNDED",
        _ => "PARTIALLY_REFUNDED",
    };
    let captured = || number(payment.captured_minor, &payment.currency);
    Ok(Some(Order {
        amount: captured()?,
        id: id.to_owned(),
        status,
        total_authorized_amount: captured()?,
        total_captured_amount: captured()?,
        total_refunded_amount: number(refunded_minor, &payment.currency)?,
        currency: payment.currency,
    }))
}

/// A sum as a JSON number in units of its currency.
fn number(minor: i64, currency: &str) -> Result<Box<RawValue>, StateError> {
    let text = money::print_major(minor, money::exponent(currency).unwrap_or(2));
    RawValue::from_string(text).map_err(|error| unreadable(&error))
}
