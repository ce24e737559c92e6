//! Every order of events within bounds, played against the very functions that decide in production.
//!
//! What Redress remembers changes in atomic steps, as storage operations do: accept, claim, settle, a person's verdict.
//! Between any two of them anything may happen: another process works, a process dies, a message is late or doubled, time
//! passes. The decisions are core's: [`redress_core::settle`], [`redress_core::next_step`], [`redress_core::policy`],
//! [`redress_core::balance`], the lease. The PSP is played here. The checker of the crate `stateright` visits every state.

mod bounds;
mod bridge;
mod cases;
mod caught;
mod change;
mod check;
mod ends;
mod guards;
mod kind;
mod model;
mod order;
pub mod properties;
mod psp;
mod redress;
mod state;
mod work;

pub use bounds::Bounds;
pub use check::{Broke, Checked, check, find};
pub use guards::Without;
pub use kind::Kind;
pub use model::Action;
pub use redress::{AMOUNT, Redress};
