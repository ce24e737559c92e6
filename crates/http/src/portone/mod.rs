//! PortOne's API around refunds (<https://docs.portone.cloud/docs/refund>), so that a client written for it works by
//! changing its base address.
//!
//! One endpoint is one file. [`auth`] finds the caller, [`error`] is the one table of error codes, [`read`] takes
//! bodies apart, [`view`] shows refunds.

pub(crate) mod auth_token;
pub(crate) mod error;
