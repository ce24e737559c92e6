//! How merchants' programs sign, written from the two documents and not from this program's own code.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

const BLOCK_BYTES: usize = 64;

/// HMAC-SHA256 (RFC 2104).
fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut block = [0_u8; BLOCK_BYTES];
    match key.len() {
        0..=BLOCK_BYTES => block[..key.len()].copy_from_slice(key),
        _ => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().to_vec()
}

/// PortOne's token (<https://docs.portone.cloud/docs/jwt-authentication>).
pub fn portone_token(key: &str, secret: &str, issued: u64, ends: u64) -> String {
    let part = |json: String| URL_SAFE_NO_PAD.encode(json);
    let header = part(r#"{"alg":"HS256","typ":"JWT"}"#.to_owned());
    let claims = part(format!(r#"{{"iss":"PORTONE","sub":"{key}","iat":{issued},"exp":{ends}}}"#));
    let signature = URL_SAFE_NO_PAD.encode(hmac(secret.as_bytes(), &format!("{header}.{claims}")));
    format!("{header}.{claims}.{signature}")
}

/// SGate's signature over an address without its root (<https://docs.sgate.sa/en/payinApi/callMethod/callMethod.html>).
pub fn sgate_signature(key: &str, secret: &str, uri: &str, method: &str, timestamp: u64) -> String {
    let uri: String = uri
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    let text = format!(
        "key={key}&method={method}&signMethod=HmacSHA256&signVersion=1&timestamp={timestamp}&uri={uri}"
    );
    STANDARD.encode(hmac(secret.as_bytes(), &text))
}

/// A signature of Standard Webhooks, without its version
/// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>); `secret` is
/// `whsec_…`.
pub fn standard_signature(secret: &str, id: &str, timestamp: &str, body: &str) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    STANDARD.encode(hmac(&key, &format!("{id}.{timestamp}.{body}")))
}

/// Whether one of a notification's signatures is of this secret.
pub fn is_signed(secret: &str, id: &str, timestamp: &str, body: &str, signatures: &str) -> bool {
    let wanted = standard_signature(secret, id, timestamp, body);
    signatures.split(' ').any(|one| one.strip_prefix("v1,") == Some(&wanted))
}

#[test]
fn the_clients_of_these_tests_sign_as_the_documents_do() {
    // The vectors of the project's fact sheet, made with other languages' libraries.
    assert_eq!(
        portone_token("SglffyyZgojEdXWL", "portone-test-secret", 1_516_239_022, 1_516_239_122),
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJQT1JUT05FIiwic3ViIjoiU2dsZmZ5eVpnb2pFZFhXTCIsImlhdCI6MTUxNj\
         IzOTAyMiwiZXhwIjoxNTE2MjM5MTIyfQ.9_LzidtKMbmSvOzovC-DnUiLU8v2ghN8ATdfG5xHQEo"
    );
    assert_eq!(
        sgate_signature(
            "zS83UNCPhVTqBxDHACJ30sImZRKAlzQI",
            "RoTestSecret0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN0Z",
            "/orders/M948164T2023072607034709567189/refunds",
            "order.refund",
            1_690_344_393
        ),
        "StdlyfDAdcErN9o5K5nECITEcUkHoNm7qUNasjjLUbs="
    );
}
