//! What a refund is: money, ids, payments, refund states, policy, what to do next, events, retry schedule.
//!
//! Pure: no I/O, no clock, no randomness, no async. Everybody may know this crate; it knows nobody. Whatever decides
//! about money is decided here, as functions of values, so that a model checker and a simulator can drive the very
//! code that production runs.

pub mod audit;
pub mod audit_detail;
pub mod balance;
pub mod capabilities;
pub mod case;
pub mod currency;
pub mod daily;
pub mod decimal;
pub mod environment;
pub mod event;
pub mod id;
pub mod look_alike;
pub mod money;
pub mod next_step;
pub mod notice;
pub mod outcome;
pub mod payment;
pub mod payment_status;
pub mod policy;
pub mod recipe;
pub mod refund;
pub mod refundability;
pub mod restored;
pub mod retry;
pub mod right;
pub mod role;
pub mod settle;
pub mod state;
pub mod throttle;
pub mod time;
pub mod turn;
