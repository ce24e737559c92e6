//! The engine against the played PSPs, in one thread, under a clock that only the test moves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod complaints;
mod contract;
mod contracts;
mod failures;
mod faults;
mod foreign;
mod forged;
mod late_checks;
mod lost_claims;
mod network;
mod one_moment;
mod payment_ids;
mod promises;
mod psps;
mod rig;
mod secrets;
mod told;
mod waits;
