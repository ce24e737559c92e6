//! For the tests of every face: a whole Redress in process. The faces over an engine on an in-memory store, the PSPs'
//! sandbox behind it, one clock for all, which moves on by itself while a request waits. Nothing sleeps.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::BodyExt;
use redress_core::environment::Environment;
use redress_core::id::{AccountId, KeyId, MerchantId, PaymentId};
use redress_core::money::{Amount, Currency};
use redress_core::time::Timestamp;
use redress_engine::api_key::ApiKey;
use redress_engine::config::EngineConfig;
use redress_engine::engine::{Engine, EngineParts};
use redress_engine::real_world::TokioSpawner;
use redress_engine::testing::{ManualClock, world};
use redress_engine::vault::{SealContext, Vault, generate_line};
use redress_engine::world::{Clock, World};
use redress_psp::guard::{GuardError, GuardPolicy};
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use redress_sandbox::world::{Notification, Notifier, NotifyError, SandboxClock, Spawner as SandboxSpawner};
use redress_sandbox::{Fault, Place, Sandbox, SandboxConfig};
use redress_store::ops::accounts::{AccountVersion, AddAccount};
use redress_store::ops::credentials::{AddCredential, Credential, CredentialKind, Proof};
use redress_store::ops::merchants::{AddMerchant, Merchant};
use redress_store::ops::payments::{NewPayment, UpsertPayments, Upserted};
use redress_store::{Fault as StoreFault, Faults, Moment, Store};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tower::ServiceExt;

/// When every test begins: 2026-11-18T15:06:40Z.
pub(crate) const START: Timestamp = Timestamp::from_micros(1_795_014_400_123_456);

const SANDBOX_URL: &str = "http://sandbox.test";
const REDRESS_URL: &str = "http://redress.test";

/// So often everybody gets their turn before the clock moves.
const TURNS: usize = 60;

/// What a merchant of the tests has.
#[derive(Clone)]
pub(crate) struct TestMerchant {
    pub(crate) id: MerchantId,
    /// SGate's merchant id.
    pub(crate) code: &'static str,
    pub(crate) portone_key: &'static str,
    pub(crate) portone_secret: &'static str,
    /// For the sandbox environment.
    pub(crate) sgate_key: &'static str,
    pub(crate) sgate_secret: &'static str,
    /// For the sandbox environment.
    pub(crate) api_key: String,
    /// The MoMo account, in the sandbox environment.
    pub(crate) momo: AccountId,
    /// The Tap account, in the sandbox environment.
    pub(crate) tap: AccountId,
}

/// A payment of a test; [`Harness::payment`] makes it known to both sides.
#[derive(Clone)]
pub(crate) struct TestPayment {
    pub(crate) psp: &'static str,
    pub(crate) order_ref: &'static str,
    pub(crate) merchant_order_ref: Option<&'static str>,
    pub(crate) currency: &'static str,
    pub(crate) minor: i64,
}

impl TestPayment {
    /// A captured MoMo payment of so many VND, on channel `MOMOPAY`.
    pub(crate) fn momo(order_ref: &'static str, minor: i64) -> Self {
        Self { psp: "momo", order_ref, merchant_order_ref: None, currency: "VND", minor }
    }

    /// A captured Tap payment of so many halalas, with the method `tap`.
    pub(crate) fn tap(order_ref: &'static str, minor: i64) -> Self {
        Self { psp: "tap", order_ref, merchant_order_ref: None, currency: "SAR", minor }
    }
}

/// The whole of it.
pub(crate) struct Harness {
    pub(crate) engine: Engine,
    pub(crate) router: Router,
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) sandbox: Sandbox,
    /// The one whose payments [`Harness::payment`] makes.
    pub(crate) merchant: TestMerchant,
    /// Another one, with keys and nothing else.
    pub(crate) other: TestMerchant,
}

/// An answer, read to its end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}

impl Harness {
    /// With the usual settings.
    pub(crate) async fn new() -> Self {
        Self::with(EngineConfig::default()).await
    }

    /// With these settings.
    pub(crate) async fn with(config: EngineConfig) -> Self {
        Self::build(config, None).await
    }

    /// With faults in front of every operation of the engine.
    pub(crate) async fn with_faults(faults: Arc<dyn Faults>) -> Self {
        Self::build(EngineConfig::default(), Some(faults)).await
    }

    async fn build(config: EngineConfig, faults: Option<Arc<dyn Faults>>) -> Self {
        let (world, clock, spawner) = world(START, 7);
        let store = Store::in_line_sqlite().unwrap();
        store.migrate(redress_store::MIGRATIONS, START.as_micros()).await.unwrap();
        let vault = Arc::new(Vault::parse(generate_line(&*world.random).expose_secret()).unwrap());
        let way_back = Arc::new(WayBack::default());
        let sandbox_world = redress_sandbox::World {
            clock: Arc::new(OneClock(Arc::clone(&clock))),
            spawner: Arc::new(OneSpawner(spawner)),
            notifier: Arc::new(Notices(Arc::clone(&way_back))),
        };
        let sandbox = Sandbox::open(&Place::Memory, SandboxConfig::default(), sandbox_world).unwrap();
        let transport = Arc::new(InProcess { sandbox: sandbox.clone(), clock: Arc::clone(&world.clock) });
        let engine = Engine::new(EngineParts {
            store: match faults {
                Some(faults) => store.clone().with_faults(faults),
                None => store.clone(),
            },
            world: world.clone(),
            config,
            psp_transport: Arc::<InProcess>::clone(&transport),
            notify_transport: transport,
            connectors: redress_psp::registry::by_name,
            vault: Arc::clone(&vault),
        });
        let router = crate::router::router(engine.clone());
        way_back.0.set(router.clone()).expect("set once");
        let filler = Filler { store: &store, world: &world, vault: &vault };
        let merchant =
            filler.merchant(1, "M948164", "SglffyyZgojEdXWL", "zS83UNCPhVTqBxDHACJ30sImZRKAlzQI").await;
        let other =
            filler.merchant(2, "M448726", "NPSkZZYefGyKvBxi", "AlzQIzS83UNCPhVTqBxDHACJ30sImZRK").await;
        Self { engine, router, store, clock, sandbox, merchant, other }
    }

    /// Makes a payment of [`Harness::merchant`] known to Redress and to the PSP.
    pub(crate) async fn payment(&self, new: TestPayment) {
        self.payment_of_which_the_psp_does_not_know(&new).await;
        let known = json!({"psp": new.psp, "payment": psp_payment_id(&new), "currency": new.currency,
            "amount_minor": new.minor});
        self.control("payment", &known).await;
    }

    /// Makes a payment known to Redress alone.
    pub(crate) async fn payment_of_which_the_psp_does_not_know(&self, new: &TestPayment) {
        let momo = new.psp == "momo";
        let row = NewPayment {
            id: PaymentId::new(START, id10(new.order_ref)),
            environment: Environment::Sandbox,
            order_ref: new.order_ref.into(),
            merchant_order_ref: new.merchant_order_ref.map(Into::into),
            account: if momo { self.merchant.momo } else { self.merchant.tap },
            psp_payment_id: psp_payment_id(new),
            captured: Amount::new(new.minor, Currency::from_code(new.currency).unwrap()),
            refunded_before: 0,
            captured_at: START,
            channel: Some(if momo { "MOMOPAY" } else { "TAP" }.into()),
            payment_method: Some(if momo { "MOMOPAY_WALLET" } else { "tap" }.into()),
            customer_ref: None,
            notification_url: None,
        };
        let upsert = UpsertPayments { merchant: self.merchant.id, rows: vec![row], now: START };
        let made = self.store.run(upsert).await.unwrap();
        assert!(matches!(made[..], [Upserted::Created(_)]), "{made:?}");
    }

    /// Scripts the next submits for a payment: steps of the sandbox.
    pub(crate) async fn script(&self, payment: &TestPayment, steps: &[&str]) {
        let script = json!({"psp": payment.psp, "payment": psp_payment_id(payment), "steps": steps});
        self.control("script", &script).await;
    }

    /// Calls one of the sandbox's controls.
    pub(crate) async fn control(&self, what: &str, body: &Value) {
        let request = Request::post(format!("/control/{what}")).header("content-type", "application/json");
        let response = self.sandbox.send(request.body(Body::from(body.to_string())).unwrap()).await;
        assert!(response.status().is_success(), "{what} {body}: {}", response.status());
    }

    /// Sends a request to the faces. While it waits and nobody else has anything to do, the time moves on.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let answered = async {
            let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            Answer { status: parts.status, headers: parts.headers, body }
        };
        tokio::select! {
            biased;
            answer = answered => answer,
            () = self.let_time_pass() => unreachable!("time does not end"),
        }
    }

    /// Lets so much time pass, with everybody at work: what is due here and at the PSPs is done.
    pub(crate) async fn pass(&self, span: Duration) {
        let end = self.clock.now().plus(span);
        loop {
            settle_down().await;
            self.sandbox.run_due().await.unwrap();
            while self.engine.work_refunds_once().await.unwrap() {}
            while self.engine.work_late_checks_once().await.unwrap() {}
            settle_down().await;
            if self.clock.now() >= end {
                return;
            }
            self.clock.advance(Duration::from_millis(100));
        }
    }

    async fn let_time_pass(&self) {
        loop {
            settle_down().await;
            if self.clock.advance_to_next().is_none() {
                tokio::task::yield_now().await;
            }
        }
    }
}

/// Holds every store operation of a name back, as a database that takes its time, until it is let go.
pub(crate) struct HeldBack {
    name: &'static str,
    go: Semaphore,
}

impl HeldBack {
    pub(crate) fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self { name, go: Semaphore::new(0) })
    }

    pub(crate) fn let_go(&self) {
        self.go.close();
    }
}

impl Faults for HeldBack {
    fn next(&self, _: &'static str) -> StoreFault {
        StoreFault::None
    }

    fn pass<'a>(&'a self, moment: Moment, name: &'static str) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if moment == Moment::Before && name == self.name {
                // Closed is let go.
                drop(self.go.acquire().await);
            }
        })
    }
}

/// Sends a request to the faces and hangs up once nothing moves any more.
pub(crate) async fn hang_up(harness: &Harness, request: Request<Body>) {
    tokio::select! {
        biased;
        answer = harness.router.clone().oneshot(request) => panic!("it was to be held back: {answer:?}"),
        () = settle_down() => {}
    }
}

/// Lets whatever can run run, at the time it is.
pub(crate) async fn settle_down() {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
}

/// The PSP's own id of a payment: MoMo's are numbers, Tap's begin with `chg_`.
fn psp_payment_id(payment: &TestPayment) -> String {
    let number = payment
        .order_ref
        .bytes()
        .fold(0_u64, |sum, byte| sum.wrapping_mul(131).wrapping_add(u64::from(byte)));
    let number = number % 10_000_000_000;
    if payment.psp == "momo" { format!("2{number:010}") } else { format!("chg_TS{number:010}") }
}

fn id10(text: &str) -> [u8; 10] {
    let mut bytes = [0_u8; 10];
    for (at, byte) in text.bytes().enumerate() {
        bytes[at % 10] = byte.wrapping_add(bytes[at % 10].wrapping_mul(31));
    }
    bytes
}

struct Filler<'a> {
    store: &'a Store,
    world: &'a World,
    vault: &'a Vault,
}

impl Filler<'_> {
    async fn merchant(
        &self,
        number: u8,
        code: &'static str,
        portone_key: &'static str,
        sgate_key: &'static str,
    ) -> TestMerchant {
        let id = MerchantId::from_bytes([number; 16]);
        let name = "Test".into();
        let row = Merchant { id, code: code.into(), name, created_at: START, revoked_at: None };
        self.store.run(AddMerchant(row)).await.unwrap();
        let api_key = ApiKey::generate(Environment::Sandbox, &*self.world.random);
        let made = TestMerchant {
            id,
            code,
            portone_key,
            portone_secret: "portone-test-secret",
            sgate_key,
            sgate_secret: "RoTestSecret0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN0Z",
            api_key: api_key.secret().expose_secret().to_owned(),
            momo: AccountId::from_bytes([number * 16 + 1; 16]),
            tap: AccountId::from_bytes([number * 16 + 2; 16]),
        };
        let sandbox = Some(Environment::Sandbox);
        let hash = Proof::Hash(api_key.hash().as_bytes().to_vec());
        self.credential(id, 1, CredentialKind::Portone, None, portone_key, Err(made.portone_secret)).await;
        self.credential(id, 2, CredentialKind::Sgate, sandbox, sgate_key, Err(made.sgate_secret)).await;
        self.credential(id, 3, CredentialKind::Api, sandbox, api_key.public_part(), Ok(hash)).await;
        let momo = json!({"partner_code": "MOMO", "access_key": "F8BBA842ECF85",
            "secret_key": "K951B6PE1waDMi640xX08PD3vg6EkVlz"});
        self.account(id, made.momo, "momo", "", &momo).await;
        let tap = json!({"secret_key": "sk_test_XKokBfNWv6FIYuTMg5sLPjhJ"});
        self.account(id, made.tap, "tap", "", &tap).await;
        made
    }

    async fn credential(
        &self,
        merchant: MerchantId,
        number: u8,
        kind: CredentialKind,
        environment: Option<Environment>,
        public_key: &str,
        proof: Result<Proof, &str>,
    ) {
        let mut id = [number; 16];
        id[0] = merchant.as_bytes()[0];
        let proof = proof.unwrap_or_else(|secret| {
            let context = SealContext { merchant, row: &id, column: "api_credentials.secret" };
            Proof::Sealed(self.vault.seal(&*self.world.random, &context, secret.as_bytes()))
        });
        let row = Credential {
            merchant,
            id: KeyId::from_bytes(id),
            kind,
            environment,
            public_key: public_key.into(),
            proof,
            rights: redress_core::right::Rights::NONE,
            created_at: START,
            revoked_at: None,
        };
        self.store.run(AddCredential(row)).await.unwrap();
    }

    async fn account(&self, merchant: MerchantId, id: AccountId, psp: &str, root: &str, credentials: &Value) {
        let context =
            SealContext { merchant, row: id.as_bytes(), column: "psp_account_versions.credentials" };
        let sealed = self.vault.seal(&*self.world.random, &context, credentials.to_string().as_bytes());
        let first = AccountVersion {
            base_url: Some(format!("{SANDBOX_URL}{root}")),
            notification_url: Some(format!("{REDRESS_URL}/psp/{psp}/{id}")),
            credentials_sealed: sealed,
        };
        let (psp, name, environment) = (psp.to_owned(), psp.to_owned(), Environment::Sandbox);
        let add = AddAccount { merchant, id, psp, name, environment, max_in_flight: 16, first, now: START };
        self.store.run(add).await.unwrap();
    }
}

/// The network between Redress and the PSPs, without a socket.
struct InProcess {
    sandbox: Sandbox,
    clock: Arc<dyn Clock>,
}

impl Transport for InProcess {
    fn check_url(&self, url: &str) -> Result<(), GuardError> {
        GuardPolicy::default().check_url(url).map(|_| ())
    }

    fn send<'a>(&'a self, request: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            let path = request.url.strip_prefix(SANDBOX_URL).expect("an address of the sandbox").to_owned();
            let mut built = Request::builder().method(request.method.clone()).uri(path);
            for (name, value) in &request.headers {
                built = built.header(name, value);
            }
            let built = built.body(Body::from(request.body.clone())).unwrap();
            let answer = tokio::select! {
                biased;
                answer = self.sandbox.send(built) => answer,
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

/// The way back from the PSPs: through Redress's own router.
#[derive(Default)]
struct WayBack(OnceLock<Router>);

struct Notices(Arc<WayBack>);

impl Notifier for Notices {
    fn post(&self, notification: Notification) -> BoxFuture<'static, Result<u16, NotifyError>> {
        let router = self.0.0.get().cloned().expect("nothing is told before the router stands");
        Box::pin(async move {
            let path = notification.url.strip_prefix(REDRESS_URL).expect("an address of Redress").to_owned();
            let mut request = Request::post(path).header("content-type", "application/json");
            for (name, value) in notification.headers {
                request = request.header(name, value);
            }
            let request = request.body(Body::from(notification.body)).unwrap();
            Ok(router.oneshot(request).await.unwrap().status().as_u16())
        })
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

impl SandboxSpawner for OneSpawner {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        redress_engine::world::Spawner::spawn(&self.0, "sandbox", task);
    }
}
