//! The log: lines on standard error. Standard output belongs to the answers of commands.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::failure::Failure;
use crate::settings::{LogFormat, LogSettings};

/// Begins to log, once a process.
pub(crate) fn start(settings: &LogSettings) -> Result<(), Failure> {
    let fail = |error: &dyn std::fmt::Display| Failure::unable(format!("the log cannot be started: {error}"));
    let filter = EnvFilter::try_new(&settings.level).map_err(|error| fail(&error))?;
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Json => log.json().flatten_event(true).try_init(),
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
    };
    started.map_err(|error| fail(&error))
}
