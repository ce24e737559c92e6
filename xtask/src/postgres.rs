//! A throw-away PostgreSQL cluster: found or installed, started on a free loopback port, always stopped again.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{
    Outcome,
    run::{cannot_start, capture, run, succeeds},
};

/// How often a port is tried that somebody else took meanwhile.
const START_TRIES: usize = 3;
/// Each test opens a few connections of its own, and several tests run at once.
const MAX_CONNECTIONS: usize = 200;

/// A running cluster. It stops, and its files go, when this is dropped, and also when this process is killed.
pub(crate) struct Cluster {
    port: u16,
    bin: PathBuf,
    keeper: Child,
}

/// Whether what a cluster has committed would survive a loss of power.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durable {
    /// As in production; for benchmarks.
    Yes,
    /// Faster; for tests.
    No,
}

impl Cluster {
    /// Finds PostgreSQL's programs, or installs them where that is wished, and starts a cluster.
    pub(crate) fn start(install: bool, durable: Durable) -> Outcome<Self> {
        let bin = match find_programs() {
            Some(bin) => bin,
            None if install => install_package()?,
            None => return Err(not_found("--no-pg-install was given")),
        };
        let dir = std::env::temp_dir().join(format!("redress-postgres-{}", std::process::id()));
        let user = User::for_cluster()?;
        let made = user.make_dir(&dir).and_then(|()| Self::start_in(&bin, &dir, &user, durable));
        if made.is_err() {
            let _ = fs::remove_dir_all(&dir);
        }
        made
    }

    fn start_in(bin: &Path, dir: &Path, user: &User, durable: Durable) -> Outcome<Self> {
        let data = dir.join("data");
        let mut initdb = user.command(&bin.join("initdb"), dir);
        initdb.arg("-D").arg(&data).args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        capture(&mut initdb)?;
        let syncing = if durable == Durable::Yes { "on" } else { "off" };
        let mut last = String::new();
        for _ in 0..START_TRIES {
            let port = free_port()?;
            let options = format!(
                "-c listen_addresses=127.0.0.1 -p {port} -c unix_socket_directories='' -c fsync={syncing} \
                 -c full_page_writes={syncing} -c max_connections={MAX_CONNECTIONS}"
            );
            let mut start = user.command(&bin.join("pg_ctl"), dir);
            start
                .arg("-D")
                .arg(&data)
                .arg("-l")
                .arg(dir.join("log"))
                .args(["-w", "-t", "60", "-o", &options, "start"]);
            // The server would hold our own pipes open, so it gets none.
            start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            if start.status().map_err(|error| cannot_start(&start, &error))?.success() {
                return Ok(Cluster { port, bin: bin.to_owned(), keeper: keeper(bin, dir, user)? });
            }
            last = fs::read_to_string(dir.join("log")).unwrap_or_default();
        }
        Err(format!("the throw-away PostgreSQL does not start; its log:\n{last}"))
    }

    /// Where tests reach it.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Where PostgreSQL's programs are.
    pub(crate) fn programs(&self) -> &Path {
        &self.bin
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

/// Whom the cluster runs as: PostgreSQL refuses root.
struct User {
    /// A name with its ids; none means that we are already somebody else than root.
    other: Option<(&'static str, u32, u32)>,
}

impl User {
    fn for_cluster() -> Outcome<Self> {
        if !is_root() {
            return Ok(User { other: None });
        }
        for name in ["postgres", "nobody"] {
            let id = |what: &str| {
                capture(Command::new("id").args([what, name])).ok().and_then(|text| text.trim().parse().ok())
            };
            if let (Some(uid), Some(gid)) = (id("-u"), id("-g")) {
                return Ok(User { other: Some((name, uid, gid)) });
            }
        }
        Err("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as".into())
    }

    fn make_dir(&self, dir: &Path) -> Outcome {
        let fail = |error: std::io::Error| format!("{}: {error}", dir.display());
        fs::create_dir_all(dir).map_err(fail)?;
        match self.other {
            Some((_, uid, gid)) => chown(dir, Some(uid), Some(gid)).map_err(fail),
            None => Ok(()),
        }
    }

    /// A command that will run as this user, in a directory the user can be in.
    fn command(&self, program: &Path, dir: &Path) -> Command {
        let mut command = match self.other {
            None => Command::new(program),
            Some((name, uid, gid)) => {
                let mut command;
                if succeeds(Command::new("setpriv").arg("--version")) {
                    command = Command::new("setpriv");
                    command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}")).arg("--clear-groups");
                } else {
                    command = Command::new("runuser");
                    command.args(["-u", name, "--"]);
                }
                command.arg(program);
                command
            }
        };
        command.current_dir(dir).env("LC_ALL", "C");
        command
    }
}

fn is_root() -> bool {
    // Our own process, as the kernel shows it; where it does not, `id` knows.
    match fs::metadata("/proc/self") {
        Ok(own) => own.uid() == 0,
        Err(_) => capture(Command::new("id").arg("-u")).is_ok_and(|uid| uid.trim() == "0"),
    }
}

fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| format!("no free port on 127.0.0.1: {error}"))
}

/// The directory of `initdb` and `pg_ctl`: on the PATH, where packages put it, or where `pg_config` says.
fn find_programs() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<PathBuf> = std::env::split_paths(&on_path).collect();
    for parent in ["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt", "/usr"] {
        dirs.extend(packaged(Path::new(parent)));
    }
    if let Ok(dir) = capture(Command::new("pg_config").arg("--bindir")) {
        dirs.push(dir.trim().into());
    }
    dirs.into_iter().find_map(|dir| {
        // A link to a program stands for the directory the program lies in.
        let bin = dir.join("initdb").canonicalize().ok()?.parent()?.to_path_buf();
        ["initdb", "pg_ctl", "postgres"].iter().all(|name| bin.join(name).is_file()).then_some(bin)
    })
}

/// `bin` directories of installed versions below `parent`, the newest first.
fn packaged(parent: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let mut found: Vec<(u32, PathBuf)> = names
        .filter_map(|name| {
            let name = name.to_str()?;
            let version = name.trim_start_matches("postgresql@").trim_start_matches("pgsql-");
            Some((version.parse().ok()?, parent.join(name).join("bin")))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, bin)| bin).collect()
}

fn install_package() -> Outcome<PathBuf> {
    if !succeeds(Command::new("apt-get").arg("--version")) {
        return Err(not_found("there is no apt-get to install it with"));
    }
    let sudo = !is_root();
    if sudo && !succeeds(Command::new("sudo").args(["-n", "true"])) {
        return Err(not_found("installing it needs root, or sudo without a password"));
    }
    eprintln!("xtask: PostgreSQL is not here; installing the package `postgresql`");
    for args in [&["update"][..], &["install", "-y", "--no-install-recommends", "postgresql"]] {
        let mut command = Command::new(if sudo { "sudo" } else { "env" });
        command.args(sudo.then_some("-n")).args(sudo.then_some("env"));
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(args).stdin(Stdio::null());
        run(&mut command).map_err(|error| not_found(&error))?;
    }
    find_programs().ok_or_else(|| not_found("the package was installed, but its programs are nowhere"))
}

fn not_found(why: &str) -> String {
    format!(
        "PostgreSQL's programs (initdb, pg_ctl, postgres) were not found: {why}.\n\
         Install PostgreSQL 15 or later (Debian: apt-get install postgresql), or set REDRESS_TEST_PG_URL to a database \
         that tests may fill,\nor give --without-postgres to leave out every test on PostgreSQL."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_comes_first_and_other_names_are_left_out() {
        let parent = std::env::temp_dir().join(format!("xtask-packaged-{}", std::process::id()));
        for name in ["9", "15", "postgresql@17", "lib"] {
            fs::create_dir_all(parent.join(name)).unwrap();
        }
        let found = packaged(&parent);
        fs::remove_dir_all(&parent).unwrap();
        let expected: Vec<PathBuf> =
            ["postgresql@17", "15", "9"].iter().map(|name| parent.join(name).join("bin")).collect();
        assert_eq!(found, expected);
    }
}
