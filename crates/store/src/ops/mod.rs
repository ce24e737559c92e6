//! Every storage operation, one file an aggregate.

pub mod accept;
pub mod accounts;
pub mod audit;
pub mod cancel;
pub mod case_list;
pub mod cases;
pub mod claim;
pub mod credentials;
pub mod daily;
mod dedupe;
pub mod deliveries;
pub mod endpoint_health;
pub mod endpoints;
pub mod feed;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod gauges;
pub mod history;
pub mod idempotency;
pub mod imports;
pub mod inbound;
#[cfg(test)]
mod isolation;
pub mod late_checks;
pub mod merchants;
#[cfg(test)]
mod model;
pub mod paging;
pub mod payments;
#[cfg(test)]
mod plans;
pub mod portal;
pub mod refund_list;
mod refund_lock;
pub mod refunds;
pub mod restored;
mod rows;
pub mod sealed;
pub mod sequence;
pub mod settings_version;
pub mod settle;
mod turns;
pub mod verify;
pub mod write;
pub mod write_probe;
