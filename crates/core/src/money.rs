//! Sums of money: minor units of a currency, with checked arithmetic.

pub use crate::currency::{Currency, UnknownCurrency};
use crate::decimal::Decimal;

/// A sum: a count of a currency's minor units. A sum without a currency does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    minor: i64,
    currency: Currency,
}

impl Amount {
    /// So many minor units of a currency.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// The count of minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The same sum in major units.
    pub fn to_decimal(self) -> Decimal {
        Decimal::from_minor(self.minor, self.currency.decimals())
    }

    /// In major units with all of the currency's decimals: `7.00`, `1.500`, `1000000`.
    pub fn to_fixed(self) -> String {
        self.to_decimal().to_fixed(self.currency.decimals())
    }

    /// The sum of both; `None` on overflow or where the currencies differ.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        (self.currency == other.currency)
            .then(|| self.minor.checked_add(other.minor))?
            .map(|minor| Self { minor, ..self })
    }

    /// The difference of both; `None` on overflow or where the currencies differ.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        (self.currency == other.currency)
            .then(|| self.minor.checked_sub(other.minor))?
            .map(|minor| Self { minor, ..self })
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.to_fixed(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        Currency::from_code(code).expect("a currency")
    }

    #[test]
    fn sums_are_printed_with_all_decimals() {
        assert_eq!(Amount::new(1500, currency("KWD")).to_string(), "1.500 KWD");
        assert_eq!(Amount::new(700, currency("SAR")).to_string(), "7.00 SAR");
        assert_eq!(Amount::new(1_000_000, currency("VND")).to_string(), "1000000 VND");
    }

    proptest! {
        #[test]
        fn arithmetic_is_checked(a: i64, b: i64) {
            let (x, y) = (Amount::new(a, currency("SAR")), Amount::new(b, currency("SAR")));
            prop_assert_eq!(x.checked_add(y).map(Amount::minor), a.checked_add(b));
            prop_assert_eq!(x.checked_sub(y).map(Amount::minor), a.checked_sub(b));
            prop_assert_eq!(x.checked_add(Amount::new(b, currency("KWD"))), None);
        }
    }
}
