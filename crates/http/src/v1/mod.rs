//! Redress's own API, under `/v1`. JSON in and out; sums are whole numbers of minor units; errors are
//! `application/problem+json` with a stable `code`.

mod auth;
pub(crate) mod code;
pub(crate) mod connectors;
pub(crate) mod dispute_payment;
pub(crate) mod error;
pub(crate) mod list_payments;
pub(crate) mod once;
pub(crate) mod openapi;
pub(crate) mod page;
mod payment_view;
pub(crate) mod payments;
pub(crate) mod query;
pub(crate) mod read_payment;
