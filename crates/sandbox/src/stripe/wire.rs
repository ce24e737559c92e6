//! Stripe's JSON.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::{Detail, text, units};
use crate::reply::Reply;
use crate::state::{Refund, Stage, StateError};

/// An error of Stripe's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
}

/// What Stripe says with an HTTP 500.
pub(crate) const ERROR_500: &str = r#"{"error":{"message":"An unknown error occurred","type":"api_error"}}"#;

impl Refusal {
    /// A request that cannot be accepted.
    pub(crate) fn invalid(code: Option<&'static str>, param: &str, message: impl Into<String>) -> Refusal {
        Refusal {
            status: StatusCode::BAD_REQUEST,
            kind: "invalid_request_error",
            code,
            param: (!param.is_empty()).then(|| param.to_owned()),
            message: message.into(),
        }
    }

    /// There is no such thing.
    pub(crate) fn missing(what: &str, id: &str, param: &str) -> Refusal {
        let message = format!("No such {what}: '{id}'");
        Refusal::invalid(Some("resource_missing"), param, message).at(StatusCode::NOT_FOUND)
    }

    /// The same with another HTTP status.
    pub(crate) fn at(self, status: StatusCode) -> Refusal {
        Refusal { status, ..self }
    }

    pub(crate) fn no_key() -> Refusal {
        let message =
            "You did not provide an API key. Provide it in the Authorization header, using Bearer auth.";
        Refusal::invalid(None, "", message).at(StatusCode::UNAUTHORIZED)
    }

    /// Shows the key's beginning and end only, as Stripe does.
    pub(crate) fn wrong_key(key: &str) -> Refusal {
        let (start, end): (String, String) = (
            key.chars().take(8).collect(),
            key.chars().skip(key.chars().count().saturating_sub(4)).collect(),
        );
        let message = format!("Invalid API Key provided: {start}****{end}");
        Refusal::invalid(None, "", message).at(StatusCode::UNAUTHORIZED)
    }

    pub(crate) fn key_in_use() -> Refusal {
        let message = "There is currently another in-progress request using this Idempotent Key.";
        let refusal = Refusal::invalid(Some("idempotency_key_in_use"), "", message);
        Refusal { status: StatusCode::CONFLICT, kind: "idempotency_error", ..refusal }
    }

    pub(crate) fn other_parameters(key: &str) -> Refusal {
        let message = format!(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using \
             a key other than '{key}' if you meant to execute a different request."
        );
        Refusal { kind: "idempotency_error", ..Refusal::invalid(None, "", message) }
    }

    pub(crate) fn body(&self) -> String {
        let mut error = json!({ "message": self.message, "type": self.kind });
        if let Some(code) = self.code {
            error["code"] = code.into();
            let page = code.replace('_', "-");
            error["doc_url"] = format!("https://stripe.com/docs/error-codes/{page}").into();
        }
        if let Some(param) = &self.param {
            error["param"] = param.as_str().into();
        }
        json!({ "error": error }).to_string()
    }

    pub(crate) fn reply(&self) -> Reply {
        Reply::new(self.status, self.body())
    }
}

#[derive(Debug, Serialize)]
struct CardDetails<'a> {
    reference: &'a str,
    reference_status: &'static str,
    reference_type: &'static str,
    r#type: &'static str,
}

#[derive(Debug, Serialize)]
struct DestinationDetails<'a> {
    card: CardDetails<'a>,
    r#type: &'static str,
}

/// The refund object, in an answer, a list or an event.
#[derive(Debug, Serialize)]
struct Object<'a> {
    id: &'a str,
    object: &'static str,
    amount: i64,
    balance_transaction: String,
    charge: String,
    created: i64,
    currency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_details: Option<DestinationDetails<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_balance_transaction: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<&'static str>,
    metadata: &'a std::collections::BTreeMap<String, String>,
    payment_intent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_reason: Option<&'static str>,
    reason: Option<&'a str>,
    receipt_number: Option<&'a str>,
    source_transfer_reversal: Option<&'a str>,
    status: &'static str,
    transfer_reversal: Option<&'a str>,
}

/// A refund as Stripe shows it at the stage it has, JSON.
pub(crate) fn show(refund: &Refund) -> Result<String, StateError> {
    let detail = Detail::of(refund)?;
    let (status, failure_reason, pending_reason) = match refund.stage {
        Stage::Coming | Stage::Pending if detail.waits_for_funds => {
            ("pending", None, Some("insufficient_funds"))
        }
        Stage::Coming | Stage::Pending => ("pending", None, Some("processing")),
        Stage::Succeeded => ("succeeded", None, None),
        Stage::Failed | Stage::Refused => ("failed", Some("lost_or_stolen_card"), None),
    };
    // 23 digits, as ARNs have.
    let reference = format!("2469216{:016}", refund.seq);
    let card = CardDetails {
        reference: &reference,
        reference_status: "available",
        reference_type: "acquirer_reference_number",
        r#type: "refund",
    };
    let rest = refund.payment.get(3..).unwrap_or_default();
    let is_intent = refund.payment.starts_with("pi_");
    let number = refund.refund.trim_start_matches("re_");
    text(&Object {
        id: &refund.refund,
        object: "refund",
        amount: units::of_minor(refund.amount_minor, &refund.currency),
        balance_transaction: format!("txn_{number}"),
        charge: if is_intent { format!("ch_{rest}") } else { refund.payment.clone() },
        created: refund.created_ms.div_euclid(1_000),
        currency: refund.currency.to_ascii_lowercase(),
        destination_details: (refund.stage == Stage::Succeeded)
            .then_some(DestinationDetails { card, r#type: "card" }),
        failure_balance_transaction: failure_reason.map(|_| format!("txn_f{number}")),
        failure_reason,
        metadata: &detail.metadata,
        payment_intent: is_intent.then_some(refund.payment.as_str()),
        pending_reason,
        reason: detail.reason.as_deref(),
        receipt_number: None,
        source_transfer_reversal: None,
        status,
        transfer_reversal: None,
    })
}
