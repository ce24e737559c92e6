//! Access tokens: got, kept, renewed, and never shown.

use super::tests::{CLIENT_ID, KEY, SECRET, TOKEN, account, let_in, object, token};
use super::*;
use crate::testing::{Scripted, answer};
use crate::transport::{HttpResponse, Reuse, TransportError};
use futures_util::FutureExt;
use http::header;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Again, Finding, PspRefusal};
use secrecy::ExposeSecret;

const NOT_LET_IN: &str = r#"{"name":"AUTHENTICATION_FAILURE","message":"no","debug_id":"1"}"#;

fn ask() -> SubmitAsk {
    let amount = Amount::new(1_050, Currency::from_code("USD").unwrap());
    SubmitAsk { key: KEY.into(), psp_payment_id: "2GG279541U471931P".into(), amount, reason: "r".into() }
}

fn submit(transport: &Scripted, account: &AccountConfig) -> Exchange {
    PayPal.submit(transport, account, &ask()).now_or_never().unwrap()
}

fn check(reply: Result<HttpResponse, TransportError>) -> AccountCheck {
    let transport = Scripted::new([reply]);
    let checked = PayPal.check(&transport, &let_in(), [0; 10]).now_or_never().unwrap();
    let sent = transport.sent();
    assert_eq!(sent.len(), 1, "the token that is kept proves nothing");
    assert_eq!(sent[0].url, format!("{SANDBOX_BASE}/v1/oauth2/token"));
    checked
}

#[test]
fn an_old_token_is_renewed_once_and_the_same_is_sent_again() {
    let account = account();
    account.session.keep(Some("old".to_owned().into()));
    let transport = Scripted::new([answer(401, NOT_LET_IN), token(), answer(201, object("COMPLETED"))]);
    assert_eq!(submit(&transport, &account).outcome.as_str(), "succeeded");
    let sent = transport.sent();
    assert_eq!((&sent[0].url, &sent[0].body), (&sent[2].url, &sent[2].body));
    let token_of = |request: &HttpRequest| {
        let (_, value) = request.headers.iter().find(|(name, _)| *name == header::AUTHORIZATION).unwrap();
        value.clone()
    };
    assert_eq!(token_of(&sent[0]), "Bearer old");
    assert_eq!(token_of(&sent[2]), format!("Bearer {TOKEN}"));
    let without_token = |request: &HttpRequest| {
        let mut headers = request.headers.clone();
        headers.retain(|(name, _)| *name != header::AUTHORIZATION);
        headers
    };
    assert_eq!(without_token(&sent[0]), without_token(&sent[2]));
    assert_eq!(sent[2].reuse, Reuse::JustUsed);
    assert_eq!(account.session.token().unwrap().expose_secret(), TOKEN);
}

#[test]
fn a_request_that_is_never_let_in_was_not_sent() {
    let transport = Scripted::new([token(), answer(401, NOT_LET_IN), token(), answer(401, NOT_LET_IN)]);
    let account = account();
    assert_eq!(submit(&transport, &account).outcome.as_str(), "not_sent");
    assert!(account.session.token().is_none());
    let closed = r#"{"name":"AUTHENTICATION_FAILURE","details":[{"issue":"INVALID_ACCOUNT_STATUS"}]}"#;
    let transport = Scripted::new([token(), answer(401, closed), token(), answer(401, closed)]);
    let refusal = PspRefusal {
        code: "INVALID_ACCOUNT_STATUS".into(),
        text: String::new(),
        again: Again::No,
        psp_refund_id: None,
    };
    assert_eq!(submit(&transport, &account).outcome, Outcome::Refused(refusal));
}

#[test]
fn what_follows_a_renewal_counts_as_it_is() {
    let transport =
        Scripted::new([answer(401, NOT_LET_IN), token(), Err(TransportError::Broken("reset".to_owned()))]);
    assert_eq!(submit(&transport, &let_in()).outcome, Outcome::Unknown(Finding::NoAnswer));
    // Nothing was done, and nothing can be sent.
    let transport = Scripted::new([answer(401, NOT_LET_IN), answer(503, "")]);
    assert_eq!(submit(&transport, &let_in()).outcome.as_str(), "not_sent");
}

#[test]
fn without_a_token_nothing_is_sent() {
    let invalid = r#"{"error":"invalid_client","error_description":"Client Authentication failed"}"#;
    for (reply, reason) in [
        (answer(401, invalid), "no access token: PayPal answered HTTP 401 invalid_client"),
        (answer(503, "<html>"), "no access token: PayPal answered HTTP 503"),
        (answer(200, "{}"), "no access token: PayPal's answer holds none"),
        (answer(200, r#"{"access_token":""}"#), "no access token: PayPal's answer holds none"),
        (answer(200, r#"{"access_token":"a\nb"}"#), "no access token: PayPal's answer holds none"),
        (Err(TransportError::NotSent("refused".into())), "no access token: refused"),
        (Err(TransportError::Broken("reset".into())), "no access token: no answer came: reset"),
    ] {
        for query in [false, true] {
            let transport = Scripted::new([reply.clone()]);
            let exchange = if query {
                let ask = QueryAsk {
                    key: KEY.into(),
                    psp_payment_id: "2GG279541U471931P".into(),
                    psp_refund_id: Some("1JU08902781691411".into()),
                    amount: ask().amount,
                    first_sent_at: redress_core::time::Timestamp::from_micros(0),
                    now: redress_core::time::Timestamp::from_micros(0),
                    nonce: [0; 10],
                    bound_elsewhere: Vec::new(),
                };
                PayPal.query(&transport, &account(), &ask).now_or_never().unwrap()
            } else {
                submit(&transport, &account())
            };
            assert_eq!(exchange.outcome, Outcome::NotSent { reason: reason.to_owned() });
            assert_eq!(transport.sent().len(), 1);
        }
    }
}

#[test]
fn a_check_asks_for_a_new_token() {
    assert!(matches!(check(token()), AccountCheck::Proved(text) if text.ends_with("good for refunds")));
    let with = |scope: &str| check(answer(200, format!(r#"{{"access_token":"{TOKEN}"{scope}}}"#)));
    for unsaid in ["", r#","scope":null"#, r#","scope":["x"]"#] {
        assert!(matches!(with(unsaid), AccountCheck::Proved(text) if text.ends_with("secret")), "{unsaid}");
    }
    for without in [
        r#","scope":"""#,
        r#","scope":"https://uri.paypal.com/services/payments/refunds""#,
        r#","scope":"https://uri.paypal.com/services/invoicing""#,
    ] {
        let found = with(without);
        assert!(
            matches!(&found, AccountCheck::Unclear(text) if text.contains("payments/refund among")),
            "{without}: {found:?}"
        );
    }
    for (status, body) in
        [(401, r#"{"error":"invalid_client"}"#), (401, ""), (400, r#"{"error":"invalid_client"}"#)]
    {
        assert!(matches!(check(answer(status, body)), AccountCheck::Refused(_)), "{status} {body}");
    }
    for (status, body) in
        [(200, "{}"), (404, ""), (429, ""), (500, ""), (400, r#"{"error":"invalid_request"}"#)]
    {
        assert!(matches!(check(answer(status, body)), AccountCheck::Unclear(_)), "{status} {body}");
    }
    let none = check(answer(200, "{}"));
    assert_eq!(none, AccountCheck::Unclear("no access token: PayPal's answer holds none".to_owned()));
    assert!(matches!(check(Err(TransportError::Broken("reset".into()))), AccountCheck::Unclear(_)));
    let poor = AccountConfig { credentials: crate::account::Credentials::default(), ..account() };
    let checked = PayPal.check(&Scripted::default(), &poor, [0; 10]).now_or_never().unwrap();
    assert!(matches!(checked, AccountCheck::Refused(_)));
}

#[test]
fn the_record_keeps_both_sides_and_no_secret() {
    let leak = format!(r#"{{"error":"{SECRET}","error_description":"{SECRET}"}}"#);
    let transport = Scripted::new([answer(401, leak)]);
    let exchange = submit(&transport, &account());
    assert!(!format!("{exchange:?}").contains(SECRET), "{exchange:?}");
    let leak = object("COMPLETED").replace("ECHECK", &format!("{SECRET} {CLIENT_ID}"));
    let transport = Scripted::new([token(), answer(201, leak)]);
    let record = submit(&transport, &account()).record;
    assert!(record.starts_with("PayPal gave an access token\n> POST /v2/payments/captures/"), "{record}");
    assert!(record.contains("< HTTP 201") && record.contains("74537604221431003881865"), "{record}");
    for secret in [SECRET, CLIENT_ID, TOKEN, "Basic", "Bearer"] {
        assert!(!record.contains(secret), "{secret} in {record}");
    }
    let long = Scripted::new([token(), answer(201, "x".repeat(100_000))]);
    assert!(submit(&long, &account()).record.len() <= crate::record::RECORD_BYTES_MAX);
}
