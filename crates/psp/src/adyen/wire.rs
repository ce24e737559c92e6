//! Adyen's JSON (<https://github.com/Adyen/adyen-openapi>, `CheckoutService-v71.json` and `Webhooks-v1.json`).

use super::CAPABILITIES;
use redress_core::capabilities::Unit;
use redress_core::decimal::Decimal;
use redress_core::money::{Amount, Currency};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Where Adyen counts otherwise than ISO 4217. CLP and CVE are marked "differs from standard" in
/// <https://docs.adyen.com/development-resources/currency-codes>; IDR and ISK several public integrations take from the
/// same page (its copies that could be read end before them).
pub(super) const UNITS: &[Unit] = &[
    Unit { currency: "CLP", decimals: 2, step_minor: 1 },
    Unit { currency: "CVE", decimals: 0, step_minor: 100 },
    Unit { currency: "IDR", decimals: 0, step_minor: 100 },
    Unit { currency: "ISK", decimals: 2, step_minor: 1 },
];

/// A sum as Adyen counts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sum {
    pub(super) currency: String,
    pub(super) value: i64,
}

impl Sum {
    /// `None` for what is not positive, for fractions of Adyen's unit, and for more than it can count.
    pub(super) fn of(amount: Amount) -> Option<Self> {
        let currency = amount.currency();
        let value = amount.to_decimal().to_minor_of(CAPABILITIES.decimals(currency)).ok()?;
        (value > 0).then(|| Self { currency: currency.code().to_owned(), value })
    }

    /// `None` for a currency that is none, and for what ISO 4217's unit cannot express.
    pub(super) fn amount(&self) -> Option<Amount> {
        let currency = Currency::from_code(&self.currency).ok()?;
        let number = Decimal::from_minor(self.value, CAPABILITIES.decimals(currency));
        Some(Amount::new(number.to_minor(currency).ok()?, currency))
    }
}

/// The reasons that Adyen takes.
const REASONS: [&str; 5] = ["FRAUD", "CUSTOMER REQUEST", "RETURN", "DUPLICATE", "OTHER"];

/// The merchant's reason, where it is one of Adyen's; `customer_request` is one.
pub(super) fn reason(reason: &str) -> Option<&'static str> {
    let given = reason.trim().replace('_', " ");
    REASONS.into_iter().find(|known| known.eq_ignore_ascii_case(&given))
}

/// `PaymentRefundRequest`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundRequest<'a> {
    pub(super) merchant_account: &'a str,
    pub(super) amount: Sum,
    pub(super) reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) merchant_refund_reason: Option<&'static str>,
}

/// `PaymentRefundResponse`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundResponse {
    pub(super) merchant_account: String,
    pub(super) payment_psp_reference: String,
    pub(super) psp_reference: String,
    pub(super) status: String,
    pub(super) amount: Sum,
    /// Optional in the description, though it was given.
    #[serde(default)]
    pub(super) reference: Option<String>,
}

/// `ServiceError`, in which the description requires nothing.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceError {
    #[serde(default)]
    pub(super) error_code: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
}

/// `PaymentMethodsRequest`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PaymentMethodsRequest<'a> {
    pub(super) merchant_account: &'a str,
}

/// `PaymentMethodsResponse`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PaymentMethodsResponse<'a> {
    #[serde(borrow)]
    pub(super) payment_methods: Vec<&'a RawValue>,
}

/// A POST of Adyen's.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Webhook<'a> {
    #[serde(default)]
    pub(super) live: Option<String>,
    #[serde(borrow)]
    pub(super) notification_items: Vec<Wrapper<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Wrapper<'a> {
    #[serde(borrow, rename = "NotificationRequestItem")]
    pub(super) item: &'a RawValue,
}

/// One event. Which fields are there depends on the event; what is missing is signed as empty.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub(super) event_code: String,
    pub(super) success: String,
    #[serde(default)]
    pub(super) psp_reference: Option<String>,
    #[serde(default)]
    pub(super) original_reference: Option<String>,
    #[serde(default)]
    pub(super) merchant_account_code: Option<String>,
    #[serde(default)]
    pub(super) merchant_reference: Option<String>,
    #[serde(default)]
    pub(super) amount: Option<Sum>,
    #[serde(default)]
    pub(super) reason: Option<String>,
    #[serde(default)]
    pub(super) additional_data: Option<AdditionalData>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AdditionalData {
    #[serde(default)]
    pub(super) hmac_signature: Option<String>,
    #[serde(default)]
    pub(super) arn: Option<String>,
    #[serde(default)]
    pub(super) acquirer_reference: Option<String>,
}
