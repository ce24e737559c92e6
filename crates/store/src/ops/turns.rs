//! The turn of a payment whose refunds are sent one after the other: taken by whoever sends, given back with the step
//! that ends it, and passed on.

use redress_core::settle::{Change, Timing};
use redress_core::state::StateName;
use redress_core::time::Timestamp;
use redress_core::turn::Turn;
use std::time::Duration;

use super::rows::micros;
use crate::error::StoreError;
use crate::tx::{Touches, Tx};

/// How long a refund waits for its payment's turn before somebody looks again. Whoever gives the turn back makes the
/// next one due: this only bounds what a lost word would cost.
pub(crate) const fn turn_wait(timing: &Timing) -> Duration {
    timing.resolve.max
}

const TAKE_FREE: &str = "UPDATE payments SET turn_refund_id = $1 WHERE merchant_id = $2 AND payment_id = $3 \
     AND turn_refund_id IS NULL";

/// The oldest of a payment's other refunds in some state: ids begin with the time at which they were asked for. The first
/// is found by the payment's word, the others by their index.
macro_rules! oldest {
    ($merchant:literal, $payment:literal, $not:literal, $state:literal) => {
        concat!(
            "(SELECT o.refund_id FROM refunds o WHERE o.merchant_id = ",
            $merchant,
            " AND o.refund_id = (SELECT p.first_refund_id FROM payments p WHERE p.merchant_id = ",
            $merchant,
            " AND p.payment_id = ",
            $payment,
            ") AND o.refund_id <> ",
            $not,
            " AND ",
            $state,
            " UNION ALL SELECT o.refund_id FROM refunds o WHERE o.merchant_id = ",
            $merchant,
            " AND o.payment_id = ",
            $payment,
            " AND o.ordinal > 1 AND o.refund_id <> ",
            $not,
            " AND ",
            $state,
            " ORDER BY refund_id LIMIT 1)"
        )
    };
}

/// Given back to nobody, or to one that the PSP turned out to have though it was never sent in its turn.
const GIVE_BACK: &str = concat!(
    "UPDATE payments SET turn_refund_id = ",
    oldest!(
        "$1",
        "$2",
        "$3",
        "o.takes_turns = 1 AND (o.state = 'submitting' OR o.state = 'unknown' OR o.state = 'pending')"
    ),
    " WHERE merchant_id = $1 AND payment_id = $2 AND turn_refund_id = $3"
);

/// The next one is due at once, where the turn is free. One that could not leave before is due no earlier than the other
/// that could not leave now, or two of them would wake each other without a pause.
const WAKE_NEXT: &str = concat!(
    "UPDATE refunds SET due_at = CASE WHEN not_sent = 0 THEN CAST($1 AS BIGINT) ELSE CAST($2 AS BIGINT) END \
     WHERE merchant_id = $3 AND refund_id = ",
    oldest!("$3", "$4", "$5", "o.state = 'queued'"),
    " AND state = 'queued' AND due_at > $1 AND (not_sent = 0 OR due_at > $2) \
     AND NOT EXISTS (SELECT 1 FROM payments t WHERE t.merchant_id = $3 AND t.payment_id = $4 \
     AND t.turn_refund_id IS NOT NULL)"
);

/// Writes what a step does to the payment's turn. The refund and the balance were written before.
pub(crate) async fn write<T: Tx>(tx: &mut T, change: &Change, now: Timestamp) -> Result<(), StoreError> {
    let refund = &change.refund;
    let (merchant, payment, id) =
        (refund.merchant.as_bytes(), refund.payment.as_bytes(), refund.id.as_bytes());
    match change.turn {
        Turn::Kept => Ok(()),
        Turn::Taken => {
            tx.exec_ahead(TAKE_FREE, &[id.into(), merchant.into(), payment.into()], Touches::Any).await
        }
        Turn::Over => {
            tx.exec_ahead(GIVE_BACK, &[merchant.into(), payment.into(), id.into()], Touches::Any).await?;
            let pause = match refund.state.name() {
                StateName::Queued => refund.due_at.unwrap_or(now),
                _ => now,
            };
            let (now, pause) = (micros(Some(now)), micros(Some(pause)));
            let params = [now, pause, merchant.into(), payment.into(), id.into()];
            tx.exec_ahead(WAKE_NEXT, &params, Touches::Any).await
        }
    }
}

#[cfg(test)]
mod tests;
