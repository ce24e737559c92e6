//! Through the engine: a clock that is moved by hand, receivers that play a script, the in-line store.

mod again;
mod delivery;
mod dialects;
mod feed;
mod guard;
mod health;
mod rhythm;
mod rig;
mod test_event;
