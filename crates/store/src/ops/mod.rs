//! Every storage operation, one file an aggregate.

pub mod cases;
mod rows;
