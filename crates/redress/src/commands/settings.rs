//! `redress settings`.

use clap::Args;

use crate::failure::Failure;
use crate::output::print;
use crate::settings::reference;

/// Print the reference of all settings, in Markdown: names, variables, types, defaults, bounds
///
/// It reads no settings and opens nothing.
#[derive(Args, Debug)]
pub(crate) struct SettingsArgs {}

pub(crate) fn run() -> Result<(), Failure> {
    let page = reference::markdown().map_err(|error| Failure::unable(error.to_string()))?;
    print(page.trim_end())
}
