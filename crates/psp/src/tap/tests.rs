use super::*;
use crate::account::Credentials;
use crate::session::Session;
use crate::testing::{Scripted, answer, failed};
use crate::transport::{HttpResponse, Reuse, TransportError};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Again, Finding, Outcome};
use redress_core::time::Timestamp;
use std::time::Duration;

mod lists;
mod notifications;

const KEY: &str = "rf-01k9q3f7zt8m2v5c6x0n4b1d2e";
const CHARGE: &str = "chg_TS05A4120230736x9K22710693";
const ID: &str = "re_TS02A5720231234Xy120612345";
const SECRET: &str = "sk_test_XKokBfNWv6FIYuTMg5sLPjhJ";

fn account() -> AccountConfig {
    AccountConfig {
        environment: Environment::Sandbox,
        base_url: None,
        notification_url: Some("https://redress.example/psp/tap/acc_1".to_owned()),
        credentials: [("secret_key".to_owned(), SECRET.to_owned())].into_iter().collect(),
        timeout: Duration::from_secs(3),
        session: Session::default(),
    }
}

fn money(minor: i64, code: &str) -> Amount {
    Amount::new(minor, Currency::from_code(code).unwrap())
}

fn ask() -> SubmitAsk {
    SubmitAsk {
        key: KEY.to_owned(),
        psp_payment_id: CHARGE.to_owned(),
        amount: money(1000, "SAR"),
        reason: String::new(),
    }
}

fn query_ask(psp_refund_id: Option<&str>) -> QueryAsk {
    QueryAsk {
        key: KEY.to_owned(),
        psp_payment_id: CHARGE.to_owned(),
        psp_refund_id: psp_refund_id.map(str::to_owned),
        amount: money(1000, "SAR"),
        first_sent_at: Timestamp::from_micros(1_700_000_000_000_000),
        now: Timestamp::from_micros(1_700_000_060_000_000),
        nonce: [1; 10],
        bound_elsewhere: vec!["re_bound".to_owned()],
    }
}

/// A refund as Tap shows it.
fn object(id: &str, status: &str, code: &str, key: &str) -> String {
    format!(
        r#"{{"id":"{id}","object":"refund","status":"{status}","amount":10.00,"currency":"SAR","charge_id":"{CHARGE}",
        "created":"1700000000123","reference":{{"merchant":"{key}","payment":"5720231234061234567"}},
        "response":{{"code":"{code}","message":"said"}}}}"#
    )
}

fn errors(codes: &[&str]) -> String {
    let entries: Vec<_> =
        codes.iter().map(|code| format!(r#"{{"code":"{code}","description":"said"}}"#)).collect();
    format!(r#"{{"errors":[{}]}}"#, entries.join(","))
}

fn submitted(status: u16, body: &str) -> Outcome {
    let transport = Scripted::new([answer(status, body.to_owned())]);
    Tap.submit(&transport, &account(), &ask()).now_or_never().unwrap().outcome
}

fn retrieved(status: u16, body: &str) -> Outcome {
    let transport = Scripted::new([answer(status, body.to_owned())]);
    let outcome = Tap.query(&transport, &account(), &query_ask(Some(ID))).now_or_never().unwrap().outcome;
    let sent = &transport.sent()[0];
    assert_eq!((sent.method.as_str(), sent.url.as_str()), ("GET", &*format!("{BASE}/v2/refunds/{ID}")));
    outcome
}

fn page(rows: &[String], more: bool) -> String {
    format!(r#"{{"object":"list","live_mode":false,"has_more":{more},"refunds":[{}]}}"#, rows.join(","))
}

fn listed(rows: &[String]) -> Outcome {
    let transport = Scripted::new([answer(200, page(rows, false))]);
    Tap.query(&transport, &account(), &query_ask(None)).now_or_never().unwrap().outcome
}

fn unknown(finding: Finding) -> Outcome {
    Outcome::Unknown(finding)
}

fn done() -> Outcome {
    Outcome::Succeeded { psp_refund_id: Some(ID.to_owned()), arn: None }
}

fn refused(code: &str, again: Again) -> Outcome {
    crate::testing::refused(code, "said", again)
}

fn pending(note: &str) -> Outcome {
    Outcome::Pending { psp_refund_id: Some(ID.to_owned()), note: Some(note.to_owned()) }
}

#[test]
fn a_submit_is_the_same_bytes_every_time() {
    let transport = Scripted::new([answer(500, ""), answer(500, "")]);
    let (account, ask) = (account(), ask());
    Tap.submit(&transport, &account, &ask).now_or_never().unwrap();
    Tap.submit(&transport, &account, &ask).now_or_never().unwrap();
    let sent = transport.sent();
    assert_eq!(sent[0].body, sent[1].body);
    assert_eq!((&sent[0].url, &sent[0].headers), (&sent[1].url, &sent[1].headers));
    assert_eq!(
        std::str::from_utf8(&sent[0].body).unwrap(),
        format!(
            r#"{{"charge_id":"{CHARGE}","amount":10.00,"currency":"SAR","reason":"requested_by_customer","#
        ) + &format!(r#""reference":{{"merchant":"{KEY}","idempotent":"{KEY}"}},"#)
            + r#""post":{"url":"https://redress.example/psp/tap/acc_1"}}"#
    );
    assert_eq!(
        (sent[0].method.as_str(), sent[0].url.as_str()),
        ("POST", "https://api.tap.company/v2/refunds")
    );
    assert!(sent[0].headers.contains(&(header::AUTHORIZATION, format!("Bearer {SECRET}"))));
    assert_eq!(sent[0].reuse, Reuse::Never);
    assert!(!sent[0].https_only);
}

#[test]
fn sums_go_out_in_major_units_with_the_decimals_tap_takes() {
    for (amount, text) in [
        (money(1000, "SAR"), Some("10.00")),
        (money(1, "SAR"), Some("0.01")),
        (money(1500, "KWD"), Some("1.500")),
        (money(10, "OMR"), Some("0.010")),
        (money(1, "BHD"), Some("0.001")),
        (money(700, "JPY"), Some("700")),
        (money(i64::MAX, "SAR"), Some("92233720368547758.07")),
        // Three decimals in ISO 4217, two at Tap.
        (money(1230, "JOD"), Some("1.23")),
        (money(1234, "JOD"), None),
        (money(0, "SAR"), None),
        (money(-1, "SAR"), None),
    ] {
        let number = wire::amount_number(amount);
        assert_eq!(number.as_ref().map(|raw| raw.get()), text, "{amount}");
    }
}

#[test]
fn a_long_reason_is_cut_on_a_character() {
    assert_eq!(reason_text(&"é".repeat(300), REASON_CHARS_MAX).chars().count(), 250);
}

#[test]
fn every_status_and_code_of_a_refund() {
    let hour = Again::After(Duration::from_secs(3600));
    for read in [submitted, retrieved] {
        assert_eq!(read(200, &object(ID, "REFUNDED", "000", KEY)), done());
        for (status, code) in [
            ("PENDING", "100"),
            ("IN_PROGRESS", "200"),
            ("ACCEPTED", "100"),
            ("TIMEDOUT", "701"),
            ("TIMED_OUT", "701"),
            ("UNKNOWN", "801"),
            ("PENDING", "000"),
        ] {
            let note = format!("Tap says {status} {code} said");
            assert_eq!(read(200, &object(ID, status, code, KEY)), pending(&note));
        }
        for (status, code, again) in [
            ("CANCELLED", "301", Again::No),
            ("FAILED", "401", hour),
            ("FAILED", "402", Again::No),
            ("DECLINED", "501", Again::No),
            ("DECLINED", "502", hour),
            ("DECLINED", "503", Again::No),
            ("DECLINED", "504", Again::No),
            ("RESTRICTED", "601", Again::No),
            ("RESTRICRTED", "602", Again::No),
        ] {
            assert_eq!(
                read(200, &object(ID, status, code, KEY)),
                failed(refused(code, again), ID),
                "{status}"
            );
        }
        for (status, code) in [
            ("VOID", "000"),
            ("refunded", "000"),
            ("", "000"),
            // They contradict each other.
            ("REFUNDED", "501"),
            ("REFUNDED", "100"),
            ("FAILED", "000"),
            ("DECLINED", "100"),
        ] {
            let outcome = read(200, &object(ID, status, code, KEY));
            assert_eq!(outcome, unknown(Finding::NotUnderstood), "{status} {code}");
        }
        // A code that no page names leaves the word to the status.
        assert_eq!(read(200, &object(ID, "REFUNDED", "777", KEY)), done());
    }
    // Of which request it is a duplicate, only a look at all of them tells.
    let duplicate = object(ID, "FAILED", "403", KEY);
    assert_eq!(submitted(200, &duplicate), unknown(Finding::KeyInUse));
    assert_eq!(retrieved(200, &duplicate), failed(refused("403", Again::No), ID));
    let bare = object(ID, "FAILED", "401", KEY).replace(r#""code":"401","#, "");
    assert_eq!(submitted(200, &bare), failed(refused("FAILED", Again::No), ID));
}

#[test]
fn what_a_refund_says_is_checked_against_what_was_asked() {
    let good = object(ID, "REFUNDED", "000", KEY);
    for (from, to) in [
        ("10.00", "1.00"),
        ("10.00", "10.001"),
        ("10.00", "1e99"),
        ("SAR", "KWD"),
        ("SAR", "???"),
        (CHARGE, "chg_other"),
        (KEY, "rf-other"),
    ] {
        for read in [submitted, retrieved] {
            assert_eq!(read(200, &good.replace(from, to)), unknown(Finding::Mismatch), "{from} {to}");
        }
    }
    assert_eq!(retrieved(200, &good.replace(ID, "re_other")), unknown(Finding::Mismatch));
    for (from, to) in [("10.00", "10"), ("10.00", "\"10.00\""), ("10.00", "1.0e1"), (KEY, "")] {
        assert_eq!(submitted(200, &good.replace(from, to)), done(), "{from} {to}");
    }
    for (from, to) in [(ID, "../x"), (r#""object":"refund""#, r#""object":"charge""#), ("10.00", "{}")] {
        let outcome = submitted(200, &good.replace(from, to));
        assert!(matches!(outcome, Outcome::Unknown(_)), "{from} {to}: {outcome:?}");
    }
}

#[test]
fn every_error_code_of_a_create() {
    let refusals = [
        "1117", "1118", "1119", "1142", "1143", "1144", "1149", "1156", "1157", "1158", "1159", "1160",
        "1161",
    ];
    for code in refusals {
        for status in [400, 401, 402, 403, 404, 409] {
            assert_eq!(submitted(status, &errors(&[code])), refused(code, Again::No), "{status} {code}");
        }
        for status in [429, 500, 502, 503, 504] {
            assert_eq!(submitted(status, &errors(&[code])), unknown(Finding::NoAnswer), "{status} {code}");
        }
        assert_eq!(submitted(200, &errors(&[code])), unknown(Finding::NotUnderstood), "{code}");
    }
    for code in ["2104", "2105", "2106", "2107"] {
        let reason = format!("Tap did not let the account in: {code} said");
        assert_eq!(
            submitted(401, &errors(&[code])),
            Outcome::NotSent { reason },
            "the account's matter: {code}"
        );
        assert_eq!(submitted(500, &errors(&[code])), unknown(Finding::NoAnswer), "{code}");
    }
    for codes in [&["1151"][..], &["2101"], &["9999"], &["x"], &[], &["1117", "1151"]] {
        assert_eq!(submitted(400, &errors(codes)), unknown(Finding::NotUnderstood), "{codes:?}");
    }
    assert_eq!(submitted(400, &errors(&["1161", "1117"])), refused("1161", Again::No));
    assert_eq!(
        submitted(400, r#"{"errors":[{"code":1161,"description":"said"}]}"#),
        refused("1161", Again::No)
    );
    for status in [400, 401, 403, 404, 302] {
        assert_eq!(submitted(status, "<html>"), unknown(Finding::NotUnderstood), "{status}");
    }
}

#[test]
fn a_refund_that_is_no_longer_known_is_not_found() {
    assert_eq!(retrieved(404, &errors(&["1160"])), unknown(Finding::NotFound));
    assert_eq!(retrieved(400, &errors(&["1158"])), unknown(Finding::NotFound));
    for body in [errors(&["2104"]), errors(&[]), "gone".to_owned()] {
        assert_eq!(retrieved(404, &body), unknown(Finding::NotUnderstood), "{body}");
    }
    assert_eq!(retrieved(500, &errors(&["1160"])), unknown(Finding::NoAnswer));
}

#[test]
fn what_cannot_be_said_is_refused_without_a_word() {
    let transport = Scripted::default();
    for wrong in [
        SubmitAsk { psp_payment_id: String::new(), ..ask() },
        SubmitAsk { psp_payment_id: "chg 1".into(), ..ask() },
        SubmitAsk { amount: money(1234, "JOD"), ..ask() },
    ] {
        let exchange = Tap.submit(&transport, &account(), &wrong).now_or_never().unwrap();
        assert_eq!(exchange.outcome.as_str(), "refused", "{wrong:?}");
    }
    assert!(transport.sent().is_empty());
}

#[test]
fn an_id_that_would_change_the_address_is_never_put_into_it() {
    for id in ["../charges", "re_1/../../x", "re_1?x=1", ".", "re 1", ""] {
        let transport = Scripted::new([answer(200, page(&[], false))]);
        Tap.query(&transport, &account(), &query_ask(Some(id))).now_or_never().unwrap();
        assert_eq!(transport.sent()[0].url, format!("{BASE}/v2/refunds/list"), "{id}");
    }
}

#[test]
fn the_record_holds_no_key() {
    let transport = Scripted::new([answer(401, format!(r#"{{"bad key":"{SECRET}"}}"#))]);
    let record = Tap.submit(&transport, &account(), &ask()).now_or_never().unwrap().record;
    assert!(record.contains(CHARGE) && record.contains("< HTTP 401") && !record.contains(SECRET), "{record}");
}

#[test]
fn a_check_that_is_not_let_in_tells_what_was_said_or_the_status() {
    let check = |status, body: &str| {
        let transport = Scripted::new([answer(status, body.to_owned())]);
        Tap.check(&transport, &account(), [0; 10]).now_or_never().unwrap()
    };
    assert_eq!(check(401, &errors(&["2104"])), AccountCheck::Refused("Tap says 2104 said".into()));
    assert_eq!(check(400, &errors(&["2105"])), AccountCheck::Refused("Tap says 2105 said".into()));
    assert_eq!(check(403, "<html>"), AccountCheck::Refused("Tap answered HTTP 403".into()));
    assert_eq!(check(200, "<html>"), AccountCheck::Unclear("HTTP 200, and no answer of Tap's".into()));
}

#[test]
fn a_key_of_the_other_world_is_refused() {
    assert_eq!(Tap.check_account(&account()), Ok(()));
    let live = AccountConfig { environment: Environment::Live, ..account() };
    assert!(matches!(
        Tap.check_account(&live),
        Err(AccountConfigError::Malformed { field: "secret_key", .. })
    ));
    let none = AccountConfig { credentials: Credentials::default(), ..account() };
    assert_eq!(Tap.check_account(&none), Err(AccountConfigError::Missing("secret_key")));
    let slip = Credentials::from_json(br#"{"secret_key":"sk_test_1","publc_key":"x"}"#).unwrap();
    let slip = AccountConfig { credentials: slip, ..account() };
    assert_eq!(Tap.check_account(&slip), Err(AccountConfigError::Unexpected("publc_key".into())));
}

/// Every code of three capital letters that is a currency.
fn currencies() -> Vec<Currency> {
    let letters = || 'A'..='Z';
    let codes =
        letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| format!("{a}{b}{c}"))));
    codes.filter_map(|code| Currency::from_code(&code).ok()).collect()
}

proptest! {
    #[test]
    fn any_bytes_are_unknown(body: Vec<u8>, status in 100u16..600) {
        let response = HttpResponse { status, headers: HeaderMap::new(), body: body.clone().into() };
        let ask = query_ask(None);
        prop_assert!(matches!(read::create(&response, &expected(&ask)), Outcome::Unknown(_)));
        prop_assert!(matches!(read::retrieve(&response, ID, &expected(&ask)), Outcome::Unknown(_)));
        let transport = Scripted::new([Ok(response)]);
        let listed = Tap.query(&transport, &account(), &ask).now_or_never().unwrap();
        prop_assert!(matches!(listed.outcome, Outcome::Unknown(_)));
        let mut headers = HeaderMap::new();
        headers.insert("hashstring", HeaderValue::from_static(notifications::VECTOR_HASH));
        let inbound = Inbound { headers, body: body.into(), received_at: Timestamp::from_micros(0) };
        prop_assert!(read_notification(&account(), &inbound).is_err());
    }

    #[test]
    fn one_changed_byte_never_makes_a_success_of_another_refund(at in 0usize..400, byte: u8) {
        let mut bytes = object(ID, "REFUNDED", "000", KEY).into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let response = HttpResponse { status: 200, headers: HeaderMap::new(), body: bytes.clone().into() };
        if let Outcome::Succeeded { .. } = read::create(&response, &expected(&query_ask(None))) {
            let text = String::from_utf8(bytes).unwrap();
            prop_assert!(text.contains(CHARGE) && text.contains("SAR") && text.contains("REFUNDED"));
        }
    }

    #[test]
    fn sums_are_read_back_as_they_were_sent(minor in 1i64.., at: prop::sample::Index) {
        let currencies = currencies();
        let currency = currencies[at.index(currencies.len())];
        let step = CAPABILITIES.step_minor(currency);
        let amount = Amount::new((minor / step).max(1) * step, currency);
        let number = wire::amount_number(amount).unwrap();
        let fraction = number.get().split_once('.').map_or(0, |(_, fraction)| fraction.len());
        prop_assert_eq!(fraction, CAPABILITIES.decimals(currency) as usize, "{}", currency);
        let body = object(ID, "REFUNDED", "000", KEY)
            .replace("\"amount\":10.00", &format!("\"amount\":{}", number.get()))
            .replace("\"SAR\"", &format!("\"{currency}\""));
        let read: Refund<'_> = json(body.as_bytes()).unwrap();
        prop_assert_eq!(read::amount_of(&read), Some(amount), "{}", body);
        prop_assert!(wire::amount_number(Amount::new(-amount.minor(), currency)).is_none());
        if step > 1 {
            prop_assert!(wire::amount_number(Amount::new(amount.minor() - 1, currency)).is_none());
        }
    }
}
