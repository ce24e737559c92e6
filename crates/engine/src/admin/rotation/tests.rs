use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use futures_util::future::BoxFuture;
use redress_core::environment::Environment::{Live, Sandbox};
use redress_core::event::EventKind;
use redress_core::time::Timestamp;
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use redress_store::testing::TestStores;
use redress_store::{Fault, Faults, Store, StoreError};
use secrecy::ExposeSecret;

use super::*;
use crate::admin::accounts::NewAccount;
use crate::admin::endpoints::{Dialect, NewEndpoint};
use crate::admin::keys::CredentialKind;
use crate::config::EngineConfig;
use crate::engine::EngineParts;
use crate::testing::{SeededRandom, world};
use crate::vault::{Vault, generate_line};

const START: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

struct Nowhere;

impl Transport for Nowhere {
    fn send<'a>(&'a self, _: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        Box::pin(async { Err(TransportError::NotSent("nothing is sent here".into())) })
    }
}

/// The key file's line of a seed, and the id in it.
fn line(seed: u64) -> (String, String) {
    let line = generate_line(&SeededRandom::new(seed)).expose_secret().to_owned();
    let id = line.split_once(':').unwrap().0.to_owned();
    (line, id)
}

fn engine(store: &Store, seeds: &[u64]) -> Engine {
    let lines: Vec<_> = seeds.iter().map(|seed| line(*seed).0).collect();
    Engine::new(EngineParts {
        store: store.clone(),
        world: world(START, 77).0,
        config: EngineConfig::default(),
        psp_transport: Arc::new(Nowhere),
        notify_transport: Arc::new(Nowhere),
        connectors: redress_psp::registry::by_name,
        vault: Arc::new(Vault::parse(&lines.join("\n")).unwrap()),
    })
}

/// A merchant with enough secrets for several batches, in each column, sealed with the key of seed 1. Answers how many.
async fn secrets(store: &Store) -> u64 {
    let engine = engine(store, &[1]);
    let merchant = engine.add_merchant("Shop", Some("M1")).await.unwrap().id;
    let keys = u64::from(RESEAL_AT_ONCE) + 5;
    for n in 0..keys {
        let (key, _) = engine.add_key(merchant, CredentialKind::Sgate, Some(Live)).await.unwrap();
        if n == 0 {
            engine.revoke_key(merchant, key.id).await.unwrap();
        }
    }
    let account = NewAccount {
        merchant,
        psp: "tap".into(),
        name: "Tap".into(),
        environment: Sandbox,
        max_in_flight: 4,
        base_url: None,
        public_url: None,
        credentials: [("secret_key".to_owned(), "sk_test_1".to_owned())].into_iter().collect(),
    };
    engine.add_account(account).await.unwrap();
    let endpoint = NewEndpoint {
        merchant,
        name: "E".into(),
        url: "https://merchant.example/".into(),
        dialect: Dialect::Standard,
        environment: Sandbox,
        event_mask: Some(EventKind::all_bits()),
        credential: None,
    };
    let (endpoint, _) = engine.add_endpoint(endpoint).await.unwrap();
    engine.rotate_endpoint_secret(merchant, endpoint.id, None).await.unwrap();
    keys + 3
}

/// One pass, as far as it goes.
async fn pass(engine: &Engine) -> Result<(u64, Vec<String>), AdminError> {
    let (mut resealed, mut failed) = (0, Vec::new());
    let mut next = Some(ResealCursor::default());
    while let Some(from) = next {
        let batch = engine.reseal_batch(from).await?;
        resealed += batch.resealed;
        failed.extend(batch.failed);
        next = batch.next;
    }
    Ok((resealed, failed))
}

async fn in_use(store: &Store) -> BTreeMap<String, u64> {
    master_keys_in_use(store).await.unwrap()
}

async fn all_open(engine: &Engine) {
    let check = engine.check_secrets().await.unwrap();
    assert!(check.failed.is_empty() && check.opened > 50, "{check:?}");
}

#[tokio::test]
async fn every_secret_is_sealed_anew_and_then_the_old_key_is_needed_no_more() {
    TestStores::each(|store| async move {
        let count = secrets(&store).await;
        assert_eq!(in_use(&store).await, BTreeMap::from([(line(1).1, count)]));
        let rotating = engine(&store, &[2, 1]);
        assert_eq!(pass(&rotating).await, Ok((count, Vec::new())));
        assert_eq!(in_use(&store).await, BTreeMap::from([(line(2).1, count)]));
        all_open(&engine(&store, &[2])).await;
        assert_eq!(pass(&rotating).await, Ok((0, Vec::new())), "nothing is left to do");
    })
    .await;
}

/// The n-th time that secrets are replaced, the database goes away: before, or after it was done.
struct Dies {
    left: AtomicU32,
    how: fn() -> Fault,
}

impl Faults for Dies {
    fn next(&self, operation: &'static str) -> Fault {
        let counts = operation == "reseal";
        let dies = counts && self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)) == Ok(1);
        if dies { (self.how)() } else { Fault::None }
    }
}

#[tokio::test]
async fn whatever_ends_it_in_its_middle_every_secret_opens_and_the_next_run_goes_on() {
    let hows: [fn() -> Fault; 3] =
        [|| Fault::Refuse(StoreError::unavailable("gone")), || Fault::FailStatement(3), || Fault::LoseAnswer];
    for how in hows {
        for nth in 1..=3 {
            TestStores::each(|store| async move {
                let count = secrets(&store).await;
                let dies = Dies { left: AtomicU32::new(nth), how };
                let dying = engine(&store.clone().with_faults(Arc::new(dies)), &[2, 1]);
                let died = pass(&dying).await;
                // Of the smaller batches some have no fourth statement.
                if died.is_err() {
                    all_open(&engine(&store, &[2, 1])).await;
                    let used = in_use(&store).await;
                    assert_eq!(used.values().sum::<u64>(), count, "{used:?}");
                    let rest = used.get(&line(1).1).copied().unwrap_or(0);
                    assert_eq!(pass(&engine(&store, &[2, 1])).await, Ok((rest, Vec::new())));
                }
                assert_eq!(in_use(&store).await, BTreeMap::from([(line(2).1, count)]));
            })
            .await;
        }
    }
}

#[tokio::test]
async fn what_does_not_open_is_named_and_left_as_it_is() {
    let store = Store::in_line_sqlite().unwrap();
    store.migrate(MIGRATIONS, 0).await.unwrap();
    let count = secrets(&store).await;
    let (resealed, failed) = pass(&engine(&store, &[3, 2])).await.unwrap();
    assert_eq!((resealed, failed.len() as u64), (0, count));
    assert!(failed[0].contains(&line(1).1), "{}", failed[0]);
    assert_eq!(in_use(&store).await, BTreeMap::from([(line(1).1, count)]));
}

/// Whoever puts the new program in place first takes the backup before the upgrade with it.
#[tokio::test]
async fn older_tables_are_asked_for_what_they_have() {
    for taken in 0..=MIGRATIONS.len() {
        let store = Store::in_line_sqlite().unwrap();
        store.migrate(&MIGRATIONS[..taken], 0).await.unwrap();
        assert_eq!(master_keys_in_use(&store).await, Ok(BTreeMap::new()), "after {taken} migrations");
    }
}
