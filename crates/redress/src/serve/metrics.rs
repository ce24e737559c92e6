//! What Prometheus reads: counters as they rise, and how much waits, counted now and then.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use redress_core::case::CaseKind;
use redress_core::state::StateName;
use redress_engine::admin::waiting::Waiting;
use redress_engine::engine::Engine;
use redress_engine::real_world::TokioSpawner;
use redress_engine::world::{Clock, Spawner};
use redress_store::StoreStats;
use tokio::sync::watch;

use super::Phase;
use super::workers::closing;
use crate::failure::Failure;
use crate::open::Opened;

/// How often is counted what waits.
const SAMPLE_EVERY: Duration = Duration::from_secs(10);

/// The content type of Prometheus' text format.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The recorder of this process: there is one, because whatever counts finds it by itself.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// The way to what was counted.
pub(super) struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Begins to count, once a process.
    pub(super) fn install() -> Result<Self, Failure> {
        if let Some(handle) = RECORDER.get() {
            return Ok(Self { handle: handle.clone() });
        }
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder)
            .map_err(|_| Failure::unable("metrics are counted elsewhere in this process"))?;
        describe();
        Ok(Self { handle: RECORDER.get_or_init(|| handle).clone() })
    }

    /// `GET /metrics`.
    pub(super) fn router(&self, opened: &Opened) -> Router {
        let (handle, store) = (self.handle.clone(), opened.store.clone());
        let render = move || {
            count_store(&store.stats());
            std::future::ready(([(header::CONTENT_TYPE, CONTENT_TYPE)], handle.render()))
        };
        Router::new().route("/metrics", get(render))
    }

    /// Counts what waits once, so that the first reader sees it.
    pub(super) async fn sample(&self, opened: &Opened) {
        sample(&opened.engine, &*opened.world.clock).await;
    }

    /// Counts what waits, now and then, until the phase is no more [`Phase::Open`].
    pub(super) fn spawn_sampling(
        &self,
        opened: &Opened,
        tasks: &TokioSpawner,
        phase: &watch::Receiver<Phase>,
    ) {
        let (engine, clock) = (opened.engine.clone(), Arc::clone(&opened.world.clock));
        let (phase, handle) = (phase.clone(), self.handle.clone());
        tasks.spawn(
            "metrics",
            Box::pin(async move {
                loop {
                    // Here and not where it is read: nobody may read.
                    handle.run_upkeep();
                    tokio::select! {
                        biased;
                        () = closing(phase.clone()) => return,
                        () = clock.sleep(SAMPLE_EVERY) => {}
                    }
                    sample(&engine, &*clock).await;
                }
            }),
        );
    }
}

fn describe() {
    use Unit::{Count, Seconds};
    describe_counter!("redress_http_requests_total", Count, "Requests answered, by route and status");
    describe_counter!("redress_refunds_accepted_total", Count, "Refunds accepted");
    describe_counter!("redress_exchanges_total", Count, "Exchanges with PSPs, by kind and outcome");
    describe_counter!(
        "redress_psp_notifications_total",
        Count,
        "PSP notifications that proved themselves, by PSP"
    );
    describe_counter!("redress_cases_opened_total", Count, "Cases opened for a person");
    describe_counter!(
        "redress_deliveries_total",
        Count,
        "Attempts to deliver a notification, by dialect and outcome"
    );
    describe_gauge!("redress_cases_open", Count, "Cases that wait for a person, by kind");
    describe_gauge!("redress_refunds_open", Count, "Refunds that are not over, by state");
    describe_gauge!("redress_refunds_due", Count, "Refunds that somebody should be looking at now, by state");
    describe_gauge!("redress_deliveries_pending", Count, "Notifications owed to merchants");
    describe_gauge!(
        "redress_deliveries_lag_seconds",
        Seconds,
        "For how long the oldest notification has been due"
    );
    describe_counter!("redress_store_operations_total", Count, "Storage operations run");
    describe_counter!("redress_store_reads_total", Count, "Queries run");
    describe_counter!("redress_store_commits_total", Count, "Transactions committed");
    describe_counter!("redress_store_lost_total", Count, "Transactions lost: disk full, connection gone");
    describe_counter!("redress_store_refused_total", Count, "Operations refused because the queue was full");
    describe_counter!(
        "redress_store_retries_total",
        Count,
        "Operations run again after a conflict (PostgreSQL)"
    );
    describe_counter!("redress_store_checkpoints_total", Count, "Checkpoints run (SQLite)");
    describe_gauge!("redress_store_wal_pages", Count, "Pages in the write-ahead log (SQLite)");
    describe_gauge!("redress_store_queue_depth", Count, "Operations that wait for the store");
    describe_gauge!("redress_store_writable", Count, "1 while the store keeps what is written, else 0");
}

fn count_store(stats: &StoreStats) {
    counter!("redress_store_operations_total").absolute(stats.ops);
    counter!("redress_store_reads_total").absolute(stats.reads);
    counter!("redress_store_commits_total").absolute(stats.commits);
    counter!("redress_store_lost_total").absolute(stats.lost);
    counter!("redress_store_refused_total").absolute(stats.refused);
    counter!("redress_store_retries_total").absolute(stats.retries);
    counter!("redress_store_checkpoints_total").absolute(stats.checkpoints);
    gauge!("redress_store_wal_pages").set(stats.wal_frames as f64);
    gauge!("redress_store_queue_depth").set(stats.waiting as f64);
    gauge!("redress_store_writable").set(if stats.writable { 1.0 } else { 0.0 });
}

async fn sample(engine: &Engine, clock: &dyn Clock) {
    match engine.waiting().await {
        Ok(waiting) => show(&waiting, clock),
        Err(error) => tracing::warn!(%error, "what waits could not be counted"),
    }
}

/// Every kind and state is shown, also those of which there are none: a gauge that is not set keeps its last value.
fn show(waiting: &Waiting, clock: &dyn Clock) {
    for kind in CaseKind::ALL {
        let open = waiting.cases.iter().find(|(of, _)| *of == kind).map_or(0, |(_, count)| *count);
        gauge!("redress_cases_open", "kind" => kind.as_str()).set(open as f64);
    }
    for state in StateName::ALL.into_iter().filter(|state| !state.is_final()) {
        let found = waiting.refunds.iter().find(|(of, ..)| *of == state);
        let (open, due) = found.map_or((0, 0), |(_, open, due)| (*open, *due));
        gauge!("redress_refunds_open", "state" => state.as_str()).set(open as f64);
        gauge!("redress_refunds_due", "state" => state.as_str()).set(due as f64);
    }
    gauge!("redress_deliveries_pending").set(waiting.deliveries as f64);
    let lag = waiting.oldest_delivery.map_or(Duration::ZERO, |oldest| clock.now().since(oldest));
    gauge!("redress_deliveries_lag_seconds").set(lag.as_secs_f64());
}
