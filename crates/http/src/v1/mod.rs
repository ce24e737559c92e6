//! Redress's own API, under `/v1`. JSON in and out; sums are whole numbers of minor units; errors are
//! `application/problem+json` with a stable `code`.

mod auth;
pub(crate) mod code;
pub(crate) mod connectors;
pub(crate) mod error;
pub(crate) mod openapi;
pub(crate) mod payments;
