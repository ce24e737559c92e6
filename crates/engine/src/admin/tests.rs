use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use redress_core::environment::Environment::{Live, Sandbox};
use redress_core::event::EventKind;
use redress_core::id::{AccountId, KeyId, MerchantId};
use redress_core::money::{Amount, Currency};
use redress_core::policy::AccountState;
use redress_core::right::{Right, Rights};
use redress_core::role::{RefundLimits, Role};
use redress_core::time::Timestamp;
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use redress_store::ops::payments::{UpsertPayments, Upserted};
use redress_store::{MIGRATIONS, Store};
use secrecy::{ExposeSecret, SecretString};

use super::AdminError;
use super::accounts::{AccountEdit, Credentials, NewAccount};
use super::endpoints::{Dialect, NewEndpoint, default_events};
use super::keys::{self, CredentialKind};
use super::merchants::Merchant;
use super::payments::{Imported, NewPayment};
use crate::config::EngineConfig;
use crate::directory::ENDPOINT_COLUMN;
use crate::engine::{Engine, EngineParts};
use crate::portal::audit::By;
use crate::portal::people::{NewPassword, NewUser};
use crate::testing::{SeededRandom, world};
use crate::vault::{SealContext, Vault, generate_line};
use crate::world::World;

const START: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

struct Nowhere;

impl Transport for Nowhere {
    fn send<'a>(&'a self, _: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        Box::pin(async { Err(TransportError::NotSent("nothing is sent here".into())) })
    }
}

async fn store() -> Store {
    let store = Store::in_line_sqlite().unwrap();
    store.migrate(MIGRATIONS, 0).await.unwrap();
    store
}

/// An engine over a store, with the master key of a seed.
fn engine(store: &Store, seed: u64) -> Engine {
    engine_in(store, world(START, seed).0, seed)
}

fn engine_in(store: &Store, world: World, seed: u64) -> Engine {
    let line = generate_line(&SeededRandom::new(seed));
    Engine::new(EngineParts {
        store: store.clone(),
        world,
        config: EngineConfig::default(),
        psp_transport: Arc::new(Nowhere),
        notify_transport: Arc::new(Nowhere),
        connectors: redress_psp::registry::by_name,
        vault: Arc::new(Vault::parse(line.expose_secret()).unwrap()),
    })
}

async fn with_merchant() -> (Engine, Merchant) {
    let engine = engine(&store().await, 1);
    let merchant = engine.add_merchant("Shop", Some("M948164")).await.unwrap();
    (engine, merchant)
}

#[track_caller]
fn invalid<T: std::fmt::Debug>(result: Result<T, AdminError>, on: &str) {
    match result {
        Err(AdminError::Invalid { field, .. }) => assert_eq!(field, on),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn merchants_are_found_by_code_and_by_id() {
    let (engine, merchant) = with_merchant().await;
    for name in ["M948164".to_owned(), merchant.id.to_string()] {
        assert_eq!(engine.merchant_named(&name).await.unwrap(), merchant);
    }
    assert_eq!(engine.merchant_named("M2").await, Err(AdminError::NotFound("merchant")));
    assert!(matches!(engine.add_merchant("B", Some("M948164")).await, Err(AdminError::Conflict(_))));
    invalid(engine.add_merchant("B", Some(&merchant.id.to_string())).await, "code");
    invalid(engine.add_merchant(" ", None).await, "name");
    let drawn = engine.add_merchant("B", None).await.unwrap();
    assert!(drawn.code.starts_with('M') && drawn.code.len() == 7, "{}", drawn.code);
}

#[tokio::test]
async fn a_key_opens_its_door_until_it_is_revoked() {
    let (engine, merchant) = with_merchant().await;
    let id = merchant.id;
    let (portone, secret) = engine.add_key(id, CredentialKind::Portone, None).await.unwrap();
    let caller = engine.portone_caller(&portone.public_key).await.unwrap().unwrap();
    assert_eq!((caller.merchant, caller.secret_text()), (id, secret.expose_secret()));
    let (sgate, secret) = engine.add_key(id, CredentialKind::Sgate, Some(Live)).await.unwrap();
    let caller = engine.sgate_caller(&sgate.public_key).await.unwrap().unwrap();
    assert_eq!((caller.environment, caller.secret_text()), (Some(Live), secret.expose_secret()));
    let (api, secret) = engine.add_key(id, CredentialKind::Api, Some(Sandbox)).await.unwrap();
    assert_eq!(engine.api_caller(secret.expose_secret()).await.unwrap().unwrap().environment, Sandbox);

    assert_eq!(engine.revoke_key(id, api.id).await, Ok(true));
    engine.parts.directory.refresh().await.unwrap();
    assert!(engine.api_caller(secret.expose_secret()).await.unwrap().is_none());
    assert_eq!(engine.revoke_key(id, api.id).await, Ok(false));
    let other = engine.add_merchant("Other", None).await.unwrap();
    assert_eq!(engine.revoke_key(other.id, sgate.id).await, Err(AdminError::NotFound("key")));
    assert_eq!(engine.list_keys(id).await.unwrap().len(), 3);
    assert!(engine.list_keys(other.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_key_that_is_replaced_opens_its_door_until_it_ends() {
    let store = store().await;
    let (world, clock, _) = world(START, 1);
    let engine = engine_in(&store, world, 1);
    let merchant = engine.add_merchant("Shop", None).await.unwrap().id;
    let hour = Duration::from_secs(3_600);
    let rights = Rights::of(&[Right::CloseCases]);
    let (old, old_secret) =
        engine.add_key_with(merchant, CredentialKind::Api, Some(Live), rights).await.unwrap();
    // Kept in memory from here.
    engine.api_caller(old_secret.expose_secret()).await.unwrap().unwrap();
    let (new, new_secret) = engine.rotate_key(merchant, old.id, hour).await.unwrap();
    assert_eq!((new.kind, new.environment, new.rights), (old.kind, old.environment, old.rights));
    engine.parts.directory.refresh().await.unwrap();
    let opens = async |secret: &SecretString| {
        engine.api_caller(secret.expose_secret()).await.unwrap().map(|found| found.caller.credential)
    };
    assert_eq!(opens(&old_secret).await, Some(old.id));
    assert_eq!(opens(&new_secret).await, Some(new.id));
    clock.advance(hour - Duration::from_micros(1));
    assert_eq!(opens(&old_secret).await, Some(old.id));
    clock.advance(Duration::from_micros(1));
    assert_eq!(opens(&old_secret).await, None, "nothing has to be told to a server");
    assert_eq!(opens(&new_secret).await, Some(new.id));
    assert!(matches!(engine.rotate_key(merchant, old.id, hour).await, Err(AdminError::Conflict(_))));
    let nobodys = KeyId::from_bytes([9; 16]);
    assert_eq!(engine.rotate_key(merchant, nobodys, hour).await.err(), Some(AdminError::NotFound("key")));
    let too_long = engine.rotate_key(merchant, new.id, keys::KEY_OVERLAP_MAX + hour).await;
    assert!(matches!(too_long, Err(AdminError::Invalid { field: "overlap", .. })));
    // Revoked before its end.
    let (newest, _) = engine.rotate_key(merchant, new.id, hour).await.unwrap();
    assert_eq!(engine.revoke_key(merchant, new.id).await, Ok(true));
    engine.parts.directory.refresh().await.unwrap();
    assert_eq!(opens(&new_secret).await, None);
    assert_eq!(engine.list_keys(merchant).await.unwrap().last().unwrap().id, newest.id);
}

#[tokio::test]
async fn a_merchant_that_is_revoked_keeps_no_key_that_was_to_go_on_for_a_while() {
    let (engine, merchant) = with_merchant().await;
    let (old, secret) = engine.add_key(merchant.id, CredentialKind::Api, Some(Live)).await.unwrap();
    engine.rotate_key(merchant.id, old.id, Duration::from_secs(3_600)).await.unwrap();
    let opens = async || engine.api_caller(secret.expose_secret()).await.unwrap().is_some();
    assert!(opens().await);
    let keys = async || engine.revoke_merchant(merchant.id).await.unwrap().keys;
    assert_eq!(keys().await, 2);
    engine.parts.directory.refresh().await.unwrap();
    assert!(!opens().await);
    assert_eq!(keys().await, 0, "it is the same again");
}

#[tokio::test]
async fn the_last_use_of_a_key_is_noted_once_an_hour() {
    let store = store().await;
    let (world, clock, _) = world(START, 1);
    let engine = engine_in(&store, world, 1);
    let merchant = engine.add_merchant("Shop", None).await.unwrap().id;
    let (_, secret) = engine.add_key(merchant, CredentialKind::Api, Some(Live)).await.unwrap();
    engine.add_key(merchant, CredentialKind::Portone, None).await.unwrap();
    let noted = async || {
        engine.note_keys_used_once().await.unwrap();
        let keys = engine.keys_in_use(merchant).await.unwrap();
        keys.iter().map(|key| key.last_used_at).collect::<Vec<_>>()
    };
    assert_eq!(noted().await, [None, None]);
    let call = async || engine.api_caller(secret.expose_secret()).await.unwrap().unwrap();
    call().await;
    assert_eq!(noted().await, [Some(START), None]);
    clock.advance(Duration::from_secs(1_800));
    call().await;
    assert_eq!(noted().await, [Some(START), None], "within the hour");
    clock.advance(Duration::from_secs(1_800));
    call().await;
    let later = START.plus(Duration::from_secs(3_600));
    assert_eq!(noted().await, [Some(later), None]);
    // Another process, which knows nothing of that.
    let other = engine_in(&store, crate::testing::world(later.plus(Duration::from_secs(60)), 2).0, 1);
    other.api_caller(secret.expose_secret()).await.unwrap().unwrap();
    other.note_keys_used_once().await.unwrap();
    assert_eq!(noted().await, [Some(later), None]);
    let wrong = format!("{}x", &secret.expose_secret()[..secret.expose_secret().len() - 1]);
    clock.advance(Duration::from_secs(7_200));
    assert!(engine.api_caller(&wrong).await.unwrap().is_none());
    assert_eq!(noted().await, [Some(later), None], "what proved nothing was no use");
}

#[tokio::test]
async fn a_key_has_the_environment_that_its_kind_needs() {
    let (engine, merchant) = with_merchant().await;
    invalid(engine.add_key(merchant.id, CredentialKind::Portone, Some(Live)).await, "environment");
    invalid(engine.add_key(merchant.id, CredentialKind::Sgate, None).await, "environment");
    invalid(engine.add_key(merchant.id, CredentialKind::Api, None).await, "environment");
    let nobody = MerchantId::from_bytes([9; 16]);
    let added = engine.add_key(nobody, CredentialKind::Portone, None).await;
    assert_eq!(added.err(), Some(AdminError::NotFound("merchant")));
}

fn endpoint(merchant: MerchantId, dialect: Dialect, credential: Option<KeyId>) -> NewEndpoint {
    NewEndpoint {
        merchant,
        name: "hook".into(),
        url: "https://shop.example/hook".into(),
        dialect,
        environment: Sandbox,
        event_mask: None,
        credential,
    }
}

#[tokio::test]
async fn an_endpoint_tells_what_its_dialect_tells() {
    let told = |dialect, kind: EventKind| default_events(dialect) & kind.bit() != 0;
    for kind in EventKind::ALL {
        let final_ = !matches!(kind, EventKind::Created | EventKind::Pending | EventKind::Unknown);
        assert_eq!(told(Dialect::Portone, kind), final_, "{kind:?}");
        assert_eq!(told(Dialect::Sgate, kind), kind == EventKind::Succeeded);
        assert!(told(Dialect::Standard, kind));
    }
    let (engine, merchant) = with_merchant().await;
    let (added, _) = engine.add_endpoint(endpoint(merchant.id, Dialect::Sgate, None)).await.unwrap();
    assert_eq!(added.event_mask, EventKind::Succeeded.bit());
    for mask in [0, -1, EventKind::all_bits() + 1] {
        let new = NewEndpoint { event_mask: Some(mask), ..endpoint(merchant.id, Dialect::Standard, None) };
        invalid(engine.add_endpoint(new).await, "events");
    }
}

#[tokio::test]
async fn an_endpoint_is_signed_by_a_key_that_fits() {
    let (engine, merchant) = with_merchant().await;
    let id = merchant.id;
    let key = async |kind, environment| engine.add_key(id, kind, environment).await.unwrap().0.id;
    let portone = key(CredentialKind::Portone, None).await;
    let sgate = key(CredentialKind::Sgate, Some(Sandbox)).await;
    let sgate_live = key(CredentialKind::Sgate, Some(Live)).await;
    let revoked = key(CredentialKind::Portone, None).await;
    engine.revoke_key(id, revoked).await.unwrap();
    for (dialect, fits) in [(Dialect::Portone, portone), (Dialect::Sgate, sgate)] {
        engine.add_endpoint(endpoint(id, dialect, Some(fits))).await.unwrap();
    }
    for (dialect, other) in [
        (Dialect::Portone, sgate),
        (Dialect::Sgate, portone),
        (Dialect::Sgate, sgate_live),
        (Dialect::Standard, sgate),
    ] {
        invalid(engine.add_endpoint(endpoint(id, dialect, Some(other))).await, "key");
    }
    let other = engine.add_merchant("Other", None).await.unwrap().id;
    for new in
        [endpoint(id, Dialect::Portone, Some(revoked)), endpoint(other, Dialect::Portone, Some(portone))]
    {
        assert_eq!(engine.add_endpoint(new).await.err(), Some(AdminError::NotFound("key")));
    }
}

#[tokio::test]
async fn a_rotation_keeps_the_old_secret_for_a_while() {
    let (engine, merchant) = with_merchant().await;
    let (added, first) = engine.add_endpoint(endpoint(merchant.id, Dialect::Standard, None)).await.unwrap();
    let (second, until) = engine.rotate_endpoint_secret(merchant.id, added.id, None).await.unwrap();
    assert_eq!(until, START.plus(engine.config().delivery.secret_overlap));
    let kept = engine.list_endpoints(merchant.id, Some(Sandbox)).await.unwrap().remove(0);
    let context = SealContext { merchant: merchant.id, row: added.id.as_bytes(), column: ENDPOINT_COLUMN };
    let open = |sealed: &[u8]| engine.parts.vault.open_text(&context, sealed).unwrap();
    let text = |secret: &SecretString| secret.expose_secret().to_owned();
    assert_eq!(text(&open(&kept.secret_sealed)), text(&second));
    assert_eq!(text(&open(&kept.old_secret.unwrap().0)), text(&first));
    assert!(engine.list_endpoints(merchant.id, Some(Live)).await.unwrap().is_empty());

    assert_eq!(engine.revoke_endpoint(merchant.id, added.id).await, Ok(true));
    let rotated = engine.rotate_endpoint_secret(merchant.id, added.id, None).await;
    assert!(matches!(rotated, Err(AdminError::Conflict(_))));
    let other = engine.add_merchant("Other", None).await.unwrap().id;
    assert_eq!(engine.revoke_endpoint(other, added.id).await, Err(AdminError::NotFound("endpoint")));
}

fn tap(merchant: MerchantId, secret: &str) -> NewAccount {
    NewAccount {
        merchant,
        psp: "tap".into(),
        name: "Tap".into(),
        environment: Sandbox,
        max_in_flight: 4,
        base_url: None,
        public_url: Some("https://refunds.example/".into()),
        credentials: credentials(secret),
    }
}

fn credentials(secret: &str) -> Credentials {
    [("secret_key".to_owned(), secret.to_owned())].into_iter().collect()
}

#[tokio::test]
async fn an_account_is_told_where_notifications_go_and_keeps_its_credentials_at_its_host() {
    let (engine, merchant) = with_merchant().await;
    let account = engine.add_account(tap(merchant.id, "sk_test_1")).await.unwrap();
    let (base, notify) = engine.account_addresses(&account).await.unwrap();
    assert_eq!((base, notify), (None, Some(format!("https://refunds.example/psp/tap/{}", account.id))));

    let renamed = AccountEdit { name: Some("New".into()), ..AccountEdit::default() };
    assert_eq!(engine.change_account(merchant.id, account.id, renamed).await, Ok(2));
    let moved =
        || AccountEdit { base_url: Some(Some("https://evil.example".into())), ..AccountEdit::default() };
    invalid(engine.change_account(merchant.id, account.id, moved()).await, "credentials");
    let with_new = AccountEdit { credentials: Some(credentials("sk_test_2")), ..moved() };
    assert_eq!(engine.change_account(merchant.id, account.id, with_new).await, Ok(3));
    let changed = engine.account(merchant.id, account.id).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.version), ("New", 3));
    let version = engine.newest_version(&changed).await.unwrap();
    let opened = engine.opened_credentials(&changed, &version).unwrap();
    assert_eq!(opened.get("secret_key"), Some("sk_test_2"));
}

#[tokio::test]
async fn an_account_that_cannot_work_is_not_kept() {
    let (engine, merchant) = with_merchant().await;
    let id = merchant.id;
    invalid(engine.add_account(NewAccount { psp: "nobody".into(), ..tap(id, "sk_test_1") }).await, "psp");
    invalid(engine.add_account(tap(id, "sk_live_1")).await, "secret_key");
    invalid(
        engine.add_account(NewAccount { max_in_flight: 0, ..tap(id, "sk_test_1") }).await,
        "max_in_flight",
    );
    invalid(engine.add_account(NewAccount { name: String::new(), ..tap(id, "sk_test_1") }).await, "name");
    let public_url = Some("http://refunds.example".into());
    let plain = NewAccount { environment: Live, public_url, ..tap(id, "sk_live_1") };
    let told = engine.add_account(plain).await.unwrap_err().to_string();
    assert!(
        told.starts_with("notification_url is made of server.public_url, which must be an https address"),
        "{told}"
    );
    assert!(engine.list_accounts(None).await.unwrap().is_empty());

    let account = engine.add_account(tap(id, "sk_test_1")).await.unwrap().id;
    let other = engine.add_merchant("Other", None).await.unwrap().id;
    let pause = |merchant| engine.set_account_state(merchant, account, AccountState::Paused);
    assert_eq!(pause(other).await, Err(AdminError::NotFound("PSP account")));
    assert_eq!((pause(id).await, pause(id).await), (Ok(true), Ok(false)));
    engine.set_account_state(id, account, AccountState::Revoked).await.unwrap();
    assert!(matches!(pause(id).await, Err(AdminError::Conflict(_))));
}

fn payment(account: AccountId, number: usize, minor: i64) -> NewPayment {
    NewPayment {
        environment: Sandbox,
        order_ref: format!("o-{number}"),
        merchant_order_ref: None,
        account,
        psp_payment_id: format!("p-{number}"),
        captured: Amount::new(minor, Currency::from_code("SAR").unwrap()),
        refunded_before: 0,
        captured_at: START,
        channel: None,
        payment_method: None,
        customer_ref: None,
        notification_url: None,
    }
}

#[tokio::test]
async fn payments_are_answered_one_by_one_in_order() {
    let (engine, merchant) = with_merchant().await;
    let account = engine.add_account(tap(merchant.id, "sk_test_1")).await.unwrap().id;
    let many = (0..250).map(|number| payment(account, number, 100)).collect();
    let made = engine.import_payments(merchant.id, many).await.unwrap();
    assert!(made.len() == 250 && made.iter().all(|one| matches!(one, Imported::Created(_))));
    let of = |number, minor| payment(account, number, minor);
    let wrong = [
        NewPayment { notification_url: Some("ftp://x".into()), ..of(900, 1) },
        NewPayment { order_ref: "a\0b".into(), ..of(901, 1) },
        NewPayment { environment: Live, ..of(902, 1) },
        NewPayment { account: AccountId::from_bytes([7; 16]), ..of(903, 1) },
        NewPayment { psp_payment_id: "p-1".into(), ..of(904, 1) },
        NewPayment { customer_ref: Some("c".into()), ..of(3, 100) },
        of(905, 0),
        NewPayment { captured_at: START.plus(Duration::from_secs(301)), ..of(907, 1) },
        NewPayment { captured_at: Timestamp::from_micros(-1), ..of(908, 1) },
    ];
    let mut batch = vec![of(0, 100), of(1, 200)];
    batch.extend(wrong);
    // As far ahead as a clock may be.
    let ahead = || NewPayment { captured_at: START.plus(Duration::from_secs(300)), ..of(906, 5) };
    batch.extend([ahead(), ahead()]);
    let outcomes = engine.import_payments(merchant.id, batch).await.unwrap();
    assert!(matches!(&outcomes[..2], [Imported::Unchanged(_), Imported::Recaptured(_)]), "{outcomes:?}");
    for (outcome, says) in outcomes[2..11].iter().zip([
        "notification_url",
        "order_ref",
        "environment",
        "psp_account",
        "psp_payment_id",
        "customer_ref",
        "amount",
        "captured_at must not be in the future",
        "captured_at must not be before 1970",
    ]) {
        assert!(outcome.refusal().unwrap().starts_with(says) && outcome.payment().is_none(), "{outcome:?}");
    }
    assert!(
        matches!(&outcomes[11..], [Imported::Created(a), Imported::Unchanged(b)] if a == b),
        "{outcomes:?}"
    );
}

#[tokio::test]
async fn a_payment_from_before_a_rule_is_told_again_and_its_sum_rises() {
    let (engine, merchant) = with_merchant().await;
    let merchant = merchant.id;
    let account = engine.add_account(tap(merchant, "sk_test_1")).await.unwrap().id;
    let formless = |number, minor| NewPayment {
        psp_payment_id: format!("p {number}"),
        ..payment(account, number, minor)
    };
    let rows = vec![engine.row(formless(1, 100), START)];
    let before = UpsertPayments { merchant, rows, now: START };
    assert!(matches!(engine.parts.store.run(before).await.unwrap()[..], [Upserted::Created(_)]));
    let batch = vec![
        formless(1, 100),
        formless(1, 200),
        // It is another's id now, or a payment that is new.
        NewPayment { psp_payment_id: "p 2".into(), ..formless(1, 200) },
        formless(3, 100),
        NewPayment { customer_ref: Some("c".into()), ..formless(1, 200) },
    ];
    let outcomes = engine.import_payments(merchant, batch).await.unwrap();
    assert!(matches!(outcomes[..2], [Imported::Unchanged(_), Imported::Recaptured(_)]), "{outcomes:?}");
    for outcome in &outcomes[2..4] {
        let Imported::Invalid { field: "psp_payment_id", .. } = outcome else { panic!("{outcome:?}") };
    }
    assert_eq!(outcomes[4], Imported::Conflict { field: "customer_ref" });
}

#[tokio::test]
async fn another_master_key_opens_nothing_and_says_so() {
    let store = store().await;
    let first = engine(&store, 1);
    let merchant = first.add_merchant("Shop", None).await.unwrap().id;
    let (key, _) = first.add_key(merchant, CredentialKind::Portone, None).await.unwrap();
    first.add_key(merchant, CredentialKind::Api, Some(Live)).await.unwrap();
    first.add_account(tap(merchant, "sk_test_1")).await.unwrap();
    let (told, _) = first.add_endpoint(endpoint(merchant, Dialect::Standard, None)).await.unwrap();
    let check = first.check_secrets().await.unwrap();
    assert_eq!((check.opened, check.failed.len()), (3, 0), "an API key is only a hash");
    // What signs and what opens until a rotation is over, and what a person signs in with.
    first.rotate_endpoint_secret(merchant, told.id, None).await.unwrap();
    first.rotate_key(merchant, key.id, Duration::from_secs(3_600)).await.unwrap();
    let (email, name) = ("a@shop.example".to_owned(), "A".to_owned());
    let new = NewUser { merchant, email, name, role: Role::Viewer, limits: RefundLimits::NONE };
    let (person, _) = first.add_user(By::Operator, new, NewPassword::Drawn).await.unwrap();
    first.give_second_factor(By::Operator, merchant, person.id).await.unwrap();
    let check = first.check_secrets().await.unwrap();
    assert_eq!((check.opened, check.failed.len()), (6, 0));
    let check = engine(&store, 2).check_secrets().await.unwrap();
    assert_eq!((check.opened, check.failed.len()), (0, 6));
    assert!(!format!("{check:?}").contains("sk_test_1"));
}
