//! Redress's own API, under `/v1`. JSON in and out; sums are whole numbers of minor units; errors are
//! `{"error": {"code", "message", "field"?}}`.

mod auth;
pub(crate) mod connectors;
pub(crate) mod error;
pub(crate) mod payments;
