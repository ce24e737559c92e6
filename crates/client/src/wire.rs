//! How one request goes out and its answer comes in: over HTTP, or in process for tests.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use rustls::{ClientConfig, RootCertStore};
use url::Url;

/// How long a connection may take to stand, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest answer that is read, in bytes: a page of 500 refunds with all of their metadata is shorter.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A request, whole.
#[derive(Clone, Debug)]
pub struct WireRequest {
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// The headers; the one with the key is marked as sensitive.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Empty for none.
    pub body: Bytes,
    /// Until its answer is there, whole.
    pub timeout: Duration,
}

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct WireAnswer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WireError {
    /// Nothing left.
    NotSent(String),
    /// It may have arrived.
    NoAnswer(String),
}

/// Sends one request, once.
pub trait Wire: Send + Sync {
    /// Sends it.
    fn send(&self, request: WireRequest) -> BoxFuture<'_, Result<WireAnswer, WireError>>;
}

/// HTTP/1.1, also over TLS with the system's certificates. No redirects, no proxies, no retries of its own.
#[derive(Debug)]
pub struct HttpWire(reqwest::Client);

impl HttpWire {
    /// Reads the system's certificates.
    ///
    /// # Errors
    /// What the TLS library says, in words.
    pub fn new() -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls()?)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .http1_only()
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("redress-client/", env!("CARGO_PKG_VERSION")))
            .build();
        client.map(Self).map_err(|error| text_of(&error))
    }

    async fn exchange(&self, request: WireRequest) -> Result<WireAnswer, WireError> {
        let headers = request.headers.into_iter().collect();
        let mut sending =
            self.0.request(request.method, request.url).headers(headers).timeout(request.timeout);
        if !request.body.is_empty() {
            sending = sending.body(request.body);
        }
        let mut answer = sending.send().await.map_err(|error| classify(&error))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| WireError::NoAnswer(text_of(&error)))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(WireError::NoAnswer(format!("an answer of more than {ANSWER_BYTES_MAX} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(WireAnswer { status, headers, body: body.freeze() })
    }
}

impl Wire for HttpWire {
    fn send(&self, request: WireRequest) -> BoxFuture<'_, Result<WireAnswer, WireError>> {
        Box::pin(self.exchange(request))
    }
}

/// rustls with ring, handed over whole, so that no process-wide default is needed.
fn tls() -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Only what failed before a connection stood is known not to have left.
fn classify(error: &reqwest::Error) -> WireError {
    if error.is_builder() || error.is_connect() {
        WireError::NotSent(text_of(error))
    } else {
        WireError::NoAnswer(text_of(error))
    }
}

/// The error and its causes; reqwest's own first words name the address, which holds no secret here.
fn text_of(error: &reqwest::Error) -> String {
    let (mut text, mut source) = (error.to_string(), error.source());
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
