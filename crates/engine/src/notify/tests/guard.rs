//! The address guard, through the real client.

use std::sync::Arc;

use redress_core::environment::Environment;
use redress_psp::guard::GuardPolicy;
use redress_psp::http::{CONNECT_TIMEOUT, HttpClient, HttpClientConfig};
use redress_store::ops::deliveries::DeliveryState;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::rig::{ORDER, Rig};
use crate::admin::AdminError;
use crate::admin::endpoint_edit::EndpointEdit;
use crate::admin::endpoints::{Dialect, NewEndpoint};
use crate::engine::Engine;

/// An engine that speaks to its endpoints by this policy.
fn engine(rig: &Rig, allow_loopback: bool) -> Engine {
    let guard = GuardPolicy { allow_loopback, ..GuardPolicy::default() };
    let client = HttpClient::new(HttpClientConfig { guard, connect_timeout: CONNECT_TIMEOUT }).unwrap();
    rig.other_process(Arc::new(client))
}

#[tokio::test]
async fn what_every_attempt_would_be_refused_is_refused_when_it_is_set() {
    let rig = Rig::new().await;
    let (guarded, open) = (engine(&rig, false), engine(&rig, true));
    let new = |url: &str| NewEndpoint {
        merchant: rig.merchant,
        name: "hooks".to_owned(),
        url: url.to_owned(),
        dialect: Dialect::Standard,
        environment: Environment::Sandbox,
        event_mask: None,
        credential: None,
    };
    let is_refused = |answer: Option<AdminError>, url: &str| {
        assert!(matches!(answer, Some(AdminError::Invalid { field: "url", .. })), "{url}: {answer:?}");
    };
    let (there, _) = guarded.add_endpoint(new("https://shop.example/")).await.unwrap();
    let change = async |engine: &Engine, url: &str| {
        let edit = EndpointEdit { url: Some(url.to_owned()), ..EndpointEdit::default() };
        engine.change_endpoint(rig.merchant, Environment::Sandbox, there.id, edit).await.err()
    };
    for url in
        ["http://127.0.0.1:9000/hook", "http://10.0.0.1/", "https://a@shop.example/", "ftp://shop.example/"]
    {
        is_refused(guarded.add_endpoint(new(url)).await.err(), url);
        is_refused(change(&guarded, url).await, url);
    }
    // What the operator opened is taken, and no more.
    open.add_endpoint(new("http://127.0.0.1:9000/hook")).await.unwrap();
    assert_eq!(change(&open, "http://127.0.0.1:9000/hook").await, None);
    is_refused(open.add_endpoint(new("http://10.0.0.1/")).await.err(), "http://10.0.0.1/");
}

#[tokio::test]
async fn a_guarded_address_is_refused_and_recorded_and_reached_once_allowed() {
    let rig = Rig::new().await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    rig.payment(ORDER, None).await;
    rig.endpoint(Dialect::Portone, &url).await;
    let refund = rig.refund(ORDER).await;
    rig.succeeded(&refund).await;
    engine(&rig, false).work_deliveries_once().await.unwrap();
    rig.spawner.wait_idle().await;
    let told = &rig.deliveries(&refund).await[0];
    assert_eq!((told.state, told.attempts.len()), (DeliveryState::Due, 1));
    assert_eq!(told.attempts[0].status, None);
    assert!(told.attempts[0].answer.contains("not on the public internet"), "{}", told.attempts[0].answer);

    rig.clock.set(told.due_at.unwrap());
    engine(&rig, true).work_deliveries_once().await.unwrap();
    let receive = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"}") {
            let mut buffer = [0; 4_096];
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "the request ended early");
            seen.extend_from_slice(&buffer[..read]);
        }
        stream
            .write_all(b"HTTP/1.1 302 Found\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
        String::from_utf8(seen).unwrap()
    };
    let (request, ()) = tokio::join!(receive, rig.spawner.wait_idle());
    assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nwebhook-signature: v1,"), "{request}");
    let told = &rig.deliveries(&refund).await[0];
    assert_eq!((told.state, told.attempts.len()), (DeliveryState::Due, 2), "a redirect is no success");
    assert_eq!(told.attempts[1].status, Some(302));
}
