//! What the tests of the portal's operations share.

use std::time::Duration;

use redress_core::audit::Deed;
use redress_core::id::{AuditId, SessionId, UserId};
use redress_core::retry::Backoff;
use redress_core::role::{RefundLimits, Role};
use redress_core::throttle::Throttle;

use super::second_factor::{BeginSecondFactor, ConfirmSecondFactor};
use super::sessions::{FindSession, OpenSession, Session, TokenHash};
use super::tries::Forgiven;
use super::users::{AddUser, LoadUser, PortalUser, UserAdding, UserBy, UserRecord};
use crate::ops::audit::{AuditEntry, AuditOf, ListAudit};
use crate::ops::fixtures::{MERCHANT, at, id};
use crate::store::Store;

/// Two tries without a wait.
pub(crate) const THROTTLE: Throttle = Throttle {
    free: 2,
    wait: Backoff { first: Duration::from_secs(10), max: Duration::from_secs(40) },
    forget: Duration::from_secs(1_000),
};

/// The n-th person.
pub(crate) fn usr(n: u32) -> UserId {
    UserId::from_bytes(id(11, n))
}

pub(crate) fn person(n: u32, role: Role) -> PortalUser {
    PortalUser {
        merchant: MERCHANT,
        id: usr(n),
        email: format!("p{n}@shop.example"),
        name: format!("Person {n}"),
        role,
        limits: RefundLimits::parse("SAR:10000").expect("limits"),
        password_temporary: true,
        has_second_factor: false,
        created_at: at(n.into()),
        updated_at: at(n.into()),
        signed_in_at: None,
        disabled_at: None,
    }
}

/// The n-th entry of the audit trail, about the first person.
pub(crate) fn entry(n: u32, deed: Deed) -> AuditEntry {
    AuditEntry {
        merchant: MERCHANT,
        id: AuditId::from_bytes(id(12, n)),
        user: None,
        actor: "operator".to_owned(),
        deed,
        object: Some(usr(1).to_string()),
        detail: None,
        address: None,
        agent: None,
        happened_at: at(n.into()),
    }
}

pub(crate) fn add(n: u32, role: Role) -> AddUser {
    AddUser { user: person(n, role), password_hash: hash(n), entry: entry(n, Deed::UserAdded) }
}

/// What stands for the hash of the n-th person's password.
pub(crate) fn hash(n: u32) -> String {
    format!("$hash${n}")
}

pub(crate) async fn added(store: &Store, n: u32, role: Role) {
    assert_eq!(store.run(add(n, role)).await, Ok(UserAdding::Added));
}

pub(crate) async fn record(store: &Store, n: u32) -> UserRecord {
    store.read(LoadUser(UserBy::Id(MERCHANT, usr(n)))).await.expect("read").expect("a person")
}

pub(crate) fn ses(n: u32) -> SessionId {
    SessionId::from_bytes(id(13, n))
}

/// What the n-th token is found by.
pub(crate) fn token(n: u8) -> TokenHash {
    [n; 32]
}

/// The n-th session, of a person, at a second.
pub(crate) fn open(n: u8, user: u32, second: i64) -> OpenSession {
    OpenSession {
        session: Session {
            id: ses(n.into()),
            merchant: MERCHANT,
            user: usr(user),
            awaits_code: false,
            second_factor_at: None,
            address: "192.0.2.1".to_owned(),
            agent: "a browser".to_owned(),
            created_at: at(second),
            seen_at: at(second),
        },
        token_hash: token(n),
        password_hash: hash(user),
        replaces: None,
        forgiven: Forgiven::default(),
        over_before: at(0),
        entry: Some(entry(100 + u32::from(n), Deed::SignedIn)),
    }
}

/// The same of somebody who has a second factor and has not shown it yet.
pub(crate) fn waiting(n: u8, user: u32, second: i64) -> OpenSession {
    let mut open = open(n, user, second);
    (open.session.awaits_code, open.entry) = (true, None);
    open
}

/// Gives the n-th person a second factor, which ends their sessions.
pub(crate) async fn armed(store: &Store, n: u32) {
    let (sealed, forgiven) = (vec![7], Forgiven::default());
    let (merchant, user) = (MERCHANT, usr(n));
    let begin = BeginSecondFactor { merchant, user, sealed: sealed.clone(), forgiven: forgiven.clone() };
    assert_eq!(store.run(begin).await, Ok(true));
    let confirm = ConfirmSecondFactor {
        merchant,
        user,
        sealed,
        step: 100,
        codes: Vec::new(),
        renewed: None,
        forgiven,
        entry: entry(90, Deed::SecondFactorAdded),
        now: at(90),
    };
    assert_eq!(store.run(confirm).await, Ok(true));
}

pub(crate) async fn opened(store: &Store, n: u8, user: u32, second: i64) {
    assert_eq!(store.run(open(n, user, second)).await, Ok(true));
}

/// Which of these tokens have a session.
pub(crate) async fn alive(store: &Store, tokens: &[u8]) -> Vec<u8> {
    let mut alive = Vec::new();
    for n in tokens {
        if store.read(FindSession(token(*n))).await.expect("read").is_some() {
            alive.push(*n);
        }
    }
    alive
}

/// The deeds of the audit trail, the newest first.
pub(crate) async fn deeds(store: &Store) -> Vec<Deed> {
    let list = ListAudit { merchant: MERCHANT, of: AuditOf::Everybody, before: None, limit: 100 };
    store.read(list).await.expect("read").into_iter().map(|entry| entry.deed).collect()
}
