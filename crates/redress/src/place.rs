//! The options that all commands share: which settings, which store.

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::settings::{DATA_DIR, Settings};

/// Apart from a command's own options in its help.
const HEADING: &str = "Settings and data";

/// A demo's directory has its settings in this file: whoever works on its store reads them too.
pub(crate) const DEMO_SETTINGS_FILE: &str = "demo.toml";

/// Stands for `--config` where neither that nor `--data` is given.
const CONFIG_VARIABLE: &str = "REDRESS_CONFIG";

/// Stands for `--data` there.
const DATA_VARIABLE: &str = "REDRESS_DATA";

/// Where the settings and the store are.
#[derive(Args, Clone, Debug)]
pub(crate) struct PlaceArgs {
    #[arg(long, value_name = "FILE", global = true, help_heading = HEADING, conflicts_with = "data", help = config_help())]
    config: Option<PathBuf>,
    #[arg(long, value_name = "DIR", global = true, help_heading = HEADING, help = data_help())]
    data: Option<PathBuf>,
}

fn config_help() -> String {
    format!(
        "Read the settings from this TOML file; REDRESS_SECTION_KEY variables go over it [env: {CONFIG_VARIABLE}]"
    )
}

fn data_help() -> String {
    format!(
        "Use the embedded store in this directory: DIR/redress.db, and DIR/master.key, which opens its secrets. Both are \
         made on the first run. Without --config and --data: ./{DATA_DIR} [env: {DATA_VARIABLE}]"
    )
}

impl PlaceArgs {
    /// The settings that they name.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let named = |name: &str| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let (config, data) = self.chosen(named)?;
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let of_demo = data.as_ref().map(|dir| dir.join(DEMO_SETTINGS_FILE)).filter(|file| file.exists());
        Ok(Settings::load(config.or(of_demo).as_deref(), data.as_deref(), variables)?)
    }

    /// What the command line names, else the environment: who names a place means that one, whatever is exported.
    fn chosen(
        &self,
        variable: impl Fn(&str) -> Option<PathBuf>,
    ) -> Result<(Option<PathBuf>, Option<PathBuf>), Failure> {
        if self.config.is_some() || self.data.is_some() {
            return Ok((self.config.clone(), self.data.clone()));
        }
        match (variable(CONFIG_VARIABLE), variable(DATA_VARIABLE)) {
            (Some(_), Some(_)) => Err(Failure::unable(format!(
                "{CONFIG_VARIABLE} and {DATA_VARIABLE} are both set: give --config or --data, or unset one of them"
            ))),
            found => Ok(found),
        }
    }
}
