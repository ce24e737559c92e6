//! What follows from a try to notify, as a pure function.

use redress_core::time::Timestamp;
use redress_store::ops::deliveries::AfterDelivery;
use redress_store::ops::endpoints::Dialect;

use crate::config::DeliverySchedule;

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The receiver has it.
    Delivered,
    /// Something answered, but did not take it.
    WrongAnswer,
    /// Nothing answered.
    Silent,
    /// It cannot be built or signed as things stand.
    NotSendable,
    /// It will never be sent: the endpoint is revoked, the address gone.
    Over,
}

impl Verdict {
    /// Whether the endpoint was asked and did not take it.
    pub(super) const fn is_the_endpoints_fault(self) -> bool {
        matches!(self, Self::WrongAnswer | Self::Silent)
    }

    /// The name in the metric.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::WrongAnswer => "wrong_answer",
            Self::Silent => "no_answer",
            Self::NotSendable => "not_sendable",
            Self::Over => "over",
        }
    }
}

/// One try, as the schedule sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Try {
    /// The dialect of the delivery.
    pub(super) dialect: Dialect,
    /// Its number, from 1.
    pub(super) attempt: u32,
    /// Tries in a row before it that nothing answered.
    pub(super) silent_before: u32,
    /// What came of it.
    pub(super) verdict: Verdict,
    /// When it ended.
    pub(super) ended_at: Timestamp,
    /// Since when the delivery has been owed.
    pub(super) owed_since: Timestamp,
    /// Spreads out what failed together.
    pub(super) seed: u64,
}

/// What follows.
///
/// In the dialects `portone` and `standard` the pauses double. SGate's are those of its callback page
/// (<https://docs.sgate.sa/en/payinApi/callBack/callBack.html>): where nothing answers, three more tries 5 s apart,
/// then one every 15 minutes; after a wrong answer one every 15 minutes. No source caps them; the settings do. Even pauses
/// use up the tries within a day or so, and what an endpoint is owed is to wait until it is repaired: nothing is given up
/// there before an endpoint that takes nothing is disabled.
pub(super) fn what_follows(schedule: &DeliverySchedule, tried: &Try) -> AfterDelivery {
    let silent = tried.verdict == Verdict::Silent;
    match tried.verdict {
        Verdict::Delivered => return AfterDelivery::Delivered,
        Verdict::Over => return AfterDelivery::GivenUp,
        _ if tried.attempt >= schedule.tries_max && !is_kept(schedule, tried) => {
            return AfterDelivery::GivenUp;
        }
        Verdict::WrongAnswer | Verdict::Silent | Verdict::NotSendable => {}
    }
    let pause = match tried.dialect {
        Dialect::Portone | Dialect::Standard => schedule.backoff.jittered(tried.attempt, tried.seed),
        Dialect::Sgate if silent && tried.silent_before < schedule.sgate_silent_tries => {
            schedule.sgate_silent_gap
        }
        Dialect::Sgate => schedule.sgate_gap,
    };
    AfterDelivery::Again { due_at: tried.ended_at.plus(pause), silent }
}

fn is_kept(schedule: &DeliverySchedule, tried: &Try) -> bool {
    tried.dialect == Dialect::Sgate && tried.ended_at.since(tried.owed_since) < schedule.disable_after
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::EngineConfig;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);

    const A_MONTH_AGO: Timestamp = Timestamp::from_micros(NOW.as_micros() - 30 * 24 * 3_600 * 1_000_000);

    /// The pauses in seconds between the tries of one delivery, until it is over.
    fn pauses(dialect: Dialect, tries_max: u32, verdicts: &[Verdict]) -> (Vec<u64>, Option<AfterDelivery>) {
        let schedule = DeliverySchedule { tries_max, ..EngineConfig::default().delivery };
        let (mut pauses, mut silent_before) = (Vec::new(), 0);
        for (attempt, &verdict) in (1..).zip(verdicts) {
            let tried = Try {
                dialect,
                attempt,
                silent_before,
                verdict,
                ended_at: NOW,
                owed_since: A_MONTH_AGO,
                seed: 0,
            };
            match what_follows(&schedule, &tried) {
                AfterDelivery::Again { due_at, silent } => {
                    pauses.push(due_at.since(NOW).as_secs());
                    silent_before = if silent { silent_before + 1 } else { 0 };
                }
                over => return (pauses, Some(over)),
            }
        }
        (pauses, None)
    }

    use Verdict::{Delivered, NotSendable, Over, Silent, WrongAnswer};

    #[test]
    fn portone_and_standard_double_their_pauses() {
        for dialect in [Dialect::Portone, Dialect::Standard] {
            let tries = [Silent, WrongAnswer, NotSendable, Silent, WrongAnswer, Delivered];
            assert_eq!(
                pauses(dialect, 100, &tries),
                (vec![5, 10, 20, 40, 80], Some(AfterDelivery::Delivered))
            );
        }
        let long = pauses(Dialect::Standard, 100, &[WrongAnswer; 20]).0;
        assert_eq!(long.last(), Some(&21_600), "six hours at most");
    }

    #[test]
    fn sgate_tries_three_times_more_at_once_then_every_quarter_of_an_hour() {
        assert_eq!(pauses(Dialect::Sgate, 100, &[Silent; 6]).0, [5, 5, 5, 900, 900, 900]);
        assert_eq!(pauses(Dialect::Sgate, 100, &[WrongAnswer; 3]).0, [900, 900, 900]);
        assert_eq!(
            pauses(Dialect::Sgate, 100, &[Silent, WrongAnswer, Silent, NotSendable]).0,
            [5, 900, 5, 900]
        );
    }

    #[test]
    fn tries_have_a_cap_and_some_ends_come_at_once() {
        for dialect in Dialect::ALL {
            let (tries, end) = pauses(dialect, 3, &[WrongAnswer; 9]);
            assert_eq!((tries.len(), end), (2, Some(AfterDelivery::GivenUp)));
            assert_eq!(pauses(dialect, 3, &[Over]), (vec![], Some(AfterDelivery::GivenUp)));
            let late = pauses(dialect, 3, &[Silent, Silent, Delivered]).1;
            assert_eq!(late, Some(AfterDelivery::Delivered), "the last try counts");
        }
    }

    #[test]
    fn what_an_sgate_endpoint_is_owed_waits_as_long_as_it_may_fail() {
        let schedule = DeliverySchedule { tries_max: 3, ..EngineConfig::default().delivery };
        let is_given_up = |dialect, owed_for| {
            let tried = Try {
                dialect,
                attempt: 300,
                silent_before: 0,
                verdict: WrongAnswer,
                ended_at: NOW.plus(owed_for),
                owed_since: NOW,
                seed: 0,
            };
            what_follows(&schedule, &tried) == AfterDelivery::GivenUp
        };
        let shorter = schedule.disable_after.saturating_sub(Duration::from_secs(1));
        assert!(!is_given_up(Dialect::Sgate, shorter));
        assert!(is_given_up(Dialect::Sgate, schedule.disable_after));
        assert!(is_given_up(Dialect::Standard, shorter) && is_given_up(Dialect::Portone, shorter));
    }

    #[test]
    fn what_failed_together_does_not_come_back_together() {
        let schedule = EngineConfig::default().delivery;
        let tried = |seed| Try {
            dialect: Dialect::Standard,
            attempt: 3,
            silent_before: 0,
            verdict: WrongAnswer,
            ended_at: NOW,
            owed_since: NOW,
            seed,
        };
        assert_ne!(what_follows(&schedule, &tried(1)), what_follows(&schedule, &tried(2)));
    }
}
