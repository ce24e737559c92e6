//! `[psp]`: how PSPs are spoken to.

use std::time::Duration;

use redress_engine::config::EngineConfig;
use redress_psp::guard::GuardPolicy;
use redress_psp::http::CONNECT_TIMEOUT;

use super::error::SettingsError;
use super::reader::Section;
use super::value::Network;

/// What the reference says of the section.
pub(super) const ABOUT: &str = "\
How PSPs are spoken to. `connect_timeout` must be shorter than `timeout`, and neither `0s`. Live accounts are spoken to over https only,
whatever is set. The guard refuses private, loopback, link-local, metadata and other special ranges, and ports below 1024
but for 80 and 443; a name is judged by what it resolves to, each time a connection is made.";

#[derive(Clone, Debug)]
pub(crate) struct PspSettings {
    /// For one whole exchange.
    pub(crate) timeout: Duration,
    /// For a connection to stand.
    pub(crate) connect_timeout: Duration,
    /// Which addresses beyond the public internet may be spoken to.
    pub(crate) guard: GuardPolicy,
}

impl PspSettings {
    pub(super) fn read(section: &mut Section) -> Result<Self, SettingsError> {
        let settings = Self {
            timeout: section
                .key("timeout", "One whole exchange with a PSP; MoMo asks for no less.")
                .or(EngineConfig::default().psp_timeout)?,
            connect_timeout: section
                .key("connect_timeout", "A connection must stand within this.")
                .or(CONNECT_TIMEOUT)?,
            guard: guard(section, "Refuse plain HTTP also for sandbox accounts.")?,
        };
        section.finish()?;
        Ok(settings)
    }
}

/// The keys of the address guard, the same in every section that sends; what plain HTTP is taken for without `https_only`
/// differs, and so does what is said of it.
pub(super) fn guard(section: &mut Section, https_only: &'static str) -> Result<GuardPolicy, SettingsError> {
    let nets: Vec<Network> =
        section.key("allow_nets", "Networks of your own to allow, as `10.1.0.0/16`.").or(Vec::new())?;
    Ok(GuardPolicy {
        allow_loopback: section.key("allow_loopback", "Speak to `127.0.0.0/8` and `::1`.").or(false)?,
        allow_nets: nets.into_iter().map(|net| net.0).collect(),
        https_only: section.key("https_only", https_only).or(false)?,
    })
}
