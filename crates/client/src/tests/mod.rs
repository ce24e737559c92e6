//! The client against a wire that plays what a test says, and one test over real sockets.

mod calls;
mod lists;
mod sockets;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::wire::{Wire, WireAnswer, WireError, WireRequest};
use crate::world::World;
use crate::{Client, Config};

/// What a test's server says, one thing a request; and what it was asked.
#[derive(Default)]
pub(super) struct Played {
    answers: Mutex<VecDeque<Result<WireAnswer, WireError>>>,
    asked: Mutex<Vec<WireRequest>>,
    /// The pauses that were made.
    paused: Mutex<Vec<Duration>>,
    drawn: Mutex<u8>,
}

impl Played {
    /// A client of a server that answers so.
    pub(super) fn client(
        answers: impl IntoIterator<Item = Result<WireAnswer, WireError>>,
    ) -> (Client, Arc<Self>) {
        Self::client_of(Config::new("https://refunds.example", "rk_secret"), answers)
    }

    pub(super) fn client_of(
        config: Config,
        answers: impl IntoIterator<Item = Result<WireAnswer, WireError>>,
    ) -> (Client, Arc<Self>) {
        let played = Arc::new(Self { answers: Mutex::new(answers.into_iter().collect()), ..Self::default() });
        let wire = Arc::<Self>::clone(&played);
        (Client::over(config, wire, Arc::<Self>::clone(&played) as Arc<dyn World>).unwrap(), played)
    }

    /// The requests, as `GET /v1/refunds?limit=2`.
    pub(super) fn asked(&self) -> Vec<String> {
        let shown = |request: &WireRequest| {
            let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
            format!("{} {}{query}", request.method, request.url.path())
        };
        self.asked.lock().unwrap().iter().map(shown).collect()
    }

    /// What each request had in a header.
    pub(super) fn header(&self, name: &str) -> Vec<Option<String>> {
        let found = |request: &WireRequest| {
            let header = request.headers.iter().find(|(known, _)| known == name);
            header.map(|(_, value)| value.to_str().unwrap().to_owned())
        };
        self.asked.lock().unwrap().iter().map(found).collect()
    }

    pub(super) fn requests(&self) -> Vec<WireRequest> {
        self.asked.lock().unwrap().clone()
    }

    pub(super) fn paused(&self) -> Vec<Duration> {
        self.paused.lock().unwrap().clone()
    }
}

impl Wire for Played {
    fn send(&self, request: WireRequest) -> BoxFuture<'_, Result<WireAnswer, WireError>> {
        self.asked.lock().unwrap().push(request);
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(std::future::ready(answer.expect("a request that no test expects")))
    }
}

impl World for Played {
    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        self.paused.lock().unwrap().push(pause);
        Box::pin(std::future::ready(()))
    }

    fn random(&self) -> Result<[u8; 16], String> {
        let mut drawn = self.drawn.lock().unwrap();
        *drawn += 1;
        Ok([*drawn; 16])
    }
}

pub(super) fn answer(status: u16, body: &Value, headers: &[(&str, &str)]) -> Result<WireAnswer, WireError> {
    let headers = headers
        .iter()
        .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap()));
    Ok(WireAnswer { status, headers: headers.collect::<HeaderMap>(), body: body.to_string().into() })
}

pub(super) fn good(body: &Value) -> Result<WireAnswer, WireError> {
    answer(200, body, &[])
}

pub(super) fn problem(status: u16, code: &str, headers: &[(&str, &str)]) -> Result<WireAnswer, WireError> {
    let body = json!({"type": format!("/docs/errors/{code}"), "title": "T", "status": status, "code": code,
        "detail": "what is wrong", "request_id": "req_1"});
    answer(status, &body, headers)
}

pub(super) fn refund(status: &str) -> Value {
    json!({"id": "rf_1", "payment": "pay_1", "order_ref": "order-1", "amount_minor": 2500, "amount": "25.00",
        "currency": "SAR", "status": status, "kind": "partial", "metadata": {}, "environment": "sandbox",
        "created_at": "2026-11-18T15:06:40Z", "updated_at": "2026-11-18T15:06:40Z"})
}
