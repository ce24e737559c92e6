use super::*;
use crate::exchange::json;
use proptest::prelude::*;

/// Stripe's table of currencies without decimals (<https://docs.stripe.com/currencies>), typed a second time. UGX stands
/// there and among the special cases, which win.
const ZERO: [&str; 15] =
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"];
const THREE: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

fn every_currency() -> Vec<Currency> {
    let letters = || 'A'..='Z';
    let codes =
        letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| format!("{a}{b}{c}"))));
    codes.filter_map(|code| Currency::from_code(&code).ok()).collect()
}

/// A refund of the sum that Stripe would show for this text.
fn read_back(count: &str, code: &str) -> Option<Amount> {
    let text = format!(r#"{{"id":"re_1","amount":{count},"currency":"{}"}}"#, code.to_ascii_lowercase());
    json::<Refund<'_>>(text.as_bytes()).and_then(|refund| refund.sum())
}

fn sent(minor: i64, code: &str) -> Option<i64> {
    sent_amount(Amount::new(minor, Currency::from_code(code).unwrap()))
}

#[test]
fn every_currency_has_the_decimals_of_stripes_table() {
    let currencies = every_currency();
    assert!(currencies.len() > 150, "{}", currencies.len());
    for currency in currencies {
        let code = currency.code();
        let decimals = CAPABILITIES.decimals(currency);
        if UNSTATED.contains(&code) {
            assert_ne!(currency.decimals(), 2, "{code}");
            assert_eq!(sent(1_000_000, code), None, "{code}");
            assert!(!CAPABILITIES.takes(currency), "{code}: refused before it is accepted");
            continue;
        }
        assert!(CAPABILITIES.takes(currency), "{code}");
        let stated = match code {
            _ if ZERO.contains(&code) => 0,
            _ if THREE.contains(&code) => 3,
            _ => 2,
        };
        assert_eq!(decimals, stated, "{code}");
        let step = CAPABILITIES.step_minor(currency);
        assert_eq!(step == 10, THREE.contains(&code), "{code}");
    }
}

#[test]
fn sums_go_out_in_stripes_smallest_unit() {
    for (minor, code, count) in [
        (1_000, "USD", Some(1_000)),
        (1, "USD", Some(1)),
        (500, "JPY", Some(500)),
        (55_000, "VND", Some(55_000)),
        // Three decimals, the last of them 0.
        (5_120, "KWD", Some(5_120)),
        (5_124, "KWD", None),
        (10, "TND", Some(10)),
        (1, "BHD", None),
        // Without decimals, and written with two.
        (5, "ISK", Some(500)),
        (1, "UGX", Some(100)),
        (i64::MAX, "UGX", None),
        // Two decimals in ISO 4217, none at Stripe.
        (70_000, "MGA", Some(700)),
        (70_050, "MGA", None),
        // Stripe does not say how it writes them.
        (1_000, "IQD", None),
        (10_000, "CLF", None),
        (0, "USD", None),
        (-1, "USD", None),
        (i64::MAX, "USD", Some(i64::MAX)),
    ] {
        assert_eq!(sent(minor, code), count, "{minor} {code}");
    }
}

#[test]
fn sums_that_cannot_be_are_none() {
    assert_eq!(read_back("500", "ISK").map(Amount::minor), Some(5));
    assert_eq!(read_back("700", "MGA").map(Amount::minor), Some(70_000));
    for (count, code) in [
        ("550", "ISK"),
        ("1", "UGX"),
        ("5.5", "USD"),
        ("1e99", "USD"),
        ("{}", "USD"),
        ("1", "???"),
        ("1", "XAU"),
    ] {
        assert_eq!(read_back(count, code), None, "{count} {code}");
    }
}

#[test]
fn a_payment_is_named_by_its_prefix() {
    for (id, param) in [("ch_1", "charge"), ("py_1", "charge"), ("pi_3x", "payment_intent")] {
        assert_eq!(Payment::of(id), Some(Payment { param, id }));
    }
    for id in [
        "",
        "ch",
        "1",
        "re_1",
        "ch_1&amount=9",
        "ch_/../x",
        "pi_ 1",
        "CH_1",
        &format!("ch_{}", "1".repeat(200)),
    ] {
        assert_eq!(Payment::of(id), None, "{id}");
    }
}

proptest! {
    #[test]
    fn every_sum_that_is_sent_is_read_back(minor in 1i64.., at: prop::sample::Index) {
        let currencies = every_currency();
        let currency = currencies[at.index(currencies.len())];
        let step = CAPABILITIES.step_minor(currency);
        let amount = Amount::new(minor / step * step, currency);
        if let Some(count) = sent_amount(amount) {
            prop_assert_eq!(read_back(&count.to_string(), currency.code()), Some(amount));
            if ZERO.contains(&currency.code()) {
                prop_assert_eq!(i128::from(count) * 10_i128.pow(currency.decimals()), i128::from(amount.minor()));
            }
            if THREE.contains(&currency.code()) {
                prop_assert_eq!(count % 10, 0);
            }
            if ["ISK", "UGX"].contains(&currency.code()) {
                prop_assert_eq!(count % 100, 0);
            }
        }
    }
}
