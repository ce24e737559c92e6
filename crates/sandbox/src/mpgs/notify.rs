//! Telling the merchant: the transaction as it was at the moment it changed, to the request's `order.notificationUrl`,
//! with the account's secret in a header. Nothing in it is signed.

use sha2::{Digest, Sha256};

use super::{Detail, auth, wire};
use crate::notify::{self, Kept};
use crate::sandbox::Sandbox;
use crate::state::{Refund, State, StateError};
use crate::world::Notification;

/// How much of a hash names a notification, in bytes.
const ID_BYTES: usize = 16;

/// Queues `copies` notifications of the refund as it is; none when the merchant wants none.
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
    let Some(url) = Detail::of(refund)?.notification_url else { return Ok(None) };
    let body = wire::show(state, refund)?;
    Ok(Some(Kept { account: refund.account.clone(), url, signed_text: String::new(), body }))
}

/// A kept notification with its headers; `None` when its account is not configured any more.
pub(crate) fn notification(sandbox: &Sandbox, kept: Kept, number: u32) -> Option<Notification> {
    let account = auth::named(&sandbox.inner.config, &kept.account)?;
    // The same in every try, and another one for every change.
    let id =
        hex::encode(Sha256::digest(kept.body.as_bytes()).iter().take(ID_BYTES).copied().collect::<Vec<u8>>());
    let headers = vec![
        ("x-notification-secret", account.notification_secret.clone()),
        ("x-notification-id", id),
        ("x-notification-attempt", number.to_string()),
    ];
    Some(Notification::json(kept.url, headers, kept.body))
}
