//! Where the corpus lies.

use std::fs;
use std::path::{Path, PathBuf};

/// `fuzz/corpus`, one folder a target.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

/// The inputs of a target with their names, in the order of the names.
pub(crate) fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let dir = root().join(target);
    let entries = fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name, fs::read(path).unwrap())
    };
    let mut all: Vec<_> = entries.map(|entry| read(entry.unwrap().path())).collect();
    all.sort();
    all
}

/// Writes an input.
pub(crate) fn write(target: &str, name: &str, input: &[u8]) {
    let dir = root().join(target);
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join(name), input).unwrap();
}
