//! `redress sandbox`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use redress_sandbox::{Place, Sandbox, SandboxConfig, World};
use tokio::net::TcpListener;

use crate::failure::Failure;
use crate::logging;
use crate::output::print;
use crate::serve::signals::Signals;
use crate::settings::{LogFormat, LogSettings, address};

/// Play the PSPs: the HTTP protocol of each of them, with scripted faults and a ledger of every effect
///
/// For the demo, for trying things out and for tests; never for real money. POST /control/payment makes a payment known,
/// POST /control/script scripts what happens to its next refunds, POST /control/finish ends a pending one, and
/// GET /control/ledger lists every effect. The state is kept in FILE and outlives a crash.
#[derive(Args, Debug)]
pub(crate) struct SandboxArgs {
    /// Where it listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090", value_parser = address)]
    listen: SocketAddr,
    /// The file that keeps its state; made when missing
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
}

pub(crate) async fn run(args: SandboxArgs) -> Result<(), Failure> {
    logging::start(&LogSettings { format: LogFormat::Text, level: "info".to_owned() }, None)?;
    let mut signals = Signals::take()?;
    let sandbox = Sandbox::open(&Place::File(args.data), SandboxConfig::default(), World::real())
        .map_err(|error| Failure::unable(error.to_string()))?;
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| Failure::unable(format!("cannot listen on {}: {error}", args.listen)))?;
    let address = listener.local_addr().map_err(|error| Failure::unable(error.to_string()))?;
    print(&format!("sandbox listens on http://{address}"))?;
    sandbox.serve(listener, async move { signals.next().await }).await;
    Ok(())
}
