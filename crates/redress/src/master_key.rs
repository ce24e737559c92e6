//! The file of master keys: read it, or make the first one for the embedded store.

use std::io::Write;
use std::path::Path;

use redress_engine::vault::{Vault, generate_line};
use redress_engine::world::Random;
use secrecy::ExposeSecret;

use crate::failure::Failure;

/// No key file is longer, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// What stands above the first key.
const HEADING: &str = "# Master keys of Redress, newest first. They open the secrets in the database: without them, keys,\n\
     # PSP credentials and endpoint secrets are lost. Keep a copy, apart from the database's backups.\n";

/// Reads the key file.
pub(crate) fn read(path: &Path) -> Result<Vault, Failure> {
    let fail =
        |problem: String| Failure::unable(format!("the master key file {}: {problem}", path.display()));
    let length = std::fs::metadata(path).map_err(|error| fail(unreadable(&error)))?.len();
    if length > FILE_BYTES_MAX {
        return Err(fail(format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    let text = secrecy::SecretString::from(text);
    Vault::parse(text.expose_secret()).map_err(|error| fail(error.to_string()))
}

fn unreadable(error: &std::io::Error) -> String {
    if error.kind() != std::io::ErrorKind::NotFound {
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
    let draft = path.with_extension(format!("new-{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = (|| {
        let mut file = options.open(&draft)?;
        file.write_all(HEADING.as_bytes())?;
        file.write_all(generate_line(random).expose_secret().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        // A link, not a rename: it fails where another process was faster.
        match std::fs::hard_link(&draft, path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
            _ => path.parent().map_or(Ok(()), |dir| std::fs::File::open(dir)?.sync_all()),
        }
    })();
    let _ = std::fs::remove_file(&draft);
    written.map_err(fail)
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
        create(&path, &random).unwrap();
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
