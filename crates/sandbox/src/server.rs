//! Serving over TCP, with the faults that only a connection can show.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use futures_util::future::BoxFuture;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tower::ServiceExt;

use crate::reply::Fault;
use crate::sandbox::Sandbox;

/// How many connections are served at once; further ones wait in the listener's own queue.
const CONNECTIONS_MAX: usize = 1_024;
/// How long requests may still run after the end was asked for, in milliseconds; held callers are cut off then.
const SHUTDOWN_GRACE_MS: u64 = 1_000;
/// Pause after an error of `accept` (no file descriptors left, say), in milliseconds.
const ACCEPT_PAUSE_MS: u64 = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Closing,
    Cut,
}

/// The script wants the connection broken.
#[derive(Debug, thiserror::Error)]
#[error("the script breaks this connection")]
struct Broken;

impl Sandbox {
    /// Serves until `shutdown` ends, doing what is due besides; then lets running requests end for a moment and
    /// returns.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()> + Send) {
        self.start();
        let (phase, watching) = watch::channel(Phase::Open);
        let (alive, mut all_gone) = mpsc::channel::<Infallible>(1);
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let router = self.router();
        tokio::pin!(shutdown);
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                biased;
                () = &mut shutdown => break,
                next = next => next,
            };
            let Ok((stream, _)) = accepted else {
                self.inner.world.clock.sleep(ACCEPT_PAUSE_MS).await;
                continue;
            };
            let (router, watching, alive) = (router.clone(), watching.clone(), alive.clone());
            self.inner.world.spawner.spawn(Box::pin(async move {
                connection(stream, router, watching).await;
                drop((place, alive));
            }));
        }
        drop((listener, alive));
        // First the running requests may end, then the held ones are cut; either way their hold on the state is gone at the end.
        for next in [Phase::Closing, Phase::Cut] {
            phase.send_replace(next);
            tokio::select! {
                biased;
                _ = all_gone.recv() => return,
                () = self.inner.world.clock.sleep(SHUTDOWN_GRACE_MS) => {}
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router, mut phase: watch::Receiver<Phase>) {
    let service = service_fn(move |request: Request<Incoming>| play(router.clone(), request));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let outcome = loop {
        tokio::select! {
            biased;
            changed = phase.changed() => match (changed, *phase.borrow()) {
                (Ok(()), Phase::Open) => {}
                (Ok(()), Phase::Closing) => std::pin::Pin::new(&mut connection).graceful_shutdown(),
                // Also when the server is gone altogether.
                (Ok(()), Phase::Cut) | (Err(_), _) => return,
            },
            outcome = poll_fn(|cx| connection.poll_without_shutdown(cx)) => break outcome,
        }
    };
    let mut stream = connection.into_parts().io.into_inner();
    match outcome {
        Ok(()) => drop(stream.shutdown().await),
        // Without lingering, closing sends a reset instead of an orderly end.
        Err(error) if error.is_user() => drop(stream.set_zero_linger()),
        Err(_) => {}
    }
}

fn play(router: Router, request: Request<Incoming>) -> BoxFuture<'static, Result<Response<Body>, Broken>> {
    Box::pin(async move {
        let response = match router.oneshot(request.map(Body::new)).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        match response.extensions().get::<Fault>() {
            Some(Fault::Reset | Fault::Timeout) => Err(Broken),
            None => Ok(response),
        }
    })
}
