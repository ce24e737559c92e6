use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use redress_core::case::CaseKind;
use redress_core::environment::Environment;
use redress_core::id::CaseId;
use redress_core::right::{Right, Rights};
use redress_engine::admin::keys::CredentialKind;
use redress_store::ops::cases::{CaseSubject, NewCaseRow, OpenCase};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::testing::{Harness, TestPayment};
use crate::v1::time::time;

async fn call(harness: &Harness, key: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let request =
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
    let answer = harness.send(request.body(Body::from(body.to_string())).unwrap()).await;
    (answer.status.as_u16(), answer.json())
}

/// A shop with two cases, `late_success` (which blocks) and `overdue`.
async fn shop() -> (Harness, String) {
    let harness = Harness::new().await;
    let payment = TestPayment::tap("o1", 10_000);
    harness.payment(payment.clone()).await;
    harness.script(&payment, &["pend"]).await;
    let (rights, kind) = (Rights::of(&[Right::CloseCases]), CredentialKind::Api);
    let add = harness.engine.add_key_with(harness.merchant.id, kind, Some(Environment::Sandbox), rights);
    let key = add.await.unwrap().1.expose_secret().to_owned();
    let (status, refund) =
        call(&harness, &key, "POST", "/v1/payments/o1/refunds", &json!({"amount": 4_000, "currency": "SAR"}))
            .await;
    assert_eq!(status, 201, "{refund}");
    harness.pass(Duration::from_secs(2)).await;
    // A person is mistaken: the PSP does it after all.
    let close = format!("/v1/refunds/{}/close", refund["id"].as_str().unwrap());
    let body = json!({"outcome": "failed", "reason": "nothing is known of it"});
    assert_eq!(call(&harness, &key, "POST", &close, &body).await.0, 200);
    let shown =
        call(&harness, &key, "GET", &format!("/v1/refunds/{}", refund["id"].as_str().unwrap()), &Value::Null)
            .await
            .1;
    let finish = json!({"psp": "tap", "refund": shown["psp_refund_id"], "state": "succeeded"});
    harness.control("finish", &finish).await;
    harness.pass(Duration::from_secs(5)).await;
    (harness, key)
}

#[tokio::test]
async fn what_waits_for_a_person_is_listed_read_and_closed_with_a_reason() {
    let (harness, key) = shop().await;
    let get = async |path: &str| call(&harness, &key, "GET", path, &Value::Null).await;
    let (status, page) = get("/v1/cases?status=open").await;
    assert_eq!((status, page["data"].as_array().unwrap().len()), (200, 1), "{page}");
    let case = &page["data"][0];
    assert_eq!(
        (&case["kind"], &case["blocked_minor"], &case["status"]),
        (&json!("late_success"), &json!(4_000), &json!("open"))
    );
    assert_eq!((&case["alarm"], &case["closed"]), (&json!(true), &Value::Null));
    let path = format!("/v1/cases/{}", case["id"].as_str().unwrap());
    let mut read = case.clone();
    read["evidence"] = json!([]);
    assert_eq!(get(&path).await, (200, read), "no notification opened it");
    let blocked_by = async || get("/v1/payments/o1/refundability").await.1["blocked_by"].clone();
    let this = json!([{"case": case["id"], "amount": 4_000, "kind": "late_success"}]);
    assert_eq!(blocked_by().await, this, "what blocks it is named");
    for (query, count) in
        [("?kind=late_success", 1), ("?kind=overdue", 0), ("?status=closed", 0), ("?limit=1", 1)]
    {
        assert_eq!(
            get(&format!("/v1/cases{query}")).await.1["data"].as_array().unwrap().len(),
            count,
            "{query}"
        );
    }
    for (query, field) in
        [("kind=lost", "kind"), ("status=new", "status"), ("cursor=x", "cursor"), ("limit=0", "limit")]
    {
        let (status, told) = get(&format!("/v1/cases?{query}")).await;
        assert_eq!((status, &told["field"]), (422, &json!(field)), "{query}");
    }
    let close = format!("{path}/close");
    let good = json!({"reason": "the desk confirms it", "author": "Mai", "blocked": "refunded"});
    let (status, told) = call(&harness, &harness.merchant.api_key, "POST", &close, &good).await;
    assert_eq!((status, &told["code"]), (403, &json!("forbidden")), "{told}");
    for (wrong, field) in [
        (json!({"reason": "r"}), "blocked"),
        (json!({"reason": "r", "blocked": "gone"}), "blocked"),
        (json!({"blocked": "released"}), "reason"),
    ] {
        let (status, told) = call(&harness, &key, "POST", &close, &wrong).await;
        assert_eq!((status, &told["field"]), (422, &json!(field)), "{told}");
    }
    let (status, told) = call(&harness, &key, "POST", &close, &good).await;
    assert_eq!(
        (status, &told["status"], &told["closed"]["reason"]),
        (200, &json!("closed"), &json!("the desk confirms it"))
    );
    assert_eq!(told["closed"]["decision"], "refunded", "{told}");
    assert_eq!(blocked_by().await, json!([]));
    let listed = get("/v1/cases?status=closed&kind=late_success").await.1;
    assert_eq!(listed["data"][0]["closed"], told["closed"], "{listed}");
    assert!(told["closed"]["by"].as_str().unwrap().starts_with("Mai by key_"), "{told}");
    let order = harness.engine.order(harness.merchant.id, None, "o1").await.unwrap().unwrap();
    assert_eq!((order.payment.balance.refunded, order.payment.balance.blocked), (4_000, 0));
    assert_eq!(call(&harness, &key, "POST", &close, &good).await.0, 409, "somebody closed it before");
}

#[tokio::test]
async fn what_blocks_nothing_is_not_closed_as_refunded() {
    let (harness, key) = shop().await;
    let case = CaseId::from_bytes([8; 16]);
    let blocks_nothing = NewCaseRow {
        merchant: harness.merchant.id,
        id: case,
        kind: CaseKind::Quarantined,
        subject: CaseSubject::Notification { account: harness.merchant.tap, body_hash: [0; 16] },
        payment: None,
        text: "a notification says that money moved, of a payment that is not known".to_owned(),
        block_minor: 0,
        now: harness.engine.now(),
    };
    harness.store.run(OpenCase(blocks_nothing)).await.unwrap();
    let close = format!("/v1/cases/{case}/close");
    let body = |blocked: &str| json!({"reason": "the money has left", "blocked": blocked});
    let (status, told) = call(&harness, &key, "POST", &close, &body("refunded")).await;
    assert_eq!((status, &told["field"]), (422, &json!("blocked")), "nothing would be booked: {told}");
    let shown = call(&harness, &key, "GET", &format!("/v1/cases/{case}"), &Value::Null).await.1;
    assert_eq!(shown["status"], "open", "{shown}");
    let (status, told) = call(&harness, &key, "POST", &close, &body("released")).await;
    assert_eq!((status, &told["closed"]["decision"]), (200, &json!("nothing")), "{told}");
}

#[tokio::test]
async fn a_case_of_another_merchant_or_environment_is_not_there() {
    let (harness, key) = shop().await;
    let (_, page) = call(&harness, &key, "GET", "/v1/cases", &Value::Null).await;
    let path = format!("/v1/cases/{}", page["data"][0]["id"].as_str().unwrap());
    let live = harness.engine.add_key_with(
        harness.merchant.id,
        CredentialKind::Api,
        Some(Environment::Live),
        Rights::of(&[Right::CloseCases]),
    );
    let live = live.await.unwrap().1.expose_secret().to_owned();
    for stranger in [&harness.other.api_key, &live] {
        assert_eq!(call(&harness, stranger, "GET", "/v1/cases", &Value::Null).await.1["data"], json!([]));
        assert_eq!(call(&harness, stranger, "GET", &path, &Value::Null).await.0, 404);
        let body = json!({"reason": "r", "blocked": "released"});
        assert_eq!(call(&harness, stranger, "POST", &format!("{path}/close"), &body).await.0, 404);
    }
    for path in ["/v1/cases/x", "/v1/cases/%FF", "/v1/cases/case_01k0"] {
        assert_eq!(call(&harness, &key, "GET", path, &Value::Null).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn each_notification_that_was_not_applied_is_shown_with_what_differed() {
    let harness = Harness::new().await;
    let first = harness.engine.now();
    let path = format!("/v1/cases/{}", harness.quarantined().await);
    let (first, second) = (time(first), time(first.plus(Duration::from_secs(1))));
    let (status, case) = call(&harness, &harness.merchant.api_key, "GET", &path, &Value::Null).await;
    assert_eq!((status, &case["kind"]), (200, &json!("quarantined")), "{case}");
    let evidence = json!([
        {"received_at": second,
            "text": "told otherwise than here: the currency GBP (25.00 GBP), and not 25.00 SAR",
            "body": "{\"amount\":25.00,\"currency\":\"<GBP>\"}"},
        {"received_at": first,
            "text": "told otherwise than here: the sum 25.01 SAR, and not 25.00 SAR",
            "body": "{\"amount\":25.01,\"currency\":\"SAR\"}"},
    ]);
    assert_eq!(case["evidence"], evidence, "the newest first");
    let (_, page) = call(&harness, &harness.merchant.api_key, "GET", "/v1/cases", &Value::Null).await;
    assert_eq!(page["data"][0]["evidence"], Value::Null, "a list has none");
    assert_eq!(call(&harness, &harness.other.api_key, "GET", &path, &Value::Null).await.0, 404);
}
