//! What Stripe keeps of a request with an `Idempotency-Key` (<https://docs.stripe.com/api/idempotent_requests>).

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::wire::Refusal;
use super::{text, unreadable};
use crate::psp::Psp;
use crate::reply::Reply;
use crate::state::{Request, RequestState, State, StateError};

/// How long a key is kept, in milliseconds. Stripe says at least so long; it is forgotten on the dot, the worst that may
/// be.
const KEPT_MS: i64 = 24 * 60 * 60 * 1_000;

/// The first answer to a key.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    first_ms: i64,
    status: u16,
    body: String,
}

/// The answer to a repetition; `None` for the first request of its key.
pub(crate) fn repeat(
    state: &State<'_>,
    account: &str,
    key: &str,
    fingerprint: &str,
    now_ms: i64,
) -> Result<Option<Reply>, StateError> {
    let Some(seen) = state.request(Psp::Stripe, account, key)? else { return Ok(None) };
    let stored: Stored = serde_json::from_str(&seen.answer).map_err(|error| unreadable(&error))?;
    if now_ms.saturating_sub(stored.first_ms) >= KEPT_MS {
        return Ok(None);
    }
    Ok(Some(match seen.state {
        _ if seen.fingerprint != fingerprint => Refusal::other_parameters(key).reply(),
        RequestState::Running => Refusal::key_in_use().reply(),
        RequestState::Final | RequestState::Open => {
            let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Reply::new(status, stored.body).header("idempotent-replayed", "true")
        }
    }))
}

/// Keeps the answer to a request whose work began.
pub(crate) fn answered(
    state: &State<'_>,
    account: &str,
    key: &str,
    fingerprint: &str,
    (status, body): (StatusCode, &str),
    first_ms: i64,
) -> Result<(), StateError> {
    let stored = Stored { first_ms, status: status.as_u16(), body: body.to_owned() };
    put(state, account, key, fingerprint, RequestState::Final, &stored)
}

/// Keeps that a request is running.
pub(crate) fn running(
    state: &State<'_>,
    account: &str,
    key: &str,
    fingerprint: &str,
    first_ms: i64,
) -> Result<(), StateError> {
    let stored = Stored { first_ms, status: 0, body: String::new() };
    put(state, account, key, fingerprint, RequestState::Running, &stored)
}

/// A running request has come to its end.
pub(crate) fn ended(
    state: &State<'_>,
    account: &str,
    key: &str,
    (status, body): (StatusCode, &str),
) -> Result<(), StateError> {
    let Some(seen) = state.request(Psp::Stripe, account, key)? else { return Ok(()) };
    let stored: Stored = serde_json::from_str(&seen.answer).map_err(|error| unreadable(&error))?;
    answered(state, account, key, &seen.fingerprint, (status, body), stored.first_ms)
}

fn put(
    state: &State<'_>,
    account: &str,
    key: &str,
    fingerprint: &str,
    request_state: RequestState,
    stored: &Stored,
) -> Result<(), StateError> {
    let request =
        Request { fingerprint: fingerprint.to_owned(), state: request_state, answer: text(stored)? };
    state.put_request(Psp::Stripe, account, key, &request)
}
