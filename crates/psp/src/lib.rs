//! How payment service providers are spoken to: one [`connector::Connector`] a PSP, each in its own folder.
//!
//! A connector builds a request, hands it to the [`transport::Transport`] it is given, and says what it understood of
//! the answer as an [`redress_core::outcome::Outcome`]. It keeps nothing, reads no clock and draws no randomness. What
//! it did not understand is unknown, never failed.

pub mod account;
pub mod adyen;
pub mod client_identity;
pub mod connector;
mod credentials;
mod discreet;
mod exchange;
pub mod guard;
mod hidden_fields;
pub mod http;
pub mod momo;
pub mod mpgs;
pub mod notice;
pub mod oppwa;
pub mod paypal;
pub mod profile;
pub mod record;
pub mod registry;
mod secrets;
pub mod session;
pub mod stcpay;
pub mod stripe;
pub mod tap;
#[doc(hidden)]
pub mod testing;
pub mod transport;
