use super::*;
use crate::stripe::tests::{CHARGE, ID, KEY, account, money, object};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use redress_core::outcome::Outcome;
use redress_core::time::Timestamp;

const SECRET: &str = "whsec_test_secret";
const AT: i64 = 1_795_394_032;

/// The vector that Stripe's libraries for Python and for Node accept.
const VECTOR: &str = r#"{"id":"evt_1","object":"event","api_version":"2026-10-28.endive","created":1795394032,"type":"refund.updated","data":{"object":{"id":"re_1","object":"refund","amount":500,"currency":"usd","status":"succeeded"}}}"#;
const VECTOR_V1: &str = "a47bdf8711c2a6f7fd7992dd8a9828d75089ffc2af5a4ec7d86d809172a301b9";

fn inbound(body: &str, header: Option<&str>, received_at: i64) -> Inbound {
    let mut headers = HeaderMap::new();
    if let Some(header) = header {
        headers.insert(SIGNATURE, HeaderValue::from_str(header).unwrap());
    }
    let received_at = Timestamp::from_micros(received_at * 1_000_000);
    Inbound { headers, body: Bytes::from(body.to_owned()), received_at }
}

fn told(body: &str, header: &str) -> Result<Notice, NoticeError> {
    read(&account(), &inbound(body, Some(header), AT + 5))
}

fn sign(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{AT}.{body}").as_bytes());
    format!("t={AT},v1={}", hex::encode(mac.finalize().into_bytes()))
}

fn event(kind: &str, more: &str, object: &str) -> String {
    format!(
        r#"{{"id":"evt_1","object":"event","type":"{kind}","livemode":false{more},"data":{{"object":{object}}}}}"#
    )
}

fn read_event(body: &str) -> Result<Notice, NoticeError> {
    told(body, &sign(SECRET, body))
}

#[test]
fn the_vector_is_believed_and_must_be_confirmed() {
    let notice = told(VECTOR, &format!("t={AT},v1={VECTOR_V1}")).unwrap();
    assert_eq!(notice.psp_refund_id.as_deref(), Some("re_1"));
    assert_eq!(notice.amount, Some(money(500, "USD")));
    assert_eq!(notice.outcome, Outcome::Succeeded { psp_refund_id: Some("re_1".into()), arn: None });
    assert_eq!((notice.key, notice.psp_payment_ids.len(), notice.foreign), (None, 0, None));
    assert!(notice.must_confirm && notice.superseded_by.is_empty());
    assert!(notice.record.contains("re_1") && !notice.record.contains(SECRET));
}

#[test]
fn one_good_signature_of_several_is_enough() {
    let zeros = "0".repeat(64);
    for header in [
        format!("t={AT},v1={zeros},v1={VECTOR_V1}"),
        format!("t={AT},v1={VECTOR_V1},v1={zeros},v0={zeros}"),
        format!("v1={VECTOR_V1}, t={AT}"),
        format!("t={AT},x,v1=zz,v1={VECTOR_V1}"),
    ] {
        assert!(told(VECTOR, &header).is_ok(), "{header}");
    }
}

#[test]
fn any_other_signature_is_a_bad_one() {
    let zeros = "0".repeat(64);
    for header in [
        String::new(),
        format!("v1={VECTOR_V1}"),
        format!("t={AT}"),
        format!("t={AT},v1="),
        format!("t={AT},v1={zeros}"),
        format!("t={AT},v0={VECTOR_V1}"),
        format!("t={AT},v1={}", &VECTOR_V1[2..]),
        format!("t={},v1={VECTOR_V1}", AT + 1),
        format!("t=+{AT},v1={VECTOR_V1}"),
        format!("t=now,v1={VECTOR_V1}"),
    ] {
        assert_eq!(told(VECTOR, &header), Err(NoticeError::BadSignature), "{header}");
    }
    let good = format!("t={AT},v1={VECTOR_V1}");
    for (from, to) in [("500", "501"), ("re_1", "re_2"), ("succeeded", "failed"), ("usd", "eur")] {
        assert_eq!(told(&VECTOR.replace(from, to), &good), Err(NoticeError::BadSignature), "{from}");
    }
    assert_eq!(read(&account(), &inbound(VECTOR, None, AT)), Err(NoticeError::BadSignature));
    assert_eq!(told(VECTOR, &sign("whsec_other", VECTOR)), Err(NoticeError::BadSignature));
    let mut without = account();
    without.credentials = [("secret_key".to_owned(), "sk_test_1".to_owned())].into_iter().collect();
    assert_eq!(read(&without, &inbound(VECTOR, Some(&good), AT)), Err(NoticeError::BadSignature));
    // Whoever has no secret must not be able to sign with none.
    assert_eq!(read(&without, &inbound(VECTOR, Some(&sign("", VECTOR)), AT)), Err(NoticeError::BadSignature));
}

#[test]
fn what_was_signed_long_ago_may_be_a_replay() {
    let header = format!("t={AT},v1={VECTOR_V1}");
    for (seconds, good) in [
        (0, true),
        (300, true),
        (301, false),
        (-300, true),
        (-301, false),
        (i64::MIN / 1_000_000 - AT, false),
    ] {
        let read = read(&account(), &inbound(VECTOR, Some(&header), AT + seconds));
        assert_eq!(read.is_ok(), good, "{seconds}");
        assert_eq!(read.err(), (!good).then_some(NoticeError::BadSignature));
    }
}

#[test]
fn events_about_refunds_are_read_and_no_others() {
    let refund = object(ID, "failed", KEY).replace("null,\"end", "\"lost_or_stolen_card\",\"end");
    for kind in REFUND_EVENTS {
        let notice = read_event(&event(kind, "", &refund)).unwrap();
        assert_eq!(notice.key.as_deref(), Some(KEY), "{kind}");
        assert_eq!(notice.psp_refund_id.as_deref(), Some(ID));
        assert_eq!(notice.psp_payment_ids, [CHARGE]);
        assert_eq!(notice.amount, Some(money(1_000, "USD")));
        let Outcome::Refused(refusal) = notice.outcome else { panic!("{:?}", notice.outcome) };
        assert_eq!(refusal.code, "lost_or_stolen_card");
        assert!(notice.must_confirm && notice.foreign.is_none());
    }
    for kind in ["charge.refunded", "charge.succeeded", "refund", "", "v1.refund.created"] {
        let charge = event(kind, "", &refund.replace("\"refund\"", "\"charge\""));
        assert_eq!(read_event(&charge), Err(NoticeError::NotARefund), "{kind}");
    }
    let intent = refund.replace("\"payment_intent\":null", "\"payment_intent\":\"pi_9\"");
    let notice = read_event(&event("refund.failed", "", &intent)).unwrap();
    assert_eq!(notice.psp_payment_ids, ["pi_9", CHARGE], "it may be known by either");
}

#[test]
fn a_signed_message_that_is_no_event_is_not_understood() {
    let good = object(ID, "succeeded", KEY);
    for body in [
        String::new(),
        "{}".to_owned(),
        "[1]".to_owned(),
        event("refund.updated", "", "7"),
        event("refund.updated", "", &good.replace("\"refund\"", "\"charge\"")),
        event("refund.updated", "", &good.replace(ID, "../x")),
        r#"{"type":"refund.updated"}"#.to_owned(),
        r#"{"type":"refund.updated","data":{}}"#.to_owned(),
    ] {
        assert_eq!(read_event(&body), Err(NoticeError::NotUnderstood), "{body}");
    }
    let odd = read_event(&event("refund.updated", "", &good.replace("succeeded", "lost"))).unwrap();
    assert!(matches!(odd.outcome, Outcome::Unknown(_)));
}

#[test]
fn what_comes_from_elsewhere_is_foreign() {
    let good = object(ID, "succeeded", KEY);
    let foreign = |body: &str| read_event(body).unwrap().foreign;
    assert_eq!(foreign(&event("refund.updated", "", &good)), None);
    assert_eq!(foreign(&event("refund.updated", r#","account":null"#, &good)), None);
    let connected = event("refund.updated", r#","account":"acct_1""#, &good);
    assert_eq!(foreign(&connected).as_deref(), Some("the connected account acct_1"));
    let live = event("refund.updated", "", &good).replace("\"livemode\":false", "\"livemode\":true");
    assert_eq!(foreign(&live).as_deref(), Some("live mode, and not test mode"));
    let both = connected.replace("\"livemode\":false", "\"livemode\":true");
    let told = "the connected account acct_1; live mode, and not test mode";
    assert_eq!(foreign(&both).as_deref(), Some(told), "each is told");
    let mut account = account();
    account.environment = Environment::Live;
    let test = event("refund.updated", "", &good);
    let read = read(&account, &inbound(&test, Some(&sign(SECRET, &test)), AT)).unwrap();
    assert_eq!(read.foreign.as_deref(), Some("test mode, and not live mode"));
}

proptest! {
    #[test]
    fn any_bytes_are_refused_without_a_panic(body: Vec<u8>, header in "[ -~]{0,200}", at in -1_000_000_000_000_i64..1_000_000_000_000) {
        let mut headers = HeaderMap::new();
        headers.insert(SIGNATURE, HeaderValue::from_str(&header).unwrap());
        let received_at = Timestamp::from_micros(at);
        let inbound = Inbound { headers, body: body.into(), received_at };
        prop_assert_eq!(read(&account(), &inbound), Err(NoticeError::BadSignature));
    }

    #[test]
    fn signed_rubbish_is_no_notice(body in ".{0,200}") {
        prop_assert!(read_event(&body).is_err());
    }
}
