use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use redress_core::id::PaymentId;
use serde_json::{Value, json};

use crate::testing::{Answer, Harness, TestPayment};

async fn get(harness: &Harness, path: &str) -> Answer {
    get_as(harness, &harness.merchant.api_key, path).await
}

async fn get_as(harness: &Harness, key: &str, path: &str) -> Answer {
    let request = Request::get(path).header("authorization", format!("Bearer {key}"));
    harness.send(request.body(Body::empty()).unwrap()).await
}

/// Registers the n-th payment through the API, a second after the one before.
async fn register(harness: &Harness, n: u32, channel: &str) {
    harness.clock.advance(Duration::from_secs(1));
    let payment = json!({
        "order_ref": format!("order-{n}"), "merchant_order_ref": format!("shop-{}", n % 2),
        "psp_account": harness.merchant.momo.to_string(), "psp_payment_id": format!("28000000{n}"),
        "currency": "VND", "amount": 1_000_000, "refunded_before": 100_000,
        "captured_at": "2026-11-18T15:00:00Z", "channel": channel, "payment_method": "WALLET"
    });
    let request = Request::post("/v1/payments")
        .header("authorization", format!("Bearer {}", harness.merchant.api_key))
        .body(Body::from(payment.to_string()));
    assert_eq!(harness.send(request.unwrap()).await.status, 201);
}

fn refs(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|one| one["order_ref"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_payment_is_read_by_its_id_and_by_its_reference() {
    let harness = Harness::new().await;
    register(&harness, 1, "MOMOPAY").await;
    let answer = get(&harness, "/v1/payments/order-1").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let shown = answer.json();
    let id = shown["id"].as_str().unwrap().to_owned();
    assert!(PaymentId::parse(&id).is_ok());
    let mut expected = json!({
        "id": id, "environment": "sandbox", "order_ref": "order-1", "merchant_order_ref": "shop-1",
        "psp_account": harness.merchant.momo.to_string(), "psp_payment_id": "280000001", "currency": "VND",
        "captured": 1_000_000, "refunded": 100_000, "reserved": 0, "blocked": 0, "refundable": 900_000,
        "decimal": {"captured": "1000000", "refunded": "100000", "reserved": "0", "blocked": "0",
            "refundable": "900000"},
        "refunded_before": 100_000, "channel": "MOMOPAY", "payment_method": "WALLET", "customer_ref": null,
        "notification_url": null, "disputed": false, "disputed_at": null, "captured_at": "2026-11-18T15:00:00Z"
    });
    for time in ["created_at", "updated_at"] {
        let now = jiff::Timestamp::from_microsecond(harness.engine.now().as_micros()).unwrap();
        expected[time] = json!(now.to_string());
    }
    assert_eq!(shown, expected);
    assert_eq!(get(&harness, &format!("/v1/payments/{id}")).await.json(), shown);

    harness.payment(TestPayment::tap("sar", 10_000)).await;
    let shown = get(&harness, "/v1/payments/sar").await.json();
    assert_eq!((&shown["refundable"], &shown["decimal"]["refundable"]), (&json!(10_000), &json!("100.00")));
}

#[tokio::test]
async fn whatever_the_key_cannot_see_is_not_there() {
    let harness = Harness::new().await;
    register(&harness, 1, "MOMOPAY").await;
    let id = get(&harness, "/v1/payments/order-1").await.json()["id"].as_str().unwrap().to_owned();
    let long = "x".repeat(300);
    for name in ["order-2", "pay_00000000000000000000000000", "pay_x", "%00", "%ff", &long] {
        let answer = get(&harness, &format!("/v1/payments/{name}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (404, &json!("not_found")), "{name}");
    }
    for name in ["order-1", &id] {
        let answer = get_as(&harness, &harness.other.api_key, &format!("/v1/payments/{name}")).await;
        assert_eq!(answer.status, 404);
    }
    let page = get_as(&harness, &harness.other.api_key, "/v1/payments").await;
    assert_eq!(page.json(), json!({"data": [], "has_more": false, "next_cursor": null}));
}

#[tokio::test]
async fn a_list_is_filtered_and_paged_newest_first() {
    let harness = Harness::new().await;
    for n in 1..=5 {
        register(&harness, n, if n < 3 { "MOMOPAY" } else { "OTHER" }).await;
    }
    let created =
        get(&harness, "/v1/payments/order-3").await.json()["created_at"].as_str().unwrap().to_owned();
    for (query, expected) in [
        (String::new(), vec!["order-5", "order-4", "order-3", "order-2", "order-1"]),
        ("?order_ref=order-2".into(), vec!["order-2"]),
        ("?merchant_order_ref=shop-1".into(), vec!["order-5", "order-3", "order-1"]),
        ("?psp_payment_id=280000004".into(), vec!["order-4"]),
        ("?channel=MOMOPAY".into(), vec!["order-2", "order-1"]),
        ("?channel=MOMOPAY&payment_method=x".into(), vec![]),
        (format!("?created_from={created}"), vec!["order-5", "order-4", "order-3"]),
        (format!("?created_to={created}"), vec!["order-2", "order-1"]),
    ] {
        let answer = get(&harness, &format!("/v1/payments{query}")).await;
        assert_eq!(answer.status, 200, "{query} {answer:?}");
        let page = answer.json();
        assert_eq!((refs(&page), &page["has_more"]), (expected, &json!(false)), "{query}");
    }
    let first = get(&harness, "/v1/payments?limit=2").await.json();
    assert_eq!((refs(&first), &first["has_more"]), (vec!["order-5", "order-4"], &json!(true)));
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = get(&harness, &format!("/v1/payments?limit=3&cursor={cursor}")).await.json();
    assert_eq!((refs(&second), &second["has_more"]), (vec!["order-3", "order-2", "order-1"], &json!(false)));
}

#[tokio::test]
async fn a_parameter_that_is_wrong_is_named() {
    let harness = Harness::new().await;
    for (query, field) in [
        ("limit=0", json!("limit")),
        ("limit=501", json!("limit")),
        ("cursor=rf_00000000000000000000000000", json!("cursor")),
        ("created_from=yesterday", json!("created_from")),
        ("created_to=2026-11-18T15:00:00", json!("created_to")),
        ("order_ref=%00", json!("order_ref")),
        ("chanel=x", json!("chanel")),
    ] {
        let answer = get(&harness, &format!("/v1/payments?{query}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (422, &field), "{query}");
    }
}
