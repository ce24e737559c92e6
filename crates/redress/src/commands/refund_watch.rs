//! `redress refund watch`: a refund, followed to its end.

use std::time::Duration;

use clap::Args;

use super::options::JsonFlag;
use super::refund_remote::{json, show, sum};
use crate::failure::Failure;
use crate::open::real_world;
use crate::output::{one_line, print};
use crate::remote::{Away, RemoteArgs, ended};

/// The server waits so long at most before it says how a refund stands. Shorter than its own bound, so that steps on the
/// way are seen.
const WAIT_MAX: Duration = Duration::from_secs(15);

/// Over HTTP: follow a refund to its end
///
/// Prints a line when its status changes, and ends with 0 when it succeeded, with 6 when it ended without effect, and with 7
/// when it is still open after --timeout. With --json the refund is printed at each change, on one line. A server that has
/// answered once is waited for where it is away, until --timeout.
#[derive(Args, Debug)]
pub(crate) struct Watch {
    #[command(flatten)]
    remote: RemoteArgs,
    /// The refund's id (rf_01k…)
    #[arg(value_name = "REFUND")]
    refund: String,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
    #[command(flatten)]
    json: JsonFlag,
}

pub(super) async fn watch(args: Watch) -> Result<(), Failure> {
    let client = args.remote.client()?;
    let (world, _) = real_world()?;
    let until = world.clock.now().plus(Duration::from_secs(args.timeout));
    let (mut seen, mut away) = (None, Away::default());
    loop {
        // The first look says how it stands; the others wait.
        let left = until.since(world.clock.now());
        let call = client.get_refund(&args.refund);
        let asked = match seen {
            None => call.await,
            Some(_) => call.wait(left.min(WAIT_MAX)).await,
        };
        let refund = match asked {
            Ok(refund) => refund,
            // A second is the pause, and what the server counts in.
            Err(error) if seen.is_some() && left > Duration::from_secs(1) => {
                away.wait(error, left, &*world.clock).await?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        away.over();
        if seen.as_ref() != Some(&refund.status) {
            if args.json.json {
                print(&json(&refund)?.to_string())?;
            } else if refund.status.is_final() {
                show(&refund, args.json)?;
            } else {
                let note = refund.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
                let text = format!("{}  {}  {}{note}", refund.updated_at, sum(&refund), refund.status);
                print(&one_line(&text))?;
            }
        }
        // Less than a second is none: the server counts in whole ones.
        if refund.status.is_final() || until.since(world.clock.now()) < Duration::from_secs(1) {
            return ended(&refund, true);
        }
        seen = Some(refund.status);
    }
}
