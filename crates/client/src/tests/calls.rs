use std::time::Duration;

use serde_json::{Value, json};

use super::{Played, answer, good, problem, refund};
use crate::wire::WireError;
use crate::{
    CancelRefund, Client, CloseRefund, Config, DisputeReason, EndpointChange, Error, NewRefund, RefundStatus,
    Retries, RotateSecret, Upload,
};

fn lost() -> WireError {
    WireError::NoAnswer("the connection broke".to_owned())
}

#[tokio::test]
async fn a_refund_is_asked_for_as_the_description_says() {
    let (client, played) = Played::client([answer(201, &refund("pending"), &[("x-request-id", "req_7")])]);
    let new = NewRefund { merchant_refund_id: Some("r-1".to_owned()), ..NewRefund::of(2500, "SAR") };
    let call = client.create_refund("shop/order 1", &new).wait(Duration::from_secs(10));
    let answer = call.answer().await.unwrap();
    assert_eq!((answer.value.status, answer.replayed), (RefundStatus::Pending, false));
    assert_eq!(answer.request_id.as_deref(), Some("req_7"));
    assert_eq!(played.asked(), ["POST /v1/payments/shop%2Forder%201/refunds"]);
    assert_eq!(played.header("authorization"), [Some("Bearer rk_secret".to_owned())]);
    assert_eq!(played.header("prefer"), [Some("wait=10".to_owned())]);
    let request = &played.requests()[0];
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body, json!({"amount": 2500, "currency": "SAR", "merchant_refund_id": "r-1"}), "nothing more");
    assert_eq!(request.timeout, Duration::from_secs(30), "the server's wait comes on top");
}

/// Given up too early, a large one would be sent again while the first is at work.
#[tokio::test]
async fn an_upload_has_more_time_than_other_calls() {
    for (set, taken) in [(20, 180), (600, 600)] {
        let timeout = Duration::from_secs(set);
        let config = Config { timeout, ..Config::new("https://refunds.example", "rk_secret") };
        let (client, played) = Played::client_of(config, [problem(422, "invalid", &[])]);
        client.import_payments(Upload::Csv("order_ref\n".to_owned()), false).await.unwrap_err();
        assert_eq!(played.requests()[0].timeout, Duration::from_secs(taken), "{set}");
    }
}

#[tokio::test]
async fn one_key_a_call_is_kept_over_its_tries() {
    let unavailable = || problem(503, "busy", &[("retry-after", "3")]);
    let replayed = answer(200, &refund("pending"), &[("idempotent-replayed", "true")]);
    let still_runs = problem(409, "idempotency_key_in_use", &[]);
    let (client, played) = Played::client([Err(lost()), unavailable(), still_runs, replayed]);
    let answered = client.create_refund("order-1", &NewRefund::of_the_rest()).answer().await.unwrap();
    assert!(answered.replayed);
    let keys = played.header("idempotency-key");
    assert_eq!(keys.len(), 4);
    assert!(keys.iter().all(|key| key.as_deref() == Some("01010101010101010101010101010101")), "{keys:?}");
    let paused = played.paused();
    assert_eq!(paused.len(), 3);
    assert_eq!(paused[1], Duration::from_secs(3), "the server's word");
    // Another call is another refund.
    let (client, played) = Played::client([good(&refund("pending")), good(&refund("pending"))]);
    for _ in 0..2 {
        client.create_refund("order-1", &NewRefund::of(1, "SAR")).await.unwrap();
    }
    let keys = played.header("idempotency-key");
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test]
async fn the_callers_own_key_is_used() {
    let (client, played) = Played::client([good(&refund("canceled"))]);
    client.cancel_refund("rf_1", &CancelRefund::default()).idempotency_key("mine").await.unwrap();
    assert_eq!(played.header("idempotency-key"), [Some("mine".to_owned())]);
    let (client, _) = Played::client([]);
    let bad = client.create_refund("order-1", &NewRefund::of(1, "SAR")).idempotency_key("a\nb").await;
    assert!(matches!(bad, Err(Error::Setup(_))), "{bad:?}");
}

#[tokio::test]
async fn reads_are_tried_again_and_what_is_not_safe_is_not() {
    let (client, played) =
        Played::client([Err(lost()), problem(429, "rate_limited", &[]), good(&refund("held"))]);
    assert_eq!(client.get_refund("rf_1").await.unwrap().status, RefundStatus::Held);
    assert_eq!(played.header("idempotency-key"), [None, None, None]);

    for failure in [Err(lost()), problem(503, "busy", &[])] {
        let (client, played) = Played::client([failure]);
        // No idempotency key: a second one might do it twice.
        let change = EndpointChange { name: Some("Shop".to_owned()), ..EndpointChange::default() };
        let failed = client.change_endpoint("ep_1", &change).await;
        assert!(failed.is_err());
        assert_eq!((played.asked().len(), played.paused().len()), (1, 0));
    }
}

#[tokio::test]
async fn what_is_refused_is_not_tried_again() {
    for (status, code) in
        [(422, "more_than_left"), (404, "not_found"), (401, "unauthorized"), (500, "internal")]
    {
        let (client, played) = Played::client([problem(status, code, &[])]);
        let refused = client.create_refund("order-1", &NewRefund::of(1, "SAR")).await.unwrap_err();
        assert_eq!(refused.code(), Some(code));
        let told = refused.problem().unwrap();
        assert_eq!((told.status, told.request_id.as_str()), (status, "req_1"));
        assert_eq!(played.asked().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn tries_have_an_end_and_a_long_wait_is_the_callers() {
    let many = || std::iter::repeat_with(|| Err(lost())).take(9);
    let (client, played) = Played::client(many());
    let failed = client.create_refund("order-1", &NewRefund::of(1, "SAR")).await.unwrap_err();
    let key = Some("01".repeat(16));
    assert_eq!(failed, Error::NoAnswer { text: "the connection broke".to_owned(), idempotency_key: key });
    assert_eq!(played.asked().len(), 4);

    let (client, played) = Played::client([problem(429, "rate_limited", &[("retry-after", "600")])]);
    let failed = client.get_refund("rf_1").await.unwrap_err();
    assert_eq!(failed.problem().unwrap().retry_after, Some(Duration::from_secs(600)));
    assert_eq!(played.paused(), []);

    let config = Config { retries: Retries::none(), ..Config::new("https://refunds.example", "rk_secret") };
    let (client, played) = Played::client_of(config, many());
    assert!(client.get_refund("rf_1").await.is_err());
    assert_eq!(played.asked().len(), 1);
}

/// Who took "cannot be reached" for "nothing was done" would do it once more, with another key.
#[tokio::test]
async fn a_try_that_may_have_been_done_is_not_hidden_by_a_later_one() {
    let nowhere = || Err(WireError::NotSent("refused".to_owned()));
    let busy = || problem(503, "busy", &[]);
    let limited = || problem(429, "rate_limited", &[("retry-after", "600")]);
    for (answers, then) in [
        (vec![Err(lost()), nowhere(), nowhere(), nowhere()], "cannot be reached"),
        (vec![nowhere(), Err(lost()), nowhere(), busy()], "busy"),
        (vec![busy(), nowhere(), nowhere(), nowhere()], "cannot be reached"),
        (vec![Err(lost()), limited()], "rate_limited"),
        (vec![Err(lost()), problem(401, "unauthorized", &[])], "unauthorized"),
    ] {
        let (client, played) = Played::client(answers);
        let failed = client.create_refund("order-1", &NewRefund::of(1, "SAR")).await.unwrap_err();
        let Error::NoAnswer { text, idempotency_key } = &failed else { panic!("{then}: {failed:?}") };
        assert!(text.contains(then) && failed.leaves_open(), "{text}");
        assert_eq!(*idempotency_key, played.header("idempotency-key")[0], "with it the caller finds out");
    }
    // What never left was not done, and a word about the refund itself stands.
    let (client, _) = Played::client([nowhere(), nowhere(), nowhere(), nowhere()]);
    let failed = client.create_refund("order-1", &NewRefund::of(1, "SAR")).await.unwrap_err();
    assert!(matches!(failed, Error::NotSent(_)) && !failed.leaves_open(), "{failed:?}");
    let (client, _) = Played::client([Err(lost()), problem(422, "more_than_left", &[])]);
    let failed = client.create_refund("order-1", &NewRefund::of(1, "SAR")).await.unwrap_err();
    assert!(failed.code() == Some("more_than_left") && !failed.leaves_open(), "{failed:?}");
    // The first still runs: it may yet be done.
    let still = || problem(409, "idempotency_key_in_use", &[("retry-after", "1")]);
    let (client, _) = Played::client([Err(lost()), still(), still(), still()]);
    let failed = client.cancel_refund("rf_1", &CancelRefund::default()).await.unwrap_err();
    assert!(failed.code() == Some("idempotency_key_in_use") && failed.leaves_open(), "{failed:?}");
    // A read does nothing: its last word is told as it is.
    let (client, _) = Played::client([Err(lost()), limited()]);
    assert_eq!(client.get_refund("rf_1").await.unwrap_err().code(), Some("rate_limited"));
}

#[tokio::test]
async fn what_the_api_did_not_say_is_not_taken_for_its_word() {
    let page =
        || Ok(crate::WireAnswer { status: 502, headers: http::HeaderMap::new(), body: "<html>\nno".into() });
    let (client, _) = Played::client([page(), page(), page(), page()]);
    let failed = client.get_refund("rf_1").await.unwrap_err();
    let text = "<html> no".to_owned();
    assert_eq!(failed, Error::Unexpected { status: 502, text, idempotency_key: None });
    let (client, _) = Played::client([good(&json!({"id": "rf_1"}))]);
    let failed = client.create_refund("order-1", &NewRefund::of(1, "SAR")).await.unwrap_err();
    assert!(matches!(failed, Error::Unexpected { status: 200, idempotency_key: Some(_), .. }), "{failed:?}");
    // A body that tells of another status than the answer's is somebody else's.
    let told = problem(422, "invalid", &[]).map(|told| crate::WireAnswer { status: 400, ..told });
    let (client, _) = Played::client([told]);
    assert!(matches!(client.get_refund("rf_1").await, Err(Error::Unexpected { status: 400, .. })));
}

#[tokio::test]
async fn later_words_and_fields_are_no_mistake() {
    let mut later = refund("paused_by_moon");
    later["phase"] = json!("full");
    let (client, _) = Played::client([good(&later)]);
    let status = client.get_refund("rf_1").await.unwrap().status;
    assert_eq!((status.as_str(), status.is_final()), ("paused_by_moon", false));
}

#[tokio::test]
async fn a_name_stays_one_part_of_the_address() {
    let config = Config::new("https://refunds.example/behind/proxy/", "rk_secret");
    let (client, played) = Played::client_of(config, [good(&refund("held")), good(&refund("held"))]);
    client.get_refund("../keys?a=b#c").await.unwrap();
    let close = CloseRefund { outcome: "failed".to_owned(), reason: "r".to_owned(), author: None };
    client.close_refund("rf_1", &close).await.unwrap();
    let asked = played.asked();
    assert_eq!(asked[0], "GET /behind/proxy/v1/refunds/..%2Fkeys%3Fa=b%23c");
    assert_eq!(asked[1], "POST /behind/proxy/v1/refunds/rf_1/close");
    let (client, _) = Played::client([]);
    for name in ["", ".", ".."] {
        assert!(matches!(client.get_refund(name).await, Err(Error::Setup(_))), "{name:?}");
        let dispute = client.dispute_payment(name, &DisputeReason::default()).await;
        assert!(matches!(dispute, Err(Error::Setup(_))), "{name:?}");
    }
}

#[test]
fn the_key_is_not_shown_and_not_sent_in_clear_to_others() {
    let new = |url: &str, plain_http| Client::new(Config { plain_http, ..Config::new(url, "rk_secret") });
    for url in ["https://refunds.example", "http://127.0.0.1:8080", "http://[::1]:1/", "http://localhost:1"] {
        let client = new(url, false).unwrap();
        let shown = format!("{client:?} {:?} {:?}", client.get_refund("rf_1"), Config::new(url, "rk_secret"));
        assert!(!shown.contains("rk_secret"), "{shown}");
    }
    for url in ["http://refunds.example", "http://localhost.example", "http://10.0.0.1"] {
        let refused = new(url, false).unwrap_err().to_string();
        assert!(refused.contains("plain HTTP") && !refused.contains("rk_secret"), "{refused}");
        assert!(new(url, true).is_ok());
    }
    for url in
        ["refunds.example", "ftp://refunds.example", "https://a:b@refunds.example", "https://x.example/?a=b"]
    {
        assert!(new(url, true).is_err(), "{url}");
    }
}

#[tokio::test]
async fn a_new_secret_is_not_shown_by_accident() {
    let body = json!({"id": "ep_1", "secret": "whsec_abc", "old_secret_until": "2026-11-18T15:06:40Z"});
    let (client, _) = Played::client([good(&body)]);
    let rotated = client.rotate_endpoint_secret("ep_1", &RotateSecret::default()).await.unwrap();
    assert_eq!(rotated.secret.as_ref().unwrap().expose(), "whsec_abc");
    assert!(!format!("{rotated:?}").contains("whsec"));
}
