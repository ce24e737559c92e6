//! The rhythm of a worker: once through what is due, again soon while that finds more, else when woken or at the poll.

use std::time::Duration;

use redress_store::StoreError;
use tokio::sync::Notify;

use crate::engine::Engine;

/// After a look that found something. What becomes due in the meantime is found by one look then: under load each
/// exchange that ends would else cause one of its own, which costs more than the exchange.
pub(crate) const LOOK_PAUSE: Duration = Duration::from_millis(3);

impl Engine {
    /// Repeats `once` until `stop` resolves. `due` wakes it; `what` says in the log what cannot be asked for.
    pub(crate) async fn repeat<F, Once>(
        &self,
        what: &'static str,
        due: &Notify,
        once: F,
        stop: impl Future<Output = ()>,
    ) where
        F: Fn() -> Once,
        Once: Future<Output = Result<bool, StoreError>>,
    {
        tokio::pin!(stop);
        loop {
            // Before the look, so that what becomes due meanwhile is not missed.
            let woken = due.notified();
            let again = once().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the store cannot be asked for {what}");
                false
            });
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = self.parts.world.clock.sleep(LOOK_PAUSE), if again => {}
                () = woken, if !again => {}
                () = self.parts.world.clock.sleep(self.parts.config.poll), if !again => {}
            }
        }
    }

    /// Repeats `once` at an interval of `every`, and at once again where it says so, until `stop` resolves. Nothing wakes it;
    /// `what` says in the log what cannot be done.
    pub(crate) async fn repeat_every<F, Once>(
        &self,
        what: &'static str,
        every: Duration,
        once: F,
        stop: impl Future<Output = ()>,
    ) where
        F: Fn() -> Once,
        Once: Future<Output = Result<bool, StoreError>>,
    {
        tokio::pin!(stop);
        loop {
            let again = once().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the store cannot be asked for {what}");
                false
            });
            let pause = if again { LOOK_PAUSE } else { every };
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = self.parts.world.clock.sleep(pause) => {}
            }
        }
    }
}
