//! SGate's request signature, the five `x-auth-*` headers.
//!
//! What is signed (<https://docs.sgate.sa/en/payinApi/callMethod/callMethod.html>): the pairs `key`, `method`,
//! `signMethod`, `signVersion`, `timestamp`, `uri`, each value URL-encoded, sorted, joined with `&`; HMAC-SHA256 with
//! the client's secret; standard base64. The body is not among them: what protects it is TLS. `method` is a logical
//! name such as `order.refund` that never crosses the wire; the route knows it.
//!
//! The page's own samples encode in four ways, which differ outside of letters, digits and `-_./`. The reference is
//! Node's; a signature made in any of the four is accepted.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use redress_core::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::url_encoding::{java_form, js_uri_component, php_form, python_and_go_form};
use super::{hmac_sha256, hmac_sha256_base64};

/// Header: the signature.
pub const HEADER_SIGNATURE: &str = "x-auth-signature";
/// Header: the client's key.
pub const HEADER_KEY: &str = "x-auth-key";
/// Header: when it was signed, in whole seconds since 1970.
pub const HEADER_TIMESTAMP: &str = "x-auth-timestamp";
/// Header: always [`SIGN_METHOD`].
pub const HEADER_SIGN_METHOD: &str = "x-auth-sign-method";
/// Header: always [`SIGN_VERSION`].
pub const HEADER_SIGN_VERSION: &str = "x-auth-sign-version";

/// The only way of signing there is.
pub const SIGN_METHOD: &str = "HmacSHA256";
/// The only version of it there is.
pub const SIGN_VERSION: &str = "1";

/// The method under which SGate's server calls a merchant back
/// (sample server in <https://github.com/SGATE-IT/public>, `nodejs/index.js`).
pub const NOTIFICATION_METHOD: &str = "order.notification";

/// How far a request's timestamp may be from the clock, either way, unless the settings say otherwise. SGate names no
/// bound; its framework's boilerplate has the same five minutes.
pub const DEFAULT_TOLERANCE_SECS: u64 = 300;

/// How a client turned the values into text; the samples of the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Node's sample, and the reference: `encodeURIComponent`.
    Node,
    /// PHP's sample: `http_build_query`.
    Php,
    /// Python's sample: `urlencode`.
    Python,
    /// Java's sample: `URLEncoder`, and only for the `uri`; the other values are taken as they are.
    Java,
}

impl Encoding {
    const ALL: [Self; 4] = [Self::Node, Self::Php, Self::Python, Self::Java];

    fn uri(self, text: &str) -> String {
        match self {
            Self::Node => js_uri_component(text),
            Self::Php => php_form(text),
            Self::Python => python_and_go_form(text),
            Self::Java => java_form(text),
        }
    }

    fn other(self, text: &str) -> String {
        match self {
            Self::Java => text.to_owned(),
            Self::Node | Self::Php | Self::Python => self.uri(text),
        }
    }
}

/// What a signature covers, besides the two constants [`SIGN_METHOD`] and [`SIGN_VERSION`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed<'a> {
    /// The address without scheme, host and `/api_v1`, as in the request line: `/orders/M1T2/refunds`.
    pub uri: &'a str,
    /// The client's key.
    pub key: &'a str,
    /// Seconds since 1970, as the header has them.
    pub timestamp: &'a str,
    /// The logical name of the operation: `order.refund`.
    pub method: &'a str,
}

/// The text that is signed.
pub fn string_to_sign(signed: &Signed<'_>, encoding: Encoding) -> String {
    // In this order they are sorted already, whatever the values.
    format!(
        "key={}&method={}&signMethod={SIGN_METHOD}&signVersion={SIGN_VERSION}&timestamp={}&uri={}",
        encoding.other(signed.key),
        encoding.other(signed.method),
        encoding.other(signed.timestamp),
        encoding.uri(signed.uri),
    )
}

/// The signature in one of the encodings.
pub fn sign(signed: &Signed<'_>, encoding: Encoding, secret: &SecretString) -> String {
    let text = string_to_sign(signed, encoding);
    hmac_sha256_base64(secret.expose_secret().as_bytes(), text.as_bytes())
}

/// What a request brought in its headers, and where it went. Without `Debug`: a signature lets any body through for
/// as long as its time is fresh, so it must not reach a log.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// What the client claims to have signed. `uri` has the query, where there is one.
    pub signed: Signed<'a>,
    /// [`HEADER_SIGN_METHOD`].
    pub sign_method: &'a str,
    /// [`HEADER_SIGN_VERSION`].
    pub sign_version: &'a str,
    /// [`HEADER_SIGNATURE`].
    pub signature: &'a str,
}

/// Why a request is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Another way of signing than the one there is.
    #[error("the sign method is not {SIGN_METHOD}")]
    SignMethod,
    /// Another version than the one there is.
    #[error("the sign version is not {SIGN_VERSION}")]
    SignVersion,
    /// No count of seconds.
    #[error("the timestamp is not a whole number of seconds")]
    NotATimestamp,
    /// Too long ago, or from the future.
    #[error("the timestamp is too far from the server's clock")]
    Stale,
    /// Not signed with this secret, or not for this request.
    #[error("signature error")]
    Signature,
}

/// Checks that whoever holds `secret` signed this request, at most `tolerance` before or after `now`.
///
/// Any of the four encodings will do. Whether the query is signed is not documented: SGate's framework signs it, and
/// so does this; but a signature of the path alone is accepted too, so a query must not decide anything.
///
/// # Errors
/// [`Refused`] says why; it holds nothing of the secret or of the expected signature.
pub fn verify(
    presented: &Presented<'_>,
    secret: &SecretString,
    now: Timestamp,
    tolerance: Duration,
) -> Result<(), Refused> {
    if presented.sign_method != SIGN_METHOD {
        return Err(Refused::SignMethod);
    }
    if presented.sign_version != SIGN_VERSION {
        return Err(Refused::SignVersion);
    }
    check_timestamp(presented.signed.timestamp, now, tolerance)?;
    let signature = STANDARD.decode(presented.signature).map_err(|_| Refused::Signature)?;
    let secret = secret.expose_secret().as_bytes();
    let matches =
        |text: &String| bool::from(hmac_sha256(secret, text.as_bytes()).as_slice().ct_eq(&signature));
    if candidates(&presented.signed).iter().any(matches) { Ok(()) } else { Err(Refused::Signature) }
}

/// Every text the client may have signed, each once: for the documented alphabet there is only one.
fn candidates(signed: &Signed<'_>) -> Vec<String> {
    let path = signed.uri.split_once('?').map(|(path, _)| path);
    let mut texts = Vec::new();
    for uri in [Some(signed.uri), path].into_iter().flatten() {
        for encoding in Encoding::ALL {
            let text = string_to_sign(&Signed { uri, ..*signed }, encoding);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    texts
}

fn check_timestamp(text: &str, now: Timestamp, tolerance: Duration) -> Result<(), Refused> {
    // Digits only: Java's sample does not encode it, so anything else could pose as other pairs.
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refused::NotATimestamp);
    }
    let seconds: i64 = text.parse().map_err(|_| Refused::NotATimestamp)?;
    let gap = now.as_seconds().abs_diff(seconds);
    if gap > tolerance.as_secs() { Err(Refused::Stale) } else { Ok(()) }
}

/// The headers with which a client of this API signs a request.
pub fn headers(
    uri: &str,
    method: &str,
    key: &str,
    secret: &SecretString,
    now: Timestamp,
) -> [(&'static str, String); 5] {
    let timestamp = now.as_seconds().to_string();
    let signed = Signed { uri, key, timestamp: &timestamp, method };
    let signature = sign(&signed, Encoding::Node, secret);
    [
        (HEADER_SIGNATURE, signature),
        (HEADER_KEY, key.to_owned()),
        (HEADER_TIMESTAMP, timestamp),
        (HEADER_SIGN_METHOD, SIGN_METHOD.to_owned()),
        (HEADER_SIGN_VERSION, SIGN_VERSION.to_owned()),
    ]
}

/// The headers of a notification to a merchant. `uri` is the notification address from its path on, with the whole
/// query. SGate's current page does not say that notifications are signed; an older sample server checks exactly
/// these (<https://github.com/SGATE-IT/public>), and who does not check them is not disturbed.
pub fn callback_headers(
    uri: &str,
    key: &str,
    secret: &SecretString,
    now: Timestamp,
) -> [(&'static str, String); 5] {
    headers(uri, NOTIFICATION_METHOD, key, secret, now)
}

#[cfg(test)]
#[path = "sgate_tests.rs"]
mod tests;
