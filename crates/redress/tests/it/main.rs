//! The program as its users have it: processes, files, sockets.

mod commands;
mod decisions;
mod ending;
mod import;
mod program;
mod serving;
mod verify;
