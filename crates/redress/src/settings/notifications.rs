//! `[notifications]`: how merchants are told.

use std::time::Duration;

use redress_core::retry::Backoff;
use redress_engine::config::{DeliverySchedule, EngineConfig};
use redress_psp::guard::GuardPolicy;
use redress_psp::http::CONNECT_TIMEOUT;

use super::SettingsError;
use super::psp::guard;
use super::reader::Section;

#[derive(Clone, Debug)]
pub(crate) struct NotificationSettings {
    /// For one whole attempt.
    pub(crate) timeout: Duration,
    /// For a connection to stand.
    pub(crate) connect_timeout: Duration,
    /// When is tried again, and when given up.
    pub(crate) schedule: DeliverySchedule,
    /// Which addresses beyond the public internet may be spoken to.
    pub(crate) guard: GuardPolicy,
}

impl NotificationSettings {
    pub(super) fn read(section: &mut Section) -> Result<Self, SettingsError> {
        let default = EngineConfig::default();
        let schedule = default.delivery;
        let settings = Self {
            timeout: section.take("timeout", default.delivery_timeout)?,
            connect_timeout: section.take("connect_timeout", CONNECT_TIMEOUT)?,
            schedule: DeliverySchedule {
                backoff: Backoff {
                    first: section.take("retry_first", schedule.backoff.first)?,
                    max: section.take("retry_max", schedule.backoff.max)?,
                },
                sgate_silent_tries: section.take("sgate_silent_tries", schedule.sgate_silent_tries)?,
                sgate_silent_gap: section.take("sgate_silent_gap", schedule.sgate_silent_gap)?,
                sgate_gap: section.take("sgate_gap", schedule.sgate_gap)?,
                tries_max: section.within("tries_max", schedule.tries_max, 1..=10_000)?,
                secret_overlap: section.take("secret_overlap", schedule.secret_overlap)?,
            },
            guard: guard(section)?,
        };
        section.finish()?;
        Ok(settings)
    }
}
