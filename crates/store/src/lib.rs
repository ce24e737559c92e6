//! What is remembered: every storage operation, written once, run on SQLite and on PostgreSQL.
//!
//! [`Tx`] is all an operation sees of a database; [`Operation`] and [`Query`] are what can be run.

mod error;
mod op;
mod tx;
mod value;

pub use error::StoreError;
pub use op::{Done, Operation, Query};
pub use tx::{Engine, Tx, check_placeholders};
pub use value::{Cell, Row, Value};
