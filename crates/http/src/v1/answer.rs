//! An answer as JSON, for what is read all the time.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::code::Code;
use super::error::OwnError;

/// Room for a refund or a payment, in bytes; a longer text gets more.
const ROOM_BYTES: usize = 1_024;

/// What is answered, as JSON with 200. Unlike axum's own it gets the room for its text at once.
pub(crate) struct Answer<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut text = Vec::with_capacity(ROOM_BYTES);
        if let Err(error) = serde_json::to_writer(&mut text, &self.0) {
            tracing::error!(%error, "an answer cannot be written");
            return OwnError::new(Code::Internal, "").into_response();
        }
        let mut response = Response::new(Body::from(text));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::Json;
    use axum::http::StatusCode;
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn an_answer_is_what_axum_would_answer() {
        for length in [0, 10, 3 * ROOM_BYTES] {
            let told = BTreeMap::from([("text", "\"é\n".repeat(length))]);
            let (own, axums) = (Answer(told.clone()).into_response(), Json(told).into_response());
            assert_eq!((own.status(), own.headers()), (axums.status(), axums.headers()));
            let (own, axums) = (own.into_body().collect().await, axums.into_body().collect().await);
            assert_eq!(own.unwrap().to_bytes(), axums.unwrap().to_bytes());
        }
    }

    #[test]
    fn what_cannot_be_written_is_a_problem_and_no_half_answer() {
        let told = BTreeMap::from([((1, 2), "keys are texts")]);
        let response = Answer(told).into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    }
}
