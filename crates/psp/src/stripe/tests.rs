use super::*;
use crate::account::Credentials;
use crate::session::Session;
use crate::testing::{Scripted, answer, failed, refused};
use crate::transport::{HttpResponse, Reuse, TransportError};
use futures_util::FutureExt;
use http::HeaderMap;
use proptest::prelude::*;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::Again;
use redress_core::time::Timestamp;

pub(super) const KEY: &str = "rf-01k9q3f7zt8m2v5c6x0n4b1d2e";
pub(super) const CHARGE: &str = "ch_3LmjFA2eZvKYlo2C09TLIsrw";
pub(super) const ID: &str = "re_3MmlLrLkdIwHu7ix0uke3Ezy";
const SECRET: &str = "sk_test_hush_hush";
const HOUR: Again = Again::After(Duration::from_secs(3600));

pub(super) fn account() -> AccountConfig {
    let credentials = [("secret_key", SECRET), ("webhook_secret", "whsec_test_secret")];
    AccountConfig {
        environment: Environment::Sandbox,
        base_url: None,
        notification_url: Some("https://redress.example/psp/stripe/acc_1".to_owned()),
        credentials: credentials.map(|(n, v)| (n.to_owned(), v.to_owned())).into_iter().collect(),
        timeout: Duration::from_secs(3),
        session: Session::default(),
    }
}

pub(super) fn money(minor: i64, code: &str) -> Amount {
    Amount::new(minor, Currency::from_code(code).unwrap())
}

fn ask() -> SubmitAsk {
    let amount = money(1_000, "USD");
    SubmitAsk { key: KEY.to_owned(), psp_payment_id: CHARGE.to_owned(), amount, reason: "Damaged".to_owned() }
}

fn query_ask(psp_refund_id: Option<&str>) -> QueryAsk {
    QueryAsk {
        key: KEY.to_owned(),
        psp_payment_id: CHARGE.to_owned(),
        psp_refund_id: psp_refund_id.map(str::to_owned),
        amount: money(1_000, "USD"),
        first_sent_at: Timestamp::from_micros(1_700_000_000_000_000),
        now: Timestamp::from_micros(1_700_000_060_000_000),
        nonce: [1; 10],
        bound_elsewhere: vec!["re_bound".to_owned()],
    }
}

/// A refund as Stripe shows it.
pub(super) fn object(id: &str, status: &str, key: &str) -> String {
    format!(
        r#"{{"id":"{id}","object":"refund","amount":1000,"balance_transaction":"txn_1","charge":"{CHARGE}","created":1700000000,
        "currency":"usd","destination_details":{{"card":{{"type":"refund","reference":"24692165300100123456789",
        "reference_status":"available","reference_type":"acquirer_reference_number"}},"type":"card"}},
        "metadata":{{"redress_refund":"{key}"}},"payment_intent":null,"pending_reason":null,"reason":null,
        "failure_reason":null,"end":0,"status":"{status}"}}"#
    )
}

fn error(kind: &str, code: &str) -> String {
    let code = if code.is_empty() { String::new() } else { format!(r#""code":"{code}","#) };
    format!(r#"{{"error":{{{code}"message":"said","param":"amount","type":"{kind}"}}}}"#)
}

fn submitted(status: u16, body: &str) -> Outcome {
    let transport = Scripted::new([answer(status, body.to_owned())]);
    Stripe.submit(&transport, &account(), &ask()).now_or_never().unwrap().outcome
}

fn retrieved(status: u16, body: &str) -> Outcome {
    let transport = Scripted::new([answer(status, body.to_owned())]);
    let outcome = Stripe.query(&transport, &account(), &query_ask(Some(ID))).now_or_never().unwrap().outcome;
    let sent = &transport.sent()[0];
    assert_eq!((sent.method.as_str(), sent.url.as_str()), ("GET", &*format!("{BASE}/v1/refunds/{ID}")));
    assert!(sent.body.is_empty());
    outcome
}

fn page(rows: &[String], more: bool) -> String {
    format!(r#"{{"object":"list","url":"/v1/refunds","has_more":{more},"data":[{}]}}"#, rows.join(","))
}

fn looked_up(transport: &Scripted) -> Outcome {
    Stripe.query(transport, &account(), &query_ask(None)).now_or_never().unwrap().outcome
}

fn listed(rows: &[String]) -> Outcome {
    looked_up(&Scripted::new([answer(200, page(rows, false))]))
}

fn unknown(finding: Finding) -> Outcome {
    Outcome::Unknown(finding)
}

fn done() -> Outcome {
    Outcome::Succeeded { psp_refund_id: Some(ID.to_owned()), arn: Some("24692165300100123456789".to_owned()) }
}

fn pending(note: &str) -> Outcome {
    Outcome::Pending { psp_refund_id: Some(ID.to_owned()), note: Some(note.to_owned()) }
}

#[test]
fn a_submit_is_the_same_bytes_every_time() {
    let transport = Scripted::new([answer(500, ""), answer(500, "")]);
    let (account, ask) = (account(), ask());
    Stripe.submit(&transport, &account, &ask).now_or_never().unwrap();
    Stripe.submit(&transport, &account, &ask).now_or_never().unwrap();
    let sent = transport.sent();
    assert_eq!(sent[0].body, sent[1].body);
    assert_eq!((&sent[0].url, &sent[0].headers), (&sent[1].url, &sent[1].headers));
    let form = format!("charge={CHARGE}&amount=1000&metadata%5Bredress_refund%5D={KEY}");
    assert_eq!(std::str::from_utf8(&sent[0].body).unwrap(), form);
    assert_eq!(
        (sent[0].method.as_str(), sent[0].url.as_str()),
        ("POST", "https://api.stripe.com/v1/refunds")
    );
    let headers: Vec<_> = sent[0].headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let bearer = format!("Bearer {SECRET}");
    let expected = [
        ("authorization", bearer.as_str()),
        ("idempotency-key", KEY),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    assert_eq!(headers, expected);
    assert_eq!(sent[0].reuse, Reuse::JustUsed);
    assert!(!sent[0].https_only);
}

#[test]
fn a_submit_names_the_payment_the_version_and_stripes_own_reasons() {
    for (payment, reason, body) in [
        (
            "pi_1",
            " duplicate ",
            "payment_intent=pi_1&amount=1000&metadata%5Bredress_refund%5D=K&reason=duplicate",
        ),
        (
            "py_1",
            "requested_by_customer",
            "charge=py_1&amount=1000&metadata%5Bredress_refund%5D=K&reason=requested_by_customer",
        ),
        // It would block the customer's card.
        ("ch_1", "fraudulent", "charge=ch_1&amount=1000&metadata%5Bredress_refund%5D=K"),
        ("ch_1", "Duplicate", "charge=ch_1&amount=1000&metadata%5Bredress_refund%5D=K"),
    ] {
        let transport = Scripted::new([answer(500, "")]);
        let mut account = account();
        account.credentials =
            Credentials::from_json(br#"{"secret_key":"sk_live_1","api_version":"2026-10-28.endive"}"#)
                .unwrap();
        account.environment = Environment::Live;
        let mut ask = SubmitAsk { key: "K".into(), psp_payment_id: payment.into(), ..ask() };
        ask.reason = reason.to_owned();
        Stripe.submit(&transport, &account, &ask).now_or_never().unwrap();
        let sent = &transport.sent()[0];
        assert_eq!(std::str::from_utf8(&sent.body).unwrap(), body);
        let version = (HeaderName::from_static("stripe-version"), "2026-10-28.endive".to_owned());
        assert!(sent.headers.contains(&version) && sent.https_only);
    }
}

#[test]
fn every_status_of_a_refund() {
    let with = |status: &str, field: &str, reason: &str| {
        object(ID, status, KEY).replace(&format!(r#""{field}":null"#), &format!(r#""{field}":"{reason}""#))
    };
    for read in [submitted, retrieved] {
        assert_eq!(read(200, &object(ID, "succeeded", KEY)), done());
        assert_eq!(read(201, &object(ID, "pending", KEY)), pending("Stripe says pending"));
        for reason in ["processing", "insufficient_funds", "charge_pending"] {
            let note = format!("Stripe says pending: {reason}");
            assert_eq!(read(200, &with("pending", "pending_reason", reason)), pending(&note));
        }
        assert_eq!(read(200, &object(ID, "requires_action", KEY)), pending("Stripe says requires_action"));
        let bare = failed(refused("failed", "Stripe says failed", Again::No), ID);
        assert_eq!(read(200, &object(ID, "failed", KEY)), bare);
        assert_eq!(
            read(200, &object(ID, "canceled", KEY)),
            failed(refused("canceled", "Stripe says canceled", Again::No), ID)
        );
        for (reason, again) in [
            ("lost_or_stolen_card", Again::No),
            ("expired_or_canceled_card", Again::No),
            ("charge_for_pending_refund_disputed", Again::No),
            ("insufficient_funds", HOUR),
            ("declined", Again::No),
            ("merchant_request", Again::No),
            ("unknown", Again::No),
            ("a_new_one", Again::No),
        ] {
            let text = format!("Stripe says failed: {reason}");
            let said = read(200, &with("failed", "failure_reason", reason));
            assert_eq!(said, failed(refused(reason, &text, again), ID));
        }
        for status in ["", "Succeeded", "void", "requires_capture"] {
            assert_eq!(read(200, &object(ID, status, KEY)), unknown(Finding::NotUnderstood), "{status}");
        }
        let none = object(ID, "x", KEY).replace(r#""status":"x""#, r#""status":null"#);
        assert_eq!(read(200, &none), unknown(Finding::NotUnderstood));
    }
}

#[test]
fn only_an_acquirers_reference_is_an_arn() {
    let good = object(ID, "succeeded", KEY);
    for (from, to) in [
        ("acquirer_reference_number", "system_trace_audit_number"),
        (r#""reference":"24692165300100123456789""#, r#""reference":null"#),
        ("24692165300100123456789", ""),
        (r#""card":{"type"#, r#""paypal":{"type"#),
    ] {
        let bare = Outcome::Succeeded { psp_refund_id: Some(ID.to_owned()), arn: None };
        assert_eq!(retrieved(200, &good.replace(from, to)), bare, "{from}");
    }
}

#[test]
fn what_a_refund_says_is_checked_against_what_was_asked() {
    let good = object(ID, "succeeded", KEY);
    for (from, to) in [
        (":1000,", ":100,"),
        (":1000,", ":1000.5,"),
        (":1000,", ":1e99,"),
        ("usd", "eur"),
        ("usd", "???"),
        (CHARGE, "ch_other"),
        (KEY, "rf-other"),
        (KEY, ""),
        ("redress_refund", "order"),
        (r#""metadata":{"#, r#""other":{"#),
    ] {
        for read in [submitted, retrieved] {
            assert_eq!(read(200, &good.replace(from, to)), unknown(Finding::Mismatch), "{from} {to}");
        }
    }
    assert_eq!(retrieved(200, &good.replace(ID, "re_other")), unknown(Finding::Mismatch));
    for (from, to) in
        [(":1000,", ":\"1000\","), (":1000,", ":1.0e3,"), ("usd", "USD"), (r#""object":"refund","#, "")]
    {
        assert_eq!(submitted(200, &good.replace(from, to)), done(), "{from} {to}");
    }
    let nameless = format!("\"{CHARGE}\"");
    for (from, to) in
        [(ID, "../x"), (r#""refund""#, r#""charge""#), (":1000,", ":{},"), (nameless.as_str(), "null")]
    {
        let outcome = submitted(200, &good.replace(from, to));
        assert!(matches!(outcome, Outcome::Unknown(_)), "{from} {to}: {outcome:?}");
    }
}

#[test]
fn a_payment_intent_is_compared_with_the_payment_intent() {
    let ask = SubmitAsk { psp_payment_id: "pi_1".to_owned(), ..ask() };
    let run = |body: String| {
        Stripe.submit(&Scripted::new([answer(200, body)]), &account(), &ask).now_or_never().unwrap().outcome
    };
    let with = |echo: &str| object(ID, "succeeded", KEY).replace(r#""payment_intent":null"#, echo);
    assert_eq!(run(with(r#""payment_intent":"pi_1""#)), done());
    assert_eq!(run(with(r#""payment_intent":"pi_2""#)), unknown(Finding::Mismatch));
    assert_eq!(run(with(r#""payment_intent":null"#)), unknown(Finding::NotUnderstood));
}

#[test]
fn every_error_of_a_create() {
    for code in codes::REFUSALS {
        let again =
            if ["balance_insufficient", "insufficient_funds"].contains(&code) { HOUR } else { Again::No };
        for status in [400, 402, 403, 404] {
            let body = error("invalid_request_error", code);
            assert_eq!(submitted(status, &body), refused(code, "said", again), "{status} {code}");
            assert_eq!(submitted(status, &error("card_error", code)), refused(code, "said", again), "{code}");
            assert_eq!(
                submitted(status, &error("api_error", code)),
                unknown(Finding::NotUnderstood),
                "{code}"
            );
        }
        for status in [429, 500, 502, 503, 504] {
            let body = error("invalid_request_error", code);
            assert_eq!(submitted(status, &body), unknown(Finding::NoAnswer), "{status} {code}");
        }
        assert_eq!(submitted(409, &error("invalid_request_error", code)), unknown(Finding::KeyInUse));
        for status in [200, 302, 424] {
            let body = error("invalid_request_error", code);
            assert_eq!(submitted(status, &body), unknown(Finding::NotUnderstood), "{status} {code}");
        }
    }
    // More than is left comes without a code.
    let bare = refused("invalid_request_error", "said", Again::No);
    assert_eq!(submitted(400, &error("invalid_request_error", "")), bare);
    // A wrong key is the account's matter and none of the refund's: it may go when the key is right again.
    let not_let_in = Outcome::NotSent { reason: "Stripe did not let the account in: said".to_owned() };
    for code in ["", "api_key_expired"] {
        assert_eq!(submitted(401, &error("invalid_request_error", code)), not_let_in);
    }
    assert_eq!(submitted(401, "a proxy's"), unknown(Finding::NotUnderstood));
    for (kind, code) in [
        ("invalid_request_error", "lock_timeout"),
        ("invalid_request_error", "rate_limit"),
        ("invalid_request_error", "a_new_one"),
        ("card_error", "processing_error"),
        ("card_error", ""),
        ("api_error", ""),
        ("a_new_one", ""),
    ] {
        assert_eq!(submitted(400, &error(kind, code)), unknown(Finding::NotUnderstood), "{kind} {code}");
    }
    for (status, body) in [
        (400, error("idempotency_error", "")),
        (400, error("invalid_request_error", "idempotency_key_in_use")),
        (409, error("idempotency_error", "idempotency_key_in_use")),
        (409, String::new()),
    ] {
        assert_eq!(submitted(status, &body), unknown(Finding::KeyInUse), "{status} {body}");
    }
    for body in ["", "{}", "<html>", r#"{"error":"no"}"#, r#"{"error":{}}"#] {
        assert_eq!(submitted(400, body), unknown(Finding::NotUnderstood), "{body}");
        assert_eq!(submitted(200, body), unknown(Finding::NotUnderstood), "{body}");
        assert_eq!(submitted(500, body), unknown(Finding::NoAnswer), "{body}");
    }
}

#[test]
fn the_refusals_are_in_order_and_one_says_that_the_payment_is_not_known() {
    let mut sorted = codes::REFUSALS;
    sorted.sort_unstable();
    assert_eq!(sorted, codes::REFUSALS);
    assert!(codes::REFUSALS.contains(&Stripe.payment_not_known_codes()[0]));
}

#[test]
fn a_broken_exchange_is_unknown_and_one_that_never_left_is_not_sent() {
    let run = |error| {
        let transport = Scripted::new([Err(error)]);
        Stripe.submit(&transport, &account(), &ask()).now_or_never().unwrap().outcome
    };
    assert_eq!(run(TransportError::Broken("cut".into())), unknown(Finding::NoAnswer));
    assert_eq!(run(TransportError::NotSent("no route".into())).as_str(), "not_sent");
}

#[test]
fn a_question_by_id_is_never_refused() {
    let missing = error("invalid_request_error", "resource_missing");
    assert_eq!(retrieved(404, &missing), unknown(Finding::NotFound));
    for status in [400, 401, 402, 403, 409, 302] {
        assert_eq!(retrieved(status, &missing), unknown(Finding::NotUnderstood), "{status}");
    }
    for status in [429, 500, 503] {
        assert_eq!(retrieved(status, &missing), unknown(Finding::NoAnswer), "{status}");
    }
    for body in ["", "not found", r#"{"error":{"type":"invalid_request_error"}}"#] {
        assert_eq!(retrieved(404, body), unknown(Finding::NotUnderstood), "{body}");
    }
}

mod more;
