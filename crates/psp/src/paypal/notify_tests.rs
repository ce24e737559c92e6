//! Notifications: what is asked of PayPal about them, and what is not.

use super::tests::{CAPTURE, ID, KEY, account, let_in, object, token};
use super::*;
use crate::account::Credentials;
use crate::testing::{Scripted, answer};
use crate::transport::{HttpResponse, TransportError};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use redress_core::money::{Amount, Currency};
use redress_core::time::Timestamp;

/// A notification's headers; the values are those of the sample in PayPal's description.
const HEADERS: [(&str, &str); 5] = [
    ("paypal-auth-algo", "SHA256withRSA"),
    ("paypal-cert-url", "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42"),
    ("paypal-transmission-id", "69cd13f0-d67a-11e5-baa3-778b53f4ae55"),
    ("paypal-transmission-sig", "lmI95Jx3Y9nhR5SJWlHVIWpg4AgFk7n9bCHSRxbrd8A9zrhdu2rMyFrmz=="),
    ("paypal-transmission-time", "2016-02-18T20:01:35Z"),
];

fn event(event_type: &str, resource: &str) -> String {
    // Spaces, an escape and an order that nobody would write again.
    format!(
        r#"{{ "resource" : {resource}, "links":[], "x":"\/\u0041", "event_type":"{event_type}", "n":1.0 }}"#
    )
}

fn inbound(body: impl Into<bytes::Bytes>) -> Inbound {
    let headers = HEADERS
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
    Inbound { headers, body: body.into(), received_at: Timestamp::from_micros(0) }
}

fn verdict(status: &str) -> Result<HttpResponse, TransportError> {
    answer(200, format!(r#"{{"verification_status":"{status}"}}"#))
}

fn read(
    answers: impl IntoIterator<Item = Result<HttpResponse, TransportError>>,
    account: &AccountConfig,
    inbound: &Inbound,
) -> (Result<Vec<Notice>, NoticeError>, Vec<HttpRequest>) {
    let transport = Scripted::new(answers);
    let notices = PayPal.read_notification(&transport, account, inbound).now_or_never().unwrap();
    (notices, transport.sent())
}

#[test]
fn a_notification_is_put_before_paypal_as_it_came() {
    let body = event("PAYMENT.CAPTURE.REFUNDED", &object("COMPLETED"));
    let (notices, sent) = read([token(), verdict("SUCCESS")], &account(), &inbound(body.clone()));
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[1].url, format!("{SANDBOX_BASE}/v1/notifications/verify-webhook-signature"));
    let asked = format!(
        r#"{{"auth_algo":"{}","cert_url":"{}","transmission_id":"{}","transmission_sig":"{}","transmission_time":"{}","#,
        HEADERS[0].1, HEADERS[1].1, HEADERS[2].1, HEADERS[3].1, HEADERS[4].1
    ) + &format!(r#""webhook_id":"1JE4291016473214C","webhook_event":{body}}}"#);
    assert_eq!(std::str::from_utf8(&sent[1].body).unwrap(), asked);
    let notice = notices.unwrap().pop().unwrap();
    assert_eq!(notice.key.as_deref(), Some(KEY));
    assert_eq!(notice.psp_refund_id.as_deref(), Some(ID));
    assert_eq!(notice.psp_payment_ids, [CAPTURE]);
    assert_eq!(notice.amount, Some(Amount::new(1_050, Currency::from_code("USD").unwrap())));
    assert_eq!(notice.outcome.as_str(), "succeeded");
    assert!(notice.must_confirm && notice.foreign.is_none());
    assert!(notice.record.contains(KEY), "{}", notice.record);
}

#[test]
fn the_events_of_refunds_are_taken_and_no_others() {
    for (event_type, status, outcome) in [
        ("PAYMENT.CAPTURE.REFUNDED", "COMPLETED", "succeeded"),
        ("PAYMENT.REFUND.PENDING", "PENDING", "pending"),
        ("PAYMENT.REFUND.FAILED", "FAILED", "refused"),
        // As it was before the event.
        ("PAYMENT.REFUND.FAILED", "COMPLETED", "refused"),
        ("PAYMENT.REFUND.CANCELLED", "COMPLETED", "refused"),
        ("PAYMENT.REFUND.FAILED", "PENDING", "refused"),
        ("PAYMENT.REFUND.PENDING", "COMPLETED", "succeeded"),
        ("PAYMENT.REFUND.COMPLETED", "COMPLETED", "succeeded"),
        ("PAYMENT.REFUND.SOMETHING", "SOMETHING", "not_understood"),
    ] {
        let inbound = inbound(event(event_type, &object(status)));
        let notice = read([verdict("SUCCESS")], &let_in(), &inbound).0.unwrap().pop().unwrap();
        assert_eq!(notice.outcome.as_str(), outcome, "{event_type}");
    }
    for event_type in [
        "PAYMENT.CAPTURE.REVERSED",
        "PAYMENT.CAPTURE.COMPLETED",
        "PAYMENT.SALE.REFUNDED",
        "PAYMENT.REFUND",
        "payment.capture.refunded",
        "",
    ] {
        let inbound = inbound(event(event_type, &object("COMPLETED")));
        let (notices, sent) = read([], &let_in(), &inbound);
        assert_eq!((notices, sent.len()), (Err(NoticeError::NotARefund), 0), "{event_type}");
    }
}

#[test]
fn one_that_names_another_merchant_is_foreign() {
    let of = |own: Option<&str>, named: &str| {
        let own = own.map(|id| ("merchant_id", id));
        let pairs = [("client_id", "a"), ("client_secret", "b"), ("webhook_id", "1JE4291016473214C")];
        let pairs = pairs.into_iter().chain(own).map(|(name, value)| (name.to_owned(), value.to_owned()));
        let account = AccountConfig { credentials: pairs.collect(), ..let_in() };
        let resource = object("COMPLETED").replacen('{', &format!(r#"{{"payer":{named},"#), 1);
        let inbound = inbound(event("PAYMENT.CAPTURE.REFUNDED", &resource));
        read([verdict("SUCCESS")], &account, &inbound).0.unwrap().pop().unwrap().foreign
    };
    let (ours, other) = ("7KAQ2M5V9XWEJ", r#"{"email_address":"a@b.example","merchant_id":"8KAQ2M5V9XWEJ"}"#);
    assert_eq!(of(Some(ours), other).as_deref(), Some("the merchant 8KAQ2M5V9XWEJ"));
    for named in [r#"{"merchant_id":"7KAQ2M5V9XWEJ"}"#, "{}", "null", r#"{"merchant_id":null}"#] {
        assert_eq!(of(Some(ours), named), None, "{named}");
    }
    assert_eq!(of(None, other), None, "whose the account is, nobody said");
}

#[test]
fn rubbish_costs_no_request() {
    let good = event("PAYMENT.CAPTURE.REFUNDED", &object("COMPLETED"));
    for (name, _) in HEADERS {
        for wrong in [None, Some(""), Some("über"), Some(&*"x".repeat(501))] {
            let mut inbound = inbound(good.clone());
            inbound.headers.remove(name);
            if let Some(wrong) = wrong {
                inbound.headers.insert(name, HeaderValue::from_bytes(wrong.as_bytes()).unwrap());
            }
            let (notices, sent) = read([], &let_in(), &inbound);
            assert_eq!((notices, sent.len()), (Err(NoticeError::BadSignature), 0), "{name} {wrong:?}");
        }
        let mut twice = inbound(good.clone());
        twice.headers.append(name, HeaderValue::from_static("again"));
        assert_eq!(read([], &let_in(), &twice).0, Err(NoticeError::BadSignature), "{name}");
    }
    for body in [
        "",
        "{}",
        "[]",
        "<html>",
        r#"{"event_type":"PAYMENT.CAPTURE.REFUNDED"}"#,
        &event("PAYMENT.CAPTURE.REFUNDED", "{}"),
        &event("PAYMENT.CAPTURE.REFUNDED", "7"),
        &event("PAYMENT.CAPTURE.REFUNDED", &object("COMPLETED").replace(ID, "../x")),
        &format!("{good}{good}"),
    ] {
        let (notices, sent) = read([], &let_in(), &inbound(body.to_owned()));
        assert_eq!((notices, sent.len()), (Err(NoticeError::NotUnderstood), 0), "{body}");
    }
    let pairs = [("client_id", "a"), ("client_secret", "b")];
    let credentials: Credentials = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let without = AccountConfig { credentials, ..let_in() };
    assert_eq!(read([], &without, &inbound(good)).0, Err(NoticeError::BadSignature), "no webhook");
}

#[test]
fn only_paypals_word_makes_it_paypals() {
    let inbound = inbound(event("PAYMENT.CAPTURE.REFUNDED", &object("COMPLETED")));
    for (reply, error) in [
        (verdict("FAILURE"), NoticeError::BadSignature),
        (verdict("success"), NoticeError::NotVerifiable),
        (answer(200, "{}"), NoticeError::NotVerifiable),
        (answer(201, r#"{"verification_status":"SUCCESS"}"#), NoticeError::NotVerifiable),
        (answer(400, r#"{"name":"VALIDATION_ERROR"}"#), NoticeError::NotVerifiable),
        (answer(503, ""), NoticeError::NotVerifiable),
        (Err(TransportError::Broken("reset".into())), NoticeError::NotVerifiable),
        (Err(TransportError::NotSent("refused".into())), NoticeError::NotVerifiable),
    ] {
        assert_eq!(read([reply], &let_in(), &inbound).0, Err(error));
    }
    assert_eq!(read([answer(401, "")], &account(), &inbound).0, Err(NoticeError::NotVerifiable), "no token");
    let renewed = read([answer(401, ""), token(), verdict("SUCCESS")], &let_in(), &inbound);
    assert!(renewed.0.is_ok(), "an old token is renewed");
}

proptest! {
    #[test]
    fn any_body_is_answered_without_a_panic(body: Vec<u8>) {
        let notices = read([], &let_in(), &inbound(body)).0;
        prop_assert!(matches!(notices, Err(NoticeError::NotUnderstood)));
        let nothing = Inbound { headers: HeaderMap::new(), ..inbound("") };
        prop_assert_eq!(read([], &let_in(), &nothing).0, Err(NoticeError::BadSignature));
    }
}
