//! PortOne's API around refunds (<https://docs.portone.cloud/docs/refund>), so that a client written for it works by
//! changing its base address.
//!
//! One endpoint is one file. [`auth`] finds the caller, [`read`] takes bodies apart, [`view`] shows refunds, [`error`]
//! is the one table of error codes.

pub(crate) mod add_webhook;
mod auth;
pub(crate) mod auth_token;
pub(crate) mod create_refund;
pub(crate) mod error;
pub(crate) mod jwt;
pub(crate) mod list_refunds;
pub(crate) mod list_webhooks;
pub(crate) mod openapi;
mod read;
mod refusals;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod transaction_details;
pub(crate) mod transaction_status;
mod view;
