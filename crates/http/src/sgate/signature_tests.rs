//! Signatures over HTTP: published vectors, and what is refused.

use axum::body::Body;
use axum::http::Request;
use redress_core::time::Timestamp;
use serde_json::json;

use super::testing::{Call, Client, ORDER};
use crate::testing::{Answer, Harness, TestPayment};

const KEY: &str = "zS83UNCPhVTqBxDHACJ30sImZRKAlzQI";

/// Vectors made with Python's, Node's and Go's libraries, which agree; the signer of this project is not asked.
const SG1: &str = "StdlyfDAdcErN9o5K5nECITEcUkHoNm7qUNasjjLUbs=";
const SG2: &str = "LjA5uCGLxIOYEWep/Q3R6/GGnGDag4BIzSBshHrOvsg=";
const SG3: &str = "1rjHmUzTeXm9zfZWDhQAQtFQl0SPfuksgNcwP32r5Aw=";
const SG4: &str = "rYKHwY+WoFGrU2qC/cKSHFAZSY0Yn30vij5gFfU6k80=";
const SG6_NODE: &str = "Od+FPrKfn9NyPkBOfMHgBTFM6wA6k0ouGo/lpM3j2Rg=";
const SG6_PYTHON: &str = "MVgrd/7Rdcx2FIvil+ddQgj7rvhxeApBtWSbi6QuSdM=";
const SG6_PHP: &str = "gcClhA8n0RyNW459wPyeiRkHelerjdXmkVez5OgwFzs=";

const BODY: &str =
    r#"{"amount":"7","reason":"Return shipping fee","merchantRefundId":"TEST934759263495634"}"#;

fn signed(method: &str, path: &str, seconds: i64, signature: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(format!("/api_v1{path}"))
        .header("x-auth-signature", signature)
        .header("x-auth-key", KEY)
        .header("x-auth-timestamp", seconds.to_string())
        .header("x-auth-sign-method", "HmacSHA256")
        .header("x-auth-sign-version", "1")
        .header("x-auth-uuid", "an extra that real clients send")
        .header("x-auth-method", "order.refund")
        .body(Body::from(if method == "POST" { BODY } else { "" }))
        .unwrap()
}

async fn at(harness: &Harness, method: &str, path: &str, seconds: i64, signature: &str) -> Answer {
    harness.clock.set(Timestamp::from_micros(seconds * 1_000_000 + 227_000));
    harness.send(signed(method, path, seconds, signature)).await
}

#[tokio::test]
async fn the_vectors_are_believed() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap(ORDER, 10_000)).await;
    let order = format!("/orders/{ORDER}");
    let made = at(&harness, "POST", &format!("{order}/refunds"), 1_690_344_393, SG1).await;
    assert_eq!(made.status, 200, "{made:?}");
    let detail = at(&harness, "GET", &format!("/refunds/{ORDER}_R1"), 1_690_344_400, SG2).await;
    assert_eq!((detail.status.as_u16(), &detail.json()["id"]), (200, &made.json()["id"]));
    assert_eq!(at(&harness, "GET", &order, 1_690_344_401, SG3).await.status, 200);
    // It is another merchant's, so the signature is good and there is nothing to see.
    assert_eq!(at(&harness, "GET", "/merchants/M448726", 1_672_991_487, SG4).await.status, 404);
}

#[tokio::test]
async fn every_samples_encoding_is_believed_and_a_repeat_is_no_second_refund() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("A b~c(1)*", 10_000)).await;
    for signature in [SG6_NODE, SG6_PYTHON, SG6_PHP] {
        let answer = at(&harness, "POST", "/orders/A%20b~c(1)*/refunds", 1_690_344_393, signature).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["id"], "A b~c(1)*_R1");
    }
}

#[tokio::test]
async fn the_address_as_it_was_sent_may_be_signed_too_with_its_query_or_without() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap("A b", 10_000)).await;
    let client = Client::of(&harness);
    for path in ["/orders/A%20b", "/orders/A%20b?x=%20y"] {
        let call = Call { path: path.into(), ..Call::order("") };
        assert_eq!(client.send(&harness, &call).await.status, 200, "{path}");
    }
    let mut request = client.request(&harness, &Call::order("A%20b"));
    *request.uri_mut() = "/api_v1/orders/A%20b?x=1".parse().unwrap();
    assert_eq!(harness.send(request).await.status, 200);
}

#[tokio::test]
async fn what_is_signed_counts_for_nothing_else() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap(ORDER, 10_000)).await;
    let (order, second) = (format!("/orders/{ORDER}/refunds"), 1_690_344_393);
    let refused = |answer: Answer| assert_eq!(answer.status, 403, "{answer:?}");
    refused(at(&harness, "POST", &order, second + 1, SG1).await);
    refused(at(&harness, "POST", "/orders/M948164T2023072607034709567188/refunds", second, SG1).await);
    refused(at(&harness, "POST", &order, second, SG2).await);
    refused(at(&harness, "POST", &order, second, "not base64!").await);
    // The same address, another operation: the name is signed.
    refused(at(&harness, "GET", &format!("/orders/{ORDER}"), second, SG1).await);
    // What reads as another path is not unescaped.
    refused(at(&harness, "GET", &format!("/orders/{ORDER}%3Fa"), 1_690_344_401, SG3).await);
}

#[tokio::test]
async fn a_header_that_is_there_twice_says_nothing() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap(ORDER, 10_000)).await;
    let request = || Client::of(&harness).request(&harness, &Call::order(ORDER));
    assert_eq!(harness.send(request()).await.status, 200);
    for header in
        ["x-auth-signature", "x-auth-key", "x-auth-timestamp", "x-auth-sign-method", "x-auth-sign-version"]
    {
        let mut request = request();
        request.headers_mut().append(header, "another".parse().unwrap());
        let answer = harness.send(request).await;
        let told = format!("the header {header} is needed, once");
        assert_eq!((answer.status.as_u16(), &answer.json()["data"][0]), (401, &json!(told)));
    }
    let mut others = request();
    others.headers_mut().append("x-auth-uuid", "one".parse().unwrap());
    others.headers_mut().append("x-auth-uuid", "two".parse().unwrap());
    assert_eq!(harness.send(others).await.status, 200, "their affair");
}

#[tokio::test]
async fn the_clock_may_be_300_seconds_off_either_way() {
    let harness = Harness::new().await;
    harness.payment(TestPayment::tap(ORDER, 10_000)).await;
    let path = format!("/orders/{ORDER}");
    for (off, status) in [(-301, 403), (-300, 200), (300, 200), (301, 403)] {
        let request = signed("GET", &path, 1_690_344_401, SG3);
        harness.clock.set(Timestamp::from_micros((1_690_344_401 + off) * 1_000_000));
        let answer = harness.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{off}: {answer:?}");
        if status == 403 {
            assert_eq!(answer.json()["data"][0], "the timestamp is too far from the server's clock");
        }
    }
}

#[tokio::test]
async fn a_refused_signature_shows_what_was_checked_and_no_secret() {
    let harness = Harness::new().await;
    let path = format!("/orders/{ORDER}?a=b");
    let answer = at(&harness, "GET", &path, 1_690_344_401, SG1).await;
    let expected = format!(
        r#"{{"code":"notAllowed","message":"No access","data":["signature error",{{"uri":"{path}","key":"{KEY}","timestamp":1690344401,"signMethod":"HmacSHA256","signVersion":"1","method":"order.detail"}}]}}"#
    );
    assert_eq!((answer.status.as_u16(), answer.text()), (403, expected.as_str()));
}

#[tokio::test]
async fn another_way_of_signing_and_a_timestamp_that_is_none_are_refused() {
    let harness = Harness::new().await;
    let cases = [
        ("x-auth-sign-method", "HmacSHA1", json!("the sign method is not HmacSHA256")),
        ("x-auth-sign-version", "2", json!("the sign version is not 1")),
        ("x-auth-timestamp", "now", json!("the timestamp is not a whole number of seconds")),
        ("x-auth-timestamp", "1690344401.5", json!("the timestamp is not a whole number of seconds")),
        ("x-auth-timestamp", "99999999999999999999", json!("the timestamp is not a whole number of seconds")),
    ];
    for (header, value, reason) in cases {
        let mut request = Client::of(&harness).request(&harness, &Call::order(ORDER));
        request.headers_mut().insert(header, value.parse().unwrap());
        let answer = harness.send(request).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["data"][0]), (403, &reason));
        if header == "x-auth-timestamp" {
            assert_eq!(answer.json()["data"][1]["timestamp"], value, "as it was sent");
        }
    }
}
