//! Telling the merchant: the refund object, as it was at the moment it changed, to its `post.url`, with the header
//! `hashstring`.

use super::{auth, sign, wire};
use crate::notify::{self, Kept};
use crate::sandbox::Sandbox;
use crate::state::{Refund, State, StateError};
use crate::world::Notification;

/// Queues `copies` notifications of the refund as it is; none when the merchant wants none.
pub(crate) fn queue(state: &State<'_>, refund: &Refund, copies: u32, now_ms: i64) -> Result<(), StateError> {
    if let Some(kept) = kept(refund)? {
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
    kept(refund)?.map(|kept| notify::queue_for_request(state, refund, &kept, now_ms)).transpose()
}

fn kept(refund: &Refund) -> Result<Option<Kept>, StateError> {
    let shown = wire::show(refund)?;
    let account = refund.account.clone();
    let (signed_text, body) = (shown.signed_text, shown.body);
    Ok(shown.post_url.map(|url| Kept { account, url, signed_text, body }))
}

/// A kept notification, signed; `None` when its account is not configured any more.
pub(crate) fn notification(sandbox: &Sandbox, kept: Kept) -> Option<Notification> {
    let account = auth::named(&sandbox.inner.config, &kept.account)?;
    let hashstring = sign::hashstring(&account.secret_key, &kept.signed_text);
    Some(Notification::json(kept.url, vec![("hashstring", hashstring)], kept.body))
}
