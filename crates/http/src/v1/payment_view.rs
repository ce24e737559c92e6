//! A payment as the own API shows it, wherever it does.

use redress_core::money::Amount;
use redress_core::payment::Payment;
use redress_engine::engine::Engine;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::KeyHolder;
use super::error::OwnError;
use super::time::time;

/// A captured payment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentView {
    /// Its id.
    #[schema(example = "pay_01k00000000000000000000000")]
    id: String,
    /// `sandbox` or `live`.
    environment: &'static str,
    /// The reference by which it is found; unique for the merchant.
    order_ref: String,
    /// The merchant's own order reference.
    merchant_order_ref: Option<String>,
    /// The PSP account it was taken through.
    psp_account: String,
    /// The PSP's own id of it.
    psp_payment_id: String,
    /// ISO 4217.
    #[schema(example = "SAR")]
    currency: &'static str,
    /// What was captured, in minor units.
    captured: i64,
    /// What was given back, in minor units; what had been given back before Redress knew the payment counts.
    refunded: i64,
    /// What open refunds hold, in minor units.
    reserved: i64,
    /// What open cases hold, in minor units.
    blocked: i64,
    /// What is left to refund, in minor units. The payment's refundability says whether it can be.
    refundable: i64,
    /// The same sums in major units.
    decimal: DecimalSums,
    /// What had been given back before Redress knew the payment, in minor units.
    refunded_before: i64,
    /// PortOne's channel.
    channel: Option<String>,
    /// The payment method.
    payment_method: Option<String>,
    /// The merchant's reference of the customer.
    customer_ref: Option<String>,
    /// The payment's own address for notifications.
    notification_url: Option<String>,
    /// Whether the customer disputes it at its bank: it is not refunded besides.
    disputed: bool,
    /// Since when.
    #[schema(format = DateTime)]
    disputed_at: Option<String>,
    #[schema(format = DateTime)]
    captured_at: String,
    /// When Redress learned of it.
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Sums in major units, as text with all of the currency's decimals.
#[derive(Debug, Serialize, ToSchema)]
struct DecimalSums {
    #[schema(example = "100.00")]
    captured: String,
    #[schema(example = "40.00")]
    refunded: String,
    #[schema(example = "0.00")]
    reserved: String,
    #[schema(example = "0.00")]
    blocked: String,
    #[schema(example = "60.00")]
    refundable: String,
}

impl From<Payment> for PaymentView {
    fn from(payment: Payment) -> Self {
        let balance = payment.balance;
        let refundable = balance.remaining();
        let decimal = |minor| Amount::new(minor, payment.currency).to_fixed();
        Self {
            decimal: DecimalSums {
                captured: decimal(balance.captured),
                refunded: decimal(balance.refunded),
                reserved: decimal(balance.reserved),
                blocked: decimal(balance.blocked),
                refundable: decimal(refundable),
            },
            id: payment.id.to_string(),
            environment: payment.environment.as_str(),
            order_ref: payment.order_ref,
            merchant_order_ref: payment.merchant_order_ref,
            psp_account: payment.account.to_string(),
            psp_payment_id: payment.psp_payment_id,
            currency: payment.currency.code(),
            captured: balance.captured,
            refunded: balance.refunded,
            reserved: balance.reserved,
            blocked: balance.blocked,
            refundable,
            refunded_before: payment.refunded_before,
            channel: payment.channel,
            payment_method: payment.payment_method,
            customer_ref: payment.customer_ref,
            notification_url: payment.notification_url,
            disputed: payment.disputed_at.is_some(),
            disputed_at: payment.disputed_at.map(time),
            captured_at: time(payment.captured_at),
            created_at: time(payment.created_at),
            updated_at: time(payment.updated_at),
        }
    }
}

/// The payment that a path names, by its id or its reference, if the key's holder can see it.
pub(super) async fn named(
    engine: &Engine,
    holder: &KeyHolder,
    id_or_order_ref: Option<String>,
) -> Result<Payment, OwnError> {
    let found = match id_or_order_ref {
        Some(text) => engine.payment_named(holder.merchant, holder.environment, &text).await?,
        None => None,
    };
    found.ok_or_else(|| OwnError::not_found("payment"))
}
