use super::*;
use crate::account::Credentials;
use crate::session::Session;
use crate::testing::{Scripted, answer, refused};
use crate::transport::{HttpResponse, Reuse, TransportError};
use futures_util::FutureExt;
use http::{HeaderMap, header};
use proptest::prelude::*;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Again, Finding, PspRefusal};
use redress_core::time::Timestamp;
use secrecy::ExposeSecret;

pub(super) const KEY: &str = "rf-01k9q3f7zt8m2v5c6x0n4b1d2e";
pub(super) const CAPTURE: &str = "2GG279541U471931P";
pub(super) const ID: &str = "1JU08902781691411";
pub(super) const CLIENT_ID: &str = "AZclient-of-the-tests_01";
pub(super) const SECRET: &str = "EHsecret-of-the-tests_01";
pub(super) const TOKEN: &str = "A21AAtoken-of-the-tests_01";

pub(super) fn account() -> AccountConfig {
    let pairs = [("client_id", CLIENT_ID), ("client_secret", SECRET), ("webhook_id", "1JE4291016473214C")];
    AccountConfig {
        environment: Environment::Sandbox,
        base_url: None,
        notification_url: None,
        credentials: pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        timeout: Duration::from_secs(3),
        session: Session::default(),
    }
}

/// An account that has a token.
pub(super) fn let_in() -> AccountConfig {
    let account = account();
    account.session.keep(Some(TOKEN.to_owned().into()));
    account
}

fn money(minor: i64, code: &str) -> Amount {
    Amount::new(minor, Currency::from_code(code).unwrap())
}

fn ask() -> SubmitAsk {
    SubmitAsk {
        key: KEY.to_owned(),
        psp_payment_id: CAPTURE.to_owned(),
        amount: money(1_050, "USD"),
        reason: "Defective\nproduct ".to_owned(),
    }
}

fn query_ask(psp_refund_id: Option<&str>) -> QueryAsk {
    QueryAsk {
        key: KEY.to_owned(),
        psp_payment_id: CAPTURE.to_owned(),
        psp_refund_id: psp_refund_id.map(str::to_owned),
        amount: money(1_050, "USD"),
        first_sent_at: Timestamp::from_micros(1_700_000_000_000_000),
        now: Timestamp::from_micros(1_700_000_060_000_000),
        nonce: [1; 10],
        bound_elsewhere: Vec::new(),
    }
}

pub(super) fn token() -> Result<HttpResponse, TransportError> {
    let scope = "https://uri.paypal.com/services/invoicing https://uri.paypal.com/services/payments/refund";
    answer(
        200,
        format!(r#"{{"scope":"{scope}","access_token":"{TOKEN}","token_type":"Bearer","expires_in":32400}}"#),
    )
}

/// A refund as PayPal shows it.
pub(super) fn object(status: &str) -> String {
    format!(
        r#"{{"id":"{ID}","status":"{status}","status_details":{{"reason":"ECHECK"}},
        "amount":{{"currency_code":"USD","value":"10.50"}},"custom_id":"{KEY}",
        "acquirer_reference_number":"74537604221431003881865","links":[
        {{"rel":"self","method":"GET","href":"https://api-m.paypal.com/v2/payments/refunds/{ID}"}},
        {{"rel":"up","method":"GET","href":"https://api-m.paypal.com/v2/payments/captures/{CAPTURE}"}}]}}"#
    )
}

fn errors(issues: &[&str]) -> String {
    let details: Vec<_> =
        issues.iter().map(|issue| format!(r#"{{"issue":"{issue}","description":"said"}}"#)).collect();
    format!(
        r#"{{"name":"SOME","message":"some","debug_id":"90957fca61718","details":[{}]}}"#,
        details.join(",")
    )
}

fn submitted(status: u16, body: &str) -> Outcome {
    let transport = Scripted::new([answer(status, body.to_owned())]);
    PayPal.submit(&transport, &let_in(), &ask()).now_or_never().unwrap().outcome
}

fn retrieved(status: u16, body: &str) -> Outcome {
    let transport = Scripted::new([answer(status, body.to_owned())]);
    let exchange = PayPal.query(&transport, &let_in(), &query_ask(Some(ID))).now_or_never().unwrap();
    let sent = &transport.sent()[0];
    let url = format!("{SANDBOX_BASE}/v2/payments/refunds/{ID}");
    assert_eq!((sent.method.as_str(), sent.url.as_str()), ("GET", url.as_str()));
    exchange.outcome
}

fn unknown(finding: Finding) -> Outcome {
    Outcome::Unknown(finding)
}

fn done() -> Outcome {
    Outcome::Succeeded { psp_refund_id: Some(ID.to_owned()), arn: Some("74537604221431003881865".to_owned()) }
}

#[test]
fn a_submit_is_the_same_bytes_every_time() {
    let transport = Scripted::new([token(), answer(500, ""), answer(500, "")]);
    let (account, ask) = (account(), ask());
    PayPal.submit(&transport, &account, &ask).now_or_never().unwrap();
    PayPal.submit(&transport, &account, &ask).now_or_never().unwrap();
    let sent = transport.sent();
    assert_eq!(sent.len(), 3, "the token is kept");
    assert_eq!(sent[0].url, "https://api-m.sandbox.paypal.com/v1/oauth2/token");
    assert_eq!(&sent[0].body[..], b"grant_type=client_credentials");
    let basic = "Basic QVpjbGllbnQtb2YtdGhlLXRlc3RzXzAxOkVIc2VjcmV0LW9mLXRoZS10ZXN0c18wMQ==";
    assert!(sent[0].headers.contains(&(header::AUTHORIZATION, basic.to_owned())));
    assert_eq!(sent[1].body, sent[2].body);
    assert_eq!((&sent[1].url, &sent[1].headers), (&sent[2].url, &sent[2].headers));
    assert_eq!(sent[1].method, Method::POST);
    assert_eq!(sent[1].url, format!("{SANDBOX_BASE}/v2/payments/captures/{CAPTURE}/refund"));
    assert_eq!(
        std::str::from_utf8(&sent[1].body).unwrap(),
        format!(r#"{{"amount":{{"currency_code":"USD","value":"10.50"}},"custom_id":"{KEY}","#)
            + r#""note_to_payer":"Defective product"}"#
    );
    let mut headers = sent[1].headers.clone();
    headers.sort_by(|one, other| one.0.as_str().cmp(other.0.as_str()));
    let expected = [
        (header::AUTHORIZATION, format!("Bearer {TOKEN}")),
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (REQUEST_ID, KEY.to_owned()),
        (PREFER, "return=representation".to_owned()),
    ];
    assert_eq!(headers, expected);
    assert_eq!(sent[1].reuse, Reuse::JustUsed);
    assert!(!sent[1].https_only);
    assert_eq!(sent[1].timeout, Duration::from_secs(3));
}

#[test]
fn a_refund_without_a_reason_or_with_a_programs_word_for_it_has_no_note() {
    let sent = |reason: &str| {
        let transport = Scripted::new([answer(500, "")]);
        let ask = SubmitAsk { reason: reason.to_owned(), ..ask() };
        PayPal.submit(&transport, &let_in(), &ask).now_or_never().unwrap();
        String::from_utf8_lossy(&transport.sent()[0].body).into_owned()
    };
    // PayPal mails the note to the payer.
    for reason in [" \n", "fraudulent", " duplicate\n"].iter().chain(&REASONS) {
        assert!(!sent(reason).contains("note_to_payer"), "{reason}");
    }
    assert!(sent("the duplicate").ends_with(r#""note_to_payer":"the duplicate"}"#));
    assert_eq!(reason_text(&"é".repeat(300), NOTE_CHARS_MAX).chars().count(), 255);
}

#[test]
fn live_accounts_speak_to_the_live_address_over_https_only() {
    let live = AccountConfig { environment: Environment::Live, ..account() };
    let transport = Scripted::new([token(), answer(201, object("COMPLETED"))]);
    assert_eq!(PayPal.submit(&transport, &live, &ask()).now_or_never().unwrap().outcome, done());
    for sent in transport.sent() {
        assert!(sent.url.starts_with("https://api-m.paypal.com/") && sent.https_only, "{}", sent.url);
    }
}

#[test]
fn sums_go_out_in_major_units_with_the_decimals_paypal_takes() {
    for (amount, text) in [
        (money(1_000, "USD"), Some("10.00")),
        (money(1, "EUR"), Some("0.01")),
        (money(700, "JPY"), Some("700")),
        // Two decimals in ISO 4217, none at PayPal.
        (money(70_000, "HUF"), Some("700")),
        (money(70_000, "TWD"), Some("700")),
        (money(70_001, "HUF"), None),
        (money(70_010, "TWD"), None),
        (money(i64::MAX, "USD"), Some("92233720368547758.07")),
        (money(0, "USD"), None),
        (money(-1, "USD"), None),
    ] {
        let sent = SentMoney::of(amount);
        assert_eq!(sent.as_ref().map(|sent| sent.value.as_str()), text, "{amount}");
        assert!(text.is_none_or(|text| text.len() <= 32));
    }
    for code in wire::CURRENCIES {
        assert!(Currency::from_code(code).is_ok(), "{code}");
    }
}

#[test]
fn every_status_of_a_refund() {
    for read in [submitted, retrieved] {
        for status in [200, 201] {
            assert_eq!(read(status, &object("COMPLETED")), done());
        }
        let note = Some("PayPal says PENDING ECHECK".to_owned());
        let pending = Outcome::Pending { psp_refund_id: Some(ID.to_owned()), note };
        assert_eq!(read(201, &object("PENDING")), pending);
        for status in ["FAILED", "CANCELLED"] {
            let failed = PspRefusal {
                code: status.to_owned(),
                text: "ECHECK".to_owned(),
                again: Again::No,
                // Whoever gets this in answer to the same request again can ask about that refund.
                psp_refund_id: Some(ID.to_owned()),
            };
            assert_eq!(read(201, &object(status)), Outcome::Refused(failed));
        }
        for status in ["completed", "REFUNDED", "PARTIALLY_REFUNDED", ""] {
            assert_eq!(read(201, &object(status)), unknown(Finding::NotUnderstood), "{status}");
        }
    }
    let bare = object("PENDING").replace(r#""status_details":{"reason":"ECHECK"},"#, "");
    let note = Some("PayPal says PENDING".to_owned());
    assert_eq!(submitted(201, &bare), Outcome::Pending { psp_refund_id: Some(ID.to_owned()), note });
    let no_arn = Outcome::Succeeded { psp_refund_id: Some(ID.to_owned()), arn: None };
    for arn in ["", "7453 7604", &"7".repeat(37)] {
        let body = object("COMPLETED").replace("74537604221431003881865", arn);
        assert_eq!(submitted(201, &body), no_arn, "{arn}");
    }
}

#[test]
fn what_a_refund_says_is_checked_against_what_was_asked() {
    let good = object("COMPLETED");
    for read in [submitted, retrieved] {
        for (from, to) in [
            ("10.50", "10.51"),
            ("10.50", "1050"),
            (r#""USD""#, r#""EUR""#),
            (KEY, "rf-other"),
            (&format!("captures/{CAPTURE}"), "captures/OTHER"),
        ] {
            assert_eq!(read(201, &good.replace(from, to)), unknown(Finding::Mismatch), "{from} {to}");
        }
        for (from, to) in [
            ("10.50", "10.5"),
            ("10.50", "10.500"),
            (&format!(r#""custom_id":"{KEY}","#), ""),
            (KEY, ""),
            ("\"up\"", "\"capture\""),
            (&format!("captures/{CAPTURE}"), "authorizations/OTHER"),
        ] {
            assert_eq!(read(201, &good.replace(from, to)), done(), "{from} {to}");
        }
        for (from, to) in [
            ("10.50", "10.505"),
            ("10.50", "ten"),
            ("\"10.50\"", "10.50"),
            ("USD", "???"),
            (r#""amount":{"currency_code":"USD","value":"10.50"},"#, ""),
        ] {
            let outcome = read(201, &good.replace(from, to));
            assert_eq!(outcome, unknown(Finding::NotUnderstood), "{from} {to}");
        }
    }
    assert_eq!(submitted(201, &good.replace(ID, "../x")), unknown(Finding::NotUnderstood));
    assert_eq!(retrieved(200, &good.replace(ID, "OTHER")), unknown(Finding::Mismatch));
    let small = SubmitAsk { amount: money(50, "USD"), ..ask() };
    let transport = Scripted::new([answer(201, good.replace("10.50", ".50"))]);
    let exchange = PayPal.submit(&transport, &let_in(), &small).now_or_never().unwrap();
    assert_eq!(exchange.outcome, done(), "the digits before the point may be left out");
}

#[test]
fn every_issue_of_a_submit() {
    let (hour, day) = (Again::After(Duration::from_secs(3_600)), Again::After(Duration::from_secs(86_400)));
    let mut table = vec![
        (400, "MISSING_REQUIRED_PARAMETER", Again::No),
        (400, "INVALID_PARAMETER_SYNTAX", Again::No),
        (400, "INVALID_STRING_LENGTH", Again::No),
        (403, "PERMISSION_DENIED", Again::No),
        (404, "INVALID_RESOURCE_ID", Again::No),
        (422, "REFUND_FAILED_INSUFFICIENT_FUNDS", hour),
        (422, "PENDING_CAPTURE", day),
        (422, "TRANSACTION_DISPUTED", day),
    ];
    for issue in [
        "CANNOT_BE_ZERO_OR_NEGATIVE",
        "CANNOT_BE_NEGATIVE",
        "DECIMAL_PRECISION",
        "DECIMALS_NOT_SUPPORTED",
        "INVALID_CURRENCY_CODE",
        "CURRENCY_MISMATCH",
        "CAPTURE_FULLY_REFUNDED",
        "REFUND_CAPTURE_CURRENCY_MISMATCH",
        "REFUND_NOT_ALLOWED",
        "REFUND_TIME_LIMIT_EXCEEDED",
        "REFUND_AMOUNT_EXCEEDED",
        "REFUND_AMOUNT_TOO_LOW",
        "PARTIAL_REFUND_NOT_ALLOWED",
        "MAX_NUMBER_OF_REFUNDS_EXCEEDED",
        "DUPLICATE_INVOICE_ID",
        "PAYEE_ACCOUNT_LOCKED_OR_CLOSED",
        "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
        "PAYEE_ACCOUNT_RESTRICTED",
        "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK",
        "REFUND_IS_RESTRICTED",
        "PLATFORM_FEE_EXCEEDED",
        "PLATFORM_FEE_NOT_ENABLED",
    ] {
        table.push((422, issue, Again::No));
    }
    for (status, issue, again) in table {
        assert_eq!(submitted(status, &errors(&[issue])), refused(issue, "said", again), "{issue}");
        for other in [200, 201, 302, 405, 409, 415] {
            let outcome = submitted(other, &errors(&[issue]));
            assert_eq!(outcome, unknown(Finding::NotUnderstood), "{other} {issue}");
        }
        for other in [429, 500, 502, 503, 504] {
            let outcome = submitted(other, &errors(&[issue]));
            assert_eq!(outcome, unknown(Finding::NoAnswer), "{other} {issue}");
        }
        let mixed = submitted(status, &errors(&[issue, "SOMETHING_NEW"]));
        assert_eq!(mixed, unknown(Finding::NotUnderstood), "{issue}");
        // A question that was refused says nothing of the refund.
        let finding = if status == 404 { Finding::NotFound } else { Finding::NotUnderstood };
        assert_eq!(retrieved(status, &errors(&[issue])), unknown(finding), "{issue}");
    }
    let both = errors(&["PENDING_CAPTURE", "REFUND_FAILED_INSUFFICIENT_FUNDS"]);
    assert_eq!(submitted(422, &both), refused("PENDING_CAPTURE", "said", day));
    let worse = errors(&["PENDING_CAPTURE", "REFUND_NOT_ALLOWED"]);
    assert_eq!(submitted(422, &worse), refused("PENDING_CAPTURE", "said", Again::No));
    for status in [400, 403, 404, 409, 422] {
        assert_eq!(submitted(status, &errors(&[])), unknown(Finding::NotUnderstood), "{status}");
        assert_eq!(retrieved(status, &errors(&[])), unknown(Finding::NotUnderstood), "{status}");
    }
}

#[test]
fn a_request_that_meets_its_equal_is_not_refused() {
    assert_eq!(submitted(409, &errors(&["PREVIOUS_REQUEST_IN_PROGRESS"])), unknown(Finding::KeyInUse));
    assert_eq!(submitted(409, &errors(&["OTHER"])), unknown(Finding::NotUnderstood));
    assert_eq!(submitted(422, &errors(&["PREVIOUS_REQUEST_IN_PROGRESS"])), unknown(Finding::NotUnderstood));
}

#[test]
fn a_broken_exchange_is_unknown_and_one_that_never_began_is_not_sent() {
    let outcome = |error| {
        let transport = Scripted::new([Err(error)]);
        PayPal.submit(&transport, &let_in(), &ask()).now_or_never().unwrap().outcome
    };
    assert_eq!(outcome(TransportError::Broken("reset".into())), unknown(Finding::NoAnswer));
    let not_sent = Outcome::NotSent { reason: "refused".into() };
    assert_eq!(outcome(TransportError::NotSent("refused".into())), not_sent);
}

#[test]
fn what_cannot_be_said_is_refused_without_a_word() {
    let transport = Scripted::default();
    for wrong in [
        SubmitAsk { psp_payment_id: "a/b".into(), ..ask() },
        SubmitAsk { psp_payment_id: String::new(), ..ask() },
        SubmitAsk { amount: money(0, "USD"), ..ask() },
        SubmitAsk { amount: money(150, "TWD"), ..ask() },
    ] {
        let exchange = PayPal.submit(&transport, &account(), &wrong).now_or_never().unwrap();
        let Outcome::Refused(refusal) = exchange.outcome else { panic!("{:?}", exchange.outcome) };
        assert_eq!(refusal.code, "not_sendable");
    }
    let poor = AccountConfig { credentials: Credentials::default(), ..account() };
    let exchange = PayPal.submit(&transport, &poor, &ask()).now_or_never().unwrap();
    assert_eq!(exchange.outcome.as_str(), "not_sent");
    let exchange = PayPal.query(&transport, &account(), &query_ask(None)).now_or_never().unwrap();
    assert_eq!(exchange.outcome.as_str(), "not_sent");
    assert!(transport.sent().is_empty());
}

proptest! {
    #[test]
    fn any_sum_comes_back_as_it_went_out(minor in 1i64.., at in 0..wire::CURRENCIES.len()) {
        let currency = Currency::from_code(wire::CURRENCIES[at]).unwrap();
        let amount = Amount::new(minor, currency);
        let sent = SentMoney::of(amount);
        prop_assert_eq!(sent.is_some(), minor % CAPABILITIES.step_minor(currency) == 0);
        if let Some(sent) = sent {
            let text = serde_json::to_string(&sent).unwrap();
            prop_assert_eq!(serde_json::from_str::<wire::Money>(&text).unwrap().amount(), Some(amount));
            let whole = ["HUF", "JPY", "TWD"].contains(&sent.currency_code);
            let decimals = sent.value.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            prop_assert_eq!(decimals, if whole { 0 } else { 2 });
        }
    }

    #[test]
    fn any_bytes_are_unknown(body: Vec<u8>, status in 100u16..600) {
        let response = HttpResponse { status, headers: HeaderMap::new(), body: body.into() };
        let expected = Expected { key: KEY, psp_payment_id: CAPTURE, amount: money(1_050, "USD") };
        for outcome in [read::submit(&response, &expected), read::retrieve(&response, ID, &expected)] {
            prop_assert!(status == 401 || matches!(outcome, Outcome::Unknown(_)), "{:?}", outcome);
        }
    }

    #[test]
    fn one_changed_byte_never_makes_a_success_of_another_refund(at in 0usize..600, byte: u8) {
        let mut bytes = object("COMPLETED").into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let response = HttpResponse { status: 201, headers: HeaderMap::new(), body: bytes.clone().into() };
        let expected = Expected { key: KEY, psp_payment_id: CAPTURE, amount: money(1_050, "USD") };
        if let Outcome::Succeeded { .. } = read::submit(&response, &expected) {
            let text = String::from_utf8(bytes).unwrap();
            prop_assert!(text.contains("10.50") && text.contains("USD"), "{}", text);
            prop_assert!(text.contains(KEY) || !text.contains("\"custom_id\""), "{}", text);
        }
    }
}

#[test]
fn accounts_are_checked_and_values_never_shown() {
    assert_eq!(PayPal.check_account(&account()), Ok(()));
    let with = |pairs: &[(&str, &str)]| {
        let credentials = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        AccountConfig { credentials, ..account() }
    };
    let both = [("client_id", "hush"), ("client_secret", "hush")];
    assert_eq!(PayPal.check_account(&with(&both)), Ok(()), "the webhook may come later");
    for missing in ["client_id", "client_secret"] {
        let one: Vec<_> = both.into_iter().filter(|(name, _)| *name != missing).collect();
        assert_eq!(PayPal.check_account(&with(&one)), Err(AccountConfigError::Missing(missing)));
    }
    for (field, value) in [
        ("client_id", "hu:sh"),
        ("client_id", "hu sh"),
        ("client_secret", "hu\nsh"),
        ("client_secret", "hüsh"),
        ("webhook_id", "hu-sh"),
        ("webhook_id", &"h".repeat(51)),
        ("merchant_id", "7KAQ2M5V9XWE"),
        ("merchant_id", "7KAQ2M5V9XWEJ2"),
        ("merchant_id", "7KAQ2M5V9XWE1"),
        ("merchant_id", "7kaq2m5v9xwej"),
    ] {
        let mut pairs: Vec<_> = both.into_iter().filter(|(name, _)| *name != field).collect();
        pairs.push((field, value));
        let error = PayPal.check_account(&with(&pairs)).unwrap_err();
        assert!(matches!(&error, AccountConfigError::Malformed { field: named, .. } if *named == field));
        assert!(!error.to_string().contains("sh"), "{error}");
    }
    let odd = with(&[both[0], both[1], ("secret_key", "hush")]);
    assert_eq!(PayPal.check_account(&odd), Err(AccountConfigError::Unexpected("secret_key".into())));
    let base_url = Some("https://api-m.paypal.com/".to_owned());
    assert!(PayPal.check_account(&AccountConfig { base_url, ..account() }).is_err());
    assert_eq!(account().session.token().map(|token| token.expose_secret().len()), None);
}
