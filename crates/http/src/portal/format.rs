//! Sums and times as people read them.
//!
//! Sums have all decimals of their currency, a comma between thousands, a point before the decimals, and Western digits:
//! in Arabic too, as Arabic is written in the Emirates (CLDR `ar-AE`). So a sum looks the same in both languages, on the
//! PSP's pages and on the customer's bank statement, and can be copied into a field.

use redress_core::money::Amount;
use redress_core::time::Timestamp;

use super::language::Language;

/// A sum with its currency: `1,234.50 SAR`.
pub(crate) fn amount(amount: Amount) -> String {
    format!("{} {}", number(amount), amount.currency())
}

/// A sum without its currency: `1,234.50`.
pub(crate) fn number(amount: Amount) -> String {
    let fixed = amount.to_fixed();
    let (whole, decimals) =
        fixed.split_once('.').map_or((&*fixed, None), |(whole, rest)| (whole, Some(rest)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let point = decimals.map(|decimals| format!(".{decimals}")).unwrap_or_default();
    format!("{sign}{}{point}", grouped(digits))
}

/// A number of things: `1,234`.
pub(crate) fn count(count: u64) -> String {
    grouped(&count.to_string())
}

/// Digits with a comma between thousands.
fn grouped(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

const MONTHS_EN: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTHS_AR: [&str; 12] = [
    "يناير",
    "فبراير",
    "مارس",
    "أبريل",
    "مايو",
    "يونيو",
    "يوليو",
    "أغسطس",
    "سبتمبر",
    "أكتوبر",
    "نوفمبر",
    "ديسمبر",
];

/// A time to the second, with its zone: `27 Nov 2026, 10:37:05 UTC`.
pub(crate) fn time(at: Timestamp, language: Language) -> String {
    let at = zoned(at);
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    let day = day_of(&at, language);
    let comma = match language {
        Language::English => ",",
        Language::Arabic => "،",
    };
    format!("{day}{comma} {hour:02}:{minute:02}:{second:02} UTC")
}

/// A day: `27 Nov 2026`.
pub(crate) fn day(at: Timestamp, language: Language) -> String {
    day_of(&zoned(at), language)
}

/// A day without its year: `27 Nov`.
pub(crate) fn short_day(at: Timestamp, language: Language) -> String {
    let mut day = day(at, language);
    day.truncate(day.rfind(' ').unwrap_or(day.len()));
    day
}

/// A part of a whole, from hundredths of a percent: `12.34%`.
pub(crate) fn percent(points: i64) -> String {
    let (sign, points) = (if points < 0 { "-" } else { "" }, points.unsigned_abs());
    format!("{sign}{}.{:02}%", points / 100, points % 100)
}

/// A time for programs, as `<time datetime>` takes it. The second that is shown to people: rounded up, the last one of a day
/// would be the next day's in a file.
pub(crate) fn machine_time(at: Timestamp) -> String {
    zoned(Timestamp::from_micros(at.as_seconds().saturating_mul(1_000_000))).timestamp().to_string()
}

/// A day for programs: `2026-11-27`.
pub(crate) fn machine_day(at: Timestamp) -> String {
    zoned(at).date().to_string()
}

fn day_of(at: &jiff::Zoned, language: Language) -> String {
    let months = match language {
        Language::English => MONTHS_EN,
        Language::Arabic => MONTHS_AR,
    };
    let month = usize::from(at.month().unsigned_abs()).saturating_sub(1);
    format!("{} {} {}", at.day(), months.get(month).copied().unwrap_or_default(), at.year())
}

fn zoned(at: Timestamp) -> jiff::Zoned {
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or(jiff::Timestamp::MAX);
    at.to_zoned(jiff::tz::TimeZone::UTC)
}

/// What a person typed, with Western digits and a point before the decimals: Arabic keyboards give their own.
pub(crate) fn western(typed: &str) -> String {
    let western = |c: char| match c {
        '\u{660}'..='\u{669}' => char::from_digit(u32::from(c) - 0x660, 10).unwrap_or(c),
        '\u{6f0}'..='\u{6f9}' => char::from_digit(u32::from(c) - 0x6f0, 10).unwrap_or(c),
        '\u{66b}' => '.',
        other => other,
    };
    typed.chars().map(western).collect()
}

#[cfg(test)]
mod tests {
    use redress_core::money::Currency;

    use super::*;

    #[test]
    fn sums_have_their_currencys_decimals_and_groups() {
        for (minor, code, shown) in [
            (0, "SAR", "0.00 SAR"),
            (123_450, "SAR", "1,234.50 SAR"),
            (99_999, "SAR", "999.99 SAR"),
            (1_500, "KWD", "1.500 KWD"),
            (1_234_567, "VND", "1,234,567 VND"),
            (-123_456, "SAR", "-1,234.56 SAR"),
            (i64::MAX, "VND", "9,223,372,036,854,775,807 VND"),
        ] {
            assert_eq!(amount(Amount::new(minor, Currency::from_code(code).unwrap())), shown);
        }
    }

    #[test]
    fn times_name_their_zone() {
        let at = Timestamp::from_micros(1_795_014_400_123_456);
        assert_eq!(time(at, Language::English), "18 Nov 2026, 15:06:40 UTC");
        assert_eq!(time(at, Language::Arabic), "18 نوفمبر 2026، 15:06:40 UTC");
        assert_eq!(machine_time(at), "2026-11-18T15:06:40Z");
        // The last moment of a day belongs to it.
        let last = Timestamp::from_micros(1_795_046_399_999_999);
        assert_eq!(time(last, Language::English), "18 Nov 2026, 23:59:59 UTC");
        assert_eq!(machine_time(last), "2026-11-18T23:59:59Z");
    }

    #[test]
    fn days_and_parts_are_short() {
        let at = Timestamp::from_micros(1_795_014_400_123_456);
        assert_eq!(
            (day(at, Language::English), short_day(at, Language::English)),
            ("18 Nov 2026".into(), "18 Nov".into())
        );
        assert_eq!(short_day(at, Language::Arabic), "18 نوفمبر");
        assert_eq!([1_234, 10_000, 7, -250].map(percent), ["12.34%", "100.00%", "0.07%", "-2.50%"]);
    }

    #[test]
    fn arabic_digits_are_read() {
        assert_eq!(western("١٢٣٫٥٠"), "123.50");
        assert_eq!(western("۱۲ a"), "12 a");
    }
}
