//! A transport that plays a script: for tests of whatever speaks to PSPs.

use crate::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Gives the answers it was told to give, in order, and keeps what it was sent.
#[derive(Debug, Default)]
pub struct Scripted {
    answers: Mutex<VecDeque<Result<HttpResponse, TransportError>>>,
    sent: Mutex<Vec<HttpRequest>>,
}

impl Scripted {
    /// A transport that will give these answers.
    pub fn new(answers: impl IntoIterator<Item = Result<HttpResponse, TransportError>>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), sent: Mutex::default() }
    }

    /// One answer more, at the end.
    pub fn push(&self, answer: Result<HttpResponse, TransportError>) {
        lock(&self.answers).push_back(answer);
    }

    /// What was sent so far.
    pub fn sent(&self) -> Vec<HttpRequest> {
        lock(&self.sent).clone()
    }
}

/// An answer with this status and body.
pub fn answer(status: u16, body: impl Into<Bytes>) -> Result<HttpResponse, TransportError> {
    Ok(HttpResponse { status, headers: HeaderMap::new(), body: body.into() })
}

impl Transport for Scripted {
    /// # Panics
    /// When the script is at its end: more was sent than the test expected.
    fn send<'a>(&'a self, request: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        lock(&self.sent).push(request);
        let answer = lock(&self.answers).pop_front();
        Box::pin(async move { answer.expect("the script has no more answers") })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
