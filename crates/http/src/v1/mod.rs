//! Redress's own API, under `/v1`. JSON in and out; sums are whole numbers of minor units; errors are
//! `application/problem+json` with a stable `code`.

mod answer;
mod auth;
pub(crate) mod cases;
#[cfg(test)]
mod client_tests;
pub(crate) mod code;
pub(crate) mod connectors;
pub(crate) mod deliveries;
pub(crate) mod dispute_payment;
pub(crate) mod endpoints;
pub(crate) mod error;
pub(crate) mod events;
pub(crate) mod list_payments;
mod metadata;
pub(crate) mod once;
pub(crate) mod openapi;
pub(crate) mod page;
#[cfg(test)]
mod parameters_tests;
pub(crate) mod payment_imports;
mod payment_view;
pub(crate) mod payments;
mod prefer;
pub(crate) mod psp_accounts;
pub(crate) mod query;
pub(crate) mod read_payment;
pub(crate) mod refund_cancel;
pub(crate) mod refund_close;
pub(crate) mod refund_create;
pub(crate) mod refund_list;
pub(crate) mod refund_read;
pub(crate) mod refund_refresh;
pub(crate) mod refund_timeline;
pub(crate) mod refundability;
mod time;
mod view;
#[cfg(test)]
mod waits_tests;
mod words;
