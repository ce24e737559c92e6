//! Work that a caller who hangs up does not break off.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

use crate::engine::Engine;
use crate::world::Spawner;

impl Engine {
    /// Does what is asked; where whoever asked is gone before it is done, the rest runs on in a task of the engine's. So
    /// nothing is left half done between two writes.
    pub async fn to_its_end<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        ToItsEnd { name, rest: Some(Box::pin(work)), spawner: Arc::clone(&self.parts.world.spawner) }.await
    }
}

struct ToItsEnd<T: Send + 'static> {
    name: &'static str,
    rest: Option<BoxFuture<'static, T>>,
    spawner: Arc<dyn Spawner>,
}

impl<T: Send> Future for ToItsEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        // Taken out, so that nothing is left of work that panicked.
        let mut rest = self.rest.take().expect("nobody polls a future that has ended");
        let polled = rest.as_mut().poll(context);
        if polled.is_pending() {
            self.rest = Some(rest);
        }
        polled
    }
}

impl<T: Send> Drop for ToItsEnd<T> {
    fn drop(&mut self) {
        if let Some(rest) = self.rest.take() {
            self.spawner.spawn(self.name, Box::pin(async move { drop(rest.await) }));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use redress_core::time::Timestamp;
    use tokio::sync::oneshot;

    use super::*;
    use crate::testing::world;

    #[tokio::test]
    async fn what_a_caller_leaves_is_finished_without_it() {
        let (world, _, spawner) = world(Timestamp::from_micros(0), 1);
        let (go_on, held) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let work = async move {
            held.await.unwrap();
            done.send("done").unwrap();
        };
        let mut asked = ToItsEnd { name: "work", rest: Some(Box::pin(work)), spawner: world.spawner };
        assert!((&mut asked).now_or_never().is_none());
        assert_eq!(spawner.running(), 0, "whoever stays does the work itself");
        drop(asked);
        go_on.send(()).unwrap();
        spawner.wait_idle().await;
        assert_eq!(is_done.await, Ok("done"));
    }

    #[tokio::test]
    async fn what_is_done_is_not_done_again() {
        let (world, _, spawner) = world(Timestamp::from_micros(0), 1);
        let asked = ToItsEnd { name: "work", rest: Some(Box::pin(async { 7 })), spawner: world.spawner };
        assert_eq!(asked.await, 7);
        assert_eq!(spawner.running(), 0);
    }
}
