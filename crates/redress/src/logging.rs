//! The log: lines on standard error. Standard output belongs to the answers of commands.

use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use crate::failure::Failure;
use crate::settings::{LogFormat, LogSettings};
use crate::telemetry::Traces;

/// Begins to log, and to trace where traces go anywhere, once a process.
pub(crate) fn start(settings: &LogSettings, traces: Option<&Traces>) -> Result<(), Failure> {
    let fail = |error: &dyn std::fmt::Display| Failure::unable(format!("the log cannot be started: {error}"));
    let filter = EnvFilter::try_new(&settings.level).map_err(|error| fail(&error))?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match settings.format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed(),
    };
    let log = tracing_subscriber::registry().with(lines.with_filter(filter));
    let started = match traces {
        Some(traces) => log.with(traces.layer()).try_init(),
        None => log.try_init(),
    };
    started.map_err(|error| fail(&error))
}
