//! Notifications to merchants: what happened to a refund, told to every address that wants it.
//!
//! The events are the source: settling inserts one delivery an address, `worker` claims what is due, `attempt`
//! signs, sends and records one try, `schedule` says what follows. The shape is the address's dialect: `portone`,
//! `sgate`, `standard`. Every try of every dialect carries the headers of Standard Webhooks besides.
//!
//! At least once, in no promised order: a process that dies between sending and recording leaves the delivery due again
//! when its lease ends, and the receiver knows it by its `webhook-id`, which is the same for every try of an event.

pub mod again;
mod attempt;
pub mod history;
mod keys;
pub(crate) mod message;
mod portone;
mod schedule;
mod sgate;
mod slots;
pub(crate) mod standard;
pub mod test_event;
mod worker;

pub(crate) use slots::Slots;

#[cfg(test)]
mod tests;
