//! What PSPs tell. The first line of an input is `signed` or `raw`. What follows `signed` is a body, which is signed here
//! as the PSP would; what follows `raw` are header lines, an empty line and a body, as anybody may send them.
//!
//! What was not signed with the account's own secret is never believed, and a sum that is told is one that stands there.

use std::collections::BTreeSet;

use aes_gcm::aead::AeadInPlace;
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::FutureExt;
use hmac::{Hmac, KeyInit as _, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};
use redress_core::decimal::Decimal;
use redress_core::money::Currency;
use redress_psp::account::AccountConfig;
use redress_psp::notice::{Inbound, Notice, NoticeError};
use redress_psp::transport::HttpResponse;
use serde_json::Value;
use sha2::Sha256;

use super::answers::{Network, is_id, judge_record};
use crate::psps::{self, NOW, Psp};
use crate::texts::{canonical, first_line, header_map, headers};

const BASE: &str = "https://psp.test";

pub(super) fn run(name: &str, input: &[u8]) {
    let psp = psps::named(name);
    match first_line(input) {
        (b"signed", body) => signed(psp, body),
        (b"raw", rest) => {
            let (pairs, body) = headers(rest);
            let inbound = inbound(header_map(&pairs), body);
            let refused = read(psp, &psp.account_of_others(BASE), &inbound, false);
            assert!(refused.is_err(), "believed: {refused:?}");
            // Only who has the secret can have signed it: the sandbox, whose notifications the corpus holds.
            if let Ok(notices) = read(psp, &psp.account(BASE), &inbound, true) {
                notices.iter().for_each(|notice| judge_record(psp, &notice.record));
            }
        }
        _ => {}
    }
}

fn signed(psp: &Psp, body: &[u8]) {
    let Some((headers, body)) = sign(psp, body) else { return };
    let inbound = inbound(headers, &body);
    let told = read(psp, &psp.account(BASE), &inbound, true);
    assert_eq!(read(psp, &psp.account(BASE), &inbound, true), told, "not the same again");
    assert!(read(psp, &psp.account_of_others(BASE), &inbound, false).is_err(), "not ours, and believed");
    let Ok(notices) = told else { return };
    if matches!(psp.name, "stripe" | "oppwa") {
        // The signature covers every byte.
        let mut other = body.clone();
        let at = other.len() / 2;
        other[at] ^= 1;
        let other = Inbound { body: other.into(), ..inbound };
        assert!(read(psp, &psp.account(BASE), &other, true).is_err(), "changed after it was signed");
    }
    let numbers = numbers(&plain(psp, &body));
    for notice in &notices {
        judge(psp, notice, &numbers);
    }
}

fn judge(psp: &Psp, notice: &Notice, numbers: &BTreeSet<String>) {
    judge_record(psp, &notice.record);
    let ids = [notice.outcome.psp_refund_id(), notice.psp_refund_id.as_deref()];
    let is_one = |id: &&str| if psp.name == "mpgs" { is_named(id) } else { is_id(id) };
    assert!(ids.iter().flatten().all(is_one), "{notice:?}");
    let Some(amount) = notice.amount else { return };
    let major = amount.to_decimal();
    let decimals = psp.connector().capabilities().decimals(amount.currency());
    let in_units = canonical(&format!("{major}e{decimals}"), true).expect("a number");
    assert!(numbers.contains(&major.to_string()) || numbers.contains(&in_units), "{amount:?} of {numbers:?}");
}

/// Mastercard's refunds that are not ours are named by order and transaction, whose ids are of any printable characters but
/// slashes.
fn is_named(id: &str) -> bool {
    let is_part = |part: &str| {
        (1..=40).contains(&part.len())
            && part.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'\\')
    };
    id.split_once('/')
        .is_some_and(|(order, refund)| is_part(order) && is_part(refund) && !refund.contains('/'))
}

fn inbound(headers: HeaderMap, body: &[u8]) -> Inbound {
    Inbound { headers, body: Bytes::copy_from_slice(body), received_at: NOW }
}

/// PayPal is asked whether a notification is its own, and says `ours`.
fn read(
    psp: &Psp,
    account: &AccountConfig,
    inbound: &Inbound,
    ours: bool,
) -> Result<Vec<Notice>, NoticeError> {
    let answer = |body: &'static str| HttpResponse {
        status: 200,
        headers: HeaderMap::new(),
        body: Bytes::from_static(body.as_bytes()),
    };
    let verdict =
        if ours { r#"{"verification_status":"SUCCESS"}"# } else { r#"{"verification_status":"FAILURE"}"# };
    let token = r#"{"access_token":"A21AAFEpH4PsADK7qSS7pSRsgz","token_type":"Bearer","expires_in":32400}"#;
    let answers = [answer(token), answer(verdict)];
    let network = Network::new(&answers);
    psp.connector().read_notification(&network, account, inbound).now_or_never().expect("nothing waits")
}

/// Every number that stands in a text, in its shortest form.
fn numbers(body: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(body);
    let tokens = text.split(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c));
    let mut found: BTreeSet<String> = tokens.filter_map(|token| canonical(token, true)).collect();
    let mut rest: Vec<Value> = serde_json::from_slice(body).into_iter().collect();
    while let Some(value) = rest.pop() {
        match value {
            Value::String(text) => found.extend(canonical(&text, true)),
            Value::Array(values) => rest.extend(values),
            Value::Object(fields) => rest.extend(fields.into_iter().map(|(_, value)| value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    found
}

/// Signs a body as the PSP would, in code of its own; `None` where it cannot be signed.
fn sign(psp: &Psp, body: &[u8]) -> Option<(HeaderMap, Vec<u8>)> {
    let secret = psp.proof.map(|(name, _)| psp.credential(name)).unwrap_or_default();
    let (headers, body): (Vec<(&'static str, String)>, Vec<u8>) = match psp.name {
        "adyen" => (Vec::new(), sign_adyen(&hex::decode(secret).ok()?, body)?),
        "mpgs" => (vec![("x-notification-secret", secret)], body.to_vec()),
        "oppwa" => encrypt(&secret, body)?,
        "paypal" => (paypal_headers(), body.to_vec()),
        "stripe" => {
            let time = NOW.as_seconds();
            let signature = mac(secret.as_bytes(), &[format!("{time}.").as_bytes(), body]);
            (vec![("stripe-signature", format!("t={time},v1={}", hex::encode(signature)))], body.to_vec())
        }
        "tap" => {
            let signature = mac(secret.as_bytes(), &[tap_text(psp, body)?.as_bytes()]);
            (vec![("hashstring", hex::encode(signature))], body.to_vec())
        }
        _ => (Vec::new(), body.to_vec()),
    };
    let of = |(name, value): (&'static str, String)| {
        Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
    };
    Some((headers.into_iter().filter_map(of).collect(), body))
}

/// The body as it reads once it is open.
fn plain(psp: &Psp, body: &[u8]) -> Vec<u8> {
    if psp.name != "oppwa" {
        return body.to_vec();
    }
    let mut text = hex::decode(body).expect("made here");
    let (cipher, nonce) = oppwa_cipher(&psp.credential("webhook_key")).expect("a key");
    // GCM is a stream: what encrypts twice decrypts.
    let _ = cipher.encrypt_in_place_detached(Nonce::from_slice(&nonce), b"", &mut text);
    text
}

fn oppwa_cipher(key: &str) -> Option<(Aes256Gcm, [u8; 12])> {
    Some((Aes256Gcm::new_from_slice(&hex::decode(key).ok()?).ok()?, [3; 12]))
}

type Signed = (Vec<(&'static str, String)>, Vec<u8>);

fn encrypt(key: &str, body: &[u8]) -> Option<Signed> {
    let (cipher, nonce) = oppwa_cipher(key)?;
    let mut text = body.to_vec();
    let tag = cipher.encrypt_in_place_detached(Nonce::from_slice(&nonce), b"", &mut text).ok()?;
    let headers =
        vec![("x-initialization-vector", hex::encode(nonce)), ("x-authentication-tag", hex::encode(tag))];
    Some((headers, hex::encode(text).into_bytes()))
}

fn paypal_headers() -> Vec<(&'static str, String)> {
    let value = |name, text: &str| (name, text.to_owned());
    vec![
        value("paypal-auth-algo", "SHA256withRSA"),
        value("paypal-cert-url", "https://api.paypal.com/v1/notifications/certs/CERT-360caa42"),
        value("paypal-transmission-id", "69cd13f0-d67a-11e5-baa3-778b53f4ae55"),
        value("paypal-transmission-sig", "lmI95Jx3Y9nhR5SJWlHVIWpg4AgFk7n9bCHSRxbrd8A9zrhdu2rMyFrmz"),
        value("paypal-transmission-time", "2026-11-18T15:06:40Z"),
    ]
}

fn sign_adyen(key: &[u8], body: &[u8]) -> Option<Vec<u8>> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    for wrapper in body.get_mut("notificationItems")?.as_array_mut()? {
        let item = wrapper.get_mut("NotificationRequestItem")?.as_object_mut()?;
        let of = |value: Option<&Value>| match value {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let amount = item.get("amount");
        let text = [
            of(item.get("pspReference")),
            of(item.get("originalReference")),
            of(item.get("merchantAccountCode")),
            of(item.get("merchantReference")),
            of(amount.and_then(|amount| amount.get("value"))),
            of(amount.and_then(|amount| amount.get("currency"))),
            of(item.get("eventCode")),
            of(item.get("success")),
        ];
        let signature = STANDARD.encode(mac(key, &[text.join(":").as_bytes()]));
        let data = item.entry("additionalData").or_insert_with(|| Value::Object(serde_json::Map::new()));
        data.as_object_mut()?.insert("hmacSignature".to_owned(), signature.into());
    }
    Some(body.to_string().into_bytes())
}

fn tap_text(psp: &Psp, body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let of = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let currency = Currency::from_code(body["currency"].as_str()?).ok()?;
    let decimals = psp.connector().capabilities().decimals(currency);
    let amount = Decimal::from_json_number(&of(&body["amount"])).ok()?.to_fixed(decimals);
    let created = if body["created"].is_null() { &body["transaction"]["created"] } else { &body["created"] };
    let (gateway, payment) = (of(&body["reference"]["gateway"]), of(&body["reference"]["payment"]));
    Some(format!(
        "x_id{}x_amount{amount}x_currency{currency}x_gateway_reference{gateway}x_payment_reference{payment}\
         x_status{}x_created{}",
        of(&body["id"]),
        of(&body["status"]),
        of(created),
    ))
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}
