//! The program `redress`: settings, commands, the server. Thin; the only crate that knows all the others.

mod cli;
mod commands;
mod demo;
mod failure;
mod logging;
mod master_key;
mod open;
mod output;
mod place;
#[doc(hidden)]
pub mod probe;
mod progress;
mod remote;
mod serve;
mod settings;
mod telemetry;
mod whole_file;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::failure::Failure;

/// How long the process waits for its last tasks to let go before it exits.
const CLOSING_MAX: std::time::Duration = std::time::Duration::from_secs(2);

/// The program: what it is told on its command line, to its end.
pub fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody may be listening any more; the exit code says it too.
            let _ = writeln!(std::io::stderr(), "redress: {failure}");
            failure.code()
        }
    }
}

fn run(cli: cli::Cli) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::unable(format!("the runtime cannot be started: {error}")))?;
    let done = runtime.block_on(cli.run());
    // What is still running was given its time: whatever it was, a row with a due time says so. It is dropped here, and
    // with the last handle of the store its file is closed in order.
    runtime.shutdown_timeout(CLOSING_MAX);
    done
}
