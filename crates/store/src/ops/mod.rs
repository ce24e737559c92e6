//! Every storage operation, one file an aggregate.

pub mod accept;
pub mod accounts;
pub mod cases;
pub mod claim;
pub mod credentials;
pub mod deliveries;
pub mod endpoints;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod gauges;
pub mod history;
pub mod inbound;
pub mod merchants;
#[cfg(test)]
mod model;
pub mod payments;
#[cfg(test)]
mod plans;
pub mod refunds;
pub mod restored;
mod rows;
pub mod sealed;
pub mod settings_version;
pub mod settle;
mod turns;
pub mod verify;
pub mod write;
pub mod write_probe;
