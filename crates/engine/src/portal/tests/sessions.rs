use redress_core::id::SessionId;
use redress_core::role::{Act, Role, Why};

use super::*;
use crate::portal::people::UserChange;

const MINUTE: u64 = 60;

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_when_it_is_old() {
    let rig = Rig::new().await;
    rig.person(Role::Viewer).await;
    let token = rig.token("viewer@shop.example").await;
    // Used every 29 minutes it lives on, to twelve hours.
    for _ in 0..24 {
        rig.advance(29 * MINUTE);
        assert!(rig.visitor(&token).await.is_some());
    }
    rig.advance(23 * MINUTE + 59);
    assert!(rig.visitor(&token).await.is_some(), "11:59:59");
    rig.advance(1);
    assert!(rig.visitor(&token).await.is_none(), "twelve hours");

    let token = rig.token("viewer@shop.example").await;
    rig.advance(30 * MINUTE);
    assert!(rig.visitor(&token).await.is_none(), "idle");
    assert!(rig.visitor(&rig.engine.visitor_token()).await.is_none(), "no session at all");
}

#[tokio::test]
async fn an_open_page_keeps_no_session_alive() {
    let rig = Rig::new().await;
    rig.person(Role::Viewer).await;
    let token = rig.token("viewer@shop.example").await;
    let is_there = async || match rig.engine.visitor_of_open_page(&token).await.unwrap() {
        Visitor::SignedIn(_) => true,
        Visitor::Nobody | Visitor::AwaitsCode(_) => false,
    };
    for _ in 0..29 {
        rig.advance(MINUTE);
        assert!(is_there().await);
    }
    rig.advance(MINUTE);
    assert!(!is_there().await, "nobody has used it");
    assert!(rig.visitor(&token).await.is_none());
}

#[tokio::test]
async fn use_is_noted_once_a_minute() {
    let rig = Rig::new().await;
    rig.person(Role::Viewer).await;
    let token = rig.token("viewer@shop.example").await;
    let begun = rig.engine.now();
    let mut seen = Vec::new();
    for _ in 0..4 {
        rig.advance(29);
        rig.visitor(&token).await.unwrap();
        let sessions = rig.engine.sessions_of(&rig.visitor(&token).await.unwrap().user).await.unwrap();
        seen.push(sessions[0].seen_at.since(begun).as_secs());
    }
    assert_eq!(seen, [0, 0, 87, 87]);
}

#[tokio::test]
async fn signing_in_gives_another_token_and_ends_the_session_before() {
    let rig = Rig::new().await;
    rig.person(Role::Viewer).await;
    let first = rig.token("viewer@shop.example").await;
    let again =
        rig.engine.sign_in("viewer@shop.example", &PASSWORD.into(), &origin(1), Some(&first)).await.unwrap();
    let Proved::Done(PasswordShown::SignedIn(second)) = again else { panic!("{again:?}") };
    assert!(rig.visitor(&first).await.is_none() && rig.visitor(&second).await.is_some());
}

#[tokio::test]
async fn people_sign_out_here_there_and_everywhere() {
    let rig = Rig::new().await;
    rig.person(Role::Viewer).await;
    rig.person(Role::Support).await;
    let other = rig.token("support@shop.example").await;
    let mut tokens = Vec::new();
    for _ in 0..4 {
        tokens.push(rig.token("viewer@shop.example").await);
    }
    rig.engine.sign_out(&tokens[0], &origin(1)).await.unwrap();
    rig.engine.sign_out(&tokens[0], &origin(1)).await.unwrap();
    assert!(rig.visitor(&tokens[0]).await.is_none());
    let who = rig.visitor(&tokens[1]).await.unwrap();
    let there = rig.visitor(&tokens[2]).await.unwrap().session.id;
    assert_eq!(rig.engine.sessions_of(&who.user).await.unwrap().len(), 3);
    assert_eq!(rig.engine.end_own_session(&who, there, &origin(1)).await, Ok(true));
    let strangers: SessionId = rig.visitor(&other).await.unwrap().session.id;
    assert_eq!(rig.engine.end_own_session(&who, strangers, &origin(1)).await, Ok(false));
    assert!(rig.visitor(&tokens[2]).await.is_none());
    assert_eq!(rig.engine.sign_out_everywhere(&who, &origin(1)).await, Ok(2));
    for token in &tokens {
        assert!(rig.visitor(token).await.is_none());
    }
    assert!(rig.visitor(&other).await.is_some());
}

#[tokio::test]
async fn what_an_admin_changes_counts_at_the_next_request() {
    let rig = Rig::new().await;
    let user = rig.person(Role::Manager).await;
    let token = rig.token("manager@shop.example").await;
    let act = Act::ImportPayments;
    assert_eq!(rig.engine.may(&rig.visitor(&token).await.unwrap(), &act), Ok(()));
    let change = async |change| {
        rig.engine.change_user(By::Operator, rig.merchant, user.id, change).await.unwrap().unwrap()
    };
    change(UserChange { role: Some(Role::Viewer), ..UserChange::default() }).await;
    let refused = Err(Why::Role { least: Role::Manager });
    assert_eq!(rig.engine.may(&rig.visitor(&token).await.unwrap(), &act), refused);
    change(UserChange { disabled: Some(true), ..UserChange::default() }).await;
    assert!(rig.visitor(&token).await.is_none());
    change(UserChange { disabled: Some(false), ..UserChange::default() }).await;
    assert!(rig.visitor(&token).await.is_none(), "what was ended stays so");
}

#[tokio::test]
async fn a_form_belongs_to_its_session() {
    let rig = Rig::new().await;
    rig.person(Role::Viewer).await;
    let (one, two) = (rig.token("viewer@shop.example").await, rig.token("viewer@shop.example").await);
    let proof = rig.engine.form_proof(&one);
    assert!(one.made_form(&proof) && !two.made_form(&proof));
    assert!(rig.visitor(&one).await.unwrap().token().made_form(&proof));
}
