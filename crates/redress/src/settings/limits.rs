//! `[limits]`: how much is taken at once.

use std::num::NonZeroU32;
use std::time::Duration;

use redress_engine::rate::RateConfig;
use redress_store::{GROUP_OPS_MAX, QUEUE_OPS_MAX};

use super::error::SettingsError;
use super::reader::Section;

/// Connections that are served at once unless told otherwise; fits under the usual 1024 open files of a process.
const CONNECTIONS_MAX: usize = 768;

/// What the reference says of the section.
pub(super) const ABOUT: &str = "How much is taken at once.";

#[derive(Clone, Debug)]
pub(crate) struct LimitSettings {
    /// Connections that are served at once; further ones wait in the system's queue.
    pub(crate) connections_max: usize,
    /// A request's head must come within this; an idle connection is closed after it.
    pub(crate) head_timeout: Duration,
    /// A request's body must come within this.
    pub(crate) body_timeout: Duration,
    /// A caller must go on reading its answer within this.
    pub(crate) write_timeout: Duration,
    /// Operations that wait for the store; one more is answered 503.
    pub(crate) store_queue_max: usize,
    /// Operations in one commit (SQLite).
    pub(crate) store_group_max: usize,
    /// How much each key of an API may ask for.
    pub(crate) rate: Option<RateConfig>,
}

impl LimitSettings {
    pub(super) fn read(section: &mut Section) -> Result<Self, SettingsError> {
        let spans = Duration::from_millis(100)..=Duration::from_secs(600);
        let settings = Self {
            connections_max: section
                .key(
                    "connections_max",
                    "Served at once; more wait in the system's queue. Half of them at most wait for a refund or an \
                     event.",
                )
                .unit("connections")
                .within(1..=1_000_000, CONNECTIONS_MAX)?,
            head_timeout: section
                .key("head_timeout", "For a request's head, and for an idle connection.")
                .within(spans.clone(), Duration::from_secs(30))?,
            body_timeout: section
                .key("body_timeout", "For a request's body.")
                .within(spans.clone(), Duration::from_secs(15))?,
            write_timeout: section
                .key("write_timeout", "A caller that stops reading its answer for so long is let go.")
                .within(spans, Duration::from_secs(15))?,
            store_queue_max: section
                .key("store_queue_max", "Wait for the store; more are answered 503.")
                .unit("operations")
                .within(1..=1_000_000, QUEUE_OPS_MAX)?,
            store_group_max: section
                .key("store_group_max", "In one commit (SQLite).")
                .unit("operations")
                .within(1..=10_000, GROUP_OPS_MAX)?,
            rate: rate(section)?,
        };
        section.finish()?;
        Ok(settings)
    }

    /// Callers that may wait at once for what may happen later: the other connections are for those who do not.
    pub(super) fn waits_max(&self) -> usize {
        (self.connections_max / 2).max(1)
    }
}

fn rate(section: &mut Section) -> Result<Option<RateConfig>, SettingsError> {
    let per_second = section
        .key(
            "requests_per_second",
            "Of each key of an API; more are answered 429. 0 for as many as it likes.",
        )
        .unit("requests")
        .within(0..=1_000_000, 0_u32)?;
    let burst = section
        .key("burst", "Of each key at once, after a rest. 0 for as many as in a second.")
        .unit("requests")
        .within(0..=1_000_000, 0_u32)?;
    Ok(NonZeroU32::new(per_second)
        .map(|per_second| RateConfig { per_second, burst: NonZeroU32::new(burst).unwrap_or(per_second) }))
}
