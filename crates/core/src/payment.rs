//! A captured payment, as refunds need to know it.

use crate::balance::Balance;
use crate::environment::Environment;
use crate::id::{AccountId, MerchantId, PaymentId};
use crate::money::{Amount, Currency};
use crate::time::Timestamp;
use std::time::Duration;

/// So far ahead of ours may the clock be that says when a payment was captured; as far as that of a signed request.
pub const CLOCK_AHEAD_MAX: Duration = Duration::from_secs(300);

/// Whether a payment can have been captured then, as far as clocks agree: not what is still to come, which there would be
/// nothing to give back of, and whose refund window would begin too late.
pub fn may_be_captured(captured_at: Timestamp, now: Timestamp) -> bool {
    captured_at <= now.plus(CLOCK_AHEAD_MAX)
}

/// A captured sum at a PSP, known to the merchant by its `order_ref`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its id.
    pub id: PaymentId,
    /// Where it was taken.
    pub environment: Environment,
    /// The reference by which the faces find it; unique per merchant.
    pub order_ref: String,
    /// The merchant's own order reference; need not be unique.
    pub merchant_order_ref: Option<String>,
    /// The PSP account it was taken through.
    pub account: AccountId,
    /// The PSP's id of the payment; unique per account.
    pub psp_payment_id: String,
    /// The currency of everything in it.
    pub currency: Currency,
    /// What is used of it.
    pub balance: Balance,
    /// What had been given back before Redress knew the payment; part of `balance.refunded`.
    pub refunded_before: i64,
    /// When it was captured.
    pub captured_at: Timestamp,
    /// PortOne's channel key (`MOMOPAY`).
    pub channel: Option<String>,
    /// SGate's payment method (`tap`), or the method's name at PortOne.
    pub payment_method: Option<String>,
    /// The merchant's reference of the customer.
    pub customer_ref: Option<String>,
    /// The payment's own address for notifications.
    pub notification_url: Option<String>,
    /// Since when the customer disputes it at its bank; `None` where no dispute is open.
    pub disputed_at: Option<Timestamp>,
    /// How many refunds were accepted so far; the next one's ordinal is one more.
    pub refund_count: u32,
    /// The last transaction number given out; the payment itself is number 1.
    pub transaction_count: u32,
    /// When Redress learned of it.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Payment {
    /// What can still be refunded.
    pub const fn remaining(&self) -> Amount {
        Amount::new(self.balance.remaining(), self.currency)
    }

    /// What was captured.
    pub const fn captured(&self) -> Amount {
        Amount::new(self.balance.captured, self.currency)
    }

    /// What was given back.
    pub const fn refunded(&self) -> Amount {
        Amount::new(self.balance.refunded, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_captured_later_than_clocks_differ() {
        let now = Timestamp::from_micros(1_795_014_400_000_000);
        let after = |micros: u64| now.plus(Duration::from_micros(micros));
        for captured in [Timestamp::from_micros(0), now, after(1), after(300_000_000)] {
            assert!(may_be_captured(captured, now), "{captured:?}");
        }
        for captured in [after(300_000_001), after(86_400_000_000), Timestamp::from_micros(i64::MAX)] {
            assert!(!may_be_captured(captured, now), "{captured:?}");
        }
    }
}
