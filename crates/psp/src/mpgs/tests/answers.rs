//! What is understood of the gateway's answers.

use super::*;
use crate::mpgs::read::{self, Expected};
use crate::mpgs::wire;
use crate::transport::HttpResponse;
use http::HeaderMap;
use proptest::prelude::*;
use redress_core::decimal::Decimal;

const REFUSALS: [&str; 15] = [
    "DECLINED",
    "DECLINED_AVS",
    "DECLINED_AVS_CSC",
    "DECLINED_CSC",
    "DECLINED_DO_NOT_CONTACT",
    "DECLINED_INVALID_PIN",
    "DECLINED_PAYMENT_PLAN",
    "DECLINED_PIN_REQUIRED",
    "EXPIRED_CARD",
    "BLOCKED",
    "NOT_SUPPORTED",
    "INSUFFICIENT_FUNDS",
    "CANCELLED",
    "ABORTED",
    "UNSPECIFIED_FAILURE",
];
const APPROVALS: [&str; 3] = ["APPROVED", "APPROVED_AUTO", "APPROVED_PENDING_SETTLEMENT"];
const WAITS: [&str; 3] = ["PENDING", "SUBMITTED", "DEFERRED_TRANSACTION_RECEIVED"];
const UNCLEAR: [&str; 8] = [
    "TIMED_OUT",
    "UNKNOWN",
    "ACQUIRER_SYSTEM_ERROR",
    "SYSTEM_ERROR",
    "PARTIALLY_APPROVED",
    "REFERRED",
    "approved",
    "",
];

fn expected() -> Expected<'static> {
    Expected { merchant_id: MERCHANT, psp_payment_id: ORDER, key: KEY, amount: money(1234, "SAR") }
}

/// The same answer to a submit and to a query.
fn both(status: u16, body: &str) -> Outcome {
    let outcome = submitted(status, body);
    assert_eq!(queried(status, body), outcome, "{status} {body}");
    outcome
}

#[test]
fn every_result_with_every_gateway_code() {
    let minutes = Again::After(Duration::from_secs(300));
    for code in APPROVALS {
        assert_eq!(both(201, &transaction("SUCCESS", code)), done(), "{code}");
    }
    for code in WAITS {
        for result in ["SUCCESS", "PENDING"] {
            let note = Some(format!("Mastercard Gateway says {result} {code}"));
            let pending = Outcome::Pending { psp_refund_id: None, note };
            assert_eq!(both(201, &transaction(result, code)), pending, "{result} {code}");
        }
    }
    for code in REFUSALS {
        assert_eq!(both(201, &transaction("FAILURE", code)), refused(code, "00 said", Again::No), "{code}");
    }
    let locked = refused("LOCK_FAILURE", "00 said", minutes);
    assert_eq!(submitted(201, &transaction("FAILURE", "LOCK_FAILURE")), locked);
    // An earlier send may have held the lock, and go through.
    assert_eq!(queried(200, &transaction("FAILURE", "LOCK_FAILURE")), unknown(Finding::NotUnderstood));
    for code in UNCLEAR {
        for result in ["SUCCESS", "PENDING", "FAILURE", "UNKNOWN", "ERROR", "success", ""] {
            let outcome = both(201, &transaction(result, code));
            assert_eq!(outcome, unknown(Finding::NotUnderstood), "{result} {code}");
        }
    }
}

#[test]
fn a_result_and_a_code_that_contradict_each_other_decide_nothing() {
    let open = unknown(Finding::NotUnderstood);
    for code in APPROVALS.iter().chain(&WAITS) {
        for result in ["FAILURE", "UNKNOWN", "ERROR"] {
            assert_eq!(both(201, &transaction(result, code)), open, "{result} {code}");
        }
    }
    for code in APPROVALS {
        assert_eq!(both(201, &transaction("PENDING", code)), open, "{code}");
    }
    for code in REFUSALS.iter().chain(&["LOCK_FAILURE"]) {
        for result in ["SUCCESS", "PENDING", "UNKNOWN", "ERROR"] {
            assert_eq!(both(201, &transaction(result, code)), open, "{result} {code}");
        }
    }
    let silent = |result| transaction(result, "X").replace(r#""gatewayCode":"X""#, r#""x":1"#);
    assert_eq!(both(201, &silent("PENDING")).as_str(), "pending");
    for result in ["SUCCESS", "FAILURE", "UNKNOWN"] {
        assert_eq!(both(201, &silent(result)), open, "{result} without a code");
    }
}

#[test]
fn every_cause_of_an_error() {
    let said = |cause| refused(cause, "said", Again::No);
    let not_let_in =
        Outcome::NotSent { reason: "Mastercard Gateway did not let the account in: said".to_owned() };
    for status in [400, 401, 403, 404, 409] {
        for cause in ["INVALID_REQUEST", "REQUEST_REJECTED"] {
            // Who asks is at fault, and not what is asked for: nothing was done, and the refund is not refused.
            let turned_away = status == 401 || cause == "REQUEST_REJECTED";
            let outcome = if turned_away { not_let_in.clone() } else { said(cause) };
            assert_eq!(submitted(status, &error(cause, "said")), outcome, "{status} {cause}");
        }
        for cause in ["SERVER_BUSY", "SERVER_FAILED"] {
            assert_eq!(both(status, &error(cause, "said")), unknown(Finding::NoAnswer), "{status} {cause}");
        }
        assert_eq!(both(status, &error("SOMETHING_NEW", "said")), unknown(Finding::NotUnderstood));
        let success = error("INVALID_REQUEST", "said").replace("ERROR", "SUCCESS");
        assert_eq!(both(status, &success), unknown(Finding::NotUnderstood), "{status}");
    }
    for status in [408, 429, 500, 502, 503, 504] {
        for cause in ["INVALID_REQUEST", "REQUEST_REJECTED", "SERVER_BUSY", "SERVER_FAILED"] {
            assert_eq!(both(status, &error(cause, "said")), unknown(Finding::NoAnswer), "{status} {cause}");
        }
        assert_eq!(both(status, &transaction("SUCCESS", "APPROVED")), unknown(Finding::NoAnswer), "{status}");
    }
    for status in [200, 201, 302, 101] {
        assert_eq!(both(status, &error("INVALID_REQUEST", "x")), unknown(Finding::NotUnderstood), "{status}");
    }
    let field = r#"{"error":{"cause":"INVALID_REQUEST","explanation":"Value '0.00' is invalid.","field":"transaction.amount",
        "validationType":"INVALID"},"result":"ERROR"}"#;
    let text = "Value '0.00' is invalid. (transaction.amount)";
    assert_eq!(submitted(400, field), refused("INVALID_REQUEST", text, Again::No));
}

#[test]
fn what_is_not_there_is_not_found_and_a_refused_question_says_nothing() {
    for status in [400, 404] {
        assert_eq!(queried(status, &error("INVALID_REQUEST", "no such")), unknown(Finding::NotFound));
        for text in [
            "Invalid credentials.",
            "Authenticated entity not authorised to perform operation for target entity",
            "After url path /rest/version/100/merchant/M/order/O, expected /transaction",
        ] {
            let outcome = queried(status, &error("INVALID_REQUEST", text));
            assert_eq!(outcome, unknown(Finding::NotUnderstood), "{text}");
        }
    }
    for status in [401, 403, 409] {
        for text in ["Invalid credentials.", "no such"] {
            let outcome = queried(status, &error("INVALID_REQUEST", text));
            assert_eq!(outcome, unknown(Finding::NotUnderstood), "{status} {text}");
        }
        let check = checked(status, &error("INVALID_REQUEST", "no such"));
        assert!(matches!(check, AccountCheck::Refused(_)), "{status}: {check:?}");
    }
    for status in [400, 401, 404] {
        assert_eq!(queried(status, &error("REQUEST_REJECTED", "no")), unknown(Finding::NotUnderstood));
    }
}

#[test]
fn every_echo_is_compared() {
    let good = transaction("SUCCESS", "APPROVED");
    let bad = transaction("FAILURE", "DECLINED");
    let id = format!(r#""id":"{KEY}""#);
    let order = format!(r#""id":"{ORDER}""#);
    let merchant = format!(r#""merchant":"{MERCHANT}""#);
    let changes: [(&str, &str); 8] = [
        (&id, r#""id":"rf-another""#),
        (&order, r#""id":"another""#),
        (&merchant, r#""merchant":"ANOTHER""#),
        (r#""type":"REFUND""#, r#""type":"PAYMENT""#),
        (r#"{"amount":12.34"#, r#"{"amount":1.23"#),
        (r#"{"amount":12.34"#, r#"{"amount":12.345"#),
        (r#"{"amount":12.34"#, r#"{"amount":true"#),
        (r#""currency":"SAR","id":"rf"#, r#""currency":"KWD","id":"rf"#),
    ];
    for (from, to) in changes {
        for body in [&good, &bad] {
            let squeezed = body.replace("\n        ", "");
            assert!(squeezed.contains(from), "{from}");
            assert_eq!(both(201, &squeezed.replace(from, to)), unknown(Finding::Mismatch), "{to}");
        }
    }
    for amount in [r#"{"amount":"12.34""#, r#"{"amount":12.340"#, r#"{"amount":1234e-2"#] {
        let same = good.replace(r#"{"amount":12.34"#, amount);
        assert_eq!(both(201, &same), done(), "{amount}: the same number");
    }
}

#[test]
fn an_answer_that_does_not_say_of_what_it_speaks_is_no_success() {
    let id = format!(r#""id":"{KEY}""#);
    let order = format!(r#""id":"{ORDER}""#);
    let merchant = format!(r#""merchant":"{MERCHANT}""#);
    let parts =
        [&*id, &order, &merchant, r#""type":"REFUND""#, r#""amount":12.34,"#, r#""currency":"SAR","id":"rf"#];
    for part in parts {
        for (result, code) in [("SUCCESS", "APPROVED"), ("PENDING", "PENDING")] {
            let body = transaction(result, code)
                .replace("\n        ", "")
                .replace(part, &part.replacen('"', "\"x", 1));
            assert_eq!(both(201, &body), unknown(Finding::NotUnderstood), "{part}");
        }
        // A refusal of the submit itself may be short; one of a question may not.
        let short = transaction("FAILURE", "DECLINED")
            .replace("\n        ", "")
            .replace(part, &part.replacen('"', "\"x", 1));
        assert_eq!(submitted(201, &short), refused("DECLINED", "00 said", Again::No), "{part}");
        assert_eq!(queried(201, &short), unknown(Finding::NotUnderstood), "{part}");
    }
    let bare = r#"{"result":"FAILURE","response":{"gatewayCode":"DECLINED"}}"#;
    assert_eq!(submitted(201, bare), refused("DECLINED", "", Again::No));
    assert_eq!(
        submitted(201, &bare.replace("FAILURE", "SUCCESS").replace("DECLINED", "APPROVED")).as_str(),
        "not_understood"
    );
}

#[test]
fn rubbish_is_not_understood() {
    for rubbish in [
        "",
        "null",
        "[]",
        "{}",
        "<html>",
        r#"{"result":1}"#,
        r#"{"result":"SUCCESS"}"#,
        r#"{"result":"SUCCESS","result":"SUCCESS"}"#,
        r#"{"result":"ERROR","error":null}"#,
        r#"{"result":"SUCCESS","transaction":[]}"#,
    ] {
        for status in [200, 201, 400, 404] {
            assert_eq!(both(status, rubbish), unknown(Finding::NotUnderstood), "{status} {rubbish}");
        }
    }
}

#[test]
fn a_broken_exchange_is_unknown_and_one_that_never_began_is_not_sent() {
    let outcome = |error| {
        let transport = Scripted::new([Err(error)]);
        Mpgs.submit(&transport, &account(), &ask()).now_or_never().unwrap().outcome
    };
    assert_eq!(outcome(TransportError::Broken("reset".into())), unknown(Finding::NoAnswer));
    assert_eq!(
        outcome(TransportError::NotSent("refused".into())),
        Outcome::NotSent { reason: "refused".into() }
    );
}

#[test]
fn a_check_is_let_in_or_not() {
    for status in [400, 404] {
        let check = checked(status, &error("INVALID_REQUEST", "no such order"));
        assert!(matches!(check, AccountCheck::Proved(_)), "{check:?}");
    }
    for (status, cause, text) in [
        (401, "INVALID_REQUEST", "Invalid credentials."),
        (400, "INVALID_REQUEST", "Invalid credentials."),
        (
            400,
            "INVALID_REQUEST",
            "Authenticated entity not authorised to perform operation for target entity",
        ),
        (404, "INVALID_REQUEST", "After url path /rest, expected /version"),
        (400, "REQUEST_REJECTED", "no"),
        (403, "REQUEST_REJECTED", "no"),
    ] {
        let check = checked(status, &error(cause, text));
        let AccountCheck::Refused(said) = &check else { panic!("{status} {cause} {text}: {check:?}") };
        assert!(said.contains(text) && said.contains(cause), "{said}");
    }
    assert!(matches!(checked(401, ""), AccountCheck::Refused(_)));
    for (status, body) in [
        (200, transaction("SUCCESS", "APPROVED")),
        (404, "<html>".to_owned()),
        (400, error("SERVER_BUSY", "")),
        (500, error("INVALID_REQUEST", "")),
        (302, String::new()),
    ] {
        assert!(matches!(checked(status, &body), AccountCheck::Unclear(_)), "{status} {body}");
    }
    let cut = Scripted::new([Err(TransportError::Broken("cut".into()))]);
    let check = Mpgs.check(&cut, &account(), [0; 10]).now_or_never().unwrap();
    assert!(matches!(check, AccountCheck::Unclear(_)));
}

#[test]
fn sums_go_out_as_texts_in_major_units() {
    for (amount, text) in [
        (money(1234, "SAR"), Some("12.34")),
        (money(1, "SAR"), Some("0.01")),
        (money(12_345, "KWD"), Some("12.345")),
        (money(700, "JPY"), Some("700")),
        (money(9_999_999_999_999, "SAR"), Some("99999999999.99")),
        (money(10_000_000_000_000, "SAR"), None),
        (money(0, "SAR"), None),
        (money(i64::MIN, "SAR"), None),
    ] {
        assert_eq!(wire::amount_text(amount).as_deref(), text, "{amount}");
    }
}

/// Every currency that there is.
fn currencies() -> Vec<Currency> {
    let letters = || b'A'..=b'Z';
    let codes = letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])));
    let all: Vec<_> =
        codes.filter_map(|code| Currency::from_code(std::str::from_utf8(&code).unwrap()).ok()).collect();
    assert!(all.len() > 150, "{}", all.len());
    all
}

proptest! {
    #[test]
    fn sums_are_read_back_as_they_were_sent(
        minor in 1i64..99_999_999_999,
        currency in proptest::sample::select(currencies()),
    ) {
        let amount = Amount::new(minor, currency);
        let text = wire::amount_text(amount).unwrap();
        prop_assert!(text.len() <= 14 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
        let fraction = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        prop_assert_eq!(fraction, currency.decimals() as usize);
        let read = Decimal::from_text(&text).unwrap();
        prop_assert_eq!(read.to_minor(currency), Ok(minor));
        let ask = Expected { amount, ..expected() };
        let body = transaction("SUCCESS", "APPROVED")
            .replace("12.34", &text)
            .replace("\"SAR\"", &format!("\"{}\"", currency.code()));
        let response = HttpResponse { status: 201, headers: HeaderMap::new(), body: body.into() };
        prop_assert_eq!(read::submit(&response, &ask), done());
    }

    #[test]
    fn any_bytes_are_unknown(body: Vec<u8>, status in 100u16..600) {
        let response = HttpResponse { status, headers: HeaderMap::new(), body: body.into() };
        prop_assert!(matches!(read::submit(&response, &expected()), Outcome::Unknown(_)));
        prop_assert!(matches!(read::query(&response, &expected()), Outcome::Unknown(_)));
        prop_assert!(!matches!(read::check(&response), AccountCheck::Proved(_)));
    }

    #[test]
    fn one_changed_byte_never_makes_a_success_of_another_refund(at in 0usize..500, byte: u8) {
        let mut bytes = transaction("SUCCESS", "APPROVED").into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let response = HttpResponse { status: 201, headers: HeaderMap::new(), body: bytes.clone().into() };
        for outcome in [read::submit(&response, &expected()), read::query(&response, &expected())] {
            if let Outcome::Succeeded { .. } = outcome {
                let text = String::from_utf8(bytes.clone()).unwrap();
                prop_assert!([KEY, ORDER, MERCHANT, "\"REFUND\"", "\"SUCCESS\""].iter().all(|part| text.contains(part)));
            }
        }
    }
}
