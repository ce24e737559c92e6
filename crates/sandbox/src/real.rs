//! The real world: the machine's clock, tokio's tasks and timers, and a plain HTTP client for notifications.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, Uri, header};
use futures_util::future::{BoxFuture, join};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::world::{Notification, Notifier, NotifyError, SandboxClock, Spawner, World};

/// How long one delivery of a notification may take, in milliseconds.
const NOTIFY_TIMEOUT_MS: u64 = 3_000;
/// How much of the receiver's answer is read, in bytes; what it says does not matter, only its status does.
const NOTIFY_ANSWER_BYTES_MAX: usize = 64 * 1024;

impl World {
    /// The world as it is: must be used inside a tokio runtime.
    #[must_use]
    pub fn real() -> World {
        World {
            clock: Arc::new(RealClock),
            spawner: Arc::new(TokioSpawner),
            notifier: Arc::new(HttpNotifier),
        }
    }
}

/// The machine's clock and tokio's timers.
#[derive(Debug, Clone, Copy)]
pub struct RealClock;

impl SandboxClock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "the one place of this crate where time comes from")]
    fn now_ms(&self) -> i64 {
        let since_epoch =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }

    #[expect(clippy::disallowed_methods, reason = "the one place of this crate where timers come from")]
    fn sleep(&self, duration_ms: u64) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(duration_ms)))
    }
}

/// tokio's tasks.
#[derive(Debug, Clone, Copy)]
pub struct TokioSpawner;

impl Spawner for TokioSpawner {
    #[expect(clippy::disallowed_methods, reason = "the one place of this crate where tasks come from")]
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        tokio::spawn(task);
    }
}

/// Posts over plain HTTP/1.1, one connection a notification, no redirects, no proxy. The sandbox is for one machine
/// or one test network, so there is no TLS.
#[derive(Debug, Clone, Copy)]
pub struct HttpNotifier;

impl Notifier for HttpNotifier {
    fn post(&self, notification: Notification) -> BoxFuture<'static, Result<u16, NotifyError>> {
        Box::pin(async move {
            match tokio::time::timeout(Duration::from_millis(NOTIFY_TIMEOUT_MS), post(notification)).await {
                Ok(Ok(status)) => Ok(status),
                Ok(Err(reason)) => Err(NotifyError { reason }),
                Err(_) => Err(NotifyError { reason: format!("no answer within {NOTIFY_TIMEOUT_MS} ms") }),
            }
        })
    }
}

async fn post(notification: Notification) -> Result<u16, String> {
    let uri: Uri = notification.url.parse().map_err(|_| "the address is not a URL".to_owned())?;
    if uri.scheme_str() != Some("http") {
        return Err("the sandbox posts over plain http only".to_owned());
    }
    let authority = uri.authority().ok_or("the address names no host")?.clone();
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut request = Request::post(target)
        .header(header::HOST, authority.as_str())
        .header(header::CONTENT_TYPE, notification.content_type)
        .header(header::CONNECTION, "close");
    for (name, value) in &notification.headers {
        request = request.header(*name, value);
    }
    let request =
        request.body(Full::new(Bytes::from(notification.body))).map_err(|error| error.to_string())?;

    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80)))
        .await
        .map_err(|error| format!("no connection: {error}"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| format!("no HTTP: {error}"))?;
    let exchange = async move {
        let answer = sender.send_request(request).await.map_err(|error| format!("no answer: {error}"))?;
        let status = answer.status().as_u16();
        // Read to the end where possible, so that the receiver does not see a connection cut in the middle.
        drop(Limited::new(answer.into_body(), NOTIFY_ANSWER_BYTES_MAX).collect().await);
        Ok(status)
    };
    // The connection must be driven beside the exchange; it ends when the exchange has dropped its sender.
    let (outcome, _) = join(exchange, connection).await;
    outcome
}
