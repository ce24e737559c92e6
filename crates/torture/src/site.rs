//! A whole Redress as its users run it: the sandbox and servers in processes of their own, set up by commands, called
//! over HTTP by clients that were written from the documents.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::payment::Payment;
use crate::process::{Process, Ran, free_address, run};
use crate::time::{LIMIT, stopwatch, until, until_at_every};
use crate::wire::Call;

/// Between two looks where a return to service is measured.
const SHORT_PAUSE: Duration = Duration::from_millis(5);

/// How many servers a site has at most.
pub const SERVERS_MAX: usize = 2;

/// Which database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file beside the rest.
    Sqlite,
    /// The address that servers and commands are given.
    Postgres(String),
}

/// The spans that differ between tests; the others are short everywhere.
#[derive(Clone, Copy, Debug)]
pub struct Tuning {
    /// One exchange with a PSP.
    pub psp_timeout_ms: u64,
    /// How long PortOne's face waits for the PSP's word.
    pub face_wait_ms: u64,
    /// Fruitless look-ups until a person is called.
    pub person_after: u32,
    /// Sends in flight of one PSP account and process.
    pub max_in_flight: u32,
    /// The longest pause between two look-ups while nobody knows.
    pub resolve_max_ms: u64,
    /// What the servers log, as their setting `log.format`: `json` is said at level `info`, `text` at `warn`.
    pub log_format: &'static str,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            psp_timeout_ms: 1_000,
            face_wait_ms: 4_000,
            person_after: 4,
            max_in_flight: 16,
            resolve_max_ms: 1_000,
            log_format: "text",
        }
    }
}

/// One database, one sandbox, and the settings of the servers on them.
pub struct Site {
    /// The spans it runs with.
    pub tuning: Tuning,
    program: PathBuf,
    // Before what the processes work on, so that they end first.
    sandbox: Process,
    /// Host and port of the sandbox.
    pub sandbox_at: String,
    addresses: [(String, String); SERVERS_MAX],
    place: Place,
    /// Where PSPs are told to notify; none means the first server.
    public_at: Option<String>,
    dir: TempDir,
}

/// A server in a process of its own.
pub struct Server {
    /// The process itself.
    pub process: Process,
    /// Host and port.
    pub at: String,
    /// Host and port of its metrics.
    pub metrics_at: String,
}

impl Site {
    /// Starts a sandbox and writes the settings of the servers of `program`, which may be started then.
    pub fn new(program: &Path, place: Place, tuning: Tuning) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sandbox_at = free_address();
        let file = dir.path().join("sandbox.db");
        let args = ["sandbox", "--listen", &sandbox_at, "--data", file.to_str().unwrap()];
        let sandbox = Process::start(program, &args, &dir.path().join("sandbox.log"));
        let addresses = [(); SERVERS_MAX].map(|()| (free_address(), free_address()));
        let program = program.to_owned();
        let site = Self { tuning, program, sandbox, sandbox_at, addresses, place, public_at: None, dir };
        site.write_settings();
        if site.place != Place::Sqlite {
            // Made beforehand and the same for all, as an operator does.
            std::fs::write(site.key_file(), format!("test:{}\n", STANDARD.encode([5; 32]))).unwrap();
            assert_eq!(site.run("migrate").code, Some(0));
        }
        until("answer of the sandbox", LIMIT, || Call::get("/control/ledger").call(&site.sandbox_at).ok());
        site
    }

    /// Has PSPs notify another address, before any account is added.
    pub fn notify_at(&mut self, address: &str) {
        self.public_at = Some(address.to_owned());
        self.write_settings();
    }

    /// Host and port of each server, running or not.
    pub fn servers_at(&self) -> [String; SERVERS_MAX] {
        self.addresses.clone().map(|(listen, _)| listen)
    }

    /// Leaves all files where they are, and says where.
    pub fn keep_files(&mut self) -> PathBuf {
        self.dir.disable_cleanup(true);
        self.dir.path().to_owned()
    }

    /// Where its files lie: the database is `redress.db`, the key file `master.key`.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn write_settings(&self) {
        for number in 0..SERVERS_MAX {
            std::fs::write(self.config(number), self.settings(number)).unwrap();
        }
    }

    fn config(&self, number: usize) -> PathBuf {
        self.dir.path().join(format!("server-{number}.toml"))
    }

    fn key_file(&self) -> PathBuf {
        self.dir.path().join("master.key")
    }

    fn settings(&self, number: usize) -> String {
        let (listen, metrics) = &self.addresses[number];
        let place = match &self.place {
            Place::Sqlite => format!("path = {:?}", self.dir.path().join("redress.db")),
            Place::Postgres(url) => format!("url = {url:?}\npool_size = 6"),
        };
        let Tuning { psp_timeout_ms, face_wait_ms, person_after, resolve_max_ms, log_format, .. } =
            self.tuning;
        let level = if log_format == "json" { "info" } else { "warn" };
        format!(
            r#"
            [server]
            listen = "{listen}"
            metrics_listen = "{metrics}"
            public_url = "http://{public}"
            [store]
            {place}
            master_key_file = {key_file:?}
            [engine]
            lease = "{lease}ms"
            not_sent_first = "200ms"
            not_sent_max = "1s"
            resolve_first = "200ms"
            resolve_max = "{resolve_max_ms}ms"
            pending_first = "300ms"
            pending_max = "1s"
            person_after_queries = {person_after}
            face_wait = "{face_wait_ms}ms"
            poll = "100ms"
            [psp]
            timeout = "{psp_timeout_ms}ms"
            connect_timeout = "500ms"
            allow_loopback = true
            [notifications]
            timeout = "2s"
            connect_timeout = "500ms"
            retry_first = "300ms"
            retry_max = "1s"
            allow_loopback = true
            [log]
            format = "{log_format}"
            level = "{level}"
            "#,
            public = self.public_at.as_ref().unwrap_or(&self.addresses[0].0),
            key_file = self.key_file(),
            lease = psp_timeout_ms * 3,
        )
    }

    /// Starts the server of that number and waits until it serves.
    pub fn serve(&self, number: usize) -> Server {
        let server = self.start(number);
        self.wait_ready(server)
    }

    /// The same without waiting.
    pub fn start(&self, number: usize) -> Server {
        let config = self.config(number);
        let args = ["serve", "--config", config.to_str().unwrap()];
        let process =
            Process::start(&self.program, &args, &self.dir.path().join(format!("server-{number}.log")));
        let (at, metrics_at) = self.addresses[number].clone();
        Server { process, at, metrics_at }
    }

    fn wait_ready(&self, mut server: Server) -> Server {
        until("ready server", LIMIT, || server.is_ready().then_some(()));
        server
    }

    /// Starts it anew and measures how long it took until it served.
    pub fn serve_measured(&self, number: usize) -> (Server, Duration) {
        let started: Instant = stopwatch();
        let mut server = self.start(number);
        until_at_every(SHORT_PAUSE, "ready server", LIMIT, || server.is_ready().then_some(()));
        (server, started.elapsed())
    }

    /// Runs a command; `words` are separated by blanks.
    pub fn run(&self, words: &str) -> Ran {
        let config = self.config(0);
        let words = words.split(' ').chain(["--config", config.to_str().unwrap()]);
        run(&self.program, &words.collect::<Vec<_>>())
    }

    /// Runs a command that must succeed and print JSON.
    pub fn json(&self, words: &str) -> Value {
        let ran = self.run(&format!("{words} --json"));
        assert_eq!(ran.code, Some(0), "{words}: {ran:?}");
        serde_json::from_str(&ran.out).unwrap()
    }

    /// Tells the sandbox something.
    pub fn control(&self, what: &str, body: &Value) {
        let answer = Call::post(format!("/control/{what}"), body.to_string()).answer(&self.sandbox_at);
        assert_eq!(answer.status, 200, "{what} {body}: {answer:?}");
    }

    /// Scripts what happens to the payment's next submits.
    pub fn script(&self, payment: &Payment, steps: &[&str]) {
        let script = json!({"psp": payment.psp.name(), "payment": payment.psp_payment_id, "steps": steps});
        self.control("script", &script);
    }

    /// Every effect at the PSPs.
    pub fn ledger(&self) -> Vec<Effect> {
        let ledger = Call::get("/control/ledger").answer(&self.sandbox_at).expect(200);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let effect = |effect: &Value| Effect {
            psp: text(&effect["psp"]),
            payment: text(&effect["payment"]),
            key: text(&effect["key"]),
            amount_minor: effect["amount_minor"].as_i64().unwrap(),
            state: text(&effect["state"]),
        };
        ledger["effects"].as_array().unwrap().iter().map(effect).collect()
    }

    /// The effects on one payment.
    pub fn effects(&self, payment: &Payment) -> Vec<Effect> {
        let mut effects = self.ledger();
        effects.retain(|effect| effect.payment == payment.psp_payment_id);
        effects
    }

    /// `redress verify` finds nothing.
    pub fn verify(&self) {
        let ran = self.run("verify");
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.sandbox.kill();
        if std::thread::panicking() {
            eprintln!("everything lies in {}", self.keep_files().display());
        }
    }
}

impl Server {
    /// Whether it says that it can serve.
    ///
    /// # Panics
    /// When it has ended: it should not by itself.
    pub fn is_ready(&mut self) -> bool {
        assert!(self.process.runs(), "the server ended: {}", self.process.log());
        Call::get("/readyz").call(&self.at).is_ok_and(|answer| answer.status == 200)
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// The value of a counter whose name and labels contain all of `parts`, summed up.
    pub fn counted(&self, parts: &[&str]) -> u64 {
        let mut call = Call::get("/metrics");
        call.headers.push(("accept", "text/plain".to_owned()));
        let text = call.answer(&self.metrics_at).body;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let ours = lines.filter(|line| parts.iter().all(|part| line.contains(part)));
        ours.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
    }
}

/// What happened at a PSP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Which PSP.
    pub psp: String,
    /// The PSP's id of the payment.
    pub payment: String,
    /// The reference that Redress gave.
    pub key: String,
    /// The sum in minor units.
    pub amount_minor: i64,
    /// `succeeded`, `pending` or `failed`.
    pub state: String,
}
