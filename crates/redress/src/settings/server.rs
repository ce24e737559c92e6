//! `[server]`: where it listens, and how it ends.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use url::Url;

use super::SettingsError;
use super::reader::Section;
use super::value::Setting;

/// How to write that metrics are not served.
const OFF: &str = "off";

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
            listen: section.take("listen", local(8080))?,
            public_url: section.given::<PublicUrl>("public_url")?.map(|url| url.0),
            metrics_listen: section.take("metrics_listen", Metrics(Some(local(9464))))?.0,
            behind_tls_proxy: section.take("behind_tls_proxy", false)?,
            shutdown_limit: section.take("shutdown_limit", Duration::from_secs(40))?,
        };
        section.finish()?;
        Ok(settings)
    }
}

struct PublicUrl(String);

impl Setting for PublicUrl {
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
    fn from_text(text: &str) -> Result<Self, String> {
        if text == OFF {
            return Ok(Self(None));
        }
        SocketAddr::from_text(text)
            .map(|address| Self(Some(address)))
            .map_err(|error| format!("{error}, or \"{OFF}\""))
    }
}
