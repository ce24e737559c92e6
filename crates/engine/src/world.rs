//! The seams to the world: time, randomness and tasks are handed in, never taken from the surroundings.
//!
//! Production hands in [`crate::real_world`], tests and a simulator hand in [`crate::testing`]. Whatever the engine
//! does is then a function of what it was given, so that a run can be repeated from its seed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use redress_core::time::Timestamp;

/// What time it is, and waiting for it.
pub trait Clock: Send + Sync {
    /// The time now. May step backwards when the machine's clock is set; nothing may rely on it alone for an outcome.
    fn now(&self) -> Timestamp;

    /// Resolves once `span` has passed. Dropping the future ends the wait and has no other effect.
    fn sleep<'a>(&'a self, span: Duration) -> BoxFuture<'a, ()>;
}

/// Unpredictable bytes, fit for keys and nonces where the implementation is the real one.
pub trait Random: Send + Sync {
    /// Fills the whole of `bytes`.
    fn fill(&self, bytes: &mut [u8]);

    /// Ten bytes: the random part of an id.
    fn bytes10(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        self.fill(&mut bytes);
        bytes
    }

    /// A number spread evenly over all of `u64`.
    fn u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

/// Starts tasks that outlive their caller: an exchange with a PSP goes on when the one who asked hangs up.
pub trait Spawner: Send + Sync {
    /// Runs `task` to its end, beside the caller. `name` says in logs and traces what kind of task it is.
    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>);
}

/// The three seams together; cloning it shares them.
#[derive(Clone)]
pub struct World {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Tasks.
    pub spawner: Arc<dyn Spawner>,
}

impl fmt::Debug for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("World").finish_non_exhaustive()
    }
}
