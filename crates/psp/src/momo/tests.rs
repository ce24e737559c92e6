use super::sign::Keys;
use super::wire::RefundRequest;
use super::*;
use crate::account::Credentials;
use crate::notice::{Inbound, NoticeError};
use crate::session::Session;
use crate::testing::{Scripted, answer};
use crate::transport::{Reuse, TransportError};
use futures_util::FutureExt;
use proptest::prelude::*;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::Again;
use redress_core::time::Timestamp;

const KEY: &str = "rf-01k9q3f7zt8m2v5c6x0n4b1d2e";
const PAYMENT: &str = "2820086739";

/// MoMo's public test pair.
fn account() -> AccountConfig {
    let credentials: Credentials = [
        ("partner_code", "MOMO"),
        ("access_key", "F8BBA842ECF85"),
        ("secret_key", "K951B6PE1waDMi640xX08PD3vg6EkVlz"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into_iter()
    .collect();
    AccountConfig {
        environment: Environment::Sandbox,
        base_url: None,
        notification_url: None,
        credentials,
        timeout: Duration::from_secs(3),
        session: Session::default(),
    }
}

fn vnd(minor: i64) -> Amount {
    Amount::new(minor, Currency::from_code(VND).unwrap())
}

fn ask() -> SubmitAsk {
    SubmitAsk {
        key: KEY.to_owned(),
        psp_payment_id: PAYMENT.to_owned(),
        amount: vnd(50_000),
        reason: "Hoàn tiền\nđơn hàng 42".to_owned(),
    }
}

fn query_ask() -> QueryAsk {
    QueryAsk {
        key: KEY.to_owned(),
        psp_payment_id: PAYMENT.to_owned(),
        psp_refund_id: None,
        amount: vnd(50_000),
        first_sent_at: Timestamp::from_micros(1_000_000),
        now: Timestamp::from_micros(9_000_000),
        nonce: [0xab; 10],
        bound_elsewhere: Vec::new(),
    }
}

const QUERY_ID: &str = "q-abababababababababab";

fn submitted(status: u16, body: &str) -> Outcome {
    let transport = Scripted::new([answer(status, body.to_owned())]);
    Momo.submit(&transport, &account(), &ask()).now_or_never().unwrap().outcome
}

fn queried(status: u16, body: &str) -> Outcome {
    let transport = Scripted::new([answer(status, body.to_owned())]);
    Momo.query(&transport, &account(), &query_ask()).now_or_never().unwrap().outcome
}

fn body(code: i64) -> String {
    format!(
        r#"{{"partnerCode":"MOMO","orderId":"{KEY}","requestId":"{KEY}","amount":50000,"transId":3140007707,
        "resultCode":{code},"message":"said","responseTime":1721720663942}}"#
    )
}

fn list(code: i64, rows: &str) -> String {
    format!(
        r#"{{"partnerCode":"MOMO","orderId":"{KEY}","requestId":"{QUERY_ID}","resultCode":{code},"refundTrans":[{rows}]}}"#
    )
}

fn row(code: i64) -> String {
    format!(
        r#"{{"orderId":"{KEY}","amount":50000,"resultCode":{code},"transId":3140007707,"createdTime":1}}"#
    )
}

fn unknown(finding: Finding) -> Outcome {
    Outcome::Unknown(finding)
}

fn done() -> Outcome {
    Outcome::Succeeded { psp_refund_id: Some("3140007707".to_owned()), arn: None }
}

fn refused(code: i64, text: &str, again: Again) -> Outcome {
    Outcome::Refused(PspRefusal { code: code.to_string(), text: text.to_owned(), again, psp_refund_id: None })
}

#[test]
fn signatures_are_those_of_the_vectors() {
    let account = account();
    let keys = Keys::of(&account).unwrap();
    let refund = |order_id, request_id, amount, trans_id, description| {
        keys.refund(&RefundRequest {
            partner_code: "MOMO",
            order_id,
            request_id,
            amount,
            trans_id,
            lang: "en",
            description,
            signature: String::new(),
        })
    };
    assert_eq!(
        refund("RF-1527297954700", "1527314064527", 55_000, 144_492_817, ""),
        "5c3ebb0a1807786b1925a6ab2fa3f8e8c676450929080c9f2a3f0f711b1bd319"
    );
    let uuid = "7f9c2f1e-7c1e-4d6e-9a55-0c6c0f5b9a01";
    assert_eq!(
        refund("RF-42-1", uuid, 50_000, 2_820_086_739, "Hoàn tiền đơn hàng 42"),
        "e3372734785e89e695e20334f9e6299d0b7f80b82919f18cc63e44d81e33263f"
    );
    assert_eq!(
        keys.query("RF-42-1", "7f9c2f1e-7c1e-4d6e-9a55-0c6c0f5b9a02"),
        "b73025c95d95528cbf2e8aad532b01f854be48497080bcc67914e68fbbb574a7"
    );
}

#[test]
fn a_submit_is_the_same_bytes_every_time() {
    let transport = Scripted::new([answer(200, body(0)), Err(TransportError::Broken("cut".into()))]);
    let (account, ask) = (account(), ask());
    Momo.submit(&transport, &account, &ask).now_or_never().unwrap();
    Momo.submit(&transport, &account, &ask).now_or_never().unwrap();
    let sent = transport.sent();
    assert_eq!(sent[0].body, sent[1].body);
    assert_eq!((&sent[0].url, &sent[0].headers), (&sent[1].url, &sent[1].headers));
    assert_eq!(sent[0].url, "https://test-payment.momo.vn/v2/gateway/api/refund");
    assert_eq!(
        std::str::from_utf8(&sent[0].body).unwrap(),
        format!(
            r#"{{"partnerCode":"MOMO","orderId":"{KEY}","requestId":"{KEY}","amount":50000,"transId":2820086739,"#
        ) + r#""lang":"en","description":"Hoàn tiền đơn hàng 42","#
            + r#""signature":"7c222e36ced1ff97b33f2b19217ae19a1863bbd76a156a3b625a1ef63c067f8d"}"#
    );
    assert_eq!(sent[0].timeout, Duration::from_secs(3));
    assert_eq!(sent[0].reuse, Reuse::JustUsed);
    assert!(!sent[0].https_only);
}

#[test]
fn live_accounts_speak_to_the_live_address_over_https_only() {
    let transport = Scripted::new([answer(200, body(0)), answer(200, body(0))]);
    let live = AccountConfig { environment: Environment::Live, ..account() };
    Momo.submit(&transport, &live, &ask()).now_or_never().unwrap();
    let own = AccountConfig { base_url: Some("http://127.0.0.1:9".into()), ..account() };
    Momo.submit(&transport, &own, &ask()).now_or_never().unwrap();
    let sent = transport.sent();
    assert_eq!(sent[0].url, "https://payment.momo.vn/v2/gateway/api/refund");
    assert!(sent[0].https_only);
    assert_eq!(sent[1].url, "http://127.0.0.1:9/v2/gateway/api/refund");
}

#[test]
fn every_result_code_of_a_submit() {
    let hour = Again::After(Duration::from_secs(3600));
    assert_eq!(submitted(200, &body(0)), done());
    for code in [7000, 7002, 9000, 1000, 8000] {
        let note = Some(format!("MoMo says {code} said"));
        assert_eq!(submitted(200, &body(code)), Outcome::Pending { psp_refund_id: None, note }, "{code}");
        for name in ["orderId", "requestId"] {
            let nameless = body(code).replace(name, "other");
            assert_eq!(submitted(200, &nameless), unknown(Finding::NotUnderstood), "{code} without {name}");
        }
    }
    for code in [40, 41] {
        assert_eq!(submitted(400, &body(code)), unknown(Finding::KeyInUse), "{code}");
    }
    for code in [10, 43, 98, 99, -1, 1, 9999, i64::MAX] {
        assert_eq!(submitted(200, &body(code)), unknown(Finding::NotUnderstood), "{code}");
    }
    let mut refusals = vec![12, 20, 21, 22, 42, 45, 47, 2019, 1081, 1088, 1017, 1026, 4001, 4002, 4100];
    refusals.extend(1001..=1007);
    for code in refusals {
        assert_eq!(submitted(400, &body(code)), refused(code, "said", Again::No), "{code}");
    }
    assert_eq!(submitted(200, &body(1080)), refused(1080, "said", hour));
    for code in [11, 13] {
        assert_eq!(submitted(400, &body(code)), not_let_in(code), "the account's matter: {code}");
        assert_eq!(queried(200, &list(0, &row(code))), unknown(Finding::NotUnderstood), "{code}");
    }
}

fn not_let_in(code: i64) -> Outcome {
    Outcome::NotSent { reason: format!("MoMo did not let the account in: {code} said") }
}

#[test]
fn the_status_and_the_echo_must_fit_the_code() {
    assert_eq!(submitted(422, &body(7000)).as_str(), "pending");
    assert_eq!(submitted(422, &body(0)), unknown(Finding::NotUnderstood), "done, and an error");
    for status in [500, 502, 503, 504] {
        assert_eq!(submitted(status, &body(0)), unknown(Finding::NoAnswer), "{status}");
        assert_eq!(submitted(status, &body(1088)), unknown(Finding::NoAnswer), "{status}");
    }
    for status in [100, 301, 302, 399] {
        assert_eq!(submitted(status, &body(0)), unknown(Finding::NotUnderstood), "{status}");
    }
    for code in [0, 7000, 1088] {
        let other = body(code).replace(KEY, "rf-another");
        assert_eq!(submitted(200, &other), unknown(Finding::Mismatch), "{code}");
        let sum = body(code).replace("50000", "5000");
        assert_eq!(submitted(200, &sum), unknown(Finding::Mismatch), "{code}");
    }
    let bare = |code| format!(r#"{{"resultCode":{code},"message":"said"}}"#);
    assert_eq!(submitted(200, &bare(0)), unknown(Finding::NotUnderstood), "done, but what?");
    assert_eq!(submitted(400, &bare(13)), not_let_in(13));
    assert_eq!(submitted(400, &body(13).replace("50000", "0")), not_let_in(13));
    assert_eq!(submitted(400, &bare(12)), refused(12, "said", Again::No));
    assert_eq!(submitted(400, &body(12).replace("50000", "0")), refused(12, "said", Again::No));
    assert_eq!(submitted(200, &body(0).replace("50000", "50000.0")), done(), "the same number");
    assert_eq!(submitted(200, &body(0).replace("50000", "50000.1")), unknown(Finding::Mismatch));
    assert_eq!(submitted(200, &body(0).replace("50000", "null")), unknown(Finding::NotUnderstood));
}

#[test]
fn rubbish_is_not_understood() {
    for rubbish in [
        "",
        "null",
        "[]",
        "{}",
        "<html>",
        r#"{"resultCode":"zero"}"#,
        r#"{"resultCode":null}"#,
        r#"{"resultCode":0.5}"#,
        r#"{"resultCode":0,"resultCode":1088}"#,
        r#"{"resultCode":0"#,
    ] {
        assert_eq!(submitted(200, rubbish), unknown(Finding::NotUnderstood), "{rubbish}");
        assert_eq!(queried(200, rubbish), unknown(Finding::NotUnderstood), "{rubbish}");
    }
}

#[test]
fn an_id_that_is_not_the_refunds_is_not_taken_for_it() {
    let without = Outcome::Succeeded { psp_refund_id: None, arn: None };
    assert_eq!(submitted(200, &body(0).replace("3140007707", PAYMENT)), without, "the payment's own id");
    assert_eq!(submitted(200, &body(0).replace("3140007707", "0")), without);
    assert_eq!(submitted(200, &body(0).replace("3140007707", "\"3140007707\"")), done());
}

#[test]
fn a_broken_exchange_is_unknown_and_one_that_never_began_is_not_sent() {
    let outcome = |error| {
        let transport = Scripted::new([Err(error)]);
        Momo.submit(&transport, &account(), &ask()).now_or_never().unwrap().outcome
    };
    assert_eq!(outcome(TransportError::Broken("reset".into())), unknown(Finding::NoAnswer));
    assert_eq!(
        outcome(TransportError::NotSent("refused".into())),
        Outcome::NotSent { reason: "refused".into() }
    );
}

#[test]
fn what_cannot_be_said_is_refused_without_a_word() {
    let transport = Scripted::default();
    let sar = Amount::new(100, Currency::from_code("SAR").unwrap());
    for wrong in [
        SubmitAsk { psp_payment_id: "chg_1".into(), ..ask() },
        SubmitAsk { psp_payment_id: "007".into(), ..ask() },
        SubmitAsk { psp_payment_id: "-7".into(), ..ask() },
        SubmitAsk { amount: sar, ..ask() },
        SubmitAsk { amount: vnd(0), ..ask() },
    ] {
        let exchange = Momo.submit(&transport, &account(), &wrong).now_or_never().unwrap();
        let Outcome::Refused(refusal) = exchange.outcome else { panic!("{:?}", exchange.outcome) };
        assert_eq!(refusal.code, "not_sendable");
    }
    let poor = AccountConfig { credentials: Credentials::default(), ..account() };
    let exchange = Momo.submit(&transport, &poor, &ask()).now_or_never().unwrap();
    assert_eq!(exchange.outcome.as_str(), "not_sent");
    assert!(transport.sent().is_empty());
}

#[test]
fn a_query_asks_by_our_key_under_a_new_id() {
    let transport = Scripted::new([answer(200, list(0, &row(0)))]);
    Momo.query(&transport, &account(), &query_ask()).now_or_never().unwrap();
    let sent = transport.sent();
    assert_eq!(sent[0].url, "https://test-payment.momo.vn/v2/gateway/api/refund/query");
    let body = std::str::from_utf8(&sent[0].body).unwrap();
    let start = format!(
        r#"{{"partnerCode":"MOMO","orderId":"{KEY}","requestId":"{QUERY_ID}","lang":"en","signature":""#
    );
    assert!(body.starts_with(&start), "{body}");
}

#[test]
fn an_account_is_checked_under_a_new_id_each_time_as_a_used_one_is_refused() {
    let transport = Scripted::new([answer(500, ""), answer(500, "")]);
    Momo.check(&transport, &account(), [0xab; 10]).now_or_never().unwrap();
    Momo.check(&transport, &account(), [0xcd; 10]).now_or_never().unwrap();
    let sent = transport.sent();
    for (request, id) in sent.iter().zip([QUERY_ID, "q-cdcdcdcdcdcdcdcdcdcd"]) {
        let body = std::str::from_utf8(&request.body).unwrap();
        assert!(body.contains(&format!(r#""orderId":"redress-check","requestId":"{id}""#)), "{body}");
    }
    assert_eq!(sent.len(), 2);
}

#[test]
fn where_it_is_asked_is_a_setting_since_momo_states_it_nowhere() {
    let of = |path: &str| {
        let credentials = [
            ("partner_code", "MOMO"),
            ("access_key", "F8BBA842ECF85"),
            ("secret_key", "K951B6PE1waDMi640xX08PD3vg6EkVlz"),
            ("query_path", path),
        ];
        let credentials = credentials.map(|(name, value)| (name.to_owned(), value.to_owned()));
        AccountConfig { credentials: credentials.into_iter().collect(), ..account() }
    };
    let own = of("/v3/gateway/api/refund/status");
    assert_eq!(Momo.check_account(&own), Ok(()));
    let transport = Scripted::new([answer(500, ""), answer(500, ""), answer(500, "")]);
    let record = Momo.query(&transport, &own, &query_ask()).now_or_never().unwrap().record;
    assert!(record.contains("> POST /v3/gateway/api/refund/status\n"), "what was called is shown: {record}");
    Momo.check(&transport, &own, [0; 10]).now_or_never().unwrap();
    Momo.submit(&transport, &own, &ask()).now_or_never().unwrap();
    let urls: Vec<_> = transport.sent().iter().map(|sent| sent.url.clone()).collect();
    let asked = format!("{BASE_SANDBOX}/v3/gateway/api/refund/status");
    assert_eq!(urls, [asked.clone(), asked, format!("{BASE_SANDBOX}/v2/gateway/api/refund")]);
    for wrong in ["refund/query", "/", "/v2/../query", "/v2//query", "/v2/query?x=1"] {
        let error = Momo.check_account(&of(wrong)).unwrap_err();
        assert!(
            matches!(error, AccountConfigError::Malformed { field: "query_path", .. }),
            "{wrong}: {error}"
        );
    }
}

#[test]
fn every_finding_of_a_query() {
    let hour = Again::After(Duration::from_secs(3600));
    assert_eq!(queried(200, &list(0, &row(0))), done());
    assert_eq!(queried(200, &list(0, &row(7002))).as_str(), "pending");
    assert_eq!(queried(200, &list(0, &row(1080))), refused(1080, "", hour));
    assert_eq!(queried(200, &list(0, &row(1088))), refused(1088, "", Again::No));
    for code in [10, 40, 41, 42, 43, 98, 99, 12_345] {
        assert_eq!(queried(200, &list(0, &row(code))), unknown(Finding::NotUnderstood), "{code}");
    }
    let foreign = row(0).replace(KEY, "RF-elsewhere");
    assert_eq!(queried(200, &list(0, &foreign)), unknown(Finding::NotFound));
    assert_eq!(queried(200, &list(0, &format!("{foreign},{}", row(0)))), done());
    assert_eq!(queried(200, &list(0, "")), unknown(Finding::NotFound));
    assert_eq!(queried(400, &list(42, "")), unknown(Finding::NotFound));
    assert_eq!(queried(400, r#"{"resultCode":42,"message":"no"}"#), unknown(Finding::NotFound));
    assert_eq!(queried(200, r#"{"resultCode":0}"#), unknown(Finding::NotUnderstood), "no list at all");
    assert_eq!(queried(200, &list(0, &format!("{},{}", row(0), row(1088)))), unknown(Finding::Ambiguous));
    assert_eq!(queried(200, &list(0, &row(0).replace("50000", "5000"))), unknown(Finding::Mismatch));
    assert_eq!(queried(200, &list(0, &row(0)).replace(QUERY_ID, "q-old")), unknown(Finding::Mismatch));
    let other = format!(r#"{{"orderId":"rf-other","resultCode":0,"refundTrans":[{}]}}"#, row(0));
    assert_eq!(queried(200, &other), unknown(Finding::Mismatch));
}

#[test]
fn a_query_that_was_refused_says_nothing_of_the_refund() {
    for code in [10, 11, 13, 20, 40, 41, 43, 99, 1080, 1081, 1088, 7000] {
        assert_eq!(queried(200, &list(code, "")), unknown(Finding::NotUnderstood), "{code}");
        assert_eq!(queried(200, &list(code, &row(0))), unknown(Finding::NotUnderstood), "{code}");
    }
    assert_eq!(queried(500, &list(42, "")), unknown(Finding::NoAnswer));
}

#[test]
fn the_record_keeps_both_sides_and_no_signature() {
    let leak = body(0).replace("said", "key K951B6PE1waDMi640xX08PD3vg6EkVlz");
    let transport = Scripted::new([answer(200, leak)]);
    let record = Momo.submit(&transport, &account(), &ask()).now_or_never().unwrap().record;
    assert!(record.starts_with("> POST /v2/gateway/api/refund\n"), "{record}");
    assert!(record.contains("< HTTP 200") && record.contains("3140007707"), "{record}");
    assert!(record.contains(r#""signature":"[hidden]""#), "{record}");
    assert!(!record.contains("K951B6PE"), "{record}");
    let long = Scripted::new([answer(200, "x".repeat(100_000))]);
    let record = Momo.submit(&long, &account(), &ask()).now_or_never().unwrap().record;
    assert!(record.len() <= crate::record::RECORD_BYTES_MAX);
}

#[test]
fn accounts_are_checked_and_values_never_shown() {
    assert_eq!(Momo.check_account(&account()), Ok(()));
    for name in ["partner_code", "access_key", "secret_key"] {
        let credentials = account()
            .credentials
            .names()
            .filter(|n| *n != name)
            .map(|n| (n.to_owned(), "hush".to_owned()))
            .collect();
        let poor = AccountConfig { credentials, ..account() };
        assert_eq!(Momo.check_account(&poor), Err(AccountConfigError::Missing(name)));
        assert!(!format!("{poor:?}").contains("hush"));
    }
    for base in ["momo.vn", "ftp://momo.vn", "https://u:p@momo.vn", "https://momo.vn/", "https://momo.vn?x"] {
        let wrong = AccountConfig { base_url: Some(base.into()), ..account() };
        assert!(
            matches!(
                Momo.check_account(&wrong),
                Err(AccountConfigError::Malformed { field: "base_url", .. })
            ),
            "{base}"
        );
    }
    let plain = AccountConfig {
        base_url: Some("http://momo.example".into()),
        environment: Environment::Live,
        ..account()
    };
    assert!(Momo.check_account(&plain).is_err(), "live is https only");
    let received_at = Timestamp::from_micros(0);
    let inbound = Inbound { headers: http::HeaderMap::new(), body: bytes::Bytes::new(), received_at };
    let account = account();
    let read = Momo.read_notification(&Scripted::default(), &account, &inbound).now_or_never().unwrap();
    assert_eq!(read, Err(NoticeError::NotSupported));
}

#[test]
fn request_ids_have_the_form_that_momo_takes() {
    for id in [KEY, QUERY_ID] {
        assert!(id.len() <= 50);
        let ends = id.starts_with(|c: char| c.is_ascii_alphanumeric())
            && id.ends_with(|c: char| c.is_ascii_alphanumeric());
        assert!(ends && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_unknown(body: Vec<u8>, status in 100u16..600) {
        let response = HttpResponse { status, headers: http::HeaderMap::new(), body: body.into() };
        prop_assert!(matches!(read_submit(&response, &ask()), Outcome::Unknown(_)));
        prop_assert!(matches!(read_query(&response, &query_ask(), QUERY_ID), Outcome::Unknown(_)));
    }

    #[test]
    fn one_changed_byte_never_makes_a_success_of_another_refund(at in 0usize..400, byte: u8, code in 0i64..50) {
        let good = body(code);
        let mut bytes = good.into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let response = HttpResponse { status: 200, headers: http::HeaderMap::new(), body: bytes.clone().into() };
        if let Outcome::Succeeded { .. } = read_submit(&response, &ask()) {
            let text = String::from_utf8(bytes).unwrap();
            let ours = format!("\"orderId\":\"{KEY}\"");
            prop_assert!(text.contains(&ours) && text.contains("50000"));
        }
    }

    #[test]
    fn sums_are_whole_dong_and_read_back_as_they_were_sent(minor in 1i64..1_000_000_000_000) {
        let asked = SubmitAsk { amount: vnd(minor), ..ask() };
        let transport = Scripted::new([answer(200, body(0).replace("50000", &minor.to_string()))]);
        let exchange = Momo.submit(&transport, &account(), &asked).now_or_never().unwrap();
        prop_assert_eq!(exchange.outcome.as_str(), "succeeded");
        let sent = String::from_utf8(transport.sent()[0].body.to_vec()).unwrap();
        let whole = format!("\"amount\":{minor},");
        prop_assert!(sent.contains(&whole), "{}", sent);
        let query = QueryAsk { amount: vnd(minor), ..query_ask() };
        let row = list(0, &row(0).replace("50000", &minor.to_string()));
        let response = HttpResponse { status: 200, headers: http::HeaderMap::new(), body: row.into() };
        let done = matches!(read_query(&response, &query, QUERY_ID), Outcome::Succeeded { .. });
        prop_assert!(done);
    }

    #[test]
    fn any_reason_is_sent_on_one_line_and_within_limits(reason: String) {
        let text = reason_text(&reason, REASON_CHARS_MAX);
        prop_assert!(text.chars().count() <= REASON_CHARS_MAX);
        prop_assert!(!text.contains(|c: char| c.is_control()));
        prop_assert_eq!(reason_text(&reason, REASON_CHARS_MAX), text);
    }
}
