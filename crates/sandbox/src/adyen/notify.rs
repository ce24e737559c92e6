//! Telling the merchant: the Standard webhook, one item a message, as it was at the moment of the change.

use serde::Serialize;

use super::item::{AdditionalData, Item};
use super::wire::Amount;
use super::{Detail, sign, units, unreadable};
use crate::notify::{self, Kept};
use crate::psp::Psp;
use crate::sandbox::Sandbox;
use crate::state::{Refund, Stage, State, StateError};
use crate::world::Notification;

/// Stands for the signature in a kept message. It comes before every text of the merchant's.
const UNSIGNED: &str = "{not signed yet}";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    live: &'static str,
    notification_items: [Wrapper<'a>; 1],
}

#[derive(Debug, Serialize)]
struct Wrapper<'a> {
    #[serde(rename = "NotificationRequestItem")]
    item: &'a Item<'a>,
}

/// Queues `copies` messages that tell of the refund as it is, to be sent at `due_ms`; none where no address is set up.
pub(crate) fn tell(state: &State<'_>, refund: &Refund, copies: u32, due_ms: i64) -> Result<(), StateError> {
    if let Some(kept) = kept(state, refund, due_ms)? {
        for _ in 0..copies {
            notify::queue(state, refund, &kept, due_ms)?;
        }
    }
    Ok(())
}

/// Queues one that the request itself is about to send, and gives its number.
pub(crate) fn tell_by_request(
    state: &State<'_>,
    refund: &Refund,
    now_ms: i64,
) -> Result<Option<i64>, StateError> {
    let kept = kept(state, refund, now_ms)?;
    kept.map(|kept| notify::queue_for_request(state, refund, &kept, now_ms)).transpose()
}

fn kept(state: &State<'_>, refund: &Refund, at_ms: i64) -> Result<Option<Kept>, StateError> {
    let mut detail = Detail::of(refund)?;
    let (event_code, success) = match refund.stage {
        Stage::Succeeded => ("REFUND", "true"),
        Stage::Failed if detail.told_success && detail.comes_back => ("REFUNDED_REVERSED", "true"),
        Stage::Failed if detail.told_success => ("REFUND_FAILED", "true"),
        Stage::Failed | Stage::Refused => ("REFUND", "false"),
        Stage::Coming | Stage::Pending => return Ok(None),
    };
    if refund.stage == Stage::Succeeded {
        detail.told_success = true;
        state.update_detail(refund.seq, &detail.text()?)?;
    }
    let Some(url) = state.webhook(Psp::Adyen, &refund.account)? else { return Ok(None) };
    let value = units::from_iso(refund.amount_minor, &refund.currency)
        .ok_or_else(|| StateError::Unreadable("a sum that Adyen cannot count".to_owned()))?;
    let reason = match (refund.stage, &detail.reason) {
        (Stage::Failed, _) if event_code == "REFUNDED_REVERSED" => "",
        (Stage::Failed, _) => "Refund Failed",
        (_, Some(reason)) => reason,
        (_, None) => "",
    };
    let arn = (refund.stage == Stage::Succeeded).then(|| format!("7453720{:016}", refund.seq));
    let item = Item {
        additional_data: AdditionalData { hmac_signature: UNSIGNED, arn },
        amount: Amount { currency: refund.currency.clone(), value },
        event_code,
        event_date: date(at_ms),
        merchant_account_code: &refund.account,
        merchant_reference: &refund.key,
        original_reference: &refund.payment,
        payment_method: "visa",
        psp_reference: &refund.refund,
        reason,
        success,
    };
    let message = Message { live: "false", notification_items: [Wrapper { item: &item }] };
    let body = serde_json::to_string(&message).map_err(|error| unreadable(&error))?;
    let (account, signed_text) = (refund.account.clone(), sign::text(&item));
    Ok(Some(Kept { account, url, signed_text, body }))
}

/// A kept message, signed; `None` when its account is not configured any more.
pub(crate) fn notification(sandbox: &Sandbox, kept: Kept) -> Option<Notification> {
    let accounts = &sandbox.inner.config.adyen;
    let account = accounts.iter().find(|account| account.merchant_account == kept.account)?;
    let signature = sign::signature(&account.hmac_key, &kept.signed_text)?;
    let body = kept.body.replacen(UNSIGNED, &signature, 1);
    Some(Notification::json(kept.url, Vec::new(), body))
}

/// A moment as ISO 8601, in UTC. The calendar is counted from the first of March, so that leap days come last.
fn date(ms: i64) -> String {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    const DAYS_BEFORE_1970: i64 = 719_468;
    let (seconds, days) =
        (ms.div_euclid(1_000).rem_euclid(86_400), ms.div_euclid(86_400_000) + DAYS_BEFORE_1970);
    let (era, day) = (days.div_euclid(DAYS_OF_400_YEARS), days.rem_euclid(DAYS_OF_400_YEARS));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year + later;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00")
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn moments_are_dates() {
        for (ms, expected) in [
            (0, "1970-01-01T00:00:00+00:00"),
            (951_782_399_999, "2000-02-28T23:59:59+00:00"),
            (951_782_400_000, "2000-02-29T00:00:00+00:00"),
            (1_800_000_000_000, "2027-01-15T08:00:00+00:00"),
            (4_107_542_400_000, "2100-03-01T00:00:00+00:00"),
        ] {
            assert_eq!(date(ms), expected);
        }
    }
}
