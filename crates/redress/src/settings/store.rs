//! `[store]`: where everything is remembered, and the key that opens its secrets.

use std::path::{Path, PathBuf};

use redress_store::{POOL_SIZE, READERS};

use super::reader::Section;
use super::{DATA_DIR, SettingsError, relation};

/// The database file of the embedded store, in its directory.
const DATABASE_FILE: &str = "redress.db";

/// The master key of the embedded store, in its directory.
const MASTER_KEY_FILE: &str = "master.key";

#[derive(Clone, Debug)]
pub(crate) struct StoreSettings {
    /// Which database.
    pub(crate) place: Place,
    /// The file of master keys, newest first.
    pub(crate) master_key_file: PathBuf,
    /// Reader threads (SQLite).
    pub(crate) readers: usize,
    /// Connections (PostgreSQL).
    pub(crate) pool_size: usize,
    /// A PEM file of the only roots to trust (PostgreSQL with `sslmode=require`).
    pub(crate) roots_file: Option<PathBuf>,
}

/// Which database.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A SQLite file: the embedded store.
    Sqlite(PathBuf),
    /// A PostgreSQL server, by its address, which may hold a password.
    Postgres(String),
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "SQLite {}", path.display()),
            Self::Postgres(_) => f.write_str("PostgreSQL"),
        }
    }
}

impl StoreSettings {
    pub(super) fn read(section: &mut Section, data: Option<&Path>) -> Result<Self, SettingsError> {
        let (path, url) = (section.given::<PathBuf>("path")?, section.given::<String>("url")?);
        let key_file = section.given::<PathBuf>("master_key_file")?;
        let default_dir = data.map_or_else(|| PathBuf::from(DATA_DIR), Path::to_owned);
        let place = match (path, url) {
            (Some(_), Some(_)) => {
                return Err(relation(
                    &[("store", "path"), ("store", "url")],
                    "only one of them may be given",
                ));
            }
            (Some(_), None) | (None, Some(_)) if data.is_some() => {
                let problem = "cannot be given with --data, which says where the embedded store lies";
                return Err(section.refuse("path or store.url", problem));
            }
            (Some(path), None) => Place::Sqlite(path),
            (None, Some(url)) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Place::Postgres(url)
            }
            (None, Some(_)) => {
                return Err(section.refuse("url", "must be postgres://user:password@host:port/database"));
            }
            (None, None) => Place::Sqlite(default_dir.join(DATABASE_FILE)),
        };
        let master_key_file = match (key_file, &place) {
            (Some(file), _) => file,
            (None, Place::Sqlite(path)) => path.with_file_name(MASTER_KEY_FILE),
            (None, Place::Postgres(_)) => {
                let problem = "is needed with store.url: the file of master keys, the same for every server";
                return Err(section.refuse("master_key_file", problem));
            }
        };
        let settings = Self {
            place,
            master_key_file,
            readers: section.within("readers", READERS, 1..=64)?,
            pool_size: section.within("pool_size", POOL_SIZE, 1..=1_000)?,
            roots_file: section.given("roots_file")?,
        };
        section.finish()?;
        Ok(settings)
    }
}
