//! Running other programs.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::Outcome;

/// Says what is run, as a person would type it.
pub fn announce(command: &Command) {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    let args: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    eprintln!("==> {program} {}", args.join(" "));
}

/// Runs it in the terminal.
///
/// # Errors
/// When it cannot be started or fails.
pub fn run(command: &mut Command) -> Outcome {
    announce(command);
    let status = command.status().map_err(|error| cannot_start(command, &error))?;
    if status.success() { Ok(()) } else { Err(failed(command, &status.to_string())) }
}

/// Runs it quietly and answers what it printed.
///
/// # Errors
/// When it cannot be started, or with its words when it fails.
pub fn capture(command: &mut Command) -> Outcome<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| cannot_start(command, &error))?;
    let Output { status, stdout, stderr } = output;
    let text = String::from_utf8_lossy(&stdout).into_owned();
    if status.success() {
        return Ok(text);
    }
    Err(format!("{}\n{text}{}", failed(command, &status.to_string()), String::from_utf8_lossy(&stderr)))
}

/// True when it can be started and succeeds.
pub fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// The sentence for a program that is not there.
#[must_use]
pub fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    format!("{} cannot be started: {error}", command.get_program().to_string_lossy())
}

fn failed(command: &Command, status: &str) -> String {
    let args: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    format!("failed ({status}): {} {}", command.get_program().to_string_lossy(), args.join(" "))
}
