//! The settings of the portal.

use std::time::Duration;

/// Whether there is a portal, and how long people stay signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalConfig {
    /// Without it nobody is served there; people can still be added.
    pub enabled: bool,
    /// A session that was not used for so long is over. It is counted by the minute.
    pub idle: Duration,
    /// A session is over after so long, however much it is used.
    pub session: Duration,
    /// Browsers come by https: the session's cookie is sent by nothing else.
    pub https: bool,
    /// The header, in small letters, in which a trusted proxy tells the browser's address: the last entry counts. `None`
    /// where browsers come themselves, or nobody is to be believed.
    pub client_address_header: Option<String>,
}

impl Default for PortalConfig {
    /// Half an hour and twelve hours: what OWASP's Session Management Cheat Sheet calls common for work that carries
    /// some risk, and a working day.
    fn default() -> Self {
        Self {
            enabled: true,
            idle: Duration::from_secs(30 * 60),
            session: Duration::from_secs(12 * 3_600),
            https: false,
            client_address_header: None,
        }
    }
}
