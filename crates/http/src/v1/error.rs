//! The errors of Redress's own API: `{"error": {"code", "message", "field"?}}`. `code` is for programs and stable,
//! `message` is for people, `field` is there where one field of the request is wrong.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use redress_engine::error::EngineError;
use serde::Serialize;

use crate::face::{Problem, retry_later};
use crate::json_object::FieldProblem;

/// Why a request is not answered with what it asks for.
#[derive(Debug)]
pub(crate) enum OwnError {
    /// No API key, or not a good one.
    Unauthorized,
    /// The request is not as it must be.
    Invalid(FieldProblem),
    /// It contradicts what is there.
    Conflict { field: &'static str, text: String },
    /// Something that all faces share.
    Problem(Problem),
}

#[derive(Serialize)]
struct Body<'a> {
    error: Told<'a>,
}

#[derive(Serialize)]
struct Told<'a> {
    code: &'static str,
    message: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
}

impl OwnError {
    fn told(&self) -> Response {
        let (status, code, message, field) = match self {
            Self::Unauthorized => {
                (StatusCode::UNAUTHORIZED, "unauthorized", "an API key is needed as bearer token", None)
            }
            Self::Invalid(FieldProblem { field: None, text }) => {
                (StatusCode::BAD_REQUEST, "malformed", text.as_ref(), None)
            }
            Self::Invalid(FieldProblem { field, text }) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid", text.as_ref(), *field)
            }
            Self::Conflict { field, text } => (StatusCode::CONFLICT, "conflict", text.as_str(), Some(*field)),
            Self::Problem(problem) => {
                let (code, message) = match problem {
                    Problem::NoRoute => ("not_found", "there is nothing at this address"),
                    Problem::NoMethod => ("method_not_allowed", "this address takes other methods"),
                    Problem::BodyTooLarge => ("body_too_large", "the body is too long"),
                    Problem::BodyBroken => ("malformed", "the body broke off"),
                    Problem::Busy => ("busy", "come back in a moment; the same request is safe"),
                    Problem::Broken => ("internal", "something is wrong here; the operator can see it"),
                };
                (problem.status(), code, message, None)
            }
        };
        (status, Json(Body { error: Told { code, message: message.into(), field } })).into_response()
    }
}

/// A shared problem in this shape.
pub(crate) fn of_problem(problem: Problem) -> Response {
    OwnError::Problem(problem).into_response()
}

impl IntoResponse for OwnError {
    fn into_response(self) -> Response {
        let mut response = self.told();
        match self {
            Self::Unauthorized => {
                let bearer = HeaderValue::from_static("Bearer");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
                response
            }
            Self::Problem(Problem::Busy) => retry_later(response),
            _ => response,
        }
    }
}

impl From<EngineError> for OwnError {
    fn from(error: EngineError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<FieldProblem> for OwnError {
    fn from(problem: FieldProblem) -> Self {
        Self::Invalid(problem)
    }
}
