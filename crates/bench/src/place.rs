//! Where a database is, and how it is opened.

use std::path::PathBuf;

use redress_store::{Role, SqliteConfig, Store};
use serde::{Deserialize, Serialize};

use crate::Outcome;

/// The database.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres(String),
}

/// Opens a database as the program does.
pub(crate) fn open(place: &Place, group_ops_max: usize) -> Outcome<Store> {
    match place {
        Place::Sqlite(path) => {
            let config = SqliteConfig { group_ops_max, ..SqliteConfig::at(path) };
            Store::open_sqlite(&config, Role::Server)
        }
        Place::Postgres(url) => Store::open_postgres(&redress_store::PgConfig::at(url)),
    }
    .map_err(|error| error.to_string())
}
