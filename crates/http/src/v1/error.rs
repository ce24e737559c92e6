//! The errors of Redress's own API: `application/problem+json` (RFC 9457). `code` is for programs and stable, `type` is
//! the address of the page about it on this server, `detail` is for the caller's developer, `field` is there where one
//! field of the request is at fault, and by `request_id` the operator finds the request in the log.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use redress_core::policy::Refusal;
use redress_core::right::Right;
use redress_engine::admin::AdminError;
use redress_engine::error::EngineError;
use serde::Serialize;
use utoipa::ToSchema;

use super::code::Code;
use crate::current;
use crate::json_object::FieldProblem;
use crate::problem::{Problem, retry_later};

/// Why a request is not answered with what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnError {
    code: Code,
    detail: Cow<'static, str>,
    field: Option<Cow<'static, str>>,
    in_doubt: bool,
}

/// What is wrong with a request (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Body<'a> {
    /// The page about this code, on this server.
    #[schema(value_type = String, example = "/docs/errors/more_than_left")]
    r#type: String,
    /// What is wrong, the same for each occurrence.
    #[schema(value_type = String, example = "The amount is more than is left")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// What is wrong, for programs: stable.
    #[schema(value_type = String, example = "more_than_left")]
    code: &'static str,
    /// What is wrong this time, for the developer.
    #[schema(value_type = String, example = "the amount is more than is left, which is 40.00 SAR")]
    detail: &'a str,
    /// The field of the request, or the header, that is at fault.
    #[schema(value_type = Option<String>, example = "amount")]
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// By this the operator finds the request in the log; the header `X-Request-Id` has it too.
    #[schema(value_type = String)]
    request_id: String,
}

/// The `detail` of a 503 after which nobody knows: "the same request is safe" would be wrong of one without a key.
const IN_DOUBT: &str = "nobody knows whether it was done: repeat it with the same Idempotency-Key, or, where it had none, look \
                        before you repeat it";

/// The media type of errors.
pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

impl OwnError {
    /// A problem with the table's code.
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), field: None, in_doubt: false }
    }

    /// A problem of one field of the request.
    pub(crate) fn of_field(code: Code, field: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..Self::new(code, detail) }
    }

    /// No API key, or not a good one.
    pub(crate) fn unauthorized() -> Self {
        Self::new(
            Code::Unauthorized,
            "a good API key is needed as bearer token: this one is missing, there twice, unknown or revoked",
        )
    }

    /// Nothing that the caller can see has this id; `what` is the kind of thing.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}"))
    }

    /// The key lacks a right.
    pub(crate) fn forbidden(right: Right) -> Self {
        Self::new(Code::Forbidden, format!("this takes an API key with the right {}", right.as_str()))
    }

    /// A refund may not be made.
    pub(crate) fn refused(refusal: &Refusal) -> Self {
        if *refusal == Refusal::WrongEnvironment {
            return Self::not_found("payment");
        }
        let (code, field) = (Code::of_refusal(refusal), Code::field_of_refusal(refusal));
        Self { field: field.map(Cow::Borrowed), ..Self::new(code, refusal.to_string()) }
    }

    /// Whether what was asked for may have been done.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.in_doubt
    }
}

/// A shared problem in this shape.
pub(crate) fn of_problem(problem: Problem) -> Response {
    OwnError::from(problem).into_response()
}

impl IntoResponse for OwnError {
    fn into_response(self) -> Response {
        let entry = self.code.entry();
        let status = StatusCode::from_u16(entry.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = Body {
            r#type: format!("/docs/errors/{}", entry.name),
            title: entry.title,
            status: entry.status,
            code: entry.name,
            detail: &self.detail,
            field: self.field.as_deref(),
            request_id: current::current_request_id(),
        };
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
        match self.code {
            Code::Unauthorized => {
                let bearer = HeaderValue::from_static("Bearer");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
                response
            }
            // The first request ends within the time that requests take.
            Code::Busy | Code::IdempotencyKeyInUse => retry_later(response),
            _ => response,
        }
    }
}

impl From<Problem> for OwnError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::NoRoute => Self::new(
                Code::NotFound,
                "there is nothing at this address: /docs/api has those that are there",
            ),
            Problem::NoMethod => Self::new(
                Code::MethodNotAllowed,
                "this address takes other methods: the header Allow names them",
            ),
            Problem::BodyTooLarge => Self::new(Code::BodyTooLarge, "the body is too long"),
            Problem::BodyBroken => Self::new(Code::Malformed, "the body broke off"),
            Problem::Busy => Self::new(Code::Busy, "come back in a moment; the same request is safe"),
            Problem::InDoubt => Self { in_doubt: true, ..Self::new(Code::Busy, IN_DOUBT) },
            Problem::TooMany => Self::new(Code::RateLimited, "the key has used up what it may ask for"),
            Problem::Broken => {
                Self::new(Code::Internal, "something is wrong here; the operator can see it in the log")
            }
        }
    }
}

impl From<EngineError> for OwnError {
    fn from(error: EngineError) -> Self {
        Problem::from(error).into()
    }
}

impl From<AdminError> for OwnError {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Engine(error) => error.into(),
            AdminError::Invalid { field, problem } => FieldProblem::of(field, problem).into(),
            AdminError::NotFound(what) => Self::not_found(what),
            AdminError::Conflict(fault) => Self::new(Code::Conflict, fault.to_string()),
        }
    }
}

impl From<FieldProblem> for OwnError {
    fn from(FieldProblem { field, unknown, repeated, text }: FieldProblem) -> Self {
        let code = if field.is_some() || unknown.is_some() { Code::Invalid } else { Code::Malformed };
        let named = unknown.or(repeated).filter(|name| !name.is_empty());
        let field = field.map(Cow::Borrowed).or(named.map(Cow::Owned));
        Self { field, ..Self::new(code, text) }
    }
}
