//! One merchant with a PSP that leaves every refund open until the test says how it ended, and scripted receivers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::BoxFuture;
use redress_core::capabilities::Capabilities;
use redress_core::decimal::Decimal;
use redress_core::environment::Environment;
use redress_core::id::{AccountId, KeyId, MerchantId};
use redress_core::money::{Amount, Currency};
use redress_core::outcome::Outcome;
use redress_core::policy::{Ask, AskedAmount};
use redress_core::recipe::{Absence, Lookup, Recipe, Resend};
use redress_core::refund::Refund;
use redress_core::settle::{Via, Word};
use redress_core::time::Timestamp;
use redress_psp::account::{AccountConfig, AccountConfigError, Credentials};
use redress_psp::connector::{AccountCheck, Connector, Exchange, QueryAsk, SubmitAsk};
use redress_psp::profile::Profile;
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use redress_store::ops::credentials::{AddCredential, Credential, CredentialAdding, CredentialKind, Proof};
use redress_store::ops::deliveries::Delivery;
use redress_store::{Faults, Store};
use secrecy::{ExposeSecret, SecretString};

use crate::accept::{Made, RefundRequest};
use crate::admin::accounts::NewAccount;
use crate::admin::endpoints::{Dialect, Endpoint, NewEndpoint};
use crate::admin::payments::NewPayment;
use crate::config::EngineConfig;
use crate::directory::CREDENTIAL_COLUMN;
use crate::engine::{Engine, EngineParts};
use crate::real_world::TokioSpawner;
use crate::testing::{ManualClock, world};
use crate::vault::{SealContext, Vault, generate_line};
use crate::world::{Clock, World};

/// The moment of vector SG5.
pub(super) const START: Timestamp = Timestamp::from_micros(1_690_371_491_000_000);

/// The order of vector SG5.
pub(super) const ORDER: &str = "M948164T2023072607034709567189";

pub(super) struct Rig {
    pub(super) engine: Engine,
    pub(super) clock: Arc<ManualClock>,
    pub(super) spawner: TokioSpawner,
    pub(super) receivers: Arc<Receivers>,
    pub(super) merchant: MerchantId,
    account: AccountId,
    store: Store,
    world: World,
    vault: Arc<Vault>,
    config: EngineConfig,
}

impl Rig {
    pub(super) async fn new() -> Self {
        Self::with(START, EngineConfig::default()).await
    }

    pub(super) async fn with(start: Timestamp, config: EngineConfig) -> Self {
        let store = Store::in_line_sqlite().unwrap();
        store.migrate(redress_store::MIGRATIONS, start.as_micros()).await.unwrap();
        Self::over(store, start, config).await
    }

    /// Over a store that has the tables and nothing in them.
    pub(super) async fn over(store: Store, start: Timestamp, config: EngineConfig) -> Self {
        let (world, clock, spawner) = world(start, 7);
        let vault = Arc::new(Vault::parse(generate_line(&*world.random).expose_secret()).unwrap());
        let receivers = Arc::new(Receivers::new(&clock));
        let mut rig = Self {
            engine: build(&store, &world, &vault, &config, Arc::<Receivers>::clone(&receivers)),
            clock,
            spawner,
            receivers,
            merchant: MerchantId::from_bytes([0; 16]),
            account: AccountId::from_bytes([0; 16]),
            store,
            world,
            vault,
            config,
        };
        rig.merchant = rig.engine.add_merchant("Shop", Some("M948164")).await.unwrap().id;
        let account = NewAccount {
            merchant: rig.merchant,
            psp: "tap".into(),
            name: "open".into(),
            environment: Environment::Sandbox,
            max_in_flight: 100,
            base_url: None,
            public_url: None,
            credentials: Credentials::default(),
        };
        rig.account = rig.engine.add_account(account).await.unwrap().id;
        rig
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Another process on the same store.
    pub(super) fn other_process(&self, transport: Arc<dyn Transport>) -> Engine {
        build(&self.store, &self.world, &self.vault, &self.config, transport)
    }

    /// Another process, by another clock.
    pub(super) fn process_by(&self, clock: Arc<dyn Clock>) -> Engine {
        let world = World { clock, ..self.world.clone() };
        build(&self.store, &world, &self.vault, &self.config, Arc::<Receivers>::clone(&self.receivers))
    }

    /// Another process, whose store fails on purpose.
    pub(super) fn faulty_process(&self, faults: Arc<dyn Faults>) -> Engine {
        let store = self.store.clone().with_faults(faults);
        build(&store, &self.world, &self.vault, &self.config, Arc::<Receivers>::clone(&self.receivers))
    }

    pub(super) async fn payment(&self, order_ref: &str, notification_url: Option<&str>) {
        let payment = NewPayment {
            environment: Environment::Sandbox,
            order_ref: order_ref.into(),
            merchant_order_ref: Some("shop-17".into()),
            account: self.account,
            psp_payment_id: format!("psp-{order_ref}"),
            captured: Amount::new(100_000, Currency::from_code("KWD").unwrap()),
            refunded_before: 0,
            captured_at: self.clock.now(),
            channel: Some("KOMOJU".into()),
            payment_method: Some("Alipay wallet".into()),
            customer_ref: None,
            notification_url: notification_url.map(Into::into),
        };
        let imported = self.engine.import_payments(self.merchant, vec![payment]).await.unwrap();
        assert!(imported[0].payment().is_some(), "{imported:?}");
    }

    /// A refund of 1.5 KWD that the PSP has accepted: events 1 (created) and 2 (pending).
    pub(super) async fn refund(&self, order_ref: &str) -> Refund {
        self.refund_of(order_ref, "1.5").await
    }

    /// The same, of a sum in KWD.
    pub(super) async fn refund_of(&self, order_ref: &str, amount: &str) -> Refund {
        let request = RefundRequest {
            merchant: self.merchant,
            order_ref: order_ref.into(),
            ask: Ask::of(AskedAmount::Exactly(Decimal::from_text(amount).unwrap())),
            reason: "customer request".into(),
            description: Some("größe".into()),
            merchant_refund_id: Some(format!("mr-{}", self.world.random.u64())),
            metadata: Some(r#"{"cart":"7"}"#.into()),
            asked_by: KeyId::from_bytes([7; 16]).into(),
            idempotency_key: None,
        };
        let Made::New(refund, _) = self.engine.make_refund(request).await.unwrap() else { panic!("refused") };
        self.spawner.wait_idle().await;
        *refund
    }

    /// The PSP's word about a refund.
    pub(super) async fn said(&self, refund: &Refund, outcome: Outcome) {
        let word =
            Word { outcome, via: Via::Query, started_at: self.clock.now(), send: 0, superseded_by: &[] };
        self.engine.settle(refund, word, String::new()).await.unwrap().unwrap();
    }

    pub(super) async fn succeeded(&self, refund: &Refund) {
        let psp_refund_id = Some(format!("re_{}", refund.ordinal));
        self.said(refund, Outcome::Succeeded { psp_refund_id, arn: None }).await;
    }

    pub(super) async fn endpoint(&self, dialect: Dialect, url: &str) -> (Endpoint, SecretString) {
        let new = NewEndpoint {
            merchant: self.merchant,
            name: "hook".into(),
            url: url.into(),
            dialect,
            environment: Environment::Sandbox,
            event_mask: None,
            credential: None,
        };
        self.engine.add_endpoint(new).await.unwrap()
    }

    /// A credential with a known secret.
    pub(super) async fn key(&self, kind: CredentialKind, public_key: &str, secret: &str) -> KeyId {
        let id = KeyId::new(self.clock.now(), self.world.random.bytes10());
        let context = SealContext { merchant: self.merchant, row: id.as_bytes(), column: CREDENTIAL_COLUMN };
        let sealed = self.vault.seal(&*self.world.random, &context, secret.as_bytes());
        let credential = Credential {
            merchant: self.merchant,
            id,
            kind,
            environment: (kind != CredentialKind::Portone).then_some(Environment::Sandbox),
            public_key: public_key.into(),
            proof: Proof::Sealed(sealed),
            rights: redress_core::right::Rights::NONE,
            created_at: self.clock.now(),
            revoked_at: None,
        };
        assert_eq!(self.store.run(AddCredential(credential)).await.unwrap(), CredentialAdding::Added);
        id
    }

    /// Lets everything happen that can happen at the time it is.
    pub(super) async fn work(&self) {
        work(&self.engine).await;
    }

    /// Lets so much time pass, in steps of a second, or of five where it is long, with the loop at work.
    pub(super) async fn pass(&self, seconds: u64) {
        let step = if seconds > 100 { 5 } else { 1 };
        self.work().await;
        for _ in 0..seconds.div_ceil(step) {
            self.clock.advance(Duration::from_secs(step));
            self.work().await;
        }
    }

    pub(super) async fn deliveries(&self, refund: &Refund) -> Vec<Delivery> {
        self.engine.deliveries(refund).await.unwrap()
    }

    /// Seconds after the start at which a host was sent something.
    pub(super) fn seconds_of(&self, host: &str) -> Vec<u64> {
        self.receivers.sent_to(host).iter().map(|sent| sent.at.since(START).as_secs()).collect()
    }
}

/// Lets a process do all that it can at the time it is.
pub(super) async fn work(engine: &Engine) {
    let mut idle_rounds = 0;
    while idle_rounds < 2 {
        idle_rounds += 1;
        while engine.work_deliveries_once().await.unwrap() {
            idle_rounds = 0;
        }
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}

/// Waits for something that needs no time to pass.
///
/// # Panics
/// When it does not come.
pub(super) async fn soon(what: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if what() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it does not come");
}

fn build(
    store: &Store,
    world: &World,
    vault: &Arc<Vault>,
    config: &EngineConfig,
    notify_transport: Arc<dyn Transport>,
) -> Engine {
    Engine::new(EngineParts {
        store: store.clone(),
        world: world.clone(),
        config: config.clone(),
        psp_transport: Arc::new(NoNetwork),
        notify_transport,
        connectors: |psp| (psp == "tap").then_some(&OpenEnded as &dyn Connector),
        vault: Arc::clone(vault),
    })
}

/// What a receiver does with one request.
pub(super) enum Reply {
    /// It answers.
    Answer(u16, String),
    /// There is nobody.
    Nobody,
}

/// One request as it came.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) at: Timestamp,
    pub(super) request: HttpRequest,
}

impl Sent {
    pub(super) fn header(&self, name: &str) -> &str {
        let found = self.request.headers.iter().find(|(known, _)| known.as_str() == name);
        found.map_or_else(|| panic!("no header {name}"), |(_, value)| value.as_str())
    }

    pub(super) fn headers(&self) -> http::HeaderMap {
        self.request.headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.request.body).unwrap()
    }
}

/// The merchants' servers, by host. What is not scripted is answered with 200.
pub(super) struct Receivers {
    clock: Arc<ManualClock>,
    state: Mutex<ReceiversState>,
}

#[derive(Default)]
struct ReceiversState {
    script: BTreeMap<String, VecDeque<Reply>>,
    always_stall: Vec<String>,
    sent: Vec<(String, Sent)>,
}

impl Receivers {
    pub(super) fn new(clock: &Arc<ManualClock>) -> Self {
        Self { clock: Arc::clone(clock), state: Mutex::default() }
    }

    pub(super) fn script(&self, host: &str, replies: impl IntoIterator<Item = Reply>) {
        self.state().script.entry(host.into()).or_default().extend(replies);
    }

    /// From now on it answers 200.
    pub(super) fn forget_script(&self, host: &str) {
        self.state().script.remove(host);
    }

    pub(super) fn always_stall(&self, host: &str) {
        self.state().always_stall.push(host.into());
    }

    pub(super) fn sent_to(&self, host: &str) -> Vec<Sent> {
        self.state().sent.iter().filter(|(to, _)| to == host).map(|(_, sent)| sent.clone()).collect()
    }

    pub(super) fn count_of(&self, host: &str) -> usize {
        self.sent_to(host).len()
    }

    fn state(&self) -> MutexGuard<'_, ReceiversState> {
        self.state.lock().unwrap()
    }
}

impl Transport for Receivers {
    fn send<'a>(&'a self, request: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        let host = url::Url::parse(&request.url).unwrap().host_str().unwrap().to_owned();
        let timeout = request.timeout;
        let mut state = self.state();
        let stalls = state.always_stall.contains(&host);
        let scripted = state.script.get_mut(&host).and_then(VecDeque::pop_front);
        state.sent.push((host, Sent { at: self.clock.now(), request }));
        drop(state);
        Box::pin(async move {
            match scripted {
                Some(Reply::Nobody) => Err(TransportError::NotSent("connection refused".into())),
                Some(Reply::Answer(status, body)) => {
                    Ok(HttpResponse { status, headers: http::HeaderMap::new(), body: body.into() })
                }
                None if !stalls => {
                    Ok(HttpResponse { status: 200, headers: http::HeaderMap::new(), body: "ok".into() })
                }
                None => {
                    self.clock.sleep(timeout).await;
                    Err(TransportError::Broken("no answer in time".into()))
                }
            }
        })
    }
}

struct NoNetwork;

impl Transport for NoNetwork {
    fn send<'a>(&'a self, _: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        panic!("these tests' PSP has no network")
    }
}

/// A PSP that accepts everything and leaves its end open.
struct OpenEnded;

impl Connector for OpenEnded {
    fn name(&self) -> &'static str {
        "tap"
    }

    fn profile(&self) -> &'static Profile {
        const PLAIN: Profile = Profile {
            title: "Open",
            credentials: &[],
            methods: &[],
            idempotency: "",
            status_query: "",
            notification: "",
        };
        &PLAIN
    }

    fn capabilities(&self) -> &'static Capabilities {
        const ALL: Capabilities = Capabilities {
            full: true,
            partial: true,
            several: true,
            window: None,
            currencies: None,
            currencies_excluded: &[],
            limits: &[],
            units: &[],
            one_in_flight: false,
        };
        &ALL
    }

    fn recipe(&self) -> &'static Recipe {
        const ASK: Recipe =
            Recipe { lookup: Lookup::ByKey, resend: Resend::Never, absence: Absence::ProvesNothing };
        &ASK
    }

    fn check_account(&self, _: &AccountConfig) -> Result<(), AccountConfigError> {
        Ok(())
    }

    fn check_payment_id(&self, _: &str) -> Result<(), &'static str> {
        Ok(())
    }

    fn submit<'a>(
        &'a self,
        _: &'a dyn Transport,
        _: &'a AccountConfig,
        _: &'a SubmitAsk,
    ) -> BoxFuture<'a, Exchange> {
        let outcome = Outcome::Pending { psp_refund_id: None, note: Some("waits for funds".to_owned()) };
        Box::pin(std::future::ready(Exchange { outcome, record: String::new() }))
    }

    fn query<'a>(
        &'a self,
        _: &'a dyn Transport,
        _: &'a AccountConfig,
        _: &'a QueryAsk,
    ) -> BoxFuture<'a, Exchange> {
        panic!("these tests do not look up")
    }

    fn check<'a>(
        &'a self,
        _: &'a dyn Transport,
        _: &'a AccountConfig,
        _: [u8; 10],
    ) -> BoxFuture<'a, AccountCheck> {
        Box::pin(std::future::ready(AccountCheck::NotPossible("a PSP of these tests")))
    }
}
