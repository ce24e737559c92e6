//! The file of profiles: servers by name, and where the key of each is.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use redress_client::Secret;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::failure::Failure;

/// No file of profiles, and no file with a key, is longer, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profiles {
    /// Which one where none is named.
    pub(super) default: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

/// One server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    /// Its address.
    pub(super) url: String,
    /// A file with the key and nothing else; beside the file of profiles, unless it begins with `/`.
    api_key_file: Option<PathBuf>,
    /// The variable with the key.
    api_key_env: Option<String>,
    /// The key itself.
    api_key: Option<Secret>,
    /// The key may go in plain HTTP to another machine.
    #[serde(default)]
    pub(super) plain_http: bool,
}

/// Where the file is where nobody names another.
pub(super) fn usual_place(variables: &BTreeMap<String, String>) -> Option<PathBuf> {
    let of_home = || variables.get("HOME").map(|home| Path::new(home).join(".config"));
    let folder = variables.get("XDG_CONFIG_HOME").map(PathBuf::from).or_else(of_home)?;
    Some(folder.join("redress").join("profiles.toml"))
}

/// Reads the file that somebody named, which must be there, or else the one at its usual place, where there may be none: then
/// there are no profiles.
pub(super) fn read(named: Option<&Path>, usual: Option<&Path>) -> Result<Profiles, Failure> {
    let Some(path) = named.or_else(|| usual.filter(|path| path.exists())) else {
        return Ok(Profiles::default());
    };
    let text = read_text(path, false)?;
    let fail = |error: Failure| Failure::unable(format!("{}: {error}", path.display()));
    let mut profiles = Profiles::parse(text.expose_secret()).map_err(fail)?;
    if profiles.profiles.values().any(|profile| profile.api_key.is_some()) {
        must_be_private(path)?;
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    for profile in profiles.profiles.values_mut() {
        profile.api_key_file = profile.api_key_file.take().map(|file| folder.join(file));
    }
    Ok(profiles)
}

impl Profiles {
    /// Reads its text. What is wrong is told without its line, which may have a key.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(before).filter(|byte| *byte == b'\n').count() + 1;
            Failure::unable(format!("line {line}: {}", error.message()))
        })
    }

    pub(super) fn named(mut self, name: &str) -> Result<Profile, Failure> {
        self.profiles.remove(name).ok_or_else(|| {
            let known: Vec<_> = self.profiles.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Failure::unable(format!("there is no profile {name}; there are: {known}"))
        })
    }
}

impl Profile {
    /// Its key, from wherever it says.
    pub(super) fn key(&self, variables: &BTreeMap<String, String>) -> Result<Option<SecretString>, Failure> {
        match (&self.api_key_file, &self.api_key_env, &self.api_key) {
            (None, None, None) => Ok(None),
            (Some(file), None, None) => {
                let text = read_text(file, true)?;
                said(text.expose_secret(), || format!("the file {}", file.display()))
            }
            (None, Some(name), None) => match variables.get(name) {
                Some(key) => said(key, || format!("the variable {name}")),
                None => Err(Failure::unable(format!("the variable {name}, which has the key, is not set"))),
            },
            (None, None, Some(key)) => said(key.expose(), || "api_key".to_owned()),
            _ => Err(Failure::unable("a profile names its key once: api_key_file, api_key_env or api_key")),
        }
    }
}

/// A key as it was said. Where an empty one was said, no other takes its place, and none is sent that is nobody's.
fn said(text: &str, whence: impl Fn() -> String) -> Result<Option<SecretString>, Failure> {
    match text.trim() {
        "" => Err(Failure::unable(format!("there is no key: {} is empty", whence()))),
        key => Ok(Some(key.into())),
    }
}

fn read_text(path: &Path, secret: bool) -> Result<SecretString, Failure> {
    let fail = |error: std::io::Error| Failure::unable(format!("{}: {error}", path.display()));
    if secret {
        must_be_private(path)?;
    }
    let mut text = String::new();
    File::open(path).map_err(fail)?.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(fail)?;
    Ok(text.into())
}

fn must_be_private(path: &Path) -> Result<(), Failure> {
    let found = std::fs::metadata(path);
    let found = found.map_err(|error| Failure::unable(format!("{}: {error}", path.display())))?;
    if found.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    let shown = path.display();
    Err(Failure::unable(format!("{shown} has a key and others may read it: chmod 600 {shown}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_a_key_is_its_owners() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str, mode: u32| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let inline = "[profiles.a]\nurl = \"https://a.example\"\napi_key = \"rk_a\"\n";
        let open = read(Some(&write("open.toml", inline, 0o644)), None).unwrap_err().to_string();
        assert!(open.contains("chmod 600") && !open.contains("rk_a"), "{open}");
        assert!(read(Some(&write("own.toml", inline, 0o600)), None).is_ok());
        // Beside the file; which may be everybody's, since it has no key.
        let apart = "[profiles.a]\nurl = \"https://a.example\"\napi_key_file = \"key\"\n";
        let file = write("apart.toml", apart, 0o644);
        let key = || read(None, Some(&file)).unwrap().named("a").unwrap().key(&BTreeMap::new());
        assert!(key().is_err(), "there is no such file");
        write("key", "rk_file\n", 0o640);
        assert!(key().unwrap_err().to_string().contains("chmod 600"));
        write("key", "rk_file\n", 0o600);
        assert_eq!(key().unwrap().unwrap().expose_secret(), "rk_file");
        write("key", " \n", 0o600);
        assert!(key().unwrap_err().to_string().contains("there is no key"));
    }

    #[test]
    fn an_empty_key_is_none_and_no_other_takes_its_place() {
        let key = |line: &str, value: &str| {
            let text = format!("[profiles.a]\nurl = \"https://a.example\"\n{line}\n");
            let variables = BTreeMap::from([("K".to_owned(), value.to_owned())]);
            let key = Profiles::parse(&text).unwrap().named("a").unwrap().key(&variables);
            key.map(|key| key.map(|key| key.expose_secret().to_owned()))
        };
        for (line, value) in [("api_key = \"\"", ""), ("api_key = \"  \"", ""), ("api_key_env = \"K\"", " ")]
        {
            let wrong = key(line, value).unwrap_err();
            assert!(matches!(&wrong, Failure::Unable(said) if said.contains("is empty")), "{line}: {wrong}");
        }
        assert_eq!(key("api_key = \" rk_a \"", ""), Ok(Some("rk_a".to_owned())));
        assert_eq!(key("api_key_env = \"K\"", "rk_k"), Ok(Some("rk_k".to_owned())));
        assert_eq!(key("", "rk_k"), Ok(None));
    }

    #[test]
    fn only_the_file_that_nobody_named_may_be_missing() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("mistyped.toml");
        assert!(read(Some(&missing), None).unwrap_err().to_string().contains("mistyped.toml: "));
        let none = read(None, Some(&missing)).unwrap();
        assert!(
            none.default.is_none() && none.named("a").unwrap_err().to_string().contains("there are: none")
        );
    }

    #[test]
    fn what_is_wrong_is_named_without_its_line() {
        for text in [
            "[profiles.a]\nurl = \"https://a.example\"\napi_kee = \"rk_secret\"\n",
            "[profiles.a]\napi_key = \"rk_secret\"\n",
            "[profiles.a]\nurl = \"x\"\napi_key = \"rk_secret\n",
        ] {
            let wrong = Profiles::parse(text).unwrap_err().to_string();
            assert!(wrong.contains("line ") && !wrong.contains("rk_secret"), "{wrong}");
        }
        let twice = "[profiles.a]\nurl = \"x\"\napi_key = \"rk_secret\"\napi_key_env = \"K\"\n";
        let twice = Profiles::parse(twice).unwrap().named("a").unwrap();
        let wrong = twice.key(&BTreeMap::new()).unwrap_err().to_string();
        assert!(wrong.contains("once") && !format!("{twice:?} {wrong}").contains("rk_secret"));
    }

    #[test]
    fn the_file_is_where_the_system_keeps_such_files() {
        let of = |pairs: &[(&str, &str)]| {
            let variables = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            usual_place(&variables.collect())
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("HOME", "/h")]), Some("/h/.config/redress/profiles.toml".into()));
        let both = [("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")];
        assert_eq!(of(&both), Some("/x/redress/profiles.toml".into()));
    }
}
