//! What the portal's tests need besides the program: Chromium with its driver, and axe-core. Found, or installed.

use std::{
    env,
    path::PathBuf,
    process::{Command, Stdio},
};

use redress_cluster::apt;

use crate::{npm, run::target};

/// Name the programs for the tests.
const DRIVER: &str = "REDRESS_TEST_CHROMEDRIVER";
const CHROMIUM: &str = "REDRESS_TEST_CHROMIUM";

/// Names axe-core's script for the tests.
const AXE: &str = "REDRESS_TEST_AXE";

/// What the programs are called, by whoever packaged them.
const DRIVERS: [&str; 2] = ["chromedriver", "chromium.chromedriver"];
const CHROMIUMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Debian's packages of them.
const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// Finds faults that keep people out (<https://github.com/dequelabs/axe-core>).
const AXE_CORE: (&str, &str) = ("axe-core", "4.14.1");

/// What is there for the tests in a browser, and what is left out and why.
#[derive(Debug, Default)]
pub(crate) struct Browser {
    variables: Vec<(&'static str, PathBuf)>,
    /// What is left out, in whole sentences.
    left_out: Vec<String>,
}

/// What a person wants of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Found, or installed.
    Installed,
    /// Used where it is there.
    Found,
    Nothing,
}

impl Browser {
    /// Looks for everything.
    pub(crate) fn get(wanted: Wanted) -> Self {
        let mut browser = Self::default();
        let programs = match wanted {
            Wanted::Nothing => Err("--without-browser was given".to_owned()),
            Wanted::Found => programs().ok_or_else(|| "--no-browser-install was given".to_owned()),
            Wanted::Installed => installed(),
        };
        match programs {
            Ok((driver, chromium)) => {
                browser.variables = vec![(DRIVER, driver), (CHROMIUM, chromium)];
                match axe(wanted) {
                    Ok(script) => browser.variables.push((AXE, script)),
                    Err(why) => browser.left_out.push(format!(
                        "WITHOUT AXE-CORE: no page was looked at for faults that keep people out: {why}"
                    )),
                }
            }
            Err(why) => browser.left_out.push(format!(
                "WITHOUT A BROWSER: every test of the portal in a browser was left out, and says nothing: {why}. \
                 Install Chromium and its driver (Debian: apt-get install {})",
                PACKAGES.join(" ")
            )),
        }
        browser
    }

    /// Tells the tests where everything is.
    pub(crate) fn tell(&self, command: &mut Command) {
        for name in [DRIVER, CHROMIUM, AXE] {
            match self.variables.iter().find(|(of, _)| *of == name) {
                Some((_, path)) => command.env(name, path),
                None => command.env_remove(name),
            };
        }
    }

    /// Says what was left out.
    pub(crate) fn warn(&self) {
        for left_out in &self.left_out {
            eprintln!("xtask: {left_out}");
        }
    }

    /// Whether pages can be shown at all.
    pub(crate) fn is_there(&self) -> bool {
        !self.variables.is_empty()
    }
}

/// axe-core's script.
fn axe(wanted: Wanted) -> Result<PathBuf, String> {
    if let Some(script) = given(AXE) {
        return Ok(script);
    }
    let ((name, version), dir) = (AXE_CORE, target().join("browser"));
    match (npm::has(&dir, name, version), wanted) {
        (true, _) => {}
        (false, Wanted::Installed) => npm::install(&dir, &[format!("{name}@{version}")])?,
        (false, Wanted::Found | Wanted::Nothing) => return Err("--no-browser-install was given".to_owned()),
    }
    Ok(dir.join("node_modules").join(name).join("axe.min.js"))
}

fn installed() -> Result<(PathBuf, PathBuf), String> {
    if let Some(found) = programs() {
        return Ok(found);
    }
    apt::install("Chromium with its driver", &PACKAGES)?;
    programs().ok_or_else(|| "the packages were installed, but their programs are nowhere".to_owned())
}

/// The driver and the browser, where both are there and start.
fn programs() -> Option<(PathBuf, PathBuf)> {
    let driver = given(DRIVER).or_else(|| on_path(&DRIVERS))?;
    let chromium = given(CHROMIUM).or_else(|| on_path(&CHROMIUMS))?;
    Some((driver, chromium))
}

fn given(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The first of these programs on the PATH that says its version: some systems have a name that only tells what to
/// install.
fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<_> = env::split_paths(&path).collect();
    let all = names.iter().flat_map(|name| dirs.iter().map(move |dir| dir.join(name)));
    all.filter(|program| program.is_file()).find(|program| {
        let mut ask = Command::new(program);
        let ask = ask.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        ask.status().is_ok_and(|status| status.success())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_said_and_not_told_to_the_tests() {
        let browser = Browser::get(Wanted::Nothing);
        assert!(!browser.is_there());
        assert!(
            matches!(&browser.left_out[..], [said] if said.starts_with("WITHOUT A BROWSER")),
            "{browser:?}"
        );
        let mut command = Command::new("true");
        browser.tell(&mut command);
        assert!(command.get_envs().all(|(_, value)| value.is_none()));
    }

    #[test]
    fn a_program_that_does_not_start_is_none() {
        assert_eq!(on_path(&["no-program-of-this-name"]), None);
        assert!(on_path(&["no-program-of-this-name", "cargo"]).is_some());
    }
}
