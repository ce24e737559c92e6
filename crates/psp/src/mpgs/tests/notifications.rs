//! What is taken of the gateway's notifications, and what is not.

use super::*;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

fn inbound(secret: Option<&str>, body: &str) -> Inbound {
    let mut headers = HeaderMap::new();
    headers.insert("x-notification-id", HeaderValue::from_static("4b2d"));
    headers.insert("x-notification-attempt", HeaderValue::from_static("1"));
    if let Some(secret) = secret {
        headers.insert("x-notification-secret", HeaderValue::from_str(secret).unwrap());
    }
    let body = Bytes::copy_from_slice(body.as_bytes());
    Inbound { headers, body, received_at: Timestamp::from_micros(0) }
}

fn read_as(account: &AccountConfig, inbound: &Inbound) -> Result<Vec<Notice>, NoticeError> {
    // Nobody is asked: a transport without answers would panic.
    Mpgs.read_notification(&Scripted::default(), account, inbound).now_or_never().unwrap()
}

fn read(body: &str) -> Result<Notice, NoticeError> {
    read_as(&account(), &inbound(Some(NOTIFICATION_SECRET), body)).map(|mut notices| notices.remove(0))
}

#[test]
fn a_good_one_says_where_to_look() {
    let body = transaction("SUCCESS", "APPROVED");
    let notice = read(&body).unwrap();
    assert_eq!(
        Notice { record: String::new(), ..notice.clone() },
        Notice {
            key: Some(KEY.to_owned()),
            psp_refund_id: None,
            psp_payment_ids: vec![ORDER.to_owned()],
            amount: Some(money(1234, "SAR")),
            outcome: done(),
            must_confirm: true,
            foreign: None,
            superseded_by: &[],
            record: String::new(),
        }
    );
    assert!(notice.record.contains("APPROVED") && !notice.record.contains(NOTIFICATION_SECRET));
    assert_eq!(Mpgs.acknowledgement(), "");
    for (result, code, word) in [
        ("FAILURE", "DECLINED", "refused"),
        ("PENDING", "PENDING", "pending"),
        ("UNKNOWN", "UNKNOWN", "not_understood"),
        // Of a send that came while an earlier one ran, which may have been done.
        ("FAILURE", "LOCK_FAILURE", "not_understood"),
    ] {
        assert_eq!(read(&transaction(result, code)).unwrap().outcome.as_str(), word, "{result}");
    }
}

#[test]
fn without_the_right_secret_nothing_is_read() {
    let body = transaction("SUCCESS", "APPROVED");
    let short = &NOTIFICATION_SECRET[..31];
    let longer = format!("{NOTIFICATION_SECRET}A");
    let lower = NOTIFICATION_SECRET.to_ascii_lowercase();
    for secret in [None, Some(""), Some(short), Some(&*longer), Some(&*lower), Some(PASSWORD)] {
        assert_eq!(
            read_as(&account(), &inbound(secret, &body)),
            Err(NoticeError::BadSignature),
            "{secret:?}"
        );
        // Also where it could not be read, so that nobody learns which it was.
        assert_eq!(read_as(&account(), &inbound(secret, "{")), Err(NoticeError::BadSignature));
    }
    for secret in [None, Some(""), Some(NOTIFICATION_SECRET)] {
        let read = read_as(&with(&[]), &inbound(secret, &body));
        assert_eq!(read, Err(NoticeError::BadSignature), "an account without a secret: {secret:?}");
    }
}

#[test]
fn of_another_merchant_another_key_or_another_sum() {
    let body = transaction("SUCCESS", "APPROVED");
    let foreign = read(&body.replace(MERCHANT, "OTHERSHOP")).unwrap();
    assert_eq!(foreign.foreign.as_deref(), Some("the merchant \"OTHERSHOP\""));
    let by_hand = read(&body.replace(KEY, "2")).unwrap();
    assert_eq!(by_hand.key.as_deref(), Some("2"));
    assert_eq!(by_hand.psp_refund_id, Some(format!("{ORDER}/2")), "a name for people");
    let by_hand = read(&body.replace(ORDER, "Shop #7").replace(KEY, "refund 2")).unwrap();
    assert_eq!(by_hand.psp_refund_id.as_deref(), Some("Shop #7/refund 2"));
    let odd = read(&body.replace(KEY, "a b/c")).unwrap();
    assert_eq!((odd.key.as_deref(), odd.psp_refund_id), (Some("a b/c"), None));
    let altered = read(&body.replace("{\"amount\":12.34", "{\"amount\":99.99")).unwrap();
    assert_eq!(altered.amount, Some(money(9999, "SAR")), "core compares it with the refund's");
    assert!(altered.must_confirm);
    let order = read(&body.replace(ORDER, "ANOTHER")).unwrap();
    assert_eq!((order.psp_payment_ids, order.must_confirm), (vec!["ANOTHER".to_owned()], true));
}

#[test]
fn what_is_about_something_else_is_left_alone() {
    let body = transaction("SUCCESS", "APPROVED");
    for kind in ["PAYMENT", "AUTHORIZATION", "CAPTURE", "VOID_REFUND", "AUTHENTICATION", "refund"] {
        let other = body.replace("\"REFUND\"", &format!("\"{kind}\""));
        assert_eq!(read(&other), Err(NoticeError::NotARefund), "{kind}");
    }
    assert_eq!(
        read(r#"{"result":"SUCCESS","merchant":"M","order":{"id":"O"}}"#),
        Err(NoticeError::NotARefund)
    );
    for rubbish in ["", "{", "[]", "null", r#"{"result":"SUCCESS","transaction":{"id":"1"}}"#] {
        assert_eq!(read(rubbish), Err(NoticeError::NotUnderstood), "{rubbish}");
    }
    let nobody = body.replace("\"merchant\"", "\"x\"");
    assert_eq!(read(&nobody), Err(NoticeError::NotUnderstood), "it does not say whose it is");
    let nameless = body.replace(&format!(r#""id":"{KEY}""#), r#""x":1"#);
    assert_eq!(read(&nameless), Err(NoticeError::NotUnderstood));
}

proptest! {
    #[test]
    fn any_bytes_are_an_error(body: Vec<u8>) {
        let mut inbound = inbound(Some(NOTIFICATION_SECRET), "");
        inbound.body = body.into();
        prop_assert!(read_as(&account(), &inbound).is_err());
    }

    #[test]
    fn one_changed_byte_is_no_panic_and_is_always_confirmed(at in 0usize..500, byte: u8) {
        let mut bytes = transaction("SUCCESS", "APPROVED").into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let mut inbound = inbound(Some(NOTIFICATION_SECRET), "");
        inbound.body = bytes.into();
        if let Ok(notices) = read_as(&account(), &inbound) {
            prop_assert!(notices.len() == 1 && notices[0].must_confirm);
        }
    }
}
