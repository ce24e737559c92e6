//! Tap Payments (v2), played: create, retrieve and list refunds, and the notification to `post.url`.
//!
//! Sources: refunds <https://developers.tap.company/reference/refunds> and
//! <https://developers.tap.company/docs/create-a-refund>, notification <https://developers.tap.company/docs/webhook>,
//! codes and the shape of errors <https://developers.tap.company/reference/charge-response-codes>, lists
//! <https://developers.tap.company/reference/list-all-refunds>,
//! <https://developers.tap.company/reference/list-all-charges> and
//! <https://developers.tap.company/docs/commerce-platform-reports>.
//!
//! Stated by Tap: the fields of the request, amounts as JSON numbers in major units with the currency's decimals,
//! names of statuses, response codes and error codes, `{"errors":[{"code","description"}]}`, periods of at most 30
//! days, lists of at most 50 (25 unless asked) with `starting_after` naming the last id of the page before, the
//! signed text of a notification and its three tries, `PENDING` as the usual first answer. That requests with one
//! `reference.idempotent` are one for 24 hours (<https://developers.tap.company/docs/idempotency>) is not played, since
//! nothing relies on it: two equal requests are two refunds, which is the worst that can be.
//!
//! Inferred, because no page says so:
//! * HTTP 401 for every problem with the key, 404 for an unknown refund id, 400 for the rest;
//! * the refund list takes what the list of charges documents (`period.date.from` and `.to` in milliseconds,
//!   `charges`, `limit`, `starting_after`) and answers `{"object":"list","count","has_more","refunds"}`, newest
//!   first; nothing found is an empty list (one integration reports HTTP 400 with a message instead);
//! * a refund's `reference` has `merchant` (as given) and `payment`, and no `gateway`; in the signed text a missing
//!   part is empty;
//! * retries of a notification come 1 s and 5 s after the try before;
//! * a finished refund that failed is `FAILED` with 401, a refused one `DECLINED` with 501, or with 502 for now.
//!
//! The amount must be in the charge's own currency; Tap's other choice, the settlement currency, is not played.

mod auth;
mod create;
mod list;
mod notify;
mod retrieve;
pub(crate) mod sign;
mod wire;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::due::Settling;
use crate::notify::Kept;
use crate::play::Play;
use crate::psp::Psp;
use crate::sandbox::Sandbox;
use crate::state::{DueKind, Refund, Stage, State, StateError};
use crate::world::Notification;

/// Tap.
pub(crate) struct Tap;

impl Play for Tap {
    fn routes(&self) -> Router<Sandbox> {
        Router::new()
            .route("/v2/refunds", post(create::handle))
            .route("/v2/refunds/", post(create::handle))
            .route("/v2/refunds/list", post(list::handle))
            .route("/v2/refunds/{id}", get(retrieve::handle))
    }

    fn notifies(&self) -> bool {
        true
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

/// How long an unscripted refund is pending, in milliseconds.
const SETTLE_MS: i64 = 300;
/// How long after it succeeded a refund fails under `succeed_then_fail`, in milliseconds.
const FAIL_AFTER_MS: i64 = 1_000;

/// What only Tap keeps of a refund.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Detail {
    reason: String,
    description: Option<String>,
    metadata: Option<Box<RawValue>>,
    post_url: Option<String>,
    /// It was refused, and only for now.
    #[serde(default)]
    for_now: bool,
}

impl Detail {
    fn of(refund: &Refund) -> Result<Detail, StateError> {
        serde_json::from_str(&refund.detail).map_err(|error| unreadable(&error))
    }
}

fn unreadable(error: &serde_json::Error) -> StateError {
    StateError::Unreadable(error.to_string())
}

/// A refund whose caller got no answer begins now; when it does not fit any more, it never was.
fn take_effect(state: &State<'_>, mut refund: Refund, now_ms: i64) -> Result<(), StateError> {
    if !state.fits(Psp::Tap, &refund.payment, refund.amount_minor)? {
        return state.delete_refund(refund.seq);
    }
    refund.stage = Stage::Pending;
    refund.created_ms = now_ms;
    state.update_refund(&refund)?;
    settle_later(state, &refund, Settling { notifications: 1, then_fail_after_ms: None }, now_ms)
}

fn settle_later(state: &State<'_>, refund: &Refund, plan: Settling, now_ms: i64) -> Result<(), StateError> {
    state.add_due(now_ms.saturating_add(SETTLE_MS), refund.seq, DueKind::Settle, &plan.text()?)?;
    Ok(())
}
