//! Stripe's JSON and its sums (<https://docs.stripe.com/api/refunds/object>, <https://docs.stripe.com/currencies>).

use super::CAPABILITIES;
use crate::exchange::number_text;
use redress_core::capabilities::Unit;
use redress_core::decimal::Decimal;
use redress_core::money::{Amount, Currency};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The name under which our key goes into a refund's `metadata`.
pub(super) const METADATA_KEY: &str = "redress_refund";

/// Where Stripe's smallest unit is not that of ISO 4217 (<https://docs.stripe.com/currencies>):
/// * three decimals, the last of them 0, for refunds;
/// * ISK (<https://support.stripe.com/questions/deprecation-of-fractional-isk-charges-and-refunds>) and UGX have no
///   decimals, and are written with two for old times' sake: a whole one is 100 (of UGX the page's special cases say so,
///   while its list of currencies without decimals has it too);
/// * MGA has none.
pub(super) const UNITS: &[Unit] = &[
    Unit { currency: "BHD", decimals: 3, step_minor: 10 },
    Unit { currency: "JOD", decimals: 3, step_minor: 10 },
    Unit { currency: "KWD", decimals: 3, step_minor: 10 },
    Unit { currency: "OMR", decimals: 3, step_minor: 10 },
    Unit { currency: "TND", decimals: 3, step_minor: 10 },
    Unit { currency: "ISK", decimals: 2, step_minor: 1 },
    Unit { currency: "UGX", decimals: 2, step_minor: 1 },
    Unit { currency: "MGA", decimals: 0, step_minor: 100 },
];

/// Currencies without two decimals in ISO 4217 of which Stripe's page does not say how it writes them.
pub(super) const UNSTATED: &[&str] = &["CLF", "IQD", "LYD", "UYI", "UYW"];

/// The sum as Stripe counts it; `None` where it is not positive, or Stripe cannot express it or does not say how.
pub(super) fn sent_amount(amount: Amount) -> Option<i64> {
    let currency = amount.currency();
    let sendable = amount.minor() > 0
        && amount.minor() % CAPABILITIES.step_minor(currency) == 0
        && CAPABILITIES.takes(currency);
    sendable.then(|| amount.to_decimal().to_minor_of(CAPABILITIES.decimals(currency)).ok())?
}

/// A payment as Stripe names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Payment<'a> {
    /// The parameter that carries the id, which is also the field of a refund that echoes it.
    pub(super) param: &'static str,
    pub(super) id: &'a str,
}

impl<'a> Payment<'a> {
    /// `ch_…` and `py_…` are charges (of a card, of another way to pay), `pi_…` is a PaymentIntent.
    pub(super) fn of(id: &'a str) -> Option<Self> {
        let param = match id.split_once('_')?.0 {
            "ch" | "py" => "charge",
            "pi" => "payment_intent",
            _ => return None,
        };
        crate::exchange::is_id(id).then_some(Self { param, id })
    }

    /// Whether a refund says that it is of this payment; `None` where it does not say.
    pub(super) fn is_of(self, refund: &Refund<'_>) -> Option<bool> {
        let echo = if self.param == "charge" { &refund.charge } else { &refund.payment_intent };
        echo.as_ref().map(|echo| echo == self.id)
    }
}

/// A refund.
#[derive(Deserialize)]
pub(super) struct Refund<'a> {
    pub(super) id: String,
    #[serde(default)]
    pub(super) object: Option<String>,
    #[serde(borrow)]
    pub(super) amount: &'a RawValue,
    pub(super) currency: String,
    #[serde(default)]
    pub(super) charge: Option<String>,
    #[serde(default)]
    pub(super) payment_intent: Option<String>,
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) failure_reason: Option<String>,
    #[serde(default)]
    pub(super) pending_reason: Option<String>,
    #[serde(default)]
    pub(super) metadata: Option<Metadata>,
    #[serde(default)]
    pub(super) destination_details: Option<DestinationDetails>,
}

#[derive(Deserialize)]
pub(super) struct Metadata {
    #[serde(default)]
    pub(super) redress_refund: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct DestinationDetails {
    #[serde(default)]
    pub(super) card: Option<CardDetails>,
}

#[derive(Deserialize)]
pub(super) struct CardDetails {
    #[serde(default)]
    pub(super) reference: Option<String>,
    #[serde(default)]
    pub(super) reference_type: Option<String>,
}

impl Refund<'_> {
    /// Our key, as Stripe echoes it; nothing where the refund carries none.
    pub(super) fn key(&self) -> Option<&str> {
        self.metadata.as_ref()?.redress_refund.as_deref().filter(|key| !key.is_empty())
    }

    /// The sum in our own count; `None` where it is none that can be.
    pub(super) fn sum(&self) -> Option<Amount> {
        let currency = Currency::from_code(&self.currency.to_ascii_uppercase()).ok()?;
        let count = Decimal::from_json_number(number_text(self.amount)?).ok()?.to_minor_of(0).ok()?;
        let sum = Decimal::from_minor(count, CAPABILITIES.decimals(currency));
        Some(Amount::new(sum.to_minor(currency).ok()?, currency))
    }

    /// The acquirer reference number; other references (a trace number, say) are none.
    pub(super) fn arn(&self) -> Option<String> {
        let card = self.destination_details.as_ref()?.card.as_ref()?;
        let is_arn = card.reference_type.as_deref() == Some("acquirer_reference_number");
        card.reference.clone().filter(|reference| is_arn && crate::exchange::is_id(reference))
    }
}

/// A page of a list (<https://docs.stripe.com/api/pagination>).
#[derive(Deserialize)]
pub(super) struct Page<'a> {
    pub(super) has_more: bool,
    #[serde(borrow)]
    pub(super) data: Vec<Refund<'a>>,
}

/// The envelope of errors (<https://docs.stripe.com/api/errors>).
#[derive(Deserialize)]
pub(super) struct Errors {
    pub(super) error: ErrorEntry,
}

#[derive(Deserialize)]
pub(super) struct ErrorEntry {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) code: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
}

/// A notification (<https://docs.stripe.com/api/events/object>).
#[derive(Deserialize)]
pub(super) struct Event<'a> {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) livemode: Option<bool>,
    /// The connected account that it comes from; absent for the account's own.
    #[serde(default)]
    pub(super) account: Option<String>,
    #[serde(default, borrow)]
    pub(super) data: Option<EventData<'a>>,
}

#[derive(Deserialize)]
pub(super) struct EventData<'a> {
    #[serde(borrow)]
    pub(super) object: &'a RawValue,
}

#[cfg(test)]
mod tests;
