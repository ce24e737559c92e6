//! The real time, randomness and tasks: the one place of the engine that takes them from the machine.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use redress_core::time::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::world::{Clock, Random, Spawner};

/// The machine's clock, UTC.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is handed in")]
    fn now(&self) -> Timestamp {
        let now = std::time::SystemTime::now();
        // A machine whose clock stands before 1970 is read as 1970; a start compares the clock where it matters.
        let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(0).plus(since_epoch)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock that is handed in")]
    fn sleep<'a>(&'a self, span: Duration) -> BoxFuture<'a, ()> {
        Box::pin(tokio::time::sleep(span))
    }
}

/// The operating system's cryptographic randomness.
#[derive(Clone, Copy, Debug)]
pub struct OsRandom {
    _proved: (),
}

impl OsRandom {
    /// Draws once, so that a system without randomness is refused at the start and not in the middle of a refund.
    ///
    /// # Errors
    /// The operating system's own error when it has no randomness to give.
    pub fn new() -> Result<Self, getrandom::Error> {
        getrandom::fill(&mut [0; 1])?;
        Ok(Self { _proved: () })
    }
}

impl Random for OsRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // Going on with predictable keys and nonces would be worse than stopping.
        getrandom::fill(bytes)
            .expect("the operating system gave randomness at the start and does not stop later");
    }
}

/// Runs tasks on a tokio runtime and knows how many are running, so that a shutdown can wait for them.
#[derive(Clone, Debug)]
pub struct TokioSpawner {
    runtime: Handle,
    running: Arc<watch::Sender<usize>>,
}

impl TokioSpawner {
    /// A spawner on this runtime; its handle works from any thread.
    pub fn new(runtime: Handle) -> Self {
        Self { runtime, running: Arc::new(watch::Sender::new(0)) }
    }

    /// How many tasks have started and not ended.
    pub fn running(&self) -> usize {
        *self.running.borrow()
    }

    /// Resolves once no task is running: those that running tasks start count too. Has no limit of its own; the
    /// caller bounds it with the [`Clock`]. Nothing is canceled when it is dropped.
    pub async fn wait_idle(&self) {
        let mut running = self.running.subscribe();
        running.wait_for(|count| *count == 0).await.expect("the sender is alive: self holds it");
    }
}

impl Spawner for TokioSpawner {
    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>) {
        let running = Running::start(Arc::clone(&self.running));
        self.runtime.spawn(async move {
            let _running = running;
            // Nobody awaits the handle, so a panic would go unseen. What it was about has a due time in the store.
            if AssertUnwindSafe(task).catch_unwind().await.is_err() {
                tracing::error!(task = name, "a task panicked");
            }
        });
    }
}

/// Counts one task for as long as it lives, however it ends.
struct Running(Arc<watch::Sender<usize>>);

impl Running {
    fn start(count: Arc<watch::Sender<usize>>) -> Self {
        count.send_modify(|running| *running += 1);
        Self(count)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[test]
    fn the_clock_counts_in_microseconds() {
        // 2025-01-01 and 2100-01-01: catches a unit that is wrong by a thousand.
        let now = SystemClock.now().as_seconds();
        assert!((1_735_689_600..4_102_444_800).contains(&now), "{now}");
    }

    #[tokio::test]
    async fn a_sleep_ends() {
        SystemClock.sleep(Duration::ZERO).await;
    }

    #[test]
    fn randomness_differs_from_draw_to_draw() {
        let random = OsRandom::new().unwrap();
        let (mut first, mut second) = ([0; 32], [0; 32]);
        random.fill(&mut first);
        random.fill(&mut second);
        assert_ne!(first, second);
        assert_ne!(first, [0; 32]);
    }

    #[tokio::test]
    async fn idle_means_that_every_task_has_ended() {
        let spawner = TokioSpawner::new(Handle::current());
        spawner.wait_idle().await;
        let (let_go, held) = oneshot::channel::<()>();
        let (inner, done) = (spawner.clone(), Arc::new(watch::Sender::new(false)));
        let report = Arc::clone(&done);
        spawner.spawn(
            "outer",
            Box::pin(async move {
                held.await.unwrap();
                inner.spawn(
                    "inner",
                    Box::pin(async move {
                        tokio::task::yield_now().await;
                        report.send_replace(true);
                    }),
                );
            }),
        );
        assert_eq!(spawner.running(), 1);
        let mut idle = Box::pin(spawner.wait_idle());
        assert!(futures_util::poll!(&mut idle).is_pending(), "the task still waits");
        let_go.send(()).unwrap();
        idle.await;
        assert!(*done.borrow(), "the inner task ended before idle was reported");
        assert_eq!(spawner.running(), 0);
    }

    #[tokio::test]
    async fn a_panic_ends_its_own_task_only() {
        let spawner = TokioSpawner::new(Handle::current());
        spawner.spawn("breaks", Box::pin(async { panic!("on purpose, in a test") }));
        spawner.wait_idle().await;
        assert_eq!(spawner.running(), 0);
    }

    #[tokio::test]
    async fn tasks_start_from_threads_outside_the_runtime() {
        let spawner = TokioSpawner::new(Handle::current());
        let (send, receive) = oneshot::channel();
        let outside = spawner.clone();
        std::thread::spawn(move || outside.spawn("from outside", Box::pin(async { send.send(7).unwrap() })));
        assert_eq!(receive.await.unwrap(), 7);
    }
}
