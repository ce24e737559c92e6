//! What an account must have, and how it is checked.

use super::*;
use crate::account::Credentials;

fn checked(
    path: Option<&str>,
    answers: Vec<Result<HttpResponse, TransportError>>,
) -> (AccountCheck, Scripted) {
    let mut fields = fields();
    fields.extend(path.map(|path| ("inquiry_path", path)));
    let transport = Scripted::new(answers);
    let check =
        StcPay.check(&transport, &account_with(Environment::Live, &fields), [0; 10]).now_or_never().unwrap();
    (check, transport)
}

#[test]
fn a_check_asks_for_a_payment_that_cannot_be_where_it_may() {
    let (check, transport) = checked(None, vec![]);
    assert!(matches!(check, AccountCheck::NotPossible(why) if why.contains("inquiry_path")), "{check:?}");
    assert!(transport.sent().is_empty());
    for (path, body) in [
        (V4, r#"{"PaymentInquiryV4RequestMessage":{"RefNum":"redress-check"}}"#),
        ("/M/v3/PaymentInquiry", r#"{"PaymentInquiryRequestMessage":{"RefNum":"redress-check"}}"#),
    ] {
        let (check, transport) = checked(Some(path), vec![answer(403, error("2006"))]);
        assert!(matches!(check, AccountCheck::Proved(_)), "{check:?}");
        let sent = &transport.sent()[0];
        assert_eq!((sent.url.as_str(), &sent.body[..]), (&*format!("{BASE}{path}"), body.as_bytes()));
        assert!(sent.identity.is_some() && sent.https_only);
        assert_eq!(header(sent, "X-ClientCode"), Some(CODE));
    }
}

#[test]
fn what_a_check_hears() {
    let list = r#"{"PaymentInquiryV4ResponseMessage":{"TransactionList":[]}}"#.to_owned();
    let other_list = list.replace("V4", "");
    for (status, body, expected) in [
        (403, error("2006"), "proved"),
        (200, error("2006"), "proved"),
        (200, list.clone(), "proved"),
        (200, other_list, "proved"),
        (403, error("2004"), "refused"),
        (403, error("2033"), "refused"),
        (200, error("2034"), "refused"),
        (403, error("2035"), "refused"),
        (403, String::new(), "refused"),
        (401, String::new(), "refused"),
        (200, String::new(), "unclear"),
        (500, String::new(), "unclear"),
        (403, error("2001"), "unclear"),
        (200, error("2000"), "unclear"),
        (200, error("2010"), "unclear"),
        (500, error("2006"), "unclear"),
        (429, error("2006"), "unclear"),
        (302, error("2006"), "unclear"),
        (403, list, "unclear"),
        (200, "<html>".to_owned(), "unclear"),
        (200, "{}".to_owned(), "unclear"),
    ] {
        let (check, _) = checked(Some(V4), vec![answer(status, body.clone())]);
        let found = match &check {
            AccountCheck::Proved(_) => "proved",
            AccountCheck::Refused(_) => "refused",
            AccountCheck::Unclear(_) => "unclear",
            AccountCheck::NotPossible(_) => "not possible",
        };
        assert_eq!(found, expected, "{status} {body}: {check:?}");
    }
    let (check, _) = checked(Some(V4), vec![Err(TransportError::Broken("cut".into()))]);
    assert_eq!(check, AccountCheck::Unclear("no answer came: cut".to_owned()));
}

#[test]
fn an_account_is_complete_and_in_form() {
    assert_eq!(StcPay.check_account(&account()), Ok(()));
    let sandbox = account_with(Environment::Sandbox, &[("client_code", CODE)]);
    assert_eq!(StcPay.check_account(&sandbox), Ok(()));
    let live = AccountConfig { environment: Environment::Live, ..sandbox };
    assert_eq!(StcPay.check_account(&live), Err(AccountConfigError::Missing("certificate")));
    let (other_certificate, _) = certified();
    let without_end = IDENTITY.1.replace("-----END", "");
    for (name, value, field) in [
        ("client_code", "", "client_code"),
        ("client_code", "6100 1", "client_code"),
        ("client_code", "61\r\nX: y", "client_code"),
        ("certificate", "", "certificate"),
        ("certificate", "merchant.pem", "certificate"),
        ("certificate", &IDENTITY.1, "certificate"),
        ("certificate", &other_certificate, "private_key"),
        ("private_key", "", "private_key"),
        ("private_key", "hush", "private_key"),
        ("private_key", &without_end, "private_key"),
        ("private_key", &IDENTITY.0, "private_key"),
        ("user_name", "shop", "password"),
        ("password", "hush", "user_name"),
        ("refund_path", "RefundPayment", "refund_path"),
        ("refund_path", "/v3/../admin", "refund_path"),
        ("refund_path", "/v3//RefundPayment", "refund_path"),
        ("refund_path", "/v3/RefundPayment?x=1", "refund_path"),
        ("inquiry_path", "//host/PaymentInquiry", "inquiry_path"),
        ("inquiry_path", "/", "inquiry_path"),
        ("clientcode", "x", "clientcode"),
    ] {
        let mut fields = fields();
        fields.retain(|(known, _)| *known != name);
        fields.push((name, value));
        let error = StcPay.check_account(&account_with(Environment::Live, &fields)).unwrap_err();
        assert!(error.to_string().trim_start_matches('"').starts_with(field), "{name}={value}: {error}");
        assert!(!error.to_string().contains("hush"), "{error}");
    }
    let nowhere = AccountConfig { base_url: None, ..account() };
    let error = StcPay.check_account(&nowhere).unwrap_err().to_string();
    assert!(error.starts_with("base_url") && error.contains(BASE), "{error}");
    let plain = AccountConfig { base_url: Some("http://b2b.stcpay.com.sa".to_owned()), ..account() };
    assert!(matches!(
        StcPay.check_account(&plain),
        Err(AccountConfigError::Malformed { field: "base_url", .. })
    ));
}

#[test]
fn an_account_that_is_not_complete_sends_nothing() {
    let transport = Scripted::default();
    let none = AccountConfig { credentials: Credentials::default(), ..account() };
    for wrong in [none, AccountConfig { base_url: None, ..account() }] {
        assert_eq!(submit_to(&transport, &wrong, &ask()).outcome.as_str(), "not_sent");
        let check = StcPay.check(&transport, &wrong, [0; 10]).now_or_never().unwrap();
        assert!(matches!(check, AccountCheck::Refused(_)), "{check:?}");
    }
    assert!(transport.sent().is_empty());
}
