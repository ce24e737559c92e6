//! `[server]`: where it listens, and how it ends.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use url::Url;

use super::error::SettingsError;
use super::reader::Section;
use super::value::Setting;

/// How to write that metrics are not served.
const OFF: &str = "off";

/// What the reference says of the section.
pub(super) const ABOUT: &str = "\
Where it listens, and how it ends. A `listen` beyond loopback without `behind_tls_proxy = true` is refused: keys and
amounts would cross the network in clear. `public_url` is written into a PSP account when it is added; after a change of
it, `redress psp-account change ACCOUNT --renew-notification-url`. Without it PSPs are given no address, and refunds are
followed by asking.";

#[derive(Clone, Debug)]
pub(crate) struct ServerSettings {
    /// Where the faces and the API listen.
    pub(crate) listen: SocketAddr,
    /// How the world reaches this server: PSPs are told addresses below it.
    pub(crate) public_url: Option<String>,
    /// Where Prometheus reads; `None` for nowhere.
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// A TLS proxy stands in front, so plain HTTP off loopback is all right.
    pub(crate) behind_tls_proxy: bool,
    /// How long a stop waits for requests and for exchanges with PSPs under way.
    pub(crate) shutdown_limit: Duration,
}

impl ServerSettings {
    pub(super) fn read(section: &mut Section) -> Result<Self, SettingsError> {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let settings = Self {
            listen: section.key("listen", "The APIs.").or(local(8080))?,
            public_url: section
                .key("public_url", "How the world reaches it; PSPs are told addresses below.")
                .or_none::<PublicUrl>("none")?
                .map(|url| url.0),
            metrics_listen: section
                .key("metrics_listen", "`GET /metrics`.")
                .or(Metrics(Some(local(9464))))?
                .0,
            behind_tls_proxy: section.key("behind_tls_proxy", "A TLS proxy stands in front.").or(false)?,
            shutdown_limit: section
                .key("shutdown_limit", "How long a stop waits for what is under way.")
                .or(Duration::from_secs(40))?,
        };
        section.finish()?;
        Ok(settings)
    }
}

impl ServerSettings {
    /// Whether browsers come by https. Nothing here speaks it: a proxy in front does.
    pub(super) fn is_reached_by_https(&self) -> bool {
        self.behind_tls_proxy || self.public_url.as_deref().is_some_and(|url| url.starts_with("https:"))
    }
}

struct PublicUrl(String);

impl Setting for PublicUrl {
    const KIND: &'static str = "http or https address";

    fn show(&self) -> String {
        self.0.clone()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || "must be an http or https address with a host, without a query".to_owned();
        let url = Url::parse(text).map_err(|_| wrong())?;
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if matches!(url.scheme(), "http" | "https") && url.has_host() && plain {
            return Ok(Self(text.trim_end_matches('/').to_owned()));
        }
        Err(wrong())
    }
}

struct Metrics(Option<SocketAddr>);

impl Setting for Metrics {
    const KIND: &'static str = "address and port, or `off`";

    fn show(&self) -> String {
        self.0.map_or_else(|| OFF.to_owned(), |address| address.to_string())
    }

    fn from_text(text: &str) -> Result<Self, String> {
        if text == OFF {
            return Ok(Self(None));
        }
        SocketAddr::from_text(text)
            .map(|address| Self(Some(address)))
            .map_err(|error| format!("{error}, or \"{OFF}\""))
    }
}
