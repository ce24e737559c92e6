//! Every storage operation, one file an aggregate.

pub mod accept;
pub mod cases;
pub mod claim;
pub mod refunds;
mod rows;
pub mod settle;
pub mod write;
