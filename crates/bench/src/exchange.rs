//! The floor of `settle`: what an exchange over HTTP costs on this machine that carries nothing and does nothing, with the
//! client that the server speaks to PSPs and merchants with, and the endpoint of the other rows.

use futures_util::future::try_join_all;
use http::Method;
use redress_psp::guard::GuardPolicy;
use redress_psp::http::{HttpClient, HttpClientConfig};
use redress_psp::transport::{HttpRequest, Reuse, Transport};
use serde::Serialize;

use crate::Outcome;
use crate::peers::Peer;
use crate::process;

/// The fewest exchanges of a settled refund: with the caller, the PSP and the endpoint.
pub(crate) const EXCHANGES_A_REFUND: f64 = 3.0;

/// CPU of one empty exchange, in microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct EmptyExchange {
    pub(crate) client_micros: f64,
    pub(crate) server_micros: f64,
}

impl EmptyExchange {
    /// What those of one refund cost, in microseconds.
    pub(crate) fn of_a_refund(self) -> f64 {
        (self.client_micros + self.server_micros) * EXCHANGES_A_REFUND
    }
}

/// Measures so many, as many at once as given, over kept connections.
pub(crate) async fn measure(count: u32, at_once: u16) -> Outcome<EmptyExchange> {
    let sink = Peer::start(&["sink"])?;
    let guard = GuardPolicy { allow_loopback: true, ..GuardPolicy::default() };
    let client = HttpClient::new(HttpClientConfig { guard, ..HttpClientConfig::default() });
    let client = client.map_err(|error| error.to_string())?;
    let url = format!("http://{}/", sink.address);
    let cpu = || -> Outcome<[u64; 2]> {
        Ok([process::cpu_by_thread(std::process::id())?.values().sum(), sink.cpu_nanos()?])
    };
    let each = count.div_ceil(u32::from(at_once));
    let before = cpu()?;
    try_join_all((0..at_once).map(|_| some(&client, &url, each))).await?;
    let after = cpu()?;
    let made = f64::from(each) * f64::from(at_once);
    let micros = |i: usize| after[i].saturating_sub(before[i]) as f64 / 1e3 / made;
    Ok(EmptyExchange { client_micros: micros(0), server_micros: micros(1) })
}

async fn some(client: &HttpClient, url: &str, count: u32) -> Outcome {
    for _ in 0..count {
        let mut request = HttpRequest::new(Method::POST, url);
        request.reuse = Reuse::JustUsed;
        let answer =
            client.send(request).await.map_err(|error| format!("an empty exchange failed: {error}"))?;
        if answer.status != 204 {
            return Err(format!("an empty exchange was answered with {}", answer.status));
        }
    }
    Ok(())
}
