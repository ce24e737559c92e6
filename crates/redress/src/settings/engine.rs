//! `[engine]`: the spans by which refunds are followed. None of them ever decides an outcome.

use std::time::Duration;

use redress_core::retry::Backoff;
use redress_core::settle::Timing;
use redress_engine::config::EngineConfig;

use super::SettingsError;
use super::reader::Section;

#[derive(Clone, Debug)]
pub(crate) struct EngineSettings {
    /// How refunds are followed.
    pub(crate) timing: Timing,
    /// How long PortOne's face waits for the PSP.
    pub(crate) face_wait: Duration,
    /// How often the store is asked for what is due.
    pub(crate) poll: Duration,
    /// How far a caller's signed timestamp may be off.
    pub(crate) sgate_clock_tolerance: Duration,
}

impl EngineSettings {
    pub(super) fn read(section: &mut Section) -> Result<Self, SettingsError> {
        let default = EngineConfig::default();
        let timing = default.timing;
        let settings = Self {
            timing: Timing {
                lease: section.take("lease", timing.lease)?,
                not_sent: Backoff {
                    first: section.take("not_sent_first", timing.not_sent.first)?,
                    max: section.take("not_sent_max", timing.not_sent.max)?,
                },
                resolve: Backoff {
                    first: section.take("resolve_first", timing.resolve.first)?,
                    max: section.take("resolve_max", timing.resolve.max)?,
                },
                poll: Backoff {
                    first: section.take("pending_first", timing.poll.first)?,
                    max: section.take("pending_max", timing.poll.max)?,
                },
                person_after_queries: section.take("person_after_queries", timing.person_after_queries)?,
                overdue: section.take("overdue", timing.overdue)?,
            },
            face_wait: section.take("face_wait", default.face_wait)?,
            poll: section.within("poll", default.poll, Duration::from_millis(1)..=Duration::from_secs(60))?,
            sgate_clock_tolerance: section.take("sgate_clock_tolerance", default.sgate_clock_tolerance)?,
        };
        section.finish()?;
        Ok(settings)
    }
}
