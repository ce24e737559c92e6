use axum::body::Body;
use axum::http::Request;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use redress_core::environment::Environment;
use redress_core::id::PaymentId;
use redress_engine::admin::keys::CredentialKind;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::limits::BODY_BYTES_MAX;
use crate::router::{Auth, routes};
use crate::testing::{Answer, Harness, TestPayment};

/// A reference that might be the id of any payment.
const LOOKS_LIKE_AN_ID: &str = "pay_00000000000000000000000001";

fn payment(harness: &Harness) -> Value {
    json!({
        "order_ref": "2mbbExY77pp8iC0AQ1ucWymnd3c", "merchant_order_ref": "order-1",
        "psp_account": harness.merchant.momo.to_string(), "psp_payment_id": "144492817",
        "currency": "VND", "amount": 1_000_000, "refunded_before": 100_000,
        "captured_at": "2026-11-18T22:06:40.123456+07:00", "channel": "MOMOPAY",
        "payment_method": "MOMOPAY_WALLET", "environment": "sandbox", "customer_ref": "c-1",
        "notification_url": "https://merchant.example/hook"
    })
}

fn changed(payment: &Value, field: &str, value: Value) -> Value {
    let mut changed = payment.clone();
    changed[field] = value;
    changed
}

fn without(payment: &Value, field: &str) -> Value {
    let mut changed = payment.clone();
    changed.as_object_mut().unwrap().remove(field);
    changed
}

async fn post(harness: &Harness, authorization: &str, body: impl Into<Body>) -> Answer {
    let mut request = Request::post("/v1/payments");
    if !authorization.is_empty() {
        request = request.header("authorization", authorization);
    }
    harness.send(request.body(body.into()).unwrap()).await
}

async fn get(harness: &Harness, path: &str) -> (u16, Value) {
    let key = format!("Bearer {}", harness.merchant.api_key);
    let request = Request::get(path).header("authorization", key);
    let answer = harness.send(request.body(Body::empty()).unwrap()).await;
    (answer.status.as_u16(), answer.json())
}

async fn put(harness: &Harness, payment: &Value) -> Answer {
    post(harness, &format!("Bearer {}", harness.merchant.api_key), payment.to_string()).await
}

#[tokio::test]
async fn a_payment_is_taken_in_once() {
    let harness = Harness::new().await;
    let payment = payment(&harness);
    let made = put(&harness, &payment).await;
    assert_eq!(made.status, 201, "{made:?}");
    let told = made.json();
    assert_eq!((&told["order_ref"], &told["result"]), (&payment["order_ref"], &json!("created")));
    let id = PaymentId::parse(told["id"].as_str().unwrap()).unwrap();
    // Whoever registers it needs not read it: the answer is what reading answers, and `result`.
    let (_, read) = get(&harness, made.headers["location"].to_str().unwrap()).await;
    assert_eq!((&read["id"], without(&told, "result")), (&told["id"], read.clone()));
    let order = harness.engine.order(harness.merchant.id, None, "2mbbExY77pp8iC0AQ1ucWymnd3c").await.unwrap();
    let kept = order.unwrap().payment;
    assert_eq!((kept.id, kept.balance.captured, kept.balance.refunded), (id, 1_000_000, 100_000));
    assert_eq!(kept.captured_at.as_micros(), 1_795_014_400_123_456);
    assert_eq!(kept.notification_url.as_deref(), Some("https://merchant.example/hook"));

    let again = put(&harness, &payment).await;
    assert_eq!(
        (again.status.as_u16(), &again.json()["result"], &again.json()["id"]),
        (200, &json!("unchanged"), &told["id"])
    );
    let raised = put(&harness, &changed(&payment, "amount", json!(2_000_000))).await;
    let told = raised.json();
    assert_eq!(
        (raised.status.as_u16(), &told["result"], &told["captured"], &told["refundable"]),
        (200, &json!("updated"), &json!(2_000_000), &json!(1_900_000))
    );
}

#[tokio::test]
async fn what_may_be_left_out_has_a_default() {
    let harness = Harness::new().await;
    let mut payment = payment(&harness);
    for field in [
        "merchant_order_ref",
        "refunded_before",
        "channel",
        "payment_method",
        "environment",
        "customer_ref",
        "notification_url",
    ] {
        payment = without(&payment, field);
    }
    assert_eq!(put(&harness, &payment).await.status, 201);
    assert_eq!(put(&harness, &changed(&payment, "refunded_before", json!(0))).await.status, 200);
    assert_eq!(put(&harness, &changed(&payment, "environment", json!("sandbox"))).await.status, 200);
}

#[tokio::test]
async fn other_content_is_a_conflict_that_names_the_field() {
    let harness = Harness::new().await;
    let payment = payment(&harness);
    assert_eq!(put(&harness, &payment).await.status, 201);
    for (field, value) in [
        ("amount", json!(99_999)),
        ("currency", json!("JPY")),
        ("psp_payment_id", json!("1")),
        ("psp_account", json!(harness.merchant.tap.to_string())),
        ("merchant_order_ref", json!("order-2")),
        ("refunded_before", json!(0)),
        ("captured_at", json!("2026-11-18T14:06:40Z")),
        ("channel", Value::Null),
        ("payment_method", json!("x")),
        ("customer_ref", json!("x")),
        ("notification_url", json!("https://merchant.example/other")),
        ("order_ref", json!("another order with the same psp_payment_id")),
    ] {
        let answer = put(&harness, &changed(&payment, field, value)).await;
        let named = match field {
            "order_ref" => "psp_payment_id",
            // Less than what had been given back before: no payment at all.
            "amount" => "refunded_before",
            field => field,
        };
        let status = if field == "amount" { 422 } else { 409 };
        assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (status, &json!(named)), "{answer:?}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(named));
    }
    assert_eq!(put(&harness, &payment).await.json()["result"], "unchanged");
}

#[tokio::test]
async fn wrong_content_is_named() {
    let harness = Harness::new().await;
    let payment = payment(&harness);
    for field in ["order_ref", "psp_account", "psp_payment_id", "currency", "amount", "captured_at"] {
        for body in [
            without(&payment, field),
            changed(&payment, field, Value::Null),
            changed(&payment, field, json!([])),
        ] {
            let answer = put(&harness, &body).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (422, &json!(field)), "{body}");
            assert_eq!(answer.json()["code"], "invalid");
        }
    }
    for (field, value) in [
        ("order_ref", json!("")),
        ("order_ref", json!("a\0b")),
        ("order_ref", json!("x".repeat(256))),
        ("order_ref", json!(".")),
        ("order_ref", json!("..")),
        ("psp_account", json!("acc_x")),
        ("psp_account", json!(harness.merchant.id.to_string())),
        // MoMo counts its payments.
        ("psp_payment_id", json!("chg_1")),
        ("psp_payment_id", json!("0144492817")),
        ("currency", json!("vnd")),
        ("currency", json!("XXX")),
        ("amount", json!(0)),
        ("amount", json!(-1)),
        ("amount", "1.5".parse().unwrap()),
        ("amount", json!("1000000")),
        ("amount", json!(u64::MAX)),
        ("refunded_before", json!(-1)),
        ("refunded_before", json!(1_000_001)),
        ("refunded_before", json!("0")),
        ("refunded_before", Value::Null),
        ("captured_at", json!("yesterday")),
        ("captured_at", json!("2026-11-18T22:06:40")),
        ("captured_at", json!("2026-11-18T15Z")),
        ("captured_at", json!("2026-11-18T16:06:40+03:00[Europe/Berlin]")),
        ("captured_at", json!(1_795_014_400)),
        ("captured_at", json!("2026-11-18T16:06:40Z")),
        ("captured_at", json!("2062-11-18T15:06:40Z")),
        ("environment", json!("production")),
        ("notification_url", json!("file:///etc/passwd")),
        // What the guard would refuse at every attempt.
        ("notification_url", json!("http://10.0.0.1/hook")),
        ("notification_url", json!("http://169.254.169.254/latest")),
        ("customer_ref", json!({})),
    ] {
        let answer = put(&harness, &changed(&payment, field, value.clone())).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["field"]),
            (422, &json!(field)),
            "{value}: {answer:?}"
        );
    }
    let exponent = payment.to_string().replace("1000000", "1e6");
    let bearer = format!("Bearer {}", harness.merchant.api_key);
    assert_eq!(post(&harness, &bearer, exponent).await.json()["field"], "amount");
    for body in ["", "[]", "{", "x"] {
        let answer = post(&harness, &bearer, body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (400, &json!("malformed")), "{body}");
    }
    let answer = post(&harness, &bearer, " ".repeat(BODY_BYTES_MAX + 1)).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (413, &json!("body_too_large")));
    assert!(
        harness
            .engine
            .order(harness.merchant.id, None, "2mbbExY77pp8iC0AQ1ucWymnd3c")
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn what_has_the_form_of_an_id_is_an_id_and_no_payment_gets_it_as_a_reference() {
    let harness = Harness::new().await;
    let (status, told) = {
        let answer = put(&harness, &changed(&payment(&harness), "order_ref", json!(LOOKS_LIKE_AN_ID))).await;
        (answer.status.as_u16(), answer.json())
    };
    assert_eq!(
        (status, &told["code"], &told["field"]),
        (422, &json!("invalid"), &json!("order_ref")),
        "{told}"
    );
    // What only begins like one is a reference, as other providers' ids of payments are.
    for (n, near) in ["pay_29QQoUBi66xm2f", "pay_0000000000000000000000000U"].into_iter().enumerate() {
        let near_by = changed(&payment(&harness), "psp_payment_id", json!(format!("9{n}")));
        assert_eq!(put(&harness, &changed(&near_by, "order_ref", json!(near))).await.status, 201, "{near}");
        assert_eq!(get(&harness, &format!("/v1/payments/{near}")).await.1["order_ref"], near);
    }
    // One that has such a reference from before is there under its own id alone.
    harness.payment(TestPayment::momo(LOOKS_LIKE_AN_ID, 1_000_000)).await;
    let body = json!({"amount": 1_000, "currency": "VND"}).to_string();
    for path in ["", "/refundability"] {
        let (status, told) = get(&harness, &format!("/v1/payments/{LOOKS_LIKE_AN_ID}{path}")).await;
        assert_eq!((status, &told["code"]), (404, &json!("not_found")), "{path}");
    }
    let refund = format!("/v1/payments/{LOOKS_LIKE_AN_ID}/refunds");
    let request =
        Request::post(refund).header("authorization", format!("Bearer {}", harness.merchant.api_key));
    assert_eq!(harness.send(request.body(Body::from(body)).unwrap()).await.status, 404);
    let (_, listed) = get(&harness, &format!("/v1/payments?order_ref={LOOKS_LIKE_AN_ID}")).await;
    let id = listed["data"][0]["id"].as_str().unwrap();
    let (status, told) = get(&harness, &format!("/v1/payments/{id}")).await;
    assert_eq!((status, &told["order_ref"]), (200, &json!(LOOKS_LIKE_AN_ID)));
}

#[tokio::test]
async fn without_a_good_key_nothing_is_read() {
    let harness = Harness::new().await;
    let body = payment(&harness).to_string();
    let key = &harness.merchant.api_key;
    let wrong = format!("Bearer {}x", &key[..key.len() - 1]);
    let unknown = format!("Bearer {}", key.replace("rk_sandbox_", "rk_live_"));
    let basic = format!("Basic {key}");
    let portone = format!("Bearer {}", harness.merchant.portone_key);
    for authorization in ["", "Bearer", "Bearer ", key, &basic, &wrong, &unknown, &portone, "Bearer é"] {
        let answer = post(&harness, authorization, body.clone()).await;
        let told = answer.json();
        assert_eq!(
            (answer.status.as_u16(), &told["code"], &told["detail"], &told["type"]),
            (
                401,
                &json!("unauthorized"),
                &json!(
                    "a good API key is needed as bearer token: this one is missing, there twice, unknown or revoked"
                ),
                &json!("/docs/errors/unauthorized")
            ),
            "{authorization}"
        );
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(told["request_id"], answer.headers["x-request-id"].to_str().unwrap());
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    let good = format!("Bearer {key}");
    for second in [&wrong, &good] {
        let twice =
            Request::get("/v1/payments").header("authorization", &good).header("authorization", second);
        let answer = harness.send(twice.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (401, &json!("unauthorized")));
    }
    for route in routes().iter().filter(|route| route.auth == Auth::ApiKey) {
        let path: Vec<&str> =
            route.path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
        let request = Request::builder().method(route.method.clone()).uri(path.join("/"));
        for request in [
            request,
            Request::builder()
                .method(route.method.clone())
                .uri(path.join("/"))
                .header("authorization", &wrong),
        ] {
            let answer = harness.send(request.body(Body::from("rubbish")).unwrap()).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["code"]),
                (401, &json!("unauthorized")),
                "{route:?}"
            );
        }
    }
}

#[tokio::test]
async fn others_accounts_and_the_other_environment_are_out_of_reach() {
    let harness = Harness::new().await;
    let payment = payment(&harness);
    let foreign =
        put(&harness, &changed(&payment, "psp_account", json!(harness.other.momo.to_string()))).await;
    let nobodys =
        put(&harness, &changed(&payment, "psp_account", json!("acc_00000000000000000000000000"))).await;
    assert_eq!((foreign.status.as_u16(), &foreign.json()["field"]), (422, &json!("psp_account")));
    let told = |answer: &Answer| {
        let mut told = answer.json();
        told["request_id"] = Value::Null;
        told
    };
    assert_eq!(told(&foreign), told(&nobodys));

    let live = put(&harness, &changed(&payment, "environment", json!("live"))).await;
    assert_eq!((live.status.as_u16(), &live.json()["field"]), (422, &json!("environment")));
    let merchant = harness.merchant.id;
    let (_, key) =
        harness.engine.add_key(merchant, CredentialKind::Api, Some(Environment::Live)).await.unwrap();
    let live = format!("Bearer {}", key.expose_secret());
    let answer = post(&harness, &live, payment.to_string()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (422, &json!("environment")));
    // The account is of the other environment, whatever the payment says.
    let answer = post(&harness, &live, without(&payment, "environment").to_string()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (422, &json!("environment")));
}

#[test]
fn any_body_is_answered() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let harness = runtime.block_on(Harness::new());
    let bearer = format!("Bearer {}", harness.merchant.api_key);
    let payment = payment(&harness);
    let fields: Vec<String> = payment.as_object().unwrap().keys().cloned().collect();
    let value = prop_oneof![
        any::<i64>().prop_map(|number| json!(number)),
        ".{0,20}".prop_map(|text| json!(text)),
        Just(Value::Null),
        Just(r#"{"a": [15e299]}"#.parse().unwrap()),
    ];
    let nearly = (proptest::sample::select(fields), value)
        .prop_map(move |(field, value)| changed(&payment, &field, value).to_string().into_bytes());
    let body = prop_oneof![3 => nearly, 1 => proptest::collection::vec(any::<u8>(), 0..100)];
    TestRunner::default()
        .run(&body, |body| {
            let answer = runtime.block_on(post(&harness, &bearer, body));
            prop_assert!(answer.status.as_u16() < 500, "{answer:?}");
            Ok(())
        })
        .unwrap();
}
