//! Children: started with a log each, waited for with an end, and ended by their own ids.

use std::{
    fs::File,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use crate::{Outcome, run::cannot_start};

/// Between two looks at something that is waited for.
const PAUSE: Duration = Duration::from_millis(50);

/// A child that was asked to end has this long until it is killed.
const END_LIMIT: Duration = Duration::from_secs(8);

/// One look at a port.
const PROBE_LIMIT: Duration = Duration::from_secs(2);

/// Below the ports that systems give to outgoing connections.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// How much of a log is shown where something failed.
const LINES_SHOWN: usize = 12;

/// A child that runs until it is dropped.
#[derive(Debug)]
pub(super) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it; both of its streams go to `NAME.log` in `dir`.
    pub(super) fn start(name: &str, command: &mut Command, dir: &Path) -> Outcome<Self> {
        let log = dir.join(format!("{name}.log"));
        let fail = |error: std::io::Error| format!("{}: {error}", log.display());
        let file = File::create(&log).map_err(fail)?;
        let errors = file.try_clone().map_err(fail)?;
        let child = command.stdin(Stdio::null()).stdout(file).stderr(errors).spawn();
        let child = child.map_err(|error| cannot_start(command, &error))?;
        Ok(Self { name: name.to_owned(), child, log })
    }

    /// Looks until it is `ready` by what it has written so far and otherwise, for at most `limit`; an end of the child is an
    /// error at once.
    pub(super) fn wait(&mut self, limit: Duration, mut ready: impl FnMut(&str) -> bool) -> Outcome {
        let start = stopwatch();
        while !ready(&self.log_text()) {
            if let Some(status) = self.ended()? {
                return Err(format!("{} ended ({status}): {}", self.name, end_of(&self.log_text())));
            }
            if start.elapsed() > limit {
                return Err(format!(
                    "{} is not ready after {limit:?}: {}",
                    self.name,
                    end_of(&self.log_text())
                ));
            }
            std::thread::park_timeout(PAUSE);
        }
        Ok(())
    }

    /// The last errors and warnings that it wrote to its log, to be told beside what failed.
    pub(super) fn complaints(&self) -> String {
        let text = self.log_text();
        let lines: Vec<_> =
            text.lines().filter(|line| line.contains(" ERROR ") || line.contains(" WARN ")).collect();
        let last = &lines[lines.len().saturating_sub(LINES_SHOWN)..];
        last.iter().map(|line| format!("\n{}: {line}", self.name)).collect()
    }

    fn log_text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn ended(&mut self) -> Outcome<Option<ExitStatus>> {
        self.child.try_wait().map_err(|error| format!("{}: {error}", self.name))
    }

    /// Asks it to end, and kills it where it does not.
    fn end(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let asked = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status();
        let start = stopwatch();
        while asked.is_ok() && start.elapsed() < END_LIMIT {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::park_timeout(PAUSE);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// What a child that ends by itself came to.
#[derive(Debug)]
pub(crate) struct Ended {
    /// None after a signal, or when it was ended because its time was over.
    pub(crate) code: Option<i32>,
    /// All that it wrote, to either stream.
    pub(crate) text: String,
}

impl Ended {
    /// The last line it wrote that is not empty.
    pub(crate) fn last_line(&self) -> &str {
        self.text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it said nothing")
    }

    /// The last lines, in one: of those programs that end in a trace, what went wrong stands some lines above the last.
    pub(crate) fn last_lines(&self) -> String {
        end_of(&self.text)
    }
}

/// Runs a child to its end, for at most `limit`.
pub(crate) fn finish(name: &str, command: &mut Command, dir: &Path, limit: Duration) -> Outcome<Ended> {
    let mut process = Process::start(name, command, dir)?;
    let start = stopwatch();
    let status = loop {
        let status = process.ended()?;
        if status.is_some() || start.elapsed() > limit {
            break status;
        }
        std::thread::park_timeout(PAUSE);
    };
    process.end();
    let mut text = process.log_text();
    if status.is_none() {
        text.push_str(&format!("\nnot done after {limit:?}"));
    }
    Ok(Ended { code: status.and_then(|status| status.code()), text })
}

/// The last lines of a log, in one.
fn end_of(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(LINES_SHOWN)..].join(" | ")
}

/// A loopback port on which nobody listens.
pub(super) fn free_port() -> Outcome<u16> {
    redress_cluster::free_port(&PORTS)
}

/// Whether somebody listens there.
pub(super) fn listens(port: u16) -> bool {
    TcpStream::connect_timeout(&loopback(port), PROBE_LIMIT).is_ok()
}

/// Whether `GET PATH` there is answered with 200.
pub(super) fn answers(port: u16, path: &str) -> bool {
    let asked = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&loopback(port), PROBE_LIMIT)?;
        stream.set_read_timeout(Some(PROBE_LIMIT))?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n")?;
        let mut head = [0_u8; 12];
        stream.read_exact(&mut head)?;
        Ok(head.ends_with(b" 200"))
    };
    asked().unwrap_or(false)
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Measures from now on.
#[expect(clippy::disallowed_methods, reason = "children live by the real clock")]
pub(super) fn stopwatch() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longer than any test runs.
    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn a_child_that_takes_too_long_is_ended() {
        let dir = std::env::temp_dir();
        let name = format!("conformance-{}", std::process::id());
        let mut quick = Command::new("sh");
        let done = finish(&name, quick.args(["-c", "echo a; echo b; exit 3"]), &dir, HOUR).unwrap();
        assert_eq!((done.code, done.last_line()), (Some(3), "b"));
        let mut slow = Command::new("sh");
        let done = finish(&name, slow.args(["-c", "exec sleep 60"]), &dir, PAUSE).unwrap();
        assert_eq!(done.code, None);
        assert!(done.last_line().starts_with("not done after"), "{done:?}");
        let _ = std::fs::remove_file(dir.join(format!("{name}.log")));
    }

    #[test]
    fn ports_are_free_and_differ() {
        let (one, other) = (free_port().unwrap(), free_port().unwrap());
        assert_ne!(one, other);
        assert!(!listens(one));
    }
}
