//! A world for tests: a clock that stands still until it is moved, and a receiver of notifications that remembers
//! them.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use futures_util::future::{BoxFuture, FutureExt};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::config::SandboxConfig;
use crate::reply::Fault;
use crate::sandbox::Sandbox;
use crate::state::Place;
use crate::world::{Notification, Notifier, NotifyError, SandboxClock, Spawner, World};

/// When the tests begin: a round figure, so that what is expected can be read.
pub(crate) const START_MS: i64 = 1_800_000_000_000;

pub(crate) struct ManualClock(watch::Sender<i64>);

impl SandboxClock for ManualClock {
    fn now_ms(&self) -> i64 {
        *self.0.borrow()
    }

    fn sleep(&self, duration_ms: u64) -> BoxFuture<'static, ()> {
        let end = self.now_ms().saturating_add_unsigned(duration_ms);
        let mut now = self.0.subscribe();
        async move { drop(now.wait_for(|now| *now >= end).await) }.boxed()
    }
}

/// Runs nothing: tests do what is due by hand.
struct NoSpawner;

impl Spawner for NoSpawner {
    fn spawn(&self, _: BoxFuture<'static, ()>) {
        panic!("nothing is spawned in these tests");
    }
}

/// Remembers what arrives; answers with the scripted statuses first, then with 200. Status 0 stands for no
/// connection, status 1 for a receiver that never answers.
#[derive(Default)]
pub(crate) struct Receiver {
    pub(crate) got: Mutex<Vec<Notification>>,
    pub(crate) statuses: Mutex<VecDeque<u16>>,
}

impl Notifier for Arc<Receiver> {
    fn post(&self, notification: Notification) -> BoxFuture<'static, Result<u16, NotifyError>> {
        self.got.lock().unwrap().push(notification);
        let status = self.statuses.lock().unwrap().pop_front().unwrap_or(200);
        async move {
            if status == 1 {
                std::future::pending::<()>().await;
            }
            if status == 0 { Err(NotifyError { reason: "no connection".to_owned() }) } else { Ok(status) }
        }
        .boxed()
    }
}

pub(crate) struct Harness {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) receiver: Arc<Receiver>,
}

/// An answer, read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
    pub(crate) fault: Option<Fault>,
}

impl Got {
    pub(crate) async fn of(response: Response<Body>) -> Got {
        let status = response.status();
        let fault = response.extensions().get::<Fault>().copied();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Got { status, text: String::from_utf8(bytes.to_vec()).unwrap(), fault }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

impl Harness {
    pub(crate) fn new() -> Harness {
        Harness::with(SandboxConfig::default())
    }

    pub(crate) fn with(config: SandboxConfig) -> Harness {
        Harness::open(&Place::Memory, START_MS, config)
    }

    pub(crate) fn on_file(path: &Path, now_ms: i64) -> Harness {
        Harness::open(&Place::File(path.to_owned()), now_ms, SandboxConfig::default())
    }

    fn open(place: &Place, now_ms: i64, config: SandboxConfig) -> Harness {
        let clock = Arc::new(ManualClock(watch::channel(now_ms).0));
        let receiver = Arc::new(Receiver::default());
        let world = World {
            clock: Arc::clone(&clock) as Arc<dyn SandboxClock>,
            spawner: Arc::new(NoSpawner),
            notifier: Arc::new(Arc::clone(&receiver)),
        };
        let sandbox = Sandbox::open(place, config, world).unwrap();
        Harness { sandbox, clock, receiver }
    }

    /// Moves the clock and does what is due then.
    pub(crate) async fn advance(&self, ms: i64) {
        self.clock.0.send_modify(|now| *now += ms);
        self.sandbox.run_due().await.unwrap();
    }

    /// Moves the clock only.
    pub(crate) fn tick(&self, ms: i64) {
        self.clock.0.send_modify(|now| *now += ms);
    }

    pub(crate) async fn call(&self, request: Request<Body>) -> Got {
        Got::of(self.sandbox.send(request).await).await
    }

    /// Sends and hangs up at once. Panics when there was an answer.
    pub(crate) fn hang_up(&self, request: Request<Body>) {
        let answer = self.sandbox.send(request).now_or_never();
        assert!(answer.is_none(), "there was an answer: {answer:?}");
    }

    pub(crate) async fn control(&self, path: &str, body: Value) -> Got {
        self.call(post(&format!("/control/{path}"), &[], body.to_string())).await
    }

    pub(crate) async fn payment(&self, psp: &str, payment: &str, currency: &str, amount_minor: i64) {
        let body =
            json!({"psp": psp, "payment": payment, "currency": currency, "amount_minor": amount_minor});
        assert_eq!(self.control("payment", body).await.status, StatusCode::OK);
    }

    pub(crate) async fn script(&self, psp: &str, payment: &str, steps: &[&str]) {
        let body = json!({"psp": psp, "payment": payment, "steps": steps});
        let got = self.control("script", body).await;
        assert_eq!(got.status, StatusCode::OK, "{}", got.text);
    }

    pub(crate) async fn finish(&self, psp: &str, refund: &str, state: &str) -> Got {
        self.control("finish", json!({"psp": psp, "refund": refund, "state": state})).await
    }

    /// The ledger, each effect as "key amount state".
    pub(crate) async fn ledger(&self) -> Vec<String> {
        let ledger = self.call(Request::get("/control/ledger").body(Body::empty()).unwrap()).await.json();
        let line = |effect: &Value| {
            let (key, state) = (effect["key"].as_str().unwrap(), effect["state"].as_str().unwrap());
            format!("{key} {} {state}", effect["amount_minor"])
        };
        ledger["effects"].as_array().unwrap().iter().map(line).collect()
    }

    /// The notifications so far.
    pub(crate) fn notifications(&self) -> Vec<Notification> {
        self.receiver.got.lock().unwrap().clone()
    }
}

pub(crate) fn post(path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}
