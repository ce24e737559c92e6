//! What holds for all of PortOne's endpoints, and what their tests share.

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use redress_core::time::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

use super::jwt;
use crate::limits::BODY_BYTES_MAX;
use crate::router::{Auth, RouteInfo, routes};
use crate::testing::{Answer, Harness, START, TestMerchant, TestPayment};

/// A token of the merchant's own making, good for six hours from the start.
pub(crate) fn token(merchant: &TestMerchant) -> String {
    token_at(merchant, START)
}

fn token_at(merchant: &TestMerchant, now: Timestamp) -> String {
    jwt::issue(merchant.portone_key, &merchant.portone_secret.into(), now).unwrap()
}

fn request(method: &Method, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let built = Request::builder().method(method).uri(path);
    let built = headers.iter().fold(built, |built, (name, value)| built.header(*name, *value));
    built.body(Body::from(body.to_owned())).unwrap()
}

fn proved(method: &Method, path: &str, merchant: &TestMerchant, body: &str) -> Request<Body> {
    let bearer = format!("Bearer {}", token(merchant));
    request(method, path, &[("x-portone-client-key", merchant.portone_key), ("authorization", &bearer)], body)
}

pub(crate) fn get(path: &str, key: &str, token: &str) -> Request<Body> {
    let bearer = format!("Bearer {token}");
    request(&Method::GET, path, &[("x-portone-client-key", key), ("authorization", &bearer)], "")
}

pub(crate) fn post(merchant: &TestMerchant, path: &str, body: &str) -> Request<Body> {
    proved(&Method::POST, path, merchant, body)
}

pub(crate) fn post_anonymous(path: &str, body: &str) -> Request<Body> {
    request(&Method::POST, path, &[], body)
}

/// Creates a refund.
pub(crate) fn refund(merchant: &TestMerchant, order_ref: &str, body: &str) -> Request<Body> {
    post(merchant, &format!("/api/refund/{order_ref}"), body)
}

/// Lists refunds.
pub(crate) fn list(merchant: &TestMerchant, order_ref: &str) -> Request<Body> {
    proved(&Method::GET, &format!("/api/refund/{order_ref}"), merchant, "")
}

/// The six fields, for a part of a MoMo payment; the amount is JSON text.
pub(crate) fn partial(amount: &str) -> String {
    format!(
        r#"{{"amount":{amount},"channel":"MOMOPAY","description":"momo refund","environment":"sandbox","refund_type":"partial","refund_reason":"customer request"}}"#
    )
}

/// The six fields, for what is left of a MoMo payment.
pub(crate) fn full() -> String {
    partial("0").replace("partial", "full")
}

/// An error in PortOne's shape: three keys and no more.
#[track_caller]
pub(crate) fn assert_error(answer: &Answer, status: u16, code: &str, name: &str) {
    let body = answer.json();
    let keys: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["message", "status_code", "status_reason"], "{answer:?}");
    assert_eq!(
        (answer.status.as_u16(), &body["status_code"], &body["status_reason"]),
        (status, &json!(code), &json!(name)),
        "{answer:?}"
    );
    assert!(!body["message"].as_str().unwrap().is_empty());
}

const KEY_ERROR: &str = "INVALID_UNAUTHORISED_TRANSACTION_IAMPORTKEY_ERROR";
const TOKEN_ERROR: &str = "INVALID_UNAUTHORIZED_JWT_TOKEN_ERROR";

fn proved_routes() -> Vec<RouteInfo> {
    let routes: Vec<_> = routes().into_iter().filter(|route| route.auth == Auth::Portone).collect();
    assert_eq!(routes.len(), 6, "one more endpoint: the body below must suit it too");
    routes
}

/// A call of the endpoint that succeeds for the owner of `o1`.
fn good_call(route: &RouteInfo, key: &str) -> (String, String) {
    let path =
        route.path.replace("{order_ref}", "o1").replace("{merchant_order_ref}", "m1").replace("{key}", key);
    let path = if route.path.ends_with("webhook") { path + "?environment=sandbox" } else { path };
    let body = json!({
        "amount": 5000, "channel": "MOMOPAY", "description": "d", "environment": "sandbox", "refund_type": "partial",
        "refund_reason": "r", "order_ref": "o1", "name": "n", "url": "https://merchant.example/",
        "type": "refund_status",
    });
    (path, body.to_string())
}

async fn with_payment() -> Harness {
    let harness = Harness::new().await;
    harness
        .payment(TestPayment { merchant_order_ref: Some("m1"), ..TestPayment::momo("o1", 1_000_000_000) })
        .await;
    harness
}

#[tokio::test]
async fn no_endpoint_answers_without_proof() {
    let harness = with_payment().await;
    let (own, other) = (harness.merchant.clone(), harness.other.clone());
    let forged = TestMerchant { portone_secret: "guessed", ..own.clone() };
    let late = Timestamp::from_micros(START.as_micros() - 7 * 3_600 * 1_000_000);
    for route in proved_routes() {
        let (path, body) = good_call(&route, own.portone_key);
        let (good, others) = (format!("Bearer {}", token(&own)), format!("Bearer {}", token(&other)));
        let (forged, late) =
            (format!("Bearer {}", token(&forged)), format!("Bearer {}", token_at(&own, late)));
        let key = |key| ("x-portone-client-key", key);
        let auth = |value| ("authorization", value);
        let own = own.portone_key;
        for (headers, code, name) in [
            (vec![], "4010", KEY_ERROR),
            (vec![auth(&*good)], "4010", KEY_ERROR),
            (vec![key(""), auth(&good)], "4010", KEY_ERROR),
            (vec![key("nobody"), auth(&good)], "4010", KEY_ERROR),
            (vec![key(own)], "4054", TOKEN_ERROR),
            (vec![key(own), auth("Bearer ")], "4054", TOKEN_ERROR),
            (vec![key(own), auth("Bearer a.b.c")], "4054", TOKEN_ERROR),
            (vec![key(own), auth("Basic a")], "4054", TOKEN_ERROR),
            (vec![key(own), auth(&forged)], "4054", TOKEN_ERROR),
            (vec![key(own), auth(&late)], "4054", TOKEN_ERROR),
            (vec![key(own), auth(&others)], "4054", TOKEN_ERROR),
            (vec![key(own), auth(&good), auth(&forged)], "4054", TOKEN_ERROR),
            (vec![key(own), auth(&good), auth(&good)], "4054", TOKEN_ERROR),
            (vec![key(own), key("nobody"), auth(&good)], "4010", KEY_ERROR),
        ] {
            let answer = harness.send(request(&route.method, &path, &headers, &body)).await;
            assert_error(&answer, 401, code, name);
        }
        let answer = harness.send(request(&route.method, &path, &[key(own), auth(&good)], &body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{route:?} {answer:?}");
        let older = [("x-chaipay-client-key", own), auth(&good)];
        let answer = harness.send(request(&route.method, &path, &older, &body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{route:?} {answer:?}");
    }
}

#[tokio::test]
async fn what_belongs_to_another_merchant_does_not_exist() {
    let harness = with_payment().await;
    let (own, other) = (harness.merchant.clone(), harness.other.clone());
    let before = harness.send(list(&own, "o1")).await.body;
    for route in proved_routes() {
        // With their own key in the path: the payment is not theirs. Where no payment is named, theirs is another.
        let (path, body) = good_call(&route, other.portone_key);
        let answer = harness.send(proved(&route.method, &path, &other, &body)).await;
        if route.path.ends_with("webhook") {
            assert_eq!(answer.status, StatusCode::OK);
        } else {
            assert_error(&answer, 400, "4096", "INVALID_REFERENCE");
            let (path, body) = (path.replace("o1", "o9").replace("m1", "m9"), body.replace("o1", "o9"));
            let nowhere = harness.send(proved(&route.method, &path, &other, &body)).await;
            assert_eq!((nowhere.status, nowhere.body), (answer.status, answer.body), "{route:?}");
        }
        // With the owner's key in the path.
        if route.path.contains("{key}") {
            let (path, body) = good_call(&route, own.portone_key);
            let answer = harness.send(proved(&route.method, &path, &other, &body)).await;
            assert_error(&answer, 401, "4010", KEY_ERROR);
            let (path, body) = good_call(&route, "nobody");
            let nowhere = harness.send(proved(&route.method, &path, &other, &body)).await;
            assert_eq!((nowhere.status, nowhere.body), (answer.status, answer.body), "{route:?}");
        }
    }
    assert_eq!(harness.send(list(&own, "o1")).await.body, before, "nothing changed");
    assert!(harness.engine.list_endpoints(own.id, None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_tokens_end_is_judged_by_the_engines_clock() {
    let harness = with_payment().await;
    let request = || list(&harness.merchant, "o1");
    harness.clock.advance(Duration::from_secs(6 * 3_600 + 59));
    assert_eq!(harness.send(request()).await.status, 200);
    harness.clock.advance(Duration::from_secs(1));
    assert_error(&harness.send(request()).await, 401, "4054", TOKEN_ERROR);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_told_in_portones_shape() {
    let harness = with_payment().await;
    for (method, path, status) in [
        (Method::GET, "/api", 404),
        (Method::GET, "/api/refund", 404),
        (Method::GET, "/api/refund/", 404),
        (Method::POST, "/api/refund/o1/", 404),
        (Method::POST, "/api/refund/o1/o2", 404),
        (Method::GET, "/api/%ff", 404),
        (Method::DELETE, "/api/refund/o1", 405),
        (Method::PUT, "/api/merchant/k/webhook", 405),
        (Method::GET, "/api/merchant/auth-token", 405),
    ] {
        let answer = harness.send(request(&method, path, &[], "")).await;
        assert_error(&answer, status, "4001", "INVALID_REQUEST");
        assert!(answer.headers.contains_key("x-request-id"));
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_only_read_from_callers_who_are_known() {
    let harness = with_payment().await;
    let fields = partial("5000");
    let exactly = fields.clone() + &" ".repeat(BODY_BYTES_MAX - fields.len());
    assert_eq!(harness.send(refund(&harness.merchant, "o1", &exactly)).await.status, 200);
    let over = exactly + " ";
    let answer = harness.send(refund(&harness.merchant, "o1", &over)).await;
    assert_error(&answer, 400, "4001", "INVALID_REQUEST");
    assert_eq!(answer.json()["message"], "Invalid Request, err : the body is too large");
    let anonymous = harness.send(post_anonymous("/api/refund/o1", &over)).await;
    assert_error(&anonymous, 401, "4010", KEY_ERROR);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_invalid_request() {
    let harness = with_payment().await;
    let broken = futures_util::stream::iter([Ok("{\"amount\""), Err(std::io::Error::other("reset"))]);
    let mut request = refund(&harness.merchant, "o1", "");
    *request.body_mut() = Body::from_stream(broken);
    assert_error(&harness.send(request).await, 400, "4001", "INVALID_REQUEST");
}

#[tokio::test]
async fn a_request_keeps_its_harmless_id() {
    let harness = with_payment().await;
    let send = async |id: &str| {
        let mut request = list(&harness.merchant, "o1");
        request.headers_mut().insert("x-request-id", id.parse().unwrap());
        harness.send(request).await.headers["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(send("abc-1.2_3").await, "abc-1.2_3");
    let made = send("a b").await;
    assert!(made != "a b" && made != send("").await && made != send(&"x".repeat(65)).await);
}

/// Bodies between sense and nonsense.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let number = "-?[0-9]{1,30}(\\.[0-9]{0,20})?([eE][+-]?[0-9]{1,6})?";
    let value = prop_oneof![
        Just("\"MOMOPAY\"".to_owned()),
        Just("\"sandbox\"".to_owned()),
        Just("\"partial\"".to_owned()),
        Just("\"full\"".to_owned()),
        Just("null".to_owned()),
        Just("5000".to_owned()),
        number,
        any::<String>().prop_map(|text| json!(text).to_string()),
        (0usize..2_000).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth)),
        "[\\[\\]{}\",:a\\\\0-9 ]{0,20}",
    ];
    let names = [
        "amount",
        "channel",
        "description",
        "environment",
        "refund_type",
        "refund_reason",
        "order_ref",
        "name",
        "url",
        "type",
        "portone_key",
        "portone_secret",
    ];
    let good =
        |at: usize| ["5000", "\"MOMOPAY\"", "\"d\"", "\"sandbox\"", "\"partial\"", "\"r\""].get(at).copied();
    let object = proptest::collection::vec((0..names.len(), value), 0..4).prop_map(move |wrong| {
        let field = |at: usize| {
            let wrong = wrong.iter().find(|(place, _)| *place == at).map(|(_, value)| value.clone());
            wrong.or_else(|| good(at).map(str::to_owned)).map(|value| format!("\"{}\":{value}", names[at]))
        };
        format!("{{{}}}", (0..names.len()).filter_map(field).collect::<Vec<_>>().join(",")).into_bytes()
    });
    prop_oneof![4 => object, 1 => proptest::collection::vec(any::<u8>(), 0..200)]
}

#[test]
fn nothing_a_client_sends_is_answered_with_a_5xx() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let harness = runtime.block_on(with_payment());
    let all: Vec<_> = routes().into_iter().filter(|route| route.path.starts_with("/api/")).collect();
    let path = prop_oneof![3 => Just("o1".to_owned()), 1 => "(%[0-9a-f]{2}|[a-z0-9.~!$&'()*+,;=:@-]){1,40}"];
    let key = prop_oneof![3 => Just(None), 1 => "[ -~]{0,300}".prop_map(Some)];
    let calls = (0..all.len(), path, key, bodies());
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() });
    let result = runner.run(&calls, |(at, text, idempotency_key, body)| {
        let route = &all[at];
        let own = harness.merchant.portone_key;
        let path = route
            .path
            .replace("{key}", own)
            .replace("{order_ref}", &text)
            .replace("{merchant_order_ref}", &text);
        let mut request = proved(&route.method, &path, &harness.merchant, "");
        *request.body_mut() = Body::from(body);
        if let Some(key) = idempotency_key {
            request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        }
        let answer = runtime.block_on(harness.send(request));
        prop_assert!(answer.status.as_u16() < 500, "{answer:?}");
        if answer.status != 200 {
            let body: Value = answer.json();
            prop_assert!(body["status_code"].is_string() && body["status_reason"].is_string(), "{body}");
        }
        Ok(())
    });
    result.unwrap();
}

#[test]
fn no_header_is_answered_with_a_5xx() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let harness = runtime.block_on(with_payment());
    let value = || {
        let part = "[A-Za-z0-9_-]{0,60}";
        let token = (part, part, part).prop_map(|(a, b, c)| format!("Bearer {a}.{b}.{c}").into_bytes());
        let bytes = proptest::collection::vec(prop_oneof![0x20u8..0x7f, 0x80u8..=0xff], 0..300);
        prop_oneof![2 => bytes, 1 => Just(harness.merchant.portone_key.into()), 2 => token]
    };
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() });
    let result = runner.run(&(value(), value(), value()), |(key, bearer, request_id)| {
        let mut request = request(&Method::GET, "/api/refund/o1", &[], "");
        for (name, value) in
            [("x-portone-client-key", key), ("authorization", bearer), ("x-request-id", request_id)]
        {
            request.headers_mut().insert(name, HeaderValue::from_bytes(&value).unwrap());
        }
        let answer = runtime.block_on(harness.send(request));
        prop_assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        Ok(())
    });
    result.unwrap();
}
