//! What a PSP can do about refunds: data, written in its connector.

use crate::money::Currency;
use std::time::Duration;

/// What a PSP allows. Sums are in the minor units of ISO 4217.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// A payment can be refunded whole.
    pub full: bool,
    /// A payment can be refunded in part.
    pub partial: bool,
    /// A payment can be refunded more than once.
    pub several: bool,
    /// How long after the capture a refund is possible; `None` where the PSP states no end.
    pub window: Option<Duration>,
    /// The currencies the PSP knows, by code; `None` where it takes any.
    pub currencies: Option<&'static [&'static str]>,
    /// Of those, the currencies that it does not take all the same, or of which it does not say how it counts them.
    pub currencies_excluded: &'static [&'static str],
    /// Smallest and largest sum of one refund, by currency code.
    pub limits: &'static [SumLimit],
    /// The currencies that the PSP counts otherwise than ISO 4217, or not in every sum.
    pub units: &'static [Unit],
    /// A payment's refunds are sent one after the other: at a PSP without keys and without a look-up, nobody could tell
    /// two of them apart after an unclear answer.
    pub one_in_flight: bool,
}

impl Capabilities {
    /// Whether the PSP takes a currency at all.
    pub fn takes(&self, currency: Currency) -> bool {
        let code = currency.code();
        self.currencies.is_none_or(|codes| codes.contains(&code)) && !self.currencies_excluded.contains(&code)
    }

    /// How many decimals the PSP's own minor unit of a currency has.
    pub fn decimals(&self, currency: Currency) -> u32 {
        self.unit(currency).map_or(currency.decimals(), |unit| unit.decimals)
    }

    /// Sums must be multiples of so many minor units of ISO 4217; 1 where any will do.
    pub fn step_minor(&self, currency: Currency) -> i64 {
        self.unit(currency).map_or(1, |unit| unit.step_minor)
    }

    fn unit(&self, currency: Currency) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.currency == currency.code())
    }
}

/// How a PSP counts a currency, where it is not as ISO 4217 says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The currency's code.
    pub currency: &'static str,
    /// The decimals of the PSP's minor unit.
    pub decimals: u32,
    /// Sums must be multiples of so many minor units of ISO 4217: whatever the PSP's unit cannot express, and what it
    /// refuses besides.
    pub step_minor: i64,
}

/// Smallest and largest sum of one refund in one currency, in minor units of ISO 4217.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SumLimit {
    /// The currency's code.
    pub currency: &'static str,
    /// No refund is smaller.
    pub min_minor: i64,
    /// No refund is larger.
    pub max_minor: i64,
}
