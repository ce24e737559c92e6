//! PayPal's JSON, as its own description has it (<https://github.com/paypal/paypal-rest-api-specifications>,
//! `openapi/payments_payment_v2.json`), and its sums.

use super::CAPABILITIES;
use redress_core::capabilities::Unit;
use redress_core::decimal::Decimal;
use redress_core::money::{Amount, Currency};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The currencies that PayPal takes. The description names PayPal's page of them and not the list; inferred from copies
/// of that page (<https://doc.oroinc.com/user/back-office/system/integrations/payment-integration/paypal-services/paypal-currency>,
/// <https://pub.dev/documentation/flutter_paypal_native/latest/models_custom_currency_code/FPayPalCurrencyCode.html>).
pub(super) const CURRENCIES: &[&str] = &[
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY", "MXN", "MYR",
    "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD",
];

/// Without decimals at PayPal, whatever ISO 4217 says; so is JPY, where both agree. Inferred from the same copies.
pub(super) const UNITS: &[Unit] = &[
    Unit { currency: "HUF", decimals: 0, step_minor: 100 },
    Unit { currency: "TWD", decimals: 0, step_minor: 100 },
];

/// A sum.
#[derive(Serialize)]
pub(super) struct SentMoney {
    pub(super) currency_code: &'static str,
    /// In major units, a text.
    pub(super) value: String,
}

impl SentMoney {
    /// `None` where the sum has more decimals than PayPal takes, or is not positive.
    pub(super) fn of(amount: Amount) -> Option<Self> {
        let (number, decimals) = (amount.to_decimal(), CAPABILITIES.decimals(amount.currency()));
        let sendable = number.is_positive() && number.decimals() <= decimals;
        let currency_code = amount.currency().code();
        sendable.then(|| Self { currency_code, value: number.to_fixed(decimals) })
    }
}

/// `POST /v2/payments/captures/{id}/refund`.
#[derive(Serialize)]
pub(super) struct RefundRequest<'a> {
    pub(super) amount: SentMoney,
    pub(super) custom_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note_to_payer: Option<&'a str>,
}

/// A refund as PayPal shows it. Nothing in it is required by the description.
#[derive(Deserialize)]
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) status: String,
    #[serde(default)]
    pub(super) status_details: Option<StatusDetails>,
    #[serde(default)]
    pub(super) amount: Option<Money>,
    #[serde(default)]
    pub(super) custom_id: Option<String>,
    #[serde(default)]
    pub(super) acquirer_reference_number: Option<String>,
    /// The merchant, whatever its name says: "the details associated with the merchant for this transaction".
    #[serde(default)]
    pub(super) payer: Option<Merchant>,
    #[serde(default)]
    pub(super) links: Vec<Link>,
}

/// `payee_base`.
#[derive(Deserialize)]
pub(super) struct Merchant {
    #[serde(default)]
    pub(super) merchant_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct StatusDetails {
    #[serde(default)]
    pub(super) reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Money {
    currency_code: String,
    value: String,
}

impl Money {
    /// `None` where it is no sum of a currency.
    pub(super) fn amount(&self) -> Option<Amount> {
        let currency = Currency::from_code(&self.currency_code).ok()?;
        // The description lets the digits before the point be left out.
        let value = match self.value.strip_prefix('.') {
            Some(_) => format!("0{}", self.value),
            None => self.value.clone(),
        };
        let number = Decimal::from_text(&value).ok()?;
        Some(Amount::new(number.to_minor(currency).ok()?, currency))
    }
}

#[derive(Deserialize)]
pub(super) struct Link {
    pub(super) href: String,
    pub(super) rel: String,
}

/// Any error.
#[derive(Deserialize)]
pub(super) struct Errors {
    #[serde(default)]
    pub(super) message: Option<String>,
    #[serde(default)]
    pub(super) details: Vec<ErrorDetail>,
}

#[derive(Deserialize)]
pub(super) struct ErrorDetail {
    pub(super) issue: String,
    #[serde(default)]
    pub(super) description: Option<String>,
}

/// What `POST /v1/oauth2/token` gives (RFC 6749, section 5.1). A scope in another form than a text is none.
#[derive(Deserialize)]
pub(super) struct TokenAnswer<'a> {
    pub(super) access_token: String,
    #[serde(default, borrow)]
    pub(super) scope: Option<&'a RawValue>,
}

/// Why it gives none (RFC 6749, section 5.2).
#[derive(Deserialize)]
pub(super) struct TokenError {
    pub(super) error: String,
}

/// A notification (`openapi/notifications_webhooks_v1.json`, `event`).
#[derive(Deserialize)]
pub(super) struct Event<'a> {
    pub(super) event_type: String,
    #[serde(borrow)]
    pub(super) resource: &'a RawValue,
}

/// `POST /v1/notifications/verify-webhook-signature`.
#[derive(Serialize)]
pub(super) struct VerifyRequest<'a> {
    pub(super) auth_algo: &'a str,
    pub(super) cert_url: &'a str,
    pub(super) transmission_id: &'a str,
    pub(super) transmission_sig: &'a str,
    pub(super) transmission_time: &'a str,
    pub(super) webhook_id: &'a str,
    /// As it came: PayPal signs its bytes, so it is not written anew.
    pub(super) webhook_event: &'a RawValue,
}

#[derive(Deserialize)]
pub(super) struct VerifyAnswer {
    pub(super) verification_status: String,
}
