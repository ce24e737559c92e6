//! What a PSP can do about refunds: data, written in its connector.

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
    /// Smallest and largest sum of one refund, by currency code.
    pub limits: &'static [SumLimit],
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
