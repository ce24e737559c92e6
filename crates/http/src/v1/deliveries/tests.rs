use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use redress_core::environment::Environment;
use redress_core::id::KeyId;
use redress_core::policy::{Ask, AskedAmount};
use redress_engine::accept::RefundRequest;
use redress_engine::admin::keys::CredentialKind;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::testing::{Harness, TestPayment, settle_down};

struct Shop {
    harness: Harness,
    endpoint: String,
}

impl Shop {
    /// With an endpoint at the PSPs' sandbox, which answers 404, and a refund that succeeded.
    async fn open() -> Self {
        let mut shop = Self { harness: Harness::new().await, endpoint: String::new() };
        let (_, made) =
            shop.call("POST", "/v1/endpoints", json!({"url": "http://sandbox.test/no/such/path"})).await;
        made["id"].as_str().unwrap().clone_into(&mut shop.endpoint);
        let payment = TestPayment::momo("order-1", 100_000);
        shop.harness.payment(payment).await;
        let request = RefundRequest {
            merchant: shop.harness.merchant.id,
            order_ref: "order-1".into(),
            ask: Ask::of(AskedAmount::Remainder),
            reason: "r".into(),
            description: None,
            merchant_refund_id: None,
            metadata: None,
            asked_by: KeyId::from_bytes([7; 16]).into(),
            idempotency_key: None,
        };
        shop.harness.engine.make_refund(request).await.unwrap();
        shop.harness.pass(Duration::from_secs(1)).await;
        shop
    }

    async fn call_with(&self, key: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request =
            Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
        let answer = self.harness.send(request.body(Body::from(body.to_string())).unwrap()).await;
        (answer.status.as_u16(), answer.json())
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.call_with(&self.harness.merchant.api_key.clone(), method, path, body).await
    }

    async fn list(&self, query: &str) -> Vec<Value> {
        let (status, page) = self.call("GET", &format!("/v1/deliveries{query}"), json!({})).await;
        assert_eq!(status, 200, "{page}");
        page["data"].as_array().unwrap().clone()
    }

    async fn work(&self) {
        while self.harness.engine.work_deliveries_once().await.unwrap() {}
        settle_down().await;
    }
}

#[tokio::test]
async fn deliveries_are_listed_filtered_paged_and_read_with_their_attempts() {
    let shop = Shop::open().await;
    shop.work().await;
    let all = shop.list("").await;
    assert!(all.len() >= 2, "{all:?}");
    let newest = &all[0];
    assert_eq!((&newest["event_type"], &newest["state"]), (&json!("refund.succeeded"), &json!("due")));
    assert_eq!((&newest["endpoint"], &newest["dialect"]), (&json!(shop.endpoint), &json!("standard")));
    let refund = newest["refund"].as_str().unwrap();
    assert!(newest["event_id"].as_str().unwrap().starts_with(&format!("evt_{refund}_")));

    let (_, first) = shop.call("GET", "/v1/deliveries?limit=1", json!({})).await;
    assert_eq!((&first["data"][0], &first["has_more"]), (newest, &json!(true)));
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(shop.list(&format!("?cursor={cursor}")).await, all[1..]);
    for (query, count) in [
        (format!("?refund={refund}"), all.len()),
        ("?refund=rf_00000000000000000000000000".to_owned(), 0),
        (format!("?endpoint={}", shop.endpoint), all.len()),
        ("?endpoint=ep_00000000000000000000000000".to_owned(), 0),
        ("?state=due".to_owned(), all.len()),
        ("?state=delivered".to_owned(), 0),
    ] {
        assert_eq!(shop.list(&query).await.len(), count, "{query}");
    }
    for query in ["refund=x", "endpoint=x", "state=lost", "cursor=x", "limit=0", "order=x"] {
        let (status, told) = shop.call("GET", &format!("/v1/deliveries?{query}"), json!({})).await;
        assert_eq!((status, &told["code"]), (422, &json!("invalid")), "{query}");
    }

    let path = format!("/v1/deliveries/{}", newest["id"].as_str().unwrap());
    let (status, told) = shop.call("GET", &path, json!({})).await;
    assert_eq!((status, &told["id"]), (200, &newest["id"]));
    let attempts = told["attempts"].as_array().unwrap();
    assert_eq!((attempts.len(), &attempts[0]["status"]), (1, &json!(404)), "{told}");
    for path in ["/v1/deliveries/x", "/v1/deliveries/%FF", &format!("{path}0"), &format!("{path}x")] {
        assert_eq!(shop.call("GET", path, json!({})).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn a_delivery_is_resent_and_an_endpoint_is_told_again() {
    let shop = Shop::open().await;
    shop.work().await;
    let newest = shop.list("").await.remove(0);
    let path = format!("/v1/deliveries/{}", newest["id"].as_str().unwrap());
    let (status, told) = shop.call("POST", &format!("{path}/resend"), json!({"endpoint": "ep_x"})).await;
    assert_eq!((status, &told["code"]), (422, &json!("invalid")), "what is not known is not passed over");
    assert_eq!(told["field"], "endpoint");
    let (status, told) = shop.call("POST", &format!("{path}/resend"), json!({})).await;
    assert_eq!((status, &told["state"], told["attempts"].as_array().unwrap().len()), (200, &json!("due"), 1));
    shop.work().await;
    let (_, told) = shop.call("GET", &path, json!({})).await;
    assert_eq!(told["attempts"].as_array().unwrap().len(), 2, "before its pause was over: {told}");

    let replay = format!("/v1/endpoints/{}/replay", shop.endpoint);
    let (status, told) = shop.call("POST", &replay, json!({"since": "2026-01-01T00:00:00Z"})).await;
    let all = shop.list("").await.len();
    assert_eq!((status, told), (200, json!({"due": all, "has_more": false, "next_cursor": null})));
    let (_, told) = shop.call("POST", &replay, json!({"since": "2036-01-01T00:00:00+07:00"})).await;
    assert_eq!(told["due"], 0);
    for (body, field) in [
        (json!({}), "since"),
        (json!({"since": "yesterday"}), "since"),
        (json!({"since": 1}), "since"),
        (json!({"since": "2026-01-01T00:00:00Z", "cursor": "x"}), "cursor"),
        (json!({"since": "2026-01-01T00:00:00Z", "cursor": "-1"}), "cursor"),
    ] {
        let (status, told) = shop.call("POST", &replay, body).await;
        assert_eq!((status, &told["field"]), (422, &json!(field)), "{told}");
    }
    shop.call("DELETE", &format!("/v1/endpoints/{}", shop.endpoint), json!({})).await;
    let late = [(format!("{path}/resend"), json!({})), (replay, json!({"since": "2026-01-01T00:00:00Z"}))];
    for (path, body) in late {
        let (status, told) = shop.call("POST", &path, body).await;
        assert_eq!((status, &told["code"]), (409, &json!("conflict")), "{path}");
    }
}

#[tokio::test]
async fn anothers_deliveries_and_those_of_the_other_environment_are_not_there() {
    let shop = Shop::open().await;
    let newest = shop.list("").await.remove(0);
    let path = format!("/v1/deliveries/{}", newest["id"].as_str().unwrap());
    let (merchant, live) = (shop.harness.merchant.id, Some(Environment::Live));
    let (_, live) = shop.harness.engine.add_key(merchant, CredentialKind::Api, live).await.unwrap();
    for key in [shop.harness.other.api_key.as_str(), live.expose_secret()] {
        let (_, page) = shop.call_with(key, "GET", "/v1/deliveries", json!({})).await;
        assert_eq!(page["data"], json!([]));
        for (method, path, body) in [
            ("GET", path.clone(), json!({})),
            ("POST", format!("{path}/resend"), json!({})),
            (
                "POST",
                format!("/v1/endpoints/{}/replay", shop.endpoint),
                json!({"since": "2026-01-01T00:00:00Z"}),
            ),
        ] {
            let (status, told) = shop.call_with(key, method, &path, body).await;
            assert_eq!((status, &told["code"]), (404, &json!("not_found")), "{path}");
        }
    }
}

#[tokio::test]
async fn a_repeat_with_the_same_key_resends_nothing_again() {
    let shop = Shop::open().await;
    shop.work().await;
    let newest = shop.list("").await.remove(0);
    let path = format!("/v1/deliveries/{}", newest["id"].as_str().unwrap());
    let resend = async || {
        let request = Request::post(format!("{path}/resend"))
            .header("authorization", format!("Bearer {}", shop.harness.merchant.api_key))
            .header("idempotency-key", "again-1");
        shop.harness.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(resend().await.status, 200);
    shop.work().await;
    let (_, told) = shop.call("GET", &path, json!({})).await;
    assert_eq!(told["attempts"].as_array().unwrap().len(), 2);
    let again = resend().await;
    assert_eq!((again.headers["idempotent-replayed"].as_bytes(), again.json()), (&b"true"[..], told));
    shop.work().await;
    let (_, told) = shop.call("GET", &path, json!({})).await;
    assert_eq!(told["attempts"].as_array().unwrap().len(), 2, "it was not sent again");
}
