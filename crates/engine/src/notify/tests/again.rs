//! What is sent again on a merchant's word.

use redress_core::environment::Environment;
use redress_store::ops::deliveries::DeliveryState;
use redress_store::testing::TestStores;

use super::rig::{ORDER, Reply, Rig, START};
use crate::admin::AdminError;
use crate::admin::endpoints::Dialect;
use crate::config::EngineConfig;
use crate::notify::history::DeliveryId;

#[tokio::test]
async fn a_given_up_delivery_is_sent_once_more_and_recorded() {
    let mut config = EngineConfig::default();
    config.delivery.tries_max = 1;
    let rig = Rig::with(START, config).await;
    rig.payment(ORDER, None).await;
    let (endpoint, _) = rig.endpoint(Dialect::Standard, "https://shop.example/").await;
    rig.receivers.script("shop.example", [Reply::Answer(500, "no".into())]);
    let refund = rig.refund(ORDER).await;
    rig.work().await;
    let given_up =
        rig.deliveries(&refund).await.into_iter().find(|told| told.state == DeliveryState::GivenUp);
    let id = DeliveryId { refund: refund.id, number: given_up.unwrap().number, endpoint: Some(endpoint.id) };
    let before = rig.receivers.count_of("shop.example");

    let (engine, merchant, sandbox) = (&rig.engine, rig.merchant, Environment::Sandbox);
    let resent = engine.resend_delivery(merchant, sandbox, id).await.unwrap();
    assert_eq!((resent.delivery.state, resent.delivery.attempts.len()), (DeliveryState::Due, 1));
    rig.work().await;
    assert_eq!(rig.receivers.count_of("shop.example"), before + 1);
    let told = engine.delivery(merchant, sandbox, id).await.unwrap().delivery;
    let statuses: Vec<_> = told.attempts.iter().map(|attempt| attempt.status).collect();
    assert_eq!((told.state, statuses), (DeliveryState::Delivered, vec![Some(500), Some(200)]));

    let unknown = DeliveryId { number: 77, ..id };
    for (environment, id) in [(Environment::Live, id), (sandbox, unknown)] {
        let refused = engine.resend_delivery(merchant, environment, id).await.unwrap_err();
        assert_eq!(refused, AdminError::NotFound("delivery"));
    }
    engine.revoke_endpoint(merchant, endpoint.id).await.unwrap();
    let refused = engine.resend_delivery(merchant, sandbox, id).await.unwrap_err();
    assert!(matches!(refused, AdminError::Conflict(_)), "{refused}");
}

#[tokio::test]
async fn a_replay_tells_an_endpoint_everything_in_bounded_steps() {
    let rig = Rig::new().await;
    rig.payment(ORDER, None).await;
    let refund = rig.refund(ORDER).await;
    rig.succeeded(&refund).await;
    for _ in 0..1_100 {
        // Each tells of itself twice: more than one replay goes through.
        rig.refund_of(ORDER, "0.001").await;
    }
    let (endpoint, _) = rig.endpoint(Dialect::Standard, "https://late.example/").await;
    let (engine, merchant, sandbox) = (&rig.engine, rig.merchant, Environment::Sandbox);
    let since = START;
    let replay = |before| engine.replay_endpoint(merchant, sandbox, endpoint.id, since, before);
    let first = replay(None).await.unwrap();
    assert!(first.due == 2_000 && first.next.is_some(), "{first:?}");
    let second = replay(first.next).await.unwrap();
    assert_eq!((second.due, second.next), (203, None));
    rig.work().await;
    let sent = rig.receivers.sent_to("late.example");
    let told: std::collections::BTreeSet<_> = sent.iter().map(|one| one.header("webhook-id")).collect();
    assert_eq!(told.len(), 2_203, "each event once");
    let elsewhere = engine.replay_endpoint(merchant, Environment::Live, endpoint.id, since, None).await;
    assert_eq!(elsewhere.unwrap_err(), AdminError::NotFound("endpoint"));
}

#[tokio::test]
async fn a_replay_tells_an_endpoint_also_what_happened_a_moment_before_it_was_added() {
    TestStores::each(|store| async move {
        let rig = Rig::over(store, START, EngineConfig::default()).await;
        rig.payment(ORDER, None).await;
        rig.refund(ORDER).await;
        // Nothing has numbered the events yet where they are numbered after their commit.
        let (endpoint, _) = rig.endpoint(Dialect::Standard, "https://late.example/").await;
        let (merchant, sandbox) = (rig.merchant, Environment::Sandbox);
        let replayed = rig.engine.replay_endpoint(merchant, sandbox, endpoint.id, START, None).await.unwrap();
        assert_eq!((replayed.due, replayed.next), (2, None));
    })
    .await;
}
