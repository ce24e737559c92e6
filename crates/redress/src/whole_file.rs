//! Files that are there whole or not at all, for their owner only.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// The mode of files that hold secrets.
pub(crate) const OWNER_ONLY: u32 = 0o600;

/// Writes a file for its owner only. Whoever reads it finds the old content or the new one, also after a crash.
pub(crate) fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    write(path, content, None)
}

/// The same for a file that is there: it keeps its mode and its owner, or a server that runs as another user than this
/// command could not read it any more.
pub(crate) fn replace_kept(path: &Path, content: &[u8]) -> std::io::Result<()> {
    // Where it is a link, what it leads to is the file.
    let path = path.canonicalize()?;
    write(&path, content, Some(&std::fs::metadata(&path)?))
}

fn write(path: &Path, content: &[u8], before: Option<&Metadata>) -> std::io::Result<()> {
    let draft = beside(path, "new");
    // Left over by a crash, perhaps with another mode.
    forget(&draft)?;
    let written = fill(&draft, content, before).and_then(|()| std::fs::rename(&draft, path));
    if let Err(error) = written {
        // It may have a part of a secret.
        let _ = forget(&draft);
        return Err(error);
    }
    sync_dir(path)
}

fn fill(draft: &Path, content: &[u8], before: Option<&Metadata>) -> std::io::Result<()> {
    let mut file = make(draft)?;
    if let Some(before) = before {
        fchown(&file, Some(before.uid()), Some(before.gid()))?;
        file.set_permissions(PermissionsExt::from_mode(before.mode()))?;
    }
    file.write_all(content)?;
    file.sync_all()
}

/// Makes an empty file that was not there, for its owner only.
pub(crate) fn make(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path)
}

/// Gives a finished draft its name; whatever has the name already stays, and that is an error. After a crash the name has
/// all of it or is free.
pub(crate) fn give_name(draft: &Path, path: &Path) -> std::io::Result<()> {
    File::open(draft)?.sync_all()?;
    // A link, not a rename: it fails where the name is taken.
    match std::fs::hard_link(draft, path) {
        Ok(()) => std::fs::remove_file(draft)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
        // Some file systems have no links.
        Err(_) if path.try_exists()? => return Err(Error::from(ErrorKind::AlreadyExists)),
        Err(_) => std::fs::rename(draft, path)?,
    }
    sync_dir(path)
}

/// Removes a file, if it is there.
pub(crate) fn forget(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The file's name with something behind it.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

/// The directory that a file lies in.
pub(crate) fn dir_of(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_dir(path: &Path) -> std::io::Result<()> {
    File::open(dir_of(path))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_its_owners_unless_it_is_to_keep_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        std::fs::write(beside(&path, "new"), "left over").unwrap();
        replace(&path, b"one").unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), mode()), (b"one".to_vec(), 0o600));
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        replace_kept(&path, b"two").unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), mode()), (b"two".to_vec(), 0o640));
        replace(&path, b"three").unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), mode()), (b"three".to_vec(), 0o600));
        // No file takes the place of a directory.
        let taken = dir.path().join("b");
        std::fs::create_dir(&taken).unwrap();
        assert!(replace(&taken, b"four").is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "no draft is left, however it ended");
    }

    #[test]
    fn a_name_that_is_taken_stays_with_who_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let (draft, path) = (dir.path().join("draft"), dir.path().join("a"));
        make(&draft).unwrap().write_all(b"one").unwrap();
        give_name(&draft, &path).unwrap();
        assert!(!draft.exists() && std::fs::read(&path).unwrap() == b"one");
        make(&draft).unwrap();
        assert_eq!(give_name(&draft, &path).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
    }
}
