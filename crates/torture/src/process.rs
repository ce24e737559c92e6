//! Processes of the program under test. Each is killed by its own id when its handle is dropped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::time::until;

/// How much of a process's log is shown where something failed.
const LINES_SHOWN: usize = 30;

/// Below the ports that systems give to outgoing connections, and below those that a demo draws (from 20 000 on), so that
/// nobody takes one while its server is down or not yet up.
const PORTS: std::ops::Range<u16> = 10_000..20_000;

/// A process that runs until it is killed.
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it; its error stream goes to `log`.
    pub fn start(program: &Path, args: &[&str], log: &Path) -> Self {
        let errors = File::options().create(true).append(true).open(log).unwrap();
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .unwrap();
        Self { child, log: log.to_owned() }
    }

    /// SIGKILL, and the end of it.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        let command = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    /// Waits for its own end.
    pub fn ended(&mut self, limit: Duration) -> ExitStatus {
        until("end of the process", limit, || self.child.try_wait().unwrap())
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// What it wrote to its error stream.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            let last = lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n");
            eprintln!("--- the end of {}\n{last}", self.log.display());
        }
    }
}

/// What a command that ends by itself did.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; none after a signal.
    pub code: Option<i32>,
    /// What it printed.
    pub out: String,
}

/// Runs a command to its end; what it wrote to its error stream is shown where a test fails.
pub fn run(program: &Path, args: &[&str]) -> Ran {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    eprint!("{}", text(output.stderr));
    Ran { code: output.status.code(), out: text(output.stdout) }
}

/// An address on which nobody listens.
pub fn free_address() -> String {
    let port = redress_cluster::free_port(&PORTS).unwrap_or_else(|error| panic!("{error}"));
    format!("127.0.0.1:{port}")
}
