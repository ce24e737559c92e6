//! Tests of endpoints, as a merchant asks for them.

use redress_core::environment::Environment;
use redress_core::event::EventKind;
use redress_store::ops::credentials::CredentialKind;
use secrecy::ExposeSecret;
use standardwebhooks::Webhook;

use super::rig::{ORDER, Reply, Rig, soon};
use crate::admin::AdminError;
use crate::admin::endpoint_edit::EndpointEdit;
use crate::admin::endpoints::Dialect;
use crate::config::EngineConfig;
use crate::error::EngineError;
use crate::notify::slots::IN_FLIGHT_PER_QUEUE_MAX;
use crate::notify::test_event::TEST_ORDER_REF;
use crate::real_world::SystemClock;
use crate::world::Clock;

const SECRET: &str = "RoTestSecret0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN0Z";

#[tokio::test]
async fn a_test_is_signed_sent_and_shown_and_nothing_is_recorded_of_it() {
    // The oracle of the signature reads the machine's clock.
    let rig = Rig::with(SystemClock.now(), EngineConfig::default()).await;
    let (endpoint, secret) = rig.endpoint(Dialect::Standard, "https://shop.example/").await;
    let long = format!("seen\n{}", "x".repeat(2_000));
    rig.receivers.script("shop.example", [Reply::Answer(202, long)]);
    let told = rig.engine.test_endpoint(rig.merchant, endpoint.id).await.unwrap();
    assert_eq!((told.taken, told.status, told.answer.len()), (true, Some(202), 512));
    assert!(told.answer.starts_with("seen x"), "{}", told.answer);
    let sent = &rig.receivers.sent_to("shop.example")[0];
    let body = sent.json();
    assert_eq!((&body["type"], &body["data"]["environment"]), (&"endpoint.test".into(), &"sandbox".into()));
    assert_eq!(body["data"]["endpoint"], endpoint.id.to_string());
    assert_eq!(sent.header("webhook-id"), told.event_id);
    Webhook::new(secret.expose_secret()).unwrap().verify(&sent.request.body, &sent.headers()).unwrap();

    rig.receivers.script("shop.example", [Reply::Answer(500, "no".into()), Reply::Nobody]);
    for (status, answer) in [(Some(500), "no"), (None, "not sent: connection refused")] {
        let told = rig.engine.test_endpoint(rig.merchant, endpoint.id).await.unwrap();
        assert_eq!((told.taken, told.status, told.answer.as_str()), (false, status, answer));
    }
    rig.pass(10).await;
    assert_eq!(rig.receivers.count_of("shop.example"), 3, "a test is not tried again");
}

#[tokio::test]
async fn the_others_dialects_are_tested_with_an_order_that_nobody_has() {
    let rig = Rig::new().await;
    let (portone, _) = rig.endpoint(Dialect::Portone, "https://portone.example/").await;
    assert!(rig.engine.test_endpoint(rig.merchant, portone.id).await.unwrap().taken);
    let body = rig.receivers.sent_to("portone.example")[0].json();
    assert_eq!(body["payment_txn_ref"], TEST_ORDER_REF);

    let (sgate, _) = rig.endpoint(Dialect::Sgate, "https://sgate.example/").await;
    let told = rig.engine.test_endpoint(rig.merchant, sgate.id).await.unwrap();
    assert!(!told.taken && told.status.is_none() && told.answer.contains("no SGate key"), "{told:?}");
    assert_eq!(rig.receivers.count_of("sgate.example"), 0);
    rig.key(CredentialKind::Sgate, "key", SECRET).await;
    let told = rig.engine.test_endpoint(rig.merchant, sgate.id).await.unwrap();
    assert_eq!((told.taken, told.status), (false, Some(200)), "not the acknowledgement");
    let taken = Reply::Answer(200, format!("COMPLETED::{TEST_ORDER_REF}"));
    rig.receivers.script("sgate.example", [taken]);
    assert!(rig.engine.test_endpoint(rig.merchant, sgate.id).await.unwrap().taken);
}

#[tokio::test]
async fn a_test_takes_its_place_among_what_is_under_way() {
    let rig = Rig::new().await;
    let (endpoint, _) = rig.endpoint(Dialect::Standard, "https://slow.example/").await;
    rig.receivers.always_stall("slow.example");
    let (engine, merchant) = (&rig.engine, rig.merchant);
    let tests = (0..IN_FLIGHT_PER_QUEUE_MAX).map(|_| engine.test_endpoint(merchant, endpoint.id));
    let all = futures_util::future::join_all(tests);
    let more = async {
        soon(|| rig.receivers.count_of("slow.example") == IN_FLIGHT_PER_QUEUE_MAX as usize).await;
        let more = engine.test_endpoint(merchant, endpoint.id).await;
        rig.clock.advance(EngineConfig::default().delivery_timeout);
        more
    };
    let (all, more) = tokio::join!(all, more);
    assert!(matches!(more, Err(AdminError::Engine(EngineError::Busy(_)))), "{more:?}");
    for told in all {
        let told = told.unwrap();
        assert_eq!((told.status, told.took), (None, EngineConfig::default().delivery_timeout));
    }
}

#[tokio::test]
async fn an_endpoint_where_nothing_answers_is_tested_beside_what_waits_there() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    let (endpoint, _) = rig.endpoint(Dialect::Standard, "https://mute.example/").await;
    rig.receivers.script("mute.example", [Reply::Nobody]);
    assert!(!rig.engine.test_endpoint(rig.merchant, endpoint.id).await.unwrap().taken);
    rig.receivers.always_stall("mute.example");
    rig.refund(ORDER).await;
    rig.work().await;
    assert_eq!(rig.receivers.count_of("mute.example"), 2, "a notification is under way");
    rig.receivers.script("mute.example", [Reply::Answer(204, String::new())]);
    let told = rig.engine.test_endpoint(rig.merchant, endpoint.id).await.unwrap();
    assert_eq!((told.taken, told.status), (true, Some(204)));
}

#[tokio::test]
async fn a_changed_endpoint_is_told_where_it_is_now_and_a_revoked_one_not_at_all() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    let (endpoint, _) = rig.endpoint(Dialect::Standard, "https://old.example/").await;
    let (engine, merchant, sandbox) = (&rig.engine, rig.merchant, Environment::Sandbox);
    let change = |edit| engine.change_endpoint(merchant, sandbox, endpoint.id, edit);
    let url = |url: &str| EndpointEdit { url: Some(url.to_owned()), ..EndpointEdit::default() };
    rig.refund(ORDER).await;
    let changed = change(url("https://new.example/")).await.unwrap();
    assert_eq!((changed.url.as_str(), changed.name.as_str()), ("https://new.example/", "hook"));
    rig.work().await;
    assert_eq!(rig.receivers.count_of("old.example"), 0);
    assert!(rig.receivers.count_of("new.example") > 0);

    for (edit, field) in [
        (url("ftp://new.example/"), "url"),
        (EndpointEdit { name: Some(" ".into()), ..EndpointEdit::default() }, "name"),
        (EndpointEdit { event_mask: Some(0), ..EndpointEdit::default() }, "events"),
        (EndpointEdit { event_mask: Some(1 << 40), ..EndpointEdit::default() }, "events"),
    ] {
        let refused = change(edit).await.unwrap_err();
        assert!(matches!(refused, AdminError::Invalid { field: named, .. } if named == field), "{refused}");
    }
    let elsewhere = engine.change_endpoint(merchant, Environment::Live, endpoint.id, EndpointEdit::default());
    assert_eq!(elsewhere.await.unwrap_err(), AdminError::NotFound("endpoint"));
    engine.revoke_endpoint(merchant, endpoint.id).await.unwrap();
    assert!(matches!(change(url("https://late.example/")).await, Err(AdminError::Conflict(_))));
    let refused = engine.test_endpoint(merchant, endpoint.id).await;
    assert!(matches!(refused, Err(AdminError::Conflict(_))), "{refused:?}");
}

#[tokio::test]
async fn an_endpoint_that_was_just_added_or_changed_is_told_of_the_very_next_refund() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    // It is remembered from here that nobody wants to hear of new refunds.
    rig.refund(ORDER).await;
    let (endpoint, _) = rig.endpoint(Dialect::Standard, "https://shop.example/").await;
    let told = async || {
        let refund = rig.refund(ORDER).await;
        rig.deliveries(&refund).await.iter().map(|delivery| delivery.number).collect::<Vec<_>>()
    };
    assert_eq!(told().await, [1, 2], "also that it was made");
    let wants = async |event_mask| {
        let edit = EndpointEdit { event_mask: Some(event_mask), ..EndpointEdit::default() };
        rig.engine.change_endpoint(rig.merchant, Environment::Sandbox, endpoint.id, edit).await.unwrap();
    };
    wants(EventKind::Pending.bit()).await;
    assert_eq!(told().await, [2]);
    wants(EventKind::Created.bit() + EventKind::Pending.bit()).await;
    assert_eq!(told().await, [1, 2]);
}
