//! GET `/portal/settings/people/{id}`, and what is done about one person: POST `…` changes, `…/disable`, `…/enable`,
//! `…/password`, `…/second-factor`, `…/sessions`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::id::UserId;
use redress_core::role::{Act, Role};
use redress_engine::admin::AdminError;
use redress_engine::portal::PortalError;
use redress_engine::portal::audit::By;
use redress_engine::portal::people::{NewPassword, PortalUser, UserChange};

use super::people::{Fields, Row, Typed, limits_text, password_page};
use super::wrongs::Wrongs;
use super::{off, trail_of};
use crate::body::PathText;
use crate::portal::gate::{Caller, Posted, Scope, Signed};
use crate::portal::nav::Area;
use crate::portal::page::{Shell, done, show};
use crate::portal::problem::Stop;
use crate::portal::said::Said;
use crate::portal::text::fill;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "portal/settings/person.html")]
struct Page {
    s: Shell,
    problem: Option<String>,
    row: Row,
    /// What the person did, and what was done to the person.
    did: String,
    trail: String,
    off: Option<String>,
    is_own: bool,
    is_disabled: bool,
    has_second_factor: bool,
    fields: Fields,
}

/// Shows one.
pub(crate) async fn show_it(who: Signed, path: PathText) -> Result<Response, Stop> {
    let scope = who.to(&Act::SeeSettings)?;
    let user = found(&who, scope, path).await?;
    Ok(page(&who, StatusCode::OK, &user, &|field| stands(&user, field), &Wrongs::default()))
}

/// The person that a path names; one of another merchant does not exist.
async fn found(who: &Signed, scope: Scope, PathText(id): PathText) -> Result<PortalUser, Stop> {
    let id = id.and_then(|id| UserId::parse(&id).ok()).ok_or(Problem::NoRoute)?;
    Ok(who.seen().engine.user(scope.merchant, id).await?)
}

/// The person, once whoever asks may manage people.
async fn managed(who: &Signed, path: PathText) -> Result<PortalUser, Stop> {
    let scope = who.to(&Act::ManageUsers)?;
    found(who, scope, path).await
}

fn by(who: &Signed) -> By<'_> {
    By::Person(who.who(), &who.seen().origin)
}

fn page_of(user: &PortalUser) -> String {
    format!("/portal/settings/people/{}", user.id)
}

/// What stands in a field before anybody types.
fn stands(user: &PortalUser, field: &str) -> String {
    match field {
        "name" => user.name.clone(),
        "role" => user.role.as_str().to_owned(),
        _ => limits_text(&user.limits),
    }
}

/// Changes what the person is called and may do.
pub(crate) async fn change(path: PathText, Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let user = managed(&who, path).await?;
    let mut wrongs = Wrongs::default();
    let Typed { name, role, limits } = Typed::read(&form, who.seen().language.texts(), &mut wrongs);
    let typed = |field: &str| form.typed(field).to_owned();
    if !wrongs.is_empty() {
        return Ok(page(&who, StatusCode::UNPROCESSABLE_ENTITY, &user, &typed, &wrongs));
    }
    // Whoever is support again has the limits of before, as at the command line.
    let limits = (role == Some(Role::Support)).then_some(limits);
    let change = UserChange { name: Some(name), role, limits, disabled: None };
    changed(&who, &user, change, Said::Changed, &typed).await
}

/// Lets the person sign in no more.
pub(crate) async fn disable(path: PathText, Posted { who, .. }: Posted<Signed>) -> Result<Response, Stop> {
    let user = managed(&who, path).await?;
    let change = UserChange { disabled: Some(true), ..UserChange::default() };
    changed(&who, &user, change, Said::PersonDisabled, &|field| stands(&user, field)).await
}

/// Lets the person sign in again.
pub(crate) async fn enable(path: PathText, Posted { who, .. }: Posted<Signed>) -> Result<Response, Stop> {
    let user = managed(&who, path).await?;
    let change = UserChange { disabled: Some(false), ..UserChange::default() };
    changed(&who, &user, change, Said::PersonEnabled, &|field| stands(&user, field)).await
}

async fn changed(
    who: &Signed,
    user: &PortalUser,
    change: UserChange,
    said: Said,
    in_fields: &(dyn Fn(&str) -> String + Sync),
) -> Result<Response, Stop> {
    let (seen, t) = (who.seen(), who.seen().language.texts());
    match seen.engine.change_user(by(who), user.merchant, user.id, change).await {
        Ok(_) => Ok(done(&page_of(user), said, seen.https)),
        Err(PortalError::Admin(AdminError::Conflict(_))) => {
            Ok(page(who, StatusCode::CONFLICT, user, in_fields, &Wrongs::whole(t.team.last_admin)))
        }
        Err(error) => {
            let wrongs = Wrongs::of_portal(error, t, &["name", "role", "limits"])?;
            Ok(page(who, StatusCode::UNPROCESSABLE_ENTITY, user, in_fields, &wrongs))
        }
    }
}

/// Gives the person another password and shows it, the only time.
pub(crate) async fn password(path: PathText, Posted { who, .. }: Posted<Signed>) -> Result<Response, Stop> {
    let user = managed(&who, path).await?;
    let engine = &who.seen().engine;
    let reset = engine.reset_password(by(&who), user.merchant, user.id, NewPassword::Drawn).await;
    let password = reset.map_err(|error| who.stopped(error))?;
    let title = fill(who.seen().language.texts().team.password, &[("name", &user.name)]);
    Ok(password_page(&who, title, &user, password.as_ref()))
}

/// Takes the person's second factor away.
pub(crate) async fn second_factor(
    path: PathText,
    Posted { who, .. }: Posted<Signed>,
) -> Result<Response, Stop> {
    let user = managed(&who, path).await?;
    let seen = who.seen();
    let reset = seen.engine.reset_second_factor(by(&who), user.merchant, user.id).await;
    reset.map_err(|error| who.stopped(error))?;
    Ok(done(&page_of(&user), Said::SecondFactorGone, seen.https))
}

/// Signs the person out everywhere.
pub(crate) async fn sessions(path: PathText, Posted { who, .. }: Posted<Signed>) -> Result<Response, Stop> {
    let user = managed(&who, path).await?;
    let seen = who.seen();
    let ended = seen.engine.end_sessions(by(&who), user.merchant, user.id).await;
    ended.map_err(|error| who.stopped(error))?;
    Ok(done(&page_of(&user), Said::SessionsEnded, seen.https))
}

fn page(
    who: &Signed,
    status: StatusCode,
    user: &PortalUser,
    in_fields: &dyn Fn(&str) -> String,
    wrongs: &Wrongs,
) -> Response {
    let s = Shell::of(who, Area::Settings);
    let page = Page {
        problem: wrongs.on_top(s.t),
        row: Row::of(user, &s),
        did: format!("/portal/audit?person={}", user.id),
        trail: trail_of(&user.id.to_string()),
        off: off(who, &Act::ManageUsers),
        is_own: who.who().user.id == user.id,
        is_disabled: user.disabled_at.is_some(),
        has_second_factor: user.has_second_factor,
        fields: Fields::of(s.t, in_fields, wrongs),
        s,
    };
    show(status, &page.s, &page)
}
