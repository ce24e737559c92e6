//! `[portal]`: whether there is one, and how long people stay signed in.

use std::time::Duration;

use redress_engine::portal::PortalConfig;

use super::error::SettingsError;
use super::reader::Section;
use super::value::Setting;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// What the reference says of the section.
pub(super) const ABOUT: &str = "\
Where people of a merchant sign in, as `redress user add` lets them. `session` must be at least `idle`. Both count for
sessions that have begun before they were changed too. Browsers come by https where `server.behind_tls_proxy` is `true` or
`server.public_url` begins with `https:`; cookies are `Secure` then. Wrong passwords are counted by address too: behind a
proxy, `client_address_header` names the header in which it tells the browser's, as `x-forwarded-for`; its last entry
counts. Set it only where every request passes that proxy: a browser that comes past it could claim any address.";

#[derive(Clone, Debug)]
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
            client_address_header: section
                .key("client_address_header", "Where a trusted proxy tells a browser's address.")
                .or_none::<Header>("none")?
                .map(|header| header.0),
            ..default
        };
        section.finish()?;
        Ok(Self { config })
    }
}

/// The name of a header (RFC 9110, section 5.1), in small letters.
struct Header(String);

impl Setting for Header {
    const KIND: &'static str = "name of a header";

    fn show(&self) -> String {
        self.0.clone()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let is_name =
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if is_name {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err("must be the name of a header, as x-forwarded-for".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_name() {
        assert_eq!(Header::from_text("X-Forwarded-For").map(|header| header.0), Ok("x-forwarded-for".into()));
        for wrong in ["", "x forwarded", "x:y"] {
            assert!(Header::from_text(wrong).is_err(), "{wrong}");
        }
    }
}
