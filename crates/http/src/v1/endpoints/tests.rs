use axum::body::Body;
use axum::http::Request;
use redress_core::environment::Environment;
use redress_core::id::{EndpointId, MerchantId};
use redress_engine::admin::keys::CredentialKind;
use redress_store::{Done, Operation, StoreError, Tx};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::testing::{Answer, Harness, HeldBack, hang_up, settle_down};

async fn call(harness: &Harness, key: &str, method: &str, path: &str, body: &str) -> Answer {
    let request =
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
    harness.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

/// As it is after it failed for days.
struct Disable(MerchantId, EndpointId);

impl Operation for Disable {
    type Out = ();
    const NAME: &'static str = "test_disable";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        let sql = "UPDATE endpoints SET disabled_at = 1, failing_since = 1 WHERE merchant_id = $1 AND endpoint_id = $2";
        tx.exec(sql, &[self.0.as_bytes().into(), self.1.as_bytes().into()]).await?;
        Ok(Done::Commit(()))
    }
}

struct Shop {
    harness: Harness,
}

impl Shop {
    async fn open() -> Self {
        Self { harness: Harness::new().await }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let answer =
            call(&self.harness, &self.harness.merchant.api_key, method, path, &body.to_string()).await;
        (answer.status.as_u16(), answer.json())
    }

    async fn add(&self, url: &str) -> Value {
        let (key, body) = (&self.harness.merchant.api_key, json!({"url": url}).to_string());
        let answer = call(&self.harness, key, "POST", "/v1/endpoints", &body).await;
        let made = answer.json();
        assert_eq!(answer.status.as_u16(), 201, "{made}");
        assert_eq!(answer.headers["location"], format!("/v1/endpoints/{}", made["id"].as_str().unwrap()));
        made
    }
}

#[tokio::test]
async fn an_endpoint_is_added_read_changed_and_revoked() {
    let shop = Shop::open().await;
    let made = shop.add("https://shop.example/hooks?token=t").await;
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_"), "{made}");
    let path = format!("/v1/endpoints/{}", made["id"].as_str().unwrap());
    let mut shown = made.clone();
    shown.as_object_mut().unwrap().remove("secret");
    assert_eq!(
        (&shown["name"], &shown["dialect"], &shown["environment"], &shown["status"], &shown["url"]),
        (
            &json!("endpoint"),
            &json!("standard"),
            &json!("sandbox"),
            &json!("enabled"),
            &json!("https://shop.example/hooks?token=t")
        )
    );
    assert_eq!(shown["events"].as_array().unwrap().len(), 7, "{shown}");
    assert_eq!(shop.call("GET", &path, json!({})).await, (200, shown.clone()), "no secret is shown again");

    let edit =
        json!({"name": "Hooks", "dialect": "portone", "events": ["refund.failed", "refund.succeeded"]});
    let (status, changed) = shop.call("PATCH", &path, edit).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["events"], json!(["refund.succeeded", "refund.failed"]));
    assert_eq!((&changed["name"], &changed["dialect"]), (&json!("Hooks"), &json!("portone")));
    assert_eq!(changed["url"], shown["url"]);
    assert_eq!(shop.call("PATCH", &path, json!({})).await, (200, changed.clone()), "nothing is changed");

    let (status, revoked) = shop.call("DELETE", &path, json!({})).await;
    assert_eq!((status, &revoked["status"]), (200, &json!("revoked")));
    assert_eq!(shop.call("DELETE", &path, json!({})).await, (200, revoked.clone()), "the same again");
    assert_eq!(shop.call("GET", &path, json!({})).await, (200, revoked));
    let late = [
        ("PATCH", path.clone()),
        ("POST", format!("{path}/rotate-secret")),
        ("POST", format!("{path}/test")),
    ];
    for (method, path) in late {
        let (status, told) = shop.call(method, &path, json!({})).await;
        assert_eq!((status, &told["code"]), (409, &json!("conflict")), "{path}");
    }
}

#[tokio::test]
async fn wrong_content_is_named() {
    let shop = Shop::open().await;
    let made = shop.add("https://shop.example/").await;
    let path = format!("/v1/endpoints/{}", made["id"].as_str().unwrap());
    let good = json!({"url": "https://shop.example/"});
    for (field, value) in [
        ("url", json!("shop.example")),
        ("url", json!("file:///etc/passwd")),
        ("url", json!("https://a:b@shop.example/")),
        ("url", json!("https://shop.example:25/")),
        ("url", json!("http://10.0.0.1/")),
        ("url", json!("http://2130706433/")),
        ("url", json!("https://[::1]/")),
        ("url", json!("http://169.254.169.254/latest/meta-data")),
        ("url", json!(1)),
        ("name", json!(" ")),
        ("name", json!("x".repeat(201))),
        ("dialect", json!("morse")),
        ("events", json!("refund.succeeded")),
        ("events", json!(["refund.exploded"])),
        ("events", json!([])),
        ("events", json!([1])),
        ("key", json!("key_x")),
        ("environment", json!("live")),
        ("environment", json!("production")),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let (status, told) = shop.call("POST", "/v1/endpoints", body).await;
        assert_eq!((status, &told["field"]), (422, &json!(field)), "{value}: {told}");
        if field != "key" && field != "environment" {
            let (status, told) = shop.call("PATCH", &path, json!({field: value})).await;
            assert_eq!((status, &told["field"]), (422, &json!(field)), "{told}");
        }
    }
    let (status, told) = shop.call("POST", "/v1/endpoints", json!({})).await;
    assert_eq!((status, &told["field"]), (422, &json!("url")));
    let mut body = good.clone();
    body["events"] = json!(["refund.done"]);
    let (_, told) = shop.call("POST", "/v1/endpoints", body).await;
    let detail = told["detail"].as_str().unwrap();
    assert!(detail.contains("refund.created, ") && detail.contains("refund.reversed"), "{detail}");
    for path in ["/v1/endpoints/x", "/v1/endpoints/ep_00000000000000000000000000", "/v1/endpoints/%FF"] {
        assert_eq!(shop.call("GET", path, json!({})).await.0, 404, "{path}");
    }
}

/// Nobody can mean it: it neither empties a field nor brings back what was there by itself.
#[tokio::test]
async fn a_change_to_null_is_refused_and_changes_nothing() {
    let shop = Shop::open().await;
    let made = shop.add("https://shop.example/").await;
    let path = format!("/v1/endpoints/{}", made["id"].as_str().unwrap());
    let before = shop.call("GET", &path, json!({})).await;
    for field in ["name", "url", "dialect", "events"] {
        let mut edit = json!({"name": "Hooks", "url": "https://shop.example/2"});
        edit[field] = Value::Null;
        let (status, told) = shop.call("PATCH", &path, edit).await;
        assert_eq!((status, &told["field"]), (422, &json!(field)), "{told}");
    }
    assert_eq!(shop.call("GET", &path, json!({})).await, before);
}

#[tokio::test]
async fn the_list_is_paged_and_takes_no_unknown_filter() {
    let shop = Shop::open().await;
    assert_eq!(
        shop.call("GET", "/v1/endpoints", json!({})).await,
        (200, json!({"data": [], "has_more": false, "next_cursor": null}))
    );
    let mut ids = Vec::new();
    for n in 0..3 {
        let made = shop.add(&format!("https://shop.example/{n}")).await;
        ids.push(made["id"].clone());
    }
    ids.sort_by_key(ToString::to_string);
    let (_, first) = shop.call("GET", "/v1/endpoints?limit=2", json!({})).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, second) = shop.call("GET", &format!("/v1/endpoints?limit=2&cursor={cursor}"), json!({})).await;
    let seen: Vec<_> = [&first, &second].iter().flat_map(|page| page["data"].as_array().unwrap()).collect();
    assert_eq!(seen.iter().map(|one| &one["id"]).collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>());
    assert!(!first.to_string().contains("whsec_") && second["has_more"] == false);
    for query in ["limit=0", "limit=501", "cursor=x", "state=due"] {
        assert_eq!(shop.call("GET", &format!("/v1/endpoints?{query}"), json!({})).await.0, 422, "{query}");
    }
}

#[tokio::test]
async fn a_new_secret_is_shown_once_and_the_old_one_overlaps() {
    let shop = Shop::open().await;
    let made = shop.add("https://shop.example/").await;
    let path = format!("/v1/endpoints/{}", made["id"].as_str().unwrap());
    let (status, told) = shop.call("POST", &format!("{path}/rotate-secret"), json!({})).await;
    assert_eq!(status, 200, "{told}");
    assert!(told["secret"].as_str().unwrap().starts_with("whsec_") && told["secret"] != made["secret"]);
    let (_, shown) = shop.call("GET", &path, json!({})).await;
    assert_eq!(shown["old_secret_until"], told["old_secret_until"]);
    assert!(!shown.to_string().contains("whsec_"), "{shown}");
}

#[tokio::test]
async fn a_secret_that_leaked_is_ended_at_once() {
    let shop = Shop::open().await;
    let made = shop.add("https://shop.example/").await;
    let path = format!("/v1/endpoints/{}", made["id"].as_str().unwrap());
    let rotate = format!("{path}/rotate-secret");
    let fraction: Value = "1.5".parse().unwrap();
    for wrong in [json!(-1), json!(604_801), fraction, json!("0"), json!(i64::MAX), Value::Null] {
        let (status, told) = shop.call("POST", &rotate, json!({"overlap_seconds": wrong})).await;
        assert_eq!((status, &told["field"]), (422, &json!("overlap_seconds")), "{told}");
    }
    let (status, told) = shop.call("POST", &rotate, json!({"overlap": 0})).await;
    assert_eq!((status, &told["field"]), (422, &json!("overlap")), "{told}");
    assert_eq!(shop.call("GET", &path, json!({})).await.1["old_secret_until"], Value::Null);
    let now = shop.harness.engine.now();
    for (seconds, span) in [(604_800, 604_800), (0, 0)] {
        let (status, told) = shop.call("POST", &rotate, json!({"overlap_seconds": seconds})).await;
        let until = crate::v1::time::time(now.plus(std::time::Duration::from_secs(span)));
        assert_eq!((status, &told["old_secret_until"]), (200, &json!(until)), "{told}");
    }
}

#[tokio::test]
async fn a_test_tells_what_came_back() {
    let shop = Shop::open().await;
    // Whatever is sent to goes through the same door; the sandbox knows no such path.
    let made = shop.add("http://sandbox.test/no/such/path").await;
    let path = format!("/v1/endpoints/{}/test", made["id"].as_str().unwrap());
    let (status, told) = shop.call("POST", &path, json!({})).await;
    assert_eq!((status, &told["status"], &told["taken"]), (200, &json!(404), &json!(false)), "{told}");
    assert!(told["event_id"].as_str().unwrap().starts_with("evt_test_") && told["duration_ms"] == 0);
    assert_eq!(shop.call("POST", "/v1/endpoints/ep_x/test", json!({})).await.0, 404);
}

#[tokio::test]
async fn enabling_takes_a_reason_and_changes_nothing_that_is_enabled() {
    let shop = Shop::open().await;
    let made = shop.add("https://shop.example/").await;
    let path = format!("/v1/endpoints/{}", made["id"].as_str().unwrap());
    let enable = format!("{path}/enable");
    for body in [json!({}), json!({"reason": " "}), json!({"reason": 1})] {
        let (status, told) = shop.call("POST", &enable, body).await;
        assert_eq!((status, &told["field"]), (422, &json!("reason")), "{told}");
    }
    let (_, before) = shop.call("GET", &path, json!({})).await;
    let why = json!({"reason": "it answers again"});
    assert_eq!(shop.call("POST", &enable, why.clone()).await, (200, before));

    let id = EndpointId::parse(made["id"].as_str().unwrap()).unwrap();
    let merchant = shop.harness.merchant.id;
    shop.harness.store.run(Disable(merchant, id)).await.unwrap();
    let (_, disabled) = shop.call("GET", &path, json!({})).await;
    assert_eq!((&disabled["status"], disabled["disabled_at"].is_string()), (&json!("disabled"), true));
    let (status, enabled) = shop.call("POST", &enable, why.clone()).await;
    assert_eq!((status, &enabled["status"], &enabled["disabled_at"]), (200, &json!("enabled"), &Value::Null));
    shop.call("DELETE", &path, json!({})).await;
    assert_eq!(shop.call("POST", &enable, why).await.0, 409);
}

#[tokio::test]
async fn anothers_endpoints_and_those_of_the_other_environment_are_not_there() {
    let shop = Shop::open().await;
    let harness = &shop.harness;
    let made = shop.add("https://shop.example/").await;
    let id = made["id"].as_str().unwrap();
    let (merchant, live) = (harness.merchant.id, Some(Environment::Live));
    let (_, live) = harness.engine.add_key(merchant, CredentialKind::Api, live).await.unwrap();
    for key in [&harness.other.api_key, live.expose_secret()] {
        for (method, path) in [
            ("GET", format!("/v1/endpoints/{id}")),
            ("PATCH", format!("/v1/endpoints/{id}")),
            ("DELETE", format!("/v1/endpoints/{id}")),
            ("POST", format!("/v1/endpoints/{id}/rotate-secret")),
            ("POST", format!("/v1/endpoints/{id}/test")),
        ] {
            let answer = call(harness, key, method, &path, "{}").await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["code"]),
                (404, &json!("not_found")),
                "{path}"
            );
        }
        let listed = call(harness, key, "GET", "/v1/endpoints", "").await.json();
        assert_eq!(listed["data"], json!([]));
    }
    assert_eq!(shop.call("GET", &format!("/v1/endpoints/{id}"), json!({})).await.1["status"], "enabled");
}

#[tokio::test]
async fn a_repeat_with_the_same_key_does_nothing_again_and_shows_its_own_secret() {
    let shop = Shop::open().await;
    let made = shop.add("http://sandbox.test/no/such/path").await;
    let path = format!("/v1/endpoints/{}", made["id"].as_str().unwrap());
    let keyed = async |act: &str, body: &str| {
        let request = Request::post(format!("{path}/{act}"))
            .header("authorization", format!("Bearer {}", shop.harness.merchant.api_key))
            .header("idempotency-key", format!("k-{act}"));
        let answer = shop.harness.send(request.body(Body::from(body.to_owned())).unwrap()).await;
        assert_eq!(answer.status, 200, "{act}: {answer:?}");
        (answer.headers.contains_key("idempotent-replayed"), answer.json())
    };
    for (act, body) in
        [("test", ""), ("replay", r#"{"since": "2026-01-01T00:00:00Z"}"#), ("enable", r#"{"reason": "r"}"#)]
    {
        let (first, again) = (keyed(act, body).await, keyed(act, body).await);
        assert_eq!((first.0, again.0, &first.1), (false, true, &again.1), "{act}");
    }
    let (first, again) = (keyed("rotate-secret", "").await, keyed("rotate-secret", "").await);
    assert!(first.1["secret"].as_str().unwrap().starts_with("whsec_"));
    assert!(first.1["secret"].is_string());
    assert_eq!((again.0, &again.1), (true, &first.1), "it was not rotated again");
    // Also when the secret before signs no more: whose answer was lost may find out late. Another rotation ends it.
    shop.harness.clock.advance(std::time::Duration::from_secs(25 * 3_600));
    assert_eq!(keyed("rotate-secret", "").await.1, first.1);
    assert_eq!(shop.call("POST", &format!("{path}/rotate-secret"), json!({})).await.0, 200);
    assert_eq!(keyed("rotate-secret", "").await.1["secret"], Value::Null);
}

/// Whose answer was lost needs the secret; nobody else is told it.
#[tokio::test]
async fn a_repeat_of_an_addition_is_told_the_secret_until_it_is_another() {
    let shop = Shop::open().await;
    let add = async || {
        let request = Request::post("/v1/endpoints")
            .header("authorization", format!("Bearer {}", shop.harness.merchant.api_key))
            .header("idempotency-key", "a-1");
        let body = Body::from(r#"{"url":"https://shop.example/"}"#);
        let answer = shop.harness.send(request.body(body).unwrap()).await;
        (answer.status.as_u16(), answer.headers.contains_key("idempotent-replayed"), answer.json())
    };
    let (status, replayed, made) = add().await;
    assert!(status == 201 && !replayed && made["secret"].as_str().unwrap().starts_with("whsec_"), "{made}");
    assert_eq!(add().await, (200, true, made.clone()));
    let path = format!("/v1/endpoints/{}", made["id"].as_str().unwrap());
    let (_, rotated) = shop.call("POST", &format!("{path}/rotate-secret"), json!({})).await;
    assert!(rotated["secret"].is_string(), "{rotated}");
    let (status, _, told) = add().await;
    assert_eq!((status, &told["id"], &told["secret"]), (200, &made["id"], &Value::Null));
    // One that is revoked signs nothing.
    let other = shop.add("https://shop.example/2").await;
    let id = EndpointId::parse(other["id"].as_str().unwrap()).unwrap();
    let (merchant, sandbox) = (shop.harness.merchant.id, Environment::Sandbox);
    let told = async || {
        let endpoint = shop.harness.engine.endpoint(merchant, sandbox, id).await.unwrap();
        let secret = shop.harness.engine.secret_again(&endpoint, |old_until| old_until.is_none()).unwrap();
        secret.map(|secret| secret.expose_secret().to_owned())
    };
    assert_eq!(told().await.as_deref(), other["secret"].as_str());
    shop.call("DELETE", &format!("/v1/endpoints/{id}"), json!({})).await;
    assert_eq!(told().await, None);
}

/// What was sent once is not sent again because nobody heard of it.
#[tokio::test]
async fn a_test_whose_caller_hangs_up_is_ended_and_sends_nothing_again() {
    let holds = HeldBack::new("end_keyed");
    let shop = Shop { harness: Harness::with_faults(holds.clone()).await };
    let made = shop.add("http://sandbox.test/no/such/path").await;
    let request = || {
        Request::post(format!("/v1/endpoints/{}/test", made["id"].as_str().unwrap()))
            .header("authorization", format!("Bearer {}", shop.harness.merchant.api_key))
            .header("idempotency-key", "t-1")
            .body(Body::empty())
            .unwrap()
    };
    hang_up(&shop.harness, request()).await;
    holds.let_go();
    settle_down().await;
    let (first, second) = (shop.harness.send(request()).await, shop.harness.send(request()).await);
    for answer in [&first, &second] {
        assert!(answer.status == 200 && answer.headers.contains_key("idempotent-replayed"), "{answer:?}");
    }
    assert_eq!(first.json(), second.json());
}

#[tokio::test]
async fn fields_that_are_not_known_are_refused_and_change_nothing() {
    let shop = Shop::open().await;
    let made = shop.add("https://shop.example/").await;
    let path = format!("/v1/endpoints/{}", made["id"].as_str().unwrap());
    let before = shop.call("GET", "/v1/endpoints", json!({})).await;
    for (method, path, field, body) in [
        (
            "POST",
            "/v1/endpoints".to_owned(),
            "event",
            json!({"url": "https://shop.example/2", "event": ["refund.failed"]}),
        ),
        ("POST", format!("{path}/test"), "dialect", json!({"dialect": "portone"})),
        ("PATCH", path.clone(), "Url", json!({"name": "Hooks", "Url": "https://shop.example/2"})),
        ("PATCH", path.clone(), "environment", json!({"name": "Hooks", "environment": "live"})),
        ("POST", format!("{path}/enable"), "by", json!({"reason": "it answers again", "by": "Mai"})),
        (
            "POST",
            format!("{path}/replay"),
            "until",
            json!({"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}),
        ),
    ] {
        let (status, told) = shop.call(method, &path, body).await;
        assert_eq!((status, &told["code"]), (422, &json!("invalid")), "{method} {path}: {told}");
        assert_eq!(told["field"], field, "{told}");
        assert!(told["detail"].as_str().unwrap().contains("not known"), "{told}");
    }
    assert_eq!(shop.call("GET", "/v1/endpoints", json!({})).await, before);
}
