//! npm packages, by name and version, in a folder of their own.

use std::{fs, path::Path, process::Command, time::Duration};

use crate::conformance::process::finish;

/// For one run of the installer.
const INSTALL_LIMIT: Duration = Duration::from_secs(240);

/// Whether this version is there.
pub(crate) fn has(dir: &Path, name: &str, version: &str) -> bool {
    let manifest = fs::read_to_string(dir.join("node_modules").join(name).join("package.json"));
    manifest.is_ok_and(|text| text.contains(&format!("\"version\": \"{version}\"")))
}

/// Installs packages, each as `NAME@VERSION`.
///
/// # Errors
/// The last thing that npm said.
pub(crate) fn install(dir: &Path, wanted: &[String]) -> Result<(), String> {
    eprintln!("==> npm install {}", wanted.join(" "));
    fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let mut npm = Command::new("npm");
    // No scripts of the packages run at their installation; none of them needs any.
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact", "--prefix"]);
    npm.arg(dir).args(wanted);
    let ended = finish("npm-install", &mut npm, dir, INSTALL_LIMIT)?;
    if ended.code == Some(0) { Ok(()) } else { Err(ended.last_line().to_owned()) }
}
