//! The file of master keys: read it, or make the first one for the embedded store.

use std::io::{ErrorKind, Write};
use std::path::Path;

use redress_engine::vault::{Vault, generate_line};
use redress_engine::world::Random;
use secrecy::{ExposeSecret, SecretString};

use crate::failure::Failure;
use crate::whole_file;

/// No key file is longer, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// What stands above the first key.
const HEADING: &str = "# Master keys of Redress, newest first. They open the secrets in the database: without them, keys,\n\
     # PSP credentials and endpoint secrets are lost. Keep a copy, apart from the database's backups.\n";

/// Reads the key file. The vault reads it again where a rotation may have changed it.
pub(crate) fn read(path: &Path) -> Result<Vault, Failure> {
    let text = text(path)?;
    let vault = Vault::parse(text.expose_secret()).map_err(|error| fail(path, &error))?;
    let again = path.to_owned();
    Ok(vault.reading_again(Box::new(move || self::text(&again).ok())))
}

fn fail(path: &Path, problem: &dyn std::fmt::Display) -> Failure {
    Failure::unable(format!("the master key file {}: {problem}", path.display()))
}

/// What stands in the key file.
pub(crate) fn text(path: &Path) -> Result<SecretString, Failure> {
    let fail = |problem: String| fail(path, &problem);
    let length = std::fs::metadata(path).map_err(|error| fail(unreadable(&error)))?.len();
    if length > FILE_BYTES_MAX {
        return Err(fail(format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    Ok(text.into())
}

/// The id of the key on a line; `None` for remarks and empty lines.
fn id_on(line: &str) -> Option<&str> {
    let line = line.trim();
    (!line.starts_with('#')).then(|| line.split_once(':')).flatten().map(|(id, _)| id)
}

/// Writes the lines in place of the file's, whole or not at all, if they make a key file.
fn write(path: &Path, lines: &[&str]) -> Result<(), Failure> {
    let text = SecretString::from(lines.join("\n") + "\n");
    Vault::parse(text.expose_secret()).map_err(|error| fail(path, &error))?;
    whole_file::replace_kept(path, text.expose_secret().as_bytes()).map_err(|error| fail(path, &error))
}

/// Adds a new key, before the others, where it seals, or behind them, where it only opens; answers its id.
pub(crate) fn add(path: &Path, random: &dyn Random, first: bool) -> Result<String, Failure> {
    let (text, line) = (text(path)?, generate_line(random));
    let line = line.expose_secret();
    let mut lines: Vec<&str> = text.expose_secret().lines().collect();
    let newest = lines.iter().position(|line| id_on(line).is_some()).unwrap_or(lines.len());
    lines.insert(if first { newest } else { lines.len() }, line);
    write(path, &lines)?;
    Ok(id_on(line).unwrap_or_default().to_owned())
}

/// Makes a key of the file its newest. Where it is that already nothing is written, so that this goes also where nothing can be.
pub(crate) fn make_first(path: &Path, id: &str) -> Result<(), Failure> {
    let text = text(path)?;
    let mut lines: Vec<&str> = text.expose_secret().lines().collect();
    let at = lines
        .iter()
        .position(|line| id_on(line) == Some(id))
        .ok_or_else(|| Failure::found(format!("the master key file {} has no key {id}", path.display())))?;
    let newest = lines.iter().position(|line| id_on(line).is_some()).unwrap_or(at);
    if at == newest {
        return Ok(());
    }
    let line = lines.remove(at);
    lines.insert(newest, line);
    write(path, &lines)
}

/// Removes the keys that nobody needs, never the newest; answers their ids.
pub(crate) fn keep(path: &Path, needed: impl Fn(&str) -> bool) -> Result<Vec<String>, Failure> {
    let text = text(path)?;
    let newest = text.expose_secret().lines().find_map(id_on);
    let goes = |line: &&str| id_on(line).is_some_and(|id| Some(id) != newest && !needed(id));
    let (dropped, kept): (Vec<&str>, Vec<&str>) = text.expose_secret().lines().partition(goes);
    if !dropped.is_empty() {
        write(path, &kept)?;
    }
    Ok(dropped.into_iter().filter_map(id_on).map(str::to_owned).collect())
}

/// Puts back what stood in the file.
pub(crate) fn put_back(path: &Path, text: &SecretString) -> Result<(), Failure> {
    write(path, &text.expose_secret().lines().collect::<Vec<_>>())
}

fn unreadable(error: &std::io::Error) -> String {
    if error.kind() != ErrorKind::NotFound {
        return error.to_string();
    }
    "it is not there. If this installation is new, make one, the same for every server, and keep a copy: \
     (umask 077; echo \"mk-1:$(openssl rand -base64 32)\" > FILE)"
        .to_owned()
}

/// Makes the file with a new key, readable by its owner only, unless it is there. It appears whole or not at all, and
/// of two processes that make it at once both then have the same one.
pub(crate) fn create(path: &Path, random: &dyn Random) -> Result<(), Failure> {
    let fail =
        |error: std::io::Error| Failure::unable(format!("the master key file {}: {error}", path.display()));
    if path.exists() {
        return Ok(());
    }
    // Not by the process's number: of two containers that start on one directory both may have the same, and the second would
    // write into what the first has just given its name.
    let draft = whole_file::beside(path, &format!("new-{}", hex::encode(random.bytes10())));
    let written = whole_file::make(&draft).and_then(|mut file| {
        file.write_all(HEADING.as_bytes())?;
        file.write_all(generate_line(random).expose_secret().as_bytes())?;
        file.write_all(b"\n")?;
        whole_file::give_name(&draft, path)
    });
    let _ = whole_file::forget(&draft);
    match written {
        // Another process was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        written => written.map_err(fail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_engine::real_world::OsRandom;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        let random = OsRandom::new().unwrap();
        assert!(matches!(read(&path), Err(Failure::Unable(_))));
        // Another process of this number has just given its draft a name.
        let named = tempfile::NamedTempFile::new_in(dir.path()).unwrap();
        let draft = dir.path().join(format!("master.new-{}", std::process::id()));
        std::fs::hard_link(named.path(), &draft).unwrap();
        std::fs::write(named.path(), "its key").unwrap();
        create(&path, &random).unwrap();
        assert_eq!(std::fs::read(named.path()).unwrap(), b"its key");
        std::fs::remove_file(draft).unwrap();
        drop(named);
        let first = std::fs::read(&path).unwrap();
        create(&path, &random).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first, "never replaced");
        read(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn keys_are_added_made_first_and_dropped_and_remarks_stay() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        let random = OsRandom::new().unwrap();
        create(&path, &random).unwrap();
        let ids = || read(&path).unwrap().key_ids();
        let first = ids().remove(0);
        let second = add(&path, &random, true).unwrap();
        let third = add(&path, &random, false).unwrap();
        assert_eq!(ids(), [&*second, &first, &third]);
        make_first(&path, &third).unwrap();
        assert_eq!(ids(), [&*third, &second, &first]);
        assert!(matches!(make_first(&path, "mk-none"), Err(Failure::Found(_))));
        let inode = || std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(&path).unwrap());
        let same = inode();
        make_first(&path, &third).unwrap();
        assert_eq!(inode(), same, "it is the first already: nothing is written");
        let before = text(&path).unwrap();
        assert_eq!(keep(&path, |id| id == first), Ok(vec![second.clone()]));
        assert_eq!(ids(), [&*third, &first], "the newest stays though nothing needs it yet");
        assert_eq!(keep(&path, |id| id == first), Ok(Vec::new()));
        put_back(&path, &before).unwrap();
        assert_eq!(ids(), [&*third, &second, &first]);
        assert!(std::fs::read_to_string(&path).unwrap().starts_with(HEADING));
    }

    #[test]
    fn a_broken_file_is_named_and_not_quoted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        std::fs::write(&path, "mk-1:c2VjcmV0\n").unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(
            error.contains("master.key") && error.contains("line 1") && !error.contains("c2Vj"),
            "{error}"
        );
    }
}
