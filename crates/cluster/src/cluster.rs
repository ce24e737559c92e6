//! One cluster.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use crate::{
    Outcome,
    command::{cannot_start, capture},
    ports::free_port,
    user::User,
};

/// Below the ports that systems give to outgoing connections, and below those that tests and demos draw (from 10 000 on),
/// so that nobody takes one while its cluster is down.
const PORTS: std::ops::Range<u16> = 6_000..10_000;
/// How often a port is tried that somebody else took meanwhile.
const START_TRIES: usize = 3;
/// Each test opens a few connections of its own, and several tests run at once.
const MAX_CONNECTIONS: usize = 200;
/// What pg_ctl waits for a start, a stop or a promotion, in seconds.
const WAIT_SECONDS: &str = "180";

/// A cluster. It stops, and its files go, when this is dropped, and also when this process is killed.
pub struct Cluster {
    pub(crate) port: u16,
    pub(crate) bin: PathBuf,
    pub(crate) dir: PathBuf,
    pub(crate) user: User,
    durable: Durable,
    keeper: Child,
}

/// Whether what a cluster has committed would survive a loss of power.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// As in production; for benchmarks.
    Yes,
    /// Faster; for tests. A crash of the server alone still loses nothing.
    No,
}

impl Cluster {
    /// Makes and starts a cluster with the programs in `bin`.
    ///
    /// # Errors
    /// With the server's log when it does not start.
    pub fn start(bin: &Path, durable: Durable) -> Outcome<Self> {
        let mut cluster = Self::without_data(bin, durable)?;
        let mut initdb = cluster.program("initdb");
        initdb.arg("-D").arg(cluster.data());
        initdb.args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]);
        capture(&mut initdb)?;
        for _ in 1..START_TRIES {
            if cluster.start_again().is_ok() {
                return Ok(cluster);
            }
            cluster.port = free_port(&PORTS)?;
        }
        cluster.start_again()?;
        Ok(cluster)
    }

    /// A directory and a port.
    pub(crate) fn without_data(bin: &Path, durable: Durable) -> Outcome<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Relaxed);
        let dir = std::env::temp_dir().join(format!("redress-postgres-{}-{number}", std::process::id()));
        let user = User::for_cluster()?;
        user.make_dir(&dir)?;
        let keeper = keeper(bin, &dir, &user)?;
        Ok(Cluster { port: free_port(&PORTS)?, bin: bin.to_owned(), dir, user, durable, keeper })
    }

    /// Starts the server on its data, as after a crash or a reboot, and waits until it takes connections.
    ///
    /// # Errors
    /// With the server's log when it does not start.
    pub fn start_again(&self) -> Outcome {
        let syncing = if self.durable == Durable::Yes { "on" } else { "off" };
        let options = format!(
            "-c listen_addresses=127.0.0.1 -p {} -c unix_socket_directories='' -c fsync={syncing} \
             -c full_page_writes={syncing} -c max_connections={MAX_CONNECTIONS} -c wal_keep_size=1GB",
            self.port
        );
        let mut start = self.pg_ctl();
        start.arg("-l").arg(self.dir.join("log")).args(["-o", &options, "start"]);
        // The server would hold our own pipes open, so it gets none.
        start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if start.status().map_err(|error| cannot_start(&start, &error))?.success() {
            return Ok(());
        }
        let log = fs::read_to_string(self.dir.join("log")).unwrap_or_default();
        Err(format!("the throw-away PostgreSQL does not start; its log:\n{log}"))
    }

    /// Ends the server without a word to its clients and without a checkpoint, as a crash does.
    ///
    /// # Errors
    /// When it does not run.
    pub fn crash(&self) -> Outcome {
        capture(self.pg_ctl().args(["-m", "immediate", "stop"])).map(drop)
    }

    /// Runs a statement as the cluster's superuser and answers what it printed, without decoration.
    ///
    /// # Errors
    /// With psql's words.
    pub fn sql(&self, statement: &str) -> Outcome<String> {
        let mut psql = self.program("psql");
        psql.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", &self.url(), "-c", statement]);
        capture(&mut psql).map(|text| text.trim().to_owned())
    }

    /// Where it is reached.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.address())
    }

    /// Its host and port.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where PostgreSQL's programs are.
    #[must_use]
    pub fn programs(&self) -> &Path {
        &self.bin
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub(crate) fn program(&self, name: &str) -> Command {
        self.user.command(&self.bin.join(name), &self.dir)
    }

    pub(crate) fn pg_ctl(&self) -> Command {
        let mut command = self.program("pg_ctl");
        command.arg("-D").arg(self.data()).args(["-w", "-t", WAIT_SECONDS]);
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A shell that waits until our end of its input closes, however we end, and then stops the cluster. So an interrupt,
/// a panic or a kill leaves no server behind.
fn keeper(bin: &Path, dir: &Path, user: &User) -> Outcome<Child> {
    let script =
        r#"trap "" INT TERM HUP; read -r _; "$1/pg_ctl" -D "$2/data" -m immediate -w stop; rm -rf "$2""#;
    let mut shell = user.command(Path::new("/bin/sh"), Path::new("/"));
    shell.arg("-c").arg(script).arg("keeper").arg(bin).arg(dir);
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.spawn().map_err(|error| cannot_start(&shell, &error))
}
