//! What PortOne's face answers when it refuses: the one table of codes.
//!
//! Codes and names: <https://docs.portone.cloud/docs/error-codes>. Which of them a refund gets for what is not
//! documented; the assignment is this project's, as are the texts where no sample shows one. Where the samples and
//! the table disagree (4001 is `INVALID_REQUEST` on the wire, `INVALID_REQUEST_DATA` in the table), the wire wins.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use redress_core::policy::Refusal;
use redress_engine::error::EngineError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Problem, retry_later};

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PortoneError {
    /// No client key (sample: `post_api-refund-portone-order-ref`).
    #[error("key is a required field")]
    KeyMissing,
    /// A client key that is nobody's, or not the caller's (sample: the webhook API).
    #[error("invalid auth key")]
    KeyInvalid,
    /// No proof, a wrong one, or one that is over (sample: `generate-signature`).
    #[error("The JWT Token or header is invalid or expired!")]
    TokenInvalid,
    /// A wrong secret where a token is asked for.
    #[error("invalid portone secret")]
    SecretInvalid,
    /// A key that is nobody's where a token is asked for (sample: `auth-token`).
    #[error("Merchant not found for this key : {0}")]
    MerchantNotFound(String),
    /// A field is not there (sample: `auth-token`).
    #[error("Invalid Request, err : {0} is a required field")]
    FieldMissing(&'static str),
    /// Anything else that is wrong with the request itself.
    #[error("Invalid Request, err : {0}")]
    Invalid(Cow<'static, str>),
    /// No such payment of this merchant (sample: `transaction-details`).
    #[error("Transaction record with given reference not found")]
    NoTransaction,
    /// The refund may not be made.
    #[error("{0}")]
    Refused(Refusal),
    /// A number with more digits than any sum has.
    #[error("the amount has too many digits")]
    AmountTooLong,
    /// The refund failed, as when the PSP refused it; it stays listed as failed.
    #[error("The refund failed at the payment provider: {0}")]
    Failed(String),
    /// The refund failed because the PSP does not know the payment; it stays listed as failed.
    #[error("The payment provider does not know the transaction: {0}")]
    NotOnPsp(String),
    /// No such endpoint.
    #[error("no such endpoint")]
    NoRoute,
    /// No such method here.
    #[error("method not allowed")]
    NoMethod,
    /// Come back in a moment.
    #[error("The service is busy, please repeat the request")]
    Busy,
    /// Nobody knows whether it was done: a repeat may be done besides.
    #[error("It is not known whether this was done, please look before you repeat the request")]
    InDoubt,
    /// The key has used up what it may ask for.
    #[error("Too many requests, please repeat the request later")]
    TooMany,
    /// A fault of this server.
    #[error("Refund could not be processed, please contact the operator")]
    Broken,
}

const INVALID_REQUEST: (&str, &str) = ("4001", "INVALID_REQUEST");
const KEY_ERROR: (&str, &str) = ("4010", "INVALID_UNAUTHORISED_TRANSACTION_IAMPORTKEY_ERROR");
const SYSTEM_ERROR: (&str, &str) = ("4029", "REFUND_SYSTEM_ERROR");
const INVALID_AMOUNT: (&str, &str) = ("4041", "INVALID_AMOUNT");
const NOT_ALLOWED: (&str, &str) = ("4070", "INVALID_PAYMENT_REQUEST_REFUND_NOT_ALLOWED");

impl PortoneError {
    /// The error for something wrong with the request itself.
    pub(crate) fn invalid(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid(text.into())
    }

    /// The table: HTTP status, `status_code`, `status_reason`.
    fn entry(&self) -> (StatusCode, (&'static str, &'static str)) {
        use StatusCode as Http;
        match self {
            Self::KeyMissing | Self::KeyInvalid => (Http::UNAUTHORIZED, KEY_ERROR),
            Self::TokenInvalid => (Http::UNAUTHORIZED, ("4054", "INVALID_UNAUTHORIZED_JWT_TOKEN_ERROR")),
            Self::SecretInvalid => {
                (Http::UNAUTHORIZED, ("4099", "INVALID_UNAUTHORISED_PORTONE_SECRET_ERROR"))
            }
            Self::MerchantNotFound(_) => (Http::BAD_REQUEST, ("4016", "MERCHANT_NOT_FOUND")),
            Self::FieldMissing(_) | Self::Invalid(_) => (Http::BAD_REQUEST, INVALID_REQUEST),
            Self::NoTransaction => (Http::BAD_REQUEST, ("4096", "INVALID_REFERENCE")),
            Self::Refused(refusal) => (Http::BAD_REQUEST, of_refusal(refusal)),
            Self::AmountTooLong => (Http::BAD_REQUEST, INVALID_AMOUNT),
            Self::Failed(_) => (Http::BAD_REQUEST, ("4080", "PAYMENT_SERVICE_PROVIDER_ERROR")),
            Self::NotOnPsp(_) => (Http::BAD_REQUEST, ("4003", "TRANSACTION_NOT_EXIST_ON_PSP")),
            Self::NoRoute => (Http::NOT_FOUND, INVALID_REQUEST),
            Self::NoMethod => (Http::METHOD_NOT_ALLOWED, INVALID_REQUEST),
            Self::Busy | Self::InDoubt => (Http::SERVICE_UNAVAILABLE, SYSTEM_ERROR),
            Self::TooMany => (Http::TOO_MANY_REQUESTS, SYSTEM_ERROR),
            Self::Broken => (Http::INTERNAL_SERVER_ERROR, SYSTEM_ERROR),
        }
    }
}

fn of_refusal(refusal: &Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::WrongEnvironment => ("4034", "INVALID_ENVIRONMENT"),
        Refusal::WrongChannel => ("4046", "INVALID_PAYMENT_CHANNEL_KEY"),
        Refusal::NotRefundable
        | Refusal::Disputed
        | Refusal::WindowClosed
        | Refusal::NothingLeft
        | Refusal::SeveralNotAllowed => NOT_ALLOWED,
        Refusal::PartialNotAllowed => ("4081", "PARTIAL_REFUND_NOT_ALLOWED"),
        Refusal::WrongCurrency { .. }
        | Refusal::RefundableChanged { .. }
        | Refusal::NotPositive
        | Refusal::TooPrecise { .. }
        | Refusal::MoreThanLeft { .. }
        | Refusal::LessThanMin { .. }
        | Refusal::MoreThanMax { .. }
        | Refusal::NotAMultiple { .. } => INVALID_AMOUNT,
    }
}

/// The problems that all faces share, in this face's words. A body over the limit is an invalid request like any
/// other: only 200, 400 and 401 are documented.
pub(crate) fn of_problem(problem: Problem) -> PortoneError {
    match problem {
        Problem::NoRoute => PortoneError::NoRoute,
        Problem::NoMethod => PortoneError::NoMethod,
        Problem::BodyTooLarge => PortoneError::invalid("the body is too large"),
        Problem::BodyBroken => PortoneError::invalid("the body could not be read"),
        Problem::Busy => PortoneError::Busy,
        Problem::InDoubt => PortoneError::InDoubt,
        Problem::TooMany => PortoneError::TooMany,
        Problem::Broken => PortoneError::Broken,
    }
}

impl From<EngineError> for PortoneError {
    fn from(error: EngineError) -> Self {
        of_problem(error.into())
    }
}

/// Why a request is refused.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct Wire<'a> {
    /// For the caller's developer.
    #[schema(value_type = String, example = "Transaction record with given reference not found")]
    message: &'a str,
    /// For programs. The codes are PortOne's; which of them answers what is a choice of this server.
    #[schema(value_type = String, example = "4096", pattern = "^4[0-9]{3}$")]
    status_code: &'a str,
    /// The code's name.
    #[schema(value_type = String, example = "INVALID_REFERENCE")]
    status_reason: &'a str,
}

impl IntoResponse for PortoneError {
    fn into_response(self) -> Response {
        let (status, (status_code, status_reason)) = self.entry();
        let message = self.to_string();
        let wire = Wire { message: &message, status_code, status_reason };
        let response = (status, axum::Json(wire)).into_response();
        if self == Self::Busy { retry_later(response) } else { response }
    }
}
