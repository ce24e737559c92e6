//! `redress doctor`.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use redress_engine::world::World;
use redress_store::ops::write_probe::WriteProbe;
use redress_store::{MIGRATIONS, Role, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::failure::Failure;
use crate::output::{one_line, print};
use crate::place::PlaceArgs;
use crate::settings::{Place, Settings};
use crate::{master_key, open};

/// Less free space than this is too little for a database to go on, in bytes.
const FREE_BYTES_MIN: u64 = 256 * 1024 * 1024;

/// A clock before 2025-01-01T00:00:00Z was never set, in seconds.
const CLOCK_MIN_SECONDS: i64 = 1_735_689_600;

/// How far this machine's clock may be from the database's, in microseconds.
const CLOCK_DIFFERENCE_MAX_MICROS: i64 = 1_000_000;

/// How long somebody on a local address may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// How much of an answer is looked at, in bytes.
const ANSWER_BYTES_MAX: usize = 4_096;

/// Check that this installation can work: one line a check
///
/// Checks the settings and what must hold between them, the store and its migrations, the disk, the clock, that the
/// master key opens the secrets, and the addresses. Changes nothing, and works beside a running server. Exits 0 when
/// every check passed, 1 when one failed, 2 when the settings cannot be read.
#[derive(Args, Debug)]
pub(crate) struct Doctor {
    #[command(flatten)]
    place: PlaceArgs,
}

/// A check's result: what is well, or what is not and what to do.
type Check = Result<String, String>;

pub(crate) async fn run(args: Doctor) -> Result<(), Failure> {
    let settings = args.place.settings()?;
    let (world, _) = open::real_world()?;
    let mut failed = 0;
    let mut say = |name: &str, check: Check| {
        let (verdict, text) = match check {
            Ok(text) => ("ok  ", text),
            Err(text) => {
                failed += 1;
                ("FAIL", text)
            }
        };
        print(&format!("{verdict}  {name:10}  {}", one_line(&text)))
    };
    say("settings", check_settings(&settings))?;
    match open_store(&settings).await {
        Err(problem) => say("store", Err(problem))?,
        Ok(store) => {
            let migrations = check_migrations(&store).await;
            let migrated = migrations.is_ok();
            let read = if migrated { check_write(&store).await } else { Ok(String::new()) };
            say("store", read.map(|how| format!("{} opens{how}", settings.store.place)))?;
            say("migrations", migrations)?;
            say("clock", check_clock(&store, &world).await)?;
            drop(store);
            say("master key", check_master_key(&settings, migrated).await)?;
        }
    }
    say("disk", check_disk(&settings))?;
    say("server", check_address(settings.server.listen, "/healthz", "", &world).await)?;
    if let Some(metrics) = settings.server.metrics_listen {
        say("metrics", check_address(metrics, "/metrics", "redress_", &world).await)?;
    }
    match failed {
        0 => Ok(()),
        1 => Err(Failure::found("one check failed")),
        count => Err(Failure::found(format!("{count} checks failed"))),
    }
}

fn check_settings(settings: &Settings) -> Check {
    settings.engine_config().map_err(|error| error.to_string())?;
    settings.check_serving().map_err(|error| error.to_string())?;
    Ok("they agree with each other".to_owned())
}

async fn open_store(settings: &Settings) -> Result<Store, String> {
    if let Place::Sqlite(path) = &settings.store.place
        && !path.exists()
    {
        return Err(format!("{} is not there yet: the first `redress serve` makes it", path.display()));
    }
    let store = open::open_store(settings, Role::Tool).map_err(|error| error.to_string())?;
    // PostgreSQL connects when it is first asked.
    store.database_time_micros().await.map_err(|error| error.to_string())?;
    Ok(store)
}

async fn check_migrations(store: &Store) -> Check {
    let pending = store.pending(MIGRATIONS).await.map_err(|error| error.to_string())?;
    if pending.is_empty() {
        return Ok(format!("all {} are taken", MIGRATIONS.len()));
    }
    Err(format!("{} of {} are missing: run `redress migrate`", pending.len(), MIGRATIONS.len()))
}

async fn check_write(store: &Store) -> Check {
    store.run(WriteProbe).await.map_err(|error| error.to_string())?;
    Ok(" and can be written".to_owned())
}

async fn check_clock(store: &Store, world: &World) -> Check {
    let now = world.clock.now();
    if now.as_seconds() < CLOCK_MIN_SECONDS {
        return Err("this machine's clock was never set".to_owned());
    }
    match open::clock_difference_micros(store, world).await.map_err(|error| error.to_string())? {
        None => Ok(format!("{} by this machine", crate::output::time(now))),
        Some(off) if off <= CLOCK_DIFFERENCE_MAX_MICROS => {
            Ok(format!("{}, {} ms away from the database's", crate::output::time(now), off / 1_000))
        }
        Some(off) => Err(format!("{} ms away from the database's: at most 1000 are allowed", off / 1_000)),
    }
}

async fn check_master_key(settings: &Settings, migrated: bool) -> Check {
    let path = &settings.store.master_key_file;
    master_key::read(path).map_err(|error| error.to_string())?;
    check_private(path)?;
    if !migrated {
        return Ok(format!("{} can be read", path.display()));
    }
    let opened = open::for_tool(settings).await.map_err(|error| error.to_string())?;
    let check = opened.engine.check_secrets().await.map_err(|error| error.to_string())?;
    match check.failed.first() {
        None => Ok(format!("{} opens all {} secrets", path.display(), check.opened)),
        Some(first) => {
            let (failed, all) = (check.failed.len(), check.failed.len() + check.opened);
            Err(format!("{failed} of {all} secrets do not open, the first: {first}"))
        }
    }
}

#[cfg(unix)]
fn check_private(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_err(|error| error.to_string())?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(format!("{} can be read by others on this machine: chmod 600 it", path.display()))
}

fn check_disk(settings: &Settings) -> Check {
    let Place::Sqlite(path) = &settings.store.place else {
        return Ok("the database's own matter".to_owned());
    };
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !dir.is_dir() {
        return Err(format!("the directory {} is not there yet", dir.display()));
    }
    let space = rustix::fs::statvfs(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let text = format!("{} MiB are free at {}", free / (1024 * 1024), dir.display());
    if free >= FREE_BYTES_MIN {
        Ok(text)
    } else {
        Err(format!("only {text}: refunds stop when none is left"))
    }
}

/// Either nobody has the address, or this server has it and answers.
async fn check_address(address: SocketAddr, path: &str, mark: &str, world: &World) -> Check {
    match TcpListener::bind(address).await {
        Ok(_) => return Ok(format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
        Err(error) => return Err(format!("{address}: {error}")),
    }
    let asked = tokio::select! {
        biased;
        asked = ask(address, path) => asked.map_err(|error| error.to_string()),
        () = world.clock.sleep(ANSWER_TIMEOUT) => Err("nobody answers".to_owned()),
    };
    let answer = asked.map_err(|error| format!("{address} is taken, and {path} there: {error}"))?;
    if answer.starts_with("HTTP/1.1 200 ") && answer.contains(mark) {
        return Ok(format!("a running server answers at {address}"));
    }
    Err(format!("{address} is taken by something that does not answer {path} as this program does"))
}

async fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX as u64).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
