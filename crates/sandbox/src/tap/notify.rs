//! Telling the merchant: the refund object, as it was at the moment it changed, to its `post.url`, with the header
//! `hashstring`.

use serde::{Deserialize, Serialize};

use super::{auth, sign, unreadable, wire};
use crate::sandbox::Sandbox;
use crate::state::{DueKind, Refund, State, StateError};
use crate::world::Notification;

/// How long a notification that a request is to send itself waits for the loop, should that request be cut off, in
/// milliseconds.
const LEFT_TO_THE_REQUEST_MS: i64 = 5_000;

/// A notification as it is kept. The signature is made when it is sent, so that the state holds no secret.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    account: String,
    url: String,
    signed_text: String,
    body: String,
}

/// Queues `copies` notifications of the refund as it is, due at once; none when the merchant wants none.
pub(crate) fn queue(state: &State<'_>, refund: &Refund, copies: u32, now_ms: i64) -> Result<(), StateError> {
    for _ in 0..copies {
        queue_at(state, refund, now_ms)?;
    }
    Ok(())
}

/// Queues one that the request itself is about to send, and gives its number.
pub(crate) fn queue_for_request(
    state: &State<'_>,
    refund: &Refund,
    now_ms: i64,
) -> Result<Option<i64>, StateError> {
    queue_at(state, refund, now_ms.saturating_add(LEFT_TO_THE_REQUEST_MS))
}

fn queue_at(state: &State<'_>, refund: &Refund, due_ms: i64) -> Result<Option<i64>, StateError> {
    let shown = wire::show(refund)?;
    let Some(url) = shown.post_url else { return Ok(None) };
    let kept =
        Kept { account: refund.account.clone(), url, signed_text: shown.signed_text, body: shown.body };
    let payload = serde_json::to_string(&kept).map_err(|error| unreadable(&error))?;
    Ok(Some(state.add_due(due_ms, refund.seq, DueKind::Notify, &payload)?))
}

/// A kept notification, signed; `None` when its account is not configured any more.
pub(crate) fn notification(sandbox: &Sandbox, payload: &str) -> Result<Option<Notification>, StateError> {
    let kept: Kept = serde_json::from_str(payload).map_err(|error| unreadable(&error))?;
    Ok(auth::named(&sandbox.inner.config, &kept.account).map(|account| Notification {
        url: kept.url,
        headers: vec![("hashstring", sign::hashstring(&account.secret_key, &kept.signed_text))],
        body: kept.body,
    }))
}
