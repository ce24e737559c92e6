//! One call: what is asked, and how it is sent until there is an answer.

use std::marker::PhantomData;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Method, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::client::Client;
use crate::error::{Error, Problem, STILL_RUNS};
use crate::operation::Operation;
use crate::wire::{WireAnswer, WireError, WireRequest};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENT_REPLAYED: &str = "idempotent-replayed";
const PREFER: HeaderName = HeaderName::from_static("prefer");
const REQUEST_ID: &str = "x-request-id";

/// So much of an answer that is not understood is shown, in characters.
const SHOWN_CHARS_MAX: usize = 200;

/// A call that is not sent yet: awaiting it sends it.
///
/// It is sent again after a failure that leaves open whether it was done (no answer, 429, 502, 503, 504) and while the first
/// with its key still runs (409 `idempotency_key_in_use`), where that is safe: reads, and operations that take an idempotency
/// key. The key is made once a call, and is the same at each try. A key may be in use for longer than the client tries, where
/// the first died: [`Error::leaves_open`] then, and the same call with the same key finds out.
#[must_use = "it is sent when it is awaited"]
pub struct Call<A> {
    client: Client,
    what: Result<What, Error>,
    idempotency_key: Option<String>,
    wait: Option<Duration>,
    answers: PhantomData<fn() -> A>,
}

struct What {
    method: Method,
    url: Url,
    body: Option<Vec<u8>>,
    content_type: &'static str,
    keyed: bool,
    waits: bool,
    /// One try may take so long at least, whatever the client is set to.
    timeout_min: Duration,
}

/// An answer, with what came beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<A> {
    /// What was asked for.
    pub value: A,
    /// It was done before, by a call with the same idempotency key.
    pub replayed: bool,
    /// By this the operator finds the request in the log.
    pub request_id: Option<String>,
}

impl Client {
    /// A call of an operation, with the names of its path.
    pub(crate) fn call<A, B>(&self, operation: &Operation<A, B>, names: &[&str]) -> Call<A> {
        Call::new(self, operation, names)
    }
}

impl<A> Call<A> {
    fn new<B>(client: &Client, operation: &Operation<A, B>, names: &[&str]) -> Self {
        let url = client.address(operation.path, names);
        let what = url.map(|url| What {
            method: operation.method.clone(),
            url,
            body: None,
            content_type: "application/json",
            keyed: operation.keyed,
            waits: operation.waits,
            timeout_min: Duration::ZERO,
        });
        Self { client: client.clone(), what, idempotency_key: None, wait: None, answers: PhantomData }
    }

    /// With this body.
    pub(crate) fn body<B: Serialize>(mut self, body: &B) -> Self {
        self.what = self.what.and_then(|what| {
            let body = serde_json::to_vec(body).map_err(|error| Error::Setup(error.to_string()))?;
            Ok(What { body: Some(body), ..what })
        });
        self
    }

    /// With this text for a body, of another kind than JSON.
    pub(crate) fn text(mut self, content_type: &'static str, text: String) -> Self {
        self.what = self.what.map(|what| What { body: Some(text.into_bytes()), content_type, ..what });
        self
    }

    /// With so long for one try at least.
    pub(crate) fn timeout_min(mut self, timeout_min: Duration) -> Self {
        self.what = self.what.map(|what| What { timeout_min, ..what });
        self
    }

    /// With these parameters: the members of an object that are neither null, empty lists, nor left out. What is in a list
    /// stands with commas between.
    pub(crate) fn query<Q: Serialize>(mut self, query: &Q) -> Self {
        self.what = self.what.and_then(|mut what| {
            let query = serde_json::to_value(query).map_err(|error| Error::Setup(error.to_string()))?;
            for (name, value) in query.as_object().into_iter().flatten() {
                match value {
                    serde_json::Value::Null => {}
                    serde_json::Value::Array(words) if words.is_empty() => {}
                    serde_json::Value::Array(words) => {
                        let words: Vec<_> = words.iter().filter_map(serde_json::Value::as_str).collect();
                        what.url.query_pairs_mut().append_pair(name, &words.join(","));
                    }
                    serde_json::Value::String(text) => {
                        what.url.query_pairs_mut().append_pair(name, text);
                    }
                    other => {
                        what.url.query_pairs_mut().append_pair(name, &other.to_string());
                    }
                }
            }
            Ok(what)
        });
        self
    }

    /// With a key of the caller's own instead of one of the client's, so that also a later call can be the same: 1 to 255
    /// visible ASCII characters. Without effect where the operation takes none.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Lets the server wait for the end (or for an event), in whole seconds; it has a bound of its own. Without effect where
    /// the operation does not wait.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = Some(wait);
        self
    }
}

impl<A: DeserializeOwned> Call<A> {
    /// Sends it, and answers also with what came beside the answer.
    ///
    /// # Errors
    /// [`Error`]: the API's word, or why there is none.
    pub async fn answer(self) -> Result<Answer<A>, Error> {
        let Self { client, what, idempotency_key, wait, .. } = self;
        let what = what?;
        let key = what.keyed.then(|| idempotency_key.map_or_else(|| client.new_key(), Ok)).transpose()?;
        let request = request(&client, &what, key.as_deref(), wait.filter(|_| what.waits))?;
        let safe = what.method == Method::GET || key.is_some();
        let mut failed = 0;
        // What went wrong with a try that may have been done all the same.
        let mut open: Option<String> = None;
        loop {
            let sent = client.wire().send(request.clone()).await;
            failed += 1;
            let (error, asked, another) = match sent.map_err(|error| unsent(error, key.as_deref())) {
                Ok(answer) => match understood(&answer, key.as_deref()) {
                    Ok(answer) => return Ok(answer),
                    Err(error) => {
                        let another = worth_another(&answer, &error);
                        (error, retry_after(&answer), another)
                    }
                },
                Err(error) => (error, None, true),
            };
            let pause = match safe && another {
                true => client.config().retries.pause(failed, asked, client.chance()),
                false => None,
            };
            let Some(pause) = pause else { return Err(last_word(open, error, key)) };
            if open.is_none() && error.leaves_open() {
                open = Some(match error {
                    Error::NoAnswer { text, .. } => text,
                    other => other.to_string(),
                });
            }
            client.world().sleep(pause).await;
        }
    }
}

impl<A: DeserializeOwned + Send + 'static> IntoFuture for Call<A> {
    type Output = Result<A, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { Ok(self.answer().await?.value) })
    }
}

fn request(
    client: &Client,
    what: &What,
    key: Option<&str>,
    wait: Option<Duration>,
) -> Result<WireRequest, Error> {
    let mut headers = vec![(header::AUTHORIZATION, client.authorization()?)];
    if what.body.is_some() {
        headers.push((header::CONTENT_TYPE, HeaderValue::from_static(what.content_type)));
    }
    if let Some(key) = key {
        let value = HeaderValue::from_str(key)
            .map_err(|_| Error::Setup("an idempotency key has visible ASCII characters only".to_owned()))?;
        headers.push((IDEMPOTENCY_KEY, value));
    }
    if let Some(wait) = wait {
        let value = HeaderValue::from_str(&format!("wait={}", wait.as_secs()));
        headers.push((PREFER, value.map_err(|error| Error::Setup(error.to_string()))?));
    }
    Ok(WireRequest {
        method: what.method.clone(),
        url: what.url.clone(),
        headers,
        body: what.body.clone().unwrap_or_default().into(),
        // The server's wait comes on top of what an answer may take.
        timeout: client.config().timeout.max(what.timeout_min).saturating_add(wait.unwrap_or_default()),
    })
}

fn unsent(error: WireError, key: Option<&str>) -> Error {
    match error {
        WireError::NotSent(text) => Error::NotSent(text),
        WireError::NoAnswer(text) => Error::NoAnswer { text, idempotency_key: key.map(str::to_owned) },
    }
}

fn understood<A: DeserializeOwned>(answer: &WireAnswer, key: Option<&str>) -> Result<Answer<A>, Error> {
    let unexpected = |text: String| Error::Unexpected {
        status: answer.status,
        text,
        idempotency_key: key.map(str::to_owned),
    };
    if !(200..300).contains(&answer.status) {
        let problem = serde_json::from_slice::<Problem>(&answer.body);
        let told = problem.ok().filter(|problem| problem.status == answer.status);
        return Err(told.map_or_else(
            || unexpected(beginning(&answer.body)),
            |problem| Error::Problem(Box::new(Problem { retry_after: retry_after(answer), ..problem })),
        ));
    }
    // Not the parser's words with the body: it may hold a secret.
    let value = serde_json::from_slice(&answer.body).map_err(|error| unexpected(error.to_string()))?;
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
    Ok(Answer {
        value,
        replayed: header(IDEMPOTENT_REPLAYED) == Some("true"),
        request_id: header(REQUEST_ID).map(str::to_owned),
    })
}

/// What the caller is told after the last try. One before may have been done: a word that is about this try alone, as that no
/// connection stood, must not hide that, or the caller would take it that nothing was done, and do it once more.
fn last_word(open: Option<String>, last: Error, key: Option<String>) -> Error {
    let of_this_try_alone = match &last {
        Error::NotSent(_) => true,
        Error::Problem(problem) => matches!(problem.status, 401 | 403 | 429 | 500..),
        Error::NoAnswer { .. } | Error::Unexpected { .. } | Error::Setup(_) => false,
    };
    match (open, key) {
        (Some(open), Some(key)) if of_this_try_alone => {
            Error::NoAnswer { text: format!("{open}; then {last}"), idempotency_key: Some(key) }
        }
        _ => last,
    }
}

/// What passes by itself: a limit, a busy server, a proxy without one, and the first request with the same key.
fn worth_another(answer: &WireAnswer, error: &Error) -> bool {
    matches!(answer.status, 429 | 502 | 503 | 504) || error.code() == Some(STILL_RUNS)
}

/// In whole seconds, as this server says it; a date is not read.
fn retry_after(answer: &WireAnswer) -> Option<Duration> {
    let value = answer.headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// The beginning of a text, on one line.
fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN_CHARS_MAX).collect()
}

impl<A> std::fmt::Debug for Call<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Call");
        match &self.what {
            Ok(what) => shown.field("method", &what.method).field("path", &what.url.path()),
            Err(error) => shown.field("error", error),
        };
        shown
            .field("idempotency_key", &self.idempotency_key)
            .field("wait", &self.wait)
            .finish_non_exhaustive()
    }
}
