//! The program as its users have it: processes, files, sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod backup;
mod commands;
mod decisions;
mod demo;
mod ending;
mod faults;
mod hangup;
mod harness;
mod import;
mod isolation;
mod kill;
mod kill_under_load;
mod lifecycle;
mod logs;
mod pair;
mod parallel;
mod postgres;
mod program;
mod remote;
mod rotation;
mod serving;
mod telemetry;
mod users;
mod verify;
