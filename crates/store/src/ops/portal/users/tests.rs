use redress_core::audit::Deed;

use super::super::fixtures::{add, added, alive, deeds, entry, hash, opened, person, record, ses, usr};
use super::*;
use crate::ops::fixtures::{MERCHANT, STRANGER, at, world};
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

fn change(user: u32, change: UserChange) -> ChangeUser {
    let entry = entry(50, Deed::UserChanged);
    ChangeUser { merchant: MERCHANT, user: usr(user), change, by: None, entry, now: at(60) }
}

/// The same, wanted by somebody at the portal.
fn change_by(by: u32, user: u32, wanted: UserChange) -> ChangeUser {
    ChangeUser { by: Some(usr(by)), ..change(user, wanted) }
}

fn role(role: Role) -> UserChange {
    UserChange { role: Some(role), ..UserChange::default() }
}

fn disabled(disabled: bool) -> UserChange {
    UserChange { disabled: Some(disabled), ..UserChange::default() }
}

#[tokio::test]
async fn a_person_is_added_once_an_address_and_found_by_it() {
    TestStores::each(|store| async move {
        world(&store).await;
        let added = fail_every_statement(&store, || add(1, Role::Support)).await.0;
        assert_eq!(added, Ok(UserAdding::Added));
        let found = record(&store, 1).await;
        assert_eq!(found.user, person(1, Role::Support));
        assert!(found.password_hash == hash(1) && found.totp.is_none() && found.new_totp.is_none());

        let before = dump_all(&store).await;
        // Also at another merchant: whoever signs in names none.
        let mut other = add(2, Role::Admin);
        (other.user.merchant, other.user.email) = (STRANGER, person(1, Role::Admin).email);
        assert_eq!(store.run(other.clone()).await, Ok(UserAdding::EmailTaken));
        other.user.merchant = MerchantId::from_bytes([9; 16]);
        assert_eq!(store.run(other).await, Ok(UserAdding::Closed(Closed::NoSuch)));
        assert_eq!(dump_all(&store).await, before);

        let by = |email: &str| LoadUser(UserBy::Email(email.to_owned()));
        assert_eq!(store.read(by("p1@shop.example")).await, Ok(Some(found)));
        assert_eq!(store.read(by("P1@shop.example")).await, Ok(None));
        assert_eq!(store.read(LoadUser(UserBy::Id(STRANGER, usr(1)))).await, Ok(None));
        assert_eq!(deeds(&store).await, [Deed::UserAdded]);
    })
    .await;
}

#[tokio::test]
async fn people_are_listed_by_pages() {
    TestStores::each(|store| async move {
        world(&store).await;
        for n in 1..=3 {
            added(&store, n, Role::Viewer).await;
        }
        let page = async |merchant, after, limit| {
            let page = store.read(ListUsers { merchant, after, limit }).await.unwrap();
            page.into_iter().map(|user| user.id).collect::<Vec<_>>()
        };
        assert_eq!(page(MERCHANT, None, 2).await, [usr(1), usr(2)]);
        assert_eq!(page(MERCHANT, Some(usr(2)), 2).await, [usr(3)]);
        assert_eq!(page(STRANGER, None, 2).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_change_counts_at_once_and_disabling_ends_the_sessions() {
    TestStores::each(|store| async move {
        world(&store).await;
        added(&store, 1, Role::Support).await;
        added(&store, 2, Role::Support).await;
        opened(&store, 1, 1, 10).await;
        opened(&store, 2, 2, 10).await;
        let limits = RefundLimits::parse("KWD:5").unwrap();
        let all = UserChange {
            name: Some("Mai".to_owned()),
            role: Some(Role::Manager),
            limits: Some(limits.clone()),
            ..UserChange::default()
        };
        let (changed, _) = fail_every_statement(&store, || change(1, all.clone())).await;
        let Ok(UserChanging::Changed(user)) = changed else { panic!("{changed:?}") };
        assert_eq!((&*user.name, user.role, &user.limits), ("Mai", Role::Manager, &limits));
        assert_eq!((user.updated_at, record(&store, 1).await.user), (at(60), user.clone()));
        assert_eq!(alive(&store, &[1, 2]).await, [1, 2], "a session goes on with another role");

        let before = dump_all(&store).await;
        for nothing in [all, UserChange::default(), disabled(false)] {
            assert_eq!(store.run(change(1, nothing)).await, Ok(UserChanging::Already));
        }
        let stranger = ChangeUser { merchant: STRANGER, ..change(1, disabled(true)) };
        assert_eq!(store.run(stranger).await, Ok(UserChanging::NotFound));
        assert_eq!(dump_all(&store).await, before);

        let off = || ChangeUser { entry: entry(51, Deed::UserDisabled), ..change(1, disabled(true)) };
        let (changed, _) = fail_every_statement(&store, off).await;
        assert!(matches!(changed, Ok(UserChanging::Changed(user)) if user.disabled_at == Some(at(60))));
        assert_eq!(alive(&store, &[1, 2]).await, [2]);
        let on = ChangeUser { entry: entry(52, Deed::UserEnabled), ..change(1, disabled(false)) };
        assert!(matches!(store.run(on).await, Ok(UserChanging::Changed(user)) if user.disabled_at.is_none()));
        assert_eq!(deeds(&store).await[..3], [Deed::SignedIn, Deed::SignedIn, Deed::UserEnabled]);
    })
    .await;
}

#[tokio::test]
async fn who_was_changed_since_is_not_changed_by_what_was_seen_before() {
    TestStores::each(|store| async move {
        world(&store).await;
        added(&store, 1, Role::Manager).await;
        let shown = SeenUser::of(&record(&store, 1).await.user);
        let all = |name: &str, role| UserChange {
            name: Some(name.to_owned()),
            role: Some(role),
            limits: Some(shown.limits.clone()),
            seen: Some(shown.clone()),
            ..UserChange::default()
        };
        // Somebody takes the role away, another one saves a name.
        assert!(matches!(store.run(change(1, role(Role::Viewer))).await, Ok(UserChanging::Changed(_))));
        let before = dump_all(&store).await;
        assert_eq!(store.run(change(1, all("Mai", Role::Manager))).await, Ok(UserChanging::Overtaken));
        let named = UserChange { role: None, limits: None, ..all("Mai", Role::Manager) };
        assert_eq!(store.run(change(1, named)).await, Ok(UserChanging::Overtaken));
        let as_it_is = all(&shown.name, Role::Viewer);
        assert_eq!(store.run(change(1, as_it_is)).await, Ok(UserChanging::Already), "nothing is given back");
        assert_eq!(dump_all(&store).await, before);

        // Each of what was seen counts.
        let now = SeenUser { role: Role::Viewer, ..shown.clone() };
        let limits = RefundLimits::NONE;
        for other in [shown, SeenUser { name: "N".into(), ..now.clone() }, SeenUser { limits, ..now.clone() }]
        {
            let other = UserChange { seen: Some(other), ..role(Role::Support) };
            assert_eq!(store.run(change(1, other)).await, Ok(UserChanging::Overtaken));
        }
        let known = || ChangeUser {
            entry: entry(51, Deed::UserChanged),
            ..change(1, UserChange { seen: Some(now.clone()), ..role(Role::Support) })
        };
        let (changed, _) = fail_every_statement(&store, known).await;
        assert!(matches!(changed, Ok(UserChanging::Changed(user)) if user.role == Role::Support));
    })
    .await;
}

#[tokio::test]
async fn the_last_admin_stays_unless_the_operator_says_otherwise() {
    TestStores::each(|store| async move {
        world(&store).await;
        added(&store, 1, Role::Admin).await;
        added(&store, 2, Role::Admin).await;
        let off = || ChangeUser { entry: entry(51, Deed::UserDisabled), ..change_by(1, 2, disabled(true)) };
        let (done, _) = fail_every_statement(&store, off).await;
        assert!(matches!(done, Ok(UserChanging::Changed(_))));
        let before = dump_all(&store).await;
        for last in [role(Role::Manager), disabled(true)] {
            assert_eq!(store.run(change_by(1, 1, last)).await, Ok(UserChanging::LastAdmin));
        }
        assert_eq!(dump_all(&store).await, before);
        let operator = change(1, role(Role::Viewer));
        assert!(matches!(store.run(operator).await, Ok(UserChanging::Changed(_))));
    })
    .await;
}

#[tokio::test]
async fn who_is_no_admin_any_more_changes_nobody() {
    TestStores::each(|store| async move {
        world(&store).await;
        for (n, role) in [(1, Role::Admin), (2, Role::Admin), (3, Role::Admin), (4, Role::Manager)] {
            added(&store, n, role).await;
        }
        let off = ChangeUser { entry: entry(51, Deed::UserDisabled), ..change_by(1, 3, disabled(true)) };
        assert!(matches!(store.run(off).await, Ok(UserChanging::Changed(_))));
        let before = dump_all(&store).await;
        // One who is disabled, one of another role, one whom nobody knows.
        for by in [3, 4, 9] {
            for wanted in [role(Role::Viewer), disabled(true), UserChange::default()] {
                assert_eq!(store.run(change_by(by, 2, wanted)).await, Ok(UserChanging::NotAllowed), "{by}");
            }
        }
        assert_eq!(dump_all(&store).await, before);
    })
    .await;
}

/// Two changes at the same moment, five times over, each time of two other admins; answers what came of them.
async fn at_once(store: &Store, wanted: fn(u32, u32) -> [ChangeUser; 2]) -> Vec<[UserChanging; 2]> {
    let mut all = Vec::new();
    for round in 0..5_u32 {
        let (a, b) = (round * 2 + 1, round * 2 + 2);
        added(store, a, Role::Admin).await;
        added(store, b, Role::Admin).await;
        let [first, second] = wanted(a, b);
        let first = ChangeUser { entry: entry(1_000 + a, Deed::UserChanged), ..first };
        let second = ChangeUser { entry: entry(1_000 + b, Deed::UserChanged), ..second };
        let (first, second) = tokio::join!(store.run(first), store.run(second));
        all.push([first.unwrap(), second.unwrap()]);
        // The one who stayed makes way for the next round.
        for n in [a, b] {
            let entry = entry(2_000 + n, Deed::UserChanged);
            store.run(ChangeUser { entry, ..change(n, role(Role::Viewer)) }).await.unwrap();
        }
    }
    all
}

#[tokio::test]
async fn two_admins_who_resign_at_once_do_not_both_succeed() {
    TestStores::each(|store| async move {
        world(&store).await;
        let resign = |a, b| [change_by(a, a, role(Role::Viewer)), change_by(b, b, role(Role::Viewer))];
        for both in at_once(&store, resign).await {
            let refused = both.iter().filter(|changing| **changing == UserChanging::LastAdmin).count();
            assert_eq!(refused, 1, "{both:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn two_admins_who_take_each_others_role_do_not_both_succeed() {
    TestStores::each(|store| async move {
        world(&store).await;
        // A third one is left whatever they do.
        added(&store, 100, Role::Admin).await;
        let take = |a, b| [change_by(a, b, role(Role::Viewer)), change_by(b, a, role(Role::Viewer))];
        for both in at_once(&store, take).await {
            let refused = both.iter().filter(|changing| **changing == UserChanging::NotAllowed).count();
            assert_eq!(refused, 1, "{both:?}");
        }
    })
    .await;
}

fn password(n: u32) -> SetPassword {
    SetPassword {
        merchant: MERCHANT,
        user: usr(1),
        password_hash: format!("new {n}"),
        old_hash: Some(hash(1)),
        temporary: false,
        keep: Some(ses(2)),
        forgiven: Forgiven::default(),
        entry: entry(60 + n, Deed::PasswordChanged),
        now: at(70),
    }
}

async fn with_sessions(store: &Store) {
    world(store).await;
    added(store, 1, Role::Viewer).await;
    added(store, 2, Role::Viewer).await;
    for n in [1, 2] {
        opened(store, n, 1, 10).await;
    }
    opened(store, 3, 2, 10).await;
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    TestStores::each(|store| async move {
        with_sessions(&store).await;
        assert_eq!(fail_every_statement(&store, || password(1)).await.0, Ok(true));
        let found = record(&store, 1).await;
        assert!(found.password_hash == "new 1" && !found.user.password_temporary);
        assert_eq!(alive(&store, &[1, 2, 3]).await, [2, 3]);

        let before = dump_all(&store).await;
        assert_eq!(store.run(password(2)).await, Ok(false), "it was changed meanwhile");
        let stranger = SetPassword { merchant: STRANGER, old_hash: None, ..password(2) };
        assert_eq!(store.run(stranger).await, Ok(false));
        assert_eq!(dump_all(&store).await, before);

        let reset = || SetPassword { old_hash: None, temporary: true, keep: None, ..password(2) };
        assert_eq!(fail_every_statement(&store, reset).await.0, Ok(true));
        assert!(record(&store, 1).await.user.password_temporary);
        assert_eq!(alive(&store, &[1, 2, 3]).await, [3]);
    })
    .await;
}

#[test]
fn what_proves_a_person_is_not_printed() {
    let record = UserRecord {
        user: person(1, Role::Viewer),
        password_hash: "guessme".to_owned(),
        totp: Some(Totp { sealed: vec![222, 222], step: 7 }),
        new_totp: Some(vec![222]),
    };
    let shown = format!("{record:?} {:?}", record.totp);
    assert!(!shown.contains("guessme") && !shown.contains("222"), "{shown}");
}
