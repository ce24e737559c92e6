use super::*;
use crate::account::Credentials;
use crate::session::Session;
use crate::testing::{Scripted, answer};
use crate::transport::{HttpResponse, Reuse, TransportError};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use redress_core::environment::Environment;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Again, Finding, PspRefusal};
use redress_core::time::Timestamp;

mod notifications;
mod sums;

pub(super) const KEY: &str = "rf-01k9q3f7zt8m2v5c6x0n4b1d2e";
pub(super) const PAYMENT: &str = "9913140798220028";
pub(super) const ID: &str = "QFQTPCQ8HXSKGK82";
pub(super) const MERCHANT: &str = "TestMerchant";
const API_KEY_VALUE: &str = "AQEyhmfxK4-sandbox";
/// The key of the vectors in Adyen's own libraries.
pub(super) const HMAC: &str = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";

pub(super) fn account() -> AccountConfig {
    let credentials = [("api_key", API_KEY_VALUE), ("merchant_account", MERCHANT), ("hmac_key", HMAC)];
    AccountConfig {
        environment: Environment::Sandbox,
        base_url: None,
        notification_url: None,
        credentials: credentials.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        timeout: Duration::from_secs(3),
        session: Session::default(),
    }
}

pub(super) fn with(mut account: AccountConfig, name: &str, value: &str) -> AccountConfig {
    let kept = ["api_key", "merchant_account", "hmac_key", "hmac_key_old"].into_iter().filter(|n| *n != name);
    let mut all: Vec<(String, String)> =
        kept.filter_map(|n| Some((n.to_owned(), account.credentials.get(n)?.to_owned()))).collect();
    all.push((name.to_owned(), value.to_owned()));
    account.credentials = all.into_iter().collect();
    account
}

pub(super) fn money(minor: i64, code: &str) -> Amount {
    Amount::new(minor, Currency::from_code(code).unwrap())
}

pub(super) fn ask() -> SubmitAsk {
    SubmitAsk {
        key: KEY.to_owned(),
        psp_payment_id: PAYMENT.to_owned(),
        amount: money(2500, "EUR"),
        reason: String::new(),
    }
}

fn received() -> String {
    format!(
        r#"{{"merchantAccount":"{MERCHANT}","paymentPspReference":"{PAYMENT}","reference":"{KEY}","pspReference":"{ID}",
        "status":"received","amount":{{"currency":"EUR","value":2500}}}}"#
    )
}

fn error(status: u16, code: &str) -> String {
    format!(r#"{{"status":{status},"errorCode":"{code}","message":"said","errorType":"validation"}}"#)
}

fn respond(status: u16, body: &str, headers: &[(&'static str, &str)]) -> HttpResponse {
    let headers = headers
        .iter()
        .map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_str(v).unwrap()))
        .collect::<HeaderMap>();
    HttpResponse { status, headers, body: body.to_owned().into() }
}

fn submitted_with(status: u16, body: &str, headers: &[(&'static str, &str)]) -> Outcome {
    let transport = Scripted::new([Ok(respond(status, body, headers))]);
    Adyen.submit(&transport, &account(), &ask()).now_or_never().unwrap().outcome
}

fn submitted(status: u16, body: &str) -> Outcome {
    submitted_with(status, body, &[])
}

fn unknown(finding: Finding) -> Outcome {
    Outcome::Unknown(finding)
}

fn pending() -> Outcome {
    Outcome::Pending { psp_refund_id: Some(ID.to_owned()), note: Some("Adyen says received".to_owned()) }
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused(PspRefusal {
        code: code.to_owned(),
        text: "said".to_owned(),
        again: Again::No,
        psp_refund_id: None,
    })
}

#[test]
fn a_submit_is_the_same_bytes_every_time() {
    let transport = Scripted::new([answer(500, ""), answer(500, "")]);
    let (account, ask) = (account(), ask());
    Adyen.submit(&transport, &account, &ask).now_or_never().unwrap();
    Adyen.submit(&transport, &account, &ask).now_or_never().unwrap();
    let sent = transport.sent();
    assert_eq!(sent[0].body, sent[1].body);
    assert_eq!((&sent[0].url, &sent[0].headers), (&sent[1].url, &sent[1].headers));
    assert_eq!(
        std::str::from_utf8(&sent[0].body).unwrap(),
        format!(
            r#"{{"merchantAccount":"{MERCHANT}","amount":{{"currency":"EUR","value":2500}},"reference":"{KEY}"}}"#
        )
    );
    let url = format!("https://checkout-test.adyen.com/v71/payments/{PAYMENT}/refunds");
    assert_eq!((sent[0].method.as_str(), sent[0].url.as_str()), ("POST", url.as_str()));
    assert!(sent[0].headers.contains(&(API_KEY, API_KEY_VALUE.to_owned())));
    assert!(sent[0].headers.contains(&(IDEMPOTENCY_KEY, KEY.to_owned())));
    assert_eq!(sent[0].reuse, Reuse::JustUsed);
    assert!(!sent[0].https_only);
}

#[test]
fn only_a_reason_of_adyens_goes_out() {
    for (given, sent) in [
        ("FRAUD", Some("FRAUD")),
        (" customer request ", Some("CUSTOMER REQUEST")),
        ("customer_request", Some("CUSTOMER REQUEST")),
        ("Return", Some("RETURN")),
        ("duplicate", Some("DUPLICATE")),
        ("other", Some("OTHER")),
        ("the customer requests it", None),
        ("", None),
    ] {
        assert_eq!(wire::reason(given), sent, "{given}");
    }
    let transport = Scripted::new([answer(500, "")]);
    let ask = SubmitAsk { reason: "duplicate".into(), ..ask() };
    Adyen.submit(&transport, &account(), &ask).now_or_never().unwrap();
    let body = String::from_utf8(transport.sent()[0].body.to_vec()).unwrap();
    assert!(body.ends_with(r#","merchantRefundReason":"DUPLICATE"}"#), "{body}");
}

#[test]
fn received_is_pending_and_every_echo_is_compared() {
    assert_eq!(submitted(201, &received()), pending());
    assert_eq!(submitted_with(201, &received(), &[("idempotency-key", KEY)]), pending());
    let without = received().replace(&format!(r#""reference":"{KEY}","#), "");
    assert_eq!(submitted(201, &without), pending(), "the description does not require it");
    for (from, to) in [
        (MERCHANT, "OtherMerchant"),
        (PAYMENT, "9913140798220029"),
        (KEY, "rf-other"),
        (r#""EUR""#, r#""USD""#),
        (r#""EUR""#, r#""XXX""#),
        ("2500", "2501"),
        ("2500", "0"),
    ] {
        assert_eq!(submitted(201, &received().replace(from, to)), unknown(Finding::Mismatch), "{from} {to}");
    }
    assert_eq!(
        submitted_with(201, &received(), &[("idempotency-key", "rf-other")]),
        unknown(Finding::Mismatch)
    );
    for (from, to) in [
        (r#""received""#, r#""refunded""#),
        (ID, ""),
        (ID, "../x"),
        (ID, PAYMENT),
        ("2500", "2500.0"),
        ("2500", r#""2500""#),
        ("pspReference", "other"),
        ("amount", "other"),
        ("status", "other"),
        ("{", "["),
    ] {
        let outcome = submitted(201, &received().replacen(from, to, 1));
        assert_eq!(outcome, unknown(Finding::NotUnderstood), "{from} {to}");
    }
}

#[test]
fn only_codes_that_are_known_refuse() {
    for code in ["010", "100", "130", "137", "138", "158", "166", "167", "702", "901", "906"] {
        for status in [400, 422] {
            assert_eq!(submitted(status, &error(status, code)), refused(code), "{status} {code}");
        }
        for status in [404, 409, 413] {
            assert_eq!(
                submitted(status, &error(status, code)),
                unknown(Finding::NotUnderstood),
                "{status} {code}"
            );
        }
    }
    for code in ["901", "010", "new"] {
        assert_eq!(submitted(403, &error(403, code)), refused(code), "{code}");
    }
    // The key is not taken: no word about the refund, which goes when the account is in order.
    for code in ["000", "010", "new"] {
        let reason = format!("Adyen did not let the account in: {code} said");
        assert_eq!(submitted(401, &error(401, code)), Outcome::NotSent { reason }, "{code}");
    }
    for code in ["000", "701", "903", "904", "905", "14_030", "new", ""] {
        assert_eq!(submitted(422, &error(422, code)), unknown(Finding::NotUnderstood), "{code}");
    }
    for body in ["", "<html>", "{}", "[]", r#"{"errorCode":167}"#, r#"{"status":401}"#] {
        for status in [400, 401, 403, 422] {
            assert_eq!(submitted(status, body), unknown(Finding::NotUnderstood), "{status} {body}");
        }
    }
    for known in codes::PAYMENT_NOT_KNOWN {
        assert_eq!(submitted(422, &error(422, known)), refused(known));
    }
}

#[test]
fn what_may_come_again_is_no_answer() {
    for status in [408, 429, 500, 502, 503, 599] {
        for body in [error(status, "905"), error(status, "167"), received(), String::new()] {
            assert_eq!(submitted(status, &body), unknown(Finding::NoAnswer), "{status}");
        }
    }
    for status in [409, 422] {
        assert_eq!(submitted(status, &error(status, "704")), unknown(Finding::KeyInUse));
        let transient = submitted_with(status, &error(status, "704"), &[("transient-error", "true")]);
        assert_eq!(transient, unknown(Finding::KeyInUse));
        assert_eq!(submitted(status, &error(status, "703")), unknown(Finding::NoAnswer));
    }
    for body in [error(422, "167"), error(422, "new"), String::new()] {
        let transient = |value: &str| submitted_with(422, &body, &[("transient-error", value)]);
        assert_eq!(transient("true"), unknown(Finding::NoAnswer));
        assert_eq!(transient("TRUE"), unknown(Finding::NoAnswer));
        assert_eq!(transient("false"), submitted(422, &body));
    }
    let transport = Scripted::new([
        Err(TransportError::Broken("cut".into())),
        Err(TransportError::NotSent("no connection".into())),
    ]);
    let run = || Adyen.submit(&transport, &account(), &ask()).now_or_never().unwrap().outcome;
    assert_eq!(run(), unknown(Finding::NoAnswer));
    assert_eq!(run(), Outcome::NotSent { reason: "no connection".into() });
}

#[test]
fn what_cannot_be_said_is_refused_without_a_word() {
    let transport = Scripted::default();
    for wrong in [
        SubmitAsk { psp_payment_id: String::new(), ..ask() },
        SubmitAsk { psp_payment_id: "../paymentMethods".into(), ..ask() },
        SubmitAsk { psp_payment_id: "a?b".into(), ..ask() },
        SubmitAsk { key: "k".repeat(65), ..ask() },
        SubmitAsk { amount: money(0, "EUR"), ..ask() },
        SubmitAsk { amount: money(-1, "EUR"), ..ask() },
        SubmitAsk { amount: money(150, "IDR"), ..ask() },
        SubmitAsk { amount: money(i64::MAX, "CLP"), ..ask() },
    ] {
        let exchange = Adyen.submit(&transport, &account(), &wrong).now_or_never().unwrap();
        assert_eq!(exchange.outcome.as_str(), "refused", "{wrong:?}");
    }
    assert!(transport.sent().is_empty());
}

#[test]
fn adyen_is_not_asked() {
    let ask = QueryAsk {
        key: KEY.to_owned(),
        psp_payment_id: PAYMENT.to_owned(),
        psp_refund_id: Some(ID.to_owned()),
        amount: money(2500, "EUR"),
        first_sent_at: Timestamp::from_micros(0),
        now: Timestamp::from_micros(1),
        nonce: [1; 10],
        bound_elsewhere: Vec::new(),
    };
    let exchange = Adyen.query(&Scripted::default(), &account(), &ask).now_or_never().unwrap();
    assert_eq!(exchange.outcome.as_str(), "not_sent");
    assert!(!Adyen.recipe().lookup.is_possible(true));
}

#[test]
fn the_record_holds_no_key() {
    let transport =
        Scripted::new([answer(401, format!(r#"{{"errorCode":"000","message":"{API_KEY_VALUE} {HMAC}"}}"#))]);
    let exchange = Adyen.submit(&transport, &account(), &ask()).now_or_never().unwrap();
    let record = exchange.record;
    assert!(record.contains(PAYMENT) && record.contains(KEY) && record.contains("< HTTP 401"), "{record}");
    assert!(!record.contains(API_KEY_VALUE) && !record.contains(HMAC), "{record}");
}

#[test]
fn an_account_is_complete_and_of_its_environment() {
    let check = |account: &AccountConfig| Adyen.check_account(account);
    let field = |account: &AccountConfig| match check(account) {
        Err(AccountConfigError::Malformed { field, .. } | AccountConfigError::Missing(field)) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(check(&account()), Ok(()));
    assert_eq!(check(&with(account(), "hmac_key_old", &HMAC.to_lowercase())), Ok(()));
    for name in ["api_key", "merchant_account", "hmac_key"] {
        assert_eq!(check(&with(account(), name, "")), Err(AccountConfigError::Missing(name)));
    }
    for (name, wrong) in [
        ("api_key", "with space"),
        ("merchant_account", "a:b"),
        ("hmac_key", "44782DEF"),
        ("hmac_key", &format!("{}zz", &HMAC[2..])),
        ("hmac_key_old", "short"),
    ] {
        assert_eq!(field(&with(account(), name, wrong)), name);
        assert!(!check(&with(account(), name, wrong)).unwrap_err().to_string().contains(wrong));
    }
    let mut slip = account();
    slip.credentials = Credentials::from_json(
        format!(r#"{{"api_key":"k","merchant_account":"m","hmac_key":"{HMAC}","hmackey":"x"}}"#).as_bytes(),
    )
    .unwrap();
    assert_eq!(check(&slip), Err(AccountConfigError::Unexpected("hmackey".into())));

    let based = |environment, base: Option<&str>| AccountConfig {
        environment,
        base_url: base.map(str::to_owned),
        ..account()
    };
    const LIVE: &str = "https://1797a841fbb37ca7-AdyenDemo-checkout-live.adyenpayments.com/checkout/v71";
    assert_eq!(check(&based(Environment::Live, Some(LIVE))), Ok(()));
    assert_eq!(check(&based(Environment::Sandbox, Some("http://127.0.0.1:8080/v71"))), Ok(()));
    for (environment, base) in [
        (Environment::Live, None),
        (Environment::Live, Some("https://checkout-test.adyen.com/v71")),
        (Environment::Live, Some("http://adyen.example/v71")),
        (Environment::Sandbox, Some(LIVE)),
        (Environment::Sandbox, Some("http://127.0.0.1:8080/v71/")),
    ] {
        assert_eq!(field(&based(environment, base)), "base_url", "{base:?}");
    }
    let nowhere = Scripted::default();
    let homeless = based(Environment::Live, None);
    let exchange = Adyen.submit(&nowhere, &homeless, &ask()).now_or_never().unwrap();
    assert!(matches!(exchange.outcome, Outcome::NotSent { reason } if reason.contains("-checkout-live.")));
    assert!(matches!(
        Adyen.check(&nowhere, &homeless, [0; 10]).now_or_never().unwrap(),
        AccountCheck::Refused(_)
    ));
}

#[test]
fn a_check_asks_for_ways_of_paying() {
    let check = |status: u16, body: &str| {
        let transport = Scripted::new([answer(status, body.to_owned())]);
        let found = Adyen.check(&transport, &account(), [0; 10]).now_or_never().unwrap();
        let sent = &transport.sent()[0];
        assert_eq!(sent.url, "https://checkout-test.adyen.com/v71/paymentMethods");
        assert_eq!(sent.body, format!(r#"{{"merchantAccount":"{MERCHANT}"}}"#));
        assert!(sent.headers.contains(&(API_KEY, API_KEY_VALUE.to_owned())));
        assert!(!sent.headers.iter().any(|(name, _)| *name == IDEMPOTENCY_KEY));
        found
    };
    let list = r#"{"paymentMethods":[{"name":"Cards","type":"scheme"}]}"#;
    assert!(matches!(check(200, list), AccountCheck::Proved(_)));
    assert_eq!(check(401, &error(401, "000")), AccountCheck::Refused("Adyen says 000 said".into()));
    assert_eq!(check(403, &error(403, "901")), AccountCheck::Refused("Adyen says 901 said".into()));
    assert_eq!(check(422, &error(422, "901")), AccountCheck::Refused("Adyen says 901 said".into()));
    assert_eq!(check(403, "<html>"), AccountCheck::Refused("Adyen answered HTTP 403".into()));
    for (status, body) in
        [(200, "{}"), (200, "<html>"), (200, r#"{"paymentMethods":[1]}"#), (500, list), (404, "")]
    {
        assert!(matches!(check(status, body), AccountCheck::Unclear(_)), "{status} {body}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_unknown(body: Vec<u8>, status in 100u16..600) {
        let response = HttpResponse { status, headers: HeaderMap::new(), body: body.into() };
        let transport = Scripted::new([Ok(response.clone()), Ok(response)]);
        let outcome = Adyen.submit(&transport, &account(), &ask()).now_or_never().unwrap().outcome;
        prop_assert!(matches!(outcome, Outcome::Unknown(_)), "{:?}", outcome);
        let checked = Adyen.check(&transport, &account(), [0; 10]).now_or_never().unwrap();
        prop_assert!(!matches!(checked, AccountCheck::Proved(_)));
    }

    #[test]
    fn one_changed_byte_never_accepts_another_refund(at in 0usize..400, byte: u8) {
        let mut bytes = received().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let response = HttpResponse { status: 201, headers: HeaderMap::new(), body: bytes.clone().into() };
        let transport = Scripted::new([Ok(response)]);
        let outcome = Adyen.submit(&transport, &account(), &ask()).now_or_never().unwrap().outcome;
        if let Outcome::Pending { .. } = outcome {
            let text = String::from_utf8(bytes).unwrap();
            prop_assert!(text.contains(PAYMENT) && text.contains(MERCHANT) && text.contains("received"));
            prop_assert!(text.contains("EUR") && text.contains("2500"));
        }
    }
}
