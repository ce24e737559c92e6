//! When to try again: pure schedules.

use std::time::Duration;

/// Delays that double from `first` up to `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The delay after the first try.
    pub first: Duration,
    /// No delay is longer.
    pub max: Duration,
}

impl Backoff {
    /// The delay after the `tries`-th try (from 1), without jitter.
    pub fn delay(self, tries: u32) -> Duration {
        let factor = 1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor.max(1)).min(self.max)
    }

    /// The delay after the `tries`-th try, made up to a tenth longer by `seed`, so that what failed together does not
    /// come back together.
    pub fn jittered(self, tries: u32, seed: u64) -> Duration {
        let delay = self.delay(tries);
        let tenth = u64::try_from(delay.as_micros() / 10).unwrap_or(u64::MAX);
        delay + Duration::from_micros(if tenth == 0 { 0 } else { seed % tenth })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn delays_double_up_to_the_limit() {
        let backoff = Backoff { first: Duration::from_secs(1), max: Duration::from_secs(60) };
        let seconds: Vec<_> = (1..9).map(|tries| backoff.delay(tries).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff.delay(u32::MAX), backoff.max);
    }

    proptest! {
        #[test]
        fn jitter_adds_at_most_a_tenth(first in 0u64..1_000_000, max in 0u64..10_000_000, tries: u32, seed: u64) {
            let backoff = Backoff { first: Duration::from_micros(first), max: Duration::from_micros(max) };
            let (plain, jittered) = (backoff.delay(tries), backoff.jittered(tries, seed));
            prop_assert!(plain <= jittered && jittered <= plain + plain / 10 && plain <= backoff.max);
        }
    }
}
