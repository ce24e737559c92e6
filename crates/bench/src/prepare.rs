//! A merchant with a paused PSP account and many captured payments.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use redress_core::environment::Environment;
use redress_core::event::EventKind;
use redress_core::id::{AccountId, KeyId, MerchantId, PaymentId};
use redress_core::money::{Amount, Currency};
use redress_core::policy::{AccountState, Ask, AskedAmount};
use redress_engine::accept::{Made, RefundRequest};
use redress_engine::admin::accounts::{Credentials, MAX_IN_FLIGHT, NewAccount};
use redress_engine::admin::endpoints::{Dialect, NewEndpoint};
use redress_engine::admin::keys::CredentialKind;
use redress_engine::config::EngineConfig;
use redress_engine::engine::{Engine, EngineParts};
use redress_engine::real_world::{OsRandom, SystemClock, TokioSpawner};
use redress_engine::vault::{Vault, generate_line};
use redress_engine::world::{Clock, Random, World};
use redress_psp::guard::GuardPolicy;
use redress_psp::http::{HttpClient, HttpClientConfig};
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use redress_store::ops::payments::{NewPayment, UPSERT_PAYMENTS_MAX, UpsertPayments, Upserted};
use redress_store::{MIGRATIONS, Store};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::measure::now;
use crate::place::{Place, open};

/// Refunds that are there to be read.
const READ_REFUNDS: u32 = 2_000;

/// Batches of payments under way at once.
const BATCHES_AT_ONCE: usize = 8;

/// What was captured by each payment, in minor units of VND: many refunds of 1000 fit into it.
pub(crate) const CAPTURED_MINOR: i64 = 50_000_000;

/// Credentials of no one: the account stays paused.
const CREDENTIALS: &[u8] = br#"{"partner_code": "BENCH", "access_key": "none", "secret_key": "none"}"#;

/// Those that the sandbox takes; MoMo prints them in its documentation.
const CREDENTIALS_OF_THE_SANDBOX: &[u8] = br#"{"partner_code": "MOMO", "access_key": "F8BBA842ECF85",
    "secret_key": "K951B6PE1waDMi640xX08PD3vg6EkVlz"}"#;

/// A loaded database, and who may refund its payments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Prepared {
    pub(crate) payments: u32,
    pub(crate) load_millis: u64,
    pub(crate) merchant: String,
    pub(crate) sgate_key: String,
    pub(crate) sgate_secret: String,
    pub(crate) api_key: String,
    /// Some that are there to be read.
    pub(crate) refunds: Vec<String>,
    pub(crate) master_key: String,
    /// Of the tables' definitions: a database of others is loaded anew.
    tables: u64,
}

impl Prepared {
    /// A request of the own API that reads.
    pub(crate) fn get(&self, path: &str) -> String {
        let key = &self.api_key;
        format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n\r\n")
    }
}

/// The reference of a payment: as long as SGate's.
pub(crate) fn order_ref(payment: u32) -> String {
    format!("M948164T2026110{payment:014}")
}

/// Loads a SQLite database, or takes up one that was kept.
pub(crate) async fn sqlite(database: &Path, payments: u32) -> Outcome<Prepared> {
    let note = database.with_extension("json");
    let kept = fs::read(&note).ok().and_then(|text| serde_json::from_slice::<Prepared>(&text).ok());
    if let Some(kept) = kept.filter(|kept| kept.payments == payments && kept.tables == tables())
        && database.is_file()
    {
        return Ok(kept);
    }
    crate::copy::remove(database);
    let store = open(&Place::Sqlite(database.to_owned()), redress_store::GROUP_OPS_MAX)?;
    let prepared = fill(&store, payments, None).await?;
    // The last handle waits for the writer, which leaves the log empty.
    drop(store);
    let text = serde_json::to_vec(&prepared).map_err(|error| error.to_string())?;
    fs::write(&note, text).map_err(|error| format!("{}: {error}", note.display()))?;
    Ok(prepared)
}

/// The PSP and the merchant's endpoint that refunds are settled and told to.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    pub(crate) sandbox_url: String,
    pub(crate) sink_url: String,
    /// Refunds that are sent at once.
    pub(crate) max_in_flight: u32,
}

/// Fills an empty database: with an account that is paused and no endpoint, or with an active one and an endpoint that is
/// told of each success.
pub(crate) async fn fill(store: &Store, payments: u32, peers: Option<&Peers>) -> Outcome<Prepared> {
    let started = now();
    let said = |error: &dyn std::fmt::Display| format!("the database cannot be filled: {error}");
    store.migrate(MIGRATIONS, SystemClock.now().as_micros()).await.map_err(|error| said(&error))?;
    let random = OsRandom::new().map_err(|error| said(&error))?;
    let master_key = generate_line(&random).expose_secret().to_owned();
    let engine = engine(store.clone(), &master_key, false)?;
    let merchant = engine.add_merchant("Bench", None).await.map_err(|error| said(&error))?.id;
    let (key, secret) = engine
        .add_key(merchant, CredentialKind::Sgate, Some(Environment::Sandbox))
        .await
        .map_err(|error| said(&error))?;
    let (_, api_key) = engine
        .add_key(merchant, CredentialKind::Api, Some(Environment::Sandbox))
        .await
        .map_err(|error| said(&error))?;
    let account = engine.add_account(account_of(merchant, peers)).await.map_err(|error| said(&error))?.id;
    match peers {
        Some(peers) => {
            let endpoint = endpoint_of(merchant, &peers.sink_url);
            engine.add_endpoint(endpoint).await.map_err(|error| said(&error))?;
        }
        None => {
            let paused = engine.set_account_state(merchant, account, AccountState::Paused).await;
            paused.map_err(|error| said(&error))?;
        }
    }
    load(store, merchant, account, payments, peers.is_none()).await?;
    let refunds = match peers {
        Some(_) => Vec::new(),
        None => refunds(&engine, merchant, payments.min(READ_REFUNDS)).await?,
    };
    Ok(Prepared {
        payments,
        refunds,
        api_key: api_key.expose_secret().to_owned(),
        load_millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        merchant: merchant.to_string(),
        sgate_key: key.public_key,
        sgate_secret: secret.expose_secret().to_owned(),
        master_key,
        tables: tables(),
    })
}

/// Makes refunds that stay queued; their ids.
async fn refunds(engine: &Engine, merchant: MerchantId, count: u32) -> Outcome<Vec<String>> {
    let mut made = Vec::new();
    for number in 0..count {
        let request = RefundRequest {
            merchant,
            order_ref: order_ref(number),
            ask: Ask::of(AskedAmount::Minor(1_000)),
            reason: "requested_by_customer".to_owned(),
            description: None,
            merchant_refund_id: Some(format!("READ-{number:09}")),
            metadata: None,
            asked_by: KeyId::from_bytes([7; 16]).into(),
            idempotency_key: None,
        };
        match engine.make_refund(request).await {
            Ok(Made::New(refund, _)) => made.push(refund.id.to_string()),
            Ok(_) => return Err("a refund was not accepted".to_owned()),
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(made)
}

async fn load(
    store: &Store,
    merchant: MerchantId,
    account: AccountId,
    payments: u32,
    own_address: bool,
) -> Outcome {
    let batch = u32::try_from(UPSERT_PAYMENTS_MAX).unwrap_or(1);
    let mut batches = (0..payments).step_by(UPSERT_PAYMENTS_MAX).map(|from| from..payments.min(from + batch));
    let mut under_way = JoinSet::new();
    loop {
        while under_way.len() < BATCHES_AT_ONCE
            && let Some(numbers) = batches.next()
        {
            let now = SystemClock.now();
            let rows = numbers.map(|number| payment(account, number, own_address)).collect();
            let (store, upsert) = (store.clone(), UpsertPayments { merchant, rows, now });
            under_way.spawn(async move { store.run(upsert).await });
        }
        let Some(done) = under_way.join_next().await else { return Ok(()) };
        let made = done.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        if let Some(refused) = made.iter().find(|made| !matches!(made, Upserted::Created(_))) {
            return Err(format!("a payment was not taken in: {refused:?}"));
        }
    }
}

/// The PSP's id of a payment.
pub(crate) fn psp_payment_id(number: u32) -> String {
    format!("4{number:010}")
}

fn payment(account: AccountId, number: u32, own_address: bool) -> NewPayment {
    let captured_at = SystemClock.now();
    let mut random = [0; 10];
    random[..4].copy_from_slice(&number.to_be_bytes());
    NewPayment {
        id: PaymentId::new(captured_at, random),
        environment: Environment::Sandbox,
        order_ref: order_ref(number),
        merchant_order_ref: Some(format!("SO-2026-{number:09}")),
        account,
        psp_payment_id: psp_payment_id(number),
        captured: Amount::new(CAPTURED_MINOR, Currency::from_code("VND").expect("a currency of ISO 4217")),
        refunded_before: 0,
        captured_at,
        channel: Some("MOMOPAY".to_owned()),
        payment_method: Some("MOMOPAY_WALLET".to_owned()),
        customer_ref: Some(format!("C{number:010}")),
        notification_url: own_address.then(|| "https://merchant.example/refunds".to_owned()),
    }
}

fn endpoint_of(merchant: MerchantId, sink_url: &str) -> NewEndpoint {
    NewEndpoint {
        merchant,
        name: "Sink".to_owned(),
        url: sink_url.to_owned(),
        dialect: Dialect::Standard,
        environment: Environment::Sandbox,
        event_mask: Some(EventKind::Succeeded.bit()),
        credential: None,
    }
}

fn account_of(merchant: MerchantId, peers: Option<&Peers>) -> NewAccount {
    let credentials = match peers {
        Some(_) => CREDENTIALS_OF_THE_SANDBOX,
        None => CREDENTIALS,
    };
    NewAccount {
        merchant,
        psp: "momo".to_owned(),
        name: "Bench".to_owned(),
        environment: Environment::Sandbox,
        max_in_flight: peers.map_or(MAX_IN_FLIGHT, |peers| peers.max_in_flight),
        base_url: peers.map(|peers| peers.sandbox_url.clone()),
        public_url: None,
        credentials: Credentials::from_json(credentials).expect("credentials in JSON"),
    }
}

/// The use cases over a store, with the real time and the default settings; with a network of this machine alone, or with
/// none.
pub(crate) fn engine(store: Store, master_key: &str, network: bool) -> Outcome<Engine> {
    let transport: Arc<dyn Transport> = match network {
        true => {
            let guard = GuardPolicy { allow_loopback: true, ..GuardPolicy::default() };
            let config = HttpClientConfig { guard, ..HttpClientConfig::default() };
            Arc::new(HttpClient::new(config).map_err(|error| error.to_string())?)
        }
        false => Arc::new(NoNetwork),
    };
    let random: Arc<dyn Random> = Arc::new(OsRandom::new().map_err(|error| error.to_string())?);
    let spawner = Arc::new(TokioSpawner::new(Handle::current()));
    Ok(Engine::new(EngineParts {
        store,
        world: World { clock: Arc::new(SystemClock), random, spawner },
        config: EngineConfig::default(),
        psp_transport: Arc::clone(&transport),
        notify_transport: transport,
        connectors: redress_psp::registry::by_name,
        vault: Arc::new(Vault::parse(master_key).map_err(|error| error.to_string())?),
    }))
}

/// Nothing is sent anywhere: the account is paused, and there are no endpoints.
struct NoNetwork;

impl Transport for NoNetwork {
    fn send<'a>(&'a self, _: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        let reason = "a benchmark speaks to nobody".to_owned();
        Box::pin(std::future::ready(Err(TransportError::NotSent(reason))))
    }
}

/// Tells one set of tables from another.
pub(crate) fn tables() -> u64 {
    let mut hasher = DefaultHasher::new();
    MIGRATIONS.iter().for_each(|step| step.sql.hash(&mut hasher));
    hasher.finish()
}
