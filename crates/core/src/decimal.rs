//! Exact decimal numbers: how amounts are read from and written to the wire. No floating point anywhere.

use std::fmt::Write;

use crate::currency::Currency;

/// The longest text that is looked at as a number, in bytes.
pub const DECIMAL_TEXT_BYTES_MAX: usize = 64;

/// Room for a sum in its usual length, in bytes.
const FIXED_BYTES: usize = 24;

/// No number is looked at with more decimals than this.
pub const DECIMALS_MAX: u32 = 64;

/// People write so many digits between the separators of thousands.
const GROUP_DIGITS: usize = 3;

/// An exact decimal number `unscaled / 10^scale`, without excess zeros behind the point.
///
/// It is read once at the edge, where the currency is not yet known, and turned into minor units where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    unscaled: i128,
    scale: u32,
}

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not a decimal number in the accepted form.
    #[error("not a decimal number")]
    NotANumber,
    /// More digits than any amount can have.
    #[error("too many digits")]
    TooLong,
}

/// Why a number is no sum in a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MinorError {
    /// It has more decimals than the currency; nothing is ever rounded.
    #[error("more than {decimals} decimals")]
    TooPrecise {
        /// How many decimals the currency has.
        decimals: u32,
    },
    /// It does not fit into a signed 64-bit count of minor units.
    #[error("too large")]
    TooLarge,
}

impl Decimal {
    /// Reads a text such as `1.35`: digits, optionally a point and digits, optionally a leading minus. No exponent.
    ///
    /// # Errors
    /// [`DecimalError`] when the text has another form or too many digits.
    pub fn from_text(text: &str) -> Result<Self, DecimalError> {
        Self::read(text, false)
    }

    /// Reads the text of a JSON number (RFC 8259, section 6), which may carry an exponent: `1.0E7` is exactly 10000000.
    ///
    /// # Errors
    /// [`DecimalError`] when the text is no JSON number or has too many digits.
    pub fn from_json_number(text: &str) -> Result<Self, DecimalError> {
        Self::read(text, true)
    }

    /// The number of minor units `minor` of a currency with `decimals` decimals.
    pub fn from_minor(minor: i64, decimals: u32) -> Self {
        Self { unscaled: i128::from(minor), scale: decimals }.normalized()
    }

    fn read(text: &str, json: bool) -> Result<Self, DecimalError> {
        if text.len() > DECIMAL_TEXT_BYTES_MAX {
            return Err(DecimalError::TooLong);
        }
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) if json => (&rest[..at], read_exponent(&rest[at + 1..])?),
            Some(_) => return Err(DecimalError::NotANumber),
            None => (rest, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return Err(DecimalError::NotANumber),
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let leading_zero = json && whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || leading_zero {
            return Err(DecimalError::NotANumber);
        }
        let fraction = fraction.trim_end_matches('0');
        let mut unscaled: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            unscaled = unscaled
                .checked_mul(10)
                .and_then(|n| n.checked_add(i128::from(digit - b'0')))
                .ok_or(DecimalError::TooLong)?;
        }
        if negative {
            unscaled = -unscaled;
        }
        let fraction_len = i64::try_from(fraction.len()).map_err(|_| DecimalError::TooLong)?;
        Self::shifted(unscaled, fraction_len - i64::from(exponent))
    }

    fn shifted(unscaled: i128, scale: i64) -> Result<Self, DecimalError> {
        if unscaled == 0 {
            return Ok(Self { unscaled: 0, scale: 0 });
        }
        if let Ok(scale) = u32::try_from(scale) {
            if scale > DECIMALS_MAX {
                return Err(DecimalError::TooLong);
            }
            return Ok(Self { unscaled, scale }.normalized());
        }
        let up = u32::try_from(scale.unsigned_abs()).map_err(|_| DecimalError::TooLong)?;
        let unscaled = 10_i128
            .checked_pow(up)
            .and_then(|factor| unscaled.checked_mul(factor))
            .ok_or(DecimalError::TooLong)?;
        Ok(Self { unscaled, scale: 0 })
    }

    fn normalized(mut self) -> Self {
        while self.scale > 0 && self.unscaled % 10 == 0 {
            self.unscaled /= 10;
            self.scale -= 1;
        }
        self
    }

    /// How many decimals it really has; excess zeros do not count (`1.500` has one).
    pub fn decimals(self) -> u32 {
        self.scale
    }

    /// Whether it is more than zero.
    pub fn is_positive(self) -> bool {
        self.unscaled > 0
    }

    /// The number as a count of the currency's minor units.
    ///
    /// # Errors
    /// [`MinorError`] when it has more decimals than the currency or does not fit.
    pub fn to_minor(self, currency: Currency) -> Result<i64, MinorError> {
        self.to_minor_of(currency.decimals())
    }

    /// As [`Decimal::to_minor`], for a unit with so many decimals (a PSP's own exponent, say).
    ///
    /// # Errors
    /// [`MinorError`] when it has more decimals or does not fit.
    pub fn to_minor_of(self, decimals: u32) -> Result<i64, MinorError> {
        let missing = decimals.checked_sub(self.scale).ok_or(MinorError::TooPrecise { decimals })?;
        10_i128
            .checked_pow(missing)
            .and_then(|factor| self.unscaled.checked_mul(factor))
            .and_then(|n| i64::try_from(n).ok())
            .ok_or(MinorError::TooLarge)
    }

    /// As [`Decimal::to_minor`], of what a person wrote as `text`. `1.500` is fifteen hundred to one and one and a half to
    /// another: where the currency has fewer decimals, zeros that make a group of thousands are not taken for excess ones.
    ///
    /// # Errors
    /// [`MinorError`] when it has more decimals than the currency, or may have been meant to have none, or does not fit.
    pub fn to_minor_as_written(self, text: &str, currency: Currency) -> Result<i64, MinorError> {
        let behind = text.split_once('.').map_or(0, |(_, behind)| behind.len());
        let decimals = currency.decimals();
        if behind >= GROUP_DIGITS && u32::try_from(behind).is_ok_and(|behind| behind > decimals) {
            return Err(MinorError::TooPrecise { decimals });
        }
        self.to_minor(currency)
    }

    /// With exactly so many decimals: `7.00`; more when the number needs more.
    pub fn to_fixed(self, decimals: u32) -> String {
        let count = |decimals: u32| usize::try_from(decimals).unwrap_or(0);
        let (scale, decimals) = (count(self.scale), count(decimals.max(self.scale)));
        let mut text = String::with_capacity(FIXED_BYTES);
        // One digit at least stands before the point.
        let _ = write!(text, "{:0width$}", self.unscaled.unsigned_abs(), width = scale + 1);
        text.extend(std::iter::repeat_n('0', decimals - scale));
        if decimals > 0 {
            text.insert(text.len() - decimals, '.');
        }
        if self.unscaled < 0 {
            text.insert(0, '-');
        }
        text
    }
}

/// The shortest exact form, also a valid JSON number: `7`, `100.25`.
impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_fixed(0))
    }
}

fn read_exponent(text: &str) -> Result<i32, DecimalError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DecimalError::NotANumber);
    }
    text.strip_prefix('+').unwrap_or(text).parse().map_err(|_| DecimalError::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn minor(text: &str, decimals: u32) -> Result<i64, MinorError> {
        Decimal::from_text(text).expect("a number").to_minor_of(decimals)
    }

    #[test]
    fn texts_are_read_exactly() {
        assert_eq!(minor("1.35", 2), Ok(135));
        assert_eq!(minor("99.10", 2), Ok(9910));
        assert_eq!(minor("127", 2), Ok(12_700));
        assert_eq!(minor("1.500", 2), Ok(150), "excess zeros are not excess decimals");
        assert_eq!(minor("1.500", 3), Ok(1500));
        assert_eq!(minor("0.29", 2), Ok(29));
        assert_eq!(minor("-3.5", 2), Ok(-350));
        assert_eq!(minor("1.005", 2), Err(MinorError::TooPrecise { decimals: 2 }));
        assert_eq!(minor("92233720368547758.07", 2), Ok(i64::MAX));
        assert_eq!(minor("92233720368547758.08", 2), Err(MinorError::TooLarge));
        assert_eq!(minor("007", 0), Ok(7));
    }

    #[test]
    fn what_may_be_a_group_of_thousands_is_no_sum_of_a_person() {
        let written = |text: &str, code| {
            let currency = Currency::from_code(code).expect("a currency");
            Decimal::from_text(text).expect("a number").to_minor_as_written(text, currency)
        };
        let refused = |decimals| Err(MinorError::TooPrecise { decimals });
        assert_eq!(written("1.500", "EUR"), refused(2));
        assert_eq!(written("1.5000", "EUR"), refused(2));
        assert_eq!(written("150.000", "JPY"), refused(0));
        assert_eq!(written("1.500", "KWD"), Ok(1_500));
        assert_eq!(written("1.5000", "KWD"), refused(3));
        assert_eq!(written("150.00", "JPY"), Ok(150), "no group");
        assert_eq!(written("1.50", "EUR"), Ok(150));
        assert_eq!(written("1500", "EUR"), Ok(150_000));
        assert_eq!(written("1.505", "EUR"), refused(2));
    }

    #[test]
    fn rubbish_is_no_number() {
        for text in [
            "", "-", ".", ".5", "5.", "1,5", "1 5", " 1", "1 ", "+1", "--1", "1e3", "0x10", "٣", "NaN",
            "1_000",
        ] {
            assert_eq!(Decimal::from_text(text), Err(DecimalError::NotANumber), "{text:?}");
        }
        for text in ["1e", "1e+", "e5", "01", "1.e3", "1e1.5", "+1", "Infinity"] {
            assert_eq!(Decimal::from_json_number(text), Err(DecimalError::NotANumber), "{text:?}");
        }
        assert_eq!(Decimal::from_text(&"9".repeat(60)), Err(DecimalError::TooLong));
        assert_eq!(Decimal::from_text(&"0".repeat(65)), Err(DecimalError::TooLong));
        assert_eq!(Decimal::from_text(&"0".repeat(64)).map(|d| d.to_string()), Ok("0".into()));
    }

    #[test]
    fn json_numbers_may_have_an_exact_exponent() {
        let read = |text| Decimal::from_json_number(text).map(|d| d.to_string());
        assert_eq!(read("1.0E7"), Ok("10000000".into()));
        assert_eq!(read("7.00"), Ok("7".into()));
        assert_eq!(read("125e-2"), Ok("1.25".into()));
        assert_eq!(read("-0"), Ok("0".into()));
        assert_eq!(read("0e999"), Ok("0".into()));
        assert_eq!(read("1e39"), Err(DecimalError::TooLong));
        assert_eq!(read("1e99999999999"), Err(DecimalError::TooLong));
        assert_eq!(Decimal::from_json_number("1e-40").map(Decimal::decimals), Ok(40));
        assert_eq!(Decimal::from_json_number("1e-64").map(Decimal::decimals), Ok(64));
        assert_eq!(read("1e-65"), Err(DecimalError::TooLong));
    }

    #[test]
    fn fixed_and_shortest_forms() {
        assert_eq!(Decimal::from_minor(700, 2).to_string(), "7");
        assert_eq!(Decimal::from_minor(700, 2).to_fixed(2), "7.00");
        assert_eq!(Decimal::from_minor(5, 3).to_fixed(3), "0.005");
        assert_eq!(Decimal::from_minor(-5, 2).to_string(), "-0.05");
        assert_eq!(Decimal::from_minor(0, 2).to_fixed(2), "0.00");
        assert_eq!(Decimal::from_minor(-5, 2).to_fixed(4), "-0.0500");
        assert_eq!(Decimal::from_minor(1_234, 2).to_fixed(0), "12.34");
        assert_eq!(Decimal::from_minor(12, 0).to_fixed(2), "12.00");
        assert_eq!(Decimal::from_minor(1_000_000, 0).to_string(), "1000000");
    }

    proptest! {
        #[test]
        fn printed_is_read_back(minor_units: i64, decimals in 0u32..5) {
            let printed = Decimal::from_minor(minor_units, decimals);
            for text in [printed.to_string(), printed.to_fixed(decimals)] {
                prop_assert_eq!(Decimal::from_text(&text).unwrap().to_minor_of(decimals), Ok(minor_units));
                prop_assert_eq!(Decimal::from_json_number(&text).unwrap().to_minor_of(decimals), Ok(minor_units));
            }
        }

        #[test]
        fn any_text_is_answered_without_a_panic(text in ".{0,80}") {
            let _ = Decimal::from_text(&text);
            let _ = Decimal::from_json_number(&text);
        }

        #[test]
        fn number_like_texts_are_answered_without_a_panic(text in "-?[0-9]{1,40}(\\.[0-9]{0,30})?([eE][+-]?[0-9]{1,12})?") {
            if let Ok(number) = Decimal::from_json_number(&text) {
                let _ = (number.to_minor_of(3), number.to_string());
            }
        }
    }
}
