//! The portal's cookies: how they are called, flagged, read and set.
//!
//! Where browsers come by https, the session's has the prefix `__Host-` (RFC 6265bis, section 4.1.3.2): no other host and
//! no plain connection can set it. None is readable by a script; none goes with a request that another site makes, but
//! for a link that somebody follows.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use redress_engine::portal::SessionToken;
use secrecy::ExposeSecret;

/// The chosen language.
pub(super) const LANGUAGE: &str = "redress-language";

/// The chosen environment.
pub(super) const ENVIRONMENT: &str = "redress-environment";

/// What was just done, for the next page to say.
pub(super) const SAID: &str = "redress-said";

/// The session's token.
const SESSION: &str = "redress-session";
const SESSION_HTTPS: &str = "__Host-redress-session";

/// A choice is remembered for a year.
const CHOICE_SECONDS: u32 = 365 * 24 * 3_600;

/// What was done is said on the next page or not at all.
const SAID_SECONDS: u32 = 60;

/// The value of a cookie.
pub(super) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|pairs| pairs.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// The token that a browser shows.
pub(super) fn session(headers: &HeaderMap, https: bool) -> Option<SessionToken> {
    SessionToken::parse(read(headers, session_name(https))?)
}

/// The browser shows this token from now on, until it is closed.
pub(super) fn set_session(response: &mut Response, token: &SessionToken, https: bool) {
    add(response, session_name(https), token.secret().expose_secret(), None, https);
}

/// The browser forgets its token.
pub(super) fn forget_session(response: &mut Response, https: bool) {
    add(response, session_name(https), "", Some(0), https);
}

/// The browser remembers a choice.
pub(super) fn set_choice(response: &mut Response, name: &str, value: &str, https: bool) {
    add(response, name, value, Some(CHOICE_SECONDS), https);
}

/// The next page says this.
pub(super) fn set_said(response: &mut Response, value: &str, https: bool) {
    add(response, SAID, value, Some(SAID_SECONDS), https);
}

/// It was said.
pub(super) fn forget_said(response: &mut Response, https: bool) {
    add(response, SAID, "", Some(0), https);
}

const fn session_name(https: bool) -> &'static str {
    if https { SESSION_HTTPS } else { SESSION }
}

fn add(response: &mut Response, name: &str, value: &str, seconds: Option<u32>, https: bool) {
    let age = seconds.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    let secure = if https { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/{age}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn cookies_are_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; redress-language=ar"));
        headers.append(header::COOKIE, HeaderValue::from_static("redress-said=x=y"));
        assert_eq!(read(&headers, LANGUAGE), Some("ar"));
        assert_eq!(read(&headers, SAID), Some("x=y"));
        assert_eq!(read(&headers, "language"), None);
    }

    #[test]
    fn by_https_the_sessions_cookie_is_secure_and_the_hosts_own() {
        let token = "a".repeat(43);
        for (https, expected) in [
            (true, format!("__Host-redress-session={token}; Path=/; HttpOnly; SameSite=Lax; Secure")),
            (false, format!("redress-session={token}; Path=/; HttpOnly; SameSite=Lax")),
        ] {
            let mut response = ().into_response();
            set_session(&mut response, &SessionToken::parse(&token).unwrap(), https);
            assert_eq!(response.headers()[header::SET_COOKIE], expected);
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, format!("redress-session={token}").parse().unwrap());
            assert_eq!(session(&headers, https).is_none(), https, "no plain cookie counts by https");
        }
    }
}
