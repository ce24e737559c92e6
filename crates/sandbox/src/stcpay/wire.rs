//! stc pay's JSON.

use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::reply::Reply;

/// How stc pay says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    /// Its code and its text; nothing where the body is empty.
    said: Option<(u16, &'static str)>,
}

impl Refusal {
    /// Merchant or certificate are wrong.
    pub(crate) const NOT_LET_IN: Refusal = Refusal { status: StatusCode::FORBIDDEN, said: None };
    pub(crate) const BAD_FORMAT: Refusal = wrong(2001, "Invalid request format");
    pub(crate) const NO_PAYMENT: Refusal = wrong(2006, "No such payment");
    pub(crate) const NO_REFERENCE: Refusal = wrong(2010, "RefNum or payment date is required");
    pub(crate) const NO_MERCHANT: Refusal = wrong(2033, "MerchantId is required");
    pub(crate) const BAD_AMOUNT: Refusal = wrong(2036, "Invalid amount");
    /// More than what is left of the payment, or what else the business forbids.
    pub(crate) const FORBIDDEN: Refusal =
        Refusal { status: StatusCode::OK, said: Some((2003, "Generic business validation")) };

    pub(crate) fn reply(self) -> Reply {
        let body = self.said.map_or_else(String::new, |(code, text)| error(code, text));
        Reply::new(self.status, body)
    }
}

const fn wrong(code: u16, text: &'static str) -> Refusal {
    Refusal { status: StatusCode::FORBIDDEN, said: Some((code, text)) }
}

fn error(code: u16, text: &str) -> String {
    format!(r#"{{"Code":{code},"Text":"{text}","Type":0}}"#)
}

/// What stc pay says with an HTTP 500.
pub(crate) const ERROR_500: &str = r#"{"Code":2000,"Text":"An error occurred","Type":0}"#;

/// Reads a body.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::BAD_FORMAT)
}
