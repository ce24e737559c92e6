//! `[store]`: where everything is remembered, and the key that opens its secrets.

use std::path::{Path, PathBuf};

use redress_store::{POOL_SIZE, READERS};

use super::error::{SettingsError, relation};
use super::reader::Section;

/// The database file of the embedded store, in its directory.
const DATABASE_FILE: &str = "redress.db";

/// The master key of the embedded store, in its directory.
const MASTER_KEY_FILE: &str = "master.key";

/// Where the embedded store lies unless told otherwise: a directory below the one the program is started in.
pub(crate) const DATA_DIR: &str = "redress-data";

/// Where the database file lies unless told otherwise; [`DATA_DIR`] and [`DATABASE_FILE`].
const PATH_OTHERWISE: &str = "`redress-data/redress.db`";

/// What the reference says of the section.
pub(super) const ABOUT: &str = "\
Where everything is remembered, and the key that opens its secrets. `path` and `url` exclude each other, and neither goes
with `--data`.";

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
        let path = section.key("path", "The SQLite file.").or_none::<PathBuf>(PATH_OTHERWISE)?;
        let url = section
            .key("url", "`postgres://user:password@host:port/database` instead.")
            .or_none::<String>("none")?;
        let key_file = section
            .key("master_key_file", "The master keys, newest first; needed with `url`.")
            .or_none::<PathBuf>("`master.key` beside `path`")?;
        let default_dir = data.map_or_else(|| PathBuf::from(DATA_DIR), Path::to_owned);
        let place = match (path, url) {
            (Some(_), Some(_)) => {
                return Err(relation(
                    &[("store", "path"), ("store", "url")],
                    "only one of them may be given",
                ));
            }
            (path, url) if data.is_some() && (path.is_some() || url.is_some()) => {
                let problem = "cannot be given with --data, which says where the embedded store lies";
                let key = if path.is_some() { "path" } else { "url" };
                return Err(section.refuse(key, problem));
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
            readers: section
                .key("readers", "Read at once (SQLite).")
                .unit("threads")
                .within(1..=64, READERS)?,
            pool_size: section
                .key("pool_size", "To the server at most (PostgreSQL).")
                .unit("connections")
                .within(1..=1_000, POOL_SIZE)?,
            roots_file: section
                .key(
                    "roots_file",
                    "A PEM file of the only roots to trust (PostgreSQL with `sslmode=require`).",
                )
                .or_none("the system's")?,
        };
        section.finish()?;
        Ok(settings)
    }
}
