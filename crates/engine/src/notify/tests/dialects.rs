//! What crosses the wire, in each dialect.

use std::time::Duration;

use redress_core::money::{Amount, Currency};
use redress_core::outcome::{Again, Outcome, PspRefusal};
use redress_store::ops::credentials::CredentialKind;
use redress_store::ops::deliveries::DeliveryState;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use standardwebhooks::Webhook;

use super::rig::{ORDER, Reply, Rig, START};
use crate::admin::endpoints::Dialect;
use crate::config::EngineConfig;
use crate::real_world::SystemClock;
use crate::signing::portone::{RefundFields, refund_hash};
use crate::world::Clock;

/// The key and secret of the SGate vectors.
const SGATE_KEY: &str = "zS83UNCPhVTqBxDHACJ30sImZRKAlzQI";
const SGATE_SECRET: &str = "RoTestSecret0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN0Z";

#[tokio::test]
async fn a_standard_notification_shows_the_refund_as_it_was_at_the_event() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    rig.endpoint(Dialect::Standard, "https://hook.example/n?x=1").await;
    let refund = rig.refund(ORDER).await;
    rig.clock.advance(Duration::from_millis(1_500));
    rig.succeeded(&refund).await;
    // The money comes back before the success was told.
    let again = Again::After(Duration::from_secs(3_600));
    let refusal = PspRefusal { code: "R1".into(), text: "returned".into(), again, psp_refund_id: None };
    rig.said(&refund, Outcome::Refused(refusal)).await;
    rig.work().await;
    let sent = rig.receivers.sent_to("hook.example");
    let mut told: Vec<_> = sent.iter().map(super::rig::Sent::json).collect();
    told.sort_by_key(|told| told["data"]["event_number"].as_u64());
    let types: Vec<_> = told.iter().map(|told| told["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(types, ["refund.created", "refund.pending", "refund.succeeded", "refund.reversed"]);
    let states: Vec<_> =
        told.iter().map(|told| told["data"]["status"].as_str().unwrap().to_owned()).collect();
    assert_eq!(states, ["queued", "pending", "succeeded", "reversed"]);
    let payment = rig.engine.order(rig.merchant, None, ORDER).await.unwrap().unwrap().payment;
    assert_eq!(
        told[2],
        json!({
            "type": "refund.succeeded",
            "timestamp": "2023-07-26T11:38:12.5Z",
            "data": {
                "id": refund.id.to_string(),
                "payment": payment.id.to_string(),
                "order_ref": ORDER,
                "merchant_order_ref": "shop-17",
                "amount_minor": 1500,
                "amount": "1.500",
                "currency": "KWD",
                "status": "succeeded",
                "kind": "partial",
                "reason": "customer request",
                "description": "größe",
                "merchant_refund_id": refund.merchant_refund_id,
                "metadata": {"cart": "7"},
                "psp_refund_id": "re_1",
                "failure": null,
                "environment": "sandbox",
                "created_at": "2023-07-26T11:38:11Z",
                "event_number": 3,
            },
        })
    );
    assert_eq!(told[3]["data"]["failure"], json!({"code": "R1", "text": "returned"}));
    assert!(told[0]["data"]["psp_refund_id"].is_null(), "it was not known then");
    let said = |key: &str| -> Vec<_> { told.iter().map(|told| told["data"].get(key).cloned()).collect() };
    assert_eq!(said("note"), [None, Some(json!("waits for funds")), None, None]);
    assert_eq!(said("retry_at"), [None, None, None, Some(json!("2023-07-26T12:38:12.5Z"))]);
    let request = &sent[0].request;
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://hook.example/n?x=1"));
    assert_eq!(request.timeout, EngineConfig::default().delivery_timeout);
    let mut ids: Vec<_> = sent.iter().map(|sent| sent.header("webhook-id").to_owned()).collect();
    ids.sort();
    let expected: Vec<_> = (1..=4).map(|number| format!("evt_{}_{number}", refund.id)).collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn a_portone_webhook_has_the_thirteen_fields_in_order_and_the_hash() {
    let rig = Rig::new().await;
    rig.payment("2mbZeehV4ZhkLTwVcL2fHukBg4J", None).await;
    let old = rig.key(CredentialKind::Portone, "SglffyyZgojEdXWL", "older-secret").await;
    rig.clock.advance(Duration::from_micros(650_020));
    rig.key(CredentialKind::Portone, "SglffyyZgojEdXWM", "portone-test-secret").await;
    rig.endpoint(Dialect::Portone, "https://newest.example/").await;
    let new = crate::admin::endpoints::NewEndpoint {
        merchant: rig.merchant,
        name: "own key".into(),
        url: "https://own-key.example/".into(),
        dialect: Dialect::Portone,
        environment: redress_core::environment::Environment::Sandbox,
        event_mask: None,
        credential: Some(old),
    };
    rig.engine.add_endpoint(new).await.unwrap();
    let refund = rig.refund("2mbZeehV4ZhkLTwVcL2fHukBg4J").await;
    rig.succeeded(&refund).await;
    rig.work().await;
    let refund_id = refund.id.to_base62();
    let fields = RefundFields {
        amount: Amount::new(1_500, Currency::from_code("KWD").unwrap()),
        merchant_id: "M948164",
        payment_channel: "KOMOJU",
        payment_txn_ref: "2mbZeehV4ZhkLTwVcL2fHukBg4J",
        psp_refund_id: "re_1",
        refund_id: &refund_id,
        refund_status: "SUCCESS",
        refund_type: "partial",
    };
    for (host, secret) in [("newest.example", "portone-test-secret"), ("own-key.example", "older-secret")] {
        let sent = rig.receivers.sent_to(host);
        assert_eq!(sent.len(), 1, "nothing before the end is told");
        let expected = format!(
            concat!(
                r#"{{"refund_date":"2023-07-26 11:38:11.65002 +0000 UTC","refund_id":"{}","psp_refund_id":"re_1","#,
                r#""amount":1.5,"currency":"KWD","refund_status":"SUCCESS","refund_type":"partial","#,
                r#""refund_reason":"customer request","merchant_id":"M948164","description":"größe","#,
                r#""payment_txn_ref":"2mbZeehV4ZhkLTwVcL2fHukBg4J","payment_channel":"KOMOJU","#,
                r#""payment_method":"Alipay wallet via KOMOJU","signature_hash":"{}"}}"#
            ),
            refund_id,
            refund_hash(&fields, &SecretString::from(secret))
        );
        assert_eq!(std::str::from_utf8(&sent[0].request.body).unwrap(), expected);
        assert_eq!(sent[0].header("content-type"), "application/json");
    }
    assert!(rig.deliveries(&refund).await.iter().all(|told| told.state == DeliveryState::Delivered));
    rig.engine.revoke_key(rig.merchant, old).await.unwrap();
    let next = rig.refund("2mbZeehV4ZhkLTwVcL2fHukBg4J").await;
    rig.succeeded(&next).await;
    rig.work().await;
    let hash = |host| rig.receivers.sent_to(host)[1].json()["signature_hash"].clone();
    assert_eq!(hash("own-key.example"), hash("newest.example"), "a revoked key signs no more");
}

#[tokio::test]
async fn a_portone_failure_is_one_and_needs_no_portone_key() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    rig.endpoint(Dialect::Portone, "https://hook.example/").await;
    let refund = rig.refund(ORDER).await;
    let refusal = PspRefusal { code: "R1".into(), text: "no".into(), again: Again::No, psp_refund_id: None };
    rig.said(&refund, Outcome::Refused(refusal)).await;
    rig.work().await;
    let sent = rig.receivers.sent_to("hook.example");
    assert_eq!(sent[0].json()["refund_status"], "FAILED");
    assert_eq!(sent[0].json().as_object().unwrap().len(), 13);
    assert!(sent[0].header("webhook-signature").starts_with("v1,"));
}

#[tokio::test]
async fn an_own_address_gets_the_callback_of_the_vector() {
    let rig = Rig::new().await;
    rig.key(CredentialKind::Sgate, SGATE_KEY, SGATE_SECRET).await;
    rig.payment(ORDER, Some("https://shop.example/Notification#top")).await;
    // SGate's dialect stands back for the payment's own address.
    rig.endpoint(Dialect::Sgate, "https://endpoint.example/").await;
    let refund = rig.refund(ORDER).await;
    rig.receivers.script("shop.example", [Reply::Answer(200, format!(" COMPLETED::{ORDER}\r\n"))]);
    rig.succeeded(&refund).await;
    rig.work().await;
    let sent = rig.receivers.sent_to("shop.example");
    assert_eq!((sent.len(), rig.receivers.count_of("endpoint.example")), (1, 0));
    let sent = &sent[0];
    assert_eq!(sent.request.method, http::Method::GET);
    assert!(sent.request.body.is_empty());
    assert_eq!(sent.request.url, format!("https://shop.example/Notification?_orderId={ORDER}&_type=refund"));
    assert_eq!(sent.header("x-auth-signature"), "FIdRmvxoWQmt07xfZbCrQXC7Y0Vxwxq/TOaalWfLRgI=");
    assert_eq!(sent.header("x-auth-key"), SGATE_KEY);
    assert_eq!(sent.header("x-auth-timestamp"), "1690371491");
    assert_eq!(sent.header("x-auth-sign-method"), "HmacSHA256");
    assert_eq!(sent.header("x-auth-sign-version"), "1");
    let oracle = Webhook::from_bytes(SGATE_SECRET.as_bytes().to_vec()).unwrap();
    let id = sent.header("webhook-id");
    assert_eq!(id, format!("evt_{}_3", refund.id));
    assert_eq!(sent.header("webhook-timestamp"), "1690371491");
    let signature = oracle.sign(id, START.as_seconds(), b"").unwrap();
    assert_eq!(sent.header("webhook-signature"), signature);
    let told = &rig.deliveries(&refund).await[0];
    assert_eq!((told.state, told.endpoint), (DeliveryState::Delivered, None));
    assert_eq!(told.attempts[0].answer, format!("COMPLETED::{ORDER}"));
}

#[tokio::test]
async fn an_sgate_endpoint_is_called_back_for_successes_only() {
    let rig = Rig::new().await;
    rig.key(CredentialKind::Sgate, SGATE_KEY, SGATE_SECRET).await;
    rig.payment(ORDER, None).await;
    rig.endpoint(Dialect::Sgate, "https://shop.example/wc?order_id=7&wc-api=x").await;
    let failed = rig.refund(ORDER).await;
    let refusal = PspRefusal { code: "R1".into(), text: "no".into(), again: Again::No, psp_refund_id: None };
    rig.said(&failed, Outcome::Refused(refusal)).await;
    rig.work().await;
    assert_eq!(rig.receivers.count_of("shop.example"), 0);
    let done = rig.refund(ORDER).await;
    rig.receivers.script("shop.example", [Reply::Answer(200, "COMPLETED::another".into())]);
    rig.receivers.script("shop.example", [Reply::Answer(500, format!("COMPLETED::{ORDER}"))]);
    rig.receivers.script("shop.example", [Reply::Answer(200, format!("COMPLETED::{ORDER}"))]);
    rig.succeeded(&done).await;
    rig.pass(1_801).await;
    assert_eq!(rig.seconds_of("shop.example"), [0, 900, 1_800], "only the right words with success end it");
    let url = &rig.receivers.sent_to("shop.example")[0].request.url;
    let expected = format!("https://shop.example/wc?order_id=7&wc-api=x&_orderId={ORDER}&_type=refund");
    assert_eq!(*url, expected);
}

#[tokio::test]
async fn an_own_address_without_an_sgate_key_is_not_called_unsigned() {
    let rig = Rig::new().await;
    rig.payment(ORDER, Some("https://shop.example/")).await;
    let refund = rig.refund(ORDER).await;
    rig.succeeded(&refund).await;
    rig.pass(10).await;
    assert_eq!(rig.receivers.count_of("shop.example"), 0);
    let told = &rig.deliveries(&refund).await[0];
    assert_eq!((told.state, told.attempts.len()), (DeliveryState::Due, 1));
    assert!(told.attempts[0].answer.contains("no SGate key"), "{}", told.attempts[0].answer);
    rig.key(CredentialKind::Sgate, SGATE_KEY, SGATE_SECRET).await;
    rig.pass(900).await;
    assert_eq!(rig.receivers.count_of("shop.example"), 1, "a key that comes later is used");
}

#[tokio::test]
async fn receivers_verify_with_either_secret_while_a_rotation_runs() {
    // The oracle reads the machine's clock, so this test must too.
    let start = SystemClock.now();
    let mut config = EngineConfig::default();
    config.delivery.secret_overlap = Duration::from_secs(60);
    let rig = Rig::with(start, config).await;
    rig.payment(ORDER, None).await;
    let (endpoint, old) = rig.endpoint(Dialect::Standard, "https://hook.example/").await;
    let verdicts = async |new: &SecretString| {
        let before = rig.receivers.count_of("hook.example");
        rig.refund(ORDER).await;
        rig.work().await;
        let sent = rig.receivers.sent_to("hook.example");
        let newest = &sent[before];
        let verify = |secret: &SecretString| {
            let oracle = Webhook::new(secret.expose_secret()).unwrap();
            oracle.verify(&newest.request.body, &newest.headers()).is_ok()
        };
        (verify(&old), verify(new), verify(&"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into()))
    };
    assert_eq!(verdicts(&old).await, (true, true, false));
    let (new, until) = rig.engine.rotate_endpoint_secret(rig.merchant, endpoint.id, None).await.unwrap();
    assert_eq!(verdicts(&new).await, (true, true, false), "both sign");
    rig.clock.set(until);
    assert_eq!(verdicts(&new).await, (false, true, false), "the overlap is over");
    // One that has leaked ends at once.
    let ended = rig.engine.rotate_endpoint_secret(rig.merchant, endpoint.id, Some(Duration::ZERO)).await;
    assert_eq!(ended.as_ref().unwrap().1, until);
    assert_eq!(verdicts(&new).await, (false, false, false), "the leaked one signs no more");
    assert_eq!(verdicts(&ended.unwrap().0).await, (false, true, false));
}
