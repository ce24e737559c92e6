//! The merchants' own servers, which take notifications: as honest and as unreliable as they are.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use redress_psp::transport::{HttpRequest, HttpResponse, TransportError};
use tokio::sync::oneshot;

use crate::defect::Defect;
use crate::plan::Fault;
use crate::state::{Run, lock};
use crate::witness::Received;

type Reply = oneshot::Sender<Result<HttpResponse, TransportError>>;

impl Run {
    /// A notification arrives.
    pub(crate) async fn notified(self: Arc<Self>, request: HttpRequest, mut reply: Reply) {
        let Some((merchant, target)) = read_address(&request.url) else { return };
        let endpoint = match target.split(['?', '/']).nth(1) {
            Some("standard") => "standard",
            Some("portone") => "portone",
            Some("sgate") => "sgate",
            _ => "own",
        };
        let mut received = Received {
            at: self.exec.now(),
            merchant,
            endpoint,
            method: request.method.to_string(),
            target,
            headers: request
                .headers
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), value.clone()))
                .collect(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
            taken: false,
        };
        if self.defect == Defect::BodyChangedAfterSigning {
            received.body = received.body.replace("\"reason\":\"w", "\"reason\":\"W");
        }
        self.count("notifications");
        self.note(format_args!("shop{merchant} hears {} {}", received.target, received.body));
        let (status, body) = if self.strikes(Fault::EndpointError) {
            (500, "out of order".to_owned())
        } else if self.strikes(Fault::EndpointStalls) {
            lock(&self.received).push(received);
            reply.closed().await;
            return;
        } else if self.strikes(Fault::EndpointResets) {
            lock(&self.received).push(received);
            let _ = reply.send(Err(TransportError::Broken("the connection was reset".into())));
            return;
        } else if self.strikes(Fault::EndpointWrongAnswer) {
            (if endpoint == "sgate" || endpoint == "own" { 200 } else { 302 }, "welcome".to_owned())
        } else {
            received.taken = true;
            (200, acknowledgement(&received))
        };
        if self.strikes(Fault::EndpointSlow) {
            self.pause(500_000, 4_000_000).await;
        }
        if self.strikes(Fault::EndpointAnswerLost) {
            received.taken = false;
            lock(&self.received).push(received);
            reply.closed().await;
            return;
        }
        lock(&self.received).push(received);
        let response = HttpResponse { status, headers: HeaderMap::new(), body: Bytes::from(body) };
        let _ = reply.send(Ok(response));
    }
}

fn read_address(url: &str) -> Option<(usize, String)> {
    let rest = url.strip_prefix("http://shop")?;
    let (number, target) = rest.split_once(".test")?;
    Some((number.parse().ok()?, target.to_owned()))
}

fn acknowledgement(received: &Received) -> String {
    let order = received.target.split("_orderId=").nth(1).and_then(|rest| rest.split('&').next());
    order.map_or_else(String::new, |order| format!("COMPLETED::{order}"))
}
