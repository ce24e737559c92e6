//! Slowing down whoever guesses: a few free tries, then waits that grow.

use std::time::Duration;

use crate::retry::Backoff;
use crate::time::Timestamp;

/// How tries of one kind are slowed down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// So many are answered without a wait.
    pub free: u32,
    /// The waits after those.
    pub wait: Backoff,
    /// After so long without a try nothing is remembered.
    pub forget: Duration,
}

/// The tries so far that have not been found good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// How many.
    pub count: u32,
    /// When the last one was.
    pub last_at: Timestamp,
}

impl Throttle {
    /// When the next try may be; `None` where it may be now.
    pub fn wait_until(self, before: Option<Tries>, now: Timestamp) -> Option<Timestamp> {
        let tries = self.remembered(before, now).filter(|tries| tries.count >= self.free)?;
        let until = tries.last_at.plus(self.wait.delay((tries.count - self.free).saturating_add(1)));
        // A clock that was set back makes nobody wait longer than the longest wait.
        (until > now).then(|| until.min(now.plus(self.wait.max)))
    }

    /// The tries with one more.
    pub fn count(self, before: Option<Tries>, now: Timestamp) -> Tries {
        let count = self.remembered(before, now).map_or(0, |tries| tries.count);
        Tries { count: count.saturating_add(1), last_at: now }
    }

    fn remembered(self, before: Option<Tries>, now: Timestamp) -> Option<Tries> {
        before.filter(|tries| now.since(tries.last_at) < self.forget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_014_400_000_000);
    const RULE: Throttle = Throttle {
        free: 3,
        wait: Backoff { first: Duration::from_secs(2), max: Duration::from_secs(60) },
        forget: Duration::from_secs(3_600),
    };

    #[test]
    fn a_few_are_free_and_then_the_waits_grow_to_their_limit() {
        let (mut tries, mut now, mut waits) = (None, NOW, Vec::new());
        for _ in 0..11 {
            if let Some(until) = RULE.wait_until(tries, now) {
                waits.push(until.since(now).as_secs());
                let early = Timestamp::from_micros(until.as_micros() - 1);
                assert!(RULE.wait_until(tries, early).is_some(), "a microsecond is missing");
                now = until;
            }
            assert_eq!(RULE.wait_until(tries, now), None);
            tries = Some(RULE.count(tries, now));
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60], "the third is the last that comes without one");
    }

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let tries = Some(Tries { count: 50, last_at: NOW });
        let later = NOW.plus(RULE.forget);
        assert_eq!(RULE.wait_until(tries, later), None);
        assert_eq!(RULE.count(tries, later), Tries { count: 1, last_at: later });
        let before = Timestamp::from_micros(later.as_micros() - 1);
        assert_eq!(RULE.count(tries, before).count, 51);
    }

    proptest! {
        #[test]
        fn nobody_waits_longer_than_the_longest_wait(count: u32, ago in -1_000_000_000_000_i64..1_000_000_000_000) {
            let tries = Tries { count, last_at: Timestamp::from_micros(NOW.as_micros() - ago) };
            if let Some(until) = RULE.wait_until(Some(tries), NOW) {
                prop_assert!(until > NOW && until.since(NOW) <= RULE.wait.max);
            }
        }
    }
}
