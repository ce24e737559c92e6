//! A shop for the tests of lists and sums: a store in line, time by hand, and an account that sends nothing.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use redress_core::decimal::Decimal;
use redress_core::environment::Environment;
use redress_core::id::{AccountId, KeyId, MerchantId};
use redress_core::money::{Amount, Currency};
use redress_core::policy::{AccountState, Ask, AskedAmount};
use redress_core::refund::Refund;
use redress_core::time::Timestamp;
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use redress_store::{MIGRATIONS, Store};
use secrecy::ExposeSecret;

use crate::accept::{Made, RefundRequest};
use crate::admin::accounts::NewAccount;
use crate::admin::payments::NewPayment;
use crate::config::EngineConfig;
use crate::engine::{Engine, EngineParts};
use crate::testing::{ManualClock, SeededRandom, world};
use crate::vault::{Vault, generate_line};

/// 2026-09-21T13:46:40Z.
pub(crate) const START: Timestamp = Timestamp::from_micros(1_789_998_400_000_000);

struct Nowhere;

impl Transport for Nowhere {
    fn send<'a>(&'a self, _: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        Box::pin(async { Err(TransportError::NotSent("nothing is sent here".into())) })
    }
}

pub(crate) struct Shop {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) merchant: MerchantId,
    pub(crate) account: AccountId,
}

impl Shop {
    /// In a store with Redress's tables.
    pub(crate) async fn in_store(store: Store) -> Self {
        let (world, clock, _) = world(START, 7);
        let key = generate_line(&SeededRandom::new(1));
        let engine = Engine::new(EngineParts {
            store,
            world,
            config: EngineConfig::default(),
            psp_transport: Arc::new(Nowhere),
            notify_transport: Arc::new(Nowhere),
            connectors: redress_psp::registry::by_name,
            vault: Arc::new(Vault::parse(key.expose_secret()).unwrap()),
        });
        let merchant = engine.add_merchant("Shop", None).await.unwrap().id;
        let new = NewAccount {
            merchant,
            psp: "tap".into(),
            name: "Tap".into(),
            environment: Environment::Sandbox,
            max_in_flight: 4,
            base_url: None,
            public_url: Some("https://refunds.example/".into()),
            credentials: [("secret_key".to_owned(), "sk_test_1".to_owned())].into_iter().collect(),
        };
        let account = engine.add_account(new).await.unwrap().id;
        engine.set_account_state(merchant, account, AccountState::Paused).await.unwrap();
        Self { engine, clock, merchant, account }
    }

    pub(crate) async fn new() -> Self {
        let store = Store::in_line_sqlite().unwrap();
        store.migrate(MIGRATIONS, 0).await.unwrap();
        Self::in_store(store).await
    }

    pub(crate) fn payment(&self, n: u32, minor: i64) -> NewPayment {
        NewPayment {
            environment: Environment::Sandbox,
            order_ref: format!("o-{n}"),
            merchant_order_ref: None,
            account: self.account,
            psp_payment_id: format!("p-{n}"),
            captured: Amount::new(minor, Currency::from_code("SAR").unwrap()),
            refunded_before: 0,
            captured_at: self.engine.now(),
            channel: None,
            payment_method: None,
            customer_ref: None,
            notification_url: None,
        }
    }

    /// Takes payments in; none is refused.
    pub(crate) async fn take_in(&self, payments: Vec<NewPayment>) {
        for imported in self.engine.import_payments(self.merchant, payments).await.unwrap() {
            assert!(imported.refusal().is_none(), "{imported:?}");
        }
    }

    /// Asks for a refund of the n-th payment, which stays queued.
    pub(crate) async fn refund(&self, n: u32, amount: &str) -> Refund {
        let request = RefundRequest {
            merchant: self.merchant,
            order_ref: format!("o-{n}"),
            ask: Ask::of(AskedAmount::Exactly(Decimal::from_text(amount).unwrap())),
            reason: "broken".to_owned(),
            description: None,
            merchant_refund_id: None,
            metadata: None,
            asked_by: KeyId::from_bytes([9; 16]).into(),
            idempotency_key: None,
        };
        match self.engine.make_refund(request).await.unwrap() {
            Made::New(refund, _) => *refund,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}
