//! Adyen's JSON.

use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::unreadable;
use crate::reply::Reply;
use crate::state::StateError;

/// The header that makes repeated requests one.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The header that says that nothing was done and the same may come again.
pub(crate) const TRANSIENT_ERROR: &str = "transient-error";
/// Longest key, in characters.
const KEY_CHARS_MAX: usize = 64;

/// What Adyen says with an HTTP 500.
pub(crate) const ERROR_500: &str =
    r#"{"status":500,"errorCode":"903","message":"Internal error","errorType":"internal"}"#;

/// An error of Adyen's: `ServiceError`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    kind: &'static str,
    transient: bool,
}

impl Refusal {
    pub(crate) const UNAUTHORIZED: Refusal = Refusal {
        status: StatusCode::UNAUTHORIZED,
        code: "000",
        message: "HTTP Status Response - Unauthorized",
        kind: "security",
        transient: false,
    };
    pub(crate) const NO_MERCHANT_ACCOUNT: Refusal = Refusal {
        status: StatusCode::FORBIDDEN,
        code: "901",
        message: "Invalid Merchant Account",
        kind: "security",
        transient: false,
    };
    pub(crate) const BAD_JSON: Refusal = Refusal {
        status: StatusCode::BAD_REQUEST,
        code: "702",
        message: "Unexpected input",
        kind: "validation",
        transient: false,
    };
    pub(crate) const NO_AMOUNT: Refusal = unprocessable("100", "Required object 'amount' is not provided.");
    pub(crate) const LONG_REFERENCE: Refusal = unprocessable("702", "Field 'reference' is too long");
    pub(crate) const LONG_KEY: Refusal = unprocessable("702", "The idempotency key is too long");
    pub(crate) const BAD_AMOUNT: Refusal = unprocessable("137", "Invalid amount specified");
    pub(crate) const BAD_CURRENCY: Refusal = unprocessable("138", "Unsupported currency specified");
    pub(crate) const NO_PAYMENT: Refusal =
        unprocessable("167", "Original pspReference required for this operation");
    pub(crate) const KEY_OF_ANOTHER: Refusal =
        unprocessable("704", "request already processed or in progress");
    pub(crate) const RUNNING: Refusal = Refusal { transient: true, ..Refusal::KEY_OF_ANOTHER };

    pub(crate) fn reply(self) -> Reply {
        let Refusal { status, code, message, kind, transient } = self;
        let number = status.as_u16();
        let body = format!(
            r#"{{"status":{number},"errorCode":"{code}","message":"{message}","errorType":"{kind}"}}"#
        );
        let reply = Reply::new(status, body);
        if transient { reply.header(TRANSIENT_ERROR, "true") } else { reply }
    }

    /// With the request's key, where the description has it: with 422.
    pub(crate) fn reply_to(self, headers: &HeaderMap) -> Reply {
        match idempotency_key(headers) {
            Ok(Some(key)) if self.status == StatusCode::UNPROCESSABLE_ENTITY => {
                self.reply().header(IDEMPOTENCY_KEY, key)
            }
            _ => self.reply(),
        }
    }
}

const fn unprocessable(code: &'static str, message: &'static str) -> Refusal {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    Refusal { status, code, message, kind: "validation", transient: false }
}

/// The key that the request carries, if it carries one.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(given) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let text = given.to_str().map_err(|_| Refusal::LONG_KEY)?;
    if text.chars().count() > KEY_CHARS_MAX {
        return Err(Refusal::LONG_KEY);
    }
    Ok(Some(text.to_owned()).filter(|key| !key.is_empty()))
}

/// A sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Amount {
    pub(crate) currency: String,
    pub(crate) value: i64,
}

/// `PaymentRefundRequest`: the fields that are described, and no other. What is in the composed ones is not looked at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RefundRequest {
    pub(crate) merchant_account: Option<String>,
    pub(crate) amount: Option<Amount>,
    pub(crate) reference: Option<String>,
    pub(crate) merchant_refund_reason: Option<Reason>,
    pub(crate) store: Option<String>,
    #[serde(rename = "applicationInfo")]
    _application_info: Option<serde::de::IgnoredAny>,
    #[serde(rename = "capturePspReference")]
    _capture_psp_reference: Option<String>,
    #[serde(rename = "enhancedSchemeData")]
    _enhanced_scheme_data: Option<serde::de::IgnoredAny>,
    #[serde(rename = "lineItems")]
    _line_items: Option<Vec<serde::de::IgnoredAny>>,
    #[serde(rename = "splits")]
    _splits: Option<Vec<serde::de::IgnoredAny>>,
}

/// Why the merchant refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reason {
    #[serde(rename = "FRAUD")]
    Fraud,
    #[serde(rename = "CUSTOMER REQUEST")]
    CustomerRequest,
    #[serde(rename = "RETURN")]
    Return,
    #[serde(rename = "DUPLICATE")]
    Duplicate,
    #[serde(rename = "OTHER")]
    Other,
}

/// `PaymentRefundResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefundResponse<'a> {
    pub(crate) merchant_account: &'a str,
    pub(crate) payment_psp_reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<&'a str>,
    pub(crate) psp_reference: &'a str,
    pub(crate) status: &'static str,
    pub(crate) amount: &'a Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) merchant_refund_reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) store: Option<&'a str>,
}

impl RefundResponse<'_> {
    pub(crate) fn body(&self) -> Result<String, StateError> {
        serde_json::to_string(self).map_err(|error| unreadable(&error))
    }
}
