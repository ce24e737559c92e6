//! What the sandbox answers and tells, as inputs: it knows nothing of the connectors, so neither does the corpus.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use futures_util::future::BoxFuture;
use http::Request;
use http_body_util::BodyExt;
use redress_core::outcome::Outcome;
use redress_engine::real_world::TokioSpawner;
use redress_engine::testing::ManualClock;
use redress_engine::world::Clock;
use redress_fuzz::{NOW, Psp};
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use redress_sandbox::world::{Notification, Notifier, NotifyError, SandboxClock, Spawner, World};
use redress_sandbox::{Place, Sandbox, SandboxConfig};
use serde_json::{Value, json};

const URL: &str = "http://sandbox.test";

/// An input and its name.
pub(crate) type Input = (String, Vec<u8>);

/// What the sandbox answers and tells when one refund goes as `step` says.
pub(crate) async fn play(psp: &Psp, step: &str) -> (Vec<Input>, Vec<Input>) {
    let clock = Arc::new(ManualClock::new(NOW));
    let told = Arc::new(Told::default());
    let world = World {
        clock: Arc::new(OneClock(Arc::clone(&clock))),
        spawner: Arc::new(OneSpawner(TokioSpawner::new(tokio::runtime::Handle::current()))),
        notifier: Arc::<Told>::clone(&told),
    };
    let sandbox = Sandbox::open(&Place::Memory, SandboxConfig::default(), world).unwrap();
    let network = Recorded { sandbox: sandbox.clone(), answers: Mutex::default() };
    let minor = 500_000;
    let payment =
        json!({"psp": psp.name, "payment": psp.payment, "currency": psp.currency, "amount_minor": minor});
    control(&sandbox, "payment", &payment).await;
    control(&sandbox, "script", &json!({"psp": psp.name, "payment": psp.payment, "steps": [step]})).await;
    let webhook = json!({"psp": psp.name, "url": format!("{URL}/notify")});
    if matches!(psp.name, "adyen" | "oppwa" | "paypal" | "stripe") {
        control(&sandbox, "webhook", &webhook).await;
    }
    let (account, connector) = (psp.account(URL), psp.connector());
    let mut inputs = Vec::new();
    let made = connector.submit(&network, &account, &psp.submit()).await;
    inputs.push((format!("submit-{step}"), network.take("submit")));
    if connector.recipe().lookup != redress_core::recipe::Lookup::None {
        connector.query(&network, &account, &psp.query(None)).await;
        inputs.push((format!("query-{step}"), network.take("query")));
        if let Outcome::Succeeded { psp_refund_id: Some(id), .. }
        | Outcome::Pending { psp_refund_id: Some(id), .. } = made.outcome
        {
            connector.query(&network, &account, &psp.query(Some(id.clone()))).await;
            inputs.push((format!("query-by-id-{step}"), network.take(&format!("id={id}"))));
        }
    }
    connector.check(&network, &account, [0; 10]).await;
    inputs.push(("check".to_owned(), network.take("check")));
    for _ in 0..200 {
        clock.advance(Duration::from_millis(100));
        sandbox.run_due().await.unwrap();
        tokio::task::yield_now().await;
    }
    (inputs, told.inputs(step))
}

async fn control(sandbox: &Sandbox, what: &str, body: &Value) {
    let request = Request::post(format!("/control/{what}")).header("content-type", "application/json");
    let response = sandbox.send(request.body(Body::from(body.to_string())).unwrap()).await;
    assert!(response.status().is_success(), "{what} {body}: {}", response.status());
}

/// Header lines, an empty line and the body.
fn written(headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    [lines.as_bytes(), b"\n", body].concat()
}

struct Recorded {
    sandbox: Sandbox,
    answers: Mutex<Vec<Vec<u8>>>,
}

impl Recorded {
    /// The answers since the last time, to what was asked.
    fn take(&self, asked: &str) -> Vec<u8> {
        let answers = std::mem::take(&mut *self.answers.lock().unwrap());
        [format!("{asked}\n").into_bytes(), answers.join(&b"\n%%\n"[..])].concat()
    }
}

impl Transport for Recorded {
    fn send<'a>(&'a self, request: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            let path = request.url.strip_prefix(URL).expect("an address of the sandbox").to_owned();
            let mut built = Request::builder().method(request.method.clone()).uri(path);
            for (name, value) in &request.headers {
                built = built.header(name, value);
            }
            let answer = self.sandbox.send(built.body(Body::from(request.body.clone())).unwrap()).await;
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let status = parts.status.as_u16();
            let kept = parts.headers.iter().filter(|(name, _)| *name == "idempotency-key");
            let headers: Vec<_> =
                kept.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
            let text = [format!("{status}\n").into_bytes(), written(&headers, &body)].concat();
            self.answers.lock().unwrap().push(text);
            Ok(HttpResponse { status, headers: parts.headers, body })
        })
    }
}

#[derive(Default)]
struct Told(Mutex<Vec<Notification>>);

impl Told {
    /// Each as it came, and its body to be signed anew.
    fn inputs(&self, step: &str) -> Vec<Input> {
        let mut inputs = Vec::new();
        for (at, told) in self.0.lock().unwrap().iter().enumerate() {
            let headers: Vec<_> =
                told.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            let raw = [b"raw\n", &written(&headers, told.body.as_bytes())[..]].concat();
            inputs.push((format!("raw-{step}-{at}"), raw));
            let signed = [b"signed\n", told.body.as_bytes()].concat();
            inputs.push((format!("signed-{step}-{at}"), signed));
        }
        inputs
    }
}

impl Notifier for Told {
    fn post(&self, notification: Notification) -> BoxFuture<'static, Result<u16, NotifyError>> {
        self.0.lock().unwrap().push(notification);
        Box::pin(std::future::ready(Ok(200)))
    }
}

struct OneClock(Arc<ManualClock>);

impl SandboxClock for OneClock {
    fn now_ms(&self) -> i64 {
        self.0.now().as_millis()
    }

    fn sleep(&self, duration_ms: u64) -> BoxFuture<'static, ()> {
        let clock = Arc::clone(&self.0);
        Box::pin(async move { clock.sleep(Duration::from_millis(duration_ms)).await })
    }
}

struct OneSpawner(TokioSpawner);

impl Spawner for OneSpawner {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        redress_engine::world::Spawner::spawn(&self.0, "sandbox", task);
    }
}
