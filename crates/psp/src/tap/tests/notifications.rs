//! What Tap tells.

use super::*;

fn notify(body: &str, hashstring: Option<&str>) -> Result<Notice, NoticeError> {
    let mut headers = HeaderMap::new();
    if let Some(hash) = hashstring {
        headers.insert("hashstring", HeaderValue::from_str(hash).unwrap());
    }
    let received_at = Timestamp::from_micros(0);
    read_notification(&account(), &Inbound { headers, body: Bytes::from(body.to_owned()), received_at })
}

/// The refund of the first vector.
fn vector() -> String {
    format!(
        r#"{{"id":"{ID}","object":"refund","status":"REFUNDED","amount":10.0,"currency":"SAR","charge_id":"{CHARGE}",
        "created":"1699943940123","reference":{{"merchant":"{KEY}","payment":"5720231234061234567"}},
        "response":{{"code":"000","message":"Refunded"}}}}"#
    )
}

pub(super) const VECTOR_HASH: &str = "329d5cb659a18f8c025f2cce9c36017b25ff5c44fce9e4e8c167c21e8fc73295";

#[test]
fn a_notification_of_the_vectors_is_believed_and_must_be_confirmed() {
    let notice = notify(&vector(), Some(VECTOR_HASH)).unwrap();
    assert_eq!(notice.key.as_deref(), Some(KEY));
    assert_eq!(notice.psp_refund_id.as_deref(), Some(ID));
    assert_eq!(notice.psp_payment_ids, [CHARGE]);
    assert_eq!(notice.amount, Some(money(1000, "SAR")));
    assert_eq!(notice.outcome, done());
    assert!(notice.must_confirm);
    assert!(notice.record.contains(ID));
    let number = vector().replace("\"1699943940123\"", "1699943940123");
    assert!(notify(&number, Some(VECTOR_HASH)).is_ok(), "the time as a number");

    let kwd = vector()
        .replace(r#""amount":10.0,"currency":"SAR""#, r#""amount":1.5,"currency":"KWD""#)
        .replace(r#""payment""#, r#""gateway":"123456789","payment""#);
    let hash = "f40c13afdb918a2ddf1798b394e4771c8ff44e1601b41bf1cabc5419f24e467d";
    assert_eq!(notify(&kwd, Some(hash)).unwrap().amount, Some(money(1500, "KWD")));
}

#[test]
fn a_notification_about_a_charge_is_not_about_a_refund() {
    let charge = r#"{"id":"chg_TS05A4120230736x9K22710693","object":"charge","status":"CAPTURED","amount":1,
        "currency":"SAR","transaction":{"created":"1698392202943"},
        "reference":{"gateway":"mada_pg70983e7a-a686-40ba-83e2-c5e9f4074fe5","payment":"4327230736106619650"}}"#;
    let hash = "a5335ad4bf54b5304821eba79c74943daba772b7cae882d743257868698639f5";
    assert_eq!(notify(charge, Some(hash)), Err(NoticeError::NotARefund));
}

#[test]
fn any_other_signature_is_a_bad_one() {
    let body = vector();
    for hash in [None, Some(""), Some("00"), Some("zz"), Some(&"0".repeat(64)), Some(&VECTOR_HASH[1..])] {
        assert_eq!(notify(&body, hash), Err(NoticeError::BadSignature), "{hash:?}");
    }
    for (from, to) in
        [("10.0", "10.01"), ("SAR", "KWD"), ("REFUNDED", "FAILED"), (ID, "re_other"), ("3940123", "3940124")]
    {
        let forged = notify(&body.replace(from, to), Some(VECTOR_HASH));
        assert_eq!(forged, Err(NoticeError::BadSignature), "{from}");
    }
    for rubbish in ["", "{}", "null", "[1]", r#"{"id":"re_1","status":"X","amount":"ten","currency":"SAR"}"#]
    {
        assert_eq!(notify(rubbish, Some(VECTOR_HASH)), Err(NoticeError::NotUnderstood), "{rubbish}");
    }
}
