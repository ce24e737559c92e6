//! People at an engine: a store in line, time by hand.

mod people;
mod second_factor;
mod sessions;
mod setup;
mod sign_in;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use redress_core::audit::Deed;
use redress_core::id::MerchantId;
use redress_core::role::{RefundLimits, Role};
use redress_core::time::Timestamp;
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use redress_store::ops::audit::ListAudit;
use redress_store::{MIGRATIONS, Store};
use secrecy::{ExposeSecret, SecretString};

use super::audit::{AuditEntry, AuditOf, By};
use super::people::{NewPassword, NewUser, PortalUser};
use super::sign_in::PasswordShown;
use super::{Origin, Proved, SessionToken, SignedIn, Visitor, totp};
use crate::config::EngineConfig;
use crate::engine::{Engine, EngineParts};
use crate::real_world::TokioSpawner;
use crate::testing::{ManualClock, SeededRandom, world};
use crate::vault::{Vault, generate_line};

const START: Timestamp = Timestamp::from_micros(1_795_014_400_123_456);
const PASSWORD: &str = "correct horse battery";

struct Nowhere;

impl Transport for Nowhere {
    fn send<'a>(&'a self, _: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        Box::pin(async { Err(TransportError::NotSent("nothing is sent here".into())) })
    }
}

struct Rig {
    engine: Engine,
    store: Store,
    clock: Arc<ManualClock>,
    spawner: TokioSpawner,
    merchant: MerchantId,
}

impl Rig {
    async fn new() -> Self {
        let store = Store::in_line_sqlite().unwrap();
        store.migrate(MIGRATIONS, 0).await.unwrap();
        Self::on(store).await
    }

    /// On a store with all tables and nothing in them.
    async fn on(store: Store) -> Self {
        let (world, clock, spawner) = world(START, 7);
        let key = generate_line(&SeededRandom::new(1));
        let engine = Engine::new(EngineParts {
            store: store.clone(),
            world,
            config: EngineConfig::default(),
            psp_transport: Arc::new(Nowhere),
            notify_transport: Arc::new(Nowhere),
            connectors: redress_psp::registry::by_name,
            vault: Arc::new(Vault::parse(key.expose_secret()).unwrap()),
        });
        let merchant = engine.add_merchant("Shop", None).await.unwrap().id;
        Self { engine, store, clock, spawner, merchant }
    }

    /// `role@shop.example`, with a password of their own.
    async fn person(&self, role: Role) -> PortalUser {
        let new = NewUser {
            merchant: self.merchant,
            email: format!("{role}@shop.example"),
            name: format!("The {role}"),
            role,
            limits: RefundLimits::NONE,
        };
        self.engine.add_user(By::Operator, new, NewPassword::Chosen(PASSWORD.into())).await.unwrap().0
    }

    /// A person with a second factor; answers its secret.
    async fn armed(&self, role: Role) -> (PortalUser, Vec<u8>) {
        let user = self.person(role).await;
        let given = self.engine.give_second_factor(By::Operator, self.merchant, user.id).await.unwrap();
        (user, secret_of(&given.secret))
    }

    async fn try_password(&self, email: &str, password: &str) -> Proved<PasswordShown> {
        self.engine.sign_in(email, &password.into(), &origin(1), None).await.unwrap()
    }

    /// What a browser shows after a good password.
    async fn token(&self, email: &str) -> SessionToken {
        match self.try_password(email, PASSWORD).await {
            Proved::Done(PasswordShown::SignedIn(token) | PasswordShown::CodeNeeded(token)) => token,
            other => panic!("{other:?}"),
        }
    }

    /// Somebody signed in by a password alone.
    async fn signed_in(&self, email: &str) -> SignedIn {
        self.visitor(&self.token(email).await).await.unwrap()
    }

    /// Somebody signed in with a code too; time goes on by a step before, so that the code is a new one.
    async fn with_code(&self, email: &str, secret: &[u8]) -> SignedIn {
        self.advance(30);
        let token = self.token(email).await;
        let entered = self.engine.enter_code(&token, &self.code(secret), &origin(1)).await.unwrap();
        let Proved::Done(entered) = entered else { panic!("{entered:?}") };
        self.visitor(&entered.token).await.unwrap()
    }

    async fn visitor(&self, token: &SessionToken) -> Option<SignedIn> {
        match self.engine.visitor(token).await.unwrap() {
            Visitor::SignedIn(who) => Some(who),
            Visitor::Nobody | Visitor::AwaitsCode(_) => None,
        }
    }

    fn code(&self, secret: &[u8]) -> String {
        totp::code_at(secret, self.engine.now())
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The audit trail, the oldest entry first, once everything aside is noted.
    async fn trail(&self) -> Vec<AuditEntry> {
        self.spawner.wait_idle().await;
        let list = ListAudit { merchant: self.merchant, of: AuditOf::Everybody, before: None, limit: 500 };
        let mut entries = self.store.read(list).await.unwrap();
        entries.sort_by_key(|entry| entry.happened_at);
        entries
    }

    async fn deeds(&self) -> Vec<Deed> {
        let mut deeds: Vec<_> = self.trail().await.iter().map(|entry| entry.deed).collect();
        deeds.sort_unstable();
        deeds
    }
}

fn origin(n: u8) -> Origin {
    Origin::new([192, 0, 2, n].into(), "a browser")
}

fn secret_of(base32_text: &SecretString) -> Vec<u8> {
    base32::decode(base32::Alphabet::Rfc4648 { padding: false }, base32_text.expose_secret()).unwrap()
}
