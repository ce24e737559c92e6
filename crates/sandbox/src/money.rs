//! Exact amounts for the sandbox: integers of ISO 4217 minor units, decimal text by integer arithmetic. Written again
//! here, and not shared with the rest of Redress, so that an error in one of the two shows as a difference.

/// Digits of an amount after which it is refused whatever it says; an `i64` has 19.
const AMOUNT_DIGITS_MAX: usize = 40;

/// How many decimals the currency has by ISO 4217, or `None` when the text is not three capital letters. Source: ISO
/// 4217 list one; everything that is not named here has two.
pub(crate) fn exponent(currency: &str) -> Option<u32> {
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    Some(match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    })
}

/// Minor units of a JSON number's own text, in major units (`12.5`, `1E2`). `None` for a sign, for more decimals than
/// the currency has (zeros at the end do not count), for anything beyond `i64`, and for anything that is not a JSON
/// number.
pub(crate) fn parse_major(text: &str, exponent: u32) -> Option<i64> {
    let (mantissa, power) = match text.split_once(['e', 'E']) {
        Some((mantissa, power)) => (mantissa, power.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: String = [whole, fraction].concat();
    let has_point_without_fraction = mantissa.contains('.') && fraction.is_empty();
    if whole.is_empty()
        || has_point_without_fraction
        || digits.len() > AMOUNT_DIGITS_MAX
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let mut value: i128 = 0;
    for digit in digits.bytes() {
        value = value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
    }
    // The value counts units of ten to the power of minus `fraction.len()`; what is missing to minor units is this many tens.
    let scale =
        i32::try_from(exponent).ok()? + power.clamp(-100, 100) - i32::try_from(fraction.len()).ok()?;
    for _ in 0..scale.unsigned_abs() {
        if scale > 0 {
            value = value.checked_mul(10)?;
        } else if value % 10 == 0 {
            value /= 10;
        } else {
            return None;
        }
    }
    i64::try_from(value).ok()
}

/// The amount in major units with all of the currency's decimals, as a JSON number's text. Amounts are never negative
/// here.
pub(crate) fn print_major(minor: i64, exponent: u32) -> String {
    let Some(unit) = 10_i64.checked_pow(exponent).filter(|_| exponent > 0) else {
        return minor.to_string();
    };
    let width = exponent as usize;
    format!("{}.{:0width$}", minor / unit, minor % unit)
}

#[cfg(test)]
mod tests {
    use super::{exponent, parse_major, print_major};

    #[test]
    fn amounts_are_read_exactly_or_not_at_all() {
        assert_eq!(parse_major("10", 2), Some(1_000));
        assert_eq!(parse_major("10.5", 2), Some(1_050));
        assert_eq!(parse_major("10.500", 2), Some(1_050));
        assert_eq!(parse_major("1.500", 3), Some(1_500));
        assert_eq!(parse_major("1E2", 2), Some(10_000));
        assert_eq!(parse_major("125e-1", 2), Some(1_250));
        assert_eq!(parse_major("0.29", 2), Some(29));
        assert_eq!(parse_major("92233720368547758.07", 2), Some(i64::MAX));
        for wrong in [
            "",
            "-1",
            "+1",
            "1.",
            ".5",
            "1.005",
            "1e-3",
            "\"1\"",
            "1,0",
            "NaN",
            "92233720368547758.08",
            "1e400",
        ] {
            assert_eq!(parse_major(wrong, 2), None, "{wrong}");
        }
        assert_eq!(parse_major("1.5", 0), None);
    }

    #[test]
    fn amounts_are_printed_with_the_decimals_of_their_currency() {
        assert_eq!(print_major(1_000, 2), "10.00");
        assert_eq!(print_major(1_500, 3), "1.500");
        assert_eq!(print_major(7, 2), "0.07");
        assert_eq!(print_major(55_000, 0), "55000");
    }

    #[test]
    fn exponents_follow_iso_4217() {
        assert_eq!([exponent("VND"), exponent("SAR"), exponent("KWD")], [Some(0), Some(2), Some(3)]);
        assert_eq!([exponent("sar"), exponent("SARX"), exponent("")], [None, None, None]);
    }
}
