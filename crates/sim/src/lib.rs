//! The simulator: all of Redress in one thread under simulated time, with faults from a seed, and an auditor.
//!
//! [`one`] runs a seed: several processes of Redress with their faces, connectors and notifications over one in-memory
//! store, the PSPs' sandbox, merchants' clients and endpoints. A seed decides everything; the same seed gives the same
//! run, byte for byte of its log. [`audit`] judges the end, and shares no code with Redress.

pub mod audit;
mod clients;
pub mod defect;
mod drive;
mod endpoints;
pub mod exec;
mod merchant;
mod network;
mod notices;
mod people;
pub mod plan;
mod planted;
mod process;
mod psps;
pub mod rng;
mod state;
mod troubles;
mod wire;
pub mod witness;

pub use drive::{Outcome, one};
