//! A whole Redress without a socket: the faces over an engine on a store in memory, one merchant with a payment, PSPs that
//! do not answer, and a clock that moves on while a request waits.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use redress_core::balance::Balance;
use redress_core::environment::Environment;
use redress_core::id::{AccountId, MerchantId};
use redress_core::money::{Amount, Currency};
use redress_engine::admin::accounts::{Credentials, NewAccount};
use redress_engine::admin::keys::CredentialKind;
use redress_engine::admin::payments::NewPayment;
use redress_engine::config::EngineConfig;
use redress_engine::engine::{Engine, EngineParts};
use redress_engine::testing::{ManualClock, world};
use redress_engine::vault::{Vault, generate_line};
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use redress_store::Store;
use secrecy::{ExposeSecret, SecretString};
use tower::ServiceExt;

use crate::psps::{self, NOW};

/// The order that the corpus names.
pub(crate) const ORDER: &str = "order-1";

/// What was captured of it, in minor units of SAR.
pub(crate) const CAPTURED: i64 = 1_000_000;

/// So often everybody gets their turn before the clock moves.
const TURNS: usize = 60;

/// A key and its secret.
pub(crate) struct Key {
    pub(crate) public: String,
    pub(crate) secret: SecretString,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// All of it.
pub(crate) struct World {
    runtime: tokio::runtime::Runtime,
    router: Router,
    clock: Arc<ManualClock>,
    pub(crate) engine: Engine,
    pub(crate) merchant: MerchantId,
    pub(crate) merchant_code: String,
    pub(crate) account: AccountId,
    pub(crate) portone: Key,
    pub(crate) sgate: Key,
    pub(crate) api: Key,
}

impl World {
    /// The same every time.
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let made = runtime.block_on(make());
        let Made { router, clock, engine, merchant, merchant_code, account, keys: [portone, sgate, api] } =
            made;
        Self { runtime, router, clock, engine, merchant, merchant_code, account, portone, sgate, api }
    }

    /// Sends a request to the faces. While it waits and nobody else has anything to do, the time moves on.
    pub(crate) fn send(&self, request: Request<Body>) -> Answer {
        let answered = async {
            let Ok(answer) = self.router.clone().oneshot(request).await;
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.expect("a body").to_bytes();
            Answer { status: parts.status, headers: parts.headers, body }
        };
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                answer = answered => answer,
                () = self.let_time_pass() => unreachable!("time does not end"),
            }
        })
    }

    /// The books of [`ORDER`].
    pub(crate) fn balance(&self) -> Balance {
        let order = self.runtime.block_on(self.engine.order(self.merchant, None, ORDER));
        order.expect("it can be read").expect("it is there").payment.balance
    }

    async fn let_time_pass(&self) {
        loop {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            if self.clock.advance_to_next().is_none() {
                tokio::task::yield_now().await;
            }
        }
    }
}

struct Made {
    router: Router,
    clock: Arc<ManualClock>,
    engine: Engine,
    merchant: MerchantId,
    merchant_code: String,
    account: AccountId,
    keys: [Key; 3],
}

async fn make() -> Made {
    let (world, clock, _) = world(NOW, 7);
    let store = Store::in_line_sqlite().expect("a store");
    store.migrate(redress_store::MIGRATIONS, NOW.as_micros()).await.expect("tables");
    let vault = Vault::parse(generate_line(&*world.random).expose_secret()).expect("a vault");
    let engine = Engine::new(EngineParts {
        store,
        world,
        config: EngineConfig::default(),
        psp_transport: Arc::new(Away),
        notify_transport: Arc::new(Away),
        connectors: redress_psp::registry::by_name,
        vault: Arc::new(vault),
    });
    let merchant = engine.add_merchant("Fuzzed", Some("M948164")).await.expect("a merchant");
    let sandbox = Some(Environment::Sandbox);
    let key = async |kind, environment| {
        let (key, secret) = engine.add_key(merchant.id, kind, environment).await.expect("a key");
        Key { public: key.public_key, secret }
    };
    let keys = [
        key(CredentialKind::Portone, None).await,
        key(CredentialKind::Sgate, sandbox).await,
        key(CredentialKind::Api, sandbox).await,
    ];
    let psp = psps::named("tap");
    let account = NewAccount {
        merchant: merchant.id,
        psp: psp.name.to_owned(),
        name: psp.name.to_owned(),
        environment: Environment::Sandbox,
        max_in_flight: 16,
        base_url: Some("https://psp.test".to_owned()),
        public_url: None,
        credentials: Credentials::from_json(psp.credentials.as_bytes()).expect("texts"),
    };
    let account = engine.add_account(account).await.expect("an account").id;
    let payment = NewPayment {
        environment: Environment::Sandbox,
        order_ref: ORDER.to_owned(),
        merchant_order_ref: Some("merchant-order-1".to_owned()),
        account,
        psp_payment_id: psp.payment.to_owned(),
        captured: Amount::new(CAPTURED, Currency::from_code(psp.currency).expect("a currency")),
        refunded_before: 0,
        captured_at: NOW,
        channel: Some("TAP".to_owned()),
        payment_method: Some("tap".to_owned()),
        customer_ref: None,
        notification_url: None,
    };
    engine.import_payments(merchant.id, vec![payment]).await.expect("a payment");
    let router = redress_http::router::router(engine.clone());
    Made { router, clock, merchant: merchant.id, merchant_code: merchant.code, account, keys, engine }
}

/// A network on which nobody answers.
struct Away;

impl Transport for Away {
    fn send<'a>(&'a self, _: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        Box::pin(std::future::ready(Err(TransportError::Broken("no answer".to_owned()))))
    }
}
