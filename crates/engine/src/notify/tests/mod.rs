//! Through the engine: a clock that is moved by hand, receivers that play a script, the in-line store.

mod delivery;
mod dialects;
mod guard;
mod rhythm;
mod rig;
