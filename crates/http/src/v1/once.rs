//! The header `Idempotency-Key` on requests that create no refund: a repeat is answered with the object as it is now and
//! `Idempotent-Replayed: true`. A handler takes part by reading [`Once`] and doing its work in [`Once::run`], which also brings
//! it to its end where the caller hangs up.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use redress_engine::engine::Engine;
use redress_engine::once::Begun;
use serde::Serialize;

use super::auth::KeyHolder;
use super::code::Code;
use super::error::OwnError;
use crate::idempotency_key::{self, IDEMPOTENT_REPLAYED};

/// The name of the header at fault, in answers.
const FIELD: &str = "Idempotency-Key";

/// What makes a request a repeat of another: its key, if it has one, and what it asks for.
pub(crate) struct Once {
    key: Option<String>,
    method: Method,
    path: String,
    /// As what the body is read, where its bytes do not say that.
    read_as: Option<&'static str>,
}

impl<S: Send + Sync> FromRequestParts<S> for Once {
    type Rejection = OwnError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, OwnError> {
        let key = idempotency_key::read(&parts.headers)?;
        let path = parts.uri.path_and_query().map_or("", |path| path.as_str()).to_owned();
        Ok(Self { key, method: parts.method.clone(), path, read_as: None })
    }
}

impl Once {
    /// Where a body can be read in more than one way: the same bytes read in another are another request.
    pub(crate) fn read_as(self, format: &'static str) -> Self {
        Self { read_as: Some(format), ..self }
    }

    /// Does the work of a request once, and to its end although the caller hangs up: neither the work nor the end of its key
    /// is left undone. `first` does it and answers, with the name of what it made or changed; `again` answers a repeat with
    /// the thing of that name as it is now. A refusal is not remembered. Where the work is done and only cannot be shown, the
    /// answer itself is that problem: the key is remembered, and a repeat does nothing once more.
    pub(crate) async fn run<F, R, First, Again>(
        self,
        engine: Engine,
        holder: KeyHolder,
        body: Bytes,
        first: impl FnOnce(Engine) -> First + Send + 'static,
        again: impl FnOnce(Engine, String) -> Again + Send + 'static,
    ) -> Result<Response, OwnError>
    where
        F: IntoResponse + Send,
        R: IntoResponse + Send,
        First: Future<Output = Result<(String, F), OwnError>> + Send + 'static,
        Again: Future<Output = Result<R, OwnError>> + Send + 'static,
    {
        let own = engine.clone();
        let work = async move { Box::pin(self.begun(&own, &holder, &body, first, again)).await };
        engine.to_its_end("request", work).await
    }

    async fn begun<F, R, First, Again>(
        self,
        engine: &Engine,
        holder: &KeyHolder,
        body: &[u8],
        first: impl FnOnce(Engine) -> First + Send,
        again: impl FnOnce(Engine, String) -> Again + Send,
    ) -> Result<Response, OwnError>
    where
        F: IntoResponse + Send,
        R: IntoResponse + Send,
        First: Future<Output = Result<(String, F), OwnError>> + Send,
        Again: Future<Output = Result<R, OwnError>> + Send,
    {
        let first = first(engine.clone());
        let Some(key) = self.key else { return first.await.map(|(_, answer)| answer.into_response()) };
        let mut parts = vec![self.method.as_str().as_bytes(), self.path.as_bytes(), body];
        parts.extend(self.read_as.map(str::as_bytes));
        let (begun, run) = engine.begin_keyed(holder.merchant, holder.environment, &key, &parts).await?;
        match begun {
            Begun::First => {
                let done = first.await;
                let object = done.as_ref().ok().map(|(object, _)| object.clone());
                // What was done is shown although the store cannot be told: its secret would be lost, and who is asked to
                // come back would have it done once more. The key frees itself.
                if let Err(error) = engine.end_keyed(run, object).await {
                    tracing::warn!(%error, "an idempotency key stays in use for a while");
                }
                done.map(|(_, answer)| answer.into_response())
            }
            Begun::Repeat { object } => {
                let mut answer = again(engine.clone(), object).await?.into_response();
                answer.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
                Ok(answer)
            }
            Begun::Reused => Err(OwnError::of_field(
                Code::IdempotencyKeyReused,
                FIELD,
                "the key was used for a request with another method, path, body or format",
            )),
            Begun::InUse => Err(OwnError::of_field(
                Code::IdempotencyKeyInUse,
                FIELD,
                "the first request with this key still runs",
            )),
        }
    }
}

/// An answer that is its own object: what was told once is told again.
pub(crate) fn told<T: Serialize>(told: &T) -> Result<(String, Response), OwnError> {
    let text = serde_json::to_string(told).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        OwnError::new(Code::Internal, "")
    })?;
    Ok((text.clone(), told_again(text)))
}

/// What [`told`] told.
pub(crate) fn told_again(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

#[cfg(test)]
#[path = "once_tests.rs"]
mod tests;
