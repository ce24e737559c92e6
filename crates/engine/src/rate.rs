//! How much each key of an API may ask for: a bucket a key, which fills steadily and which each request takes one of.
//! Each server counts for itself. Off unless the settings say a rate.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use redress_core::id::KeyId;
use redress_core::time::Timestamp;

use crate::world::Clock;

/// How fast a key's bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateConfig {
    /// Requests a second, for as long as one likes.
    pub per_second: NonZeroU32,
    /// Requests at once, after a rest.
    pub burst: NonZeroU32,
}

/// How a key's bucket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// What the bucket holds when it is full, in requests.
    pub burst: u32,
    /// How long it takes to fill, from empty, in whole seconds.
    pub window_seconds: u32,
    /// How many requests are left in it now.
    pub left: u32,
}

/// Whether a request may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// No rate is set.
    Unlimited,
    /// Yes; it was taken out of the bucket.
    Taken(Allowance),
    /// No, the bucket is empty.
    Wait {
        /// How it stands.
        allowance: Allowance,
        /// When the next request may be answered.
        retry_after: Duration,
    },
}

type Limiter = RateLimiter<KeyId, DashMapStateStore<KeyId>, WorldClock, StateInformationMiddleware>;

/// The buckets of all keys: as many as keys that ever asked, which a server has few of.
pub(crate) struct Rates {
    limited: Option<(RateConfig, Limiter)>,
    clock: WorldClock,
}

/// The world's clock in governor's terms. It never goes back: when the world's is set back, a key in use would else be
/// refused until that has caught up.
#[derive(Clone)]
struct WorldClock {
    clock: Arc<dyn Clock>,
    run: Arc<Mutex<Run>>,
}

/// How far the clock has run.
struct Run {
    seen: Timestamp,
    passed: Duration,
}

impl WorldClock {
    fn new(clock: Arc<dyn Clock>) -> Self {
        let run = Run { seen: clock.now(), passed: Duration::ZERO };
        Self { clock, run: Arc::new(Mutex::new(run)) }
    }
}

impl governor::clock::Clock for WorldClock {
    /// Since it began.
    type Instant = Duration;

    fn now(&self) -> Duration {
        let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        // Asked under the lock: an earlier time that came after a later one would have the span between counted twice.
        let now = self.clock.now();
        run.passed = run.passed.saturating_add(now.since(run.seen));
        run.seen = now;
        run.passed
    }
}

impl Rates {
    pub(crate) fn new(config: Option<RateConfig>, clock: Arc<dyn Clock>) -> Self {
        let clock = WorldClock::new(clock);
        let limited = config.map(|config| {
            let quota = Quota::per_second(config.per_second).allow_burst(config.burst);
            (config, Limiter::new(quota, DashMapStateStore::default(), clock.clone()))
        });
        Self { limited, clock }
    }

    pub(crate) fn take(&self, key: KeyId) -> Turn {
        let Some((config, limiter)) = &self.limited else { return Turn::Unlimited };
        let allowance = |left| Allowance {
            burst: config.burst.get(),
            window_seconds: config.burst.get().div_ceil(config.per_second.get()),
            left,
        };
        match limiter.check_key(&key) {
            Ok(state) => Turn::Taken(allowance(state.remaining_burst_capacity())),
            Err(not_until) => {
                let now = governor::clock::Clock::now(&self.clock);
                Turn::Wait { allowance: allowance(0), retry_after: not_until.wait_time_from(now) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::world;

    const START: Timestamp = Timestamp::from_micros(1_795_014_400_123_456);

    fn key(n: u8) -> KeyId {
        KeyId::from_bytes([n; 16])
    }

    #[tokio::test]
    async fn a_bucket_empties_and_fills_and_each_key_has_its_own() {
        let (world, clock, _) = world(START, 1);
        let of = |n| NonZeroU32::new(n).unwrap();
        let rates =
            Rates::new(Some(RateConfig { per_second: of(2), burst: of(3) }), Arc::clone(&world.clock));
        let left = |n| match rates.take(key(n)) {
            Turn::Taken(allowance) => {
                assert_eq!((allowance.burst, allowance.window_seconds), (3, 2));
                Ok(allowance.left)
            }
            Turn::Wait { allowance, retry_after } => {
                assert_eq!(allowance.left, 0);
                Err(retry_after.as_millis())
            }
            Turn::Unlimited => panic!("there is a limit"),
        };
        assert_eq!([left(1), left(1), left(1), left(1)], [Ok(2), Ok(1), Ok(0), Err(500)]);
        assert_eq!(left(2), Ok(2), "another key");
        clock.advance(Duration::from_millis(400));
        assert_eq!(left(1), Err(100), "a refused request takes nothing");
        clock.advance(Duration::from_millis(100));
        assert_eq!([left(1), left(1)], [Ok(0), Err(500)]);
        clock.advance(Duration::from_secs(60));
        assert_eq!(left(1), Ok(2), "it holds no more than its burst");
    }

    #[tokio::test]
    async fn a_clock_that_was_set_back_keeps_no_bucket_empty() {
        let (world, clock, _) = world(START, 1);
        let one = NonZeroU32::new(1).unwrap();
        let rates = Rates::new(Some(RateConfig { per_second: one, burst: one }), Arc::clone(&world.clock));
        let is_taken = || matches!(rates.take(key(1)), Turn::Taken(_));
        assert_eq!([is_taken(), is_taken()], [true, false]);
        clock.set(Timestamp::from_micros(START.as_micros() - 3 * 3600 * 1_000_000));
        assert!(!is_taken(), "a step back fills nothing");
        clock.advance(Duration::from_secs(1));
        assert_eq!([is_taken(), is_taken()], [true, false], "it fills as before, and not after 3 h");
        let Turn::Wait { retry_after, .. } = rates.take(key(1)) else { panic!("it is empty") };
        assert_eq!(retry_after, Duration::from_secs(1));
    }

    #[tokio::test]
    async fn without_a_rate_nothing_is_counted() {
        let (world, _, _) = world(START, 1);
        let rates = Rates::new(None, Arc::clone(&world.clock));
        assert!((0..1_000).all(|_| rates.take(key(1)) == Turn::Unlimited));
    }
}
