//! Telling the merchant: what the refund was at the moment it changed, enciphered, to the address that was set up.

use super::{encipher, wire};
use crate::notify::{self, Kept};
use crate::psp::Psp;
use crate::sandbox::Sandbox;
use crate::state::{Refund, State, StateError};
use crate::world::Notification;

/// Queues `copies` notifications of the refund as it is; none when no address was set up.
pub(crate) fn queue(state: &State<'_>, refund: &Refund, copies: u32, now_ms: i64) -> Result<(), StateError> {
    if let Some(kept) = kept(state, refund)? {
        for _ in 0..copies {
            notify::queue(state, refund, &kept, now_ms)?;
        }
    }
    Ok(())
}

/// Queues one that the request itself is about to send, and gives its number.
pub(crate) fn queue_for_request(
    state: &State<'_>,
    refund: &Refund,
    now_ms: i64,
) -> Result<Option<i64>, StateError> {
    kept(state, refund)?.map(|kept| notify::queue_for_request(state, refund, &kept, now_ms)).transpose()
}

fn kept(state: &State<'_>, refund: &Refund) -> Result<Option<Kept>, StateError> {
    let Some(url) = state.webhook(Psp::Oppwa, &refund.account)? else { return Ok(None) };
    let account = refund.account.clone();
    Ok(Some(Kept { account, url, signed_text: String::new(), body: wire::told(refund)? }))
}

/// A kept notification, enciphered; `None` when its account is not configured any more.
pub(crate) fn notification(sandbox: &Sandbox, kept: Kept) -> Option<Notification> {
    let account = sandbox.inner.config.oppwa.iter().find(|account| account.entity_id == kept.account)?;
    let enciphered = encipher::encipher(&account.webhook_key, &kept.body)?;
    let headers =
        vec![("x-initialization-vector", enciphered.vector), ("x-authentication-tag", enciphered.tag)];
    Some(Notification { url: kept.url, headers, content_type: "text/plain", body: enciphered.body })
}
