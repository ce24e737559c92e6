//! A client of Redress's own API (`/v1`), for programs in Rust; the command line is one of them.
//!
//! ```no_run
//! # async fn example() -> Result<(), redress_client::Error> {
//! use redress_client::{Client, Config, NewRefund};
//!
//! let client = Client::new(Config::new("https://refunds.example", "rk_…"))?;
//! let refund = client.create_refund("order-1", &NewRefund::of(2500, "SAR")).wait(std::time::Duration::from_secs(10)).await?;
//! println!("{} is {}", refund.id, refund.status);
//! # Ok(())
//! # }
//! ```
//!
//! Each operation of the description has one method, which makes a [`Call`]; awaiting it sends it. What is safe to send
//! again is sent again ([`Retries`]): reads, and calls with an idempotency key, which the client makes once a call and
//! keeps over its tries. Errors tell the API's own word ([`Problem`]) from an answer that never came.
//!
//! Types are this crate's own, read with tolerance: fields that are not known are passed over, and words that are not
//! known are kept as text. A test holds all of them to the published description.
//!
//! An operation is added in three places: its types and its method in `api/`, and its name in `operation.rs`.

mod api;
mod call;
mod client;
mod error;
mod feed;
mod operation;
mod operations;
mod page;
mod retry;
mod secret;
mod wire;
mod words;
mod world;

#[cfg(test)]
mod tests;

pub use api::cases::{Case, CaseClosed, CaseDecision, CaseEvidence, CaseFilter, CaseStatus, CloseCase};
pub use api::connectors::{Connector, Connectors, Limit, Method, Unit};
pub use api::deliveries::{Delivery, DeliveryAttempt, DeliveryFilter, DeliveryState, DeliveryWithAttempts};
pub use api::endpoints::{
    Enabling, Endpoint, EndpointChange, EndpointMade, EndpointStatus, EndpointTest, NewEndpoint, NewReplay,
    NewSecret, Replay, RotateSecret,
};
pub use api::events::{EndpointAtEvent, Event, EventData, EventFilter, PaymentAtEvent, RefundAtEvent};
pub use api::payment_imports::{
    ImportRowFilter, ImportStatus, PaymentImport, PaymentImportRow, PaymentImportRowCounts, RowOutcome,
    Upload,
};
pub use api::payments::{
    BlockedBy, DecimalSums, DisputeReason, ExpectedSpeed, NewPayment, Payment, PaymentFilter,
    PaymentRegistered, RefundKind, Refundability, ReservedBy,
};
pub use api::psp_accounts::{PspAccount, PspAccountStatus};
pub use api::refunds::{
    Attempt, CancelRefund, CloseRefund, Failure, NewRefund, Refund, RefundFilter, RefundStatus, Timeline,
    TimelineEvent,
};
pub use call::{Answer, Call};
pub use client::{Client, Config};
pub use error::{Error, Problem};
pub use feed::{Feed, FeedStart};
#[doc(hidden)]
pub use operation::Described;
pub use operations::operations;
pub use page::{Page, Pager};
pub use retry::Retries;
pub use secret::Secret;
pub use wire::{HttpWire, Wire, WireAnswer, WireError, WireRequest};
pub use world::{RealWorld, World};
