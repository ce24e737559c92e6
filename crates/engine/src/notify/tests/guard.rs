//! The address guard, through the real client.

use std::sync::Arc;

use redress_psp::guard::GuardPolicy;
use redress_psp::http::{CONNECT_TIMEOUT, HttpClient, HttpClientConfig};
use redress_store::ops::deliveries::DeliveryState;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::rig::{ORDER, Rig};
use crate::admin::endpoints::Dialect;

#[tokio::test]
async fn a_guarded_address_is_refused_and_recorded_and_reached_once_allowed() {
    let rig = Rig::new().await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    rig.payment(ORDER, None).await;
    rig.endpoint(Dialect::Portone, &url).await;
    let refund = rig.refund(ORDER).await;
    rig.succeeded(&refund).await;
    let engine = |allow_loopback| {
        let guard = GuardPolicy { allow_loopback, ..GuardPolicy::default() };
        let client = HttpClient::new(HttpClientConfig { guard, connect_timeout: CONNECT_TIMEOUT }).unwrap();
        rig.other_process(Arc::new(client))
    };

    engine(false).work_deliveries_once().await.unwrap();
    rig.spawner.wait_idle().await;
    let told = &rig.deliveries(&refund).await[0];
    assert_eq!((told.state, told.attempts.len()), (DeliveryState::Due, 1));
    assert_eq!(told.attempts[0].status, None);
    assert!(told.attempts[0].answer.contains("not on the public internet"), "{}", told.attempts[0].answer);

    rig.clock.set(told.due_at.unwrap());
    engine(true).work_deliveries_once().await.unwrap();
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
