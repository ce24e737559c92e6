//! Times as RFC 3339 writes them, read strictly: what people send is no more than the document says it may be.

use redress_core::time::Timestamp;

/// The shape of a time up to its seconds; `0` stands for a digit, and a blank for `T` or what may stand for it (section 5.6).
const TO_SECONDS: &str = "0000-00-00 00:00:00";

/// The shape of an offset.
const OFFSET: &str = "+00:00";

/// Reads a time, of whichever offset, to the microsecond, with up to nine decimals of a second, a leap second as the one before it;
/// `None` for anything else. The parser takes more: hours without
/// minutes, dates without hyphens, a name of a zone behind the offset.
pub fn read(text: &str) -> Option<Timestamp> {
    if !is_written_so(text.as_bytes()) {
        return None;
    }
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_micros(at.as_microsecond()))
}

fn is_written_so(text: &[u8]) -> bool {
    let Some((to_seconds, rest)) = text.split_at_checked(TO_SECONDS.len()) else { return false };
    let rest = match rest.strip_prefix(b".") {
        None => rest,
        Some(fraction) => match fraction.iter().position(|byte| !byte.is_ascii_digit()) {
            None | Some(0) => return false,
            Some(digits) => &fraction[digits..],
        },
    };
    // An hour of an offset is one of a day; the parser takes 25.
    let is_offset = has_shape(rest, OFFSET) && &rest[1..3] <= b"23".as_slice();
    has_shape(to_seconds, TO_SECONDS) && (matches!(rest, b"Z" | b"z") || is_offset)
}

fn has_shape(text: &[u8], shape: &str) -> bool {
    let fits = |(byte, shape): (&u8, u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        b' ' => matches!(byte, b'T' | b't' | b' '),
        b'+' => matches!(byte, b'+' | b'-'),
        other => *byte == other,
    };
    text.len() == shape.len() && text.iter().zip(shape.bytes()).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_document_writes_is_read() {
        let at = |micros| Some(Timestamp::from_micros(micros));
        for (text, micros) in [
            ("2026-11-18T15:06:40Z", 1_795_014_400_000_000),
            ("2026-11-18t15:06:40z", 1_795_014_400_000_000),
            ("2026-11-18 15:06:40Z", 1_795_014_400_000_000),
            ("2026-11-18T22:06:40+07:00", 1_795_014_400_000_000),
            ("2026-11-18T10:36:40-04:30", 1_795_014_400_000_000),
            ("2026-11-19T15:05:40+23:59", 1_795_014_400_000_000),
            ("2026-11-18T15:06:40-00:00", 1_795_014_400_000_000),
            ("2026-11-18T15:06:40.1Z", 1_795_014_400_100_000),
            ("2026-11-18T15:06:40.123456789Z", 1_795_014_400_123_456),
        ] {
            assert_eq!(read(text), at(micros), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_a_time() {
        for text in [
            "",
            "yesterday",
            "2026-11-18",
            "2026-11-18T15:06:40",
            "2026-11-18T15:06Z",
            "2026-11-18T15Z",
            "20261118T150640Z",
            "2026-11-18T150640Z",
            "2026-11-18T15:06:40.Z",
            "2026-11-18T15:06:40,5Z",
            "2026-11-18T15:06:40+07",
            "2026-11-18T15:06:40+0700",
            "2026-11-18T15:06:40+07:00:00",
            "2026-11-18T15:06:40+03:00[Europe/Berlin]",
            "2026-11-18T15:06:40Z[UTC]",
            "2026-11-18T15:06:40Z ",
            "2026-02-30T15:06:40Z",
            "2026-11-18T24:00:00Z",
            "2026-11-18T15:06:40+24:00",
            "2026-11-18T15:06:40-25:59",
            "2026-11-18T15:06:40+23:60",
            "2026-11-18T15:06:40.1234567891Z",
            "+02026-11-18T15:06:40Z",
            "2026-11-18T15:06:4\u{661}Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
