//! The headers that say who calls.

use axum::http::header::{AUTHORIZATION, AsHeaderName};
use axum::http::{HeaderMap, HeaderValue};

/// The value of a header that is there once. Of two, nobody knows which one counted for whatever stands in front of this server,
/// and in a log.
pub(crate) fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// The bearer token (RFC 6750, section 2.1). The scheme's name may be written in any case (RFC 9110, section 11.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = only(headers, AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorizations(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_bearer_is_written_in_any_case() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER  a.b.c "] {
            assert_eq!(bearer(&authorizations(&[value])), Some("a.b.c"), "{value}");
        }
        for value in ["Basic a.b.c", "a.b.c", "Bearer"] {
            assert_eq!(bearer(&authorizations(&[value])), None, "{value}");
        }
    }

    #[test]
    fn of_two_none_counts() {
        for values in [["Bearer a", "Bearer a"], ["Bearer a", "Bearer b"], ["Bearer a", ""], ["", "Bearer a"]]
        {
            let headers = authorizations(&values);
            assert_eq!(headers.get_all(AUTHORIZATION).iter().count(), 2);
            assert_eq!(bearer(&headers), None, "{values:?}");
        }
    }
}
