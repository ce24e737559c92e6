//! `POST …/PaymentInquiry`: about a payment, never about a refund.

use axum::body::Bytes;
use axum::extract;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;

use super::wire::{Refusal, read};
use super::{SAR, account};
use crate::money;
use crate::psp::Psp;
use crate::reply::{Reply, state_error};
use crate::sandbox::Sandbox;
use crate::state::StateError;

/// Of the service of direct payments, whose messages have its version in their names.
pub(crate) async fn v4(
    extract::State(sandbox): extract::State<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    respond(inquire(&sandbox, &headers, &body, "V4"))
}

/// Of the service of merchants' transactions.
pub(crate) async fn v3(
    extract::State(sandbox): extract::State<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    respond(inquire(&sandbox, &headers, &body, ""))
}

/// What a payment is asked for by.
#[derive(Debug, Deserialize)]
struct Message {
    #[serde(rename = "RefNum")]
    reference: Option<String>,
}

fn respond(answer: Result<Result<Reply, Refusal>, StateError>) -> Response {
    match answer {
        Ok(said) => said.unwrap_or_else(Refusal::reply).response(),
        Err(error) => state_error(&error),
    }
}

fn inquire(
    sandbox: &Sandbox,
    headers: &HeaderMap,
    body: &[u8],
    version: &str,
) -> Result<Result<Reply, Refusal>, StateError> {
    let asked = account(&sandbox.inner.config, headers)
        .and_then(|account| reference(body, version).map(|reference| (&account.client_code, reference)));
    let (client_code, reference) = match asked {
        Ok(asked) => asked,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some(payment) = sandbox.read(|state| state.payment(Psp::StcPay, &reference))? else {
        return Ok(Err(Refusal::NO_PAYMENT));
    };
    let amount = money::print_major(payment.captured_minor, money::exponent(SAR).unwrap_or(2));
    let row = format!(
        r#"{{"MerchantID":"{client_code}","RefNum":"{reference}","STCPayRefNum":"{reference}","Amount":{amount},"PaymentStatus":2,"PaymentStatusDesc":"Paid"}}"#
    );
    let body = format!(r#"{{"PaymentInquiry{version}ResponseMessage":{{"TransactionList":[{row}]}}}}"#);
    Ok(Ok(Reply::new(StatusCode::OK, body)))
}

fn reference(body: &[u8], version: &str) -> Result<String, Refusal> {
    let mut wrapped: Value = read(body)?;
    let wrapper = format!("PaymentInquiry{version}RequestMessage");
    let message = wrapped.get_mut(&wrapper).ok_or(Refusal::BAD_FORMAT)?.take();
    let message: Message = serde_json::from_value(message).map_err(|_| Refusal::BAD_FORMAT)?;
    message.reference.filter(|reference| !reference.is_empty()).ok_or(Refusal::NO_REFERENCE)
}
