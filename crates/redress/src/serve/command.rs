//! `redress serve`.

use clap::Args;

use super::signals::Signals;
use crate::failure::Failure;
use crate::output::print;
use crate::place::PlaceArgs;
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
    logging::start(&settings.log)?;
    let mut signals = Signals::take()?;
    let opened = open::for_server(&settings).await?;
    let running = super::start(&settings, opened).await?;
    print(&format!("redress listens on http://{}", running.listen))?;
    if let Some(metrics) = running.metrics_listen {
        print(&format!("metrics at http://{metrics}/metrics"))?;
    }
    signals.next().await;
    running.stop(signals.next()).await;
    Ok(())
}
