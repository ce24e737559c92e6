//! The engine's settings: plain values, checked once where the program starts.

use std::time::Duration;

use redress_core::retry::Backoff;
use redress_core::settle::Timing;

use crate::portal::config::PortalConfig;
use crate::rate::RateConfig;

/// How the engine behaves. Everything has a default that suits production.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The spans by which refunds are followed.
    pub timing: Timing,
    /// How long one exchange with a PSP may take, from connecting to the last byte. MoMo asks for at least 30 s.
    pub psp_timeout: Duration,
    /// How long a face that waits for the PSP waits at most.
    pub face_wait: Duration,
    /// How many callers are kept waiting at once, for a refund's word, end or move or for an event; of those who wait for
    /// more than the first word, one merchant's at most half. One more is answered with how things stand.
    pub waits_max: usize,
    /// How often the store is asked for what is due when nothing woke the loop.
    pub poll: Duration,
    /// How far a signed timestamp of a caller may be from this machine's clock. Unknown for SGate; see the facts.
    pub sgate_clock_tolerance: Duration,
    /// How long one attempt to deliver a notification may take.
    pub delivery_timeout: Duration,
    /// When notifications are tried again.
    pub delivery: DeliverySchedule,
    /// How much each key of an API may ask for; `None` for as much as it likes.
    pub rate: Option<RateConfig>,
    /// Whether there is a portal, and how long people stay signed in.
    pub portal: PortalConfig,
    /// How the world reaches this server, without a slash at its end: PSPs are told addresses below. `None`: they are told none.
    pub public_url: Option<String>,
}

/// When a notification is tried again, and when it is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliverySchedule {
    /// Between tries in the dialects `portone` and `standard`.
    pub backoff: Backoff,
    /// Tries 5 s apart when nothing answers, in the dialect `sgate` (callback page of SGate's documentation).
    pub sgate_silent_tries: u32,
    /// Between those.
    pub sgate_silent_gap: Duration,
    /// Between tries after a wrong answer, in the dialect `sgate`.
    pub sgate_gap: Duration,
    /// After so many tries a delivery is given up. No source states a cap: a setting.
    pub tries_max: u32,
    /// How long the old secret of an endpoint signs beside the new one after a rotation.
    pub secret_overlap: Duration,
    /// An endpoint that has taken nothing for so long is disabled: nothing is sent to it until it is enabled again.
    pub disable_after: Duration,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            timing: Timing {
                lease: Duration::from_secs(90),
                not_sent: Backoff { first: Duration::from_secs(2), max: 5 * MINUTE },
                resolve: Backoff { first: Duration::from_secs(5), max: 30 * MINUTE },
                poll: Backoff { first: Duration::from_secs(10), max: HOUR },
                person_after_queries: 6,
                overdue: 48 * HOUR,
            },
            psp_timeout: Duration::from_secs(30),
            face_wait: Duration::from_secs(10),
            waits_max: 384,
            poll: Duration::from_millis(500),
            sgate_clock_tolerance: Duration::from_secs(300),
            delivery_timeout: Duration::from_secs(10),
            delivery: DeliverySchedule {
                backoff: Backoff { first: Duration::from_secs(5), max: 6 * HOUR },
                sgate_silent_tries: 3,
                sgate_silent_gap: Duration::from_secs(5),
                sgate_gap: 15 * MINUTE,
                tries_max: 100,
                secret_overlap: 24 * HOUR,
                disable_after: 5 * 24 * HOUR,
            },
            rate: None,
            portal: PortalConfig::default(),
            public_url: None,
        }
    }
}

/// A setting that cannot be, or two that contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A lease must outlive the exchange it covers, or another process would doubt a request that is still running.
    #[error("the lease must be at least twice the PSP timeout")]
    LeaseTooShort,
    /// A schedule without a delay would never rest, and what is given no time never succeeds. By its name in the settings.
    #[error("{0} must be longer than zero")]
    ZeroDelay(&'static str),
    /// A session that ends before it can be idle for long enough would make the idle limit a lie.
    #[error("a session must last at least as long as it may be idle")]
    SessionTooShort,
}

impl EngineConfig {
    /// Checks the settings, and the relations between them.
    ///
    /// # Errors
    /// The first [`ConfigError`] found.
    pub fn check(&self) -> Result<(), ConfigError> {
        let (timing, delivery) = (&self.timing, &self.delivery);
        let spans = [
            ("engine.not_sent_first", timing.not_sent.first),
            ("engine.not_sent_max", timing.not_sent.max),
            ("engine.resolve_first", timing.resolve.first),
            ("engine.resolve_max", timing.resolve.max),
            ("engine.pending_first", timing.poll.first),
            ("engine.pending_max", timing.poll.max),
            ("engine.poll", self.poll),
            ("psp.timeout", self.psp_timeout),
            ("notifications.timeout", self.delivery_timeout),
            ("notifications.retry_first", delivery.backoff.first),
            ("notifications.retry_max", delivery.backoff.max),
            ("notifications.sgate_silent_gap", delivery.sgate_silent_gap),
            ("notifications.sgate_gap", delivery.sgate_gap),
            ("notifications.disable_after", delivery.disable_after),
        ];
        if let Some((name, _)) = spans.into_iter().find(|(_, span)| span.is_zero()) {
            return Err(ConfigError::ZeroDelay(name));
        }
        if timing.lease < self.psp_timeout * 2 {
            return Err(ConfigError::LeaseTooShort);
        }
        if self.portal.session < self.portal.idle {
            return Err(ConfigError::SessionTooShort);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_outlives_its_exchange() {
        assert_eq!(EngineConfig::default().check(), Ok(()));
        let short = EngineConfig { psp_timeout: Duration::from_secs(60), ..EngineConfig::default() };
        assert_eq!(short.check(), Err(ConfigError::LeaseTooShort));
        let restless = EngineConfig { poll: Duration::ZERO, ..EngineConfig::default() };
        assert_eq!(restless.check(), Err(ConfigError::ZeroDelay("engine.poll")));
        let portal = PortalConfig { idle: 2 * HOUR, session: HOUR, ..PortalConfig::default() };
        let short = EngineConfig { portal, ..EngineConfig::default() };
        assert_eq!(short.check(), Err(ConfigError::SessionTooShort));
    }
}
