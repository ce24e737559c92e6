//! The sandbox that plays the PSPs: the demo's own, or another program's.

use std::path::Path;
use std::time::Duration;

use redress_engine::real_world::TokioSpawner;
use redress_engine::world::{Clock, Spawner};
use redress_sandbox::{Place, Sandbox, SandboxConfig, World};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::client::Control;
use super::payments::Payment;
use crate::failure::Failure;

/// The state of the demo's own sandbox, its ledger included.
const STATE_FILE: &str = "sandbox.db";

/// How long a start waits for a sandbox of another program to answer.
const WAIT: Duration = Duration::from_secs(10);

/// Between two tries.
const WAIT_STEP: Duration = Duration::from_millis(250);

/// Serves the demo's own sandbox until `closing` says so; what an earlier one left over happens too.
pub(super) fn serve_own(
    dir: &Path,
    listener: TcpListener,
    tasks: &TokioSpawner,
    mut closing: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let place = Place::File(dir.join(STATE_FILE));
    let sandbox = Sandbox::open(&place, SandboxConfig::default(), World::real())
        .map_err(|error| Failure::unable(format!("the sandbox: {error}")))?;
    let shutdown = async move {
        // An error means that the demo is gone altogether.
        let _ = closing.wait_for(|closing| *closing).await;
    };
    tasks.spawn("sandbox", Box::pin(async move { sandbox.serve(listener, shutdown).await }));
    Ok(())
}

/// Makes all payments known to the sandbox, and where its PSPs' notifications go; it may just be starting.
pub(super) async fn announce(
    control: &Control,
    payments: &[Payment],
    webhooks: &[(&'static str, String)],
    clock: &dyn Clock,
) -> Result<(), Failure> {
    let give_up_at = clock.now().plus(WAIT);
    for payment in payments {
        while let Err(problem) = control.announce(payment).await {
            if clock.now() >= give_up_at {
                let text = format!("the sandbox at {} does not take the payments: {problem}", control.url);
                return Err(Failure::unable(text));
            }
            clock.sleep(WAIT_STEP).await;
        }
    }
    for (psp, url) in webhooks {
        let told = control.webhook(psp, url).await;
        told.map_err(|problem| {
            Failure::unable(format!("the sandbox at {} takes no address: {problem}", control.url))
        })?;
    }
    Ok(())
}
