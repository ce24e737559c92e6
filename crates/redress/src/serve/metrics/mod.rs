//! What Prometheus reads: counters as they rise, and how much waits, counted now and then.

mod table;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use metrics::{counter, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use redress_core::case::CaseKind;
use redress_core::state::StateName;
use redress_core::time::Timestamp;
use redress_engine::admin::endpoints::Dialect;
use redress_engine::admin::waiting::Waiting;
use redress_engine::connectors;
use redress_engine::engine::Engine;
use redress_engine::psp_notification::REFUSED_FOR;
use redress_engine::real_world::TokioSpawner;
use redress_engine::world::{Clock, Spawner};
use redress_store::ops::history::{HistoryKind, LatestOf};
use redress_store::{Store, StoreStats};
use tokio::sync::watch;

use super::phase::{Phase, closing};
use crate::failure::Failure;
use crate::open::Opened;
use crate::settings::{Place, Settings};

/// How often is counted what waits.
const SAMPLE_EVERY: Duration = Duration::from_secs(10);

/// Between two counts passes at least so many times what the last one took: with millions of open refunds counting takes
/// its time, and must not take the store's.
const SAMPLE_PAUSE_FACTOR: u32 = 20;

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
        let mut builder = PrometheusBuilder::new();
        for metric in table::ALL {
            if let Some(bounds) = metric.bounds() {
                builder = builder
                    .set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)
                    .map_err(|error| Failure::unable(format!("the metric {}: {error}", metric.name)))?;
            }
        }
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder)
            .map_err(|_| Failure::unable("metrics are counted elsewhere in this process"))?;
        table::describe();
        begin_at_zero();
        Ok(Self { handle: RECORDER.get_or_init(|| handle).clone() })
    }

    /// `GET /metrics`.
    pub(super) fn router(&self, settings: &Settings, opened: &Opened) -> Router {
        let (handle, store, exchanges) =
            (self.handle.clone(), opened.store.clone(), opened.exchanges.clone());
        let engine = match settings.store.place {
            Place::Sqlite(_) => "sqlite",
            Place::Postgres(_) => "postgres",
        };
        gauge!("redress_build_info", "version" => env!("CARGO_PKG_VERSION"), "store" => engine).set(1.0);
        gauge!("redress_store_queue_max").set(settings.limits.store_queue_max as f64);
        let render = move || {
            count_store(&store.stats());
            gauge!("redress_exchanges_running").set(exchanges.running() as f64);
            std::future::ready(([(header::CONTENT_TYPE, CONTENT_TYPE)], handle.render()))
        };
        Router::new().route("/metrics", get(render))
    }

    /// Counts what waits once, so that the first reader sees it.
    pub(super) async fn sample(&self, opened: &Opened) {
        sample(&opened.engine, &opened.store, &*opened.world.clock).await;
    }

    /// Counts what waits, now and then, until the phase is no more [`Phase::Open`].
    pub(super) fn spawn_sampling(
        &self,
        opened: &Opened,
        tasks: &TokioSpawner,
        phase: &watch::Receiver<Phase>,
    ) {
        let (engine, store) = (opened.engine.clone(), opened.store.clone());
        let clock = Arc::clone(&opened.world.clock);
        let (phase, handle) = (phase.clone(), self.handle.clone());
        tasks.spawn(
            "metrics",
            Box::pin(async move {
                let mut pause = SAMPLE_EVERY;
                loop {
                    // Here and not where it is read: nobody may read.
                    handle.run_upkeep();
                    tokio::select! {
                        biased;
                        () = closing(phase.clone()) => return,
                        () = clock.sleep(pause) => {}
                    }
                    let started = clock.now();
                    sample(&engine, &store, &*clock).await;
                    pause = SAMPLE_EVERY.max(clock.now().since(started) * SAMPLE_PAUSE_FACTOR);
                }
            }),
        );
    }
}

/// A counter that appears with its first event has not risen in the eyes of Prometheus, and no alert rings.
fn begin_at_zero() {
    counter!("redress_refunds_accepted_total").increment(0);
    counter!("redress_cases_opened_total").increment(0);
    for dialect in Dialect::ALL {
        counter!("redress_deliveries_total", "dialect" => dialect.as_str(), "outcome" => "given_up")
            .increment(0);
    }
    for psp in connectors::sheets().iter().map(|sheet| sheet.name) {
        counter!("redress_psp_notifications_total", "psp" => psp).increment(0);
        for why in REFUSED_FOR {
            counter!("redress_psp_notifications_refused_total", "psp" => psp, "why" => why).increment(0);
        }
    }
}

fn count_store(stats: &StoreStats) {
    counter!("redress_store_operations_total").absolute(stats.ops);
    counter!("redress_store_reads_total").absolute(stats.reads);
    counter!("redress_store_commits_total").absolute(stats.commits);
    counter!("redress_store_lost_total").absolute(stats.lost);
    counter!("redress_store_refused_total").absolute(stats.refused);
    counter!("redress_store_retries_total").absolute(stats.retries);
    counter!("redress_store_checkpoints_total").absolute(stats.checkpoints);
    counter!("redress_store_wal_written_pages_total").absolute(stats.wal_frames_written);
    gauge!("redress_store_wal_pages").set(stats.wal_frames as f64);
    gauge!("redress_store_queue_depth").set(stats.waiting as f64);
    gauge!("redress_store_writable").set(if stats.writable { 1.0 } else { 0.0 });
}

async fn sample(engine: &Engine, store: &Store, clock: &dyn Clock) {
    match engine.waiting().await {
        Ok(waiting) => show(&waiting, clock),
        Err(error) => tracing::warn!(%error, "what waits could not be counted"),
    }
    match store.read(LatestOf(HistoryKind::Backup)).await {
        Ok(latest) => {
            let until = latest.map_or(Duration::ZERO, |backup| since_1970(backup.copied_at));
            gauge!("redress_backup_timestamp_seconds").set(until.as_secs_f64());
        }
        Err(error) => tracing::warn!(%error, "the last backup could not be looked up"),
    }
}

fn since_1970(at: Timestamp) -> Duration {
    Duration::from_micros(at.as_micros().try_into().unwrap_or(0))
}

/// Every kind and state is shown, also those of which there are none: a gauge that is not set keeps its last value.
fn show(waiting: &Waiting, clock: &dyn Clock) {
    for kind in CaseKind::ALL {
        let open = waiting.cases.iter().find(|(of, _)| *of == kind).map_or(0, |(_, count)| *count);
        gauge!("redress_cases_open", "kind" => kind.as_str()).set(open as f64);
    }
    for psp in connectors::sheets().iter().map(|sheet| sheet.name) {
        for state in StateName::ALL.into_iter().filter(|state| !state.is_final()) {
            let found = waiting.refunds.iter().find(|one| one.psp == psp && one.state == state);
            let (open, due) = found.map_or((0, 0), |one| (one.open, one.due));
            gauge!("redress_refunds_open", "psp" => psp, "state" => state.as_str()).set(open as f64);
            gauge!("redress_refunds_due", "psp" => psp, "state" => state.as_str()).set(due as f64);
        }
    }
    let age = |since: Option<Timestamp>| since.map_or(Duration::ZERO, |since| clock.now().since(since));
    for state in [StateName::Pending, StateName::Unknown] {
        let oldest = waiting.oldest.iter().find(|(of, _)| *of == state).map(|(_, since)| *since);
        gauge!("redress_refunds_oldest_seconds", "state" => state.as_str()).set(age(oldest).as_secs_f64());
    }
    gauge!("redress_deliveries_pending").set(waiting.deliveries as f64);
    gauge!("redress_deliveries_lag_seconds").set(age(waiting.oldest_delivery).as_secs_f64());
    gauge!("redress_endpoints_disabled").set(waiting.endpoints_disabled as f64);
    gauge!("redress_sampled_timestamp_seconds").set(since_1970(clock.now()).as_secs_f64());
}
