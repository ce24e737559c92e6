//! GET `/portal/settings/people/{id}`, and what is done about one person: POST `…` changes, `…/disable`, `…/enable`,
//! `…/password`, `…/second-factor`, `…/sessions`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::id::UserId;
use redress_core::role::{Act, RefundLimits, Role};
use redress_engine::admin::AdminError;
use redress_engine::admin::fault::FaultCode;
use redress_engine::portal::PortalError;
use redress_engine::portal::audit::By;
use redress_engine::portal::forms::FormDone;
use redress_engine::portal::people::{PortalUser, SeenUser, UserChange};

use super::people::{Fields, Row, Typed, limits_text, password_page};
use super::wrongs::Wrongs;
use super::{form_key, off, trail_of};
use crate::body::PathText;
use crate::portal::form::Form;
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
    /// What was shown of the person, which the form carries along.
    seen: Carried,
    /// Drawn with the form of another password: however often it is sent, it gives one.
    password_key: String,
}

/// What a form carries along: the names of hidden fields, and what stands in them.
type Carried = [(&'static str, String); 3];

/// What a person decides on who changes somebody. A change on a page that was made before somebody else's would give back what
/// that one took away, a role above all.
fn seen_of(SeenUser { name, role, limits }: SeenUser) -> Carried {
    [("seen_name", name), ("seen_role", role.to_string()), ("seen_limits", limits.to_string())]
}

/// The same as a form carries it, however it does.
fn seen_as_sent(form: &Form) -> Carried {
    ["seen_name", "seen_role", "seen_limits"].map(|field| (field, form.typed(field).to_owned()))
}

/// What the page of a form showed; `None` where the form does not say it.
fn seen_in(form: &Form) -> Option<SeenUser> {
    let role = Role::parse(form.typed("seen_role"))?;
    let limits = RefundLimits::parse(form.typed("seen_limits"))?;
    Some(SeenUser { name: form.typed("seen_name").to_owned(), role, limits })
}

/// Shows one.
pub(crate) async fn show_it(who: Signed, path: PathText) -> Result<Response, Stop> {
    let scope = who.to(&Act::SeeSettings)?;
    let user = found(&who, scope, path).await?;
    Ok(page_as_is(&who, StatusCode::OK, &user, &Wrongs::default()))
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
    let typed = Typed::read(&form, who.seen().language.texts(), &mut wrongs);
    if !wrongs.is_empty() {
        return Ok(page_as_sent(&who, StatusCode::UNPROCESSABLE_ENTITY, &user, &form, &wrongs));
    }
    let Some(seen) = seen_in(&form) else {
        return overtaken(&who, &user, &form, &typed, None).await;
    };
    // Whoever is support again has the limits of before, as at the command line.
    let limits = (typed.role == Some(Role::Support)).then(|| typed.limits.clone());
    let (name, role) = (Some(typed.name.clone()), typed.role);
    let change = UserChange { name, role, limits, disabled: None, seen: Some(seen.clone()) };
    match who.seen().engine.change_user(by(&who), user.merchant, user.id, change).await {
        Ok(_) => Ok(done(&page_of(&user), Said::Changed, who.seen().https)),
        Err(PortalError::Admin(AdminError::Conflict(fault))) if fault.code == FaultCode::Overtaken => {
            overtaken(&who, &user, &form, &typed, Some(seen)).await
        }
        Err(error) => {
            let (status, wrongs) = refused(&who, error)?;
            Ok(page_as_sent(&who, status, &user, &form, &wrongs))
        }
    }
}

/// Lets the person sign in no more.
pub(crate) async fn disable(path: PathText, Posted { who, .. }: Posted<Signed>) -> Result<Response, Stop> {
    switch(&who, path, true).await
}

/// Lets the person sign in again.
pub(crate) async fn enable(path: PathText, Posted { who, .. }: Posted<Signed>) -> Result<Response, Stop> {
    switch(&who, path, false).await
}

async fn switch(who: &Signed, path: PathText, disabled: bool) -> Result<Response, Stop> {
    let user = managed(who, path).await?;
    let change = UserChange { disabled: Some(disabled), ..UserChange::default() };
    let said = if disabled { Said::PersonDisabled } else { Said::PersonEnabled };
    match who.seen().engine.change_user(by(who), user.merchant, user.id, change).await {
        Ok(_) => Ok(done(&page_of(&user), said, who.seen().https)),
        Err(error) => {
            let (status, wrongs) = refused(who, error)?;
            Ok(page_as_is(who, status, &user, &wrongs))
        }
    }
}

/// What is wrong with a change, for the person's page.
fn refused(who: &Signed, error: PortalError) -> Result<(StatusCode, Wrongs), Stop> {
    let t = who.seen().language.texts();
    if let PortalError::Admin(AdminError::Conflict(_)) = error {
        return Ok((StatusCode::CONFLICT, Wrongs::whole(t.team.last_admin)));
    }
    let wrongs = Wrongs::of_portal(error, t, &["name", "role", "limits"])?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, wrongs))
}

/// The page as the person is now, where somebody else changed the person since the page was made on which this one decided.
/// What was typed stays; what was left as it was shown is as it is now; and a role that was chosen is chosen again.
async fn overtaken(
    who: &Signed,
    user: &PortalUser,
    form: &Form,
    typed: &Typed,
    seen: Option<SeenUser>,
) -> Result<Response, Stop> {
    let now = who.seen().engine.user(user.merchant, user.id).await?;
    let shown = seen.unwrap_or_else(|| SeenUser::of(&now));
    let in_fields = |field: &str| match field {
        "name" if typed.name != shown.name => form.typed(field).to_owned(),
        "role" if typed.role != Some(shown.role) => String::new(),
        "limits" if typed.limits != shown.limits => form.typed(field).to_owned(),
        field => stands(&now, field),
    };
    let wrongs = Wrongs::whole(who.seen().language.texts().acts.changed_since);
    Ok(page(who, StatusCode::CONFLICT, &now, &in_fields, seen_of(SeenUser::of(&now)), &wrongs))
}

/// Gives the person another password and shows it, the only time.
pub(crate) async fn password(path: PathText, Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let user = managed(&who, path).await?;
    let (seen, back) = (who.seen(), page_of(&user));
    let Some(form_key) = form_key(&form) else {
        return Ok(done(&back, Said::TypedAgain, seen.https));
    };
    let given = seen.engine.give_password((who.who(), &seen.origin), form_key, user.id).await;
    match given.map_err(|error| who.stopped(error))? {
        FormDone::Now(password) => {
            let title = fill(seen.language.texts().team.password, &[("name", &user.name)]);
            Ok(password_page(&who, title, &user, password.as_ref()))
        }
        // A double click shows what the second one is answered with, and a reload sends the form once more.
        FormDone::Before(_) => Ok(done(&back, Said::PasswordMadeBefore, seen.https)),
        FormDone::Meanwhile => Ok(done(&back, Said::BeingDone, seen.https)),
        FormDone::Reused => Ok(done(&back, Said::MadeBefore, seen.https)),
    }
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

/// The page with the person as it is in its form.
fn page_as_is(who: &Signed, status: StatusCode, user: &PortalUser, wrongs: &Wrongs) -> Response {
    let in_fields = |field: &str| stands(user, field);
    page(who, status, user, &in_fields, seen_of(SeenUser::of(user)), wrongs)
}

/// The page with what was sent in its form. What was seen when it was typed stays too: it is no newer now.
fn page_as_sent(
    who: &Signed,
    status: StatusCode,
    user: &PortalUser,
    form: &Form,
    wrongs: &Wrongs,
) -> Response {
    let in_fields = |field: &str| form.typed(field).to_owned();
    page(who, status, user, &in_fields, seen_as_sent(form), wrongs)
}

fn page(
    who: &Signed,
    status: StatusCode,
    user: &PortalUser,
    in_fields: &dyn Fn(&str) -> String,
    seen: Carried,
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
        seen,
        password_key: who.seen().engine.form_key(),
        s,
    };
    show(status, &page.s, &page)
}
