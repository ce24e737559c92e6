//! The problems that all faces share. What answers with one need not know which face it is asked by: the layer around
//! everything tells it in that face's shape.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use redress_engine::error::EngineError;

use crate::limits::RETRY_AFTER_SECONDS;

/// A problem that is not about refunds: every face has a shape for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// No endpoint has this path.
    NoRoute,
    /// The path is there, with other methods.
    NoMethod,
    /// The body is longer than [`crate::limits::BODY_BYTES_MAX`].
    BodyTooLarge,
    /// The body broke off.
    BodyBroken,
    /// The caller should come back in a moment.
    Busy,
    /// The caller should look whether it was done before the request is repeated without a key by which a repeat is known.
    InDoubt,
    /// The caller's key has used up what it may ask for.
    TooMany,
    /// A defect or damage here.
    Broken,
}

/// Bears the problem and says nothing yet.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response.extensions_mut().insert(self);
        response
    }
}

/// Tells a caller who need only wait when to come back.
pub(crate) fn retry_later(mut response: Response) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    response
}

/// Logs what went wrong inside, once, in the request's span, and keeps only what a caller may know.
impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Busy(reason) => {
                tracing::warn!(reason, "a request was answered busy");
                Self::Busy
            }
            EngineError::InDoubt(reason) => {
                tracing::warn!(reason, "nobody knows whether a request was done");
                Self::InDoubt
            }
            EngineError::Broken(reason) => {
                tracing::error!(reason, "a request could not be answered");
                Self::Broken
            }
        }
    }
}
