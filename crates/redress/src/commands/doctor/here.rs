//! What the doctor looks at on this machine: settings, files, disk, addresses.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use redress_engine::world::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Check, Trouble};
use crate::settings::{Place, Settings};
use crate::whole_file::dir_of;

/// Less free space than this is too little for a database to go on, in bytes.
const FREE_BYTES_MIN: u64 = 256 * 1024 * 1024;

/// How long somebody on a local address may take to answer; longer than a server looks whether it is ready.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(4);

/// How much of an answer is looked at, in bytes.
const ANSWER_BYTES_MAX: usize = 4_096;

pub(super) fn check_settings(settings: &Settings) -> Check {
    settings.engine_config().map_err(|error| error.to_string())?;
    settings.check_serving().map_err(|error| error.to_string())?;
    Ok("they agree with each other".to_owned())
}

/// Whether only its owner can read a file.
#[cfg(unix)]
pub(super) fn check_private(path: &Path) -> Result<(), Trouble> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_err(|error| error.to_string())?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Trouble::Problem(format!("{} can be read by others on this machine: chmod 600 it", path.display())))
}

pub(super) fn check_disk(settings: &Settings) -> Check {
    let Place::Sqlite(path) = &settings.store.place else {
        return Ok("the database's own matter".to_owned());
    };
    let dir = dir_of(path);
    if !dir.is_dir() {
        return Err(format!("the directory {} is not there yet", dir.display()).into());
    }
    let space = rustix::fs::statvfs(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let text = format!("{} MiB are free at {}", free / (1024 * 1024), dir.display());
    if free >= FREE_BYTES_MIN {
        Ok(text)
    } else {
        Err(format!("only {text}: refunds stop when none is left").into())
    }
}

/// Who has an address.
enum Found {
    Nobody,
    ThisProgram,
}

impl Found {
    fn at(&self, address: SocketAddr) -> String {
        match self {
            Self::Nobody => format!("{address} is free"),
            Self::ThisProgram => format!("a running server answers at {address}"),
        }
    }
}

/// Either nobody has the address of the APIs, or this server has it and can serve now.
pub(super) async fn check_server(address: SocketAddr, world: &World) -> Check {
    let found = look(address, "/healthz", "", world).await?;
    let text = found.at(address);
    if matches!(found, Found::Nobody) {
        return Ok(text);
    }
    let why = match answer(address, "/readyz", world).await {
        Ok(answer) if is_good(&answer) => return Ok(text),
        Ok(answer) => answer.lines().next().unwrap_or_default().to_owned(),
        Err(error) => error,
    };
    Err(format!("{text}, but is not ready ({why} at /readyz): its log says why").into())
}

/// Either nobody has the address of the metrics, or this server has it.
pub(super) async fn check_metrics(address: SocketAddr, world: &World) -> Check {
    Ok(look(address, "/metrics", "redress_", world).await?.at(address))
}

/// Who has the address; this program answers `path` with `mark`.
async fn look(address: SocketAddr, path: &str, mark: &str, world: &World) -> Result<Found, Trouble> {
    match TcpListener::bind(address).await {
        Ok(_) => return Ok(Found::Nobody),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
        Err(error) => return Err(format!("{address}: {error}").into()),
    }
    let answer = answer(address, path, world).await;
    let answer = answer.map_err(|error| format!("{address} is taken, and {path} there: {error}"))?;
    if is_good(&answer) && answer.contains(mark) {
        return Ok(Found::ThisProgram);
    }
    Err(format!("{address} is taken by something that does not answer {path} as this program does").into())
}

fn is_good(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 200 ")
}

async fn answer(address: SocketAddr, path: &str, world: &World) -> Result<String, String> {
    tokio::select! {
        biased;
        asked = ask(address, path) => asked.map_err(|error| error.to_string()),
        () = world.clock.sleep(ANSWER_TIMEOUT) => Err("nobody answers".to_owned()),
    }
}

async fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX as u64).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
