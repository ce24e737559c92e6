//! Mastercard Gateway's JSON
//! (<https://na.gateway.mastercard.com/api/documentation/apiDocumentation/rest-json/version/70/operation/Transaction%3A%20%20Refund.html>).

use crate::exchange::number_text;
use redress_core::decimal::Decimal;
use redress_core::money::{Amount, Currency};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The longest `transaction.amount`, in characters.
const AMOUNT_CHARS_MAX: usize = 14;

/// The sum as a text in major units; `None` where it is not positive or too long.
pub(super) fn amount_text(amount: Amount) -> Option<String> {
    let text = amount.to_fixed();
    (amount.minor() > 0 && text.len() <= AMOUNT_CHARS_MAX).then_some(text)
}

/// `PUT …/transaction/{transactionid}`. It must not name a source of funds: that would be a refund without a payment.
#[derive(Serialize)]
pub(super) struct RefundRequest<'a> {
    #[serde(rename = "apiOperation")]
    pub(super) api_operation: &'static str,
    pub(super) transaction: SentTransaction<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) order: Option<SentOrder<'a>>,
}

#[derive(Serialize)]
pub(super) struct SentTransaction<'a> {
    pub(super) amount: &'a str,
    pub(super) currency: &'a str,
    pub(super) reference: &'a str,
}

#[derive(Serialize)]
pub(super) struct SentOrder<'a> {
    #[serde(rename = "notificationUrl")]
    pub(super) notification_url: &'a str,
}

/// A transaction as it is answered, retrieved and told of, or an error.
#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    pub(super) result: String,
    #[serde(default)]
    pub(super) merchant: Option<String>,
    #[serde(default)]
    pub(super) order: Option<Order>,
    #[serde(default, borrow)]
    pub(super) transaction: Option<Transaction<'a>>,
    #[serde(default)]
    pub(super) response: Option<Response>,
    #[serde(default)]
    pub(super) error: Option<Error>,
}

#[derive(Deserialize)]
pub(super) struct Order {
    #[serde(default)]
    pub(super) id: Option<String>,
}

/// That answers give `amount` as a JSON number is inferred; a text is read as well.
#[derive(Deserialize)]
pub(super) struct Transaction<'a> {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default, rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(default, borrow)]
    pub(super) amount: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) currency: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    #[serde(default)]
    pub(super) gateway_code: Option<String>,
    #[serde(default)]
    pub(super) acquirer_code: Option<String>,
    #[serde(default)]
    pub(super) acquirer_message: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Error {
    #[serde(default)]
    pub(super) cause: Option<String>,
    #[serde(default)]
    pub(super) explanation: Option<String>,
    #[serde(default)]
    pub(super) field: Option<String>,
}

impl Transaction<'_> {
    /// The sum; `None` where it cannot be read.
    pub(super) fn sum(&self) -> Option<Amount> {
        let currency = Currency::from_code(self.currency.as_deref()?).ok()?;
        let number = Decimal::from_json_number(number_text(self.amount?)?).ok()?;
        Some(Amount::new(number.to_minor(currency).ok()?, currency))
    }
}
