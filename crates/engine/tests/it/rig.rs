//! A whole Redress without faces: the engine on an in-memory store, the sandbox in process, one clock for both.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use redress_core::decimal::Decimal;
use redress_core::environment::Environment;
use redress_core::id::{AccountId, KeyId, MerchantId, PaymentId};
use redress_core::money::{Amount, Currency};
use redress_core::policy::{Ask, AskedAmount};
use redress_core::refund::Refund;
use redress_core::retry::Backoff;
use redress_core::settle::Timing;
use redress_core::time::Timestamp;
use redress_engine::accept::{Made, RefundRequest};
use redress_engine::admin::accounts::{Credentials, NewAccount};
use redress_engine::config::EngineConfig;
use redress_engine::engine::{Engine, EngineParts};
use redress_engine::lookup::RefundBy;
use redress_engine::psp_notification::Taken;
use redress_engine::testing::{ManualClock, world};
use redress_engine::vault::{SealContext, Vault, generate_line};
use redress_engine::world::{Clock, World};
use redress_psp::notice::Inbound;
use redress_psp::transport::Transport;
use redress_sandbox::world::Notifier;
use redress_sandbox::{Place, Sandbox, SandboxConfig};
use redress_store::ops::accounts::{AccountVersion, AddAccount};
use redress_store::ops::cases::{Case, ListOpenCases};
use redress_store::ops::merchants::{AddMerchant, Merchant};
use redress_store::ops::payments::{NewPayment, UpsertPayments};
use redress_store::{Faults, Store};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::network::{Instead, OneClock, OneSpawner, Psps, REDRESS_URL, SANDBOX_URL, Wire};
use crate::psps::{self, Psp};

const START: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

/// How finely the clock is moved.
const TICK: Duration = Duration::from_millis(100);

pub(crate) struct Rig {
    pub(crate) engine: Engine,
    psps: Arc<Psps>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) sandbox: Sandbox,
    pub(crate) store: Store,
    pub(crate) merchant: MerchantId,
}

/// One effect in the sandbox's ledger.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) key: String,
    pub(crate) amount_minor: i64,
    pub(crate) state: String,
}

pub(crate) fn short_config() -> EngineConfig {
    let s = Duration::from_secs;
    EngineConfig {
        timing: Timing {
            lease: s(8),
            not_sent: Backoff { first: s(1), max: s(4) },
            resolve: Backoff { first: s(1), max: s(8) },
            poll: Backoff { first: s(1), max: s(8) },
            person_after_queries: 4,
            overdue: s(120),
        },
        psp_timeout: s(3),
        ..EngineConfig::default()
    }
}

impl Rig {
    pub(crate) async fn new() -> Self {
        Self::on(|store| store.clone()).await
    }

    /// With faults in front of what the engine stores.
    pub(crate) async fn with_faults(faults: Arc<dyn Faults>) -> Self {
        Self::on(|store| store.clone().with_faults(faults)).await
    }

    async fn on(engines: impl FnOnce(&Store) -> Store) -> Self {
        let (world, clock, spawner) = world(START, 7);
        let store = Store::in_line_sqlite().unwrap();
        store.migrate(redress_store::MIGRATIONS, START.as_micros()).await.unwrap();
        let vault = Arc::new(Vault::parse(generate_line(&*world.random).expose_secret()).unwrap());
        let wire = Arc::new(Wire::default());
        let sandbox = Sandbox::open(
            &Place::Memory,
            SandboxConfig::default(),
            redress_sandbox::World {
                clock: Arc::new(OneClock(Arc::clone(&clock))),
                spawner: Arc::new(OneSpawner(spawner)),
                notifier: Arc::clone(&wire) as Arc<dyn Notifier>,
            },
        )
        .unwrap();
        let psps = Arc::new(Psps::new(sandbox.clone(), Arc::clone(&world.clock)));
        let engine = start(&engines(&store), &world, &vault, &psps);
        wire.engine.set(engine.clone()).ok().unwrap();
        let mut rig = Self { engine, psps, clock, sandbox, store, merchant: MerchantId::from_bytes([1; 16]) };
        rig.fill(&world, &vault).await;
        rig
    }

    async fn fill(&mut self, world: &World, vault: &Vault) {
        let merchant = self.merchant;
        let (code, name) = ("M948164".into(), "Test".into());
        let row = Merchant { id: merchant, code, name, created_at: START, revoked_at: None };
        self.store.run(AddMerchant(row)).await.unwrap();
        for psp in psps::ALL {
            let (id, name) = (psp.account, psp.name);
            let context =
                SealContext { merchant, row: id.as_bytes(), column: "psp_account_versions.credentials" };
            let sealed = vault.seal(&*world.random, &context, psp.credentials().to_string().as_bytes());
            self.store
                .run(AddAccount {
                    merchant,
                    id,
                    psp: name.into(),
                    name: name.into(),
                    environment: Environment::Sandbox,
                    max_in_flight: 4,
                    first: AccountVersion {
                        base_url: Some(format!("{SANDBOX_URL}{}", psp.path)),
                        notification_url: Some(notified_at(psp)),
                        credentials_sealed: sealed,
                    },
                    now: START,
                })
                .await
                .unwrap();
            if psp.has_webhook {
                self.control("webhook", &json!({"psp": name, "url": notified_at(psp)})).await;
            }
        }
    }

    /// Makes a payment known to both sides.
    pub(crate) async fn payment(&self, psp: &str, number: u8, minor: i64) -> String {
        let Psp { account, currency, .. } = *Psp::named(psp);
        let psp_payment_id = Psp::named(psp).payment_id(number);
        let order_ref = format!("{psp}-{number}");
        let row = NewPayment {
            id: PaymentId::new(START, [number; 10]),
            environment: Environment::Sandbox,
            order_ref: order_ref.clone(),
            merchant_order_ref: None,
            account,
            psp_payment_id: psp_payment_id.clone(),
            captured: Amount::new(minor, Currency::from_code(currency).unwrap()),
            refunded_before: 0,
            captured_at: START,
            channel: None,
            payment_method: Some(psp.into()),
            customer_ref: None,
            notification_url: None,
        };
        self.store
            .run(UpsertPayments { merchant: self.merchant, rows: vec![row], now: START })
            .await
            .unwrap();
        let known =
            json!({"psp": psp, "payment": psp_payment_id, "currency": currency, "amount_minor": minor});
        self.control("payment", &known).await;
        order_ref
    }

    /// Scripts the next submits for a payment.
    pub(crate) async fn script(&self, order_ref: &str, steps: &[&str]) {
        let order = self.engine.order(self.merchant, None, order_ref).await.unwrap().unwrap();
        let psp = order_ref.split('-').next().unwrap();
        let script = json!({"psp": psp, "payment": order.payment.psp_payment_id, "steps": steps});
        self.control("script", &script).await;
    }

    pub(crate) async fn control(&self, what: &str, body: &Value) {
        let request = http::Request::post(format!("/control/{what}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = self.sandbox.send(request).await;
        assert!(response.status().is_success(), "{what} {body}: {}", response.status());
    }

    /// Whether the PSPs refuse every connection.
    pub(crate) fn psp_away(&self, away: bool) {
        self.psps.set_away(away);
    }

    /// The PSPs answer whatever this makes of a request, until told otherwise.
    pub(crate) fn psps_say(&self, instead: Option<Instead>) {
        self.psps.set_instead(instead);
    }

    /// Somebody refunds at Tap behind Redress' back: in its dashboard, say.
    pub(crate) async fn refund_at_tap(&self, order_ref: &str, major: u32, reference: &str) {
        let order = self.engine.order(self.merchant, None, order_ref).await.unwrap().unwrap();
        let body = json!({"charge_id": order.payment.psp_payment_id, "amount": major, "currency": "SAR",
            "reason": "requested_by_customer", "reference": {"merchant": reference},
            "post": {"url": self.tap_address()}});
        let request = http::Request::post("/v2/refunds")
            .header("authorization", "Bearer sk_test_XKokBfNWv6FIYuTMg5sLPjhJ")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        assert_eq!(self.sandbox.send(request).await.status(), 200);
    }

    /// Where Tap's notifications arrive.
    pub(crate) fn tap_address(&self) -> String {
        notified_at(Psp::named("tap"))
    }

    /// Posts to Redress as a PSP does.
    pub(crate) async fn notify(&self, psp: &str, headers: &[(&'static str, &str)], body: &str) -> Taken {
        self.notify_at(psp, Psp::named(psp).account, headers, body).await
    }

    /// The same to the address of any account.
    pub(crate) async fn notify_at(
        &self,
        psp: &str,
        account: AccountId,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> Taken {
        let mut map = http::HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let inbound = Inbound { headers: map, body: body.to_owned().into(), received_at: self.clock.now() };
        self.engine.take_psp_notification(psp, account, inbound).await.unwrap()
    }

    /// Adds another account of the merchant's at a PSP, with the same keys.
    pub(crate) async fn second_account(&self, psp: &Psp) -> AccountId {
        let new = NewAccount {
            merchant: self.merchant,
            psp: psp.name.into(),
            name: "the other".into(),
            environment: Environment::Sandbox,
            max_in_flight: 4,
            base_url: Some(format!("{SANDBOX_URL}{}", psp.path)),
            public_url: None,
            credentials: Credentials::from_json(psp.credentials().to_string().as_bytes()).unwrap(),
        };
        self.engine.add_account(new).await.unwrap().id
    }

    pub(crate) async fn ledger(&self) -> Vec<Effect> {
        let request = http::Request::get("/control/ledger").body(Body::empty()).unwrap();
        let body = self.sandbox.send(request).await.into_body().collect().await.unwrap().to_bytes();
        let ledger: Value = serde_json::from_slice(&body).unwrap();
        let effects = ledger["effects"].as_array().unwrap().iter();
        effects
            .map(|effect| Effect {
                key: effect["key"].as_str().unwrap().to_owned(),
                amount_minor: effect["amount_minor"].as_i64().unwrap(),
                state: effect["state"].as_str().unwrap().to_owned(),
            })
            .collect()
    }

    pub(crate) fn ask(&self, order_ref: &str, amount: &str) -> RefundRequest {
        let amount = match amount {
            "full" => AskedAmount::Remainder,
            sum => AskedAmount::Exactly(Decimal::from_text(sum).unwrap()),
        };
        RefundRequest {
            merchant: self.merchant,
            order_ref: order_ref.into(),
            ask: Ask::of(amount),
            reason: "customer request".into(),
            description: None,
            merchant_refund_id: None,
            metadata: None,
            asked_by: KeyId::from_bytes([7; 16]).into(),
            idempotency_key: None,
        }
    }

    pub(crate) async fn refund(&self, order_ref: &str, amount: &str) -> Refund {
        match self.engine.make_refund(self.ask(order_ref, amount)).await.unwrap() {
            Made::New(refund, _) => *refund,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn now_stands(&self, refund: &Refund) -> Refund {
        self.engine.refund(self.merchant, None, RefundBy::Id(refund.id)).await.unwrap().unwrap().0
    }

    pub(crate) async fn open_cases(&self) -> Vec<Case> {
        self.store
            .read(ListOpenCases { merchant: Some(self.merchant), after: None, limit: 100 })
            .await
            .unwrap()
    }

    /// Lets whatever can run run, at the time it is.
    pub(crate) async fn settle_down(&self) {
        for _ in 0..60 {
            tokio::task::yield_now().await;
        }
    }

    /// Lets so much time pass, with everybody at work.
    pub(crate) async fn pass(&self, span: Duration) {
        let end = self.clock.now().plus(span);
        loop {
            self.settle_down().await;
            self.sandbox.run_due().await.unwrap();
            while self.engine.work_refunds_once().await.unwrap() {}
            while self.engine.work_late_checks_once().await.unwrap() {}
            self.settle_down().await;
            if self.clock.now() >= end {
                return;
            }
            self.clock.advance(TICK);
        }
    }
}

/// Where a PSP's notifications arrive.
fn notified_at(psp: &Psp) -> String {
    format!("{REDRESS_URL}/psp/{}/{}", psp.name, psp.account)
}

fn start(store: &Store, world: &World, vault: &Arc<Vault>, psps: &Arc<Psps>) -> Engine {
    let transport: Arc<dyn Transport> = Arc::<Psps>::clone(psps);
    Engine::new(EngineParts {
        store: store.clone(),
        world: world.clone(),
        config: short_config(),
        psp_transport: Arc::clone(&transport),
        notify_transport: transport,
        connectors: redress_psp::registry::by_name,
        vault: Arc::clone(vault),
    })
}
