//! The header `Idempotency-Key` on requests that create no refund: a repeat is answered with the object as it is now and
//! `Idempotent-Replayed: true`. A handler takes part by reading [`Once`] and doing its work in [`Once::run`], which also brings
//! it to its end where the caller hangs up.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use redress_engine::engine::Engine;
use redress_engine::once::{Begun, Did, Ended, Work};
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
    /// answer itself is that problem: the key is remembered, and a repeat does nothing once more. Where nobody knows whether
    /// it was done, a repeat runs: what comes of that must be as if it had run once, or do no harm.
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
        let first = move |engine: Engine, _: Work| {
            let first = first(engine);
            async move { first.await.map(Did::Now) }
        };
        self.run_known_again(engine, holder, body, first, again).await
    }

    /// The same of work that knows again what a run of it did before, so that it is done once also where nobody knew.
    pub(crate) async fn run_known_again<F, R, First, Again>(
        self,
        engine: Engine,
        holder: KeyHolder,
        body: Bytes,
        first: impl FnOnce(Engine, Work) -> First + Send + 'static,
        again: impl FnOnce(Engine, String) -> Again + Send + 'static,
    ) -> Result<Response, OwnError>
    where
        F: IntoResponse + Send,
        R: IntoResponse + Send,
        First: Future<Output = Result<Did<(String, F), String>, OwnError>> + Send + 'static,
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
        first: impl FnOnce(Engine, Work) -> First + Send,
        again: impl FnOnce(Engine, String) -> Again + Send,
    ) -> Result<Response, OwnError>
    where
        F: IntoResponse + Send,
        R: IntoResponse + Send,
        First: Future<Output = Result<Did<(String, F), String>, OwnError>> + Send,
        Again: Future<Output = Result<R, OwnError>> + Send,
    {
        let done = match &self.key {
            None => first(engine.clone(), engine.work_without_key()).await?,
            Some(key) => {
                let mut parts = vec![self.method.as_str().as_bytes(), self.path.as_bytes(), body];
                parts.extend(self.read_as.map(str::as_bytes));
                let (begun, run) =
                    engine.begin_keyed(holder.merchant, holder.environment, key, &parts).await?;
                match begun {
                    Begun::First | Begun::Again { .. } => {
                        let done = first(engine.clone(), run.work()).await;
                        let ended = ended(&done);
                        // What was done is shown although the store cannot be told: its secret would be lost. The key
                        // frees itself.
                        if let Err(error) = engine.end_keyed(run, ended).await {
                            tracing::warn!(%error, "an idempotency key stays in use for a while");
                        }
                        done?
                    }
                    Begun::Repeat { object } => Did::Before(object),
                    Begun::Reused => {
                        return Err(OwnError::of_field(
                            Code::IdempotencyKeyReused,
                            FIELD,
                            "the key was used for a request with another method, path, body or format",
                        ));
                    }
                    Begun::InUse => {
                        return Err(OwnError::of_field(
                            Code::IdempotencyKeyInUse,
                            FIELD,
                            "the first request with this key still runs, or its end is not known yet",
                        ));
                    }
                }
            }
        };
        match done {
            Did::Now((_, answer)) => Ok(answer.into_response()),
            Did::Before(object) => {
                let mut answer = again(engine.clone(), object).await?.into_response();
                answer.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
                Ok(answer)
            }
        }
    }
}

fn ended<F>(done: &Result<Did<(String, F), String>, OwnError>) -> Ended {
    match done {
        Ok(Did::Now((object, _)) | Did::Before(object)) => Ended::Done(object.clone()),
        Err(error) if error.is_in_doubt() => Ended::Open,
        Err(_) => Ended::Refused,
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
