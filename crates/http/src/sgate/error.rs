//! SGate's errors: `{code, message, data}` (<https://docs.sgate.sa/en/payinApi/callMethod/callMethod.html>).
//!
//! Of the codes that page shows only `notAllowed`. The other codes, their messages and their statuses are those of the
//! public framework whose error shape SGate uses (<https://github.com/domain-js/main>, and `http-codes` in
//! <https://github.com/domain-js/boilerplate>); which of them means what is this program's choice, in one table below.
//! `data` begins with a text for the caller's developer, as in the documented sample, and is empty where a text would
//! tell more than the caller may know.

use std::borrow::Cow;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use redress_core::policy::Refusal;
use redress_engine::error::EngineError;
use redress_engine::signing::sgate::Refused;
use serde::Serialize;
use utoipa::ToSchema;

use crate::json_object::FieldProblem;
use crate::problem::{Problem, retry_later};

/// Why a request is not answered with what it asks for.
#[derive(Debug)]
pub(crate) enum SgateError {
    /// One of the five headers is missing, or there twice.
    NoAuth(&'static str),
    /// The signature proves nothing.
    BadAuth(Refused, Box<Echo>),
    /// There is no such thing, for this caller.
    NotFound,
    /// The order cannot be refunded so.
    Refused(Refusal),
    /// The merchant's id of a refund stands for another one.
    Duplicate,
    /// The request is not as it must be.
    Invalid(FieldProblem),
    /// Something that is not about refunds.
    Problem(Problem),
}

/// The six values that the server checked the signature against; the documented answer to a bad signature shows them,
/// so that a developer can compare. All of them come from the request; a secret is not among them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Echo {
    pub(super) uri: String,
    pub(super) key: String,
    pub(super) timestamp: Timestamp,
    pub(super) sign_method: String,
    pub(super) sign_version: String,
    #[schema(value_type = String)]
    pub(super) method: &'static str,
}

/// A number where the header had one, as in the documented sample, else what the header had.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Timestamp {
    Seconds(i64),
    Text(String),
}

/// Why a request is not answered with what it asks for.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct Body<'a> {
    /// For programs. SGate's documents show `notAllowed`; the others are a choice of this server.
    #[schema(value_type = String, example = "notAllowed")]
    code: &'static str,
    /// The code's meaning.
    #[schema(value_type = String, example = "No access")]
    message: &'static str,
    /// What is wrong this time; empty where a text would tell more than the caller may know.
    data: Vec<Detail<'a>>,
}

/// Something about an error.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Detail)]
enum Detail<'a> {
    /// For the caller's developer.
    Text(Cow<'a, str>),
    /// What the signature was checked against.
    Echo(&'a Echo),
    /// What is at fault.
    Field {
        /// The field of the body.
        #[schema(value_type = String, example = "amount")]
        field: &'static str,
    },
}

/// Everything that can be answered instead of what was asked for.
const NO_AUTH: Row = (StatusCode::UNAUTHORIZED, "noAuth", "Not authentication");
const NOT_ALLOWED: Row = (StatusCode::FORBIDDEN, "notAllowed", "No access");
const NOT_FOUND: Row = (StatusCode::NOT_FOUND, "notFound", "Resource not found");
const NO_METHOD: Row = (StatusCode::METHOD_NOT_ALLOWED, "notFound", "Resource not found");
const DUPLICATE: Row = (StatusCode::CONFLICT, "resourceDuplicateAdd", "Resource duplicate add");
const INVALID: Row =
    (StatusCode::UNPROCESSABLE_ENTITY, "domainMethodCallArgsInvalid", "Domain method call args is invalid");
const TOO_LARGE: Row =
    (StatusCode::PAYLOAD_TOO_LARGE, "domainMethodCallArgsInvalid", "Domain method call args is invalid");
const BUSY: Row = (StatusCode::SERVICE_UNAVAILABLE, "serviceBusy", "Service is busy, try again");
const IN_DOUBT: Row = (StatusCode::SERVICE_UNAVAILABLE, "serviceBusy", "Service is busy");
const TOO_MANY: Row = (StatusCode::TOO_MANY_REQUESTS, "serviceBusy", "Service is busy, try again");
const BROKEN: Row = (StatusCode::INTERNAL_SERVER_ERROR, "systemError", "System error");

type Row = (StatusCode, &'static str, &'static str);

impl SgateError {
    const fn row(&self) -> Row {
        match self {
            Self::NoAuth(_) => NO_AUTH,
            Self::BadAuth(..) => NOT_ALLOWED,
            Self::NotFound => NOT_FOUND,
            Self::Refused(refusal) => refusal_row(*refusal),
            Self::Duplicate => DUPLICATE,
            Self::Invalid(_) => INVALID,
            Self::Problem(problem) => match problem {
                Problem::NoRoute => NOT_FOUND,
                Problem::NoMethod => NO_METHOD,
                Problem::BodyTooLarge => TOO_LARGE,
                Problem::BodyBroken => INVALID,
                Problem::Busy => BUSY,
                Problem::InDoubt => IN_DOUBT,
                Problem::TooMany => TOO_MANY,
                Problem::Broken => BROKEN,
            },
        }
    }

    fn details(&self) -> Vec<Detail<'_>> {
        let text = |text: String| Detail::Text(text.into());
        match self {
            Self::NoAuth(header) => vec![text(format!("the header {header} is needed, once"))],
            Self::BadAuth(why, echo) => vec![text(why.to_string()), Detail::Echo(echo)],
            Self::Refused(Refusal::WrongEnvironment) => Vec::new(),
            Self::Refused(refusal) => {
                let mut details = vec![text(refusal.to_string())];
                if matches!(refusal, Refusal::NotPositive | Refusal::TooPrecise { .. }) {
                    details.push(Detail::Field { field: "amount" });
                }
                details
            }
            Self::Duplicate => vec![
                Detail::Text("this merchantRefundId stands for another order or amount".into()),
                Detail::Field { field: "merchantRefundId" },
            ],
            Self::Invalid(problem) => {
                let field = problem.field.map(|field| Detail::Field { field });
                std::iter::once(Detail::Text(Cow::Borrowed(problem.text.as_ref()))).chain(field).collect()
            }
            Self::Problem(Problem::BodyTooLarge) => vec![Detail::Text("the body is too long".into())],
            Self::Problem(Problem::BodyBroken) => vec![Detail::Text("the body broke off".into())],
            Self::Problem(Problem::InDoubt) => vec![Detail::Text(
                "it is not known whether this was done: repeat it with the same merchantRefundId, and without one look first".into(),
            )],
            Self::NotFound | Self::Problem(_) => Vec::new(),
        }
    }
}

/// An order of the other environment does not exist for this caller; an amount that no order of this currency could
/// take is a wrong argument; the rest depends on how the order stands.
const fn refusal_row(refusal: Refusal) -> Row {
    match refusal {
        Refusal::WrongEnvironment => NOT_FOUND,
        Refusal::NotPositive | Refusal::TooPrecise { .. } => INVALID,
        Refusal::WrongChannel
        | Refusal::WrongCurrency { .. }
        | Refusal::Disputed
        | Refusal::RefundableChanged { .. }
        | Refusal::NotRefundable
        | Refusal::WindowClosed
        | Refusal::NothingLeft
        | Refusal::SeveralNotAllowed
        | Refusal::PartialNotAllowed
        | Refusal::MoreThanLeft { .. }
        | Refusal::LessThanMin { .. }
        | Refusal::MoreThanMax { .. }
        | Refusal::NotAMultiple { .. } => NOT_ALLOWED,
    }
}

/// A shared problem in SGate's shape.
pub(crate) fn of_problem(problem: Problem) -> Response {
    SgateError::Problem(problem).into_response()
}

impl IntoResponse for SgateError {
    fn into_response(self) -> Response {
        let (status, code, message) = self.row();
        let response = (status, Json(Body { code, message, data: self.details() })).into_response();
        if matches!(self, Self::Problem(Problem::Busy)) { retry_later(response) } else { response }
    }
}

impl From<EngineError> for SgateError {
    fn from(error: EngineError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<Problem> for SgateError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<FieldProblem> for SgateError {
    fn from(problem: FieldProblem) -> Self {
        Self::Invalid(problem)
    }
}
