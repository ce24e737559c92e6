//! Lists, checks and accounts.

use super::*;

#[test]
fn our_key_in_the_list_decides() {
    let ours = object(ID, "succeeded", KEY);
    let same_sum = object("re_2", "succeeded", "").replace(r#""redress_refund":"""#, "");
    let other = object("re_3", "succeeded", "rf-other");
    for (rows, outcome) in [
        (vec![], unknown(Finding::NotFound)),
        (vec![other.clone(), ours.clone(), same_sum.clone()], done()),
        // Metadata is always shown: a refund without ours is not ours.
        (vec![same_sum, other], unknown(Finding::NotFound)),
        (vec![ours.clone(), object("re_4", "failed", KEY)], unknown(Finding::Ambiguous)),
        (vec![ours.clone(), ours.clone()], done()),
        (vec![ours.replace(":1000,", ":999,")], unknown(Finding::Mismatch)),
        (vec![ours.replace(CHARGE, "ch_other")], unknown(Finding::Mismatch)),
        (vec![object("re_bound", "succeeded", KEY)], unknown(Finding::Mismatch)),
        (vec![object(ID, "failed", KEY)], failed(refused("failed", "Stripe says failed", Again::No), ID)),
        (vec![object(ID, "pending", KEY)], pending("Stripe says pending")),
        (vec![r#"{"id":"re_5"}"#.to_owned()], unknown(Finding::NotUnderstood)),
    ] {
        assert_eq!(listed(&rows), outcome, "{rows:?}");
    }
}

#[test]
fn the_list_is_read_to_its_end_and_no_further_than_its_bound() {
    let row = |n: usize| object(&format!("re_{n}"), "succeeded", "rf-other");
    let pages = |count: usize, last: &str| {
        let mut pages: Vec<_> = (0..count).map(|n| answer(200, page(&[row(n)], true))).collect();
        pages.push(answer(200, last.to_owned()));
        Scripted::new(pages)
    };
    let found = pages(2, &page(&[object(ID, "succeeded", KEY)], false));
    assert_eq!(looked_up(&found), done());
    let sent = found.sent();
    let first = format!("{BASE}/v1/refunds?charge={CHARGE}&limit=100");
    assert_eq!((sent[0].method.as_str(), &sent[0].url), ("GET", &first));
    assert_eq!(sent[1].url, format!("{first}&starting_after=re_0"));
    assert_eq!(sent[2].url, format!("{first}&starting_after=re_1"));

    assert_eq!(looked_up(&pages(9, &page(&[], false))), unknown(Finding::NotFound));
    assert_eq!(looked_up(&pages(10, "")), unknown(Finding::NoAnswer), "cut short: absence is not shown");
    assert_eq!(looked_up(&pages(1, &page(&[row(0)], true))), unknown(Finding::NotUnderstood), "going round");
    assert_eq!(looked_up(&pages(0, &page(&[], true))), unknown(Finding::NotUnderstood), "more, and no way");
    assert_eq!(looked_up(&pages(1, "<html>")), unknown(Finding::NotUnderstood));
    let broken =
        Scripted::new([answer(200, page(&[row(0)], true)), Err(TransportError::Broken("cut".into()))]);
    assert_eq!(looked_up(&broken), unknown(Finding::NoAnswer));
    for (status, finding) in [
        (429, Finding::NoAnswer),
        (500, Finding::NoAnswer),
        (401, Finding::NotUnderstood),
        (404, Finding::NotUnderstood),
    ] {
        let body = error("invalid_request_error", "resource_missing");
        assert_eq!(looked_up(&Scripted::new([answer(status, body)])), unknown(finding), "{status}");
    }
}

#[test]
fn a_payment_intents_refunds_are_listed_by_it() {
    let ask = QueryAsk { psp_payment_id: "pi_1".to_owned(), ..query_ask(None) };
    let transport = Scripted::new([answer(200, page(&[], false))]);
    Stripe.query(&transport, &account(), &ask).now_or_never().unwrap();
    assert_eq!(transport.sent()[0].url, format!("{BASE}/v1/refunds?payment_intent=pi_1&limit=100"));
}

#[test]
fn what_cannot_be_said_is_refused_without_a_word() {
    let transport = Scripted::default();
    for wrong in [
        SubmitAsk { psp_payment_id: String::new(), ..ask() },
        SubmitAsk { psp_payment_id: "ch_1&amount=1".into(), ..ask() },
        SubmitAsk { psp_payment_id: "re_1".into(), ..ask() },
        SubmitAsk { amount: money(1_234, "KWD"), ..ask() },
        SubmitAsk { amount: money(0, "USD"), ..ask() },
    ] {
        let exchange = Stripe.submit(&transport, &account(), &wrong).now_or_never().unwrap();
        assert_eq!(exchange.outcome.as_str(), "refused", "{wrong:?}");
    }
    let wrong = QueryAsk { psp_payment_id: "ch_1&limit=1".into(), ..query_ask(None) };
    let exchange = Stripe.query(&transport, &account(), &wrong).now_or_never().unwrap();
    assert_eq!(exchange.outcome, unknown(Finding::NotUnderstood));
    let none = AccountConfig { credentials: Credentials::default(), ..account() };
    let exchange = Stripe.submit(&transport, &none, &ask()).now_or_never().unwrap();
    assert_eq!(exchange.outcome.as_str(), "not_sent");
    let exchange = Stripe.query(&transport, &none, &query_ask(None)).now_or_never().unwrap();
    assert_eq!(exchange.outcome.as_str(), "not_sent");
    assert!(transport.sent().is_empty());
}

#[test]
fn an_id_that_would_change_the_address_is_never_put_into_it() {
    for id in ["../charges", "re_1/../../x", "re_1?x=1", ".", "re 1", ""] {
        let transport = Scripted::new([answer(200, page(&[], false))]);
        Stripe.query(&transport, &account(), &query_ask(Some(id))).now_or_never().unwrap();
        assert!(transport.sent()[0].url.starts_with(&format!("{BASE}/v1/refunds?charge=")), "{id}");
    }
}

#[test]
fn a_check_asks_for_a_refund_that_cannot_be() {
    let check = |status: u16, body: String| {
        let transport = Scripted::new([answer(status, body)]);
        let check = Stripe.check(&transport, &account(), [0; 10]).now_or_never().unwrap();
        let sent = &transport.sent()[0];
        assert_eq!(
            (sent.method.as_str(), sent.url.as_str()),
            ("GET", "https://api.stripe.com/v1/refunds/re_none")
        );
        check
    };
    let missing = || error("invalid_request_error", "resource_missing");
    assert!(matches!(check(404, missing()), AccountCheck::Proved(_)));
    for status in [401, 403] {
        let refused = check(status, error("invalid_request_error", ""));
        assert_eq!(refused, AccountCheck::Refused(format!("Stripe answered HTTP {status}: said")));
        let silent = check(status, "<html>".to_owned());
        assert_eq!(silent, AccountCheck::Refused(format!("Stripe answered HTTP {status}")));
    }
    for (status, body) in
        [(404, "not here".to_owned()), (200, "{}".to_owned()), (500, missing()), (429, missing())]
    {
        assert!(matches!(check(status, body), AccountCheck::Unclear(_)), "{status}");
    }
    let broken = Scripted::new([Err(TransportError::Broken("cut".into()))]);
    assert!(matches!(
        Stripe.check(&broken, &account(), [0; 10]).now_or_never().unwrap(),
        AccountCheck::Unclear(_)
    ));
    let none = AccountConfig { credentials: Credentials::default(), ..account() };
    assert!(matches!(
        Stripe.check(&broken, &none, [0; 10]).now_or_never().unwrap(),
        AccountCheck::Refused(_)
    ));
}

#[test]
fn the_record_holds_no_key() {
    let transport =
        Scripted::new([answer(401, format!(r#"{{"bad key":"{SECRET}","client_secret":"re_1_x"}}"#))]);
    let record = Stripe.submit(&transport, &account(), &ask()).now_or_never().unwrap().record;
    assert!(record.contains(CHARGE) && record.contains("< HTTP 401"), "{record}");
    for hidden in [SECRET, "whsec_", "re_1_x", "Bearer"] {
        assert!(!record.contains(hidden), "{hidden}: {record}");
    }
}

fn checked(environment: Environment, json: &str) -> Result<(), AccountConfigError> {
    let credentials = Credentials::from_json(json.as_bytes()).unwrap();
    Stripe.check_account(&AccountConfig { environment, credentials, ..account() })
}

#[test]
fn an_account_is_checked_field_by_field() {
    use Environment::{Live, Sandbox};
    assert_eq!(Stripe.check_account(&account()), Ok(()));
    for (environment, json) in [
        (Sandbox, r#"{"secret_key":"sk_test_1"}"#),
        (Sandbox, r#"{"secret_key":"rk_test_1","webhook_secret":"","api_version":"2020-08-27"}"#),
        (Live, r#"{"secret_key":"sk_live_1","api_version":"2026-10-28.endive"}"#),
        (Live, r#"{"secret_key":"rk_live_1","webhook_secret":"whsec_1"}"#),
    ] {
        assert_eq!(checked(environment, json), Ok(()), "{json}");
    }
    for (environment, json, wrong) in [
        (Live, r#"{"secret_key":"sk_test_1"}"#, "secret_key"),
        (Sandbox, r#"{"secret_key":"sk_live_1"}"#, "secret_key"),
        (Sandbox, r#"{"secret_key":"pk_test_1"}"#, "secret_key"),
        (Sandbox, r#"{"secret_key":"sk_test_ 1"}"#, "secret_key"),
        (Sandbox, r#"{"secret_key":"sk_test_1","webhook_secret":"hush"}"#, "webhook_secret"),
        (Sandbox, r#"{"secret_key":"sk_test_1","webhook_secret":"whsec_\n"}"#, "webhook_secret"),
        (Sandbox, r#"{"secret_key":"sk_test_1","api_version":"latest"}"#, "api_version"),
        (Sandbox, r#"{"secret_key":"sk_test_1","api_version":"2026-10-28."}"#, "api_version"),
        (Sandbox, r#"{"secret_key":"sk_test_1","api_version":"2026-10-28\r\nx"}"#, "api_version"),
    ] {
        let error = checked(environment, json);
        assert!(
            matches!(error, Err(AccountConfigError::Malformed { field, .. }) if field == wrong),
            "{json}: {error:?}"
        );
    }
    assert_eq!(checked(Sandbox, "{}"), Err(AccountConfigError::Missing("secret_key")));
    let slip = checked(Sandbox, r#"{"secret_key":"sk_test_1","publishable_key":"x"}"#);
    assert_eq!(slip, Err(AccountConfigError::Unexpected("publishable_key".into())));
}

proptest! {
    #[test]
    fn any_bytes_are_unknown(body: Vec<u8>, status in 100u16..600) {
        let response = HttpResponse { status, headers: HeaderMap::new(), body: body.into() };
        let ask = query_ask(None);
        let payment = Payment::of(CHARGE).unwrap();
        let expected = Expected { key: KEY, payment, amount: ask.amount };
        prop_assert!(matches!(read::create(&response, &expected), Outcome::Unknown(_)));
        prop_assert!(matches!(read::retrieve(&response, ID, &expected), Outcome::Unknown(_)));
        let listed = looked_up(&Scripted::new([Ok(response)]));
        prop_assert!(matches!(listed, Outcome::Unknown(_)));
    }

    #[test]
    fn one_changed_byte_never_makes_a_success_of_another_refund(at in 0usize..700, byte: u8) {
        let mut bytes = object(ID, "succeeded", KEY).into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let body = String::from_utf8_lossy(&bytes).into_owned();
        for outcome in [submitted(200, &body), retrieved(200, &body), listed(std::slice::from_ref(&body))] {
            if let Outcome::Succeeded { .. } = outcome {
                for part in [CHARGE, KEY, "\"succeeded\"", "1000"] {
                    prop_assert!(body.contains(part), "{}", part);
                }
                prop_assert!(body.to_lowercase().contains("\"usd\""));
            }
        }
    }
}
