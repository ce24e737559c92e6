//! The rhythm of a worker: once through what is due, again at once while that finds more, else when woken or at the poll.

use redress_store::StoreError;
use tokio::sync::Notify;

use crate::engine::Engine;

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
                () = tokio::task::yield_now(), if again => {}
                () = woken => {}
                () = self.parts.world.clock.sleep(self.parts.config.poll) => {}
            }
        }
    }
}
