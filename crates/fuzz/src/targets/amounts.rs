//! Sums as text and as JSON numbers: what is read is what was written, to the last digit.

use redress_core::decimal::{Decimal, DecimalError};
use redress_core::money::{Amount, Currency};
use serde_json::value::RawValue;

use crate::texts::canonical;

/// With two, no, three and four decimals.
const CURRENCIES: [&str; 4] = ["SAR", "VND", "KWD", "CLF"];

pub(super) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(number) = Decimal::from_text(text) {
        assert_eq!(canonical(text, false).as_deref(), Some(&*number.to_string()), "{text:?}");
        judge(number);
    }
    let is_json = serde_json::from_str::<&RawValue>(text).is_ok_and(|raw| raw.get() == text);
    let is_number = is_json && text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    match Decimal::from_json_number(text) {
        Ok(number) => {
            assert!(is_number, "{text:?} is no JSON number");
            let value = canonical(text, true);
            // Zero has no exponent, however large it is written.
            let zero = value.is_none() && number.to_string() == "0";
            assert!(zero || value.as_deref() == Some(&*number.to_string()), "{text:?} is not {number}");
            judge(number);
        }
        Err(DecimalError::NotANumber) => assert!(!is_number, "{text:?} is a JSON number"),
        Err(DecimalError::TooLong) => {}
    }
    if let Ok(currency) = Currency::from_code(text) {
        assert_eq!(currency.code(), text);
    }
}

fn judge(number: Decimal) {
    let printed = number.to_string();
    assert_eq!(canonical(&printed, false).as_ref(), Some(&printed));
    assert_eq!(number.is_positive(), !printed.starts_with('-') && printed != "0");
    assert_eq!(printed.split_once('.').map_or(0, |(_, fraction)| fraction.len()), number.decimals() as usize);
    for code in CURRENCIES {
        let currency = Currency::from_code(code).expect("a currency");
        let Ok(minor) = number.to_minor(currency) else { continue };
        assert_eq!(Decimal::from_minor(minor, currency.decimals()), number, "{code}");
        let amount = Amount::new(minor, currency);
        assert_eq!(amount.to_decimal(), number);
        for text in [amount.to_fixed(), printed.clone()] {
            assert_eq!(Decimal::from_text(&text), Ok(number), "{text}");
            assert_eq!(Decimal::from_json_number(&text), Ok(number), "{text}");
        }
    }
}
