use super::*;
use crate::account::Credentials;
use crate::session::Session;
use crate::testing::{Scripted, answer};
use crate::transport::{Reuse, TransportError};
use futures_util::FutureExt;
use proptest::prelude::*;
use redress_core::decimal::Decimal;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::Outcome;
use redress_core::time::Timestamp;
use std::time::Duration;

mod answers;
mod notifications;

const KEY: &str = "rf-01k9q3f7zt8m2v5c6x0n4b1d2e";
const PAYMENT: &str = "8ac7a4a09136ba2801913734d9e253d8";
const ID: &str = "8ac7a4a09136ba28019137500e104eff";
/// The entity and the token that HyperPay prints in its samples
/// (<https://hyperpay.docs.oppwa.com/tutorials/reporting/transaction>).
const ENTITY: &str = "8a8294174b7ecb28014b9699220015ca";
const TOKEN: &str = "OGE4Mjk0MTc0YjdlY2IyODAxNGI5Njk5MjIwMDE1Y2N8c3k2S0pzVDg=";
/// The key of the published samples.
const WEBHOOK_KEY: &str = "000102030405060708090A0B0C0D0E0F000102030405060708090A0B0C0D0E0F";

fn credentials(pairs: &[(&str, &str)]) -> Credentials {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn account() -> AccountConfig {
    AccountConfig {
        environment: Environment::Sandbox,
        base_url: None,
        notification_url: None,
        credentials: credentials(&[
            ("access_token", TOKEN),
            ("entity_id", ENTITY),
            ("webhook_key", WEBHOOK_KEY),
            ("test_mode", "EXTERNAL"),
        ]),
        timeout: Duration::from_secs(3),
        session: Session::default(),
    }
}

fn live() -> AccountConfig {
    AccountConfig {
        environment: Environment::Live,
        credentials: credentials(&[("access_token", TOKEN), ("entity_id", ENTITY)]),
        ..account()
    }
}

fn money(minor: i64, code: &str) -> Amount {
    Amount::new(minor, Currency::from_code(code).unwrap())
}

fn ask() -> SubmitAsk {
    SubmitAsk {
        key: KEY.to_owned(),
        psp_payment_id: PAYMENT.to_owned(),
        amount: money(1000, "SAR"),
        reason: "it is not sent".to_owned(),
    }
}

fn query_ask(psp_refund_id: Option<&str>) -> QueryAsk {
    QueryAsk {
        key: KEY.to_owned(),
        psp_payment_id: PAYMENT.to_owned(),
        psp_refund_id: psp_refund_id.map(str::to_owned),
        amount: money(1000, "SAR"),
        first_sent_at: Timestamp::from_micros(1_000_000),
        now: Timestamp::from_micros(9_000_000),
        nonce: [1; 10],
        bound_elsewhere: vec!["8ac7bound".to_owned()],
    }
}

fn expected() -> Expected<'static> {
    Expected {
        key: KEY,
        psp_payment_id: PAYMENT,
        amount: money(1000, "SAR"),
        environment: Environment::Sandbox,
    }
}

/// A refund as OPPWA shows it.
fn object(code: &str) -> String {
    format!(
        r#"{{"id":"{ID}","referencedId":"{PAYMENT}","paymentType":"RF","amount":"10.00","currency":"SAR",
        "descriptor":"2108.9897.9615 ECOMChannel","merchantTransactionId":"{KEY}",
        "result":{{"code":"{code}","description":"said"}},"buildNumber":"1","timestamp":"2026-11-26 11:00:00+0000",
        "ndc":"{ENTITY}_1"}}"#
    )
}

/// An answer without a transaction.
fn bare(code: &str) -> String {
    format!(r#"{{"result":{{"code":"{code}","description":"said"}},"ndc":"x"}}"#)
}

fn list(rows: &[String]) -> String {
    format!(
        r#"{{"result":{{"code":"000.000.100","description":"successful request"}},"payments":[{}]}}"#,
        rows.join(",")
    )
}

fn submitted(status: u16, body: &str) -> Outcome {
    let transport = Scripted::new([answer(status, body.to_owned())]);
    Oppwa.submit(&transport, &account(), &ask()).now_or_never().unwrap().outcome
}

fn queried(id: Option<&str>, status: u16, body: &str) -> Outcome {
    let transport = Scripted::new([answer(status, body.to_owned())]);
    Oppwa.query(&transport, &account(), &query_ask(id)).now_or_never().unwrap().outcome
}

#[test]
fn a_submit_is_the_same_bytes_every_time() {
    let transport = Scripted::new([answer(500, ""), answer(500, "")]);
    let (account, ask) = (account(), ask());
    Oppwa.submit(&transport, &account, &ask).now_or_never().unwrap();
    Oppwa.submit(&transport, &account, &ask).now_or_never().unwrap();
    let sent = transport.sent();
    assert_eq!(sent[0].body, sent[1].body);
    assert_eq!((&sent[0].url, &sent[0].headers), (&sent[1].url, &sent[1].headers));
    assert_eq!(
        std::str::from_utf8(&sent[0].body).unwrap(),
        format!(
            "entityId={ENTITY}&amount=10.00&currency=SAR&paymentType=RF&merchantTransactionId={KEY}&testMode=EXTERNAL"
        )
    );
    assert_eq!(
        (sent[0].method.as_str(), sent[0].url.as_str()),
        ("POST", &*format!("https://eu-test.oppwa.com/v1/payments/{PAYMENT}"))
    );
    assert!(sent[0].headers.contains(&(header::AUTHORIZATION, format!("Bearer {TOKEN}"))));
    let form = "application/x-www-form-urlencoded; charset=UTF-8".to_owned();
    assert!(sent[0].headers.contains(&(header::CONTENT_TYPE, form)));
    assert_eq!(sent[0].reuse, Reuse::Never);
    assert!(!sent[0].https_only);
}

#[test]
fn a_live_account_speaks_over_https_and_without_a_test_mode() {
    let transport = Scripted::new([answer(500, ""), answer(500, "")]);
    let slip = AccountConfig { environment: Environment::Live, ..account() };
    Oppwa.submit(&transport, &slip, &ask()).now_or_never().unwrap();
    let own = AccountConfig { base_url: Some("https://oppwa.example".into()), ..live() };
    Oppwa.submit(&transport, &own, &ask()).now_or_never().unwrap();
    let sent = transport.sent();
    assert_eq!(sent[0].url, format!("https://eu-prod.oppwa.com/v1/payments/{PAYMENT}"));
    assert!(sent[0].https_only && !String::from_utf8_lossy(&sent[0].body).contains("testMode"));
    assert_eq!(sent[1].url, format!("https://oppwa.example/v1/payments/{PAYMENT}"));
}

#[test]
fn questions_go_by_our_reference_or_by_oppwas_id() {
    for (id, path) in [
        (None, format!("/v1/query?entityId={ENTITY}&merchantTransactionId={KEY}")),
        (Some(ID), format!("/v1/query/{ID}?entityId={ENTITY}")),
        // What would change the address is never put into it.
        (Some("../x"), format!("/v1/query?entityId={ENTITY}&merchantTransactionId={KEY}")),
        (Some("a?b"), format!("/v1/query?entityId={ENTITY}&merchantTransactionId={KEY}")),
    ] {
        let transport = Scripted::new([answer(500, "")]);
        Oppwa.query(&transport, &account(), &query_ask(id)).now_or_never().unwrap();
        let sent = transport.sent();
        assert_eq!(sent[0].url, format!("{BASE_SANDBOX}{path}"));
        assert!(sent[0].method == Method::GET && sent[0].body.is_empty());
        assert!(sent[0].headers.contains(&(header::AUTHORIZATION, format!("Bearer {TOKEN}"))));
    }
}

#[test]
fn another_resellers_path_of_questions_is_a_setting() {
    let of = |path: &str| AccountConfig {
        credentials: credentials(&[("access_token", TOKEN), ("entity_id", ENTITY), ("query_path", path)]),
        ..live()
    };
    let account = of("/v3/query");
    assert_eq!(Oppwa.check_account(&account), Ok(()));
    let transport = Scripted::new([answer(500, ""), answer(500, ""), answer(500, "")]);
    let record = Oppwa.query(&transport, &account, &query_ask(Some(ID))).now_or_never().unwrap().record;
    assert!(record.contains(&format!("> GET /v3/query/{ID}\n")), "what was called is shown: {record}");
    Oppwa.query(&transport, &account, &query_ask(None)).now_or_never().unwrap();
    Oppwa.check(&transport, &account, [0; 10]).now_or_never().unwrap();
    let urls: Vec<_> = transport.sent().iter().map(|sent| sent.url.clone()).collect();
    let key = |key: &str| format!("{BASE_LIVE}/v3/query?entityId={ENTITY}&merchantTransactionId={key}");
    assert_eq!(urls, [format!("{BASE_LIVE}/v3/query/{ID}?entityId={ENTITY}"), key(KEY), key(NO_REFUND)]);
    for wrong in
        ["v3/query", "/", "/v3/../admin", "//oppwa.example/query", "/v3/query?x=1", "https://x.example"]
    {
        let error = Oppwa.check_account(&of(wrong)).unwrap_err();
        assert!(
            matches!(error, AccountConfigError::Malformed { field: "query_path", .. }),
            "{wrong}: {error}"
        );
    }
}

#[test]
fn sums_go_out_with_two_decimals_whatever_the_currency() {
    for (amount, text) in [
        (money(1000, "SAR"), Some("10.00")),
        (money(1, "SAR"), Some("0.01")),
        (money(1500, "KWD"), Some("1.50")),
        (money(1230, "JOD"), Some("1.23")),
        (money(10, "OMR"), Some("0.01")),
        (money(700, "JPY"), Some("700.00")),
        (money(i64::MAX, "VND"), Some("9223372036854775807.00")),
        (money(i64::MAX, "SAR"), Some("92233720368547758.07")),
        (money(12_300, "CLF"), Some("1.23")),
        (money(1, "KWD"), None),
        (money(1234, "BHD"), None),
        (money(12_310, "UYW"), None),
        (money(0, "SAR"), None),
        (money(-100, "SAR"), None),
    ] {
        assert_eq!(wire::amount_text(amount).as_deref(), text, "{amount}");
    }
}

/// Every currency of ISO 4217 that has decimals.
fn currencies() -> Vec<Currency> {
    let letters = || b'A'..=b'Z';
    let codes = letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])));
    codes.filter_map(|code| Currency::from_code(std::str::from_utf8(&code).unwrap()).ok()).collect()
}

#[test]
fn every_currency_has_the_step_that_two_decimals_can_say() {
    assert!(currencies().len() > 150);
    for currency in currencies() {
        let step = CAPABILITIES.step_minor(currency);
        assert_eq!(step, 10_i64.pow(currency.decimals().saturating_sub(2)), "{currency}");
        assert!(wire::amount_text(Amount::new(step * 7, currency)).is_some(), "{currency}");
        assert_eq!(wire::amount_text(Amount::new(step * 7 + 1, currency)).is_some(), step == 1, "{currency}");
    }
}

#[test]
fn what_cannot_be_said_is_refused_without_a_word() {
    let transport = Scripted::default();
    for wrong in [
        SubmitAsk { psp_payment_id: String::new(), ..ask() },
        SubmitAsk { psp_payment_id: "8ac7/../x".into(), ..ask() },
        SubmitAsk { amount: money(1234, "KWD"), ..ask() },
        SubmitAsk { amount: money(0, "SAR"), ..ask() },
    ] {
        let exchange = Oppwa.submit(&transport, &account(), &wrong).now_or_never().unwrap();
        let Outcome::Refused(refusal) = exchange.outcome else { panic!("{:?}", exchange.outcome) };
        assert_eq!(refusal.code, "not_sendable");
    }
    let poor = AccountConfig { credentials: Credentials::default(), ..account() };
    let exchange = Oppwa.submit(&transport, &poor, &ask()).now_or_never().unwrap();
    assert_eq!(exchange.outcome.as_str(), "not_sent");
    assert_eq!(
        Oppwa.query(&transport, &poor, &query_ask(None)).now_or_never().unwrap().outcome.as_str(),
        "not_sent"
    );
    assert!(transport.sent().is_empty());
}

#[test]
fn accounts_are_checked_and_values_never_shown() {
    let refusal = |account: AccountConfig, pairs: &[(&str, &str)]| {
        let with = AccountConfig { credentials: credentials(pairs), ..account };
        let error = Oppwa.check_account(&with).unwrap_err();
        assert!(!error.to_string().contains("hush") && !format!("{with:?}").contains("hush"), "{error}");
        error
    };
    assert_eq!(Oppwa.check_account(&account()), Ok(()));
    assert_eq!(Oppwa.check_account(&live()), Ok(()));
    assert_eq!(refusal(account(), &[("entity_id", ENTITY)]), AccountConfigError::Missing("access_token"));
    assert_eq!(refusal(account(), &[("access_token", "hush")]), AccountConfigError::Missing("entity_id"));
    let (token, entity) = (("access_token", "hush"), ("entity_id", "hush"));
    for (field, account, pairs) in [
        ("access_token", account(), &[("access_token", "hush hush"), entity][..]),
        ("entity_id", account(), &[token, ("entity_id", "hush&x=1")]),
        ("webhook_key", account(), &[token, entity, ("webhook_key", "hush")]),
        ("webhook_key", account(), &[token, entity, ("webhook_key", &WEBHOOK_KEY[2..])]),
        ("test_mode", account(), &[token, entity, ("test_mode", "external")]),
        ("test_mode", live(), &[token, entity, ("test_mode", "EXTERNAL")]),
    ] {
        let error = refusal(account, pairs);
        assert!(matches!(error, AccountConfigError::Malformed { field: at, .. } if at == field), "{error}");
    }
    let slip = refusal(account(), &[token, entity, ("entitty", "hush")]);
    assert_eq!(slip, AccountConfigError::Unexpected("entitty".into()));
    let plain = AccountConfig { base_url: Some("http://oppwa.example".into()), ..live() };
    assert!(Oppwa.check_account(&plain).is_err(), "live is https only");
}

#[test]
fn the_record_holds_both_sides_and_no_secret() {
    let leak = object("800.100.152").replace("said", &format!("{TOKEN} {WEBHOOK_KEY}"));
    let transport = Scripted::new([answer(400, leak)]);
    let record = Oppwa.submit(&transport, &account(), &ask()).now_or_never().unwrap().record;
    assert!(record.contains(&format!("> POST /v1/payments/{PAYMENT}\n")), "{record}");
    assert!(record.contains("amount=10.00") && record.contains(KEY) && record.contains("< HTTP 400"));
    for secret in [TOKEN, WEBHOOK_KEY] {
        assert!(!record.contains(secret), "{record}");
    }
}

#[test]
fn a_broken_exchange_is_unknown_and_one_that_never_began_is_not_sent() {
    let outcome = |error| {
        let transport = Scripted::new([Err(error)]);
        Oppwa.submit(&transport, &account(), &ask()).now_or_never().unwrap().outcome
    };
    assert_eq!(outcome(TransportError::Broken("reset".into())).as_str(), "no_answer");
    let reason = "refused".to_owned();
    assert_eq!(outcome(TransportError::NotSent(reason.clone())), Outcome::NotSent { reason });
}

fn checked(status: u16, body: &str) -> AccountCheck {
    let transport = Scripted::new([answer(status, body.to_owned())]);
    let check = Oppwa.check(&transport, &account(), [0; 10]).now_or_never().unwrap();
    let url = format!("{BASE_SANDBOX}/v1/query?entityId={ENTITY}&merchantTransactionId=rf-none");
    assert_eq!((transport.sent()[0].method.as_str(), &transport.sent()[0].url), ("GET", &url));
    check
}

#[test]
fn a_check_proves_token_and_entity_or_says_why_not() {
    for (status, body) in [(404, bare("700.400.580")), (200, bare("700.400.580")), (200, list(&[]))] {
        assert!(matches!(checked(status, &body), AccountCheck::Proved(_)), "{status} {body}");
    }
    let refusals = [
        (401, "<html>".to_owned()),
        (403, String::new()),
        (400, bare("800.900.300")),
        (400, bare("200.100.101")),
    ];
    for (status, body) in refusals {
        assert!(matches!(checked(status, &body), AccountCheck::Refused(_)), "{status} {body}");
    }
    assert_eq!(
        checked(401, &bare("800.900.300")),
        AccountCheck::Refused("OPPWA says 800.900.300 said".into())
    );
    assert_eq!(checked(403, "<html>"), AccountCheck::Refused("OPPWA answered HTTP 403".into()));
    for (status, body) in [
        (500, bare("700.400.580")),
        (302, bare("700.400.580")),
        (429, bare("800.120.100")),
        (404, "<html>".to_owned()),
        (200, bare("000.000.100")),
        (400, bare("200.300.404")),
    ] {
        assert!(matches!(checked(status, &body), AccountCheck::Unclear(_)), "{status} {body}");
    }
    let transport = Scripted::new([Err(TransportError::NotSent("no".into()))]);
    let check = Oppwa.check(&transport, &account(), [0; 10]).now_or_never().unwrap();
    assert!(matches!(check, AccountCheck::Unclear(_)));
}

proptest! {
    #[test]
    fn sums_are_read_back_as_they_were_sent(minor in 1i64.., at in any::<prop::sample::Index>()) {
        let currencies = currencies();
        let currency = currencies[at.index(currencies.len())];
        let step = CAPABILITIES.step_minor(currency);
        let amount = Amount::new((minor / step).max(1) * step, currency);
        let text = wire::amount_text(amount).unwrap();
        prop_assert_eq!(text.split_once('.').map(|(_, decimals)| decimals.len()), Some(2));
        prop_assert_eq!(Decimal::from_text(&text).unwrap().to_minor(currency), Ok(amount.minor()));
        prop_assert_eq!(wire::amount_text(Amount::new(-amount.minor(), currency)), None);
    }
}
