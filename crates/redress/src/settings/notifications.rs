//! `[notifications]`: how merchants are told.

use std::time::Duration;

use redress_core::retry::Backoff;
use redress_engine::config::{DeliverySchedule, EngineConfig};
use redress_psp::guard::GuardPolicy;
use redress_psp::http::CONNECT_TIMEOUT;

use super::error::SettingsError;
use super::psp::guard;
use super::reader::Section;

/// What the reference says of the section.
pub(super) const ABOUT: &str = "\
How merchants are told. `connect_timeout` must be shorter than `timeout`; neither may be `0s`, nor a pause between tries, nor
`disable_after`. The guard of addresses is that of `[psp]`, but that plain http is taken in both environments, live too, unless
`https_only` is set: set it in production.";

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
            timeout: section.key("timeout", "One whole attempt.").or(default.delivery_timeout)?,
            connect_timeout: section
                .key("connect_timeout", "A connection must stand within this.")
                .or(CONNECT_TIMEOUT)?,
            schedule: DeliverySchedule {
                backoff: Backoff {
                    first: section
                        .key("retry_first", "First pause (`portone`, `standard`).")
                        .or(schedule.backoff.first)?,
                    max: section
                        .key("retry_max", "Longest pause (`portone`, `standard`).")
                        .or(schedule.backoff.max)?,
                },
                sgate_silent_tries: section
                    .key("sgate_silent_tries", "Quick tries when nothing answers (`sgate`).")
                    .unit("tries")
                    .or(schedule.sgate_silent_tries)?,
                sgate_silent_gap: section
                    .key("sgate_silent_gap", "Between those.")
                    .or(schedule.sgate_silent_gap)?,
                sgate_gap: section
                    .key("sgate_gap", "Between all other tries (`sgate`).")
                    .or(schedule.sgate_gap)?,
                tries_max: section
                    .key(
                        "tries_max",
                        "After these it is given up; in the dialect `sgate` not before `disable_after`.",
                    )
                    .unit("tries")
                    .within(1..=10_000, schedule.tries_max)?,
                secret_overlap: section
                    .key("secret_overlap", "How long an old secret signs beside the new one.")
                    .or(schedule.secret_overlap)?,
                disable_after: section
                    .key("disable_after", "An endpoint that has taken nothing for so long is disabled.")
                    .or(schedule.disable_after)?,
            },
            guard: guard(section, "Refuse plain HTTP in both environments; without it both take it.")?,
        };
        section.finish()?;
        Ok(settings)
    }
}
