//! The network between Redress and the PSPs, without a socket.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::body::Body;
use futures_util::future::BoxFuture;
use http_body_util::BodyExt;
use redress_core::id::AccountId;
use redress_engine::engine::Engine;
use redress_engine::real_world::TokioSpawner;
use redress_engine::testing::ManualClock;
use redress_engine::world::Clock;
use redress_psp::notice::Inbound;
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use redress_sandbox::world::{Notification, Notifier, NotifyError, SandboxClock, Spawner as SandboxSpawner};
use redress_sandbox::{Fault, Sandbox};

pub(crate) const SANDBOX_URL: &str = "http://sandbox.test";
pub(crate) const REDRESS_URL: &str = "http://redress.test";

/// The way there: the PSPs, played or not, and reachable or not.
pub(crate) struct Psps {
    away: AtomicBool,
    instead: Mutex<Option<Instead>>,
    sandbox: Sandbox,
    clock: Arc<dyn Clock>,
}

/// What answers in the sandbox's place.
pub(crate) type Instead = Box<dyn Fn(&HttpRequest) -> HttpResponse + Send>;

impl Psps {
    pub(crate) fn new(sandbox: Sandbox, clock: Arc<dyn Clock>) -> Self {
        Self { away: AtomicBool::new(false), instead: Mutex::default(), sandbox, clock }
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Relaxed);
    }

    pub(crate) fn set_instead(&self, instead: Option<Instead>) {
        *self.instead.lock().unwrap() = instead;
    }
}

impl Transport for Psps {
    fn send<'a>(&'a self, request: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            if self.away.load(Relaxed) {
                return Err(TransportError::NotSent("connection refused".into()));
            }
            if let Some(instead) = &*self.instead.lock().unwrap() {
                return Ok(instead(&request));
            }
            let path = request.url.strip_prefix(SANDBOX_URL).expect("an address of the sandbox").to_owned();
            let mut built = http::Request::builder().method(request.method.clone()).uri(path);
            for (name, value) in &request.headers {
                built = built.header(name, value);
            }
            let built = built.body(Body::from(request.body.clone())).unwrap();
            let sandbox = self.sandbox.clone();
            let answer = tokio::select! {
                biased;
                answer = sandbox.send(built) => answer,
                () = self.clock.sleep(request.timeout) => {
                    return Err(TransportError::Broken("no answer in time".into()));
                }
            };
            if answer.extensions().get::<Fault>().is_some() {
                return Err(TransportError::Broken("the connection was reset".into()));
            }
            let (parts, body) = answer.into_parts();
            let body =
                body.collect().await.map_err(|error| TransportError::Broken(error.to_string()))?.to_bytes();
            Ok(HttpResponse { status: parts.status.as_u16(), headers: parts.headers, body })
        })
    }
}

/// The way back: the PSPs' notifications to Redress.
#[derive(Default)]
pub(crate) struct Wire {
    pub(crate) engine: OnceLock<Engine>,
}

impl Notifier for Wire {
    fn post(&self, notification: Notification) -> BoxFuture<'static, Result<u16, NotifyError>> {
        let engine = self.engine.get().cloned();
        Box::pin(async move {
            let engine = engine.ok_or(NotifyError { reason: "nobody listens".into() })?;
            let path = notification.url.strip_prefix(REDRESS_URL).expect("an address of Redress").to_owned();
            let mut parts = path.trim_start_matches("/psp/").split('/');
            let (psp, account) = (parts.next().unwrap(), AccountId::parse(parts.next().unwrap()).unwrap());
            let mut headers = http::HeaderMap::new();
            for (name, value) in notification.headers {
                headers.insert(name, value.parse().unwrap());
            }
            let received_at = engine.now();
            let inbound = Inbound { headers, body: notification.body.into(), received_at };
            match engine.take_psp_notification(psp, account, inbound).await {
                Ok(_) => Ok(200),
                Err(error) => Err(NotifyError { reason: error.to_string() }),
            }
        })
    }
}

pub(crate) struct OneClock(pub(crate) Arc<ManualClock>);

impl SandboxClock for OneClock {
    fn now_ms(&self) -> i64 {
        self.0.now().as_millis()
    }

    fn sleep(&self, duration_ms: u64) -> BoxFuture<'static, ()> {
        let clock = Arc::clone(&self.0);
        Box::pin(async move { clock.sleep(Duration::from_millis(duration_ms)).await })
    }
}

pub(crate) struct OneSpawner(pub(crate) TokioSpawner);

impl SandboxSpawner for OneSpawner {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        redress_engine::world::Spawner::spawn(&self.0, "sandbox", task);
    }
}
