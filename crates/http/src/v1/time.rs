//! Times as the own API writes them: RFC 3339.

use jiff::fmt::temporal::DateTimePrinter;
use redress_core::time::Timestamp;

const PRINTER: DateTimePrinter = DateTimePrinter::new();

/// The length of a time to the microsecond, `2026-11-18T15:06:40.123456Z`, in bytes.
const TIME_BYTES: usize = 27;

/// What a time must be, for whoever sent something else.
pub(super) const TIME_WANTED: &str = "a time as RFC 3339 writes it, with a zone, as 2026-01-02T03:04:05Z";

/// As it is written, in UTC, with the decimals of a second that it has.
pub(super) fn time(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or(jiff::Timestamp::MAX);
    let mut text = String::with_capacity(TIME_BYTES);
    // A `String` takes everything.
    let _ = PRINTER.print_timestamp(&at, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use redress_engine::rfc3339;

    use super::*;

    #[test]
    fn times_are_read_back() {
        for (written, micros) in [
            ("2026-11-18T15:06:40Z", 1_795_014_400_000_000),
            ("2026-11-18T15:06:40.1Z", 1_795_014_400_100_000),
            ("2026-11-18T15:06:40.123456Z", 1_795_014_400_123_456),
        ] {
            assert_eq!(time(Timestamp::from_micros(micros)), written);
            assert_eq!(rfc3339::read(written), Some(Timestamp::from_micros(micros)));
        }
    }
}
