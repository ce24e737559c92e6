//! OPPWA's protocol and every step of a script.

use aes_gcm::aead::AeadInPlace;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::Value;

use crate::reply::Fault;
use crate::testing::{Got, Harness, post};
use crate::world::Notification;

const ENTITY: &str = "8a8294174b7ecb28014b9699220015ca";
const BEARER: &str = "Bearer OGE4Mjk0MTc0YjdlY2IyODAxNGI5Njk5MjIwMDE1Y2N8c3k2S0pzVDg=";
const KEY: &str = "000102030405060708090A0B0C0D0E0F000102030405060708090A0B0C0D0E0F";
const URL: &str = "http://127.0.0.1:9/oppwa";
const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";

async fn scripted(steps: &[&str]) -> Harness {
    let harness = Harness::new();
    let webhook = serde_json::json!({"psp": "oppwa", "url": URL});
    assert_eq!(harness.control("webhook", webhook).await.status, StatusCode::OK);
    harness.payment("oppwa", "8ac7pay", "SAR", 10_000).await;
    harness.payment("oppwa", "8ac7kwd", "KWD", 10_000).await;
    harness.payment("oppwa", "8ac7jpy", "JPY", 10_000).await;
    harness.script("oppwa", "8ac7pay", steps).await;
    harness
}

fn send(payment: &str, form: &str) -> Request<Body> {
    let headers = [("authorization", BEARER), ("content-type", FORM)];
    post(&format!("/v1/payments/{payment}"), &headers, form.to_owned())
}

fn form(amount: &str, currency: &str, key: &str) -> String {
    format!(
        "entityId={ENTITY}&amount={amount}&currency={currency}&paymentType=RF&merchantTransactionId={key}"
    )
}

fn refund(key: &str, amount: &str) -> Request<Body> {
    send("8ac7pay", &form(amount, "SAR", key))
}

async fn get(harness: &Harness, path: &str) -> Got {
    harness.call(Request::get(path).header("authorization", BEARER).body(Body::empty()).unwrap()).await
}

async fn by_id(harness: &Harness, id: &Value) -> Got {
    get(harness, &format!("/v1/query/{}?entityId={ENTITY}", id.as_str().unwrap())).await
}

async fn by_key(harness: &Harness, key: &str) -> Got {
    get(harness, &format!("/v1/query?entityId={ENTITY}&merchantTransactionId={key}")).await
}

fn said(got: &Got) -> (u16, String) {
    (got.status.as_u16(), code(&got.json()))
}

fn code(object: &Value) -> String {
    object["result"]["code"].as_str().unwrap().to_owned()
}

/// The text of a notification.
fn deciphered(notification: &Notification) -> Value {
    let header = |name| {
        let (_, value) = notification.headers.iter().find(|(given, _)| *given == name).unwrap();
        hex::decode(value).unwrap()
    };
    let (vector, tag) = (header("x-initialization-vector"), header("x-authentication-tag"));
    let mut bytes = hex::decode(&notification.body).unwrap();
    Aes256Gcm::new_from_slice(&hex::decode(KEY).unwrap())
        .unwrap()
        .decrypt_in_place_detached(Nonce::from_slice(&vector), b"", &mut bytes, Tag::from_slice(&tag))
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn told(harness: &Harness) -> Vec<String> {
    harness.notifications().iter().map(|one| code(&deciphered(one)["payload"])).collect()
}

#[tokio::test]
async fn unscripted_a_refund_is_done_at_once_and_told_of() {
    let harness = scripted(&[]).await;
    let got = harness.call(refund("RF-1", "10.50")).await;
    let object = got.json();
    assert_eq!(said(&got), (200, "000.000.000".to_owned()));
    assert_eq!((&object["paymentType"], &object["referencedId"]), (&"RF".into(), &"8ac7pay".into()));
    assert_eq!((&object["amount"], &object["currency"]), (&"10.50".into(), &"SAR".into()));
    assert_eq!(object["merchantTransactionId"], "RF-1");
    assert_eq!(object["id"].as_str().unwrap().len(), 32);
    assert_eq!(harness.ledger().await, ["RF-1 1050 succeeded"]);
    harness.advance(0).await;
    let notifications = harness.notifications();
    assert_eq!(notifications.len(), 1);
    assert_eq!((notifications[0].url.as_str(), notifications[0].content_type), (URL, "text/plain"));
    let mut told = deciphered(&notifications[0]);
    assert_eq!(told["type"], "PAYMENT");
    let entity = told["payload"].as_object_mut().unwrap().remove("authentication").unwrap();
    assert_eq!(entity["entityId"], ENTITY);
    assert_eq!(told["payload"], object);

    assert_eq!(by_id(&harness, &object["id"]).await.json(), object);
    let path = format!("/v1/payments/{}?entityId={ENTITY}", object["id"].as_str().unwrap());
    assert_eq!(get(&harness, &path).await.json(), object);
    let list = by_key(&harness, "RF-1").await.json();
    assert_eq!((code(&list), &list["payments"][0]), ("000.000.100".to_owned(), &object));
}

#[tokio::test]
async fn without_an_address_nothing_is_told() {
    let harness = Harness::new();
    harness.payment("oppwa", "8ac7pay", "SAR", 10_000).await;
    harness.call(refund("RF-1", "10.00")).await;
    harness.advance(60_000).await;
    assert!(harness.notifications().is_empty());
}

#[tokio::test]
async fn sums_have_two_decimals_whatever_the_currency() {
    let harness = scripted(&[]).await;
    for (payment, amount, currency, key) in
        [("8ac7kwd", "1.50", "KWD", "RF-1"), ("8ac7jpy", "700.00", "JPY", "RF-2")]
    {
        let got = harness.call(send(payment, &form(amount, currency, key))).await;
        assert_eq!(
            (got.status, got.json()["amount"].clone()),
            (StatusCode::OK, amount.into()),
            "{}",
            got.text
        );
    }
    assert_eq!(harness.ledger().await, ["RF-1 1500 succeeded", "RF-2 700 succeeded"]);
    for amount in ["10", "10.0", "10.000", "1e1", "+1.00", "-1.00", ".50", "1.", "1,00", "ten", "1.00.00"] {
        assert_eq!(
            said(&harness.call(refund("RF-3", amount)).await),
            (400, "100.550.303".to_owned()),
            "{amount}"
        );
    }
    let half_a_yen = harness.call(send("8ac7jpy", &form("7.50", "JPY", "RF-4"))).await;
    assert_eq!(said(&half_a_yen), (400, "100.550.303".to_owned()));
}

#[tokio::test]
async fn the_success_of_a_test_mode_says_so() {
    let harness = scripted(&[]).await;
    for (mode, expected) in [("EXTERNAL", "000.100.112"), ("INTERNAL", "000.100.110")] {
        let form = format!("{}&testMode={mode}", form("1.00", "SAR", mode));
        assert_eq!(said(&harness.call(send("8ac7pay", &form)).await), (200, expected.to_owned()));
    }
}

#[tokio::test]
async fn bad_requests_have_their_codes_and_no_effect() {
    let harness = scripted(&[]).await;
    let good = form("10.00", "SAR", "RF-1");
    for (from, to, expected) in [
        ("amount=10.00", "", "100.550.300"),
        ("amount=10.00", "amount=0.00", "100.550.300"),
        ("currency=SAR", "", "100.550.400"),
        ("currency=SAR", "currency=sar", "100.550.401"),
        ("currency=SAR", "currency=KWD", "700.100.500"),
        ("paymentType=RF", "", "600.200.400"),
        ("paymentType=RF", "paymentType=RV", "600.200.400"),
        ("paymentType=RF", "paymentType=RF&testMode=YES", "200.300.404"),
        ("paymentType=RF", "paymentType=RF&paymentType=RF", "200.300.404"),
        ("paymentType=RF", "paymentType=RF&ammount=1", "200.300.404"),
    ] {
        let got = harness.call(send("8ac7pay", &good.replace(from, to))).await;
        assert_eq!(said(&got), (400, expected.to_owned()), "{to}");
    }
    assert_eq!(said(&harness.call(send("8ac7none", &good)).await), (400, "700.100.100".to_owned()));
    let headers = [("authorization", BEARER), ("content-type", "application/json")];
    let json = harness.call(post("/v1/payments/8ac7pay", &headers, good)).await;
    assert_eq!(said(&json), (400, "200.300.404".to_owned()));
    assert_eq!(harness.ledger().await, [""; 0]);
}

#[tokio::test]
async fn every_endpoint_wants_the_token_and_its_entity() {
    let harness = scripted(&[]).await;
    for (bearer, entity, expected) in [
        ("", ENTITY, (401, "800.900.300")),
        ("Bearer other", ENTITY, (401, "800.900.300")),
        (&BEARER[7..], ENTITY, (401, "800.900.300")),
        (BEARER, "8a82other", (403, "800.900.303")),
        (BEARER, "", (400, "200.300.404")),
    ] {
        let form = form("10.00", "SAR", "RF-1").replace(ENTITY, entity);
        let headers = [("authorization", bearer), ("content-type", FORM)];
        let mut requests = vec![post("/v1/payments/8ac7pay", &headers, form)];
        for path in ["/v1/payments/x?", "/v1/query/x?", "/v1/query?merchantTransactionId=x&"] {
            let request = Request::get(format!("{path}entityId={entity}")).header("authorization", bearer);
            requests.push(request.body(Body::empty()).unwrap());
        }
        for request in requests {
            let what = format!("{} with {bearer} {entity}", request.uri());
            let got = harness.call(request).await;
            assert_eq!(said(&got), (expected.0, expected.1.to_owned()), "{what}");
        }
    }
    assert_eq!(harness.ledger().await, [""; 0]);
}

#[tokio::test]
async fn a_reference_is_taken_once() {
    let harness = scripted(&["succeed", "refuse"]).await;
    let first = harness.call(refund("RF-1", "10.00")).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(said(&harness.call(refund("RF-1", "10.00")).await), (400, "800.110.100".to_owned()));
    assert_eq!(said(&harness.call(refund("RF-2", "10.00")).await), (400, "800.100.152".to_owned()));
    assert_eq!(said(&harness.call(refund("RF-2", "10.00")).await), (400, "800.110.100".to_owned()));
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded"]);
    assert_eq!(by_key(&harness, "RF-1").await.json()["payments"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn never_more_than_was_paid() {
    let harness = scripted(&[]).await;
    harness.call(refund("RF-1", "60.00")).await;
    assert_eq!(said(&harness.call(refund("RF-2", "40.01")).await), (400, "700.400.200".to_owned()));
    assert_eq!(
        harness.call(refund("RF-2", "40.00")).await.status,
        StatusCode::OK,
        "the reference is still free"
    );
    assert_eq!(said(&harness.call(refund("RF-3", "0.01")).await), (400, "700.400.200".to_owned()));
    assert_eq!(harness.ledger().await, ["RF-1 6000 succeeded", "RF-2 4000 succeeded"]);
}

#[tokio::test]
async fn nothing_found_says_so() {
    let harness = scripted(&[]).await;
    assert_eq!(said(&by_key(&harness, "RF-1").await), (404, "700.400.580".to_owned()));
    assert_eq!(said(&by_id(&harness, &"8ac7none".into()).await), (404, "700.400.580".to_owned()));
    let bare = get(&harness, &format!("/v1/query?entityId={ENTITY}")).await;
    assert_eq!(said(&bare), (400, "200.300.404".to_owned()));
}

#[tokio::test]
async fn refuse() {
    let harness = scripted(&["refuse"]).await;
    let got = harness.call(refund("RF-1", "10.00")).await;
    assert_eq!(said(&got), (400, "800.100.152".to_owned()));
    assert_eq!(got.json()["amount"], Value::Null);
    harness.advance(60_000).await;
    let shown = by_id(&harness, &got.json()["id"]).await;
    assert_eq!((shown.status, shown.json()), (StatusCode::OK, got.json()));
    assert!(harness.notifications().is_empty());
    assert_eq!(harness.ledger().await, [""; 0]);
}

#[tokio::test]
async fn pend_until_it_is_finished() {
    let harness = scripted(&["pend", "pend"]).await;
    let got = harness.call(refund("RF-1", "10.00")).await;
    assert_eq!(said(&got), (200, "000.200.000".to_owned()));
    harness.call(refund("RF-2", "10.00")).await;
    harness.advance(86_400_000).await;
    assert_eq!(harness.ledger().await, ["RF-1 1000 pending", "RF-2 1000 pending"]);
    harness.finish("oppwa", got.json()["id"].as_str().unwrap(), "succeeded").await;
    harness.finish("oppwa", "RF-2", "failed").await;
    harness.advance(0).await;
    assert_eq!(harness.ledger().await, ["RF-1 1000 succeeded", "RF-2 1000 failed"]);
    assert_eq!(told(&harness), ["000.000.000", "800.100.100"]);
    assert_eq!(code(&by_key(&harness, "RF-2").await.json()["payments"][0]), "800.100.100");
}

#[tokio::test]
async fn faults_before_the_effect_leave_nothing() {
    let harness = scripted(&["timeout_before_effect", "error500_before_effect"]).await;
    harness.hang_up(refund("RF-1", "10.00"));
    assert_eq!(said(&harness.call(refund("RF-1", "10.00")).await), (500, "600.100.100".to_owned()));
    harness.advance(10_000).await;
    assert_eq!(harness.ledger().await, [""; 0]);
    assert_eq!(said(&by_key(&harness, "RF-1").await), (404, "700.400.580".to_owned()));
    assert_eq!(harness.call(refund("RF-1", "10.00")).await.status, StatusCode::OK, "it is new");
}

#[tokio::test]
async fn faults_after_the_effect_leave_a_refund_that_is_told_of() {
    let steps = ["timeout_after_effect", "error500_after_effect", "reset_after_effect", "garbage"];
    let harness = scripted(&steps).await;
    harness.hang_up(refund("RF-1", "10.00"));
    assert_eq!(harness.call(refund("RF-2", "10.00")).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(harness.call(refund("RF-3", "10.00")).await.fault, Some(Fault::Reset));
    let garbage = harness.call(refund("RF-4", "10.00")).await;
    assert!(garbage.status == StatusCode::OK && serde_json::from_str::<Value>(&garbage.text).is_err());
    harness.advance(0).await;
    assert_eq!(harness.ledger().await.len(), 4);
    assert_eq!(told(&harness), ["000.000.000"; 4]);
    for key in ["RF-1", "RF-2", "RF-3", "RF-4"] {
        assert_eq!(code(&by_key(&harness, key).await.json()["payments"][0]), "000.000.000", "{key}");
    }
}

#[tokio::test]
async fn effect_after_happens_although_nobody_waits() {
    let harness = scripted(&["effect_after:1500", "effect_after:1500"]).await;
    harness.hang_up(refund("RF-1", "60.00"));
    harness.hang_up(refund("RF-2", "60.00"));
    harness.advance(1_499).await;
    assert_eq!(harness.ledger().await, [""; 0]);
    assert_eq!(said(&by_key(&harness, "RF-1").await), (404, "700.400.580".to_owned()));
    assert_eq!(said(&harness.call(refund("RF-1", "60.00")).await), (400, "800.110.100".to_owned()));
    harness.advance(1).await;
    assert_eq!(harness.ledger().await, ["RF-1 6000 succeeded"]);
    assert_eq!(told(&harness), ["000.000.000"]);
    assert_eq!(
        code(&by_key(&harness, "RF-2").await.json()["payments"][0]),
        "700.400.200",
        "it did not fit any more"
    );
}

#[tokio::test]
async fn slow_and_the_ways_to_tell() {
    let steps = ["slow:2000", "duplicate_notification", "notify_before_answer", "succeed_then_fail"];
    let harness = scripted(&steps).await;
    let mut slow = Box::pin(harness.sandbox.send(refund("RF-1", "10.00")));
    assert!(futures_util::poll!(&mut slow).is_pending());
    harness.advance(2_000).await;
    assert_eq!(code(&Got::of(slow.await).await.json()), "000.000.000");
    harness.call(refund("RF-2", "10.00")).await;
    harness.advance(0).await;
    let notifications = harness.notifications();
    assert_eq!(notifications.len(), 3);
    assert_eq!(notifications[1], notifications[2]);
    harness.call(refund("RF-3", "10.00")).await;
    assert_eq!(harness.notifications().len(), 4, "there was no time for anything but the request itself");
    let last = harness.call(refund("RF-4", "70.00")).await;
    assert_eq!(said(&last), (200, "000.000.000".to_owned()));
    harness.advance(1_000).await;
    assert_eq!(told(&harness)[4..], ["000.000.000", "800.100.100"]);
    assert_eq!(harness.ledger().await[3], "RF-4 7000 failed");
    assert_eq!(
        harness.call(refund("RF-5", "70.00")).await.status,
        StatusCode::OK,
        "the money is there again"
    );
}

#[tokio::test]
async fn a_notification_that_did_not_arrive_comes_again() {
    let harness = scripted(&[]).await;
    harness.receiver.statuses.lock().unwrap().extend([500, 0]);
    harness.call(refund("RF-1", "10.00")).await;
    harness.advance(0).await;
    harness.advance(1_000).await;
    harness.advance(60_000).await;
    let notifications = harness.notifications();
    assert_eq!(notifications.len(), 3);
    assert!(notifications.iter().all(|one| *one == notifications[0]));
}

#[tokio::test]
async fn a_payments_id_has_oppwas_form() {
    let harness = Harness::new();
    let body = serde_json::json!({"psp": "oppwa", "payment": "pay/1", "currency": "SAR", "amount_minor": 1});
    assert_eq!(harness.control("payment", body).await.status, StatusCode::BAD_REQUEST);
}
