//! A captured payment, as refunds need to know it.

use crate::balance::Balance;
use crate::environment::Environment;
use crate::id::{AccountId, MerchantId, PaymentId};
use crate::money::{Amount, Currency};
use crate::time::Timestamp;

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
