//! One server a database file: an advisory lock of the operating system, which dies with its process.
//!
//! The lock lies on `<file>.lock` beside the database. The file itself stays behind and means nothing: only the lock
//! counts, so a stale file blocks nobody. Beside the database means beside the file itself, not beside a link to it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::open_error::OpenError;

/// More links than this the system does not follow either.
const LINKS_MAX: usize = 40;

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
        let path = lock_path(&followed(database));
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

/// The file itself where its name is a link, also where nothing is there yet: whoever comes by another name meets the same
/// lock. SQLite follows links too, so that two servers would else write one file.
fn followed(database: &Path) -> PathBuf {
    let mut path = database.to_owned();
    for _ in 0..LINKS_MAX {
        let Ok(target) = std::fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
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

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::testing::TempDir;

    #[test]
    fn a_file_has_one_lock_under_whatever_name() {
        let dir = TempDir::new();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("data")).unwrap();
        symlink("data/test.db", at("near.db")).unwrap();
        symlink(at("near.db"), at("far.db")).unwrap();
        // Before the first start, when the links lead to nothing, and after it.
        for _ in 0..2 {
            for (first, second) in [("far.db", "data/test.db"), ("data/test.db", "near.db")] {
                let held = ServerLock::take(&at(first), Duration::ZERO).unwrap();
                let refused = ServerLock::take(&at(second), Duration::ZERO);
                assert!(matches!(refused, Err(OpenError::Locked { .. })), "{second} beside {first}");
                drop(held);
                ServerLock::take(&at(second), Duration::ZERO).unwrap();
            }
            std::fs::write(at("data/test.db"), "").unwrap();
        }
        symlink("round.db", at("round.db")).unwrap();
        assert_eq!(followed(&at("round.db")), at("round.db"));
    }
}
