//! The client: one server, one key.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use crate::error::Error;
use crate::retry::Retries;
use crate::wire::{HttpWire, Wire};
use crate::world::{RealWorld, World};

/// How long an answer may take, unless told otherwise.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Which server, as whom, and how patiently.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server's address, as `https://refunds.example`; a path before `/v1` may follow.
    pub url: String,
    /// The API key, `rk_…`.
    pub api_key: SecretString,
    /// Send the key also in plain HTTP to another machine. Without it only to this one.
    pub plain_http: bool,
    /// How long one try may take; what the server is asked to wait comes on top. An upload has three minutes at least:
    /// [`Client::import_payments`].
    pub timeout: Duration,
    /// How a safe call is tried again.
    pub retries: Retries,
}

impl Config {
    /// With the usual patience.
    #[must_use]
    pub fn new(url: impl Into<String>, api_key: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            api_key: api_key.into(),
            plain_http: false,
            timeout: TIMEOUT,
            retries: Retries::default(),
        }
    }
}

/// Speaks to one server with one API key. Cheap to clone; it needs a tokio runtime with I/O and time.
#[derive(Clone)]
pub struct Client(Arc<Parts>);

struct Parts {
    config: Config,
    base: Url,
    wire: Arc<dyn Wire>,
    world: Arc<dyn World>,
}

impl Client {
    /// Over HTTP.
    ///
    /// # Errors
    /// [`Error::Setup`] for an address that cannot be used.
    pub fn new(config: Config) -> Result<Self, Error> {
        let wire = HttpWire::new().map_err(Error::Setup)?;
        Self::over(config, Arc::new(wire), Arc::new(RealWorld))
    }

    /// Over something else, with other pauses and another randomness: for tests.
    ///
    /// # Errors
    /// [`Error::Setup`] for an address that cannot be used.
    pub fn over(config: Config, wire: Arc<dyn Wire>, world: Arc<dyn World>) -> Result<Self, Error> {
        let base = base(&config)?;
        Ok(Self(Arc::new(Parts { config, base, wire, world })))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn wire(&self) -> &dyn Wire {
        &*self.0.wire
    }

    pub(crate) fn world(&self) -> &dyn World {
        &*self.0.world
    }

    /// The address of a path whose `{…}` stand for the names, each of which stays one part of it.
    pub(crate) fn address(&self, path: &str, names: &[&str]) -> Result<Url, Error> {
        let (mut url, mut names) = (self.0.base.clone(), names.iter());
        {
            let mut parts =
                url.path_segments_mut().map_err(|()| Error::Setup("the address has no path".to_owned()))?;
            parts.pop_if_empty();
            for part in path.split('/').skip(1) {
                let name = part.starts_with('{').then(|| names.next()).flatten();
                // A URL has no such parts: they would be left out, and another thing named.
                if name.is_some_and(|name| matches!(*name, "" | "." | "..")) {
                    return Err(Error::Setup("a name is empty, or one that no address can have".to_owned()));
                }
                parts.push(name.copied().unwrap_or(part));
            }
        }
        Ok(url)
    }

    pub(crate) fn authorization(&self) -> Result<HeaderValue, Error> {
        let text = format!("Bearer {}", self.0.config.api_key.expose_secret());
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| Error::Setup("the API key has characters that no key has".to_owned()))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// A new idempotency key.
    pub(crate) fn new_key(&self) -> Result<String, Error> {
        let random = self.world().random();
        random.map(hex::encode).map_err(|error| Error::Setup(format!("no randomness: {error}")))
    }

    /// Something to let pauses differ by; without randomness they do not.
    pub(crate) fn chance(&self) -> u64 {
        let random = self.world().random().unwrap_or_default();
        random.into_iter().take(8).fold(0, |all, byte| (all << 8) | u64::from(byte))
    }
}

/// Shows no key.
impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("url", &self.0.base.as_str()).finish_non_exhaustive()
    }
}

fn base(config: &Config) -> Result<Url, Error> {
    let setup = |text: String| Error::Setup(text);
    let url = Url::parse(&config.url).map_err(|error| setup(format!("the server's address: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(setup("the server's address begins with https:// or http://".to_owned()));
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(setup("the server's address has no user, query or fragment".to_owned()));
    }
    if url.scheme() == "http" && !config.plain_http && !is_here(&url) {
        let text = "plain HTTP to another machine would show the key to everybody on the way: use https://, or allow \
                    plain HTTP";
        return Err(setup(text.to_owned()));
    }
    Ok(url)
}

/// Whether it is this machine.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
