//! A world for tests and simulators: time that moves when told, randomness from a seed.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::BoxFuture;
use redress_core::time::Timestamp;
use tokio::runtime::Handle;

use crate::portal::totp;
use crate::real_world::TokioSpawner;
use crate::world::{Clock, Random, World};

/// A world that begins at `start` and draws from `seed`, its clock (to move the time with) and its spawner (to wait
/// for the tasks with).
///
/// # Panics
/// Outside of a tokio runtime.
pub fn world(start: Timestamp, seed: u64) -> (World, Arc<ManualClock>, TokioSpawner) {
    let clock = Arc::new(ManualClock::new(start));
    let spawner = TokioSpawner::new(Handle::current());
    let world = World {
        clock: Arc::<ManualClock>::clone(&clock),
        random: Arc::new(SeededRandom::new(seed)),
        spawner: Arc::new(spawner.clone()),
    };
    (world, clock, spawner)
}

/// What an authenticator shows of a secret, in base 32, at a time.
///
/// # Panics
/// Where it is no secret.
pub fn authenticator_code(secret: &str, now: Timestamp) -> String {
    let alphabet = base32::Alphabet::Rfc4648 { padding: false };
    totp::code_at(&base32::decode(alphabet, secret).expect("base 32"), now)
}

/// A clock that stands still until it is told to move.
///
/// Sleepers are woken in the order of their deadlines, and those of one deadline in the order in which they began, so
/// that a single-threaded run is the same every time.
pub struct ManualClock {
    state: Arc<Mutex<ClockState>>,
}

struct ClockState {
    now: Timestamp,
    begun: u64,
    sleepers: BTreeMap<(Timestamp, u64), Waker>,
}

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self { state: Arc::new(Mutex::new(ClockState { now: start, begun: 0, sleepers: BTreeMap::new() })) }
    }

    /// Moves the time on by `span` in one jump and wakes whoever's deadline has come.
    pub fn advance(&self, span: Duration) {
        let now = lock(&self.state).now.plus(span);
        self.set(now);
    }

    /// Moves the time to the earliest deadline, wakes those who wait for it, and says what time it is; `None` when
    /// nobody sleeps.
    pub fn advance_to_next(&self) -> Option<Timestamp> {
        let (deadline, _) = *lock(&self.state).sleepers.first_key_value()?.0;
        self.set(deadline);
        Some(deadline)
    }

    /// Sets the time, also backwards as a machine's clock may be, and wakes whoever's deadline has come.
    pub fn set(&self, now: Timestamp) {
        let due = {
            let mut state = lock(&self.state);
            state.now = now;
            let later = state.sleepers.split_off(&(now, u64::MAX));
            std::mem::replace(&mut state.sleepers, later)
        };
        // Without the lock: a waker may run code that asks this clock.
        due.into_values().for_each(Waker::wake);
    }

    /// How many are waiting: lets a test see that what it drives has gone to sleep.
    pub fn sleepers(&self) -> usize {
        lock(&self.state).sleepers.len()
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        formatter
            .debug_struct("ManualClock")
            .field("now", &state.now)
            .field("sleepers", &state.sleepers.len())
            .finish()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        lock(&self.state).now
    }

    fn sleep<'a>(&'a self, span: Duration) -> BoxFuture<'a, ()> {
        let mut state = lock(&self.state);
        state.begun += 1;
        let at = (state.now.plus(span), state.begun);
        drop(state);
        Box::pin(Sleep { clock: Arc::clone(&self.state), at })
    }
}

struct Sleep {
    clock: Arc<Mutex<ClockState>>,
    at: (Timestamp, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.clock);
        if state.now >= self.at.0 {
            return Poll::Ready(());
        }
        state.sleepers.insert(self.at, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        lock(&self.clock).sleepers.remove(&self.at);
    }
}

/// Numbers that look random and are the same for the same seed. Not for secrets of any worth.
///
/// The generator is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug)]
pub struct SeededRandom {
    state: Mutex<u64>,
}

impl SeededRandom {
    /// Begins the sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self { state: Mutex::new(seed) }
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = lock(&self.state);
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = *state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
            chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A test that panicked while it held the lock has failed already; its neighbours go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Sleeps in a task of its own, then notes who woke and when.
    fn sleeper(
        world: &World,
        log: &Arc<Mutex<Vec<(&'static str, Timestamp)>>>,
        name: &'static str,
        span: u64,
    ) {
        let (clock, log) = (Arc::clone(&world.clock), Arc::clone(log));
        world.spawner.spawn(
            name,
            Box::pin(async move {
                clock.sleep(secs(span)).await;
                let now = clock.now();
                lock(&log).push((name, now));
            }),
        );
    }

    #[tokio::test]
    async fn sleepers_wake_in_the_order_of_their_deadlines_and_not_before() {
        let (world, clock, spawner) = world(START, 1);
        let log = Arc::new(Mutex::new(Vec::new()));
        for (name, span) in [("late", 9), ("first", 3), ("second", 3), ("soon", 2)] {
            sleeper(&world, &log, name, span);
        }
        while clock.sleepers() < 4 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_micros(1_999_999));
        tokio::task::yield_now().await;
        assert_eq!(clock.sleepers(), 4, "a microsecond is missing");
        clock.advance(secs(3));
        while spawner.running() > 1 {
            tokio::task::yield_now().await;
        }
        let names: Vec<_> = lock(&log).iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["soon", "first", "second"]);
        assert_eq!(clock.advance_to_next(), Some(START.plus(secs(9))));
        spawner.wait_idle().await;
        assert_eq!(lock(&log).last(), Some(&("late", START.plus(secs(9)))));
        assert_eq!(clock.advance_to_next(), None);
    }

    #[tokio::test]
    async fn a_dropped_sleep_leaves_nothing_behind() {
        let clock = ManualClock::new(START);
        let mut sleep = clock.sleep(secs(5));
        assert!(futures_util::poll!(&mut sleep).is_pending());
        assert_eq!(clock.sleepers(), 1);
        drop(sleep);
        assert_eq!(clock.sleepers(), 0);
    }

    #[tokio::test]
    async fn a_deadline_counts_from_the_call_and_survives_a_step_back() {
        let clock = ManualClock::new(START);
        let mut sleep = clock.sleep(secs(5));
        clock.advance(secs(4));
        assert!(futures_util::poll!(&mut sleep).is_pending());
        clock.set(START);
        assert!(futures_util::poll!(&mut sleep).is_pending());
        clock.advance(secs(5));
        assert!(futures_util::poll!(&mut sleep).is_ready());
        clock.sleep(Duration::ZERO).await;
    }

    #[test]
    fn one_seed_one_sequence() {
        let draw = |seed| {
            let random = SeededRandom::new(seed);
            (random.bytes10(), random.u64())
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        // The generator's well-known first number from seed 0.
        assert_eq!(SeededRandom::new(0).u64(), 0xe220_a839_7b1d_cdaf);
    }
}
