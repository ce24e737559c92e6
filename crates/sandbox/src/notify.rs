//! What a PSP is about to tell a merchant, as it is kept until it has arrived or was given up.

use serde::{Deserialize, Serialize};

use crate::state::{DueKind, Refund, State, StateError};

/// How long a notification that a request is to send itself waits for the loop, should that request be cut off, in
/// milliseconds.
const LEFT_TO_THE_REQUEST_MS: i64 = 5_000;

/// A notification as it is kept. The signature is made when it is sent, so that the state holds no secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The account whose secret signs it, by the name that the state has for it.
    pub(crate) account: String,
    /// Where it goes.
    pub(crate) url: String,
    /// What is signed, where that is not the body.
    pub(crate) signed_text: String,
    /// What is sent.
    pub(crate) body: String,
}

impl Kept {
    pub(crate) fn read(payload: &str) -> Result<Kept, StateError> {
        serde_json::from_str(payload).map_err(|error| StateError::Unreadable(error.to_string()))
    }
}

/// Queues one, due at once, and gives its number.
pub(crate) fn queue(state: &State<'_>, refund: &Refund, kept: &Kept, now_ms: i64) -> Result<i64, StateError> {
    let payload = serde_json::to_string(kept).map_err(|error| StateError::Unreadable(error.to_string()))?;
    state.add_due(now_ms, refund.seq, DueKind::Notify, &payload)
}

/// Queues one that the request itself is about to send, and gives its number.
pub(crate) fn queue_for_request(
    state: &State<'_>,
    refund: &Refund,
    kept: &Kept,
    now_ms: i64,
) -> Result<i64, StateError> {
    queue(state, refund, kept, now_ms.saturating_add(LEFT_TO_THE_REQUEST_MS))
}
