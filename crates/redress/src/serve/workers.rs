//! The loops that claim what is due, kept running.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use redress_engine::engine::Engine;
use redress_engine::real_world::TokioSpawner;
use redress_engine::world::{Clock, Spawner};
use tokio::sync::watch;

use super::phase::{Phase, closing};
use crate::open::Opened;

/// How long to wait before a loop that ended by a defect is started again.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// Starts the loops; they end when the phase is no more [`Phase::Open`].
pub(super) fn spawn(opened: &Opened, tasks: &TokioSpawner, phase: &watch::Receiver<Phase>) {
    let keep = |name, work: Work| {
        let engine = opened.engine.clone();
        let clock = Arc::clone(&opened.world.clock);
        tasks.spawn(name, Box::pin(keep_running(name, work, engine, clock, phase.clone())));
    };
    keep("refund worker", |engine, stop| Box::pin(async move { engine.work_refunds(stop).await }));
    keep("delivery worker", |engine, stop| Box::pin(async move { engine.work_deliveries(stop).await }));
    keep("late checks", |engine, stop| Box::pin(async move { engine.work_late_checks(stop).await }));
    keep("import worker", |engine, stop| Box::pin(async move { engine.work_imports(stop).await }));
    keep("event worker", |engine, stop| Box::pin(async move { engine.work_events(stop).await }));
    keep("key uses", |engine, stop| Box::pin(async move { engine.work_key_uses(stop).await }));
    keep("daily sums", |engine, stop| Box::pin(async move { engine.work_daily_sums(stop).await }));
}

type Work = fn(Engine, BoxFuture<'static, ()>) -> BoxFuture<'static, ()>;

/// A defect in one refund must not leave all the others lying.
async fn keep_running(
    name: &'static str,
    work: Work,
    engine: Engine,
    clock: Arc<dyn Clock>,
    phase: watch::Receiver<Phase>,
) {
    loop {
        let stop = Box::pin(closing(phase.clone()));
        if AssertUnwindSafe(work(engine.clone(), stop)).catch_unwind().await.is_ok() {
            return;
        }
        tracing::error!(worker = name, "a worker panicked; it is started again");
        tokio::select! {
            biased;
            () = closing(phase.clone()) => return,
            () = clock.sleep(RESTART_PAUSE) => {}
        }
    }
}
