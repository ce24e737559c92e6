//! What merchants' programs and the auditor know of the wire, written from the documents and not from Redress' code.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// HMAC-SHA256 of a text.
pub(crate) fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// The same in base64.
pub(crate) fn hmac64(key: &[u8], text: &str) -> String {
    STANDARD.encode(hmac(key, text))
}

/// PortOne's token (<https://docs.portone.cloud/docs/jwt-authentication>).
pub(crate) fn portone_token(key: &str, secret: &str, issued: i64, ends: i64) -> String {
    let part = |json: String| URL_SAFE_NO_PAD.encode(json);
    let header = part(r#"{"alg":"HS256","typ":"JWT"}"#.to_owned());
    let claims = part(format!(r#"{{"iss":"PORTONE","sub":"{key}","iat":{issued},"exp":{ends}}}"#));
    let signed = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(hmac(secret.as_bytes(), &signed));
    format!("{signed}.{signature}")
}

/// SGate's signature over an address without its root (<https://docs.sgate.sa/en/payinApi/callMethod/callMethod.html>).
pub(crate) fn sgate_signature(key: &str, secret: &str, uri: &str, method: &str, timestamp: &str) -> String {
    let uri = component(uri);
    let text = format!(
        "key={key}&method={method}&signMethod=HmacSHA256&signVersion=1&timestamp={timestamp}&uri={uri}"
    );
    hmac64(secret.as_bytes(), &text)
}

/// URL-encoded, as a component.
pub(crate) fn component(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'_'
            | b'.'
            | b'!'
            | b'~'
            | b'*'
            | b'\''
            | b'('
            | b')' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// As a form field: as [`component`], but for the space and a few others.
pub(crate) fn form(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// The 26 letters of an id in Crockford's base 32.
pub(crate) fn base32(bytes: [u8; 16]) -> String {
    let mut number = u128::from_be_bytes(bytes);
    let mut letters = Vec::new();
    for _ in 0..26 {
        let at = usize::try_from(number % 32).unwrap_or(0);
        letters.push(char::from(b"0123456789abcdefghjkmnpqrstvwxyz"[at]));
        number /= 32;
    }
    letters.iter().rev().collect()
}

/// The 22 letters and digits of a refund's id in PortOne's API.
pub(crate) fn base62(bytes: [u8; 16]) -> String {
    let mut number = u128::from_be_bytes(bytes);
    let mut letters = Vec::new();
    for _ in 0..22 {
        let at = usize::try_from(number % 62).unwrap_or(0);
        let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        letters.push(char::from(alphabet[at]));
        number /= 62;
    }
    letters.iter().rev().collect()
}

/// A sum in major units, with all decimals of the currency.
pub(crate) fn major(minor: i64, decimals: u32) -> String {
    if decimals == 0 {
        return minor.to_string();
    }
    let unit = 10_i64.pow(decimals);
    format!("{}.{:0width$}", minor / unit, minor % unit, width = decimals as usize)
}

/// A sum in minor units, of a decimal text; `None` where it is none or has too many decimals.
pub(crate) fn minor(text: &str, decimals: u32) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > decimals as usize {
        return None;
    }
    format!("{whole}{fraction:0<width$}", width = decimals as usize).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_sign_as_the_documents_do() {
        // Made with other languages' libraries.
        assert_eq!(
            portone_token("SglffyyZgojEdXWL", "portone-test-secret", 1_516_239_022, 1_516_239_122),
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJQT1JUT05FIiwic3ViIjoiU2dsZmZ5eVpnb2pFZFhXTCIsImlhdCI6\
             MTUxNjIzOTAyMiwiZXhwIjoxNTE2MjM5MTIyfQ.9_LzidtKMbmSvOzovC-DnUiLU8v2ghN8ATdfG5xHQEo"
        );
        assert_eq!(
            sgate_signature(
                "zS83UNCPhVTqBxDHACJ30sImZRKAlzQI",
                "RoTestSecret0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN0Z",
                "/orders/M948164T2023072607034709567189/refunds",
                "order.refund",
                "1690344393"
            ),
            "StdlyfDAdcErN9o5K5nECITEcUkHoNm7qUNasjjLUbs="
        );
    }

    #[test]
    fn sums_are_written_and_read() {
        for (sum, decimals, text) in [(5, 0, "5"), (1_350, 3, "1.350"), (105, 2, "1.05")] {
            assert_eq!(major(sum, decimals), text);
            assert_eq!(minor(text, decimals), Some(sum));
        }
        assert_eq!((minor("1.3", 2), minor("1.234", 2), minor("x", 2)), (Some(130), None, None));
    }
}
