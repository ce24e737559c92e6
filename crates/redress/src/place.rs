//! The options that all commands share: which settings, which store.

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::settings::{DATA_DIR, Settings};

/// Apart from a command's own options in its help.
const HEADING: &str = "Settings and data";

/// A demo's directory has its settings in this file: whoever works on its store reads them too.
pub(crate) const DEMO_SETTINGS_FILE: &str = "demo.toml";

/// Where the settings and the store are.
#[derive(Args, Clone, Debug)]
pub(crate) struct PlaceArgs {
    /// Read the settings from this TOML file; REDRESS_SECTION_KEY variables go over it
    #[arg(
        long,
        value_name = "FILE",
        env = "REDRESS_CONFIG",
        global = true,
        help_heading = HEADING,
        conflicts_with = "data",
        hide_env_values = true
    )]
    config: Option<PathBuf>,
    #[arg(long, value_name = "DIR", env = "REDRESS_DATA", global = true, help_heading = HEADING, hide_env_values = true, help = data_help())]
    data: Option<PathBuf>,
}

fn data_help() -> String {
    format!(
        "Use the embedded store in this directory: DIR/redress.db, and DIR/master.key, which opens its secrets. Both are \
         made on the first run. Without --config and --data: ./{DATA_DIR}"
    )
}

impl PlaceArgs {
    /// The settings that they name.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let of_demo = self.data.as_ref().map(|dir| dir.join(DEMO_SETTINGS_FILE)).filter(|file| file.exists());
        let config = self.config.as_deref().or(of_demo.as_deref());
        Ok(Settings::load(config, self.data.as_deref(), variables)?)
    }
}
