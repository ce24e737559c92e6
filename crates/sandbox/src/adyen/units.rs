//! Adyen's minor units, by integer arithmetic.

use crate::money;

/// How many decimals Adyen's minor unit has; `None` for what is no currency code. Four differ from ISO 4217:
/// <https://docs.adyen.com/development-resources/currency-codes> marks CLP and CVE, integrations have IDR and ISK.
pub(crate) fn decimals(currency: &str) -> Option<u32> {
    match currency {
        "CLP" | "ISK" => Some(2),
        "CVE" | "IDR" => Some(0),
        _ => money::exponent(currency),
    }
}

/// ISO 4217 minor units of Adyen's value; `None` for fractions of them.
pub(crate) fn to_iso(value: i64, currency: &str) -> Option<i64> {
    shift(value, decimals(currency)?, money::exponent(currency)?)
}

/// Adyen's value of ISO 4217 minor units; `None` for fractions of it.
pub(crate) fn from_iso(minor: i64, currency: &str) -> Option<i64> {
    shift(minor, money::exponent(currency)?, decimals(currency)?)
}

fn shift(count: i64, from: u32, to: u32) -> Option<i64> {
    let factor = 10_i64.checked_pow(from.abs_diff(to))?;
    if to >= from { count.checked_mul(factor) } else { (count % factor == 0).then_some(count / factor) }
}
