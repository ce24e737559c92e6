//! `redress serve`.

use clap::Args;
use futures_util::FutureExt;
use sd_notify::NotifyState;

use super::signals::Signals;
use crate::failure::Failure;
use crate::output::print;
use crate::place::PlaceArgs;
use crate::telemetry::Traces;
use crate::{logging, open};

/// Serve the refund APIs and do the work behind them, until SIGTERM or SIGINT
///
/// An embedded store is made on the first run and brought up to date by itself; PostgreSQL only by `redress migrate`,
/// and a server whose database is not up to date says so and ends. One signal ends in order: requests and exchanges
/// with PSPs under way are finished, for at most server.shutdown_limit. A second one ends at once; what was under way
/// is looked up by the next start and never sent blindly again.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    #[command(flatten)]
    place: PlaceArgs,
}

pub(crate) async fn run(serve: Serve) -> Result<(), Failure> {
    let settings = serve.place.settings()?;
    settings.check_serving()?;
    let traces = settings.telemetry.otlp_endpoint.as_ref().map(Traces::to).transpose()?;
    logging::start(&settings.log, traces.as_ref())?;
    let mut signals = Signals::take()?;
    let opened = open::for_server(&settings).await?;
    let running = super::start(&settings, opened).await?;
    print(&format!("redress listens on http://{}", running.listen))?;
    if let Some(metrics) = running.metrics_listen {
        print(&format!("metrics at http://{metrics}/metrics"))?;
    }
    tell_the_service_manager(&NotifyState::Ready);
    signals.next().await;
    tell_the_service_manager(&NotifyState::Stopping);
    let at_once = signals.next().shared();
    running.stop(at_once.clone()).await;
    if let Some(traces) = traces {
        tokio::select! {
            biased;
            () = at_once => {}
            () = traces.finish() => {}
        }
    }
    Ok(())
}

/// Where systemd started it, it waits for this word: the listeners stand, the store can be used.
fn tell_the_service_manager(state: &NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(std::slice::from_ref(state)) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
