//! Files in the demo's directory: written whole or not at all, for their owner only.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use redress_engine::world::Clock;

use crate::failure::Failure;
use crate::whole_file::{self, OWNER_ONLY, beside};

/// Whoever holds it is the demo of this directory.
const LOCK_FILE: &str = "demo.lock";

/// How long a start waits for a demo that is just ending.
pub(super) const WAIT: Duration = Duration::from_secs(5);

/// Between two looks whether it has ended.
pub(super) const WAIT_STEP: Duration = Duration::from_millis(100);

/// Makes the directory, for its owner only, unless it is there.
pub(super) fn make_dir(dir: &Path) -> Result<(), Failure> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
        .create(dir)
        .map_err(|error| Failure::unable(format!("the directory {} cannot be made: {error}", dir.display())))
}

/// Locks the directory for this process; the system gives the lock back when the process dies, however it dies.
pub(super) async fn lock(dir: &Path, clock: &dyn Clock) -> Result<File, Failure> {
    let path = dir.join(LOCK_FILE);
    let fail = |error: &dyn std::fmt::Display| Failure::unable(format!("{}: {error}", path.display()));
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(OWNER_ONLY)
        .open(&path)
        .map_err(|error| fail(&error))?;
    let give_up_at = clock.now().plus(WAIT);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(fail(&error)),
            Err(TryLockError::WouldBlock) if clock.now() >= give_up_at => {
                let text =
                    format!("another demo runs on {}: end it, or choose another --data", dir.display());
                return Err(Failure::unable(text));
            }
            Err(TryLockError::WouldBlock) => clock.sleep(WAIT_STEP).await,
        }
    }
}

/// Writes a file for its owner only. Whoever reads it finds the old content or the new one, also after a crash.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), Failure> {
    whole_file::replace(path, content)
        .map_err(|error| Failure::unable(format!("{}: {error}", path.display())))
}

/// A file that is added to, and put aside once it is long: at most two of them are kept.
pub(super) struct Rotating {
    path: PathBuf,
    file: File,
    bytes: u64,
    bytes_max: u64,
}

impl Rotating {
    /// Opens it at its end.
    pub(super) fn open(path: &Path, bytes_max: u64) -> Result<Self, Failure> {
        let file =
            append(path).map_err(|error| Failure::unable(format!("the file {}: {error}", path.display())))?;
        let bytes = file.metadata().map_or(0, |file| file.len());
        Ok(Self { path: path.to_owned(), file, bytes, bytes_max })
    }
}

fn append(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(OWNER_ONLY).open(path)
}

impl Write for Rotating {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes >= self.bytes_max {
            std::fs::rename(&self.path, beside(&self.path, "old"))?;
            self.file = append(&self.path)?;
            self.bytes = 0;
        }
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_core::time::Timestamp;
    use redress_engine::testing::ManualClock;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_replaced_whole_and_is_its_owners() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("demo.json");
        std::fs::write(&path, "old, and readable by all").unwrap();
        std::fs::write(dir.path().join("demo.json.new"), "left by a crash").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, OWNER_ONLY);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_long_file_is_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        for line in [&b"one"[..], b"two", b"three"] {
            Rotating::open(&path, 6).unwrap().write_all(line).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), b"three");
        assert_eq!(std::fs::read(dir.path().join("log.old")).unwrap(), b"onetwo");
    }

    #[tokio::test]
    async fn one_demo_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::new(Timestamp::from_micros(0));
        let held = lock(dir.path(), &clock).await.unwrap();
        let second = lock(dir.path(), &clock);
        tokio::pin!(second);
        let refused = loop {
            tokio::select! {
                biased;
                refused = &mut second => break refused,
                () = std::future::ready(()) => { clock.advance_to_next(); }
            }
        };
        assert!(refused.unwrap_err().to_string().contains("another demo"));
        drop(held);
        lock(dir.path(), &clock).await.unwrap();
    }
}
