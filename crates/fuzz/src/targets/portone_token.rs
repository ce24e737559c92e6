//! PortOne's bearer tokens. An input is a token, or the header and the claims of one, each on a line, which are signed
//! here. Whatever is taken was signed with our secret by HMAC-SHA256, for our key, and is not over.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use redress_core::time::Timestamp;
use redress_http::probe::portone_token_proves;
use serde_json::Value;
use sha2::Sha256;

use crate::texts::first_line;

const KEY: &str = "SglffyyZgojEdXWL";
const SECRET: &str = "portone-fuzz-secret";
const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// So long after its end a token is still taken, in seconds.
const LEEWAY_SECONDS: i64 = 60;

pub(super) fn run(input: &[u8]) {
    let token = if input.starts_with(b"{") {
        let (header, claims) = first_line(input);
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(mac(SECRET, &text));
        format!("{text}.{signature}")
    } else {
        let Ok(token) = std::str::from_utf8(input) else { return };
        token.to_owned()
    };
    assert!(!portone_token_proves(&token, KEY, &"another-secret".into(), NOW), "{token}");
    assert!(!portone_token_proves(&token, KEY, &"".into(), NOW), "{token}");
    if portone_token_proves(&token, KEY, &SECRET.into(), NOW) {
        assert!(may_be_taken(&token), "{token}");
        assert!(!portone_token_proves(&token, "AnotherClientKey", &SECRET.into(), NOW), "{token}");
    }
}

fn mac(secret: &str, text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// The same question, answered without the library.
fn may_be_taken(token: &str) -> bool {
    let Some((text, signature)) = token.rsplit_once('.') else { return false };
    let Some((header, claims)) = text.split_once('.') else { return false };
    let json =
        |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let (Some(header), Some(claims)) = (json(header), json(claims)) else { return false };
    let signed = URL_SAFE_NO_PAD.decode(signature).is_ok_and(|given| given == mac(SECRET, text));
    let issuer = claims["iss"] == "PORTONE" || claims["iss"] == "CHAIPAY";
    let end = claims["exp"].as_i64().or_else(|| claims["exp"].as_f64().map(|end| end as i64));
    signed
        && header["alg"] == "HS256"
        && issuer
        && claims["sub"] == KEY
        && end.is_some_and(|end| end.saturating_add(LEEWAY_SECONDS) > NOW.as_seconds())
}
