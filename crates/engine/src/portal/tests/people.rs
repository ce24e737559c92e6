use redress_core::role::{Role, Why};

use super::*;
use crate::admin::AdminError;
use crate::admin::fault::FaultCode;
use crate::portal::PortalError;
use crate::portal::forms::FormDone;
use crate::portal::people::{SeenUser, UserChange};

fn new_user(merchant: MerchantId, email: &str) -> NewUser {
    let (name, limits) = ("Mai".to_owned(), RefundLimits::NONE);
    NewUser { merchant, email: email.to_owned(), name, role: Role::Support, limits }
}

fn role(role: Role) -> UserChange {
    UserChange { role: Some(role), ..UserChange::default() }
}

#[track_caller]
fn invalid<T: std::fmt::Debug>(result: Result<T, PortalError>, on: &str) {
    match result {
        Err(PortalError::Admin(AdminError::Invalid { field, .. })) => assert_eq!(field, on),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_drawn_password_lets_in_and_must_be_changed() {
    let rig = Rig::new().await;
    let new = new_user(rig.merchant, " Mai@Shop.example ");
    let (user, drawn) = rig.engine.add_user(By::Operator, new, NewPassword::Drawn).await.unwrap();
    assert_eq!((user.email.as_str(), user.password_temporary), ("mai@shop.example", true));
    let drawn = drawn.unwrap();
    let told = rig.try_password("mai@shop.example", drawn.expose_secret()).await;
    let Proved::Done(PasswordShown::SignedIn(token)) = told else { panic!("{told:?}") };
    let (who, other) = (
        rig.visitor(&token).await.unwrap(),
        rig.try_password("mai@shop.example", drawn.expose_secret()).await,
    );
    let Proved::Done(PasswordShown::SignedIn(other)) = other else { panic!("{other:?}") };
    assert_eq!(rig.engine.may(&who, &redress_core::role::Act::View), Err(Why::PasswordTemporary));
    let no_factor = rig.engine.begin_second_factor(&who, &drawn, &origin(1)).await;
    assert_eq!(no_factor.unwrap_err(), PortalError::Refused(Why::PasswordTemporary));

    let change = async |old: &SecretString, new: &str| {
        rig.engine.change_password(&who, old, &new.into(), &origin(1)).await
    };
    invalid(change(&drawn, "short").await, "password");
    invalid(change(&drawn, drawn.expose_secret()).await, "password");
    assert!(matches!(change(&PASSWORD.into(), "another horse battery").await, Ok(Proved::Wrong)));
    assert!(matches!(change(&drawn, PASSWORD).await, Ok(Proved::Done(()))));
    let who = rig.visitor(&token).await.unwrap();
    assert_eq!(rig.engine.may(&who, &redress_core::role::Act::View), Ok(()));
    assert!(rig.visitor(&other).await.is_none(), "the other sessions end");
    assert!(matches!(rig.try_password("mai@shop.example", drawn.expose_secret()).await, Proved::Wrong));
    rig.signed_in("mai@shop.example").await;
}

#[tokio::test]
async fn what_cannot_be_a_person_is_refused() {
    let rig = Rig::new().await;
    let add =
        async |new, password: NewPassword| rig.engine.add_user(By::Operator, new, password).await.map(|_| ());
    for email in [
        "",
        "mai",
        "@shop.example",
        "mai@",
        "a@b@c",
        "mai @shop.example",
        "mai@shop.example\n.x",
        &"x".repeat(255),
    ] {
        invalid(add(new_user(rig.merchant, email), NewPassword::Drawn).await, "email");
    }
    let named = |name: &str| NewUser { name: name.to_owned(), ..new_user(rig.merchant, "mai@shop.example") };
    invalid(add(named(" "), NewPassword::Drawn).await, "name");
    let weak = NewPassword::Chosen("short".into());
    invalid(add(named("Mai"), weak).await, "password");
    assert_eq!(add(named("Mai"), NewPassword::Drawn).await, Ok(()));
    let taken = add(new_user(rig.merchant, "MAI@shop.example"), NewPassword::Drawn).await;
    assert!(matches!(taken, Err(PortalError::Admin(AdminError::Conflict(_)))));
    let nobody = add(new_user(MerchantId::from_bytes([9; 16]), "b@shop.example"), NewPassword::Drawn).await;
    assert_eq!(nobody, Err(PortalError::Admin(AdminError::NotFound("merchant"))));
}

#[tokio::test]
async fn people_are_managed_by_an_admin_whose_second_factor_is_fresh() {
    let rig = Rig::new().await;
    let viewer = rig.person(Role::Viewer).await;
    let (_, of_manager) = rig.armed(Role::Manager).await;
    let (_, of_admin) = rig.armed(Role::Admin).await;
    let from = origin(1);
    let promote = async |who: &SignedIn, to| {
        rig.engine.change_user(By::Person(who, &from), rig.merchant, viewer.id, role(to)).await
    };
    let manager = rig.with_code("manager@shop.example", &of_manager).await;
    let refused = Err(PortalError::Refused(Why::Role { least: Role::Admin }));
    assert_eq!(promote(&manager, Role::Admin).await, refused);
    let admin = rig.with_code("admin@shop.example", &of_admin).await;
    rig.advance(1);
    let changed = promote(&admin, Role::Support).await.unwrap().unwrap();
    assert_eq!(changed.role, Role::Support);
    assert_eq!(promote(&admin, Role::Support).await, Ok(None));
    let entry = rig.trail().await.pop().unwrap();
    assert_eq!((entry.deed, entry.actor.as_str()), (Deed::UserChanged, "admin@shop.example"));
    assert_eq!(entry.object, Some(viewer.id.to_string()));
    assert_eq!(entry.detail.as_deref(), Some("viewer@shop.example; role viewer to support"));

    // Another merchant's people do not exist.
    let other = rig.engine.add_merchant("Other", None).await.unwrap().id;
    let by = By::Person(&admin, &from);
    let stranger = rig.engine.add_user(by, new_user(other, "b@shop.example"), NewPassword::Drawn).await;
    assert_eq!(stranger.unwrap_err(), PortalError::Admin(AdminError::NotFound("merchant")));
    assert_eq!(rig.engine.user(other, viewer.id).await, Err(AdminError::NotFound("user")));

    rig.advance(901);
    let admin = rig.visitor(admin.token()).await.unwrap();
    let old = Err(PortalError::Refused(Why::SecondFactorOld));
    assert_eq!(promote(&admin, Role::Manager).await, old);
    let by = By::Person(&admin, &from);
    assert_eq!(
        rig.engine.end_sessions(by, rig.merchant, viewer.id).await,
        Err(PortalError::Refused(Why::SecondFactorOld))
    );
    assert!(rig.engine.reset_password(by, rig.merchant, viewer.id, NewPassword::Drawn).await.is_err());
    assert!(rig.engine.reset_second_factor(by, rig.merchant, viewer.id).await.is_err());
    assert!(rig.engine.give_second_factor(by, rig.merchant, viewer.id).await.is_err());
    assert!(
        rig.engine.add_user(by, new_user(rig.merchant, "c@shop.example"), NewPassword::Drawn).await.is_err()
    );
}

#[tokio::test]
async fn whoever_lost_the_role_since_the_request_began_changes_nobody() {
    let rig = Rig::new().await;
    let viewer = rig.person(Role::Viewer).await;
    let (user, secret) = rig.armed(Role::Admin).await;
    let admin = rig.with_code("admin@shop.example", &secret).await;
    let from = origin(1);
    let lost = rig.engine.change_user(By::Operator, rig.merchant, user.id, role(Role::Manager)).await;
    assert!(matches!(lost, Ok(Some(_))), "{lost:?}");
    let by = By::Person(&admin, &from);
    let promoted = rig.engine.change_user(by, rig.merchant, viewer.id, role(Role::Admin)).await;
    assert_eq!(promoted, Err(PortalError::Refused(Why::Role { least: Role::Admin })));
    assert_eq!(rig.engine.user(rig.merchant, viewer.id).await.unwrap().role, Role::Viewer);
}

#[tokio::test]
async fn whoever_is_no_admin_any_more_adds_nobody_and_gives_nobody_new_proofs() {
    let off = UserChange { disabled: Some(true), ..UserChange::default() };
    for lost in [role(Role::Manager), off] {
        let rig = Rig::new().await;
        let (viewer, of_viewer) = rig.armed(Role::Viewer).await;
        let (user, secret) = rig.armed(Role::Admin).await;
        let theirs = rig.with_code("viewer@shop.example", &of_viewer).await;
        let admin = rig.with_code("admin@shop.example", &secret).await;
        let (engine, merchant, from) = (&rig.engine, rig.merchant, origin(1));
        assert!(matches!(engine.change_user(By::Operator, merchant, user.id, lost).await, Ok(Some(_))));
        let before = rig.deeds().await;

        let (by, refused) =
            (By::Person(&admin, &from), PortalError::Refused(Why::Role { least: Role::Admin }));
        let new = || new_user(merchant, "b@shop.example");
        assert_eq!(engine.add_user(by, new(), NewPassword::Drawn).await.unwrap_err(), refused);
        assert_eq!(engine.add_person((&admin, &from), "k", new()).await.unwrap_err(), refused);
        let reset = engine.reset_password(by, merchant, viewer.id, NewPassword::Drawn).await;
        assert_eq!(reset.unwrap_err(), refused);
        let given = engine.give_password((&admin, &from), "l", viewer.id).await;
        assert_eq!(given.unwrap_err(), refused);
        assert_eq!(engine.reset_second_factor(by, merchant, viewer.id).await, Err(refused.clone()));
        let given = engine.give_second_factor(by, merchant, viewer.id).await;
        assert_eq!(given.unwrap_err(), refused);
        assert_eq!(engine.end_sessions(by, merchant, viewer.id).await, Err(refused));

        assert_eq!(rig.deeds().await, before, "nothing was done, and nothing is noted");
        assert_eq!(engine.list_users(merchant).await.unwrap().len(), 2);
        assert!(rig.visitor(theirs.token()).await.is_some());
    }
}

#[tokio::test]
async fn a_change_of_what_was_seen_before_another_one_is_refused() {
    let rig = Rig::new().await;
    let manager = rig.person(Role::Manager).await;
    let change = async |change| rig.engine.change_user(By::Operator, rig.merchant, manager.id, change).await;
    assert!(matches!(change(role(Role::Viewer)).await, Ok(Some(_))));
    let late = UserChange { seen: Some(SeenUser::of(&manager)), ..role(Role::Manager) };
    let refused = change(late).await;
    let Err(PortalError::Admin(AdminError::Conflict(fault))) = refused else { panic!("{refused:?}") };
    assert_eq!(fault.code, FaultCode::Overtaken);
    assert_eq!(rig.engine.user(rig.merchant, manager.id).await.unwrap().role, Role::Viewer);
}

#[tokio::test]
async fn a_form_adds_a_person_once() {
    let rig = Rig::new().await;
    let (_, secret) = rig.armed(Role::Admin).await;
    let admin = rig.with_code("admin@shop.example", &secret).await;
    let from = origin(1);
    let add = async |new| rig.engine.add_person((&admin, &from), "k", new).await;
    let new = |email: &str| new_user(rig.merchant, email);
    let taken = add(new("admin@shop.example")).await;
    assert!(matches!(taken, Err(PortalError::Admin(AdminError::Conflict(_)))), "{taken:?}");
    // What was refused can be sent again, with something else in it.
    let FormDone::Now((user, drawn)) = add(new("mai@shop.example")).await.unwrap() else {
        panic!("it was sent once")
    };
    let again = add(new("mai@shop.example")).await;
    assert!(matches!(again, Ok(FormDone::Before(id)) if id == user.id.to_string()));
    assert!(matches!(add(new("lan@shop.example")).await, Ok(FormDone::Reused)));
    assert_eq!(rig.engine.list_users(rig.merchant).await.unwrap().len(), 2);
    let told = rig.try_password("mai@shop.example", drawn.unwrap().expose_secret()).await;
    assert!(matches!(told, Proved::Done(_)), "the one that was shown counts");

    // Another merchant's people do not exist.
    let other = rig.engine.add_merchant("Other", None).await.unwrap().id;
    let stranger = rig.engine.add_person((&admin, &from), "l", new_user(other, "b@shop.example")).await;
    assert_eq!(stranger.unwrap_err(), PortalError::Admin(AdminError::NotFound("merchant")));
}

#[tokio::test]
async fn a_form_gives_another_password_once() {
    let rig = Rig::new().await;
    let (viewer, other) = (rig.person(Role::Viewer).await, rig.person(Role::Support).await);
    let (_, secret) = rig.armed(Role::Admin).await;
    let admin = rig.with_code("admin@shop.example", &secret).await;
    let from = origin(1);
    let give = async |user: &PortalUser| rig.engine.give_password((&admin, &from), "k", user.id).await;
    let FormDone::Now(Some(drawn)) = give(&viewer).await.unwrap() else { panic!("it was sent once") };
    assert!(matches!(give(&viewer).await, Ok(FormDone::Before(id)) if id == viewer.id.to_string()));
    assert!(matches!(give(&other).await, Ok(FormDone::Reused)));
    let told = rig.try_password("viewer@shop.example", drawn.expose_secret()).await;
    assert!(matches!(told, Proved::Done(_)), "the one that was shown counts");
    rig.signed_in("support@shop.example").await;

    rig.advance(901);
    let admin = rig.visitor(admin.token()).await.unwrap();
    let late = rig.engine.give_password((&admin, &from), "k", viewer.id).await;
    assert_eq!(late.unwrap_err(), PortalError::Refused(Why::SecondFactorOld));
}

#[tokio::test]
async fn a_portal_keeps_an_admin() {
    let rig = Rig::new().await;
    let (user, secret) = rig.armed(Role::Admin).await;
    let admin = rig.with_code("admin@shop.example", &secret).await;
    let from = origin(1);
    let resigns =
        rig.engine.change_user(By::Person(&admin, &from), rig.merchant, user.id, role(Role::Viewer)).await;
    assert!(matches!(resigns, Err(PortalError::Admin(AdminError::Conflict(_)))));
    let operator = rig.engine.change_user(By::Operator, rig.merchant, user.id, role(Role::Viewer)).await;
    assert!(matches!(operator, Ok(Some(_))));
}

#[tokio::test]
async fn the_operator_helps_out_whoever_lost_a_proof() {
    let rig = Rig::new().await;
    let (user, secret) = rig.armed(Role::Manager).await;
    let who = rig.with_code("manager@shop.example", &secret).await;
    let drawn =
        rig.engine.reset_password(By::Operator, rig.merchant, user.id, NewPassword::Drawn).await.unwrap();
    assert!(rig.visitor(who.token()).await.is_none());
    let told = rig.try_password("manager@shop.example", drawn.unwrap().expose_secret()).await;
    assert!(matches!(told, Proved::Done(PasswordShown::CodeNeeded(_))), "the second factor stays");
    let reset = async || rig.engine.reset_second_factor(By::Operator, rig.merchant, user.id).await;
    assert_eq!((reset().await, reset().await), (Ok(true), Ok(false)));
    let chosen = NewPassword::Chosen(PASSWORD.into());
    assert_eq!(
        rig.engine
            .reset_password(By::Operator, rig.merchant, user.id, chosen)
            .await
            .map(|drawn| drawn.is_none()),
        Ok(true)
    );
    let who = rig.signed_in("manager@shop.example").await;
    rig.advance(1);
    assert_eq!(rig.engine.end_sessions(By::Operator, rig.merchant, user.id).await, Ok(1));
    assert!(rig.visitor(who.token()).await.is_none());
    let by_operator: Vec<_> = rig
        .trail()
        .await
        .into_iter()
        .filter(|entry| entry.user.is_none())
        .map(|entry| (entry.deed, entry.actor, entry.address))
        .collect();
    assert_eq!(by_operator.last(), Some(&(Deed::SessionsEnded, "operator".to_owned(), None)));
}

#[tokio::test]
async fn the_trail_is_for_those_who_may_see_it() {
    let rig = Rig::new().await;
    rig.person(Role::Support).await;
    rig.person(Role::Manager).await;
    let (support, manager) =
        (rig.signed_in("support@shop.example").await, rig.signed_in("manager@shop.example").await);
    let object = Some("pay_1".to_owned());
    rig.engine.note_deed(&support, &origin(3), Deed::RefundMade, object.clone(), None).await.unwrap();
    let see = async |who: &SignedIn, of| rig.engine.audit_trail(who, of, None, 10).await;
    let refused = PortalError::Refused(Why::Role { least: Role::Manager });
    assert_eq!(see(&support, AuditOf::Everybody).await, Err(refused));
    let seen = see(&manager, AuditOf::Object("pay_1".to_owned())).await.unwrap();
    let [entry] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!((entry.user, entry.deed, &entry.object), (Some(support.user.id), Deed::RefundMade, &object));
    assert_eq!((entry.address.as_deref(), entry.agent.as_deref()), (Some("192.0.2.3"), Some("a browser")));
    assert_eq!(see(&manager, AuditOf::User(support.user.id)).await.unwrap().len(), 2);
}

#[test]
fn what_a_browser_says_of_itself_is_cut_short() {
    let long = format!("a\u{1b}[31m{}", "ü".repeat(300));
    let origin = Origin::new("::ffff:192.0.2.9".parse().unwrap(), &long);
    assert!(origin.agent().len() <= 200 && origin.agent().starts_with("a[31mü"));
    assert_eq!(origin.address.to_string(), "192.0.2.9");
}
