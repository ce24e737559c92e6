//! What the tests against the sandbox hand in to it: a clock that stands until it is moved, and a catcher of what the
//! PSP tells.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use redress_core::time::Timestamp;
use redress_sandbox::World;
use redress_sandbox::world::{Notification, Notifier, NotifyError, SandboxClock};
use tokio::sync::watch;

/// 2026-01-02T03:04:05Z.
const START_MS: i64 = 1_767_323_045_000;

/// Stands until it is moved.
#[derive(Clone)]
pub(crate) struct StandingClock(Arc<watch::Sender<i64>>);

impl StandingClock {
    /// What the clock shows.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now_ms() * 1_000)
    }

    /// Moves it on; whoever slept until then wakes.
    pub(crate) fn advance(&self, ms: i64) {
        self.0.send_modify(|now_ms| *now_ms += ms);
    }
}

impl SandboxClock for StandingClock {
    fn now_ms(&self) -> i64 {
        *self.0.borrow()
    }

    fn sleep(&self, duration_ms: u64) -> BoxFuture<'static, ()> {
        let until = self.now_ms().saturating_add_unsigned(duration_ms);
        let mut shown = self.0.subscribe();
        async move {
            // An error says that the clock is gone, and with it the test.
            let _ = shown.wait_for(|now_ms| *now_ms >= until).await;
        }
        .boxed()
    }
}

/// Catches what the sandbox tells.
#[derive(Clone)]
pub(crate) struct Told(Arc<watch::Sender<Vec<Notification>>>);

impl Told {
    /// The notification of that number, as soon as it was sent.
    pub(crate) async fn number(&self, number: usize) -> Notification {
        let mut told = self.0.subscribe();
        let told = told.wait_for(|told| told.len() > number).await;
        told.expect("the sender lives as long as this")[number].clone()
    }
}

impl Notifier for Told {
    fn post(&self, notification: Notification) -> BoxFuture<'static, Result<u16, NotifyError>> {
        self.0.send_modify(|told| told.push(notification));
        std::future::ready(Ok(200)).boxed()
    }
}

/// A world of the sandbox with these two.
pub(crate) fn world() -> (World, StandingClock, Told) {
    let clock = StandingClock(Arc::new(watch::Sender::new(START_MS)));
    let told = Told(Arc::new(watch::Sender::default()));
    let world = World { clock: Arc::new(clock.clone()), notifier: Arc::new(told.clone()), ..World::real() };
    (world, clock, told)
}
