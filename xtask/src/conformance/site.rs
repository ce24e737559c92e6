//! Where the parts run: a demo, and a server of its own beside a sandbox. Each is started for the first part that needs
//! it, on loopback, and ended with the site.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{
    packages::Packages,
    part::{Ran, Stop, skipped},
    process::{Process, answers, finish, free_port, listens},
    script,
};
use crate::{Outcome, run::root};

/// For a server to be ready. All limits are for what hangs: a machine may stand still for most of a minute.
const START_LIMIT: Duration = Duration::from_secs(180);

/// For a demo to end its tour: some seconds here, and each of its steps has a limit of its own.
const TOUR_LIMIT: Duration = Duration::from_secs(300);

/// For a script to come to its end; mostly it has shorter limits of its own.
const SCRIPT_LIMIT: Duration = Duration::from_secs(600);

/// What a demo says once it has shown all.
const TOUR_IS_OVER: &str = "Keys of the merchant";

/// How a script says that what it needs is not here.
const SKIPPED: i32 = 3;

/// What the scripts are run with.
#[derive(Clone, Copy, Debug)]
pub(super) enum With<'a> {
    /// The machine's Python, for what needs its standard library alone.
    Python,
    /// The environment's, with this package.
    PythonPackage(&'a str),
    /// Node, with this package; none where the name is empty.
    Node(&'a str),
    Php,
    Java,
}

/// The demo, the server, and what stands around them.
#[derive(Debug)]
pub(super) struct Site {
    program: PathBuf,
    pub(super) packages: Packages,
    descriptions: Option<PathBuf>,
    /// Emptied at the start of a run.
    dir: PathBuf,
    connectors: Option<Vec<String>>,
    demo: Option<Process>,
    /// The sandbox, and the server that speaks to it.
    own: Option<(Process, Process)>,
    sandbox_port: Option<u16>,
}

impl Site {
    pub(super) fn new(program: PathBuf, packages: Packages, descriptions: Option<PathBuf>) -> Outcome<Self> {
        let dir = packages.dir().join("run");
        let made = if dir.exists() { fs::remove_dir_all(&dir) } else { Ok(()) };
        made.and_then(|()| fs::create_dir_all(&dir))
            .map_err(|error| format!("{}: {error}", dir.display()))?;
        Ok(Self {
            program,
            packages,
            descriptions,
            dir,
            connectors: None,
            demo: None,
            own: None,
            sandbox_port: None,
        })
    }

    /// The folder of a running demo.
    pub(super) fn demo(&mut self) -> Result<PathBuf, Stop> {
        let data = self.dir.join("demo");
        if self.demo.is_none() {
            let port = free_port()?;
            let mut command = self.redress();
            command.args(["demo", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(&data);
            let mut demo = Process::start("demo", &mut command, &self.dir)?;
            // Until its tour is over: the refunds of a tour are no part's own.
            demo.wait(TOUR_LIMIT, |log| log.contains(TOUR_IS_OVER) && answers(port, "/readyz"))?;
            self.demo = Some(demo);
        }
        Ok(data)
    }

    /// The folder of a running server with a sandbox beside it: `own.json` in it is what the demo's `demo.json` is.
    pub(super) fn own(&mut self) -> Result<PathBuf, Stop> {
        let data = self.dir.join("own");
        if self.own.is_none() {
            fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
            let (port, sandbox_port) = (free_port()?, free_port()?);
            let mut command = self.redress();
            command.args(["sandbox", "--listen", &format!("127.0.0.1:{sandbox_port}"), "--data"]);
            let mut sandbox = Process::start("sandbox", command.arg(data.join("sandbox.db")), &self.dir)?;
            sandbox.wait(START_LIMIT, |_| listens(sandbox_port))?;
            self.script_said(
                With::Python,
                "prepare.py",
                &[
                    &self.program.display().to_string(),
                    &data.display().to_string(),
                    &port.to_string(),
                    &sandbox_port.to_string(),
                ],
            )?;
            let mut command = self.redress();
            command.args(["serve", "--config"]).arg(data.join("redress.toml"));
            let mut server = Process::start("serve", &mut command, &self.dir)?;
            server.wait(START_LIMIT, |_| answers(port, "/readyz"))?;
            self.own = Some((sandbox, server));
            self.sandbox_port = Some(sandbox_port);
        }
        Ok(data)
    }

    /// Where the sandbox of the own server is.
    pub(super) fn sandbox_url(&self) -> Outcome<String> {
        let port = self.sandbox_port.ok_or("the sandbox was not started")?;
        Ok(format!("http://127.0.0.1:{port}"))
    }

    /// Passes over what needs a connector that this build does not have.
    pub(super) fn need_connector(&mut self, name: &str) -> Result<(), Stop> {
        if self.connectors.is_none() {
            let mut command = self.redress();
            command.args(["psp-account", "connectors", "--data"]).arg(self.dir.join("none"));
            let ended = finish("connectors", &mut command, &self.dir, START_LIMIT)?;
            if ended.code != Some(0) {
                return Err(Stop::Failed(format!("the connectors are not listed: {}", ended.last_lines())));
            }
            let first_words = ended.text.lines().skip(1).filter_map(|line| line.split_whitespace().next());
            self.connectors = Some(first_words.map(str::to_owned).collect());
        }
        let known = self.connectors.iter().flatten().any(|known| known == name);
        if known { Ok(()) } else { skipped(format!("there is no connector {name} yet")) }
    }

    /// One of the official descriptions.
    pub(super) fn need_description(&self, file: &str) -> Result<PathBuf, Stop> {
        let Some(dir) = &self.descriptions else {
            return skipped(format!("no folder with {file} was given"));
        };
        let path = dir.join(file);
        if path.is_file() { Ok(path) } else { skipped(format!("the folder given has no {file}")) }
    }

    /// Runs a script to its end. Its last line is what it found; it ends with 0 where all held and with 3 where it could
    /// not run.
    pub(super) fn script(&self, with: With<'_>, name: &str, args: &[&str]) -> Ran {
        self.script_within(SCRIPT_LIMIT, with, name, args)
    }

    /// The same, with a limit of its own.
    pub(super) fn script_within(&self, limit: Duration, with: With<'_>, name: &str, args: &[&str]) -> Ran {
        let mut command = self.interpreter(with)?;
        command.arg(script(name)).args(args);
        let log = format!("{}-{}", name.replace('.', "-"), free_port()?);
        let ended = finish(&log, &mut command, &self.dir, limit)?;
        match ended.code {
            Some(0) => Ok(ended.last_line().to_owned()),
            Some(SKIPPED) => skipped(ended.last_line().to_owned()),
            _ => {
                let (said, dir) = (ended.last_lines(), self.dir.display());
                let complaints = self.own.iter().map(|(_, server)| server.complaints()).collect::<String>();
                Err(Stop::Failed(format!("{said} ({name}, see {log}.log in {dir}){complaints}")))
            }
        }
    }

    /// The same, where only its success matters.
    fn script_said(&self, with: With<'_>, name: &str, args: &[&str]) -> Result<(), Stop> {
        self.script(with, name, args).map(drop)
    }

    /// Starts a script that serves on a port until it is dropped.
    pub(super) fn serving(
        &self,
        with: With<'_>,
        name: &str,
        args: &[&str],
        port: u16,
    ) -> Result<Process, Stop> {
        let mut command = self.interpreter(with)?;
        command.arg(script(name)).args(args).arg(port.to_string());
        self.started(&format!("{}-{port}", name.replace('.', "-")), &mut command, port)
    }

    /// Starts what serves on a port. A counterpart that does not start says nothing about us.
    pub(super) fn started(&self, name: &str, command: &mut Command, port: u16) -> Result<Process, Stop> {
        let started = Process::start(name, command, &self.dir).and_then(|mut process| {
            process.wait(START_LIMIT, |_| listens(port))?;
            Ok(process)
        });
        started.map_err(Stop::Skipped)
    }

    /// What runs the scripts of a language.
    pub(super) fn interpreter(&self, with: With<'_>) -> Result<Command, Stop> {
        let mut command = match with {
            With::Python => {
                self.packages.need_program("python3")?;
                Command::new("python3")
            }
            With::PythonPackage(package) => Command::new(self.packages.need_python(package)?),
            With::Node("") => {
                self.packages.need_program("node")?;
                Command::new("node")
            }
            With::Node(package) => {
                self.packages.need_node(package)?;
                Command::new("node")
            }
            With::Php => {
                self.packages.need_program("php")?;
                Command::new("php")
            }
            With::Java => {
                self.packages.need_program("javac")?;
                Command::new("java")
            }
        };
        command.current_dir(root()).env("NODE_PATH", self.packages.node_modules());
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        // A proxy of the machine's is none of loopback's business.
        command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
        Ok(command)
    }

    /// The program under test; the person's own settings have no say in it.
    fn redress(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.dir);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("REDRESS_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Where logs and data of this run are.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The program under test.
    pub(super) fn program(&self) -> String {
        self.program.display().to_string()
    }
}
