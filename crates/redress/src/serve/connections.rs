//! Serving HTTP/1.1 over TCP, so that a slow or idle caller holds nothing for long: the number of connections, the time
//! for a request's head, for its body and for taking the answer are bounded.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use redress_engine::real_world::TokioSpawner;
use redress_engine::world::{Clock, Spawner};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

use super::begun::Begun;
use super::leftover::Leftover;
use super::phase::Phase;
use super::timed::{TimedBody, TimedWrites};

/// Headers of one request.
const HEADERS_MAX: usize = 64;

/// No head of a request is longer, in bytes. The buffer of a connection is as long, but a head that came whole in one read may be
/// longer than that.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Connections that read metrics at once.
const METRICS_CONNECTIONS_MAX: usize = 16;

/// How long a reader of metrics may take for its request.
const METRICS_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait after a connection could not be taken: the process is out of files, say.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// When the server ends, a connection without a request is closed after this: what it has of a head asks for nothing yet, and
/// the last of an answer has time to go out.
const CLOSING_PAUSE: Duration = Duration::from_secs(2);

/// What callers may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConnectionLimits {
    /// Further connections wait in the system's queue.
    pub(super) connections_max: usize,
    /// For a request's head, and for a connection without a request.
    pub(super) head_timeout: Duration,
    /// For a request's body.
    pub(super) body_timeout: Duration,
    /// For the caller to read a piece of an answer.
    pub(super) write_timeout: Duration,
}

impl ConnectionLimits {
    pub(super) fn of_metrics() -> Self {
        let timeout = METRICS_TIMEOUT;
        Self {
            connections_max: METRICS_CONNECTIONS_MAX,
            head_timeout: timeout,
            body_timeout: timeout,
            write_timeout: timeout,
        }
    }
}

/// A listener and all it needs.
pub(super) struct Listening {
    pub(super) listener: TcpListener,
    pub(super) limits: ConnectionLimits,
    pub(super) router: Router,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tasks: TokioSpawner,
    pub(super) phase: watch::Receiver<Phase>,
}

impl Listening {
    /// Serves in a task of its own until the phase is no more [`Phase::Open`].
    pub(super) fn spawn(self) {
        let tasks = self.tasks.clone();
        tasks.spawn("listener", Box::pin(self.run()));
    }

    async fn run(mut self) {
        let places = Arc::new(Semaphore::new(self.limits.connections_max));
        let mut closing = self.phase.clone();
        loop {
            let next = async {
                // A place first: a connection that is not served yet stays in the system's queue.
                let place = Arc::clone(&places).acquire_owned().await;
                (place, self.listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                biased;
                _ = closing.wait_for(|phase| *phase != Phase::Open) => return,
                next = next => next,
            };
            match accepted {
                Ok((stream, from)) => {
                    let serving = self.serve(stream, from);
                    let serving = async move {
                        serving.await;
                        drop(place);
                    };
                    self.tasks.spawn("connection", Box::pin(serving));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    self.clock.sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn serve(&mut self, stream: TcpStream, from: SocketAddr) -> impl Future<Output = ()> + Send + 'static {
        let (router, clock, limits) = (self.router.clone(), Arc::clone(&self.clock), self.limits);
        let mut phase = self.phase.clone();
        async move {
            // Answers are small and whole: waiting for more to send would only delay them.
            let _ = stream.set_nodelay(true);
            let stream = TimedWrites::new(stream, Arc::clone(&clock), limits.write_timeout);
            let (begun, for_bodies) = (Begun::default(), Arc::clone(&clock));
            let requests = begun.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let (clock, left, one) = (Arc::clone(&for_bodies), Leftover::default(), requests.one());
                let (mut head, inner) = request.into_parts();
                head.extensions.insert(ConnectInfo(from));
                let body = left.keep(TimedBody::new(inner, clock, limits.body_timeout), &head.headers);
                let answer = router.clone().oneshot(Request::from_parts(head, Body::new(body)));
                async move {
                    let answer = answer.await;
                    left.read_away().await;
                    answer.map(|answer| answer.map(|body| one.until_out(body)))
                }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.head_timeout)
                .max_headers(HEADERS_MAX)
                .max_header_size(HEAD_BYTES_MAX)
                .max_buf_size(HEAD_BYTES_MAX)
                .serve_connection(TokioIo::new(stream), service);
            tokio::pin!(connection);
            loop {
                let reached = *phase.borrow_and_update();
                match reached {
                    Phase::Open => {}
                    // Finishes the request it has, and takes no other.
                    Phase::Closing => connection.as_mut().graceful_shutdown(),
                    Phase::Cut => return,
                }
                tokio::select! {
                    biased;
                    // How a connection ended is the caller's matter.
                    _ = connection.as_mut() => return,
                    changed = phase.changed() => if changed.is_err() { return },
                    () = without_requests(&*clock, &begun), if reached == Phase::Closing => return,
                }
            }
        }
    }
}

/// Resolves when a connection that is to be closed has no request.
async fn without_requests(clock: &dyn Clock, begun: &Begun) {
    loop {
        clock.sleep(CLOSING_PAUSE).await;
        if begun.is_none() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page for callers says what is enforced.
    #[test]
    fn the_page_about_limits_says_how_long_a_head_may_be() {
        let page = include_str!("../../../../docs/limits.md");
        let row = format!(
            "| headers of a request | {HEADERS_MAX}, and {HEAD_BYTES_MAX} bytes with the request line |"
        );
        assert!(page.contains(&row), "docs/limits.md lacks: {row}");
    }
}
