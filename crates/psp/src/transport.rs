//! The door to the network: what a connector hands out and gets back. Production opens it with
//! [`crate::http::HttpClient`], a simulator or a test with its own.

use crate::client_identity::ClientIdentity;
use crate::guard::{GuardError, GuardPolicy};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, Method};
use redress_core::recipe::{Recipe, Resend};
use std::time::Duration;

/// Sends one request and brings the whole answer. It never sends anything twice and follows no redirect.
pub trait Transport: Send + Sync {
    /// Sends `request` once.
    ///
    /// # Errors
    /// [`TransportError`] says whether the request can have left.
    fn send<'a>(&'a self, request: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>>;

    /// Judges an address as far as that goes without DNS, by the rule that [`Transport::send`] follows: for a clear word at
    /// once where somebody sets an address that would be refused every time. One without a guard of its own refuses only
    /// what is no address.
    ///
    /// # Errors
    /// [`GuardError`] says what is wrong with it.
    fn check_url(&self, url: &str) -> Result<(), GuardError> {
        GuardPolicy::any_network().check_url(url).map(|_| ())
    }
}

/// One request, with the limits of its exchange.
#[derive(Clone)]
pub struct HttpRequest {
    /// `GET`, `POST`, …
    pub method: Method,
    /// The whole address. Its query may hold secrets: it is shown nowhere.
    pub url: String,
    /// Headers beside those of the protocol itself. Their values are shown nowhere.
    pub headers: Vec<(HeaderName, String)>,
    /// The body; empty for none.
    pub body: Bytes,
    /// For the whole exchange, from the name's look-up to the last byte of the answer.
    pub timeout: Duration,
    /// A longer answer is broken off: an error, unless it may be cut.
    pub body_bytes_max: usize,
    /// The status and the beginning of an answer are enough: it may be longer, or break off.
    pub cut_body: bool,
    /// Refuse anything but `https`: a live PSP.
    pub https_only: bool,
    /// Who we are to a PSP that wants a client's certificate.
    pub identity: Option<ClientIdentity>,
    /// Which connections it may go over.
    pub reuse: Reuse,
}

/// Which connections a request may go over, the strictest first. On one that was used before the other side may just be
/// hanging up, and then nobody knows whether the request was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reuse {
    /// None that was used before: for a send that is never repeated, where not knowing calls a person.
    Never,
    /// One that was used a moment ago, when no server hangs up yet: for a send that may be repeated under its key.
    JustUsed,
    /// One that is kept, however long: for what may be asked or told again.
    Kept,
}

impl Reuse {
    /// The most that a submit may do at a PSP: only where it takes a second request of one key as the first again, so that
    /// what broke on its way can be sent again, may a connection that was used before be worth it.
    pub const fn of_submits(recipe: &Recipe) -> Self {
        match recipe.resend {
            Resend::SameKey { .. } => Self::JustUsed,
            Resend::Never => Self::Never,
        }
    }
}

/// The longest answer of a PSP or a merchant that is read, in bytes, unless a request says otherwise.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// How long one exchange may take, unless a request says otherwise. MoMo asks for no less
/// (<https://developers.momo.vn/v3/docs/payment/api/payment-api/refund>).
pub const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(30);

impl HttpRequest {
    /// A request without headers and body, with the usual limits.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Bytes::new(),
            timeout: EXCHANGE_TIMEOUT,
            body_bytes_max: ANSWER_BYTES_MAX,
            cut_body: false,
            https_only: false,
            identity: None,
            reuse: Reuse::Kept,
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With this body and its content type.
    #[must_use]
    pub fn body(self, content_type: &str, body: impl Into<Bytes>) -> Self {
        let mut request = self.header(http::header::CONTENT_TYPE, content_type);
        request.body = body.into();
        request
    }

    /// The address without its query, for people.
    pub fn shown_url(&self) -> &str {
        self.url.split(['?', '#']).next().unwrap_or_default()
    }
}

/// Shows neither the query, nor a header's value, nor the body.
impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &self.shown_url())
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A whole answer. Printing shows neither a header's value nor the body, which may hold an access token.
#[derive(Clone)]
pub struct HttpResponse {
    /// The HTTP status.
    pub status: u16,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The answer's body, no longer than the request allowed.
    pub body: Bytes,
}

impl std::fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why there is no whole answer. The text is for people and holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Provably not one byte of the request left: it may be sent again freely.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It left, or may have.
    #[error("no whole answer: {0}")]
    Broken(String),
}
