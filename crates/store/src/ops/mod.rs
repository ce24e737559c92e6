//! Every storage operation, one file an aggregate.

pub mod accept;
pub mod accounts;
pub mod cases;
pub mod claim;
pub mod credentials;
pub mod endpoints;
pub mod merchants;
pub mod refunds;
mod rows;
pub mod settings_version;
pub mod settle;
pub mod write;
