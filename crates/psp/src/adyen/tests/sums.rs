//! Adyen's own minor units.

use super::super::wire::Sum;
use super::{Adyen, money};
use crate::connector::Connector;
use proptest::prelude::*;
use redress_core::money::{Amount, Currency};

fn value(minor: i64, code: &str) -> Option<i64> {
    Sum::of(money(minor, code)).map(|sum| sum.value)
}

#[test]
fn adyen_counts_four_currencies_otherwise() {
    for (code, minor, counted) in [
        ("EUR", 2500, 2500),
        ("JPY", 700, 700),
        ("KWD", 1500, 1500),
        ("CLP", 700, 70_000),
        ("ISK", 1, 100),
        ("CVE", 700, 7),
        ("IDR", 1_000_000, 10_000),
    ] {
        assert_eq!(value(minor, code), Some(counted), "{code}");
        let told = Sum { currency: code.to_owned(), value: counted };
        assert_eq!(told.amount(), Some(money(minor, code)), "{code}");
    }
    assert_eq!(value(750, "CVE"), None, "half a unit");
    assert_eq!(Sum { currency: "CLP".into(), value: 150 }.amount(), None, "half a peso");
    assert_eq!(Sum { currency: "IDR".into(), value: i64::MAX }.amount(), None);
    for wrong in ["", "eur", "XXX", "EURO"] {
        assert_eq!(Sum { currency: wrong.into(), value: 1 }.amount(), None, "{wrong}");
    }
}

/// Every code of three capital letters that is a currency.
fn currencies() -> Vec<Currency> {
    let letters = || b'A'..=b'Z';
    let codes = letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])));
    codes.filter_map(|code| Currency::from_code(std::str::from_utf8(&code).ok()?).ok()).collect()
}

proptest! {
    #[test]
    fn sums_are_read_back_as_they_were_sent_in_every_currency(minor in 1i64..1_000_000_000_000) {
        for currency in currencies() {
            let step = Adyen.capabilities().step_minor(currency);
            let amount = Amount::new(minor * step, currency);
            let sum = Sum::of(amount).unwrap();
            prop_assert_eq!(sum.amount(), Some(amount), "{}", currency);
            let other = ["CLP", "CVE", "IDR", "ISK"].contains(&currency.code());
            prop_assert_eq!(sum.value == amount.minor(), !other, "{}", currency);
        }
    }

    #[test]
    fn what_adyen_cannot_count_is_not_sent(minor in i64::MIN..i64::MAX) {
        for currency in currencies() {
            let amount = Amount::new(minor, currency);
            if let Some(sum) = Sum::of(amount) {
                prop_assert_eq!(sum.amount(), Some(amount), "{}", currency);
            }
        }
    }
}
