//! What lies beside a backup and says what belongs to it.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use redress_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::output::time;
use crate::whole_file;

/// What this program writes and reads.
const FORMAT: u32 = 1;

/// No manifest is longer, in bytes.
const BYTES_MAX: u64 = 64 * 1024;

/// A file is read in pieces of so many bytes.
const PIECE_BYTES: usize = 1024 * 1024;

/// The manifest of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The layout of this file.
    pub(crate) format: u32,
    /// The version of the program that took the backup.
    pub(crate) program: String,
    /// Until when the backup knows everything: RFC 3339, to the microsecond.
    pub(crate) copied_at: String,
    /// The last migration that its tables have taken.
    pub(crate) schema_version: i64,
    /// The ids of the master keys that its secrets need.
    pub(crate) master_keys: Vec<String>,
    /// The length of the backup, in bytes.
    pub(crate) bytes: u64,
    /// Its SHA-256, in hex.
    pub(crate) sha256: String,
}

impl Manifest {
    pub(crate) fn new(copied_at: Timestamp, schema_version: i64, master_keys: Vec<String>, sum: Sum) -> Self {
        Self {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            copied_at: time(copied_at),
            schema_version,
            master_keys,
            bytes: sum.bytes,
            sha256: sum.sha256,
        }
    }

    /// Where the manifest of a backup lies.
    pub(crate) fn path(backup: &Path) -> PathBuf {
        whole_file::beside(backup, "json")
    }

    /// Writes it beside its backup, by way of a draft beside the backup's own. What is there already stays, and that is an error:
    /// it may be another backup's.
    pub(crate) fn write(&self, backup: &Path, draft: &Path) -> Result<(), Failure> {
        let path = Self::path(backup);
        let fail = |error: &dyn std::fmt::Display| Failure::unable(format!("{}: {error}", path.display()));
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| fail(&error))?;
        text.push(b'\n');
        let draft = Self::path(draft);
        let written = whole_file::make(&draft)
            .and_then(|mut file| file.write_all(&text))
            .and_then(|()| whole_file::give_name(&draft, &path));
        if written.is_err() {
            let _ = whole_file::forget(&draft);
        }
        written.map_err(|error| fail(&error))
    }

    /// Reads the manifest of a backup; `None` where there is none.
    pub(crate) fn read(backup: &Path) -> Result<Option<Self>, Failure> {
        let path = Self::path(backup);
        let fail = |error: &dyn std::fmt::Display| Failure::unable(format!("{}: {error}", path.display()));
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fail(&error)),
        };
        let mut text = Vec::new();
        file.take(BYTES_MAX).read_to_end(&mut text).map_err(|error| fail(&error))?;
        let manifest: Self = serde_json::from_slice(&text).map_err(|error| fail(&error))?;
        if manifest.format != FORMAT {
            return Err(fail(&format!("its format {} is not one this program knows", manifest.format)));
        }
        Ok(Some(manifest))
    }

    /// Until when the backup knows everything.
    pub(crate) fn copied_at(&self) -> Result<Timestamp, Failure> {
        let read: Result<jiff::Timestamp, _> = self.copied_at.parse();
        let at = read.map_err(|error| Failure::unable(format!("the manifest's copied_at: {error}")))?;
        Ok(Timestamp::from_micros(at.as_microsecond()))
    }
}

/// The length of a file and its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    /// In bytes.
    pub(crate) bytes: u64,
    /// In hex.
    pub(crate) sha256: String,
}

/// Reads a file to its end, hands each piece on, and sums it up. Blocks.
pub(crate) fn sum(
    from: &mut dyn Read,
    mut each: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> std::io::Result<Sum> {
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = from.read(&mut piece)?;
        let Some(part) = piece.get(..read).filter(|part| !part.is_empty()) else { break };
        hash.update(part);
        bytes += part.len() as u64;
        each(part)?;
    }
    Ok(Sum { bytes, sha256: hex::encode(hash.finalize()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_to_the_microsecond() {
        let dir = tempfile::tempdir().unwrap();
        let backup = dir.path().join("b.db");
        assert_eq!(Manifest::read(&backup), Ok(None));
        let sum = sum(&mut &b"abc"[..], |_| Ok(())).unwrap();
        // https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines/example-values: SHA-256 of "abc".
        assert_eq!(sum.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let at = Timestamp::from_micros(1_790_000_000_123_456);
        let manifest = Manifest::new(at, 4, vec!["mk-1".to_owned()], sum);
        let draft = dir.path().join("b.db.partial-1");
        manifest.write(&backup, &draft).unwrap();
        let read = Manifest::read(&backup).unwrap().unwrap();
        assert_eq!((read.copied_at(), read), (Ok(at), manifest.clone()));
        let other = Manifest { format: 2, ..manifest };
        assert!(other.write(&backup, &draft).is_err(), "what is there stays");
        assert_eq!(Manifest::read(&backup).unwrap().unwrap().format, FORMAT);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "and nothing is left of the attempt");
        whole_file::forget(&Manifest::path(&backup)).unwrap();
        // One that was killed left its draft, under another name than this one's.
        std::fs::write(Manifest::path(&draft), "{").unwrap();
        other.write(&backup, &dir.path().join("b.db.partial-2")).unwrap();
        assert!(Manifest::read(&backup).unwrap_err().to_string().contains("format 2"));
        std::fs::write(Manifest::path(&backup), "{}").unwrap();
        assert!(Manifest::read(&backup).is_err());
    }
}
