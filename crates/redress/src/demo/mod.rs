//! `redress demo`: the main job with nothing to set up.
//!
//! One process serves Redress on an embedded store, plays the PSPs, and is a small merchant's backend. All of it lives in
//! one directory, and may be killed at any moment: the next start goes on.
//!
//! | file | what it is |
//! |---|---|
//! | `demo.json` | addresses, keys, people and payments for programs that drive the demo |
//! | `demo.toml` | its settings; commands with `--data` read them too |
//! | `demo-state.json` | ports, keys, and how far the tour got |
//! | `redress.db`, `master.key` | the store, and the key that opens its secrets |
//! | `sandbox.db` | the state of its own sandbox, the ledger included |
//! | `notifications.jsonl` | what the merchant's backend was told |
//! | `sgate.py` | signs calls of SGate's API from a shell |
//! | `redress.log` | the log |

mod backend;
mod client;
mod files;
mod handout;
mod kind;
mod payments;
mod people;
mod ports;
mod psps;
mod sandbox;
mod settings;
mod setup;
mod show;
mod start;
mod state;
mod tour;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use self::show::Screen;
use self::start::{Demo, start};
use self::tour::{STEPS, seconds_seen};
use crate::failure::Failure;
use crate::serve::signals::Signals;
use crate::settings::address;

/// The log, in the demo's directory: standard output belongs to the tour.
const LOG_FILE: &str = "redress.log";

/// The log is put aside at this length, in bytes.
const LOG_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Signs calls of SGate's API from a shell.
const SGATE_SCRIPT_FILE: &str = "sgate.py";

/// With `--once` the tour ends within this, whatever happens; the start before it takes its part of the minute.
const ONCE_SECONDS_MAX: u64 = 45;

/// How long the merchant's backend and the sandbox may take to end.
const END_LIMIT: Duration = Duration::from_secs(3);

/// Show a whole refund, end to end, with nothing to set up
///
/// Makes a merchant with keys, PSP accounts and payments, plays the PSPs, serves, and walks through the flow of the two
/// refund APIs, a line a step. Then it stays up, prints addresses, keys and commands to try, and serves until Ctrl-C.
/// Everything is kept in DIR: started again, also after a crash, it goes on with what is there and repeats no step that
/// held. DIR/demo.json has addresses, keys, people and payments for programs.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Where everything is kept; made when missing, and may hold other files
    #[arg(long, value_name = "DIR", default_value = "./redress-demo")]
    data: PathBuf,
    /// Where it serves, on this machine only; port 0 takes a free port and keeps it
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = address)]
    listen: SocketAddr,
    /// Use the sandbox that runs there (redress sandbox) instead of one of its own
    #[arg(long, value_name = "URL")]
    sandbox: Option<String>,
    /// End after the tour: with 0 if every step held, with 1 at the first that did not
    #[arg(long)]
    once: bool,
}

pub(crate) async fn run(args: DemoArgs) -> Result<(), Failure> {
    let mut signals = Signals::take()?;
    let mut demo = tokio::select! {
        biased;
        () = signals.next() => return ended_by_signal(args.once),
        demo = Box::pin(start(&args)) => demo?,
    };
    let done = tokio::select! {
        biased;
        () = signals.next() => ended_by_signal(args.once),
        done = Box::pin(shown(&args, &mut demo)) => done,
    };
    demo.stop(&mut signals).await;
    done
}

/// A signal is how a demo that stays up ends well. With `--once` the exit code is the tour's verdict, and there is none
/// yet.
fn ended_by_signal(once: bool) -> Result<(), Failure> {
    if once { Err(Failure::found("ended by a signal before every step of the tour held")) } else { Ok(()) }
}

/// The tour, and unless it is all that was wanted, staying up: that ends by a signal only.
async fn shown(args: &DemoArgs, demo: &mut Demo) -> Result<(), Failure> {
    let screen = Screen::new(STEPS.len());
    screen.opening(&args.data, &demo.addresses, args.sandbox.is_none())?;
    if args.once {
        let clock = demo.clock();
        return tokio::select! {
            biased;
            done = demo.tour(&screen, true) => done,
            () = seconds_seen(&*clock, ONCE_SECONDS_MAX) => {
                Err(Failure::found(format!("the tour took more than {ONCE_SECONDS_MAX} s")))
            }
        };
    }
    demo.tour(&screen, false).await?;
    show::invitation(&args.data, &demo.addresses, &demo.merchant, &demo.guide.payments, &demo.metrics_url())?;
    show::people(demo.people())?;
    std::future::pending().await
}
