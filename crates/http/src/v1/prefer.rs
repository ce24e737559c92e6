//! `Prefer: wait=N` (RFC 7240): how long a caller is ready to wait for the end.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The longest wait for the end of a refund, in seconds; a longer one that is asked for is this one.
pub(crate) const WAIT_SECONDS_MAX: u64 = 60;

/// The header of the request.
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The header of the answer.
pub(crate) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// How long the caller is ready to wait. What this server does not know or cannot read is no preference (RFC 7240,
/// section 2): it refuses nothing.
pub(super) fn wait(headers: &HeaderMap) -> Option<Duration> {
    let preferences = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let wait = preferences.flat_map(|value| value.split(',')).find_map(|preference| {
        // A preference may have parameters, and its value may be quoted.
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then(|| value.trim().trim_matches('"').to_owned())
    })?;
    let seconds: u64 = wait.parse().ok()?;
    Some(Duration::from_secs(seconds.min(WAIT_SECONDS_MAX)))
}

/// The [`wait`] of a request, for a handler that needs nothing else of the headers: to have them all is to copy them.
pub(crate) struct Wait(pub(super) Option<Duration>);

impl<S: Send + Sync> FromRequestParts<S> for Wait {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(wait(&parts.headers)))
    }
}

/// What the answer says of it.
pub(super) fn applied(wait: Duration) -> HeaderValue {
    HeaderValue::from_str(&format!("wait={}", wait.as_secs())).unwrap_or(HeaderValue::from_static("wait"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_and_what_is_not_known_is_left_alone() {
        for (value, seconds) in [
            ("wait=5", Some(5)),
            ("respond-async, wait=10", Some(10)),
            ("Wait = \"7\" ; foo=bar", Some(7)),
            ("wait=3600", Some(60)),
            ("wait=0", Some(0)),
            ("wait=-1", None),
            ("wait", None),
            ("waiting=5", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(HeaderName::from_static("prefer"), value.parse().unwrap())]);
            assert_eq!(wait(&headers).map(|wait| wait.as_secs()), seconds, "{value}");
        }
        assert_eq!(wait(&HeaderMap::new()), None);
        assert_eq!(applied(Duration::from_secs(5)), "wait=5");
    }
}
