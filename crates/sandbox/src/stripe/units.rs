//! How Stripe counts money: whole numbers of the smallest unit of its own table (<https://docs.stripe.com/currencies>).

use crate::money;

/// How many decimals Stripe's unit of a currency has; `None` where its table does not say.
pub(crate) fn exponent(currency: &str) -> Option<u32> {
    let by_iso = money::exponent(currency)?;
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "JPY" | "KMF" | "KRW" | "MGA" | "PYG" | "RWF" | "VND" | "VUV"
        | "XAF" | "XOF" | "XPF" => Some(0),
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => Some(3),
        // The special cases: without decimals, and written with two.
        "ISK" | "UGX" => Some(2),
        _ => Some(2).filter(|_| by_iso == 2),
    }
}

/// ISO 4217 minor units of a count of Stripe's; `None` for a count that Stripe refuses in this currency.
pub(crate) fn to_minor(count: i64, currency: &str) -> Option<i64> {
    let (theirs, iso) = (exponent(currency)?, money::exponent(currency)?);
    if theirs == 3 && count % 10 != 0 {
        return None;
    }
    if theirs > iso {
        let factor = 10_i64.checked_pow(theirs - iso)?;
        return (count % factor == 0).then_some(count / factor);
    }
    count.checked_mul(10_i64.checked_pow(iso - theirs)?)
}

/// Stripe's count of so many ISO 4217 minor units; what Stripe cannot express is rounded down.
pub(crate) fn of_minor(minor: i64, currency: &str) -> i64 {
    let (theirs, iso) = (exponent(currency).unwrap_or(2), money::exponent(currency).unwrap_or(2));
    if theirs > iso {
        minor.saturating_mul(10_i64.saturating_pow(theirs - iso))
    } else {
        minor / 10_i64.saturating_pow(iso - theirs)
    }
}

#[cfg(test)]
mod tests {
    use super::{exponent, of_minor, to_minor};

    #[test]
    fn sums_are_counted_as_stripe_counts_them() {
        for (count, currency, minor) in [
            (1_000, "USD", Some(1_000)),
            (500, "JPY", Some(500)),
            (5_120, "KWD", Some(5_120)),
            (5_124, "KWD", None),
            (500, "ISK", Some(5)),
            (550, "ISK", None),
            (100, "UGX", Some(1)),
            (7, "MGA", Some(700)),
            (i64::MAX, "MGA", None),
        ] {
            assert_eq!(to_minor(count, currency), minor, "{count} {currency}");
            if let Some(minor) = minor {
                assert_eq!(of_minor(minor, currency), count, "{minor} {currency}");
            }
        }
        assert_eq!([exponent("IQD"), exponent("CLF"), exponent("usd")], [None; 3]);
    }
}
