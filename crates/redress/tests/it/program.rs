//! Running the program: commands to their end, and servers that end with their test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A directory with an embedded store.
pub(crate) struct Place {
    dir: TempDir,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// The directory of the embedded store.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A file beside it.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs a command, its words separated by spaces, on the embedded store.
    pub(crate) fn run(&self, words: &str) -> Ran {
        self.run_words(&words.split(' ').collect::<Vec<_>>())
    }

    /// Runs a command whose words may have spaces.
    pub(crate) fn run_words(&self, words: &[&str]) -> Ran {
        run(&[words, &["--data", self.data().to_str().unwrap()]].concat(), &[])
    }

    /// Runs one that must succeed.
    #[track_caller]
    pub(crate) fn ok(&self, words: &str) -> String {
        let ran = self.run(words);
        assert_eq!(ran.code, 0, "{words}: {ran:?}");
        ran.out
    }

    /// Runs one that must succeed and print JSON.
    #[track_caller]
    pub(crate) fn json(&self, words: &str) -> Value {
        serde_json::from_str(&self.ok(&format!("{words} --json"))).unwrap()
    }

    /// The same with variables.
    #[track_caller]
    pub(crate) fn json_with(&self, words: &str, variables: &[(&str, &str)]) -> Value {
        let words: Vec<_> = words.split(' ').collect();
        let ran =
            run(&[&words[..], &["--json", "--data", self.data().to_str().unwrap()]].concat(), variables);
        assert_eq!(ran.code, 0, "{words:?}: {ran:?}");
        serde_json::from_str(&ran.out).unwrap()
    }

    /// Starts a server on the embedded store.
    pub(crate) fn serve(&self, variables: &[(&str, &str)]) -> Server {
        Server::start(&["--data", self.data().to_str().unwrap()], variables)
    }

    /// As [`Place::serve`], with the log in a file of this name.
    pub(crate) fn serve_with_log(&self, variables: &[(&str, &str)], name: &str) -> (Server, PathBuf) {
        let log = self.file(name, "");
        let mut command = Server::command(&["--data", self.data().to_str().unwrap()], variables);
        command.stderr(std::fs::File::create(&log).unwrap());
        (Server::of(command), log)
    }
}

/// Runs the program with these words and variables to its end.
pub(crate) fn run(words: &[&str], variables: &[(&str, &str)]) -> Ran {
    let output = program(words, variables).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// The program, to be started with these words and variables.
pub(crate) fn program(words: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_redress"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("REDRESS_")) {
        command.env_remove(name);
    }
    command.args(words).envs(variables.iter().copied());
    command
}

/// A server in a process of its own; it is killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// Host and port.
    pub(crate) address: String,
    /// Host and port of the metrics.
    pub(crate) metrics: String,
}

impl Server {
    pub(crate) fn start(words: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::of(Self::command(words, variables))
    }

    fn command(words: &[&str], variables: &[(&str, &str)]) -> Command {
        let words: Vec<_> = std::iter::once("serve").chain(words.iter().copied()).collect();
        let mut command = program(&words, &[]);
        command
            .env("REDRESS_SERVER_LISTEN", "127.0.0.1:0")
            .env("REDRESS_SERVER_METRICS_LISTEN", "127.0.0.1:0");
        command.envs(variables.iter().copied()).stderr(Stdio::null());
        command
    }

    fn of(command: Command) -> Self {
        let (child, mut lines) = spawn(command);
        let address = after(&mut lines, "redress listens on http://");
        let metrics = after(&mut lines, "metrics at http://").trim_end_matches("/metrics").to_owned();
        Self { child, address, metrics }
    }

    /// Sends a signal by its name: `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A sandbox in a process of its own; it is killed when dropped.
pub(crate) struct Sandbox {
    child: Child,
    /// Host and port.
    pub(crate) address: String,
}

impl Sandbox {
    /// Starts one that keeps its state beside the embedded store.
    pub(crate) fn start(place: &Place) -> Self {
        let data = place.dir.path().join("sandbox.db");
        let words = ["sandbox", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
        let mut command = program(&words, &[]);
        command.stderr(Stdio::null());
        let (child, mut lines) = spawn(command);
        Self { child, address: after(&mut lines, "sandbox listens on http://") }
    }

    /// Steers it: `POST /control/…`.
    #[track_caller]
    pub(crate) fn control(&self, what: &str, body: &Value) {
        let head = format!("POST /control/{what} HTTP/1.1\r\ncontent-type: application/json");
        let (status, answer) = request(&self.address, &head, &body.to_string());
        assert_eq!(status, 200, "{answer}");
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

type Lines = std::io::Lines<BufReader<ChildStdout>>;

fn spawn(mut command: Command) -> (Child, Lines) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

fn after(lines: &mut Lines, start: &str) -> String {
    let line = lines.next().expect("it starts").unwrap();
    line.strip_prefix(start).unwrap_or_else(|| panic!("{line:?}")).to_owned()
}

/// Sends a request on a connection of its own; answers the status and the body.
pub(crate) fn request(address: &str, head: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let whole =
        format!("{head}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(whole.as_bytes()).unwrap();
    answer(stream)
}

/// Reads an answer to the end of the connection.
pub(crate) fn answer(mut stream: TcpStream) -> (u16, String) {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let status = text.split(' ').nth(1).unwrap_or_else(|| panic!("{text:?}")).parse().unwrap();
    (status, text.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// Whether a path is for its owner only.
pub(crate) fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o077 == 0
}
