use super::*;
use crate::account::Credentials;
use crate::session::Session;
use crate::testing::{Scripted, answer, refused};
use crate::transport::{HttpRequest, Reuse, TransportError};
use futures_util::FutureExt;
use http::header;
use redress_core::environment::Environment;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Again, Finding, Outcome};
use redress_core::time::Timestamp;

mod answers;
mod notifications;

const KEY: &str = "rf-01k9q3f7zt8m2v5c6x0n4b1d2e";
const ORDER: &str = "ORD-2026.11_0042";
const MERCHANT: &str = "TESTSHOP01";
const PASSWORD: &str = "0f3c6a9de2b5418790abcdef01234567";
const NOTIFICATION_SECRET: &str = "5D1E0C7A9B3F48E2A6C4D8F0B2E4A697";
const BASE: &str = "https://test-gateway.mastercard.com";
const NOTIFICATION_URL: &str = "https://redress.example/psp/mpgs/acc_1";

fn credentials(pairs: &[(&str, &str)]) -> Credentials {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn account() -> AccountConfig {
    AccountConfig {
        environment: Environment::Sandbox,
        base_url: Some(BASE.to_owned()),
        notification_url: Some(NOTIFICATION_URL.to_owned()),
        credentials: credentials(&[
            ("merchant_id", MERCHANT),
            ("password", PASSWORD),
            ("notification_secret", NOTIFICATION_SECRET),
        ]),
        timeout: Duration::from_secs(3),
        session: Session::default(),
    }
}

fn with(changes: &[(&str, &str)]) -> AccountConfig {
    let mut pairs = vec![("merchant_id", MERCHANT), ("password", PASSWORD)];
    pairs.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    pairs.extend(changes);
    AccountConfig { credentials: credentials(&pairs), ..account() }
}

fn money(minor: i64, code: &str) -> Amount {
    Amount::new(minor, Currency::from_code(code).unwrap())
}

fn ask() -> SubmitAsk {
    SubmitAsk {
        key: KEY.to_owned(),
        psp_payment_id: ORDER.to_owned(),
        amount: money(1234, "SAR"),
        reason: "Broken\nbox".to_owned(),
    }
}

fn query_ask() -> QueryAsk {
    QueryAsk {
        key: KEY.to_owned(),
        psp_payment_id: ORDER.to_owned(),
        psp_refund_id: None,
        amount: money(1234, "SAR"),
        first_sent_at: Timestamp::from_micros(1_000_000),
        now: Timestamp::from_micros(9_000_000),
        nonce: [0xab; 10],
        bound_elsewhere: Vec::new(),
    }
}

fn submitted(status: u16, body: &str) -> Outcome {
    let transport = Scripted::new([answer(status, body.to_owned())]);
    Mpgs.submit(&transport, &account(), &ask()).now_or_never().unwrap().outcome
}

fn queried(status: u16, body: &str) -> Outcome {
    let transport = Scripted::new([answer(status, body.to_owned())]);
    Mpgs.query(&transport, &account(), &query_ask()).now_or_never().unwrap().outcome
}

fn checked(status: u16, body: &str) -> AccountCheck {
    let transport = Scripted::new([answer(status, body.to_owned())]);
    let check = Mpgs.check(&transport, &account(), [0; 10]).now_or_never().unwrap();
    let sent = &transport.sent()[0];
    assert_eq!((sent.method.as_str(), sent.body.is_empty()), ("GET", true));
    check
}

/// A transaction as the gateway shows it.
fn transaction(result: &str, gateway_code: &str) -> String {
    format!(
        r#"{{"gatewayEntryPoint":"WEB_SERVICES_API","merchant":"{MERCHANT}","order":{{"amount":100.00,"currency":"SAR",
        "id":"{ORDER}","status":"PARTIALLY_REFUNDED","totalRefundedAmount":12.34}},"response":{{"acquirerCode":"00",
        "acquirerMessage":"said","gatewayCode":"{gateway_code}"}},"result":"{result}","transaction":{{"amount":12.34,
        "currency":"SAR","id":"{KEY}","receipt":"633012345678","type":"REFUND"}},"version":"100"}}"#
    )
}

fn error(cause: &str, explanation: &str) -> String {
    format!(r#"{{"error":{{"cause":"{cause}","explanation":"{explanation}"}},"result":"ERROR"}}"#)
}

fn unknown(finding: Finding) -> Outcome {
    Outcome::Unknown(finding)
}

fn done() -> Outcome {
    Outcome::Succeeded { psp_refund_id: None, arn: None }
}

fn header<'a>(request: &'a HttpRequest, name: &header::HeaderName) -> Option<&'a str> {
    request.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_submit_is_the_same_bytes_every_time() {
    let transport = Scripted::new([answer(500, ""), Err(TransportError::Broken("cut".into()))]);
    let (account, ask) = (account(), ask());
    Mpgs.submit(&transport, &account, &ask).now_or_never().unwrap();
    Mpgs.submit(&transport, &account, &ask).now_or_never().unwrap();
    let sent = transport.sent();
    assert_eq!(sent[0].body, sent[1].body);
    assert_eq!((&sent[0].url, &sent[0].headers), (&sent[1].url, &sent[1].headers));
    assert_eq!(
        std::str::from_utf8(&sent[0].body).unwrap(),
        format!(
            r#"{{"apiOperation":"REFUND","transaction":{{"amount":"12.34","currency":"SAR","reference":"{KEY}"}},"#
        ) + &format!(r#""order":{{"notificationUrl":"{NOTIFICATION_URL}"}}}}"#)
    );
    let url = format!("{BASE}/api/rest/version/100/merchant/{MERCHANT}/order/{ORDER}/transaction/{KEY}");
    assert_eq!((sent[0].method.as_str(), &sent[0].url), ("PUT", &url));
    // printf 'merchant.TESTSHOP01:0f3c6a9de2b5418790abcdef01234567' | base64
    assert_eq!(
        header(&sent[0], &header::AUTHORIZATION),
        Some("Basic bWVyY2hhbnQuVEVTVFNIT1AwMTowZjNjNmE5ZGUyYjU0MTg3OTBhYmNkZWYwMTIzNDU2Nw==")
    );
    assert_eq!(header(&sent[0], &header::CONTENT_TYPE), Some("application/json; charset=UTF-8"));
    assert_eq!(sent[0].timeout, Duration::from_secs(3));
    assert_eq!(sent[0].reuse, Reuse::JustUsed);
    assert!(!sent[0].https_only);
}

#[test]
fn notifications_are_asked_for_where_they_could_prove_themselves() {
    let transport = Scripted::new([answer(500, ""), answer(500, "")]);
    let no_address = AccountConfig { notification_url: None, ..account() };
    Mpgs.submit(&transport, &no_address, &ask()).now_or_never().unwrap();
    Mpgs.submit(&transport, &with(&[]), &ask()).now_or_never().unwrap();
    for sent in transport.sent() {
        assert_eq!(
            std::str::from_utf8(&sent.body).unwrap(),
            format!(
                r#"{{"apiOperation":"REFUND","transaction":{{"amount":"12.34","currency":"SAR","reference":"{KEY}"}}}}"#
            )
        );
    }
}

#[test]
fn live_accounts_speak_to_their_banks_host_over_https_only() {
    let transport = Scripted::new([answer(500, ""), answer(500, "")]);
    let live = AccountConfig {
        environment: Environment::Live,
        base_url: Some("https://bank.gateway.mastercard.com".into()),
        ..with(&[("api_version", "72")])
    };
    Mpgs.submit(&transport, &live, &ask()).now_or_never().unwrap();
    Mpgs.query(&transport, &live, &query_ask()).now_or_never().unwrap();
    let sent = transport.sent();
    let url = format!(
        "https://bank.gateway.mastercard.com/api/rest/version/72/merchant/{MERCHANT}/order/{ORDER}/transaction/{KEY}"
    );
    assert!(sent.iter().all(|request| request.https_only && request.url == url), "{sent:?}");
    assert_eq!((sent[1].method.as_str(), sent[1].body.is_empty()), ("GET", true));
    assert_eq!(header(&sent[1], &header::AUTHORIZATION), header(&sent[0], &header::AUTHORIZATION));
}

#[test]
fn what_cannot_be_said_is_refused_without_a_word() {
    let transport = Scripted::default();
    let long = "x".repeat(41);
    for wrong in [
        SubmitAsk { psp_payment_id: String::new(), ..ask() },
        SubmitAsk { psp_payment_id: long.clone(), ..ask() },
        SubmitAsk { psp_payment_id: "a/b".into(), ..ask() },
        SubmitAsk { psp_payment_id: "..".into(), ..ask() },
        SubmitAsk { psp_payment_id: ".".into(), ..ask() },
        SubmitAsk { psp_payment_id: "a\\b".into(), ..ask() },
        SubmitAsk { psp_payment_id: " a".into(), ..ask() },
        SubmitAsk { psp_payment_id: "a\nb".into(), ..ask() },
        SubmitAsk { psp_payment_id: "\u{e9}".into(), ..ask() },
        SubmitAsk { key: long, ..ask() },
        SubmitAsk { key: "rf/1".into(), ..ask() },
        SubmitAsk { amount: money(0, "SAR"), ..ask() },
        SubmitAsk { amount: money(-1, "SAR"), ..ask() },
        SubmitAsk { amount: money(100_000_000_000_000, "SAR"), ..ask() },
    ] {
        let exchange = Mpgs.submit(&transport, &account(), &wrong).now_or_never().unwrap();
        let Outcome::Refused(refusal) = exchange.outcome else { panic!("{:?}", exchange.outcome) };
        assert_eq!(refusal.code, "not_sendable");
    }
    let poor = AccountConfig { base_url: None, ..account() };
    let exchange = Mpgs.submit(&transport, &poor, &ask()).now_or_never().unwrap();
    assert_eq!(exchange.outcome.as_str(), "not_sent");
    let exchange = Mpgs.query(&transport, &poor, &query_ask()).now_or_never().unwrap();
    assert_eq!(exchange.outcome.as_str(), "not_sent");
    assert!(matches!(
        Mpgs.check(&transport, &poor, [0; 10]).now_or_never(),
        Some(AccountCheck::Refused(text)) if text.contains("base_url")
    ));
    assert!(transport.sent().is_empty());
}

#[test]
fn an_order_of_any_printable_characters_is_one_part_of_the_address() {
    for (order, in_address) in [
        ("Shop #7: 50% off?x=1&y;z+~", "Shop%20%237%3A%2050%25%20off%3Fx%3D1%26y%3Bz%2B%7E"),
        ("%2F..%2F", "%252F..%252F"),
        ("ORD-2026.11_0042", "ORD-2026.11_0042"),
    ] {
        assert_eq!(Mpgs.check_payment_id(order), Ok(()), "{order}");
        let transport = Scripted::new([answer(500, ""), answer(500, "")]);
        let ask = SubmitAsk { psp_payment_id: order.to_owned(), ..ask() };
        Mpgs.submit(&transport, &account(), &ask).now_or_never().unwrap();
        let question = QueryAsk { psp_payment_id: order.to_owned(), ..query_ask() };
        Mpgs.query(&transport, &account(), &question).now_or_never().unwrap();
        let path = format!("/merchant/{MERCHANT}/order/{in_address}/transaction/{KEY}");
        for sent in transport.sent() {
            assert_eq!(sent.url, format!("{BASE}/api/rest/version/100{path}"));
            let read = url::Url::parse(&sent.url).unwrap();
            assert_eq!((read.as_str(), read.query(), read.fragment()), (&*sent.url, None, None));
        }
    }
}

#[test]
fn accounts_are_checked_and_values_never_shown() {
    assert_eq!(Mpgs.check_account(&account()), Ok(()));
    assert_eq!(Mpgs.check_account(&with(&[])), Ok(()));
    assert_eq!(Mpgs.check_account(&with(&[("api_version", "63")])), Ok(()));
    for name in ["merchant_id", "password"] {
        let poor = with(&[(name, "")]);
        assert_eq!(Mpgs.check_account(&poor), Err(AccountConfigError::Missing(name)));
    }
    let no_host = Mpgs.check_account(&AccountConfig { base_url: None, ..account() }).unwrap_err();
    assert!(no_host.to_string().starts_with("base_url must be given"), "{no_host}");
    let long = "x".repeat(41);
    for (name, value) in [
        ("merchant_id", "merchant.HUSH"),
        ("merchant_id", "HUSH/.."),
        ("merchant_id", &long),
        ("password", "hush hush"),
        ("password", "hüsh"),
        ("notification_secret", "hush\nhush"),
        ("api_version", "v100"),
        ("api_version", "1.0"),
        ("api_version", "0"),
        ("api_version", "1000"),
    ] {
        let wrong = with(&[(name, value)]);
        let refusal = Mpgs.check_account(&wrong).unwrap_err();
        assert!(
            matches!(&refusal, AccountConfigError::Malformed { field, .. } if *field == name),
            "{name}: {refusal}"
        );
        let shown = format!("{refusal} {wrong:?}");
        assert!(!shown.to_lowercase().contains("hush") && !shown.contains("hüsh"), "{shown}");
    }
    let slip = with(&[("api_verzion", "100")]);
    assert_eq!(Mpgs.check_account(&slip), Err(AccountConfigError::Unexpected("api_verzion".into())));
    for base in ["gateway", "https://u:p@gateway.example", "https://gateway.example/", "https://g.example?x"]
    {
        let wrong = AccountConfig { base_url: Some(base.into()), ..account() };
        let refusal = Mpgs.check_account(&wrong);
        assert!(
            matches!(refusal, Err(AccountConfigError::Malformed { field: "base_url", .. })),
            "{base}: {refusal:?}"
        );
    }
    let plain = AccountConfig {
        base_url: Some("http://gateway.example".into()),
        environment: Environment::Live,
        ..account()
    };
    assert!(Mpgs.check_account(&plain).is_err(), "live is https only");
}

#[test]
fn the_record_keeps_both_sides_and_no_secret() {
    let leak =
        transaction("SUCCESS", "APPROVED").replace("said", &format!("{PASSWORD} {NOTIFICATION_SECRET}"));
    let transport = Scripted::new([answer(201, leak)]);
    let exchange = Mpgs.submit(&transport, &account(), &ask()).now_or_never().unwrap();
    let record = exchange.record;
    assert!(record.starts_with("> PUT /api/rest/version/100/merchant/"), "{record}");
    assert!(record.contains("< HTTP 201") && record.contains(r#""type":"REFUND""#), "{record}");
    let basic = header(&transport.sent()[0], &header::AUTHORIZATION).unwrap().replace("Basic ", "");
    for secret in [PASSWORD, NOTIFICATION_SECRET, &basic] {
        assert!(!record.contains(secret), "{record}");
    }
    let shown = format!("{:?} {:?}", transport.sent(), account());
    assert!(!shown.contains(PASSWORD) && !shown.contains(&basic), "{shown}");
    let long = Scripted::new([answer(201, "x".repeat(100_000))]);
    let record = Mpgs.submit(&long, &account(), &ask()).now_or_never().unwrap().record;
    assert!(record.len() <= crate::record::RECORD_BYTES_MAX);
}
