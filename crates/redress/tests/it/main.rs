//! The program as its users have it: processes, files, sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod commands;
mod decisions;
mod ending;
mod import;
mod postgres;
mod program;
mod serving;
mod verify;
