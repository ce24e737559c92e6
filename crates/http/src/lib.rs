//! How Redress is spoken to: the faces, as one tower service.
//!
//! A face translates a wire shape to and from the use cases of the engine; it holds no rule of the business. This
//! crate knows engine and core only: no SQL and no PSP can slip into an answer. [`router`](router::router) is all of
//! it; [`router::routes`] lists every endpoint, for the test of who may call what.

mod body;
mod credentials;
mod current;
mod described;
mod docs;
#[cfg(test)]
mod examples_tests;
mod face;
mod health;
mod idempotency_key;
mod json_object;
mod limits;
#[cfg(test)]
mod one_rule_tests;
mod outermost;
mod payment_upload;
mod portal;
mod portone;
pub mod probe;
mod problem;
mod psp_notifications;
mod rate;
pub mod router;
mod sgate;
#[cfg(test)]
mod testing;
mod v1;

pub use sgate::refund_id as sgate_refund_id;
