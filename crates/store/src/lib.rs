//! What is remembered: every storage operation, written once, run on SQLite and on PostgreSQL.
//!
//! [`Tx`] is all an operation sees of a database; [`Operation`] and [`Query`] are what can be run.

mod dump;
#[cfg(test)]
mod engine_tests;
mod error;
mod fault;
mod migrate;
mod migration;
mod migrations;
mod op;
mod open_error;
pub mod ops;
mod postgres;
mod sqlite;
mod stats;
mod store;
#[doc(hidden)]
pub mod testing;
mod tx;
mod value;

pub use error::StoreError;
pub use fault::{Fault, Faults, Moment};
pub use migration::{MigrateError, Migration};
pub use migrations::MIGRATIONS;
pub use op::{Done, Operation, Query};
pub use open_error::OpenError;
pub use postgres::{Alone, Listener, POOL_SIZE, PgConfig, RETRIES_MAX};
pub use sqlite::{
    CopyProgress, GROUP_OPS_MAX, LOCK_WAIT_MS, LOG_PAGES_MAX, QUEUE_OPS_MAX, READ_MAX_MS, READERS, Role,
    SNAPSHOT_IDLE_MS, SNAPSHOT_KEPT_MS, ServerLock, SqliteConfig, check_sqlite, copy_sqlite,
};
pub use stats::StoreStats;
pub use store::Store;
pub use tx::{Engine, Tx, check_placeholders};
pub use value::{Row, Value};
