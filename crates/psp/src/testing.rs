//! A transport that plays a script, and what tests expect of a connector: for tests of whatever speaks to PSPs.

use crate::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use redress_core::outcome::{Again, Outcome, PspRefusal};
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

/// A request that the PSP refused in these words.
pub fn refused(code: &str, text: &str, again: Again) -> Outcome {
    Outcome::Refused(PspRefusal { code: code.to_owned(), text: text.to_owned(), again, psp_refund_id: None })
}

/// The same of a refund that the PSP made under this id, and that failed.
pub fn failed(refused: Outcome, psp_refund_id: &str) -> Outcome {
    match refused {
        Outcome::Refused(refusal) => {
            Outcome::Refused(PspRefusal { psp_refund_id: Some(psp_refund_id.to_owned()), ..refusal })
        }
        other => other,
    }
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
