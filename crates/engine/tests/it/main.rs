//! The engine against the played PSPs, in one thread, under a clock that only the test moves.

mod faults;
mod promises;
mod rig;
