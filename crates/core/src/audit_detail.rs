//! What stands beside a deed in the audit trail: recorded as a text, and read back by whoever tells it in another language.
//! Who records a deed and who reads it take the words from here, so that neither changes alone.

use crate::decimal::Decimal;
use crate::money::{Amount, Currency};
use crate::policy::Refusal;

/// A person said that a refund was done.
pub const SUCCEEDED: &str = "succeeded";

/// A person said that a refund was not done.
pub const FAILED: &str = "failed";

/// What a case had blocked can be refunded again. Versions before recorded it of one that blocked nothing too.
pub const RELEASED: &str = "released";

/// A case had blocked nothing.
pub const NOTHING_BLOCKED: &str = "nothing blocked";

/// What a case had blocked counts as given back.
pub const REFUNDED: &str = "refunded";

/// Why a refund was refused whose form had made another one.
pub const FORM_USED: &str = "the form made another refund before";

/// A key that serves both environments.
pub const BOTH_ENVIRONMENTS: &str = "both environments";

/// What stands before and after the hours for which a replaced key goes on.
pub const OVERLAP: [&str; 2] = ["the old one goes on for ", " h"];

/// An endpoint got another signing secret.
pub const ANOTHER_SECRET: &str = "another secret";

/// An endpoint got another name, address, shape or choice of events; its name follows.
pub const EDITED: &str = "edited";

/// An endpoint was enabled; why follows.
pub const ENABLED: &str = "enabled";

/// An endpoint was disabled; why follows.
pub const DISABLED: &str = "disabled";

/// A PSP account was changed and got other secrets; its name follows.
pub const OTHER_SECRETS: &str = "with other secrets";

/// A PSP account was changed and kept its secrets; its name follows.
pub const SAME_SECRETS: &str = "same secrets";

/// What follows the number of rows that were uploaded.
pub const ROWS: &str = " rows";

/// What begins the parts of a change of a person, each with what was and what is.
pub const ROLE: &str = "role ";

/// The same of the limits, in brackets.
pub const LIMITS: &str = "limits ";

/// The same of the name; the last part, because a name may be anything.
pub const NAME: &str = "name ";

/// What stands between what was and what is.
pub const TO: &str = " to ";

/// What stands between parts.
pub const AND: &str = "; ";

/// Reads what an [`Amount`] displays; `None` for anything else.
pub fn amount(text: &str) -> Option<Amount> {
    let (sum, code) = text.split_once(' ')?;
    let currency = Currency::from_code(code).ok()?;
    let minor = Decimal::from_text(sum).ok()?.to_minor(currency).ok()?;
    Some(Amount::new(minor, currency))
}

/// Reads what a [`Refusal`] displays; `None` for anything else.
pub fn refusal(text: &str) -> Option<Refusal> {
    let plain = [
        Refusal::WrongEnvironment,
        Refusal::WrongChannel,
        Refusal::Disputed,
        Refusal::NotRefundable,
        Refusal::WindowClosed,
        Refusal::NothingLeft,
        Refusal::SeveralNotAllowed,
        Refusal::PartialNotAllowed,
        Refusal::NotPositive,
    ];
    // What is filled in stands at the end: a sum with its currency, a currency, or a number of decimals.
    let mut words = text.rsplit(' ');
    let (last, before) = (words.next()?, words.next().unwrap_or_default());
    let currency = Currency::from_code(last).ok().map(|currency| Refusal::WrongCurrency { currency });
    let decimals = before.parse().ok().map(|decimals| Refusal::TooPrecise { decimals });
    let sums = amount(&format!("{before} {last}")).into_iter().flat_map(|sum| {
        [
            Refusal::RefundableChanged { remaining: sum },
            Refusal::NotAMultiple { step: sum },
            Refusal::MoreThanLeft { remaining: sum },
            Refusal::LessThanMin { min: sum },
            Refusal::MoreThanMax { max: sum },
        ]
    });
    let mut all = plain.into_iter().chain(currency).chain(decimals).chain(sums);
    all.find(|refusal| refusal.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sar(minor: i64) -> Amount {
        Amount::new(minor, Currency::from_code("SAR").unwrap())
    }

    /// Another refusal does not compile until it stands here, and then has to be read back too.
    fn number(refusal: Refusal) -> usize {
        match refusal {
            Refusal::WrongEnvironment => 0,
            Refusal::WrongChannel => 1,
            Refusal::WrongCurrency { .. } => 2,
            Refusal::Disputed => 3,
            Refusal::RefundableChanged { .. } => 4,
            Refusal::NotRefundable => 5,
            Refusal::WindowClosed => 6,
            Refusal::NothingLeft => 7,
            Refusal::SeveralNotAllowed => 8,
            Refusal::PartialNotAllowed => 9,
            Refusal::NotPositive => 10,
            Refusal::TooPrecise { .. } => 11,
            Refusal::NotAMultiple { .. } => 12,
            Refusal::MoreThanLeft { .. } => 13,
            Refusal::LessThanMin { .. } => 14,
            Refusal::MoreThanMax { .. } => 15,
        }
    }

    #[test]
    fn every_refusal_is_read_back() {
        let all = [
            Refusal::WrongEnvironment,
            Refusal::WrongChannel,
            Refusal::WrongCurrency { currency: sar(1).currency() },
            Refusal::Disputed,
            Refusal::RefundableChanged { remaining: sar(0) },
            Refusal::NotRefundable,
            Refusal::WindowClosed,
            Refusal::NothingLeft,
            Refusal::SeveralNotAllowed,
            Refusal::PartialNotAllowed,
            Refusal::NotPositive,
            Refusal::TooPrecise { decimals: 3 },
            Refusal::NotAMultiple { step: sar(100) },
            Refusal::MoreThanLeft { remaining: sar(123_456_789) },
            Refusal::LessThanMin { min: sar(100) },
            Refusal::MoreThanMax { max: sar(1_000_000) },
        ];
        for (at, refusal_there) in all.into_iter().enumerate() {
            assert_eq!(number(refusal_there), at);
            assert_eq!(refusal(&refusal_there.to_string()), Some(refusal_there));
        }
        assert_eq!(all.len(), 16, "as many as there are numbers");
        for none in ["", " ", "the payment is in", "the payment is in XX", "something else: 1.00 SAR"] {
            assert_eq!(refusal(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_sum_is_read_back() {
        for (minor, code) in [(1, "SAR"), (10_050, "KWD"), (700_000, "VND"), (i64::MAX, "USD")] {
            let sum = Amount::new(minor, Currency::from_code(code).unwrap());
            assert_eq!(amount(&sum.to_string()), Some(sum));
        }
        for none in ["", "SAR", "1.00", "1.005 SAR", "1.00 SAR each", "x SAR"] {
            assert_eq!(amount(none), None, "{none:?}");
        }
    }
}
