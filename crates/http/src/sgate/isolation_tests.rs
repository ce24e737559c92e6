//! Every operation, called by those who may not: without credentials, with wrong ones, as another merchant, and with a
//! key of the other environment. What they may not see does not exist, to the last byte.

use axum::body::Body;
use axum::http::Request;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use super::testing::{Call, Client, LIVE_ORDER, ORDER, live_client};
use crate::router::{Auth, routes};
use crate::testing::{Answer, Harness, TestPayment};

const BODY: &str = r#"{"amount":"1","reason":"","merchantRefundId":"MINE"}"#;

const NOT_FOUND: &str = r#"{"code":"notFound","message":"Resource not found","data":[]}"#;

/// Every operation of the face, about an order, its first refund, and a merchant.
fn calls(order: &str, merchant: &str) -> [Call; 5] {
    [
        Call::refund(order, BODY),
        Call::order(order),
        Call::refund_detail(&format!("{order}_R1")),
        Call::transaction(&format!("{order}_2")),
        Call::merchant(merchant),
    ]
}

async fn harness() -> (Harness, Client) {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap(ORDER, 10_000)).await;
    let client = Client::of(&harness);
    client.refunded(&harness, ORDER, BODY).await;
    (harness, client)
}

#[test]
fn every_operation_stands_in_this_test() {
    let mut served: Vec<String> = routes()
        .into_iter()
        .filter(|route| route.auth == Auth::Sgate || route.path.starts_with("/api_v1"))
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let mut tested: Vec<String> = calls("{id}", "{id}")
        .map(|call| format!("{} /api_v1{}", call.http, call.path.replace("_R1", "").replace("_2", "")))
        .into();
    served.sort();
    tested.sort();
    assert_eq!(served, tested);
}

#[tokio::test]
async fn the_owner_may_call_all_of_them() {
    let (harness, client) = harness().await;
    for call in calls(ORDER, "M948164") {
        let answer = client.send(&harness, &call).await;
        assert_eq!(answer.status, 200, "{call:?}: {answer:?}");
        assert!(answer.headers.contains_key("x-request-id"));
    }
}

#[tokio::test]
async fn without_all_five_headers_nobody_is_known() {
    let (harness, client) = harness().await;
    let headers =
        ["x-auth-signature", "x-auth-key", "x-auth-timestamp", "x-auth-sign-method", "x-auth-sign-version"];
    for call in calls(ORDER, "M948164") {
        for missing in headers {
            let mut request = client.request(&harness, &call);
            request.headers_mut().remove(missing);
            let answer = harness.send(request).await;
            let expected = format!(
                r#"{{"code":"noAuth","message":"Not authentication","data":["the header {missing} is needed, once"]}}"#
            );
            assert_eq!((answer.status.as_u16(), answer.text()), (401, expected.as_str()), "{call:?}");
        }
    }
}

#[tokio::test]
async fn a_wrong_key_and_a_wrong_secret_are_answered_alike() {
    let (harness, client) = harness().await;
    let known = Client { secret: "x".repeat(64).into(), ..client.clone() };
    // The same key but for one letter, signed with the right secret, and with none.
    let unknown = Client { key: client.key.replace('z', "y"), ..client.clone() };
    let empty = Client { secret: "".into(), ..unknown.clone() };
    let strange = Client { key: "k".repeat(2_000), ..client };
    for call in calls(ORDER, "M948164") {
        let first = known.send(&harness, &call).await;
        assert_eq!(first.status, 403);
        for other in [&unknown, &empty, &strange] {
            let answer = other.send(&harness, &call).await;
            assert_eq!(answer.status, 403);
            assert_eq!(answer.text().replace(&other.key, &known.key), first.text());
        }
    }
}

#[tokio::test]
async fn another_merchants_do_not_exist() {
    let (harness, _) = harness().await;
    let other = Client::of_other(&harness);
    same_as_unknown(&harness, &other, calls(ORDER, "M948164")).await;
}

#[tokio::test]
async fn the_other_environments_do_not_exist() {
    let (harness, client) = harness().await;
    let live = live_client(&harness).await;
    live.refunded(&harness, LIVE_ORDER, &BODY.replace(r#""1""#, r#""1000""#)).await;
    same_as_unknown(&harness, &live, calls(ORDER, "M000000")).await;
    // Also where the same merchantRefundId is in use in the caller's own environment.
    same_as_unknown(&harness, &client, calls(LIVE_ORDER, "M000000")).await;
    // And where it is new, or there is none.
    for body in [r#"{"amount":"1","reason":"","merchantRefundId":"NEW"}"#, r#"{"amount":"1","reason":""}"#] {
        let answer = client.refund(&harness, LIVE_ORDER, body).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (404, NOT_FOUND));
    }
}

/// Calls what is there for others, and what is there for nobody, and compares. Nothing may change by it.
async fn same_as_unknown(harness: &Harness, client: &Client, calls_of_others: [Call; 5]) {
    let before = redress_store::testing::dump_all(&harness.store).await;
    for (of_others, of_nobody) in calls_of_others.iter().zip(calls("NOBODYS", "NOBODYS")) {
        let (there, nowhere) =
            (client.send(harness, of_others).await, client.send(harness, &of_nobody).await);
        assert_eq!((there.status.as_u16(), there.text()), (404, NOT_FOUND), "{of_others:?}");
        assert_eq!((nowhere.status, nowhere.text()), (there.status, NOT_FOUND));
    }
    assert_eq!(redress_store::testing::dump_all(&harness.store).await, before);
}

#[tokio::test]
async fn unknown_addresses_and_verbs_are_told_in_this_shape() {
    let harness = Harness::new().await;
    for (method, path, status) in [
        ("GET", "/api_v1", 404),
        ("GET", "/api_v1/", 404),
        ("GET", "/api_v1/orders", 404),
        ("GET", "/api_v1/orders//refunds", 405),
        ("POST", "/api_v1/merchants/M948164/orders", 404),
        ("DELETE", "/api_v1/orders/x", 405),
        ("GET", "/api_v1/orders/x/refunds", 405),
    ] {
        let request = Request::builder().method(method).uri(path);
        let answer = harness.send(request.body(Body::empty()).unwrap()).await;
        let body: Value = answer.json();
        assert_eq!((answer.status.as_u16(), &body["code"]), (status, &"notFound".into()), "{method} {path}");
        assert_eq!(body["data"], serde_json::json!([]));
    }
}

/// Bodies that are nearly right, besides those that are anything.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let amount = prop_oneof![
        "-?[0-9]{0,40}(\\.[0-9]{0,20})?([eE][+-]?[0-9]{1,9})?",
        "\"-?[0-9]{0,40}(\\.[0-9]{0,20})?\"",
        "[\\[\\]{}\",:0-9a-z]{0,12}",
    ];
    let text = prop_oneof!["\"[a-zA-Z0-9]{0,70}\"", "\"\\\\u[0-9a-f]{4}\"", "null|true|[0-9]{1,3}|\\{\\}"];
    let nearly = (amount, text.clone(), text).prop_map(|(amount, reason, id)| {
        format!(r#"{{"amount":{amount},"reason":{reason},"merchantRefundId":{id}}}"#).into_bytes()
    });
    prop_oneof![3 => nearly, 1 => proptest::collection::vec(any::<u8>(), 0..100)]
}

#[test]
fn whatever_a_client_sends_is_its_own_mistake() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (harness, client) = runtime.block_on(harness());
    // Bytes as a path can carry them: letters, what stands bare, and any byte escaped.
    let id = "([A-Za-z0-9_.~()*!-]|%[0-9A-F]{2}|_R?[0-9]{1,12}){1,30}";
    let order = prop_oneof![2 => Just(ORDER.to_owned()), 1 => id];
    let strategy = (order, 0..5_usize, bodies());
    TestRunner::default()
        .run(&strategy, |(id, operation, body)| {
            let call = calls(&id, &id)[operation].clone();
            let request = client.request(&harness, &call).map(|_| body.into());
            let answer: Answer = runtime.block_on(harness.send(request));
            prop_assert!(answer.status.as_u16() < 500, "{call:?}: {answer:?}");
            prop_assert!(answer.json().is_object());
            Ok(())
        })
        .unwrap();
}
