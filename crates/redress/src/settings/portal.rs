//! `[portal]`: whether there is one, and how long people stay signed in.

use std::time::Duration;

use redress_engine::portal::PortalConfig;

use super::SettingsError;
use super::reader::Section;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// What the reference says of the section.
pub(super) const ABOUT: &str = "\
Where people of a merchant sign in, as `redress user add` lets them. `session` must be at least `idle`. Both count for
sessions that have begun before they were changed too.";

#[derive(Clone, Copy, Debug)]
pub(crate) struct PortalSettings {
    /// As the engine takes them.
    pub(crate) config: PortalConfig,
}

impl PortalSettings {
    pub(super) fn read(section: &mut Section) -> Result<Self, SettingsError> {
        let default = PortalConfig::default();
        let config = PortalConfig {
            enabled: section.key("enabled", "Serve it.").or(default.enabled)?,
            idle: section
                .key("idle", "A session that was not used for so long is over; counted by the minute.")
                .within(5 * MINUTE..=DAY, default.idle)?,
            session: section
                .key("session", "A session is over after so long, however much it is used.")
                .within(5 * MINUTE..=30 * DAY, default.session)?,
        };
        section.finish()?;
        Ok(Self { config })
    }
}
