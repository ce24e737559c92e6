//! SGate's face, under `/api_v1`: refunds of orders as <https://docs.sgate.sa/en/payinApi/refund/refundCreate.html>
//! and its neighbours document them. An order is a payment, by its `order_ref`.
//!
//! An answer has every field that the documentation shows. What only SGate can know (fees, devices, goods) is `null`:
//! a client that looks for the field finds it, and is told nothing false.

mod auth;
pub(crate) mod error;
mod ids;
pub(crate) mod merchant_detail;
pub(crate) mod openapi;
pub(crate) mod order_detail;
pub(crate) mod order_refund;
mod problems;
pub(crate) mod refund_detail;
mod shape;
pub(crate) mod transaction_detail;

#[cfg(test)]
mod isolation_tests;
#[cfg(test)]
mod probe_tests;
#[cfg(test)]
mod signature_tests;
#[cfg(test)]
pub(crate) mod testing;

pub use ids::refund_id;

/// Where the face begins; what follows is what callers sign.
const ROOT: &str = "/api_v1";
