//! What is sent, what is understood of the answers, and what is shown.

mod account;

use super::*;
use crate::session::Session;
use crate::testing::{Scripted, answer};
use crate::transport::{HttpRequest, HttpResponse, Reuse, TransportError};
use futures_util::FutureExt;
use http::HeaderMap;
use proptest::prelude::*;
use rcgen::{CertificateParams, KeyPair};
use redress_core::environment::Environment;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Again, Finding, PspRefusal};
use redress_core::time::Timestamp;
use std::sync::LazyLock;
use std::time::Duration;

const BASE: &str = "https://b2b.stcpay.com.sa";
const PAYMENT: &str = "1262678035888";
const REFUND: &str = "1262678035999";
const CODE: &str = "61000000001";
const V4: &str = "/B2B.DirectPayment.WebApi/DirectPayment/V4/PaymentInquiry";

/// A certificate and its key, in PEM.
fn certified() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["merchant".to_owned()]).unwrap().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

static IDENTITY: LazyLock<(String, String)> = LazyLock::new(certified);

fn account_with(environment: Environment, fields: &[(&str, &str)]) -> AccountConfig {
    AccountConfig {
        environment,
        base_url: Some(BASE.to_owned()),
        notification_url: None,
        credentials: fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        timeout: Duration::from_secs(3),
        session: Session::default(),
    }
}

/// All that is needed with real money.
fn fields() -> Vec<(&'static str, &'static str)> {
    vec![("client_code", CODE), ("certificate", &IDENTITY.0), ("private_key", &IDENTITY.1)]
}

fn account() -> AccountConfig {
    account_with(Environment::Live, &fields())
}

fn money(minor: i64, code: &str) -> Amount {
    Amount::new(minor, Currency::from_code(code).unwrap())
}

fn ask() -> SubmitAsk {
    SubmitAsk {
        key: "rf-01k9q3f7zt8m2v5c6x0n4b1d2e".to_owned(),
        psp_payment_id: PAYMENT.to_owned(),
        amount: money(2080, "SAR"),
        reason: "wrong size".to_owned(),
    }
}

fn made(fields: &str) -> String {
    format!(r#"{{"RefundPaymentResponseMessage":{{{fields}}}}}"#)
}

fn error(code: &str) -> String {
    format!(r#"{{"Code":{code},"Text":"said","Type":0}}"#)
}

fn submit_to(transport: &Scripted, account: &AccountConfig, ask: &SubmitAsk) -> Exchange {
    StcPay.submit(transport, account, ask).now_or_never().unwrap()
}

fn submitted(status: u16, body: &str) -> Outcome {
    submit_to(&Scripted::new([answer(status, body.to_owned())]), &account(), &ask()).outcome
}

fn unknown(finding: Finding) -> Outcome {
    Outcome::Unknown(finding)
}

fn done() -> Outcome {
    Outcome::Succeeded { psp_refund_id: Some(REFUND.to_owned()), arn: None }
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_submit_is_the_same_bytes_every_time() {
    let transport = Scripted::new([answer(500, ""), answer(500, "")]);
    submit_to(&transport, &account(), &ask());
    submit_to(&transport, &account(), &ask());
    let sent = transport.sent();
    assert_eq!((&sent[0].body, &sent[0].url), (&sent[1].body, &sent[1].url));
    assert_eq!(sent[0].headers, sent[1].headers);
    assert_eq!(
        std::str::from_utf8(&sent[0].body).unwrap(),
        r#"{"RefundPaymentRequestMessage":{"STCPayRefNum":"1262678035888","Amount":20.80}}"#
    );
    assert_eq!(sent[0].method, "POST");
    assert_eq!(
        sent[0].url,
        "https://b2b.stcpay.com.sa/B2B.MerchantTransactionsWebApi/MerchantTransactions/v3/RefundPayment"
    );
    assert_eq!(header(&sent[0], "X-ClientCode"), Some(CODE));
    assert_eq!((header(&sent[0], "X-UserName"), header(&sent[0], "X-Password")), (None, None));
    assert_eq!(sent[0].reuse, Reuse::Never);
    assert!(sent[0].https_only);
    let identity = sent[0].identity.as_ref().unwrap();
    assert_eq!(identity.check(), Ok(()));
    assert_eq!(identity.pem(), format!("{}\n{}", IDENTITY.0, IDENTITY.1));
}

#[test]
fn name_password_and_another_path_go_out_where_they_are_given() {
    let path = "/B2B.MerchantTransactions.WebApi/MerchantTransactions/v3/RefundPayment";
    let more =
        [("client_code", CODE), ("user_name", "shop"), ("password", "hush hush!"), ("refund_path", path)];
    let account = account_with(Environment::Sandbox, &more);
    assert!(StcPay.check_account(&account).is_err(), "a blank cannot stand in the header");
    let more = more.map(|(name, value)| (name, if name == "password" { "hush-hush!" } else { value }));
    let account = account_with(Environment::Sandbox, &more);
    assert_eq!(StcPay.check_account(&account), Ok(()));
    let transport = Scripted::new([answer(200, r#"{"hush-hush!":"61000000001"}"#)]);
    let record = submit_to(&transport, &account, &ask()).record;
    let sent = &transport.sent()[0];
    assert_eq!((header(sent, "X-UserName"), header(sent, "X-Password")), (Some("shop"), Some("hush-hush!")));
    assert_eq!(sent.url, format!("{BASE}{path}"));
    assert!(sent.identity.is_none() && !sent.https_only);
    assert!(record.contains(&format!("> POST {path}")) && !record.contains("hush"), "{record}");
}

#[test]
fn sums_go_out_in_riyals_with_two_decimals() {
    for (amount, text) in [
        (money(2080, "SAR"), Some("20.80")),
        (money(2000, "SAR"), Some("20.00")),
        (money(1, "SAR"), Some("0.01")),
        (money(i64::MAX, "SAR"), Some("92233720368547758.07")),
        (money(0, "SAR"), None),
        (money(-1, "SAR"), None),
        (money(2080, "USD"), None),
        (money(2080, "KWD"), None),
        (money(2080, "VND"), None),
    ] {
        let body = wire::refund(PAYMENT, amount).map(|body| String::from_utf8(body).unwrap());
        let expected = text.map(|text| {
            format!(r#"{{"RefundPaymentRequestMessage":{{"STCPayRefNum":"{PAYMENT}","Amount":{text}}}}}"#)
        });
        assert_eq!(body, expected, "{amount}");
    }
}

#[test]
fn what_cannot_be_said_is_refused_without_a_word() {
    let transport = Scripted::default();
    for wrong in [
        SubmitAsk { psp_payment_id: String::new(), ..ask() },
        SubmitAsk { psp_payment_id: "1 2".into(), ..ask() },
        SubmitAsk { amount: money(2080, "AED"), ..ask() },
        SubmitAsk { amount: money(0, "SAR"), ..ask() },
    ] {
        assert_eq!(submit_to(&transport, &account(), &wrong).outcome.as_str(), "refused", "{wrong:?}");
    }
    assert!(transport.sent().is_empty());
}

#[test]
fn a_new_reference_is_a_refund_that_was_made() {
    for body in [
        made(r#""NewSTCPayRefNum":"1262678035999""#),
        made(r#""NewSTCPayRefNum":1262678035999"#),
        made(r#""NewSTCPayRefNum":"1262678035999","STCPayRefNum":"1262678035888","Amount":20.8"#),
        made(r#""NewSTCPayRefNum":"1262678035999","STCPayRefNum":1262678035888,"Amount":"20.800","More":{}"#),
    ] {
        assert_eq!(submitted(200, &body), done(), "{body}");
        // The word of a proxy, or of nobody.
        for (status, finding) in [
            (403, Finding::NotUnderstood),
            (302, Finding::NotUnderstood),
            (429, Finding::NoAnswer),
            (500, Finding::NoAnswer),
            (503, Finding::NoAnswer),
        ] {
            assert_eq!(submitted(status, &body), unknown(finding), "{status} {body}");
        }
    }
    for fields in [
        r#""NewSTCPayRefNum":"1262678035999","STCPayRefNum":"1262678035889""#,
        r#""NewSTCPayRefNum":"1262678035999","Amount":20"#,
        r#""NewSTCPayRefNum":"1262678035999","Amount":2080"#,
        r#""NewSTCPayRefNum":"1262678035999","Amount":20.801"#,
        r#""NewSTCPayRefNum":"1262678035999","Amount":"much""#,
    ] {
        assert_eq!(submitted(200, &made(fields)), unknown(Finding::Mismatch), "{fields}");
    }
    for fields in [
        "",
        r#""NewSTCPayRefNum":null"#,
        r#""NewSTCPayRefNum":"""#,
        r#""NewSTCPayRefNum":0"#,
        r#""NewSTCPayRefNum":"0000""#,
        r#""NewSTCPayRefNum":1.5"#,
        r#""NewSTCPayRefNum":-5"#,
        r#""NewSTCPayRefNum":["1262678035999"]"#,
        r#""NewSTCPayRefNum":"a/b""#,
        r#""NewSTCPayRefNum":"1262678035888""#,
        r#""NewSTCPayRefNum":"1","NewSTCPayRefNum":"2""#,
    ] {
        assert_eq!(submitted(200, &made(fields)), unknown(Finding::NotUnderstood), "{fields}");
    }
    let both = r#"{"Code":2003,"RefundPaymentResponseMessage":{"NewSTCPayRefNum":"1262678035999"}}"#;
    assert_eq!(submitted(200, both), unknown(Finding::NotUnderstood), "it contradicts itself");
}

#[test]
fn every_code() {
    for code in 1990..2050 {
        let refuses = [2001, 2003, 2004, 2006, 2026, 2027, 2033, 2034, 2035, 2036].contains(&code);
        let code = code.to_string();
        let refusal =
            PspRefusal { code: code.clone(), text: "said".to_owned(), again: Again::No, psp_refund_id: None };
        let expected = if refuses { Outcome::Refused(refusal) } else { unknown(Finding::NotUnderstood) };
        for status in [200, 400, 401, 403, 404] {
            assert_eq!(submitted(status, &error(&code)), expected, "{status} {code}");
            assert_eq!(submitted(status, &error(&format!("\"{code}\""))), expected, "{status} {code}");
        }
        for status in [429, 500, 502, 503, 504] {
            assert_eq!(submitted(status, &error(&code)), unknown(Finding::NoAnswer), "{status} {code}");
        }
        assert_eq!(submitted(302, &error(&code)), unknown(Finding::NotUnderstood), "{code}");
    }
    for code in ["2003.0", "02003", "\"\"", "\"x\"", "-2003", "null", "[2003]", "2.003e3", "99992003"] {
        assert_eq!(submitted(403, &error(code)), unknown(Finding::NotUnderstood), "{code}");
    }
    assert_eq!(submitted(403, r#"{"Code":2006}"#).as_str(), "refused");
    assert_eq!(StcPay.payment_not_known_codes(), ["2006"]);
}

#[test]
fn an_empty_answer_is_no_refusal_and_is_noted() {
    for status in [200, 401, 403, 404] {
        let exchange = submit_to(&Scripted::new([answer(status, "")]), &account(), &ask());
        assert_eq!(exchange.outcome, unknown(Finding::NotUnderstood), "{status}");
        assert!(exchange.record.contains("wrong certificate or client code"), "{}", exchange.record);
    }
    let exchange = submit_to(&Scripted::new([answer(500, "")]), &account(), &ask());
    assert_eq!(exchange.outcome, unknown(Finding::NoAnswer));
    assert!(!exchange.record.contains("certificate"), "{}", exchange.record);
    for body in ["<html>", "null", "[]", "{}", r#"{"Text":"said"}"#, r#"{"Message":"denied"}"#] {
        assert_eq!(submitted(403, body), unknown(Finding::NotUnderstood), "{body}");
    }
}

#[test]
fn what_did_not_leave_and_what_broke_are_told_apart() {
    let broken = Scripted::new([
        Err(TransportError::NotSent("no route".into())),
        Err(TransportError::Broken("cut".into())),
    ]);
    let not_sent = submit_to(&broken, &account(), &ask()).outcome;
    assert_eq!(not_sent, Outcome::NotSent { reason: "no route".into() });
    assert_eq!(submit_to(&broken, &account(), &ask()).outcome, unknown(Finding::NoAnswer));
}

#[test]
fn nobody_is_asked_about_a_refund() {
    let ask = QueryAsk {
        key: "rf-1".to_owned(),
        psp_payment_id: PAYMENT.to_owned(),
        psp_refund_id: Some(REFUND.to_owned()),
        amount: money(2080, "SAR"),
        first_sent_at: Timestamp::from_micros(0),
        now: Timestamp::from_micros(1),
        nonce: [1; 10],
        bound_elsewhere: Vec::new(),
    };
    let exchange = StcPay.query(&Scripted::default(), &account(), &ask).now_or_never().unwrap();
    assert_eq!(exchange.outcome, Outcome::NotSent { reason: CANNOT_BE_ASKED.to_owned() });
    assert!(!StcPay.recipe().lookup.is_possible(true) && StcPay.capabilities().one_in_flight);
}

#[test]
fn key_and_certificate_are_shown_nowhere() {
    // A server that says all it knows, and more.
    let said = serde_json::to_string(&[&IDENTITY.0, &IDENTITY.1]).unwrap();
    let transport = Scripted::new([answer(400, said), answer(400, format!("{}{CODE}", IDENTITY.1))]);
    let mut shown = String::new();
    for _ in 0..2 {
        let exchange = submit_to(&transport, &account(), &ask());
        shown += &format!("{exchange:?}");
    }
    shown += &format!("{:?} {:?}", account(), transport.sent());
    assert!(shown.contains(PAYMENT) && shown.contains("< HTTP 400"), "{shown}");
    for line in IDENTITY.1.lines().chain(IDENTITY.0.lines()).filter(|line| line.len() >= 8) {
        assert!(!shown.contains(line), "{line}: {shown}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_unknown(body: Vec<u8>, status in 100u16..600) {
        let response = HttpResponse { status, headers: HeaderMap::new(), body: body.into() };
        prop_assert!(matches!(read::refund(&response, &ask()), Outcome::Unknown(_)));
        prop_assert!(!matches!(read::check(&response), AccountCheck::Proved(_)));
    }

    #[test]
    fn one_changed_byte_never_makes_a_success_of_another_kind(at in 0usize..100, byte: u8) {
        let mut bytes = made(r#""NewSTCPayRefNum":"1262678035999","STCPayRefNum":"1262678035888""#).into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let response = HttpResponse { status: 200, headers: HeaderMap::new(), body: bytes.clone().into() };
        let outcome = read::refund(&response, &ask());
        prop_assert!(!matches!(outcome, Outcome::Refused(_)));
        if let Outcome::Succeeded { .. } = outcome {
            let text = String::from_utf8(bytes).unwrap();
            prop_assert!(text.contains(r#""RefundPaymentResponseMessage""#) && text.contains(r#""NewSTCPayRefNum""#));
        }
    }

    #[test]
    fn sums_are_read_back_as_they_were_sent(minor in 1i64.., code in "SAR|KWD|BHD|AED|JPY|USD|VND|CLF") {
        let body = wire::refund(PAYMENT, money(minor, &code));
        prop_assert_eq!(body.is_some(), code == "SAR");
        if let Some(body) = body {
            let text = String::from_utf8(body).unwrap();
            let (_, number) = text.trim_end_matches('}').rsplit_once(':').unwrap();
            let (whole, decimals) = number.split_once('.').unwrap();
            prop_assert_eq!(decimals.len(), 2);
            prop_assert_eq!(format!("{whole}{decimals}").parse::<i64>(), Ok(minor));
        }
    }
}
