//! What the targets have in common: inputs that a person can read, and numbers read in another way than the product's.

/// The first line of an input, and what follows it; all of it where there is but one.
pub(crate) fn first_line(input: &[u8]) -> (&[u8], &[u8]) {
    match input.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &[]),
    }
}

/// Name and value.
pub(crate) type Header<'a> = (&'a [u8], &'a [u8]);

/// Name and value of the header lines before an empty line, and what follows that.
pub(crate) fn headers(input: &[u8]) -> (Vec<Header<'_>>, &[u8]) {
    let (mut headers, mut rest) = (Vec::new(), input);
    loop {
        let (line, after) = first_line(rest);
        rest = after;
        let Some(at) = line.iter().position(|byte| *byte == b':') else { return (headers, rest) };
        headers.push((&line[..at], line[at + 1..].trim_ascii()));
    }
}

/// A header map of what can be in one.
pub(crate) fn header_map(pairs: &[Header<'_>]) -> http::HeaderMap {
    let of = |(name, value): &Header<'_>| {
        let name = http::HeaderName::from_bytes(name).ok()?;
        Some((name, http::HeaderValue::from_bytes(value).ok()?))
    };
    pairs.iter().filter_map(of).collect()
}

/// The shortest form of a decimal number, made with text alone: `None` for what is none. An exponent is resolved only
/// where `json` allows it, and only a small one.
pub(crate) fn canonical(text: &str, json: bool) -> Option<String> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) if json => (mantissa, small(exponent)?),
        Some(_) => return None,
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() || mantissa.ends_with('.') {
        return None;
    }
    let mut digits = format!("{whole}{fraction}");
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Where the point stands among the digits.
    let mut point = i64::try_from(whole.len()).ok()? + exponent;
    while point < 1 {
        digits.insert(0, '0');
        point += 1;
    }
    let mut point = usize::try_from(point).ok()?;
    while digits.len() < point {
        digits.push('0');
    }
    while digits.len() > point && digits.ends_with('0') {
        digits.pop();
    }
    while point > 1 && digits.starts_with('0') {
        digits.remove(0);
        point -= 1;
    }
    let sign = if negative && digits.bytes().any(|byte| byte != b'0') { "-" } else { "" };
    let (whole, fraction) = digits.split_at(point);
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// An exponent that a number with a value of interest can have; zero has none, however large it is written.
fn small(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits: i64 = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    let number = if text.starts_with('-') { -digits } else { digits };
    (-1_000..=1_000).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_shortest_form() {
        for (text, expected) in [
            ("1.350", "1.35"),
            ("007", "7"),
            ("-0.0", "0"),
            ("1.0E7", "10000000"),
            ("125e-2", "1.25"),
            ("1e-3", "0.001"),
            ("0.0010e1", "0.01"),
        ] {
            assert_eq!(canonical(text, true).as_deref(), Some(expected), "{text}");
        }
        for text in ["", ".5", "5.", "1e", "e1", "1,5", "--1", "1e+-2"] {
            assert_eq!(canonical(text, true), None, "{text}");
        }
        assert_eq!(canonical("1e2", false), None);
    }

    #[test]
    fn headers_end_with_an_empty_line() {
        let (found, body) = headers(b"a: b\nc:d\n\nbody\n\n");
        assert_eq!(found, [(&b"a"[..], &b"b"[..]), (&b"c"[..], &b"d"[..])]);
        assert_eq!(body, b"body\n\n");
    }
}
