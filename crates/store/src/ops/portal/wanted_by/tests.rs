use redress_core::audit::Deed;
use redress_core::id::KeyId;
use redress_core::right::Rights;
use redress_core::role::Role;

use super::super::fixtures::{add, added, alive, armed, deeds, entry, record, usr, waiting};
use super::*;
use crate::ops::audit::NoteDeed;
use crate::ops::credentials::{AddCredential, Credential, CredentialAdding, CredentialKind, Proof};
use crate::ops::fixtures::{MERCHANT, STRANGER, at, world};
use crate::ops::portal::second_factor::ResetSecondFactor;
use crate::ops::portal::sessions::{EndSessions, Ending};
use crate::ops::portal::tries::Forgiven;
use crate::ops::portal::users::{ChangeUser, SetPassword, UserAdding, UserChange, UserChanging};
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

/// The admins 1, 2 and 3, of whom the second was disabled since, and the third is a manager by now; and 5, with a second factor
/// and a session.
async fn people(store: &Store) {
    world(store).await;
    for n in 1..=3 {
        added(store, n, Role::Admin).await;
    }
    let off = UserChange { disabled: Some(true), ..UserChange::default() };
    let less = UserChange { role: Some(Role::Manager), ..UserChange::default() };
    for (n, change) in [(2, off), (3, less)] {
        let entry = entry(50 + n, Deed::UserChanged);
        let lost = ChangeUser { merchant: MERCHANT, user: usr(n), change, by: None, entry, now: at(50) };
        assert!(matches!(store.run(lost).await, Ok(UserChanging::Changed(_))));
    }
    added(store, 5, Role::Viewer).await;
    armed(store, 5).await;
    assert_eq!(store.run(waiting(1, 5, 95)).await, Ok(true));
}

fn wanted<O>(by: Option<u32>, op: O) -> WantedBy<O> {
    WantedBy { merchant: MERCHANT, by: by.map(usr), least: Role::Admin, op }
}

fn password(n: u32) -> SetPassword {
    SetPassword {
        merchant: MERCHANT,
        user: usr(5),
        password_hash: format!("new {n}"),
        old_hash: None,
        temporary: true,
        keep: None,
        forgiven: Forgiven::default(),
        entry: entry(n, Deed::PasswordReset),
        now: at(100),
    }
}

fn factor(n: u32) -> ResetSecondFactor {
    ResetSecondFactor {
        merchant: MERCHANT,
        user: usr(5),
        entry: entry(n, Deed::SecondFactorReset),
        now: at(100),
    }
}

fn sessions(n: u32) -> EndSessions {
    let entry = Some(entry(n, Deed::SessionsEnded));
    EndSessions { merchant: MERCHANT, user: usr(5), which: Ending::All, entry }
}

#[tokio::test]
async fn who_is_no_admin_any_more_does_nothing_to_anybody() {
    TestStores::each(|store| async move {
        people(&store).await;
        let before = dump_all(&store).await;
        // One who is disabled, one of another role, one whom nobody knows.
        for by in [Some(2), Some(3), Some(9)] {
            assert_eq!(store.run(wanted(by, add(6, Role::Admin))).await, Ok(None), "{by:?}");
            assert_eq!(store.run(wanted(by, password(60))).await, Ok(None), "{by:?}");
            assert_eq!(store.run(wanted(by, factor(60))).await, Ok(None), "{by:?}");
            assert_eq!(store.run(wanted(by, sessions(60))).await, Ok(None), "{by:?}");
        }
        // An admin elsewhere.
        let stranger = WantedBy { merchant: STRANGER, ..wanted(Some(1), password(60)) };
        assert_eq!(store.run(stranger).await, Ok(None));
        assert_eq!(dump_all(&store).await, before);
    })
    .await;
}

#[tokio::test]
async fn an_admin_has_it_done_and_so_has_the_operator() {
    TestStores::each(|store| async move {
        people(&store).await;
        let (admin, operator) = (Some(1), None);
        for (n, by) in [(6, admin), (7, operator)] {
            let adding = fail_every_statement(&store, || wanted(by, add(n, Role::Viewer))).await.0;
            assert_eq!(adding, Ok(Some(UserAdding::Added)), "{by:?}");
        }
        let ended = fail_every_statement(&store, || wanted(admin, sessions(60))).await.0;
        assert_eq!((ended, alive(&store, &[1]).await), (Ok(Some(1)), vec![]));
        let reset = fail_every_statement(&store, || wanted(admin, factor(61))).await.0;
        assert_eq!((reset, record(&store, 5).await.user.has_second_factor), (Ok(Some(true)), false));
        for (n, by) in [(62, admin), (63, operator)] {
            let set = fail_every_statement(&store, || wanted(by, password(n))).await.0;
            assert_eq!(set, Ok(Some(true)), "{by:?}");
            assert!(record(&store, 5).await.password_hash == format!("new {n}"));
        }
        // What there is nothing to do about leaves nothing, as without anybody who wants it.
        let before = dump_all(&store).await;
        assert_eq!(store.run(wanted(operator, sessions(64))).await, Ok(Some(0)));
        assert_eq!(store.run(wanted(admin, factor(64))).await, Ok(Some(false)));
        assert_eq!(dump_all(&store).await, before);
        let noted = deeds(&store).await;
        assert_eq!(noted.iter().filter(|deed| **deed == Deed::PasswordReset).count(), 2, "{noted:?}");
    })
    .await;
}

fn key(n: u8, shown: &str) -> AddCredential {
    AddCredential(Credential {
        merchant: MERCHANT,
        id: KeyId::from_bytes([n; 16]),
        kind: CredentialKind::Portone,
        environment: None,
        public_key: shown.to_owned(),
        proof: Proof::Sealed(vec![n]),
        rights: Rights::NONE,
        created_at: at(100),
        revoked_at: None,
    })
}

#[tokio::test]
async fn whatever_is_set_up_takes_the_role_that_it_needs_when_it_is_done() {
    TestStores::each(|store| async move {
        people(&store).await;
        added(&store, 4, Role::Support).await;
        let before = dump_all(&store).await;
        // Of the admins one is disabled, and one is a manager by now.
        for by in [Some(2), Some(3), Some(4), Some(5), Some(9)] {
            assert_eq!(store.run(wanted(by, key(50, "a"))).await, Ok(None), "{by:?}");
        }
        let note = |by, n| WantedBy {
            least: Role::Manager,
            ..wanted(by, NoteDeed(entry(n, Deed::PaymentsImported)))
        };
        for by in [Some(2), Some(4), Some(5), Some(9)] {
            assert_eq!(store.run(note(by, 60)).await, Ok(None), "{by:?}");
        }
        assert_eq!(dump_all(&store).await, before);
        // The very role, a greater one, and nobody of the merchant's.
        for (by, n) in [(Some(3), 61), (Some(1), 62), (None, 63)] {
            assert_eq!(store.run(note(by, n)).await, Ok(Some(())), "{by:?}");
        }
        let made = fail_every_statement(&store, || wanted(Some(1), key(50, "a"))).await.0;
        assert_eq!(made, Ok(Some(CredentialAdding::Added)));
        assert_eq!(store.run(wanted(None, key(51, "b"))).await, Ok(Some(CredentialAdding::Added)));
        // What the operation itself refuses it says itself.
        let taken = Some(CredentialAdding::PublicKeyTaken);
        assert_eq!(store.run(wanted(Some(1), key(52, "b"))).await, Ok(taken));
    })
    .await;
}
