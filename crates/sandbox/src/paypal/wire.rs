//! PayPal's JSON: errors and refunds.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Detail;
use crate::money;
use crate::reply::Reply;
use crate::state::{Refund, Stage, StateError};

/// What PayPal's addresses begin with in what it says.
const API: &str = "https://api-m.sandbox.paypal.com";
/// What PayPal says with an HTTP 500.
pub(crate) const ERROR_500: &str =
    r#"{"name":"INTERNAL_SERVER_ERROR","message":"An internal server error occurred.","debug_id":"0"}"#;

/// An issue, and what PayPal says to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Issue {
    pub(crate) name: &'static str,
    description: &'static str,
}

impl Issue {
    pub(crate) const FULLY_REFUNDED: Issue =
        Issue { name: "CAPTURE_FULLY_REFUNDED", description: "The capture has already been fully refunded" };
    pub(crate) const AMOUNT_EXCEEDED: Issue = Issue {
        name: "REFUND_AMOUNT_EXCEEDED",
        description: "The refund amount must be less than or equal to the capture amount that has not yet been \
                      refunded.",
    };
    pub(crate) const NOT_ALLOWED: Issue =
        Issue { name: "REFUND_NOT_ALLOWED", description: "Capture cannot be refunded." };
    pub(crate) const NO_FUNDS: Issue = Issue {
        name: "REFUND_FAILED_INSUFFICIENT_FUNDS",
        description: "Capture could not be refunded due to insufficient funds. Please check to see if you have \
                      sufficient funds in your PayPal account or if the bank account linked to your PayPal account \
                      is verified and has sufficient funds.",
    };
    pub(crate) const OTHER_CURRENCY: Issue = Issue {
        name: "REFUND_CAPTURE_CURRENCY_MISMATCH",
        description: "Refund must be in the same currency as the capture",
    };
    pub(crate) const NOT_POSITIVE: Issue = Issue {
        name: "CANNOT_BE_ZERO_OR_NEGATIVE",
        description: "Must be greater than zero. If the currency supports decimals, only two decimal place precision \
                      is supported.",
    };
    pub(crate) const PRECISION: Issue = Issue {
        name: "DECIMAL_PRECISION",
        description: "If the currency supports decimals, only two decimal place precision is supported.",
    };
    pub(crate) const NO_DECIMALS: Issue =
        Issue { name: "DECIMALS_NOT_SUPPORTED", description: "Currency does not support decimals." };
    pub(crate) const BAD_CURRENCY: Issue = Issue {
        name: "INVALID_CURRENCY_CODE",
        description: "Currency code is invalid or is not currently supported.",
    };

    /// The issues of a 422.
    const OF_422: [Issue; 9] = [
        Issue::FULLY_REFUNDED,
        Issue::AMOUNT_EXCEEDED,
        Issue::NOT_ALLOWED,
        Issue::NO_FUNDS,
        Issue::OTHER_CURRENCY,
        Issue::NOT_POSITIVE,
        Issue::PRECISION,
        Issue::NO_DECIMALS,
        Issue::BAD_CURRENCY,
    ];

    const fn of_400(name: &'static str, description: &'static str) -> Issue {
        Issue { name, description }
    }

    /// The issue of a 422 by its name.
    pub(crate) fn named(name: &str) -> Option<Issue> {
        Issue::OF_422.into_iter().find(|issue| issue.name == name)
    }

    /// Refuses with 422.
    pub(crate) fn refusal(self) -> Refusal {
        Refusal { issue: Some(self), ..Refusal::UNPROCESSABLE }
    }
}

/// An error of PayPal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    name: &'static str,
    message: &'static str,
    pub(crate) issue: Option<Issue>,
    /// A JSON pointer into the body.
    field: Option<&'static str>,
}

impl Refusal {
    pub(crate) const UNAUTHORIZED: Refusal = Refusal::new(
        StatusCode::UNAUTHORIZED,
        "AUTHENTICATION_FAILURE",
        "Authentication failed due to missing authorization header, or invalid authentication credentials.",
        None,
    );
    pub(crate) const NOT_FOUND: Refusal = Refusal::new(
        StatusCode::NOT_FOUND,
        "RESOURCE_NOT_FOUND",
        "The specified resource does not exist.",
        Some(Issue {
            name: "INVALID_RESOURCE_ID",
            description: "Specified resource ID does not exist. Please check the resource ID and try again.",
        }),
    );
    pub(crate) const IN_PROGRESS: Refusal = Refusal::new(
        StatusCode::CONFLICT,
        "RESOURCE_CONFLICT",
        "The server has detected a conflict while processing this request.",
        Some(Issue {
            name: "PREVIOUS_REQUEST_IN_PROGRESS",
            description: "A previous request on this resource is currently in progress. Please wait for sometime and \
                          try again. It is best to space out the initial and the subsequent request(s) to avoid \
                          receiving this error.",
        }),
    );
    pub(crate) const MEDIA_TYPE: Refusal = Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        "The server does not support the request payload's media type.",
        None,
    );
    const UNPROCESSABLE: Refusal = Refusal::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "UNPROCESSABLE_ENTITY",
        "The requested action could not be performed, semantically incorrect, or failed business validation.",
        None,
    );

    const fn new(
        status: StatusCode,
        name: &'static str,
        message: &'static str,
        issue: Option<Issue>,
    ) -> Refusal {
        Refusal { status, name, message, issue, field: None }
    }

    const fn bad(field: &'static str, issue: Issue) -> Refusal {
        let message = "Request is not well-formed, syntactically incorrect, or violates schema.";
        let refusal = Refusal::new(StatusCode::BAD_REQUEST, "INVALID_REQUEST", message, Some(issue));
        Refusal { field: Some(field), ..refusal }
    }

    pub(crate) const fn missing(field: &'static str) -> Refusal {
        let text = "A required field or parameter is missing.";
        Refusal::bad(field, Issue::of_400("MISSING_REQUIRED_PARAMETER", text))
    }

    pub(crate) const fn syntax(field: &'static str) -> Refusal {
        let text = "The value of a field does not conform to the expected format.";
        Refusal::bad(field, Issue::of_400("INVALID_PARAMETER_SYNTAX", text))
    }

    pub(crate) const fn length(field: &'static str) -> Refusal {
        let text = "The value of a field is either too short or too long.";
        Refusal::bad(field, Issue::of_400("INVALID_STRING_LENGTH", text))
    }

    pub(crate) fn reply(self, now_ms: i64) -> Reply {
        let mut body = json!({
            "name": self.name,
            "message": self.message,
            "debug_id": format!("{now_ms:x}"),
        });
        if let (Some(issue), Some(fields)) = (self.issue, body.as_object_mut()) {
            let mut detail = Map::new();
            if let Some(field) = self.field {
                detail.insert("field".to_owned(), Value::from(field));
                detail.insert("location".to_owned(), Value::from("body"));
            }
            detail.insert("issue".to_owned(), Value::from(issue.name));
            detail.insert("description".to_owned(), Value::from(issue.description));
            fields.insert("details".to_owned(), json!([detail]));
        }
        Reply::new(self.status, body.to_string())
    }
}

/// How many decimals PayPal takes of a currency; `None` where it does not take the currency.
pub(crate) fn decimals(currency: &str) -> Option<u32> {
    match currency {
        "HUF" | "JPY" | "TWD" => Some(0),
        "AUD" | "BRL" | "CAD" | "CHF" | "CNY" | "CZK" | "DKK" | "EUR" | "GBP" | "HKD" | "ILS" | "MXN"
        | "MYR" | "NOK" | "NZD" | "PHP" | "PLN" | "SEK" | "SGD" | "THB" | "USD" => Some(2),
        _ => None,
    }
}

/// A sum as PayPal writes it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Money {
    currency_code: String,
    pub(crate) value: String,
}

impl Money {
    fn of(minor: i64, currency: &str) -> Money {
        let exponent = money::exponent(currency).unwrap_or(2);
        let printed = money::print_major(minor, exponent);
        // Whole units only; what is left of a sum that was never whole keeps its decimals.
        let value = match printed.split_once('.') {
            Some((whole, fraction))
                if decimals(currency) == Some(0) && fraction.bytes().all(|b| b == b'0') =>
            {
                whole.to_owned()
            }
            _ => printed,
        };
        Money { currency_code: currency.to_owned(), value }
    }
}

#[derive(Debug, Serialize)]
struct Link {
    href: String,
    rel: &'static str,
    method: &'static str,
}

#[derive(Debug, Serialize)]
struct StatusDetails {
    reason: &'static str,
}

#[derive(Debug, Serialize)]
struct Breakdown {
    gross_amount: Money,
    paypal_fee: Money,
    net_amount: Money,
}

/// The refund in an answer or a notification.
#[derive(Debug, Serialize)]
struct Object<'a> {
    id: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_details: Option<StatusDetails>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    rest: Option<Rest>,
    links: [Link; 2],
}

/// What the minimal representation leaves out.
#[derive(Debug, Serialize)]
struct Rest {
    amount: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note_to_payer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acquirer_reference_number: Option<String>,
    seller_payable_breakdown: Breakdown,
    create_time: String,
}

/// Shows a refund at the stage it has, JSON.
pub(crate) fn show(refund: &Refund, whole: bool) -> Result<String, StateError> {
    let (status, reason) = match refund.stage {
        Stage::Coming | Stage::Pending => ("PENDING", Some("ECHECK")),
        Stage::Succeeded => ("COMPLETED", None),
        Stage::Failed | Stage::Refused => ("FAILED", None),
    };
    let link = |rel, path: &str, id: &str| Link { href: format!("{API}{path}{id}"), rel, method: "GET" };
    let object = Object {
        id: &refund.refund,
        status,
        status_details: reason.filter(|_| whole).map(|reason| StatusDetails { reason }),
        rest: if whole { Some(rest(refund)?) } else { None },
        links: [
            link("self", "/v2/payments/refunds/", &refund.refund),
            link("up", "/v2/payments/captures/", &refund.payment),
        ],
    };
    super::text(&object)
}

fn rest(refund: &Refund) -> Result<Rest, StateError> {
    let detail = Detail::of(refund)?;
    let amount = Money::of(refund.amount_minor, &refund.currency);
    let is_shown = |id: &String| id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.,".contains(&b));
    Ok(Rest {
        custom_id: detail.custom_id.filter(is_shown),
        invoice_id: detail.invoice_id,
        note_to_payer: detail.note_to_payer,
        acquirer_reference_number: (refund.stage == Stage::Succeeded)
            .then(|| format!("7453760{:016}", refund.seq)),
        seller_payable_breakdown: Breakdown {
            gross_amount: amount.clone(),
            paypal_fee: Money::of(0, &refund.currency),
            net_amount: amount.clone(),
        },
        amount,
        create_time: time(refund.created_ms),
    })
}

/// A moment as PayPal writes it (RFC 3339).
pub(crate) fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default().to_string()
}
