//! A merchant with as many payments as refunds, in a file: what is set up is made by the use cases, the rows by
//! [`super::sql`].

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use redress_core::daily::Sums;
use redress_core::environment::Environment;
use redress_core::id::{AccountId, AuditId, CaseId, MerchantId, PaymentId, RefundId, UserId};
use redress_core::role::{RefundLimits, Role};
use redress_engine::admin::accounts::{Credentials, MAX_IN_FLIGHT, NewAccount};
use redress_engine::admin::endpoints::{Dialect, NewEndpoint};
use redress_engine::admin::keys::CredentialKind;
use redress_engine::engine::Engine;
use redress_engine::lists::Place;
use redress_engine::portal::audit::By;
use redress_engine::portal::people::{NewPassword, NewUser};
use redress_engine::portal::sign_in::PasswordShown;
use redress_engine::portal::{Origin, Proved};
use redress_engine::real_world::{OsRandom, SystemClock};
use redress_engine::vault::generate_line;
use redress_engine::world::Clock;
use redress_store::ops::daily::{CountEvents, Uncounted, UncountedEvents};
use redress_store::testing::batch;
use redress_store::{MIGRATIONS, Store};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::sql::{self, Owners, Times};
use crate::measure::now;
use crate::place;
use crate::{Outcome, copy, prepare};

/// The rows are spread over so long: longer than the longest overview.
const SPAN_MILLIS: u64 = 100 * 24 * 3_600_000;

/// The newest payment is so old.
const NEWEST_MILLIS: u64 = 2 * 3_600_000;

/// Payments and refunds of one transaction; a multiple of ten.
const BATCH_ROWS: u32 = 50_000;

/// Events that are counted at once.
const COUNTED_AT_ONCE: u32 = 10_000;

/// Credentials of no one: nothing is sent anywhere.
const ACCOUNTS: [(&str, &[u8]); 2] =
    [("tap", br#"{"secret_key": "sk_test_none"}"#), ("stripe", br#"{"secret_key": "sk_test_none"}"#)];

/// A loaded database, and what its things are called.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Loaded {
    /// Payments, and refunds.
    pub(super) rows: u32,
    pub(super) load_millis: u64,
    pub(super) merchant: String,
    pub(super) account: String,
    pub(super) endpoint: String,
    pub(super) key: String,
    pub(super) person: String,
    pub(super) master_key: String,
    times: Times,
    /// Of the tables' definitions: a database of others is loaded anew.
    tables: u64,
}

impl Loaded {
    pub(super) fn payment(&self, number: u32) -> PaymentId {
        PaymentId::from_bytes(self.times.payment(number))
    }

    pub(super) fn refund(&self, number: u32) -> RefundId {
        RefundId::from_bytes(self.times.refund(number))
    }

    /// The case of one of the refunds that have one.
    pub(super) fn case(&self, number: u32) -> CaseId {
        CaseId::from_bytes(self.times.case(number))
    }

    /// An entry of the audit trail near a payment.
    pub(super) fn audit_entry(&self, number: u32) -> AuditId {
        AuditId::from_bytes(self.times.audit_entry(number / 10 * 10))
    }

    /// A payment's place in lists of payments.
    pub(super) fn payment_place(&self, number: u32) -> Place {
        Place::of_id(self.times.payment(number))
    }

    /// A refund's place in lists of refunds.
    pub(super) fn refund_place(&self, number: u32) -> Place {
        Place::of_id(self.times.refund(number))
    }

    /// The day of a payment, as addresses have it.
    pub(super) fn day(&self, number: u32) -> String {
        let millis = i64::try_from(self.times.payment_millis(number)).unwrap_or(i64::MAX);
        let time = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX).to_string();
        time.chars().take("2026-11-27".len()).collect()
    }
}

/// Loads a database, or takes up one that was kept.
pub(super) async fn load(database: &Path, rows: u32) -> Outcome<Loaded> {
    let note = database.with_extension("json");
    let kept = fs::read(&note).ok().and_then(|text| serde_json::from_slice::<Loaded>(&text).ok());
    if let Some(kept) = kept.filter(|kept| kept.rows == rows && kept.tables == prepare::tables())
        && database.is_file()
    {
        return Ok(kept);
    }
    remove(database);
    let place = place::Place::Sqlite(database.to_owned());
    let store = place::open(&place, redress_store::GROUP_OPS_MAX)?;
    let loaded = fill(&store, rows).await?;
    // The last handle waits for the writer, which leaves the log empty.
    drop(store);
    let text = serde_json::to_vec(&loaded).map_err(|error| error.to_string())?;
    fs::write(&note, text).map_err(|error| format!("{}: {error}", note.display()))?;
    Ok(loaded)
}

/// Removes a database, and what is known of it.
pub(super) fn remove(database: &Path) {
    let _ = fs::remove_file(database.with_extension("json"));
    copy::remove(database);
}

async fn fill(store: &Store, rows: u32) -> Outcome<Loaded> {
    let started = now();
    let migrated = store.migrate(MIGRATIONS, SystemClock.now().as_micros()).await;
    migrated.map_err(|error| error.to_string())?;
    let random = OsRandom::new().map_err(|error| error.to_string())?;
    let master_key = generate_line(&random).expose_secret().to_owned();
    let engine = prepare::engine(store.clone(), &master_key, false)?;
    let merchant = engine.add_merchant("Bench", None).await.map_err(|error| error.to_string())?.id;
    let key = engine.add_key(merchant, CredentialKind::Api, Some(Environment::Sandbox)).await;
    let key = key.map_err(|error| error.to_string())?.0.id.to_string();
    let mut accounts = Vec::new();
    for (psp, credentials) in ACCOUNTS {
        accounts.push(add_account(&engine, merchant, psp, credentials).await?);
    }
    let endpoint = engine.add_endpoint(endpoint_of(merchant)).await.map_err(|error| error.to_string())?;
    let (person, _) = add_person(&engine, merchant, Role::Support, "support@merchant.example").await?;

    let times = times(rows)?;
    let [first, second] = accounts[..] else { return Err("two accounts were to be added".to_owned()) };
    let owners = Owners {
        merchant: sql::bytes(merchant.as_bytes()),
        accounts: [first, second].map(|account| sql::bytes(account.as_bytes())),
        endpoint: sql::bytes(endpoint.0.id.as_bytes()),
        person: sql::bytes(person.as_bytes()),
        key: key.clone(),
    };
    let mut from = 0;
    while from < rows {
        let to = rows.min(from + BATCH_ROWS);
        for statement in sql::batch(&owners, &times, rows, from, to) {
            batch(store, &statement).await;
        }
        eprintln!("loaded {to} of {rows} payments and refunds");
        from = to;
    }
    eprintln!("counting what happened each day");
    batch(store, &sql::captured_sums(&owners)).await;
    count_events(store, merchant).await?;
    Ok(Loaded {
        rows,
        load_millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        merchant: merchant.to_string(),
        account: first.to_string(),
        endpoint: endpoint.0.id.to_string(),
        key,
        person: person.to_string(),
        master_key,
        times,
        tables: prepare::tables(),
    })
}

fn times(rows: u32) -> Outcome<Times> {
    let end_millis = u64::try_from(SystemClock.now().as_millis()).map_err(|error| error.to_string())?;
    let step_millis = (SPAN_MILLIS / u64::from(rows)).max(1);
    let start_millis = end_millis.saturating_sub(NEWEST_MILLIS + u64::from(rows) * step_millis);
    Ok(Times { start_millis, step_millis, end_millis })
}

async fn add_account(
    engine: &Engine,
    merchant: MerchantId,
    psp: &str,
    credentials: &[u8],
) -> Outcome<AccountId> {
    let new = NewAccount {
        merchant,
        psp: psp.to_owned(),
        name: format!("Bench {psp}"),
        environment: Environment::Sandbox,
        max_in_flight: MAX_IN_FLIGHT,
        base_url: None,
        public_url: None,
        credentials: Credentials::from_json(credentials).map_err(|error| error.to_string())?,
    };
    Ok(engine.add_account(new).await.map_err(|error| error.to_string())?.id)
}

fn endpoint_of(merchant: MerchantId) -> NewEndpoint {
    NewEndpoint {
        merchant,
        name: "Bench".to_owned(),
        url: "https://merchant.example/refunds".to_owned(),
        dialect: Dialect::Standard,
        environment: Environment::Sandbox,
        event_mask: None,
        credential: None,
    }
}

/// Counts the events into the daily sums, as a server does in the background.
async fn count_events(store: &Store, merchant: MerchantId) -> Outcome {
    let environment = Environment::Sandbox;
    loop {
        let uncounted = UncountedEvents { merchant, environment, limit: COUNTED_AT_ONCE };
        let found = store.read(uncounted).await.map_err(|error| error.to_string())?;
        let Some(Uncounted { from, to, events, .. }) = found else { return Ok(()) };
        let mut sums = Sums::default();
        events.iter().for_each(|event| sums.add_event(event));
        let count = CountEvents { merchant, environment, from, to, sums };
        if !store.run(count).await.map_err(|error| error.to_string())? {
            return Err("somebody else counts the events".to_owned());
        }
    }
}

async fn add_person(
    engine: &Engine,
    merchant: MerchantId,
    role: Role,
    email: &str,
) -> Outcome<(UserId, SecretString)> {
    // Nobody else comes to this server.
    let password = SecretString::from("good for this run alone");
    let new = NewUser {
        merchant,
        email: email.to_owned(),
        name: "Bench".to_owned(),
        role,
        limits: RefundLimits::NONE,
    };
    let added = engine.add_user(By::Operator, new, NewPassword::Chosen(password.clone())).await;
    let (user, _) = added.map_err(|error| error.to_string())?;
    Ok((user.id, password))
}

/// Adds an admin with a second factor and signs them in; the session's token.
pub(super) async fn sign_in(engine: &Engine, loaded: &Loaded) -> Outcome<String> {
    let merchant = MerchantId::parse(&loaded.merchant).map_err(|error| error.to_string())?;
    // A database that is kept has those of the runs before.
    let email = format!("admin-{}@merchant.example", SystemClock.now().as_micros());
    let (user, password) = add_person(engine, merchant, Role::Admin, &email).await?;
    let given = engine.give_second_factor(By::Operator, merchant, user).await;
    let given = given.map_err(|error| error.to_string())?;
    let origin = Origin::new(IpAddr::V4(Ipv4Addr::LOCALHOST), "benchmark");
    let shown = engine.sign_in(&email, &password, &origin, None).await.map_err(|error| error.to_string())?;
    let Proved::Done(PasswordShown::CodeNeeded(token)) = shown else {
        return Err("the password was not taken".to_owned());
    };
    let code = given.recovery_codes.first().ok_or("no recovery codes were given")?;
    let entered = engine.enter_code(&token, code.expose_secret(), &origin).await;
    match entered.map_err(|error| error.to_string())? {
        Proved::Done(entered) => Ok(entered.token.secret().expose_secret().to_owned()),
        Proved::Wrong | Proved::Wait { .. } | Proved::Over => Err("the code was not taken".to_owned()),
    }
}
