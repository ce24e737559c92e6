//! Notifications: the published samples, and everything that is not one of ours.

use super::*;
use aes_gcm::aead::AeadInPlace;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use redress_core::outcome::Finding;

/// A vector and the body of a refund's notification, as enciphered by another program.
const VECTOR: &str = "3D575574536D450F71AC76D8";
const REFUND_TAG: &str = "DA833CCE052803EFE5C327AE03D9CEF2";
const REFUND_BODY: &str = "F8E2F759E528CB69352C40C33EF1BE2D42EDCC42DE7C1164AA54BAC84BCB26FB283F83C22D4FB8B197FB2AD558\
    A4501DAAA2A879FDA3C72EA48EF92641F548BE80AB64B2BD16328FFBA9ADF93549C3CC7F5DB12B3B90ACF405674CF29195444CF0960A454AC7\
    4AB657DD24BDBDFEBB97C0160BC6F5B5BC851C4D3E404E706C37BE871C197B3B909AE7CE239E583887578E763A6580E6F99E7DB97D913EAE1C\
    F570D5B956A0C1FE217B91EFF296C486E22BF94988D1397B08739B7900363256DF958658BEF768E23E1A2628F07B";

fn inbound(vector: Option<&str>, tag: Option<&str>, body: &str) -> Inbound {
    let mut headers = HeaderMap::new();
    for (name, value) in [("X-Initialization-Vector", vector), ("X-Authentication-Tag", tag)] {
        if let Some(value) = value {
            headers.insert(
                http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
    }
    Inbound { headers, body: Bytes::from(body.to_owned()), received_at: Timestamp::from_micros(0) }
}

fn read(inbound: &Inbound) -> Result<Notice, NoticeError> {
    let account = account();
    let read = Oppwa.read_notification(&Scripted::default(), &account, inbound).now_or_never().unwrap();
    read.map(|mut notices| notices.remove(0))
}

/// Enciphered with this key.
fn enciphered(key: &str, text: &str) -> Inbound {
    let mut bytes = text.as_bytes().to_vec();
    let cipher = Aes256Gcm::new(&decipher::key_of(key).unwrap().into());
    let tag = cipher.encrypt_in_place_detached(Nonce::from_slice(&[7; 12]), b"", &mut bytes).unwrap();
    inbound(Some(&hex::encode([7; 12])), Some(&hex::encode(tag)), &hex::encode(bytes))
}

fn told(payload: &str) -> Result<Notice, NoticeError> {
    read(&enciphered(WEBHOOK_KEY, &format!(r#"{{"type":"PAYMENT","payload":{payload}}}"#)))
}

#[test]
fn the_published_samples_are_deciphered() {
    let key = decipher::key_of(WEBHOOK_KEY).unwrap();
    for (vector, tag, body, text) in [
        (
            VECTOR,
            "19FDD068C6F383C173D3A906F7BD1D83",
            "F8E2F759E528CB69375E51DB2AF9B53734E393",
            r#"{"type": "PAYMENT"}"#,
        ),
        (
            "000000000000000000000000",
            "CE573FB7A41AB78E743180DC83FF09BD",
            "0A3471C72D9BE49A8520F79C66BBD9A12FF9",
            r#"{"type":"PAYMENT"}"#,
        ),
    ] {
        let sample = inbound(Some(vector), Some(tag), body);
        let deciphered = decipher::decipher(&key, &sample.headers, &sample.body).unwrap();
        assert_eq!(String::from_utf8(deciphered).unwrap(), text);
        assert_eq!(read(&sample), Err(NoticeError::NotUnderstood), "a payment of which nothing is told");
    }
}

#[test]
fn a_refund_is_told_in_either_form_and_must_be_confirmed() {
    for body in [
        REFUND_BODY.to_owned(),
        format!(r#"{{"encryptedBody":"{REFUND_BODY}"}}"#),
        format!("{REFUND_BODY}\n"),
    ] {
        let notice = read(&inbound(Some(VECTOR), Some(REFUND_TAG), &body)).unwrap();
        assert_eq!(notice.key, None);
        assert_eq!(notice.psp_refund_id.as_deref(), Some(ID));
        assert_eq!(notice.psp_payment_ids, [PAYMENT]);
        assert_eq!(notice.amount, Some(money(1000, "SAR")));
        assert_eq!(notice.outcome, Outcome::Succeeded { psp_refund_id: Some(ID.to_owned()), arn: None });
        assert!(notice.must_confirm && notice.foreign.is_none());
        assert!(notice.record.contains(PAYMENT));
    }
    let notice = told(&object("000.200.000")).unwrap();
    assert_eq!(notice.key.as_deref(), Some(KEY));
    assert_eq!(notice.outcome.as_str(), "pending");
    assert_eq!(told(&object("800.100.152")).unwrap().outcome.as_str(), "refused");
    assert_eq!(told(&object("900.100.300")).unwrap().outcome, Outcome::Unknown(Finding::NotUnderstood));
}

#[test]
fn another_entitys_refund_is_put_before_a_person() {
    let with = |entity: &str| {
        object("000.000.000").replacen('{', &format!(r#"{{"authentication":{{"entityId":"{entity}"}},"#), 1)
    };
    assert_eq!(told(&with(ENTITY)).unwrap().foreign, None);
    assert_eq!(told(&with("8ac7other")).unwrap().foreign.as_deref(), Some("the entity 8ac7other"));
}

#[test]
fn anything_altered_is_a_bad_signature() {
    let altered = |text: &str| {
        let last = if text.ends_with('0') { '1' } else { '0' };
        format!("{}{last}", &text[..text.len() - 1])
    };
    for (vector, tag, body) in [
        (Some(altered(VECTOR)), Some(REFUND_TAG.to_owned()), REFUND_BODY.to_owned()),
        (Some(VECTOR.to_owned()), Some(altered(REFUND_TAG)), REFUND_BODY.to_owned()),
        (Some(VECTOR.to_owned()), Some(REFUND_TAG.to_owned()), altered(REFUND_BODY)),
        (Some(VECTOR.to_owned()), Some(REFUND_TAG.to_owned()), REFUND_BODY[2..].to_owned()),
        (Some(VECTOR.to_owned()), Some(REFUND_TAG.to_owned()), String::new()),
        (Some(VECTOR.to_owned()), Some(REFUND_TAG[2..].to_owned()), REFUND_BODY.to_owned()),
        (Some(format!("{VECTOR}00")), Some(REFUND_TAG.to_owned()), REFUND_BODY.to_owned()),
        (Some("zz".to_owned()), Some(REFUND_TAG.to_owned()), REFUND_BODY.to_owned()),
        (None, Some(REFUND_TAG.to_owned()), REFUND_BODY.to_owned()),
        (Some(VECTOR.to_owned()), None, REFUND_BODY.to_owned()),
    ] {
        let forged = inbound(vector.as_deref(), tag.as_deref(), &body);
        assert_eq!(read(&forged), Err(NoticeError::BadSignature), "{vector:?} {tag:?} {body}");
    }
    let other_key = WEBHOOK_KEY.replace('F', "E");
    let text = format!(r#"{{"type":"PAYMENT","payload":{}}}"#, object("000.000.000"));
    assert_eq!(read(&enciphered(&other_key, &text)), Err(NoticeError::BadSignature));
    let keyless = live();
    let good = inbound(Some(VECTOR), Some(REFUND_TAG), REFUND_BODY);
    assert_eq!(read_notification(&keyless, &good), Err(NoticeError::BadSignature));
}

#[test]
fn what_is_not_about_a_refund_is_left() {
    for text in [
        r#"{"type":"REGISTRATION","action":"CREATED","payload":{"id":"x"}}"#,
        r#"{"type":"RISK","payload":{}}"#,
        r#"{"type":"test"}"#,
        r#"{"type":"PAYMENT","payload":{"id":"x","paymentType":"PA","amount":"92.00","currency":"EUR"}}"#,
        r#"{"type":"PAYMENT","payload":{"id":"x","paymentType":"DB","result":{"code":"000.000.000"}}}"#,
    ] {
        assert_eq!(read(&enciphered(WEBHOOK_KEY, text)), Err(NoticeError::NotARefund), "{text}");
    }
    for text in [
        "",
        "null",
        "PAYMENT",
        r#"{"payload":{}}"#,
        r#"{"type":"PAYMENT","payload":{}}"#,
        r#"{"type":"PAYMENT","payload":{"paymentType":"RF"}}"#,
        r#"{"type":"PAYMENT","payload":{"paymentType":"RF","id":"../x","result":{"code":"000.000.000"}}}"#,
    ] {
        assert_eq!(read(&enciphered(WEBHOOK_KEY, text)), Err(NoticeError::NotUnderstood), "{text}");
    }
    for body in ["<html>", "{}", r#"{"encryptedBody":"zz"}"#, "F8E2F"] {
        let rubbish = inbound(Some(VECTOR), Some(REFUND_TAG), body);
        let error = read(&rubbish).unwrap_err();
        assert_eq!(error, NoticeError::NotUnderstood, "{body}");
    }
}

#[test]
fn the_record_of_a_notification_holds_no_secret() {
    let leak = object("000.000.000").replace("said", &format!("{TOKEN} {WEBHOOK_KEY}"));
    let record = told(&leak).unwrap().record;
    assert!(record.contains(ID) && !record.contains(TOKEN) && !record.contains(WEBHOOK_KEY), "{record}");
}

proptest! {
    #[test]
    fn any_bytes_are_refused(body: Vec<u8>) {
        let mut sample = inbound(Some(VECTOR), Some(REFUND_TAG), "");
        sample.body = body.into();
        prop_assert!(read(&sample).is_err());
    }

    #[test]
    fn any_deciphered_text_is_answered_without_a_panic(text: String) {
        prop_assert!(read(&enciphered(WEBHOOK_KEY, &text)).is_err());
    }
}
