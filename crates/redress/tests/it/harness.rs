//! A whole Redress as its users run it: the sandbox and servers in processes of their own, set up by commands, called
//! over HTTP by clients that were written from the documents.

pub(crate) mod audit;
pub(crate) mod merchant;
pub(crate) mod process;
pub(crate) mod receiver;
mod signing;
pub(crate) mod time;
pub(crate) mod wire;

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use redress_store::testing::{PG_URL_VARIABLE, TempDir, batch};
use redress_store::{PgConfig, Store};
use serde_json::{Value, json};

use self::merchant::{Merchant, Payment, Psp};
use self::process::{Process, Ran, free_address, run};
use self::time::until;
use self::wire::Call;

/// How long a process may take until it serves.
const READY_LIMIT: Duration = Duration::from_secs(15);

/// How many servers a site has at most.
const SERVERS_MAX: usize = 2;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    /// False, and said so, where tests have no PostgreSQL.
    pub(crate) fn is_here(self) -> bool {
        let here = self == Self::Sqlite || std::env::var_os(PG_URL_VARIABLE).is_some();
        if !here {
            let variable = PG_URL_VARIABLE;
            eprintln!("left out: {variable} names no database");
        }
        here
    }
}

/// The spans that differ between tests; the others are short everywhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tuning {
    pub(crate) psp_timeout_ms: u64,
    pub(crate) face_wait_ms: u64,
    /// Fruitless look-ups until a person is called.
    pub(crate) person_after: u32,
    /// Sends in flight of one PSP account and process.
    pub(crate) max_in_flight: u32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { psp_timeout_ms: 1_000, face_wait_ms: 4_000, person_after: 4, max_in_flight: 16 }
    }
}

/// One database, one sandbox, and the settings of the servers on them.
pub(crate) struct Site {
    pub(crate) tuning: Tuning,
    // Before what the processes work on, so that they end first.
    sandbox: Process,
    pub(crate) sandbox_at: String,
    addresses: [(String, String); SERVERS_MAX],
    dir: TempDir,
    schema: Option<Schema>,
}

/// A server in a process of its own.
pub(crate) struct Server {
    pub(crate) process: Process,
    /// Host and port.
    pub(crate) at: String,
    /// Host and port of its metrics.
    pub(crate) metrics_at: String,
}

impl Site {
    pub(crate) fn new(kind: Kind, tuning: Tuning) -> Self {
        let dir = TempDir::new();
        let sandbox_at = free_address();
        let file = dir.path().join("sandbox.db");
        let args = ["sandbox", "--listen", &sandbox_at, "--data", file.to_str().unwrap()];
        let sandbox = Process::start(&args, &dir.path().join("sandbox.log"));
        let addresses = [(); SERVERS_MAX].map(|()| (free_address(), free_address()));
        let schema = (kind == Kind::Postgres).then(Schema::new);
        let site = Self { tuning, sandbox, sandbox_at, addresses, dir, schema };
        for number in 0..SERVERS_MAX {
            std::fs::write(site.config(number), site.settings(number)).unwrap();
        }
        if kind == Kind::Postgres {
            // Made beforehand and the same for all, as an operator does.
            std::fs::write(site.key_file(), format!("test:{}\n", STANDARD.encode([5; 32]))).unwrap();
            assert_eq!(site.run("migrate").code, Some(0));
        }
        until("answer of the sandbox", READY_LIMIT, || {
            Call::get("/control/ledger").call(&site.sandbox_at).ok()
        });
        site
    }

    fn config(&self, number: usize) -> PathBuf {
        self.dir.path().join(format!("server-{number}.toml"))
    }

    fn key_file(&self) -> PathBuf {
        self.dir.path().join("master.key")
    }

    fn settings(&self, number: usize) -> String {
        let (listen, metrics) = &self.addresses[number];
        let place = match &self.schema {
            None => format!("path = {:?}", self.dir.path().join("redress.db")),
            Some(schema) => format!("url = {:?}\npool_size = 6", schema.url),
        };
        let Tuning { psp_timeout_ms, face_wait_ms, person_after, .. } = self.tuning;
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
            resolve_max = "1s"
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
            format = "text"
            level = "warn"
            "#,
            public = self.addresses[0].0,
            key_file = self.key_file(),
            lease = psp_timeout_ms * 3,
        )
    }

    /// Starts the server of that number and waits until it serves.
    pub(crate) fn serve(&self, number: usize) -> Server {
        let server = self.start(number);
        self.wait_ready(server)
    }

    /// The same without waiting.
    pub(crate) fn start(&self, number: usize) -> Server {
        let config = self.config(number);
        let args = ["serve", "--config", config.to_str().unwrap()];
        let process = Process::start(&args, &self.dir.path().join(format!("server-{number}.log")));
        let (at, metrics_at) = self.addresses[number].clone();
        Server { process, at, metrics_at }
    }

    fn wait_ready(&self, mut server: Server) -> Server {
        until("ready server", READY_LIMIT, || {
            assert!(server.process.runs(), "the server ended: {}", server.process.log());
            Call::get("/readyz").call(&server.at).ok().filter(|answer| answer.status == 200)
        });
        server
    }

    /// Runs a command; `words` are separated by blanks.
    pub(crate) fn run(&self, words: &str) -> Ran {
        let config = self.config(0);
        let words = words.split(' ').chain(["--config", config.to_str().unwrap()]);
        run(&words.collect::<Vec<_>>())
    }

    /// Runs a command that must succeed and print JSON.
    pub(crate) fn json(&self, words: &str) -> Value {
        let ran = self.run(&format!("{words} --json"));
        assert_eq!(ran.code, Some(0), "{words}: {ran:?}");
        serde_json::from_str(&ran.out).unwrap()
    }

    /// Tells the sandbox something.
    pub(crate) fn control(&self, what: &str, body: &Value) {
        let answer = Call::post(format!("/control/{what}"), body.to_string()).answer(&self.sandbox_at);
        assert_eq!(answer.status, 200, "{what} {body}: {answer:?}");
    }

    /// Scripts what happens to the payment's next submits.
    pub(crate) fn script(&self, payment: &Payment, steps: &[&str]) {
        let script = json!({"psp": payment.psp.name(), "payment": payment.psp_payment_id, "steps": steps});
        self.control("script", &script);
    }

    /// Every effect at the PSPs.
    pub(crate) fn ledger(&self) -> Vec<Effect> {
        let ledger = Call::get("/control/ledger").answer(&self.sandbox_at).expect(200);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let effect = |effect: &Value| Effect {
            payment: text(&effect["payment"]),
            key: text(&effect["key"]),
            amount_minor: effect["amount_minor"].as_i64().unwrap(),
            state: text(&effect["state"]),
        };
        ledger["effects"].as_array().unwrap().iter().map(effect).collect()
    }

    /// The effects on one payment.
    pub(crate) fn effects(&self, payment: &Payment) -> Vec<Effect> {
        let mut effects = self.ledger();
        effects.retain(|effect| effect.payment == payment.psp_payment_id);
        effects
    }

    /// Adds a merchant with everything it needs, who is notified at `notified_at`.
    pub(crate) fn merchant(&self, notified_at: Option<&str>) -> Merchant {
        Merchant::add(self, notified_at)
    }

    /// Makes a payment known to both sides.
    pub(crate) fn payment(&self, server: &Server, merchant: &Merchant, psp: Psp, captured: i64) -> Payment {
        merchant.payment(self, server, psp, captured)
    }

    /// `redress verify` finds nothing.
    pub(crate) fn verify(&self) {
        let ran = self.run("verify");
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.sandbox.kill();
    }
}

impl Server {
    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// The value of a counter whose name and labels contain all of `parts`, summed up.
    pub(crate) fn counted(&self, parts: &[&str]) -> u64 {
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
pub(crate) struct Effect {
    pub(crate) payment: String,
    pub(crate) key: String,
    pub(crate) amount_minor: i64,
    pub(crate) state: String,
}

/// A schema of one test's own in the database for tests.
struct Schema {
    name: String,
    admin_url: String,
    url: String,
}

impl Schema {
    fn new() -> Self {
        let admin_url = std::env::var(PG_URL_VARIABLE).unwrap();
        let address = free_address();
        let name = format!("redress_it_{}_{}", std::process::id(), address.rsplit_once(':').unwrap().1);
        let joint = if admin_url.contains('?') { '&' } else { '?' };
        let url = format!("{admin_url}{joint}options=-c%20search_path%3D{name}");
        let schema = Self { name, admin_url, url };
        schema.run(&format!("CREATE SCHEMA {}", schema.name));
        schema
    }

    fn run(&self, sql: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let config = PgConfig { pool_size: 1, ..PgConfig::at(&self.admin_url) };
            batch(&Store::open_postgres(&config).unwrap(), sql).await;
        });
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.run(&format!("DROP SCHEMA {} CASCADE", self.name));
        }
    }
}
