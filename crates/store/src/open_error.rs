//! Why a database could not be opened.

use std::path::PathBuf;

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another server has the file.
    #[error("another server uses this database: {} is locked by {holder}; stop it first, or choose another file", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// What the holder wrote into it.
        holder: String,
    },
    /// The lock file cannot be made or locked.
    #[error("the lock file {} cannot be used: {error}", path.display())]
    LockFile {
        /// The lock file.
        path: PathBuf,
        /// The system's words.
        error: String,
    },
    /// The database file cannot be made or opened.
    #[error("the database file {} cannot be opened: {error}", path.display())]
    File {
        /// The database file.
        path: PathBuf,
        /// The system's words.
        error: String,
    },
    /// SQLite refused.
    #[error("SQLite cannot open the database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A thread could not be started.
    #[error("no thread for the database: {0}")]
    Thread(String),
    /// Servers work on the database, or somebody else keeps them away from it.
    #[error("{}", served(.database, .servers))]
    Served {
        /// Its name.
        database: String,
        /// Which servers; empty where there are none, and somebody else keeps them away.
        servers: String,
    },
    /// The address, the options or the certificates for PostgreSQL cannot be used.
    #[error("PostgreSQL cannot be used: {0}")]
    Postgres(String),
}

fn served(database: &str, servers: &str) -> String {
    if servers.is_empty() {
        return format!("another restore is at work on the database {database}");
    }
    format!(
        "servers use the database {database}: {servers}; see whether it is the database that was meant, and stop all of them \
         first. Where a server's machine is gone, PostgreSQL may not notice for hours: end its processes there, with \
         SELECT pg_terminate_backend(PROCESS)"
    )
}
