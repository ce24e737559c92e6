//! Throw-away PostgreSQL clusters, for tests and benchmarks: found or installed, started on free loopback ports, crashed,
//! started again, followed by standbys, and always removed again. Plain std: the project's own tool is built on it.

pub mod apt;
mod cluster;
pub mod command;
mod failover;
mod ports;
mod programs;
mod user;

/// What a step answers: its result, or a sentence for the person at the terminal.
pub type Outcome<T = ()> = Result<T, String>;

pub use self::cluster::{Cluster, Durable};
pub use self::ports::free_port;
pub use self::programs::{find_programs, programs};
