use redress_core::role::Role;
use redress_store::testing::TestStores;

use super::*;
use crate::admin::AdminError;
use crate::portal::people::UserChange;

#[tokio::test]
async fn a_good_password_signs_in_and_everything_else_is_answered_alike() {
    let rig = Rig::new().await;
    let user = rig.person(Role::Support).await;
    rig.person(Role::Viewer).await;
    let off = UserChange { disabled: Some(true), ..UserChange::default() };
    let viewer = rig.engine.user_by_email("viewer@shop.example").await.unwrap();
    rig.engine.change_user(By::Operator, rig.merchant, viewer.id, off).await.unwrap();
    for (email, password) in [
        ("support@shop.example", "correct horse batterz"),
        ("nobody@shop.example", PASSWORD),
        ("viewer@shop.example", PASSWORD),
        ("", ""),
    ] {
        assert!(matches!(rig.try_password(email, password).await, Proved::Wrong), "{email}");
    }
    let who = rig.signed_in(" Support@Shop.example ").await;
    assert_eq!((who.user.id, who.user.signed_in_at), (user.id, Some(rig.engine.now())));
    assert_eq!((who.session.address.as_str(), who.session.agent.as_str()), ("192.0.2.1", "a browser"));
    let failed: Vec<_> =
        rig.trail().await.into_iter().filter(|entry| entry.deed == Deed::SignInFailed).collect();
    let mut actors: Vec<_> = failed.iter().map(|entry| entry.actor.as_str()).collect();
    actors.sort_unstable();
    assert_eq!(actors, ["support@shop.example", "viewer@shop.example"], "of people, not of strangers");
    assert!(failed.iter().all(|entry| entry.address.as_deref() == Some("192.0.2.1")));
}

#[tokio::test]
async fn an_unknown_account_costs_the_work_of_a_known_one() {
    let rig = Rig::new().await;
    rig.person(Role::Support).await;
    let held = rig.engine.parts.passwords.hold().await;
    let mut tries = Vec::new();
    for email in ["support@shop.example", "nobody@shop.example"] {
        let mut one = Box::pin(rig.try_password(email, "wrong and long enough"));
        assert!(futures_util::poll!(&mut one).is_pending(), "{email} waits for its turn to be hashed");
        tries.push(one);
    }
    drop(held);
    for one in tries {
        assert!(matches!(one.await, Proved::Wrong));
    }
}

/// What comes of a good password where something happens while it is being checked.
async fn overtaken<T>(rig: &Rig, by: impl Future<Output = T>) -> Proved<PasswordShown> {
    let held = rig.engine.parts.passwords.hold().await;
    let mut signing_in = Box::pin(rig.try_password("support@shop.example", PASSWORD));
    assert!(futures_util::poll!(&mut signing_in).is_pending(), "it waits for its turn to be hashed");
    by.await;
    drop(held);
    signing_in.await
}

#[tokio::test]
async fn a_second_factor_of_the_same_moment_is_asked_for() {
    let rig = Rig::new().await;
    let user = rig.person(Role::Support).await.id;
    let told = overtaken(&rig, rig.engine.give_second_factor(By::Operator, rig.merchant, user)).await;
    let Proved::Done(PasswordShown::CodeNeeded(token)) = told else { panic!("{told:?}") };
    assert!(rig.visitor(&token).await.is_none());
    let told = overtaken(&rig, rig.engine.reset_second_factor(By::Operator, rig.merchant, user)).await;
    assert!(matches!(told, Proved::Done(PasswordShown::SignedIn(_))), "{told:?}");
    let off = UserChange { disabled: Some(true), ..UserChange::default() };
    let told = overtaken(&rig, rig.engine.change_user(By::Operator, rig.merchant, user, off)).await;
    assert!(matches!(told, Proved::Wrong), "{told:?}");
}

#[tokio::test]
async fn whoever_guesses_waits_whether_there_is_such_an_account_or_not() {
    let rig = Rig::new().await;
    rig.person(Role::Support).await;
    for email in ["support@shop.example", "nobody@shop.example"] {
        for _ in 0..5 {
            assert!(matches!(rig.try_password(email, "wrong and long enough").await, Proved::Wrong));
        }
        // Also with the right one: it is not looked at.
        let told = rig.try_password(email, PASSWORD).await;
        let until = rig.engine.now().plus(Duration::from_secs(2));
        assert!(matches!(told, Proved::Wait { until: at } if at == until), "{email}: {told:?}");
    }
    rig.advance(2);
    assert!(matches!(rig.try_password("support@shop.example", "wrong and long enough").await, Proved::Wrong));
    rig.advance(3);
    assert!(matches!(rig.try_password("support@shop.example", PASSWORD).await, Proved::Wait { .. }));
    rig.advance(1);
    rig.signed_in("support@shop.example").await;
    // What was wrong before is forgotten.
    for _ in 0..5 {
        assert!(matches!(
            rig.try_password("support@shop.example", "wrong and long enough").await,
            Proved::Wrong
        ));
    }
}

#[tokio::test]
async fn one_address_has_so_many_tries_at_whatever_accounts() {
    let rig = Rig::new().await;
    rig.person(Role::Support).await;
    for n in 0..19 {
        let email = format!("nobody{n}@shop.example");
        assert!(matches!(rig.try_password(&email, PASSWORD).await, Proved::Wrong));
    }
    // A good one is given back.
    for _ in 0..3 {
        rig.signed_in("support@shop.example").await;
    }
    assert!(matches!(rig.try_password("nobody20@shop.example", PASSWORD).await, Proved::Wrong));
    assert!(matches!(rig.try_password("support@shop.example", PASSWORD).await, Proved::Wait { .. }));
    let elsewhere = rig.engine.sign_in("support@shop.example", &PASSWORD.into(), &origin(2), None).await;
    assert!(matches!(elsewhere, Ok(Proved::Done(_))));
}

/// PostgreSQL takes no NUL in a text: a fault of the server told that there is no such account, and was the operator's to look at.
#[tokio::test]
async fn an_address_that_no_store_keeps_is_nobodys() {
    TestStores::each(|store| async move {
        let rig = Rig::on(store).await;
        rig.person(Role::Viewer).await;
        for email in ["\0", "no\0body@shop.example", "viewer@shop.example\0"] {
            for _ in 0..5 {
                assert!(matches!(rig.try_password(email, PASSWORD).await, Proved::Wrong), "{email:?}");
            }
            let waits = rig.try_password(email, PASSWORD).await;
            assert!(matches!(waits, Proved::Wait { .. }), "counted as any other: {email:?}");
            rig.clock.advance(Duration::from_secs(24 * 3_600));
        }
        let found = rig.engine.user_by_email("viewer@shop.example\0").await;
        assert_eq!(found, Err(AdminError::NotFound("user")));
    })
    .await;
}
