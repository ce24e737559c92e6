//! Stripe (API v1), played: create, retrieve and list refunds, and the events that tell of them.
//!
//! Sources: refunds <https://docs.stripe.com/api/refunds>, idempotency
//! <https://docs.stripe.com/api/idempotent_requests>, errors <https://docs.stripe.com/api/errors> and
//! <https://docs.stripe.com/error-codes>, lists <https://docs.stripe.com/api/pagination>, events
//! <https://docs.stripe.com/api/events/object>, signatures <https://docs.stripe.com/webhooks>, units of currencies
//! <https://docs.stripe.com/currencies> and
//! <https://support.stripe.com/questions/deprecation-of-fractional-isk-charges-and-refunds>.
//!
//! Stated by Stripe: paths, parameters and fields, names of statuses, reasons and error codes, the envelope of errors, the
//! meaning of HTTP statuses, sums as whole numbers of the smallest unit, lists of 10 and at most 100 with
//! `starting_after`. Of a key: the status and body of the first request are given again, an HTTP 500 too, and are kept
//! for at least 24 hours (here for exactly so long); other parameters are an `idempotency_error`; nothing is kept of a
//! request that failed its validation or came while another with its key was running (409).
//!
//! Inferred, because no page says so:
//! * a repetition carries `idempotent-replayed: true` (seen by others); parameters are compared as a set;
//! * more than is left has no error code, nor has a wrong key (both seen by others); 409 has `idempotency_key_in_use`;
//! * a sum in ISK or UGX that is no multiple of 100 and one with three decimals that does not end in 0 are refused with
//!   the code that the page about ISK names;
//! * a list for an unknown charge is a 404, an unknown `starting_after` a 400;
//! * a `pi_…` has one charge, `ch_…` with the same rest; a payment that was made known as `ch_…` or `py_…` has no payment
//!   intent;
//! * a refund that succeeded has its acquirer reference number at once; Stripe takes days.
//!
//! A refund that is made succeeded is told as one `refund.created`, its end later as `refund.updated` or
//! `refund.failed`; `charge.refunded` and `charge.refund.updated`, which tell the same, are not played, nor is HTTP Basic.
//! The address of the events is that of `/control/webhook`. In the ledger `key` is the `Idempotency-Key`. `refuse` is
//! `charge_disputed`. `pend` is pending for `processing`, and `pend_for_funds` for `insufficient_funds`: the balance does not
//! reach (<https://docs.stripe.com/changelog/basil/2025-04-30/refund-pending-reason>). `error500_after_effect` is kept and
//! given again; `error500_before_effect` came before the work began, and is not.

mod auth;
mod create;
mod form;
mod keep;
mod notify;
mod show;
pub(crate) mod sign;
mod units;
mod wire;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::config::SandboxConfig;
use crate::notify::Kept;
use crate::play::Play;
use crate::sandbox::Sandbox;
use crate::state::{Refund, State, StateError};
use crate::world::Notification;

/// Stripe.
pub(crate) struct Stripe;

impl Play for Stripe {
    fn routes(&self) -> Router<Sandbox> {
        Router::new()
            .route("/v1/refunds", post(create::handle).get(show::list))
            .route("/v1/refunds/{id}", get(show::retrieve))
    }

    fn notifies(&self) -> bool {
        true
    }

    fn waits_for_funds(&self) -> bool {
        true
    }

    fn account_named(&self, config: &SandboxConfig, account: &str) -> Option<String> {
        config.stripe.iter().find(|known| known.secret_key == account).map(auth::name)
    }

    fn refuses_payment(&self, payment: &str, currency: &str) -> Option<&'static str> {
        if !["ch_", "py_", "pi_"].iter().any(|prefix| payment.starts_with(prefix)) {
            Some("a Stripe payment's id begins with ch_, py_ or pi_")
        } else if units::exponent(currency).is_none() {
            Some("Stripe does not say how it counts this currency")
        } else {
            None
        }
    }

    fn take_effect(&self, state: &State<'_>, refund: Refund, now_ms: i64) -> Result<(), StateError> {
        create::take_effect(state, refund, now_ms)
    }

    fn tell(&self, state: &State<'_>, refund: &Refund, copies: u32, now_ms: i64) -> Result<(), StateError> {
        notify::queue(state, refund, notify::changed(refund), copies, now_ms)
    }

    fn sign(&self, sandbox: &Sandbox, kept: Kept) -> Option<Notification> {
        notify::notification(sandbox, kept)
    }
}

/// How long after it succeeded a refund fails under `succeed_then_fail`, in milliseconds.
const FAIL_AFTER_MS: i64 = 1_000;

/// What only Stripe keeps of a refund.
#[derive(Debug, Serialize, Deserialize)]
struct Detail {
    idempotency_key: Option<String>,
    reason: Option<String>,
    metadata: BTreeMap<String, String>,
    /// While it is pending, it waits for the merchant's funds.
    #[serde(default)]
    waits_for_funds: bool,
}

impl Detail {
    fn of(refund: &Refund) -> Result<Detail, StateError> {
        serde_json::from_str(&refund.detail).map_err(|error| unreadable(&error))
    }
}

fn unreadable(error: &serde_json::Error) -> StateError {
    StateError::Unreadable(error.to_string())
}

fn text(value: &impl Serialize) -> Result<String, StateError> {
    serde_json::to_string(value).map_err(|error| unreadable(&error))
}
