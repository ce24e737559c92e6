//! One server a database file: an advisory lock of the operating system, which dies with its process.
//!
//! The lock lies on `<file>.lock` beside the database. The file itself stays behind and means nothing: only the lock
//! counts, so a stale file blocks nobody.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::open_error::OpenError;

/// How long to wait between two tries for the lock, in milliseconds.
const TRY_EVERY_MS: u64 = 50;

/// The right to serve a database file, or to put one in its place; held until dropped.
#[derive(Debug)]
pub struct ServerLock {
    _file: File,
}

impl ServerLock {
    /// Takes the lock of a database file, which need not be there; waits up to `wait` for a process that is about to end.
    ///
    /// # Errors
    /// [`OpenError::Locked`] when another process keeps it, [`OpenError::LockFile`] when it cannot be made.
    pub fn take(database: &Path, wait: Duration) -> Result<Self, OpenError> {
        let path = lock_path(database);
        let fail =
            |error: std::io::Error| OpenError::LockFile { path: path.clone(), error: error.to_string() };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fail)?;
        let mut tries_left = wait.as_millis() / u128::from(TRY_EVERY_MS);
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(fail(error)),
                Err(TryLockError::WouldBlock) if tries_left == 0 => {
                    let mut holder = String::new();
                    let _ = file.read_to_string(&mut holder);
                    return Err(OpenError::Locked { path, holder: holder.trim().to_owned() });
                }
                Err(TryLockError::WouldBlock) => pause(),
            }
            tries_left -= 1;
        }
        // Only for the message above, so a failure to write it does not matter.
        let _ = file.set_len(0).and_then(|()| file.rewind());
        let _ = writeln!(file, "process {}", std::process::id());
        Ok(ServerLock { _file: file })
    }
}

/// The lock file of a database file.
pub(super) fn lock_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a start waits for another process, before any clock is handed in"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(TRY_EVERY_MS));
}
