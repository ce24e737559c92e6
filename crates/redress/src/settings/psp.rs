//! `[psp]`: how PSPs are spoken to.

use std::time::Duration;

use redress_engine::config::EngineConfig;
use redress_psp::guard::GuardPolicy;
use redress_psp::http::CONNECT_TIMEOUT;

use super::SettingsError;
use super::reader::Section;
use super::value::Network;

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
            timeout: section.take("timeout", EngineConfig::default().psp_timeout)?,
            connect_timeout: section.take("connect_timeout", CONNECT_TIMEOUT)?,
            guard: guard(section)?,
        };
        section.finish()?;
        Ok(settings)
    }
}

/// The keys of the address guard, the same in every section that sends.
pub(super) fn guard(section: &mut Section) -> Result<GuardPolicy, SettingsError> {
    let nets: Vec<Network> = section.take("allow_nets", Vec::new())?;
    Ok(GuardPolicy {
        allow_loopback: section.take("allow_loopback", false)?,
        allow_nets: nets.into_iter().map(|net| net.0).collect(),
        https_only: section.take("https_only", false)?,
    })
}
