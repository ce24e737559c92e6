//! How SGate writes sums, times and states.

use redress_core::money::Amount;
use redress_core::state::StateName;
use redress_core::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::described;
use crate::problem::Problem;

/// What only SGate can know: null.
#[derive(Debug, Default, Serialize)]
pub(super) struct Unknown;

impl PartialSchema for Unknown {
    fn schema() -> RefOr<Schema> {
        let help = "What only SGate can know: always null.";
        ObjectBuilder::new().schema_type(Type::Null).description(Some(help)).into()
    }
}

impl ToSchema for Unknown {}

/// A sum as a JSON number, exact and as short as can be: `7`, `1.35`.
pub(super) fn number(amount: Amount) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(amount.to_decimal().to_string()).map_err(|error| {
        tracing::error!(%error, "a sum cannot be written as a JSON number");
        Problem::Broken
    })
}

/// A time in UTC with milliseconds: `2023-07-26T04:06:33.227Z`.
pub(super) fn time(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(jiff::Timestamp::MAX);
    format!("{at:.3}")
}

/// A refund's status. What was withdrawn, and what came back, is a refund that failed.
pub(super) const fn status(state: StateName) -> &'static str {
    match state {
        StateName::Held
        | StateName::Queued
        | StateName::Submitting
        | StateName::Unknown
        | StateName::Pending => "pending",
        StateName::Succeeded => "success",
        StateName::Failed | StateName::Canceled | StateName::Reversed => "fail",
    }
}

/// The sum of an order, for the description.
pub(super) fn sum() -> Object {
    described::sum("In major units.")
}

/// The words of [`status`].
pub(super) fn status_words() -> Object {
    described::words(
        "A refund that was withdrawn, or came back, is one that failed.",
        StateName::ALL.map(status),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_core::money::Currency;

    #[test]
    fn sums_are_exact_numbers() {
        let text = |minor, code| {
            let amount = Amount::new(minor, Currency::from_code(code).unwrap());
            number(amount).unwrap().get().to_owned()
        };
        assert_eq!(text(700, "SAR"), "7");
        assert_eq!(text(135, "SAR"), "1.35");
        assert_eq!(text(9_910, "SAR"), "99.1");
        assert_eq!(text(1_005, "KWD"), "1.005");
        assert_eq!(text(50_000_000, "VND"), "50000000");
        assert_eq!(text(i64::MAX, "SAR"), "92233720368547758.07", "no float could say this");
    }

    #[test]
    fn times_have_milliseconds() {
        assert_eq!(time(Timestamp::from_micros(1_690_344_393_227_999)), "2023-07-26T04:06:33.227Z");
        assert_eq!(time(Timestamp::from_micros(1_690_344_393_000_000)), "2023-07-26T04:06:33.000Z");
    }
}
