//! The feed shows what the notifications tell.

use std::collections::BTreeMap;
use std::time::Duration;

use redress_core::environment::Environment;
use serde_json::Value;

use super::rig::{ORDER, Rig};
use crate::admin::endpoints::Dialect;
use crate::feed::ReadFeed;

#[tokio::test]
async fn an_event_of_the_feed_is_the_body_of_its_standard_notification_and_its_id() {
    let rig = Rig::new().await;
    rig.endpoint(Dialect::Standard, "https://shop.example/").await;
    rig.payment(ORDER, None).await;
    let refund = rig.refund(ORDER).await;
    rig.succeeded(&refund).await;
    rig.pass(5).await;
    let mut told = BTreeMap::new();
    for sent in rig.receivers.sent_to("shop.example") {
        let (mut body, id) = (sent.json(), Value::from(sent.header("webhook-id")));
        body["id"] = id;
        told.insert(sent.json()["data"]["event_number"].as_u64(), body);
    }
    let read = ReadFeed {
        merchant: rig.merchant,
        environment: Environment::Sandbox,
        after: 0,
        kind: None,
        limit: 10,
    };
    let page = rig.engine.events(read, Duration::ZERO).await.unwrap();
    let events: Vec<_> = page.events.iter().map(|event| serde_json::to_value(event).unwrap()).collect();
    assert_eq!(events.len(), 3);
    assert_eq!(events, told.into_values().collect::<Vec<_>>());
    let rest = ReadFeed { after: page.next, ..read };
    assert!(rig.engine.events(rest, Duration::ZERO).await.unwrap().events.is_empty());
}
