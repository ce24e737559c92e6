//! OPPWA's form and its JSON (<https://docs.cardcorp.com/reference/refund-a-payment>).

use crate::exchange::number_text;
use redress_core::capabilities::Unit;
use redress_core::money::Amount;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::form_urlencoded::Serializer;

/// Sums have exactly two decimals, whatever the currency (100.550.303 if not): of a currency with more, only what two
/// can say; of one with none, `.00`, which its unit in ISO 4217 already says.
const DECIMALS: u32 = 2;

/// The currencies of which OPPWA's two decimals cannot say every sum.
pub(super) const UNITS: &[Unit] = &[
    Unit { currency: "BHD", decimals: DECIMALS, step_minor: 10 },
    Unit { currency: "IQD", decimals: DECIMALS, step_minor: 10 },
    Unit { currency: "JOD", decimals: DECIMALS, step_minor: 10 },
    Unit { currency: "KWD", decimals: DECIMALS, step_minor: 10 },
    Unit { currency: "LYD", decimals: DECIMALS, step_minor: 10 },
    Unit { currency: "OMR", decimals: DECIMALS, step_minor: 10 },
    Unit { currency: "TND", decimals: DECIMALS, step_minor: 10 },
    Unit { currency: "CLF", decimals: DECIMALS, step_minor: 100 },
    Unit { currency: "UYW", decimals: DECIMALS, step_minor: 100 },
];

/// The sum in major units with two decimals; `None` where it needs more, or is not positive.
pub(super) fn amount_text(amount: Amount) -> Option<String> {
    let number = amount.to_decimal();
    (number.is_positive() && number.decimals() <= DECIMALS).then(|| number.to_fixed(DECIMALS))
}

/// What is asked of `POST /v1/payments/{id}`.
pub(super) struct RefundForm<'a> {
    pub(super) entity_id: &'a str,
    pub(super) amount: &'a str,
    pub(super) currency: &'a str,
    pub(super) merchant_transaction_id: &'a str,
    pub(super) test_mode: Option<&'a str>,
}

impl RefundForm<'_> {
    /// As it is sent: form-urlencoded, in one order.
    pub(super) fn encoded(&self) -> String {
        let mut form = Serializer::new(String::new());
        form.append_pair("entityId", self.entity_id)
            .append_pair("amount", self.amount)
            .append_pair("currency", self.currency)
            .append_pair("paymentType", REFUND)
            .append_pair("merchantTransactionId", self.merchant_transaction_id);
        if let Some(mode) = self.test_mode {
            form.append_pair("testMode", mode);
        }
        form.finish()
    }
}

/// The payment type of a refund.
pub(super) const REFUND: &str = "RF";

/// The query of a question.
pub(super) fn question(entity_id: &str, key: Option<&str>) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair("entityId", entity_id);
    if let Some(key) = key {
        query.append_pair("merchantTransactionId", key);
    }
    query.finish()
}

/// A transaction, or what is said instead of one: then there is no `id`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transaction<'a> {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) referenced_id: Option<String>,
    #[serde(default)]
    pub(super) payment_type: Option<String>,
    #[serde(default, borrow)]
    pub(super) amount: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) currency: Option<String>,
    #[serde(default)]
    pub(super) merchant_transaction_id: Option<String>,
    pub(super) result: ResultPart,
    #[serde(default)]
    pub(super) authentication: Option<Authentication>,
}

/// The word itself.
#[derive(Deserialize)]
pub(super) struct ResultPart {
    pub(super) code: String,
    #[serde(default)]
    pub(super) description: Option<String>,
}

/// Whose transaction it is (in the sample of <https://hyperpay.docs.oppwa.com/node/127>, inferred to be always there).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authentication {
    #[serde(default)]
    pub(super) entity_id: Option<String>,
}

/// The answer to a question by our reference: the question's own result, and what was found. Version 3 calls the list
/// `records` and says of how many pages it is (both seen in others' code).
#[derive(Deserialize)]
pub(super) struct Listed<'a> {
    pub(super) result: ResultPart,
    #[serde(default, borrow, alias = "records")]
    pub(super) payments: Option<Vec<Transaction<'a>>>,
    #[serde(default, borrow)]
    pages: Option<&'a RawValue>,
}

impl Listed<'_> {
    /// Whether there is more than is shown.
    pub(super) fn is_cut(&self) -> bool {
        self.pages.is_some_and(|pages| !matches!(number_text(pages), Some("0" | "1")))
    }
}

/// What a notification says once it is deciphered (<https://hyperpay.docs.oppwa.com/node/127>).
#[derive(Deserialize)]
pub(super) struct Told<'a> {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default, borrow)]
    pub(super) payload: Option<&'a RawValue>,
}

/// What a payload is about.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PayloadKind {
    pub(super) payment_type: String,
}

/// The body of a notification in its newer form (inferred).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wrapped {
    pub(super) encrypted_body: String,
}
