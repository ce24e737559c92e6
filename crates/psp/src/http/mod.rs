//! The one outgoing HTTP client: to PSPs, and to merchants' endpoints.
//!
//! It sends a request once: no redirects, no proxy, no cookies, no retries. The library under it keeps one habit that
//! cannot be turned off: a request that was handed to a kept connection which turned out closed before its first byte
//! was written is put on a new one. That never sends anything twice, which a test holds.

pub(crate) mod identity;
mod resolver;
mod tls;

#[cfg(test)]
mod tests;

use crate::client_identity::ClientIdentity;
use crate::guard::{GuardError, GuardPolicy};
use crate::transport::{HttpRequest, HttpResponse, Reuse, Transport, TransportError};
use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue};
use identity::Identified;
use resolver::GuardedResolver;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// How long a connection may take to stand, TLS included, unless the settings say otherwise.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an unused connection is kept. Shorter than what servers keep, so that few are lost to a race.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// So many unused connections are kept per host.
const IDLE_PER_HOST_MAX: usize = 32;

/// How long a connection counts as just used. No server is known to hang up so soon: the shortest usual time is five
/// seconds (<https://nodejs.org/api/http.html#serverkeepalivetimeout>,
/// <https://httpd.apache.org/docs/2.4/mod/core.html#keepalivetimeout>).
const JUST_USED: Duration = Duration::from_secs(1);

/// So many connections that were just used are kept per host, each for no longer than that.
const JUST_USED_PER_HOST_MAX: usize = 256;

/// The longest text kept of an error, in bytes.
const ERROR_TEXT_BYTES_MAX: usize = 300;

/// How the client is built.
#[derive(Clone, Debug)]
pub struct HttpClientConfig {
    /// Which addresses may be spoken to.
    pub guard: GuardPolicy,
    /// How long a connection may take to stand. Keep it below every exchange's timeout: a connection that does not
    /// stand in time proves that nothing left, an exchange that ends in time proves nothing.
    pub connect_timeout: Duration,
}

impl Default for HttpClientConfig {
    fn default() -> Self {
        Self { guard: GuardPolicy::default(), connect_timeout: CONNECT_TIMEOUT }
    }
}

/// The client could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the outgoing HTTP client cannot be built")]
pub struct HttpClientError(#[source] Box<dyn Error + Send + Sync>);

/// The client. Cheap to share by reference; it needs a tokio runtime with I/O and time.
pub struct HttpClient {
    plan: Plan,
    anonymous: Clients,
    identified: Identified<Clients>,
}

/// All that the library's clients are built from.
struct Plan {
    guard: Arc<GuardPolicy>,
    connect_timeout: Duration,
    just_used: Duration,
    tls: ClientConfig,
}

/// The library's clients of one identity, or of none.
#[derive(Clone)]
struct Clients {
    kept: reqwest::Client,
    just_used: reqwest::Client,
    fresh: reqwest::Client,
}

impl Clients {
    fn of(&self, reuse: Reuse) -> &reqwest::Client {
        match reuse {
            Reuse::Kept => &self.kept,
            Reuse::JustUsed => &self.just_used,
            Reuse::Never => &self.fresh,
        }
    }
}

impl Plan {
    fn build(&self, tls: &ClientConfig) -> Result<Clients, reqwest::Error> {
        let build = |idle_per_host_max: usize, idle_timeout: Duration| {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .dns_resolver(Arc::new(GuardedResolver::new(Arc::clone(&self.guard))))
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .no_proxy()
                .referer(false)
                .http1_only()
                .connect_timeout(self.connect_timeout)
                .pool_max_idle_per_host(idle_per_host_max)
                .pool_idle_timeout(idle_timeout)
                .user_agent(concat!("redress/", env!("CARGO_PKG_VERSION")))
                .build()
        };
        Ok(Clients {
            kept: build(IDLE_PER_HOST_MAX, IDLE_TIMEOUT)?,
            just_used: build(JUST_USED_PER_HOST_MAX, self.just_used)?,
            fresh: build(0, Duration::ZERO)?,
        })
    }
}

impl HttpClient {
    /// Builds the client and reads the system's certificates.
    ///
    /// # Errors
    /// [`HttpClientError`] when the TLS library refuses its configuration.
    pub fn new(config: HttpClientConfig) -> Result<Self, HttpClientError> {
        Self::trusting(config, Vec::new())
    }

    /// The same, which also trusts these authorities.
    fn trusting(
        config: HttpClientConfig,
        roots: Vec<CertificateDer<'static>>,
    ) -> Result<Self, HttpClientError> {
        let tls = tls::client_config(roots).map_err(|error| HttpClientError(error.into()))?;
        let plan = Plan {
            guard: Arc::new(config.guard),
            connect_timeout: config.connect_timeout,
            just_used: JUST_USED,
            tls,
        };
        let anonymous = plan.build(&plan.tls).map_err(|error| HttpClientError(error.into()))?;
        Ok(Self { plan, anonymous, identified: Identified::default() })
    }

    /// The clients that speak as this identity.
    fn clients_of(&self, identity: &ClientIdentity) -> Result<Clients, TransportError> {
        self.identified.get(identity, || {
            let tls = identity::client_config(&self.plan.tls, identity)
                .map_err(|error| TransportError::NotSent(error.to_string()))?;
            self.plan.build(&tls).map_err(|error| TransportError::NotSent(text_of(error)))
        })
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let not_sent = |text: &dyn ToString| TransportError::NotSent(text.to_string());
        let url = self.plan.guard.check_url(&request.url).map_err(|error| not_sent(&error))?;
        if request.https_only && url.scheme() != "https" {
            return Err(not_sent(&GuardError::HttpsOnly));
        }
        let identified = request.identity.as_ref().map(|identity| self.clients_of(identity)).transpose()?;
        let clients = identified.as_ref().unwrap_or(&self.anonymous);
        let client = clients.of(request.reuse);
        let headers = header_map(request.headers)?;
        let mut sending = client.request(request.method, url).headers(headers).timeout(request.timeout);
        if !request.body.is_empty() {
            sending = sending.body(request.body);
        }
        let answer = sending.send().await.map_err(classify)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = match request.cut_body {
            true => beginning(answer, request.body_bytes_max).await,
            false => whole_body(answer, request.body_bytes_max).await?,
        };
        Ok(HttpResponse { status, headers, body })
    }
}

/// Shows nothing of identities.
impl std::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpClient")
            .field("guard", &self.plan.guard)
            .field("connect_timeout", &self.plan.connect_timeout)
            .finish_non_exhaustive()
    }
}

impl Transport for HttpClient {
    fn send<'a>(&'a self, request: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        Box::pin(self.exchange(request))
    }

    fn check_url(&self, url: &str) -> Result<(), GuardError> {
        self.plan.guard.check_url(url).map(|_| ())
    }
}

fn header_map(headers: Vec<(http::HeaderName, String)>) -> Result<HeaderMap, TransportError> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let mut value = HeaderValue::try_from(value)
            .map_err(|_| TransportError::NotSent(format!("the value of the header {name} cannot be sent")))?;
        value.set_sensitive(true);
        map.append(name, value);
    }
    Ok(map)
}

async fn whole_body(mut answer: reqwest::Response, bytes_max: usize) -> Result<Bytes, TransportError> {
    let too_long = || TransportError::Broken(format!("an answer of more than {bytes_max} bytes"));
    if answer.content_length().is_some_and(|length| usize::try_from(length).is_ok_and(|n| n > bytes_max)) {
        return Err(too_long());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| TransportError::Broken(text_of(error)))? {
        if body.len() + chunk.len() > bytes_max {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The first bytes of a body; the rest is not read, and its connection is given up. So is one on which the rest does not come,
/// in time or at all: the status was said.
async fn beginning(mut answer: reqwest::Response, bytes_max: usize) -> Bytes {
    let mut body = BytesMut::new();
    while body.len() < bytes_max {
        let Ok(Some(chunk)) = answer.chunk().await else { break };
        body.extend_from_slice(&chunk[..chunk.len().min(bytes_max - body.len())]);
    }
    body.freeze()
}

/// Only what failed before a connection stood is known not to have left.
fn classify(error: reqwest::Error) -> TransportError {
    if error.is_builder() || error.is_connect() {
        TransportError::NotSent(text_of(error))
    } else {
        TransportError::Broken(text_of(error))
    }
}

/// The causes of an error, without the URL, whose query may hold a secret.
fn text_of(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    crate::record::cut(&mut text, ERROR_TEXT_BYTES_MAX);
    text
}
