//! Endpoints that take nothing for too long.

use std::time::Duration;

use redress_core::case::CaseKind;
use redress_core::environment::Environment;

use super::rig::{ORDER, Reply, Rig, START};
use crate::admin::AdminError;
use crate::admin::endpoints::{Dialect, Endpoint};
use crate::config::EngineConfig;
use crate::feed::{FeedKinds, ReadFeed};

const HOUR: u64 = 3_600;

async fn rig() -> (Rig, Endpoint) {
    let mut config = EngineConfig::default();
    config.delivery.disable_after = Duration::from_secs(HOUR);
    let rig = Rig::with(START, config).await;
    let (endpoint, _) = rig.endpoint(Dialect::Portone, "https://shop.example/").await;
    rig.payment(ORDER, None).await;
    (rig, endpoint)
}

async fn told(rig: &Rig) -> Vec<String> {
    let environment = Environment::Sandbox;
    let read = ReadFeed { merchant: rig.merchant, environment, after: 0, kinds: FeedKinds::ALL, limit: 99 };
    let page = rig.engine.events(read, Duration::ZERO).await.unwrap();
    let shown = page.events.iter().map(|event| serde_json::to_value(event).unwrap());
    let of = shown.filter(|event| event["type"].as_str().unwrap().starts_with("endpoint."));
    of.map(|event| format!("{} {}", event["type"], event["data"]["endpoint"])).collect()
}

#[tokio::test]
async fn nothing_is_sent_to_a_disabled_endpoint_and_all_of_it_once_it_is_enabled() {
    let (rig, endpoint) = rig().await;
    rig.receivers.script("shop.example", std::iter::repeat_with(|| Reply::Nobody).take(1_000));
    let refund = rig.refund(ORDER).await;
    rig.succeeded(&refund).await;
    rig.pass(2 * HOUR).await;
    let tries = rig.seconds_of("shop.example");
    assert!(*tries.last().unwrap() >= HOUR, "{tries:?}");
    assert!(
        tries.iter().filter(|second| **second >= HOUR).count() == 1,
        "the last one disabled it: {tries:?}"
    );
    let found = rig.engine.list_endpoints(rig.merchant, None).await.unwrap().remove(0);
    assert!(found.disabled_at.is_some());
    let cases = rig.engine.open_cases(Some(rig.merchant)).await.unwrap();
    assert_eq!(
        (cases.len(), cases[0].kind, cases[0].endpoint),
        (1, CaseKind::EndpointDisabled, Some(endpoint.id))
    );
    rig.pass(48 * HOUR).await;
    assert_eq!(rig.seconds_of("shop.example"), tries, "nothing more");

    rig.receivers.forget_script("shop.example");
    assert!(rig.engine.enable_endpoint(rig.merchant, endpoint.id, "Mai", "repaired").await.unwrap());
    assert!(!rig.engine.enable_endpoint(rig.merchant, endpoint.id, "Mai", "again").await.unwrap());
    rig.pass(5).await;
    assert_eq!(rig.receivers.count_of("shop.example"), tries.len() + 1, "what was due goes out");
    assert!(rig.engine.open_cases(Some(rig.merchant)).await.unwrap().is_empty());
    let id = endpoint.id;
    assert_eq!(
        told(&rig).await,
        [format!(r#""endpoint.disabled" "{id}""#), format!(r#""endpoint.enabled" "{id}""#)]
    );
}

#[tokio::test]
async fn an_endpoint_that_takes_something_now_and_then_stays() {
    let (rig, endpoint) = rig().await;
    rig.receivers.script("shop.example", std::iter::repeat_with(|| Reply::Nobody).take(8));
    let refund = rig.refund(ORDER).await;
    rig.succeeded(&refund).await;
    rig.pass(2 * HOUR).await;
    let found = rig.engine.list_endpoints(rig.merchant, None).await.unwrap().remove(0);
    assert_eq!((found.failing_since, found.disabled_at), (None, None));
    let nobodys = redress_core::id::EndpointId::from_bytes([9; 16]);
    for (author, which) in [("", endpoint.id), ("Mai", nobodys)] {
        let refused = rig.engine.enable_endpoint(rig.merchant, which, author, "r").await;
        assert!(matches!(refused, Err(AdminError::Invalid { .. } | AdminError::NotFound(_))), "{refused:?}");
    }
}
