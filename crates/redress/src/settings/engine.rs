//! `[engine]`: the spans by which refunds are followed. None of them ever decides an outcome.

use std::time::Duration;

use redress_core::retry::Backoff;
use redress_core::settle::Timing;
use redress_engine::config::EngineConfig;

use super::error::SettingsError;
use super::reader::Section;

/// What the reference says of the section.
pub(super) const ABOUT: &str = "\
How refunds are followed. None of these spans ever decides how a refund ended. Pauses double from first to max and are
made up to a tenth longer at random, and none may be `0s`. `lease` must be at least twice `psp.timeout`. `poll` is also how
soon a running server notices what a command changed.";

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
                lease: section
                    .key("lease", "For a process to send one refund and record the answer.")
                    .or(timing.lease)?,
                not_sent: Backoff {
                    first: section
                        .key("not_sent_first", "First pause after a request that provably never left.")
                        .or(timing.not_sent.first)?,
                    max: section.key("not_sent_max", "Longest such pause.").or(timing.not_sent.max)?,
                },
                resolve: Backoff {
                    first: section
                        .key("resolve_first", "First pause between look-ups while nobody knows.")
                        .or(timing.resolve.first)?,
                    max: section.key("resolve_max", "Longest such pause.").or(timing.resolve.max)?,
                },
                poll: Backoff {
                    first: section
                        .key("pending_first", "First pause between look-ups while the PSP says \"pending\".")
                        .or(timing.poll.first)?,
                    max: section.key("pending_max", "Longest such pause.").or(timing.poll.max)?,
                },
                person_after_queries: section
                    .key("person_after_queries", "Fruitless look-ups before a case is opened.")
                    .unit("look-ups")
                    .or(timing.person_after_queries)?,
                overdue: section
                    .key(
                        "overdue",
                        "A refund that is pending for longer, or could not be sent for so long, gets a case.",
                    )
                    .or(timing.overdue)?,
            },
            face_wait: section
                .key("face_wait", "How long PortOne's create waits for the PSP.")
                .or(default.face_wait)?,
            poll: section
                .key("poll", "How often the store is asked for what is due.")
                .within(Duration::from_millis(1)..=Duration::from_secs(60), default.poll)?,
            sgate_clock_tolerance: section
                .key("sgate_clock_tolerance", "How far a caller's signed timestamp may be off.")
                .or(default.sgate_clock_tolerance)?,
        };
        section.finish()?;
        Ok(settings)
    }
}
