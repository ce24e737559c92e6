//! A fresh copy of the loaded database for each row, so that no row works on what another left.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Outcome;

/// The side files of a SQLite database.
const SIDE_FILES: [&str; 3] = ["-wal", "-shm", ".lock"];

/// Copies `from` over `to` and waits until it is on the disk: writing it back must not disturb what is measured.
pub(crate) fn fresh(from: &Path, to: &Path) -> Outcome {
    remove(to);
    let fail = |error: std::io::Error| format!("{}: {error}", to.display());
    fs::copy(from, to).map_err(fail)?;
    fs::File::open(to).and_then(|file| file.sync_all()).map_err(fail)
}

/// Removes a database with its side files.
pub(crate) fn remove(database: &Path) {
    let _ = fs::remove_file(database);
    for suffix in SIDE_FILES {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        let _ = fs::remove_file(PathBuf::from(name));
    }
}
