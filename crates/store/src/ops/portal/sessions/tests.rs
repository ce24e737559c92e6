use redress_core::audit::Deed;
use redress_core::role::Role;

use super::super::fixtures::{
    added, alive, armed, deeds, entry, open, opened, record, ses, token, usr, waiting,
};
use super::*;
use crate::ops::fixtures::{MERCHANT, STRANGER, at, world};
use crate::ops::portal::users::{ChangeUser, UserChange, UserChanging};
use crate::testing::{TestStores, dump_all, fail_every_statement};

#[tokio::test]
async fn a_session_is_begun_found_and_used() {
    TestStores::each(|store| async move {
        world(&store).await;
        added(&store, 1, Role::Support).await;
        assert_eq!(fail_every_statement(&store, || open(1, 1, 10)).await.0, Ok(true));
        let (session, user) = store.read(FindSession(token(1))).await.unwrap().unwrap();
        assert_eq!(session, open(1, 1, 10).session);
        assert_eq!((user.signed_in_at, user.role), (Some(at(10)), Role::Support));
        assert_eq!(record(&store, 1).await.user, user);
        assert_eq!(store.read(FindSession(token(2))).await, Ok(None));

        for (second, seen) in [(70, 70), (65, 70)] {
            let touch = || TouchSession { token_hash: token(1), now: at(second) };
            fail_every_statement(&store, touch).await.0.unwrap();
            let (session, _) = store.read(FindSession(token(1))).await.unwrap().unwrap();
            assert_eq!(session.seen_at, at(seen), "never backwards");
        }
        // One that waits for a code is no sign-in yet.
        armed(&store, 1).await;
        assert_eq!(store.run(waiting(2, 1, 80)).await, Ok(true));
        assert_eq!(record(&store, 1).await.user.signed_in_at, Some(at(10)));
        assert_eq!(deeds(&store).await, [Deed::SignedIn, Deed::SecondFactorAdded, Deed::UserAdded]);
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_ends_what_the_browser_showed_before() {
    TestStores::each(|store| async move {
        world(&store).await;
        added(&store, 1, Role::Viewer).await;
        opened(&store, 1, 1, 10).await;
        opened(&store, 2, 1, 11).await;
        let again = || OpenSession { replaces: Some(token(1)), ..open(3, 1, 12) };
        assert_eq!(fail_every_statement(&store, again).await.0, Ok(true));
        assert_eq!(alive(&store, &[1, 2, 3]).await, [2, 3]);
    })
    .await;
}

#[tokio::test]
async fn what_changed_while_the_password_was_checked_opens_nothing() {
    TestStores::each(|store| async move {
        world(&store).await;
        added(&store, 1, Role::Viewer).await;
        let before = dump_all(&store).await;
        let old = OpenSession { password_hash: "another".to_owned(), ..open(1, 1, 10) };
        assert_eq!(store.run(old).await, Ok(false));
        assert_eq!(dump_all(&store).await, before);
        let disable = ChangeUser {
            merchant: MERCHANT,
            user: usr(1),
            change: UserChange { disabled: Some(true), ..UserChange::default() },
            by: None,
            entry: entry(50, Deed::UserDisabled),
            now: at(9),
        };
        assert!(matches!(store.run(disable).await, Ok(UserChanging::Changed(_))));
        assert_eq!(store.run(open(1, 1, 10)).await, Ok(false));
        assert_eq!(alive(&store, &[1]).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_second_factor_of_meanwhile_is_asked_for() {
    TestStores::each(|store| async move {
        world(&store).await;
        added(&store, 1, Role::Viewer).await;
        assert_eq!(store.run(waiting(1, 1, 10)).await, Ok(false), "there is none to wait for");
        armed(&store, 1).await;
        let before = dump_all(&store).await;
        assert_eq!(store.run(open(1, 1, 10)).await, Ok(false), "not by the password alone");
        assert_eq!(dump_all(&store).await, before);
        assert_eq!(store.run(waiting(1, 1, 10)).await, Ok(true));
    })
    .await;
}

#[tokio::test]
async fn a_person_has_a_bounded_number_and_what_is_over_goes_away() {
    TestStores::each(|store| async move {
        world(&store).await;
        added(&store, 1, Role::Viewer).await;
        added(&store, 2, Role::Viewer).await;
        opened(&store, 200, 2, 1).await;
        let many = u8::try_from(SESSIONS_MAX).unwrap();
        for n in 1..=many + 2 {
            opened(&store, n, 1, 10 + i64::from(n)).await;
        }
        let left = store.read(ListSessions { merchant: MERCHANT, user: usr(1) }).await.unwrap();
        let ids: Vec<_> = left.iter().map(|session| session.id).collect();
        let newest: Vec<_> = (3..=many + 2).rev().map(|n| ses(n.into())).collect();
        assert_eq!(ids, newest, "the oldest two are gone");
        assert_eq!(alive(&store, &[200]).await, [200], "nobody else's");

        let prune = || OpenSession { over_before: at(10), ..open(201, 2, 90) };
        assert_eq!(fail_every_statement(&store, prune).await.0, Ok(true));
        assert_eq!(alive(&store, &[200, 201]).await, [201]);
    })
    .await;
}

#[tokio::test]
async fn sessions_end_one_by_one_or_all_at_once() {
    TestStores::each(|store| async move {
        world(&store).await;
        added(&store, 1, Role::Viewer).await;
        added(&store, 2, Role::Viewer).await;
        for n in 1..=4 {
            opened(&store, n, 1, 10).await;
        }
        opened(&store, 5, 2, 10).await;
        let end = |n, which| EndSessions {
            merchant: MERCHANT,
            user: usr(1),
            which,
            entry: Some(entry(n, Deed::SignedOut)),
        };
        let one = || end(50, Ending::One(ses(1)));
        assert_eq!(fail_every_statement(&store, one).await.0, Ok(1));
        assert_eq!(alive(&store, &[1, 2, 3, 4, 5]).await, [2, 3, 4, 5]);
        let before = dump_all(&store).await;
        let stranger = EndSessions { merchant: STRANGER, ..end(51, Ending::All) };
        for nothing in [one(), end(51, Ending::One(ses(5))), stranger] {
            assert_eq!(store.run(nothing).await, Ok(0));
        }
        assert_eq!(dump_all(&store).await, before);
        let others = || end(51, Ending::AllBut(ses(3)));
        assert_eq!(fail_every_statement(&store, others).await.0, Ok(2));
        assert_eq!(alive(&store, &[2, 3, 4, 5]).await, [3, 5]);
        assert_eq!(fail_every_statement(&store, || end(52, Ending::All)).await.0, Ok(1));
        assert_eq!(alive(&store, &[3, 5]).await, [5]);
    })
    .await;
}
