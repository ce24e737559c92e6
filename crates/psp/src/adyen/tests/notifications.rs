//! Notifications: whose they are, and what they say.

use super::super::{sign, wire};
use super::{Adyen, HMAC, ID, KEY, MERCHANT, PAYMENT, account, money, with};
use crate::account::AccountConfig;
use crate::connector::Connector;
use crate::notice::{Inbound, Notice, NoticeError};
use crate::testing::Scripted;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::FutureExt;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use proptest::prelude::*;
use redress_core::environment::Environment;
use redress_core::outcome::{Again, Finding, Outcome, PspRefusal};
use redress_core::time::Timestamp;
use sha2::Sha256;

fn take(account: &AccountConfig, body: impl Into<Bytes>) -> Result<Vec<Notice>, NoticeError> {
    let inbound =
        Inbound { headers: HeaderMap::new(), body: body.into(), received_at: Timestamp::from_micros(0) };
    Adyen.read_notification(&Scripted::default(), account, &inbound).now_or_never().unwrap()
}

/// An item with this signature.
fn item(event: &str, success: &str, signature: &str) -> String {
    format!(
        r#"{{"additionalData":{{"hmacSignature":"{signature}"}},"amount":{{"currency":"EUR","value":2500}},
        "eventCode":"{event}","eventDate":"2021-01-01T01:00:00+01:00","merchantAccountCode":"{MERCHANT}",
        "merchantReference":"RF-42-1","originalReference":"{PAYMENT}","paymentMethod":"visa","pspReference":"{ID}",
        "reason":"said","success":"{success}"}}"#
    )
}

fn message(items: &[String]) -> String {
    let wrapped: Vec<_> =
        items.iter().map(|item| format!(r#"{{"NotificationRequestItem":{item}}}"#)).collect();
    format!(r#"{{"live":"false","notificationItems":[{}]}}"#, wrapped.join(","))
}

/// Signs an item as it stands.
fn signed_with(key: &str, text: &str) -> String {
    let read: wire::Item = serde_json::from_str(text).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&hex::decode(key).unwrap()).unwrap();
    mac.update(sign::signed_text(&read).as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    text.replacen(r#""hmacSignature":"""#, &format!(r#""hmacSignature":"{signature}""#), 1)
}

fn signed(event: &str, success: &str) -> String {
    signed_with(HMAC, &item(event, success, ""))
}

/// Signed after a change.
fn changed(from: &str, to: &str) -> String {
    let unsigned = item("REFUND", "true", "");
    assert!(unsigned.contains(from), "{from}");
    message(&[signed_with(HMAC, &unsigned.replacen(from, to, 1))])
}

fn one(account: &AccountConfig, body: impl Into<Bytes>) -> Notice {
    let mut notices = take(account, body).unwrap();
    assert_eq!(notices.len(), 1);
    notices.remove(0)
}

fn done() -> Outcome {
    Outcome::Succeeded { psp_refund_id: Some(ID.to_owned()), arn: None }
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused(PspRefusal {
        code: code.to_owned(),
        text: "said".to_owned(),
        again: Again::No,
        // It counts at once: by the id, what is bound to another meanwhile is not failed by it.
        psp_refund_id: Some(ID.to_owned()),
    })
}

const REFUND_TRUE: &str = "ph8WMiXJRowjDbTxXcpCMyJ9C1OBbQGlZQZuYyNt1hQ=";
const REFUND_FALSE: &str = "bSTErhj7to6ECTkfmWFzTwiCsW/k9cy8Lmh2fzmLzOA=";
const REFUND_FAILED_TRUE: &str = "bfLxFdQ9YpBKIankqckoASREd0Uhb2LIvypRPwbQKkM=";

#[test]
fn the_vectors_that_adyens_libraries_accept() {
    for (event, success, signature, outcome) in [
        ("REFUND", "true", REFUND_TRUE, done()),
        ("REFUND", "false", REFUND_FALSE, refused("REFUND")),
        ("REFUND_FAILED", "true", REFUND_FAILED_TRUE, refused("REFUND_FAILED")),
    ] {
        let notice = one(&account(), message(&[item(event, success, signature)]));
        assert_eq!(notice.outcome, outcome, "{event}");
        assert_eq!(notice.key.as_deref(), Some("RF-42-1"));
        assert_eq!(notice.psp_refund_id.as_deref(), Some(ID));
        assert_eq!(notice.psp_payment_ids, [PAYMENT]);
        assert_eq!(notice.amount, Some(money(2500, "EUR")));
        assert!(!notice.must_confirm && notice.foreign.is_none());
        let after: &[&str] = if success == "true" && event == "REFUND" {
            &["REFUND_FAILED", "REFUNDED_REVERSED"]
        } else {
            &[]
        };
        assert_eq!(notice.superseded_by, after, "{event}");
        assert!(notice.record.contains(ID) && !notice.record.contains(signature), "{}", notice.record);
    }
    // Adyen's own vector, of a payment: its original reference is empty.
    let payment = r#"{"additionalData":{"hmacSignature":"coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="},
        "amount":{"currency":"EUR","value":1130},"eventCode":"AUTHORISATION","merchantAccountCode":"TestMerchant",
        "merchantReference":"TestPayment-1407325143704","pspReference":"7914073381342284","success":"true"}"#;
    assert_eq!(take(&account(), message(&[payment.to_owned()])), Err(NoticeError::NotARefund));
}

#[test]
fn every_event_about_a_refund_has_its_meaning() {
    for (event, success, outcome) in [
        ("REFUND", "true", done()),
        ("REFUND", "false", refused("REFUND")),
        ("REFUND_FAILED", "true", refused("REFUND_FAILED")),
        ("REFUND_FAILED", "false", refused("REFUND_FAILED")),
        ("REFUNDED_REVERSED", "true", refused("REFUNDED_REVERSED")),
        ("REFUNDED_REVERSED", "false", refused("REFUNDED_REVERSED")),
    ] {
        let notice = one(&account(), message(&[signed(event, success)]));
        assert_eq!(notice.outcome, outcome, "{event} {success}");
    }
    for event in [
        "AUTHORISATION",
        "CAPTURE",
        "CANCEL_OR_REFUND",
        "REFUND_WITH_DATA",
        "VOID_PENDING_REFUND",
        "CHARGEBACK",
        "refund",
        "NEW",
    ] {
        assert_eq!(
            take(&account(), message(&[signed(event, "true")])),
            Err(NoticeError::NotARefund),
            "{event}"
        );
    }
    assert_eq!(take(&account(), message(&[])), Err(NoticeError::NotARefund));
    // Signed, and not understood: put before a person, and no obstacle to the others of its message.
    for odd in ["", "TRUE", "yes"] {
        let items = [signed("REFUND", odd), signed("REFUND", "true")];
        let notices = take(&account(), message(&items)).unwrap();
        let said: Vec<_> =
            notices.iter().map(|notice| (&notice.outcome, notice.foreign.as_deref())).collect();
        let strange = format!("success is {odd:?}, and neither true nor false");
        let unknown = Outcome::Unknown(Finding::NotUnderstood);
        assert_eq!(said, [(&unknown, Some(strange.as_str())), (&done(), None)], "{odd}");
    }
}

#[test]
fn a_refund_that_waits_for_the_capture_is_pending_in_adyens_words_until_it_ends() {
    let waits = |says: &str| Outcome::Pending {
        psp_refund_id: Some(ID.to_owned()),
        note: Some(format!("Adyen says POSTPONED_REFUND: {says}")),
    };
    let notice = one(&account(), message(&[signed("POSTPONED_REFUND", "true")]));
    assert_eq!(notice.outcome, waits("said"));
    assert_eq!(notice.superseded_by, ["REFUND", "REFUND_FAILED", "REFUNDED_REVERSED"]);
    assert!(!notice.must_confirm && notice.foreign.is_none());
    // The description's sample gives no reason.
    let silent = item("POSTPONED_REFUND", "true", "").replace(r#""reason":"said""#, r#""reason":"""#);
    let notice = one(&account(), message(&[signed_with(HMAC, &silent)]));
    assert_eq!(notice.outcome, waits("until after the payment's capture"));
    let not = message(&[signed("POSTPONED_REFUND", "false")]);
    assert_eq!(take(&account(), not), Err(NoticeError::NotARefund));
}

#[test]
fn a_message_may_tell_of_several_and_one_forged_item_spoils_it() {
    let items = [signed("AUTHORISATION", "true"), signed("REFUND", "true"), signed("REFUND_FAILED", "true")];
    let notices = take(&account(), message(&items)).unwrap();
    let outcomes: Vec<_> = notices.into_iter().map(|notice| notice.outcome).collect();
    assert_eq!(outcomes, [done(), refused("REFUND_FAILED")]);
    for at in 0..items.len() {
        for forged in ["", REFUND_FALSE] {
            let mut items = items.clone();
            items[at] = item("REFUND", "true", forged);
            assert_eq!(take(&account(), message(&items)), Err(NoticeError::BadSignature), "{at} {forged}");
        }
    }
}

#[test]
fn any_other_signature_is_a_bad_one() {
    let forged = |signature: &str| take(&account(), message(&[item("REFUND", "true", signature)]));
    for signature in ["", "00", "zz", "ph8W", &REFUND_TRUE[1..], &REFUND_TRUE.to_lowercase(), REFUND_FALSE] {
        assert_eq!(forged(signature), Err(NoticeError::BadSignature), "{signature}");
    }
    let good = message(&[item("REFUND", "true", REFUND_TRUE)]);
    for (from, to) in [
        ("2500", "2501"),
        ("EUR", "USD"),
        (MERCHANT, "OtherMerchant"),
        (PAYMENT, "9913140798220029"),
        ("RF-42-1", "RF-42-2"),
        (ID, "QFQTPCQ8HXSKGK83"),
        (r#""success":"true""#, r#""success":"false""#),
        (r#""REFUND""#, r#""REFUND_FAILED""#),
        (r#"{"hmacSignature""#, r#"{"signature""#),
        (r#""additionalData""#, r#""otherData""#),
    ] {
        assert_eq!(take(&account(), good.replace(from, to)), Err(NoticeError::BadSignature), "{from}");
    }
    assert_eq!(take(&with(account(), "hmac_key", ""), good), Err(NoticeError::BadSignature));
}

#[test]
fn a_signed_text_that_can_be_read_in_two_ways_is_not_believed() {
    // A reference with colons, and the same text with its borders moved so that another refund is meant.
    let sent = changed("RF-42-1", "x:TestMerchant:RF-42-1");
    assert_eq!(one(&account(), sent.clone()).key.as_deref(), Some("x:TestMerchant:RF-42-1"));
    let moved = sent
        .replace(&format!(r#""{PAYMENT}""#), &format!(r#""{PAYMENT}:{MERCHANT}:x""#))
        .replace("x:TestMerchant:RF-42-1", "RF-42-1");
    assert_eq!(take(&account(), moved), Err(NoticeError::BadSignature));
}

#[test]
fn both_keys_count_after_a_rotation() {
    let new = "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF";
    let (old, fresh) = (signed("REFUND", "true"), signed_with(new, &item("REFUND", "true", "")));
    let rotated = with(with(account(), "hmac_key", new), "hmac_key_old", HMAC);
    for item in [&old, &fresh] {
        assert_eq!(one(&rotated, message(std::slice::from_ref(item))).outcome, done());
    }
    let finished = with(account(), "hmac_key", new);
    assert_eq!(take(&finished, message(&[old])), Err(NoticeError::BadSignature));
    assert!(take(&finished, message(&[fresh])).is_ok());
}

#[test]
fn what_is_not_this_accounts_is_foreign() {
    let foreign = |body: String| one(&account(), body).foreign;
    assert_eq!(
        foreign(changed(MERCHANT, "OtherMerchant")).as_deref(),
        Some("merchant account OtherMerchant")
    );
    assert_eq!(foreign(changed("merchantAccountCode", "other")).as_deref(), Some("merchant account "));
    for (currency, value) in [("XXX", "1"), ("CLP", "150"), ("BTC", "2500")] {
        let body = changed(
            r#""currency":"EUR","value":2500"#,
            &format!(r#""currency":"{currency}","value":{value}"#),
        );
        let notice = one(&account(), body);
        assert_eq!(notice.amount, None);
        let text = format!("a sum that no refund here can have: {value} {currency}");
        assert_eq!(notice.foreign, Some(text));
    }
    let good = message(&[signed("REFUND", "true")]);
    assert_eq!(foreign(good.clone()), None);
    for (from, to) in [(r#""live":"false""#, r#""live":"true""#), (r#""live":"false","#, "")] {
        assert!(foreign(good.replace(from, to)).is_some_and(|text| text.starts_with("live is")));
    }
    let live = AccountConfig { environment: Environment::Live, ..account() };
    assert!(one(&live, good.clone()).foreign.is_some());
    assert_eq!(one(&live, good.replace(r#""live":"false""#, r#""live":"true""#)).foreign, None);
}

#[test]
fn sums_and_the_arn_are_read() {
    let clp = changed(r#""currency":"EUR","value":2500"#, r#""currency":"CLP","value":70000"#);
    assert_eq!(one(&account(), clp).amount, Some(money(700, "CLP")));
    let cve = changed(r#""currency":"EUR","value":2500"#, r#""currency":"CVE","value":7"#);
    assert_eq!(one(&account(), cve).amount, Some(money(700, "CVE")));
    for (data, expected) in [
        (r#""arn":"74537201234567890123456""#, Some("74537201234567890123456")),
        (r#""acquirerReference":"8JQ""#, Some("8JQ")),
        (r#""acquirerReference":"8JQ","arn":"745""#, Some("745")),
        (r#""arn":"","acquirerReference":"8JQ""#, Some("8JQ")),
        (r#""arn":"<b>""#, None),
    ] {
        let body = changed(r#""additionalData":{"#, &format!(r#""additionalData":{{{data},"#));
        let arn = expected.map(str::to_owned);
        let outcome = Outcome::Succeeded { psp_refund_id: Some(ID.to_owned()), arn };
        assert_eq!(one(&account(), body).outcome, outcome, "{data}");
    }
    assert_eq!(one(&account(), changed("RF-42-1", KEY)).key.as_deref(), Some(KEY));
    assert_eq!(one(&account(), changed("RF-42-1", "")).key, None);
}

#[test]
fn what_cannot_be_read_is_not_understood() {
    for rubbish in [
        "",
        "{}",
        "null",
        "[]",
        r#"{"notificationItems":{}}"#,
        r#"{"notificationItems":[{}]}"#,
        r#"{"notificationItems":[{"NotificationRequestItem":{}}]}"#,
        r#"{"notificationItems":[{"NotificationRequestItem":{"eventCode":"REFUND","success":true}}]}"#,
    ] {
        assert_eq!(take(&account(), rubbish), Err(NoticeError::NotUnderstood), "{rubbish}");
    }
    let float = message(&[signed("REFUND", "true")]).replace("2500", "2500.0");
    assert_eq!(take(&account(), float), Err(NoticeError::NotUnderstood));
    assert_eq!(Adyen.acknowledgement(), "[accepted]");
}

proptest! {
    #[test]
    fn any_bytes_are_no_notice(body: Vec<u8>) {
        prop_assert!(take(&account(), body).is_err());
    }

    #[test]
    fn one_changed_byte_never_changes_what_is_signed(at in 0usize..600, byte: u8) {
        let good = message(&[signed("REFUND", "true")]);
        let mut bytes = good.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(notices) = take(&account(), bytes) {
            let (now, before) = (&notices[0], &one(&account(), good));
            prop_assert_eq!(&now.key, &before.key);
            prop_assert_eq!(&now.outcome, &before.outcome);
            prop_assert_eq!(&now.psp_payment_ids, &before.psp_payment_ids);
            prop_assert_eq!(now.amount, before.amount);
        }
    }
}
