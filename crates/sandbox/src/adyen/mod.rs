//! Adyen (Checkout v71), played: refunds of captured payments, the list of ways of paying, and the Standard webhook.
//!
//! Sources: `CheckoutService-v71.json` and `Webhooks-v1.json` of <https://github.com/Adyen/adyen-openapi>, to which
//! requests and answers keep; idempotency <https://docs.adyen.com/development-resources/api-idempotency>; error codes
//! <https://docs.adyen.com/development-resources/error-codes>; signatures
//! <https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures>; minor units
//! <https://docs.adyen.com/development-resources/currency-codes>.
//!
//! Stated by Adyen: routes, fields (none that is not described), HTTP statuses, the form of errors, `received` as the only
//! answer to a refund, no request that reads one, `Idempotency-Key` of at most 64 characters and its echo, the first answer
//! given again to the same key, 704 with `transient-error: true` while the first request runs, the reason
//! "Transaction hasn't been captured, refund not possible", `success` as text, `REFUND_FAILED` and `REFUNDED_REVERSED`
//! after a success, the signed text.
//!
//! Inferred, because no page read says so:
//! * an unknown payment is HTTP 422 with 167 (so it is in the samples of Adyen's own library); 137 for a sum that is not
//!   positive, 138 for a currency that is none or another than the payment's, 702 for whatever else is wrong with the body;
//! * more than is left of the payment is taken as `received`, and the webhook says `REFUND`, "false", with a reason that
//!   several integrations have seen;
//! * only `received` is remembered under a key; a known key with another body or for another payment is HTTP 422 with 704
//!   and no `transient-error`;
//! * `REFUND` "true" carries an `arn`, which real refunds of cards may get later;
//! * a notification is tried three times; Adyen goes on for days.
//!
//! What the steps do (the table of the crate's documentation): unscripted, a refund is `received` and 0.3 s later `REFUND`
//! "true"; `refuse`: `received`, then `REFUND` "false"; `pend`: `received` and nothing until `/control/finish`, which makes
//! it `REFUND` "true" or "false"; `succeed_then_fail`: `REFUND` "true" and 1 s later `REFUND_FAILED`;
//! `succeed_then_reverse`, which only Adyen knows: `REFUND` "true" and 1 s later `REFUNDED_REVERSED`; an `effect_after` that
//! does not fit any more is told as `REFUND` "false". Every answer that was lost is given to a repetition with the same key.
//!
//! `POST /control/webhook` says where notifications go; Adyen has that in its Customer Area and takes no address with a
//! request. Served under `/v71`, as in the address of the test environment.

mod auth;
mod item;
mod methods;
mod notify;
mod refund;
pub(crate) mod sign;
mod units;
mod wire;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::post;
use serde::{Deserialize, Serialize};

use crate::config::SandboxConfig;
use crate::due::Settling;
use crate::notify::Kept;
use crate::play::Play;
use crate::psp::Psp;
use crate::sandbox::Sandbox;
use crate::state::{DueKind, Refund, RequestState, Stage, State, StateError};
use crate::world::Notification;

/// How long an unscripted refund is on its way, in milliseconds.
const SETTLE_MS: i64 = 300;
/// How long after it succeeded a refund fails under `succeed_then_fail`, in milliseconds.
const FAIL_AFTER_MS: i64 = 1_000;

/// Why `refuse` refuses: the reason in Adyen's own sample.
const NOT_CAPTURED: &str = "Transaction hasn't been captured, refund not possible";
/// Why more than is left is refused.
const OVER_REFUND: &str = "Insufficient balance on payment";

/// Adyen.
pub(crate) struct Adyen;

impl Play for Adyen {
    fn routes(&self) -> Router<Sandbox> {
        Router::new()
            .route("/v71/payments/{psp_reference}/refunds", post(refund::handle))
            .route("/v71/paymentMethods", post(methods::handle))
    }

    fn refuses_for_now(&self) -> bool {
        false
    }

    fn notifies(&self) -> bool {
        true
    }

    fn account_named(&self, config: &SandboxConfig, account: &str) -> Option<String> {
        let mut accounts = config.adyen.iter();
        accounts.find(|known| known.merchant_account == account).map(|known| known.merchant_account.clone())
    }

    fn refuses_payment(&self, payment: &str, currency: &str) -> Option<&'static str> {
        if !payment.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Some("an Adyen payment's id is its pspReference, letters and digits")
        } else if units::decimals(currency).is_none() {
            Some("the currency is none")
        } else {
            None
        }
    }

    fn take_effect(&self, state: &State<'_>, refund: Refund, now_ms: i64) -> Result<(), StateError> {
        take_effect(state, refund, now_ms)
    }

    fn tell(&self, state: &State<'_>, refund: &Refund, copies: u32, now_ms: i64) -> Result<(), StateError> {
        notify::tell(state, refund, copies, now_ms)
    }

    fn sign(&self, sandbox: &Sandbox, kept: Kept) -> Option<Notification> {
        notify::notification(sandbox, kept)
    }
}

/// What only Adyen keeps of a refund.
#[derive(Debug, Serialize, Deserialize)]
struct Detail {
    /// The key under which it came, if there was one.
    idempotency_key: Option<String>,
    /// Why it was refused, if it was.
    reason: Option<String>,
    /// The merchant was told that it succeeded: what follows is `REFUND_FAILED` or `REFUNDED_REVERSED`.
    told_success: bool,
    /// What follows is `REFUNDED_REVERSED`.
    #[serde(default)]
    comes_back: bool,
}

impl Detail {
    fn of(refund: &Refund) -> Result<Detail, StateError> {
        serde_json::from_str(&refund.detail).map_err(|error| unreadable(&error))
    }

    fn text(&self) -> Result<String, StateError> {
        serde_json::to_string(self).map_err(|error| unreadable(&error))
    }
}

fn unreadable(error: &serde_json::Error) -> StateError {
    StateError::Unreadable(error.to_string())
}

/// A refund whose caller got no answer is decided now, and its request with it.
fn take_effect(state: &State<'_>, mut refund: Refund, now_ms: i64) -> Result<(), StateError> {
    let mut detail = Detail::of(&refund)?;
    let fits = state.fits(Psp::Adyen, &refund.payment, refund.amount_minor)?;
    refund.stage = if fits { Stage::Pending } else { Stage::Refused };
    refund.created_ms = now_ms;
    state.update_refund(&refund)?;
    if let Some(key) = &detail.idempotency_key
        && let Some(mut request) = state.request(Psp::Adyen, &refund.account, key)?
    {
        request.state = RequestState::Final;
        state.put_request(Psp::Adyen, &refund.account, key, &request)?;
    }
    if fits {
        return settle_later(state, &refund, Settling { notifications: 1, then_fail_after_ms: None }, now_ms);
    }
    detail.reason = Some(OVER_REFUND.to_owned());
    refund.detail = detail.text()?;
    state.update_detail(refund.seq, &refund.detail)?;
    notify::tell(state, &refund, 1, now_ms.saturating_add(SETTLE_MS))
}

fn settle_later(state: &State<'_>, refund: &Refund, plan: Settling, now_ms: i64) -> Result<(), StateError> {
    state.add_due(now_ms.saturating_add(SETTLE_MS), refund.seq, DueKind::Settle, &plan.text()?)?;
    Ok(())
}
