use redress_core::role::{Act, Role, Why};

use super::*;
use crate::admin::AdminError;
use crate::admin::rotation::ResealCursor;
use crate::portal::PortalError;
use crate::portal::forms::FormDone;
use crate::portal::second_factor::{Confirmed, Entered};

async fn enter(rig: &Rig, token: &SessionToken, typed: &str) -> Proved<Entered> {
    rig.engine.enter_code(token, typed, &origin(1)).await.unwrap()
}

#[track_caller]
fn entered(told: Proved<Entered>) -> Entered {
    match told {
        Proved::Done(entered) => entered,
        other => panic!("{other:?}"),
    }
}

/// Sets up a second factor as a person does; answers its secret too.
async fn enrol(rig: &Rig, who: &SignedIn) -> (Confirmed, Vec<u8>) {
    let begun = rig.engine.begin_second_factor(who, &PASSWORD.into(), &origin(1)).await.unwrap();
    let Proved::Done(enrolment) = begun else { panic!("{begun:?}") };
    let secret = secret_of(&enrolment.secret);
    assert!(enrolment.uri.expose_secret().contains(enrolment.secret.expose_secret()));
    let shown_again = rig.engine.enrolment(who).await.unwrap();
    assert_eq!(shown_again.secret.expose_secret(), enrolment.secret.expose_secret());
    let confirmed = rig.engine.confirm_second_factor(who, &rig.code(&secret), &origin(1)).await.unwrap();
    match confirmed {
        Proved::Done(confirmed) => (confirmed, secret),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_second_factor_is_asked_for_once_its_first_code_was_entered() {
    let rig = Rig::new().await;
    rig.person(Role::Manager).await;
    let other = rig.token("manager@shop.example").await;
    let who = rig.signed_in("manager@shop.example").await;
    assert_eq!(rig.engine.may(&who, &Act::CloseCase), Err(Why::SecondFactorMissing));
    let wrong = rig.engine.begin_second_factor(&who, &"wrong and long enough".into(), &origin(1)).await;
    assert!(matches!(wrong, Ok(Proved::Wrong)), "an open browser alone sets up none");
    let none = rig.engine.confirm_second_factor(&who, "123456", &origin(1)).await;
    assert!(matches!(none, Err(PortalError::Admin(AdminError::NotFound(_)))));
    let begun = rig.engine.begin_second_factor(&who, &PASSWORD.into(), &origin(1)).await;
    assert!(matches!(begun, Ok(Proved::Done(_))));
    for typed in ["", "12345", "nonsense"] {
        let wrong = rig.engine.confirm_second_factor(&who, typed, &origin(1)).await;
        assert!(matches!(wrong, Ok(Proved::Wrong)), "{typed}");
    }
    rig.signed_in("manager@shop.example").await;

    let (confirmed, secret) = enrol(&rig, &who).await;
    assert!(rig.visitor(&other).await.is_none() && rig.visitor(who.token()).await.is_none());
    let who = rig.visitor(&confirmed.token).await.unwrap();
    assert_eq!(rig.engine.may(&who, &Act::CloseCase), Ok(()), "it was shown just now");
    assert_eq!(confirmed.recovery_codes.len(), 10);
    assert_eq!(rig.engine.recovery_codes_left(rig.merchant, who.user.id).await, Ok(10));

    // From now on the password alone opens nothing.
    let told = rig.try_password("manager@shop.example", PASSWORD).await;
    let Proved::Done(PasswordShown::CodeNeeded(token)) = told else { panic!("{told:?}") };
    assert!(matches!(rig.engine.visitor(&token).await, Ok(Visitor::AwaitsCode(_))));
    let first = rig.code(&secret);
    assert!(matches!(enter(&rig, &token, &first).await, Proved::Wrong), "the one it was confirmed with");
    rig.advance(30);
    let entered = entered(enter(&rig, &token, &rig.code(&secret)).await);
    assert_eq!(entered.recovery_codes_left, None);
    assert!(matches!(rig.engine.visitor(&token).await, Ok(Visitor::Nobody)), "its token is another now");
    let who = rig.visitor(&entered.token).await.unwrap();
    assert_eq!(who.user.signed_in_at, Some(rig.engine.now()));
}

#[tokio::test]
async fn a_code_is_taken_once() {
    let rig = Rig::new().await;
    let (_, secret) = rig.armed(Role::Manager).await;
    let (one, two) = (rig.token("manager@shop.example").await, rig.token("manager@shop.example").await);
    let code = rig.code(&secret);
    entered(enter(&rig, &one, &code).await);
    assert!(matches!(enter(&rig, &two, &code).await, Proved::Wrong), "seen over a shoulder");
    // Nor one that is older, though it would still be in its time.
    rig.advance(30);
    let newer = entered(enter(&rig, &two, &rig.code(&secret)).await);
    assert!(matches!(enter(&rig, &newer.token, &code).await, Proved::Wrong));
}

#[tokio::test]
async fn a_session_that_waits_for_a_code_waits_ten_minutes() {
    let rig = Rig::new().await;
    let (_, secret) = rig.armed(Role::Manager).await;
    let token = rig.token("manager@shop.example").await;
    rig.advance(599);
    assert!(matches!(rig.engine.visitor(&token).await, Ok(Visitor::AwaitsCode(_))));
    rig.advance(1);
    assert!(matches!(rig.engine.visitor(&token).await, Ok(Visitor::Nobody)));
    assert!(matches!(enter(&rig, &token, &rig.code(&secret)).await, Proved::Over));
}

#[tokio::test]
async fn whoever_guesses_codes_waits() {
    let rig = Rig::new().await;
    let (_, secret) = rig.armed(Role::Manager).await;
    let token = rig.token("manager@shop.example").await;
    for typed in ["000000", "0000-0000-0000-0000", "x", "", "999999"] {
        assert!(matches!(enter(&rig, &token, typed).await, Proved::Wrong), "{typed}");
    }
    assert!(matches!(enter(&rig, &token, &rig.code(&secret)).await, Proved::Wait { .. }));
    // Another session of the same person waits with it.
    let other = rig.token("manager@shop.example").await;
    assert!(matches!(enter(&rig, &other, &rig.code(&secret)).await, Proved::Wait { .. }));
    rig.advance(2);
    entered(enter(&rig, &other, &rig.code(&secret)).await);
    let failed = rig.deeds().await.iter().filter(|deed| **deed == Deed::SignInFailed).count();
    assert_eq!(failed, 5);
}

#[tokio::test]
async fn whoever_guesses_in_an_open_browser_waits_too() {
    let rig = Rig::new().await;
    rig.person(Role::Manager).await;
    let who = rig.signed_in("manager@shop.example").await;
    for _ in 0..5 {
        let told = rig.engine.begin_second_factor(&who, &"wrong and long enough".into(), &origin(1)).await;
        assert!(matches!(told, Ok(Proved::Wrong)), "{told:?}");
    }
    // Also with the right one, and whatever it is asked for.
    let told = rig.engine.begin_second_factor(&who, &PASSWORD.into(), &origin(1)).await;
    assert!(matches!(told, Ok(Proved::Wait { .. })), "{told:?}");
    let new = "another one, quite long".into();
    let told = rig.engine.change_password(&who, &PASSWORD.into(), &new, &origin(1)).await;
    assert!(matches!(told, Ok(Proved::Wait { .. })), "{told:?}");
    rig.advance(60);
    let begun = rig.engine.begin_second_factor(&who, &PASSWORD.into(), &origin(1)).await.unwrap();
    let Proved::Done(enrolment) = begun else { panic!("{begun:?}") };
    // The first code of what is set up is no easier to guess.
    for _ in 0..5 {
        let told = rig.engine.confirm_second_factor(&who, "nonsense", &origin(1)).await;
        assert!(matches!(told, Ok(Proved::Wrong)), "{told:?}");
    }
    let code = rig.code(&secret_of(&enrolment.secret));
    let told = rig.engine.confirm_second_factor(&who, &code, &origin(1)).await;
    assert!(matches!(told, Ok(Proved::Wait { .. })), "{told:?}");
}

#[tokio::test]
async fn a_recovery_code_stands_in_once() {
    let rig = Rig::new().await;
    rig.person(Role::Manager).await;
    let who = rig.signed_in("manager@shop.example").await;
    let (confirmed, _) = enrol(&rig, &who).await;
    let code = confirmed.recovery_codes[3].expose_secret().to_uppercase();
    let token = rig.token("manager@shop.example").await;
    let taken = entered(enter(&rig, &token, &code).await);
    assert_eq!(taken.recovery_codes_left, Some(9));
    let token = rig.token("manager@shop.example").await;
    assert!(matches!(enter(&rig, &token, &code).await, Proved::Wrong));

    let who = rig.visitor(&taken.token).await.unwrap();
    let from = origin(1);
    let replace = async |who: &SignedIn| rig.engine.replace_recovery_codes((who, &from), "k").await;
    let FormDone::Now(new) = replace(&who).await.unwrap() else { panic!("it was sent once") };
    assert!(matches!(replace(&who).await, Ok(FormDone::Before(_))), "a form makes them once");
    let old = confirmed.recovery_codes[4].expose_secret();
    assert!(matches!(enter(&rig, &token, old).await, Proved::Wrong));
    entered(enter(&rig, &token, new[0].expose_secret()).await);
    rig.advance(901);
    let who = rig.visitor(who.token()).await.unwrap();
    let stale = replace(&who).await;
    assert_eq!(stale.unwrap_err(), PortalError::Refused(Why::SecondFactorOld));
    assert!(rig.deeds().await.contains(&Deed::RecoveryCodeUsed));
}

#[tokio::test]
async fn it_is_shown_again_before_what_releases_money() {
    let rig = Rig::new().await;
    let (_, secret) = rig.armed(Role::Manager).await;
    let who = rig.with_code("manager@shop.example", &secret).await;
    assert_eq!(rig.engine.may(&who, &Act::CloseCase), Ok(()));
    rig.advance(901);
    let who = rig.visitor(who.token()).await.unwrap();
    assert_eq!(rig.engine.may(&who, &Act::CloseCase), Err(Why::SecondFactorOld));
    assert_eq!(rig.engine.may(&who, &Act::ImportPayments), Ok(()));
    let begun = who.session.created_at;
    let entered = entered(enter(&rig, who.token(), &rig.code(&secret)).await);
    let again = rig.visitor(&entered.token).await.unwrap();
    assert_eq!(rig.engine.may(&again, &Act::CloseCase), Ok(()));
    assert_eq!((again.session.id, again.session.created_at), (who.session.id, begun), "no longer life");
    assert!(rig.visitor(who.token()).await.is_none());
}

#[tokio::test]
async fn another_second_factor_takes_the_place_of_the_one_before_only_once_confirmed() {
    let rig = Rig::new().await;
    let (_, old) = rig.armed(Role::Manager).await;
    let who = rig.with_code("manager@shop.example", &old).await;
    rig.advance(901);
    let who = rig.visitor(who.token()).await.unwrap();
    let stale = rig.engine.begin_second_factor(&who, &PASSWORD.into(), &origin(1)).await;
    assert_eq!(stale.unwrap_err(), PortalError::Refused(Why::SecondFactorOld));

    let who = rig.with_code("manager@shop.example", &old).await;
    let begun = rig.engine.begin_second_factor(&who, &PASSWORD.into(), &origin(1)).await;
    assert!(matches!(begun, Ok(Proved::Done(_))));
    let who = rig.with_code("manager@shop.example", &old).await;
    let (_, new) = enrol(&rig, &who).await;
    rig.advance(30);
    let token = rig.token("manager@shop.example").await;
    assert!(matches!(enter(&rig, &token, &rig.code(&old)).await, Proved::Wrong));
    entered(enter(&rig, &token, &rig.code(&new)).await);
}

#[tokio::test]
async fn a_second_factor_outlives_its_master_key() {
    let rig = Rig::new().await;
    let (_, secret) = rig.armed(Role::Manager).await;
    let (old, new) = (generate_line(&SeededRandom::new(1)), generate_line(&SeededRandom::new(2)));
    let with = |keys: &str| {
        let (world, _, _) = world(rig.engine.now(), 9);
        Engine::new(EngineParts {
            store: rig.store.clone(),
            world,
            config: EngineConfig::default(),
            psp_transport: Arc::new(Nowhere),
            notify_transport: Arc::new(Nowhere),
            connectors: redress_psp::registry::by_name,
            vault: Arc::new(Vault::parse(keys).unwrap()),
        })
    };
    let both = with(&format!("{}\n{}\n", new.expose_secret(), old.expose_secret()));
    let (mut cursor, mut resealed) = (Some(ResealCursor::default()), 0);
    while let Some(from) = cursor {
        let batch = both.reseal_batch(from).await.unwrap();
        assert_eq!(batch.failed, Vec::<String>::new());
        (cursor, resealed) = (batch.next, resealed + batch.resealed);
    }
    assert_eq!(resealed, 1);
    let token = rig.token("manager@shop.example").await;
    let after = with(new.expose_secret());
    let told = after.enter_code(&token, &rig.code(&secret), &origin(1)).await.unwrap();
    assert!(matches!(told, Proved::Done(_)));
}

#[tokio::test]
async fn nothing_shown_once_is_printed() {
    let rig = Rig::new().await;
    rig.person(Role::Manager).await;
    let who = rig.signed_in("manager@shop.example").await;
    let begun = rig.engine.begin_second_factor(&who, &PASSWORD.into(), &origin(1)).await.unwrap();
    let Proved::Done(enrolment) = begun else { panic!("{begun:?}") };
    let shown = format!("{enrolment:?} {who:?}");
    for secret in [&enrolment.secret, &enrolment.uri, who.token().secret()] {
        assert!(!shown.contains(secret.expose_secret()), "{shown}");
    }
}
