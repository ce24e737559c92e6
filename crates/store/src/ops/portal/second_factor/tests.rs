use redress_core::audit::Deed;
use redress_core::role::Role;

use super::super::fixtures::{added, alive, deeds, entry, open, opened, record, ses, token, usr};
use super::*;
use crate::ops::fixtures::{MERCHANT, STRANGER, at, world};
use crate::ops::portal::sessions::{FindSession, OpenSession};
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

const CODES: [CodeHash; 2] = [[31; 32], [32; 32]];

fn begin(sealed: u8) -> BeginSecondFactor {
    BeginSecondFactor {
        merchant: MERCHANT,
        user: usr(1),
        sealed: vec![sealed],
        forgiven: Forgiven::default(),
    }
}

fn renewed(session: u8, after: u8) -> Renewed {
    Renewed { session: ses(session.into()), before: token(session), after: token(after) }
}

fn confirm(sealed: u8, step: i64) -> ConfirmSecondFactor {
    ConfirmSecondFactor {
        merchant: MERCHANT,
        user: usr(1),
        sealed: vec![sealed],
        step,
        codes: CODES.to_vec(),
        renewed: Some(renewed(1, 11)),
        forgiven: Forgiven::default(),
        entry: entry(60, Deed::SecondFactorAdded),
        now: at(60),
    }
}

/// What the n-th token's session, renewed as the next, comes to.
fn show(shown: Shown, from: u8, to: u8, signs_in: bool) -> ShowSecondFactor {
    ShowSecondFactor {
        merchant: MERCHANT,
        user: usr(1),
        shown,
        renewed: Renewed { before: token(from), ..renewed(1, to) },
        forgiven: Forgiven::default(),
        signs_in,
        entries: vec![entry(60 + u32::from(to), Deed::SecondFactorShown)],
        now: at(100),
    }
}

fn code(sealed: u8, step: i64) -> Shown {
    Shown::Code { sealed: vec![sealed], step }
}

/// A person with a second factor of step 100, and one session of it: token 11.
async fn confirmed(store: &Store) {
    world(store).await;
    added(store, 1, Role::Manager).await;
    opened(store, 1, 1, 10).await;
    assert_eq!(store.run(begin(7)).await, Ok(true));
    assert_eq!(store.run(confirm(7, 100)).await, Ok(true));
}

async fn codes(store: &Store) -> u32 {
    store.read(CountRecoveryCodes { merchant: MERCHANT, user: usr(1) }).await.unwrap()
}

#[tokio::test]
async fn a_second_factor_counts_once_its_first_code_was_shown() {
    TestStores::each(|store| async move {
        world(&store).await;
        added(&store, 1, Role::Manager).await;
        opened(&store, 1, 1, 10).await;
        opened(&store, 2, 1, 11).await;
        for sealed in [6, 7] {
            assert_eq!(fail_every_statement(&store, || begin(sealed)).await.0, Ok(true));
        }
        let found = record(&store, 1).await;
        assert!(found.totp.is_none() && !found.user.has_second_factor && found.new_totp == Some(vec![7]));
        let before = dump_all(&store).await;
        assert_eq!(store.run(BeginSecondFactor { merchant: STRANGER, ..begin(9) }).await, Ok(false));
        assert_eq!(store.run(confirm(6, 99)).await, Ok(false), "another one is being set up");
        let over = ConfirmSecondFactor { renewed: Some(renewed(9, 19)), ..confirm(7, 99) };
        assert_eq!(store.run(over).await, Ok(false), "the session is over");
        assert_eq!(dump_all(&store).await, before);

        assert_eq!(fail_every_statement(&store, || confirm(7, 99)).await.0, Ok(true));
        let found = record(&store, 1).await;
        assert!(found.user.has_second_factor && found.new_totp.is_none());
        assert!(found.totp.is_some_and(|totp| totp.sealed == [7] && totp.step == 99));
        assert_eq!(alive(&store, &[1, 2, 11]).await, [11], "under a new token, and no other");
        let (session, _) = store.read(FindSession(token(11))).await.unwrap().unwrap();
        assert_eq!((session.id, session.second_factor_at), (ses(1), Some(at(60))));
        assert_eq!(codes(&store).await, 2);
        assert_eq!(deeds(&store).await[2..], [Deed::SecondFactorAdded, Deed::UserAdded]);
        assert_eq!(store.run(confirm(7, 99)).await, Ok(false), "once");
    })
    .await;
}

#[tokio::test]
async fn a_code_is_taken_once_and_none_that_is_older() {
    TestStores::each(|store| async move {
        confirmed(&store).await;
        let before = dump_all(&store).await;
        for step in [99, 100] {
            assert_eq!(store.run(show(code(7, step), 11, 12, false)).await, Ok(Showing::NotGood));
        }
        assert_eq!(
            store.run(show(code(8, 101), 11, 12, false)).await,
            Ok(Showing::NotGood),
            "another secret"
        );
        assert_eq!(store.run(show(code(7, 101), 12, 13, false)).await, Ok(Showing::Over), "no such session");
        assert_eq!(dump_all(&store).await, before);

        let good = || show(code(7, 101), 11, 12, false);
        assert_eq!(fail_every_statement(&store, good).await.0, Ok(Showing::Taken { codes_left: 2 }));
        assert_eq!(alive(&store, &[11, 12]).await, [12]);
        let (session, user) = store.read(FindSession(token(12))).await.unwrap().unwrap();
        assert_eq!((session.second_factor_at, user.signed_in_at), (Some(at(100)), Some(at(10))));
        assert_eq!(store.run(show(code(7, 101), 12, 13, false)).await, Ok(Showing::NotGood));
    })
    .await;
}

#[tokio::test]
async fn of_two_who_show_one_code_at_once_one_is_let_in() {
    TestStores::each(|store| async move {
        confirmed(&store).await;
        let mut waiting = open(2, 1, 20);
        waiting.session.awaits_code = true;
        assert_eq!(store.run(waiting).await, Ok(true));
        let other = ShowSecondFactor {
            renewed: renewed(2, 22),
            entries: vec![entry(99, Deed::SignedIn)],
            ..show(code(7, 101), 2, 22, true)
        };
        let (first, second) = tokio::join!(store.run(show(code(7, 101), 11, 12, false)), store.run(other));
        let mut told = [first.unwrap(), second.unwrap()];
        told.sort_by_key(|showing| *showing == Showing::NotGood);
        assert_eq!(told, [Showing::Taken { codes_left: 2 }, Showing::NotGood]);
    })
    .await;
}

#[tokio::test]
async fn a_code_turns_a_session_that_waits_into_a_sign_in() {
    TestStores::each(|store| async move {
        confirmed(&store).await;
        let mut waiting = OpenSession { replaces: Some(token(11)), ..open(2, 1, 20) };
        (waiting.session.id, waiting.session.awaits_code, waiting.entry) = (ses(1), true, None);
        assert_eq!(store.run(waiting).await, Ok(true));
        let good = || show(code(7, 101), 2, 3, true);
        assert_eq!(fail_every_statement(&store, good).await.0, Ok(Showing::Taken { codes_left: 2 }));
        let (session, user) = store.read(FindSession(token(3))).await.unwrap().unwrap();
        assert!(!session.awaits_code && session.created_at == at(20));
        assert_eq!(user.signed_in_at, Some(at(100)));
    })
    .await;
}

#[tokio::test]
async fn a_recovery_code_counts_once() {
    TestStores::each(|store| async move {
        confirmed(&store).await;
        let first = || show(Shown::Recovery(CODES[0]), 11, 12, false);
        assert_eq!(fail_every_statement(&store, first).await.0, Ok(Showing::Taken { codes_left: 1 }));
        let before = dump_all(&store).await;
        for unknown in [CODES[0], [99; 32]] {
            let again = show(Shown::Recovery(unknown), 12, 13, false);
            assert_eq!(store.run(again).await, Ok(Showing::NotGood));
        }
        assert_eq!(dump_all(&store).await, before);
        let new = || ReplaceRecoveryCodes {
            merchant: MERCHANT,
            user: usr(1),
            codes: vec![[41; 32], [42; 32], [43; 32]],
            entry: entry(80, Deed::RecoveryCodesReplaced),
            now: at(110),
        };
        assert_eq!(fail_every_statement(&store, new).await.0, Ok(true));
        assert_eq!(codes(&store).await, 3);
        let old = show(Shown::Recovery(CODES[1]), 12, 13, false);
        assert_eq!(store.run(old).await, Ok(Showing::NotGood), "the old ones are gone");
        let stranger = ReplaceRecoveryCodes { merchant: STRANGER, ..new() };
        assert_eq!(store.run(stranger).await, Ok(false));
    })
    .await;
}

#[tokio::test]
async fn a_reset_takes_everything_away() {
    TestStores::each(|store| async move {
        confirmed(&store).await;
        let reset = |n| ResetSecondFactor {
            merchant: MERCHANT,
            user: usr(1),
            entry: entry(n, Deed::SecondFactorReset),
            now: at(120),
        };
        assert_eq!(fail_every_statement(&store, || reset(80)).await.0, Ok(true));
        let found = record(&store, 1).await;
        assert!(found.totp.is_none() && found.new_totp.is_none() && !found.user.has_second_factor);
        assert_eq!((codes(&store).await, alive(&store, &[11]).await), (0, vec![]));
        let before = dump_all(&store).await;
        assert_eq!(store.run(reset(81)).await, Ok(false));
        assert_eq!(dump_all(&store).await, before);
    })
    .await;
}
