//! A running server: listeners, workers, and an orderly end.

mod begun;
pub(crate) mod command;
mod connections;
mod leftover;
pub(crate) mod metrics;
mod phase;
pub(crate) mod signals;
mod timed;
mod workers;

use std::net::SocketAddr;
use std::time::Duration;

use redress_engine::real_world::TokioSpawner;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::failure::Failure;
use crate::open::Opened;
use crate::settings::Settings;
use crate::telemetry;
use connections::{ConnectionLimits, Listening};
use metrics::Metrics;
use phase::Phase;

/// A server that runs. Dropping it does not end it; [`Running::stop`] does.
pub(crate) struct Running {
    /// Where it listens: the port is filled in where the settings left it to the system.
    pub(crate) listen: SocketAddr,
    /// Where Prometheus reads, if anywhere.
    pub(crate) metrics_listen: Option<SocketAddr>,
    phase: watch::Sender<Phase>,
    opened: Opened,
    tasks: TokioSpawner,
    limit: Duration,
}

/// Binds the listeners and starts the workers. Must be called inside the runtime.
///
/// # Errors
/// [`Failure::Unable`] when an address is taken, or where the settings must not be served.
pub(crate) async fn start(settings: &Settings, opened: Opened) -> Result<Running, Failure> {
    settings.check_serving()?;
    let metrics = Metrics::install()?;
    let listener = bind(settings.server.listen, "server.listen").await?;
    let metrics_listener = match settings.server.metrics_listen {
        Some(address) => Some(bind(address, "server.metrics_listen").await?),
        None => None,
    };
    let (phase, watching) = watch::channel(Phase::Open);
    // Apart from the engine's tasks, so that a stop can wait for the exchanges by themselves.
    let tasks = TokioSpawner::new(Handle::current());
    let limits = ConnectionLimits {
        connections_max: settings.limits.connections_max,
        head_timeout: settings.limits.head_timeout,
        body_timeout: settings.limits.body_timeout,
        write_timeout: settings.limits.write_timeout,
    };
    let world = opened.world.clone();
    let listening = |listener, limits, router| Listening {
        listener,
        limits,
        router,
        clock: world.clock.clone(),
        tasks: tasks.clone(),
        phase: watching.clone(),
    };
    let listen = local(&listener)?;
    let metrics_listen = metrics_listener.as_ref().map(local).transpose()?;
    let mut router = redress_http::router::router(opened.engine.clone());
    if settings.telemetry.otlp_endpoint.is_some() {
        router = router.layer(axum::middleware::from_fn(telemetry::in_the_callers_trace));
    }
    listening(listener, limits, router).spawn();
    if let Some(listener) = metrics_listener {
        listening(listener, ConnectionLimits::of_metrics(), metrics.router(settings, &opened)).spawn();
    }
    metrics.sample(&opened).await;
    workers::spawn(&opened, &tasks, &watching);
    metrics.spawn_sampling(&opened, &tasks, &watching);
    let limit = settings.server.shutdown_limit;
    let metrics_told = metrics_listen.map(tracing::field::display);
    tracing::info!(%listen, metrics_listen = metrics_told, store = %settings.store.place, "redress serves");
    Ok(Running { listen, metrics_listen, phase, opened, tasks, limit })
}

impl Running {
    /// Ends in order: no new connections and no new claims; requests and exchanges under way are finished, but for the
    /// waits that callers asked for, for at most the limit of the settings or until `now` resolves. What is cut off then is
    /// a row with a due time: the next start looks it up. Answers whether everything was finished.
    pub(crate) async fn stop(self, now: impl Future<Output = ()>) -> bool {
        self.phase.send_replace(Phase::Closing);
        // Nothing new is done, so what they wait for may not come: they are answered with how things stand, and come back.
        self.opened.engine.end_waits();
        tracing::info!(exchanges = self.opened.exchanges.running(), "stopping: finishing what is under way");
        let finished = async {
            self.tasks.wait_idle().await;
            self.opened.exchanges.wait_idle().await;
        };
        let finished = tokio::select! {
            biased;
            () = finished => true,
            () = now => false,
            () = self.opened.world.clock.sleep(self.limit) => false,
        };
        if !finished {
            let (connections, exchanges) = (self.tasks.running(), self.opened.exchanges.running());
            tracing::warn!(
                connections,
                exchanges,
                "stopped before everything was finished; the next start goes on"
            );
        }
        self.phase.send_replace(Phase::Cut);
        tracing::info!("stopped");
        finished
    }
}

async fn bind(address: SocketAddr, key: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|error| Failure::unable(format!("cannot listen on {address} ({key}): {error}")))
}

fn local(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|error| Failure::unable(format!("cannot listen: {error}")))
}
