//! OPPWA, the platform behind HyperPay, played: refunds of payments, questions about them, and the encrypted
//! notification.
//!
//! Sources: refund <https://docs.cardcorp.com/reference/refund-a-payment>, result codes
//! <https://developers.primeiropay.com/result-codes>, questions
//! <https://docs.latam.ppro.com/manage-payments/transactions-status>, notification
//! <https://primeiropay.atlassian.net/wiki/spaces/MS/pages/602931260/Integration+and+Decryption> and what is in it
//! <https://hyperpay.docs.oppwa.com/node/127>.
//!
//! Stated: path and form fields of the refund, the bearer token, `amount` with exactly two decimals (100.550.303 if not),
//! `merchantTransactionId` as what the duplicate check looks at, `testMode` for tests, the fields of the answer, the
//! success of a test mode being 000.100.112, the groups of result codes, AES-256-GCM with its two headers and a body of hex
//! digits, the types of notifications, and that one which is not answered with 2xx comes again.
//!
//! Seen at HyperPay by others: nothing found is HTTP 404 with 700.400.580; questions are answered for one entity only; by
//! our reference comes a list (`payments`, with 000.000.100 at the top), by OPPWA's id the transaction itself; what was
//! declined shows no sum; a wrong token is HTTP 401 with 800.900.300, another's entity HTTP 403 with 800.900.303.
//!
//! Inferred, because no page says so:
//! * HTTP 400 for every other refusal, 200 for a question about what was refused;
//! * a `merchantTransactionId` is taken for ever once a refund was made or declined under it, and given again is
//!   800.110.100; refused for its form, it is still free;
//! * checks come in this order: token, form and `entityId`, access to the entity, payment type, sum, currency, test
//!   mode, duplicate, payment (700.100.100), its currency (700.100.500), what is left (700.400.200);
//! * a refund that fails late is 800.100.100; the notification of a refund is of type `PAYMENT` with the payload's
//!   `paymentType` RF, and carries the entity; what is refused at once is not told of.
//!
//! Payments themselves are not shown to questions, and dates not at all.
//!
//! The steps, where the table of the crate does not say it for all PSPs: unscripted a refund is done at once and told of
//! once, also where the answer is lost, broken or late; `refuse` is HTTP 400 with 800.100.152, and a question shows the
//! same; `refuse_for_now` is the same with 800.100.176; `pend` is 000.200.000 until it is finished, and then told of; an
//! `effect_after` that does not fit any more when it is due is 700.400.200; `duplicate_notification` tells the same
//! twice; `notify_before_answer` tells before it answers; `succeed_then_fail` is done and told of, and 1 s later
//! 800.100.100 and told of.

mod auth;
mod create;
mod encipher;
mod notify;
mod query;
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
use crate::state::{Refund, Stage, State, StateError};
use crate::world::Notification;
use wire::Code;

/// OPPWA.
pub(crate) struct Oppwa;

impl Play for Oppwa {
    fn routes(&self) -> Router<Sandbox> {
        Router::new()
            .route("/v1/payments/{id}", post(create::handle).get(query::by_id))
            .route("/v1/query/{id}", get(query::by_id))
            .route("/v1/query", get(query::by_key))
    }

    fn notifies(&self) -> bool {
        true
    }

    fn account_named(&self, config: &SandboxConfig, account: &str) -> Option<String> {
        let mut accounts = config.oppwa.iter();
        accounts.find(|known| known.entity_id == account).map(|known| known.entity_id.clone())
    }

    fn refuses_payment(&self, payment: &str, _: &str) -> Option<&'static str> {
        let is_id = payment.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (!is_id).then_some("an OPPWA payment's id has letters and digits only")
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

/// What only OPPWA keeps of a refund.
#[derive(Debug, Serialize, Deserialize)]
struct Detail {
    /// `EXTERNAL`, `INTERNAL` or nothing.
    test_mode: Option<String>,
    /// Why it was refused, if it was.
    refused: Option<String>,
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

/// A refund whose caller got no answer is done now, or refused when it does not fit any more.
fn take_effect(state: &State<'_>, mut refund: Refund, now_ms: i64) -> Result<(), StateError> {
    let fits = state.fits(Psp::Oppwa, &refund.payment, refund.amount_minor)?;
    refund.stage = if fits { Stage::Succeeded } else { Stage::Refused };
    refund.created_ms = now_ms;
    state.update_refund(&refund)?;
    if fits {
        return notify::queue(state, &refund, 1, now_ms);
    }
    let refused = Some(Code::OVER_REFUND.code.to_owned());
    state.update_detail(refund.seq, &Detail { refused, ..Detail::of(&refund)? }.text()?)
}
