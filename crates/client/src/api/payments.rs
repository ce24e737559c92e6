//! Payments, and what of them can be refunded.

use serde::{Deserialize, Serialize};

use super::refunds::RefundStatus;
use crate::call::Call;
use crate::client::Client;
use crate::operation::Operation;
use crate::page::{Page, Pager};

pub(crate) static REGISTER: Operation<PaymentRegistered, NewPayment> =
    Operation::post("registerPayment", "/v1/payments").keyed();
pub(crate) static GET: Operation<Payment> = Operation::get("getPayment", "/v1/payments/{payment}");
pub(crate) static LIST: Operation<Page<Payment>> = Operation::get("listPayments", "/v1/payments").query(&[
    "order_ref",
    "merchant_order_ref",
    "psp_payment_id",
    "channel",
    "payment_method",
    "created_from",
    "created_to",
    "limit",
    "cursor",
]);
pub(crate) static DISPUTE: Operation<Payment, DisputeReason> =
    Operation::post("disputePayment", "/v1/payments/{payment}/dispute").keyed();
pub(crate) static RELEASE: Operation<Payment, DisputeReason> =
    Operation::post("releasePaymentDispute", "/v1/payments/{payment}/release-dispute").keyed();
pub(crate) static REFUNDABILITY: Operation<Refundability> =
    Operation::get("getRefundability", "/v1/payments/{payment}/refundability");

impl Client {
    /// Makes a captured payment known.
    pub fn register_payment(&self, new: &NewPayment) -> Call<PaymentRegistered> {
        self.call(&REGISTER, &[]).body(new)
    }

    /// A payment, by its id or its `order_ref`.
    pub fn get_payment(&self, payment: &str) -> Call<Payment> {
        self.call(&GET, &[payment])
    }

    /// A page of payments, the newest first.
    pub fn list_payments(&self, filter: &PaymentFilter) -> Call<Page<Payment>> {
        self.call(&LIST, &[]).query(filter)
    }

    /// All payments that a filter lets through, page by page.
    #[must_use]
    pub fn payments(&self, filter: PaymentFilter) -> Pager<Payment> {
        let (client, first) = (self.clone(), filter.cursor.clone());
        let pager = Pager::new(move |cursor| {
            let cursor = cursor.map(str::to_owned);
            client.list_payments(&PaymentFilter { cursor, ..filter.clone() })
        });
        match first {
            Some(first) => pager.after(first),
            None => pager,
        }
    }

    /// Marks a payment as disputed: it takes no refunds.
    pub fn dispute_payment(&self, payment: &str, why: &DisputeReason) -> Call<Payment> {
        self.call(&DISPUTE, &[payment]).body(why)
    }

    /// Takes that mark away.
    pub fn release_payment_dispute(&self, payment: &str, why: &DisputeReason) -> Call<Payment> {
        self.call(&RELEASE, &[payment]).body(why)
    }

    /// What of a payment can be refunded now, and why not the rest.
    pub fn refundability(&self, payment: &str) -> Call<Refundability> {
        self.call(&REFUNDABILITY, &[payment])
    }
}

/// Which payments are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFilter {
    /// Only the payment with this reference.
    pub order_ref: Option<String>,
    /// Only payments with this reference of the merchant's own.
    pub merchant_order_ref: Option<String>,
    /// Only payments that their PSP knows by this id.
    pub psp_payment_id: Option<String>,
    /// Only payments of this channel.
    pub channel: Option<String>,
    /// Only payments with this method.
    pub payment_method: Option<String>,
    /// Only payments registered then or later; RFC 3339.
    pub created_from: Option<String>,
    /// Only payments registered before; RFC 3339.
    pub created_to: Option<String>,
    /// The most on a page, 1 to 500.
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A captured payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPayment {
    /// The reference by which the payment is found; unique for the merchant.
    pub order_ref: String,
    /// The PSP account it was taken through.
    pub psp_account: String,
    /// The PSP's own id of the payment; unique for the account.
    pub psp_payment_id: String,
    /// ISO 4217.
    pub currency: String,
    /// What was captured, in minor units.
    pub amount: i64,
    /// RFC 3339; not before 1970, and not in the future.
    pub captured_at: String,
    /// PortOne's channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The merchant's reference of the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_ref: Option<String>,
    /// That of the API key where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The merchant's own order reference; need not be unique.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchant_order_ref: Option<String>,
    /// The payment's own address for notifications.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notification_url: Option<String>,
    /// The payment method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
    /// What had been given back of it before, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunded_before: Option<i64>,
}

/// A payment as it is now, and what came of telling of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRegistered {
    /// The payment.
    #[serde(flatten)]
    pub payment: Payment,
    /// `created`, `unchanged`, or `updated` where the captured sum is another now.
    pub result: String,
}

/// A captured payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Its id.
    pub id: String,
    /// `sandbox` or `live`.
    pub environment: String,
    /// The reference by which it is found; unique for the merchant.
    pub order_ref: String,
    /// The PSP account it was taken through.
    pub psp_account: String,
    /// The PSP's own id of it.
    pub psp_payment_id: String,
    /// ISO 4217.
    pub currency: String,
    /// What was captured, in minor units.
    pub captured: i64,
    /// What was given back, in minor units; what had been given back before Redress knew the payment counts.
    pub refunded: i64,
    /// What open refunds hold, in minor units.
    pub reserved: i64,
    /// What open cases hold, in minor units.
    pub blocked: i64,
    /// What is left to refund, in minor units. The payment's refundability says whether it can be.
    pub refundable: i64,
    /// The same sums in major units.
    pub decimal: DecimalSums,
    /// What had been given back before Redress knew the payment, in minor units.
    pub refunded_before: i64,
    /// Whether the customer disputes it at its bank: it is not refunded besides.
    pub disputed: bool,
    /// When it was captured; RFC 3339.
    pub captured_at: String,
    /// When Redress learned of it.
    pub created_at: String,
    /// When anything of it changed last; RFC 3339.
    pub updated_at: String,
    /// PortOne's channel.
    pub channel: Option<String>,
    /// The merchant's reference of the customer.
    pub customer_ref: Option<String>,
    /// Since when.
    pub disputed_at: Option<String>,
    /// The merchant's own order reference.
    pub merchant_order_ref: Option<String>,
    /// The payment's own address for notifications.
    pub notification_url: Option<String>,
    /// The payment method.
    pub payment_method: Option<String>,
}

/// Sums in major units, as text with all of the currency's decimals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecimalSums {
    /// What was captured.
    pub captured: String,
    /// What was given back.
    pub refunded: String,
    /// What open refunds hold.
    pub reserved: String,
    /// What open cases hold.
    pub blocked: String,
    /// What is left to refund.
    pub refundable: String,
}

/// Why a payment is disputed, or no longer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeReason {
    /// For the feed of events and for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What of a payment can be refunded now. Sums are in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refundability {
    /// The payment's id.
    pub payment: String,
    /// The payment's reference.
    pub order_ref: String,
    /// ISO 4217.
    pub currency: String,
    /// What was captured.
    pub captured: i64,
    /// What was given back.
    pub refunded: i64,
    /// What open refunds reserve.
    pub reserved: i64,
    /// The open refunds, the oldest first; at most 100.
    pub reserved_by: Vec<ReservedBy>,
    /// What open cases block.
    pub blocked: i64,
    /// The open cases that block something, the oldest first; at most 100.
    pub blocked_by: Vec<BlockedBy>,
    /// What is left.
    pub remaining: i64,
    /// All that is left, at once.
    pub full: RefundKind,
    /// A part.
    pub partial: RefundKind,
    /// More than one refund.
    pub several: RefundKind,
    /// Refunds of this payment are sent one after the other.
    pub one_in_flight: bool,
    /// How the end is learned, in the words of the connector's table: from the answer, a notification, or by asking.
    pub expected_speed: ExpectedSpeed,
    /// When the PSP's time for refunds ends; `null` where it states no end. RFC 3339.
    pub deadline: Option<String>,
    /// The least that may be refunded in part; `null` where no part may be.
    pub least: Option<i64>,
    /// The most that may be refunded in part; all that was captured is no part.
    pub most: Option<i64>,
    /// Parts must be multiples of this.
    pub step: Option<i64>,
}

/// Whether a kind of refund is possible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundKind {
    /// Whether it is.
    pub allowed: bool,
    /// Why not: the code that the request would be answered with.
    pub code: Option<String>,
    /// Why not, in words.
    pub reason: Option<String>,
}

/// A refund that reserves a sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservedBy {
    /// The refund's id.
    pub refund: String,
    /// How much, in minor units.
    pub amount: i64,
    /// Its status.
    pub status: RefundStatus,
}

/// A case that blocks a sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedBy {
    /// The case's id: closing it says what becomes of the sum.
    pub case: String,
    /// How much, in minor units.
    pub amount: i64,
    /// Why a person must look, as `late_success`.
    pub kind: String,
}

/// How the end of a refund is learned; no PSP promises a time here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedSpeed {
    /// Whether the PSP tells of the end by itself.
    pub notification: String,
    /// Whether it can be asked.
    pub status_query: String,
}
