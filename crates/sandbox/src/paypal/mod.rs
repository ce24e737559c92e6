//! PayPal (payments v2), played: access tokens, refund of a capture, show refund, notifications and their verification.
//!
//! Sources: PayPal's own descriptions of its API, `payments_payment_v2.json` (2.5) and `notifications_webhooks_v1.json`
//! (1.11) in <https://github.com/paypal/paypal-rest-api-specifications>; idempotency
//! <https://developer.paypal.com/reference/guidelines/idempotency>; events
//! <https://docs.paypal.ai/reference/webhook-events/payments-v2>.
//!
//! Stated by PayPal: routes, fields, limits, names and words of errors and issues, HTTP statuses (201 for a refund), statuses
//! of a refund, `Prefer`, that a `PayPal-Request-Id` is kept for 45 days and that a request with one that was used gets the
//! latest state of the first, 409 `PREVIOUS_REQUEST_IN_PROGRESS`, the headers of a notification, `verification_status`.
//!
//! Inferred, because no page read says so:
//! * the token's form, its 9 hours, and the errors of `/v1/oauth2/token` (RFC 6749, and others' logs);
//! * a request id belongs to the account, whatever address and content come with it: the first request's refund is what the
//!   second gets; a refusal with 422 is remembered like a refund, any other is not;
//! * checks come in this order: token (401), body (400), repetition, capture (404), sum (422);
//! * HUF, JPY and TWD have no decimals, and a point in such a sum is refused; the currencies that PayPal takes;
//! * a refund links to its capture with `up`; it has an `acquirer_reference_number` as if every payment were by card, no
//!   `update_time`, and a fee of nothing;
//! * the resource of `PAYMENT.CAPTURE.REFUNDED` is the refund, and a refund that fails is told as `PAYMENT.REFUND.FAILED`, a
//!   name that is on no page read; a pending one is not told.
//!
//! Of the sandbox's own: the signature of a notification. PayPal signs `id|time|webhook id|crc32 of the body` with RSA and a
//! certificate that nobody else has; here the same text is signed with HMAC-SHA256 and the client's secret, and
//! `verify-webhook-signature` checks that. Slashes in a notification's addresses are escaped (`\/`), which is the same JSON and
//! other bytes: whoever writes the event anew before it is verified is found out.
//!
//! Steps: `succeed` is `COMPLETED` and told at once; `refuse` is 422 `REFUND_NOT_ALLOWED`, given again when repeated; `pend` is
//! `PENDING` (`ECHECK`) until `/control/finish`, then `COMPLETED` or `FAILED` and told; while `effect_after` waits, a repetition
//! gets 409 and the refund cannot be shown, and what does not fit any more by then is the 422 that it would have been. The
//! others are as in the crate's table.

mod auth;
mod notify;
mod refund;
mod retrieve;
pub(crate) mod sign;
mod verify;
mod wire;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

use crate::config::SandboxConfig;
use crate::notify::Kept;
use crate::play::Play;
use crate::psp::Psp;
use crate::sandbox::Sandbox;
use crate::state::{Refund, Request, RequestState, Stage, State, StateError};
use crate::world::Notification;
use wire::Issue;

/// PayPal.
pub(crate) struct PayPal;

impl Play for PayPal {
    fn routes(&self) -> Router<Sandbox> {
        Router::new()
            .route("/v1/oauth2/token", post(auth::handle))
            .route("/v2/payments/captures/{id}/refund", post(refund::handle))
            .route("/v2/payments/refunds/{id}", get(retrieve::handle))
            .route("/v1/notifications/verify-webhook-signature", post(verify::handle))
    }

    fn notifies(&self) -> bool {
        true
    }

    fn account_named(&self, config: &SandboxConfig, account: &str) -> Option<String> {
        auth::named(config, account).map(|known| known.client_id.clone())
    }

    fn refuses_payment(&self, payment: &str, currency: &str) -> Option<&'static str> {
        if !payment.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Some("a PayPal payment's id is that of its capture: letters and digits")
        } else if wire::decimals(currency).is_none() {
            Some("PayPal does not take this currency")
        } else {
            None
        }
    }

    fn take_effect(&self, state: &State<'_>, refund: Refund, now_ms: i64) -> Result<(), StateError> {
        take_effect(state, refund, now_ms)
    }

    fn tell(&self, state: &State<'_>, refund: &Refund, copies: u32, now_ms: i64) -> Result<(), StateError> {
        notify::queue(state, refund, copies, now_ms)
    }

    fn sign(&self, sandbox: &Sandbox, kept: Kept) -> Option<Notification> {
        notify::notification(sandbox, kept)
    }
}

/// What only PayPal keeps of a refund.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Detail {
    request_id: Option<String>,
    custom_id: Option<String>,
    invoice_id: Option<String>,
    note_to_payer: Option<String>,
}

impl Detail {
    fn of(refund: &Refund) -> Result<Detail, StateError> {
        serde_json::from_str(&refund.detail).map_err(|error| unreadable(&error))
    }
}

/// What a `PayPal-Request-Id` stands for.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Remembered {
    at_ms: i64,
    outcome: Decided,
}

/// How its first request was decided.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Decided {
    /// PayPal's id of the refund.
    Refund(String),
    /// The issue's name.
    Refused(String),
}

impl Remembered {
    fn read(request: &Request) -> Result<Remembered, StateError> {
        serde_json::from_str(&request.answer).map_err(|error| unreadable(&error))
    }

    fn keep(&self, state: &State<'_>, account: &str, request_id: Option<&str>) -> Result<(), StateError> {
        let Some(id) = request_id else { return Ok(()) };
        let answer = text(self)?;
        let request = Request { fingerprint: String::new(), state: RequestState::Final, answer };
        state.put_request(Psp::PayPal, account, id, &request)
    }
}

fn text(value: &impl Serialize) -> Result<String, StateError> {
    serde_json::to_string(value).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> StateError {
    StateError::Unreadable(error.to_string())
}

/// A refund whose caller got no answer is decided now, and its request with it.
fn take_effect(state: &State<'_>, mut refund: Refund, now_ms: i64) -> Result<(), StateError> {
    let left = state.left(Psp::PayPal, &refund.payment)?.unwrap_or(0);
    if refund.amount_minor <= left {
        refund.stage = Stage::Succeeded;
        refund.created_ms = now_ms;
        state.update_refund(&refund)?;
        return notify::queue(state, &refund, 1, now_ms);
    }
    let issue = if left == 0 { Issue::FULLY_REFUNDED } else { Issue::AMOUNT_EXCEEDED };
    let outcome = Decided::Refused(issue.name.to_owned());
    let request_id = Detail::of(&refund)?.request_id;
    Remembered { at_ms: now_ms, outcome }.keep(state, &refund.account, request_id.as_deref())?;
    state.delete_refund(refund.seq)
}
