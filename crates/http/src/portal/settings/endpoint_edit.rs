//! GET and POST `/portal/settings/endpoints/{id}/edit`: what one endpoint is told, where and how.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::event::EventKind;
use redress_core::id::EndpointId;
use redress_core::role::Act;
use redress_engine::admin::AdminError;
use redress_engine::admin::endpoint_edit::{EndpointEdit, SeenEndpoint};
use redress_engine::admin::endpoints::{Dialect, Endpoint};
use redress_engine::admin::fault::FaultCode;
use redress_engine::portal::PortalError;

use super::endpoint::{found, kinds};
use super::endpoints::{Fields, Row, Typed};
use super::wrongs::Wrongs;
use crate::body::PathText;
use crate::portal::form::Form;
use crate::portal::gate::{Caller, Posted, Scope, Signed};
use crate::portal::nav::Area;
use crate::portal::page::{Shell, done, see_other, show};
use crate::portal::problem::Stop;
use crate::portal::said::Said;

#[derive(Template)]
#[template(path = "portal/settings/endpoint_edit.html")]
struct Edit {
    s: Shell,
    problem: Option<String>,
    id: String,
    /// As it is now, where somebody else changed it since the page was made.
    now: Option<Now>,
    fields: Fields,
    /// What was shown of it, which the form carries along.
    seen: Carried,
}

/// How an endpoint is.
struct Now {
    row: Row,
    events: Vec<&'static str>,
}

/// What a form carries along: the names of hidden fields, and what stands in them.
type Carried = [(&'static str, String); 4];

/// What a person decides on who changes it. A change on a page that was made before somebody else's would undo that.
fn seen_of(SeenEndpoint { name, url, dialect, event_mask }: SeenEndpoint) -> Carried {
    let (dialect, events) = (dialect.as_str().to_owned(), event_mask.to_string());
    [("seen_name", name), ("seen_url", url), ("seen_dialect", dialect), ("seen_events", events)]
}

/// The same as a form carries it, however it does.
fn seen_as_sent(form: &Form) -> Carried {
    ["seen_name", "seen_url", "seen_dialect", "seen_events"]
        .map(|field| (field, form.typed(field).to_owned()))
}

/// What the page of a form showed; `None` where the form does not say it.
fn seen_in(form: &Form) -> Option<SeenEndpoint> {
    let dialect = Dialect::parse(form.typed("seen_dialect"))?;
    let event_mask = form.typed("seen_events").parse().ok()?;
    let [name, url] = ["seen_name", "seen_url"].map(|field| form.typed(field).to_owned());
    // No endpoint has it, and PostgreSQL takes no such text even to compare.
    if name.contains('\0') || url.contains('\0') {
        return None;
    }
    Some(SeenEndpoint { name, url, dialect, event_mask })
}

/// What stands in a field before anybody types.
fn stands(endpoint: &Endpoint, field: &str) -> String {
    match field {
        "name" => endpoint.name.clone(),
        "url" => endpoint.url.clone(),
        "dialect" => endpoint.dialect.as_str().to_owned(),
        _ => kinds(endpoint).map(EventKind::as_str).collect::<Vec<_>>().join(" "),
    }
}

/// Asks what is to be different.
pub(crate) async fn edit_form(who: Signed, path: PathText) -> Result<Response, Stop> {
    let scope = who.to(&Act::ManageEndpoints)?;
    let endpoint = found(&who, scope, path).await?;
    if endpoint.revoked_at.is_some() {
        return Ok(see_other(&format!("/portal/settings/endpoints/{}", endpoint.id)));
    }
    let fields =
        Fields::of(who.seen().language.texts(), &|field| stands(&endpoint, field), &Wrongs::default());
    let edit = Edit {
        s: Shell::of(&who, Area::Settings),
        problem: None,
        id: endpoint.id.to_string(),
        now: None,
        fields,
        seen: seen_of(SeenEndpoint::of(&endpoint)),
    };
    Ok(show(StatusCode::OK, &edit.s, &edit))
}

/// Changes it.
pub(crate) async fn edit(path: PathText, Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let scope = who.to(&Act::ManageEndpoints)?;
    let (seen, t) = (who.seen(), who.seen().language.texts());
    let endpoint = found(&who, scope, path).await?;
    let mut wrongs = Wrongs::default();
    let typed = Typed::read(&form, t, &mut wrongs);
    if typed.event_mask.is_none() {
        wrongs.add("events", t.common.required);
    }
    if !wrongs.is_empty() {
        return Ok(as_sent(&who, endpoint.id, &form, &wrongs));
    }
    let Some(shown) = seen_in(&form) else {
        return overtaken(&who, scope, endpoint.id, &form, &typed, None).await;
    };
    let edit = EndpointEdit {
        name: Some(typed.name.clone()),
        url: Some(typed.url.clone()),
        dialect: typed.dialect,
        event_mask: typed.event_mask,
        seen: Some(shown.clone()),
    };
    match seen.engine.change_endpoint_by((who.who(), &seen.origin), &endpoint, edit).await {
        Ok(_) => Ok(done(&format!("/portal/settings/endpoints/{}", endpoint.id), Said::Changed, seen.https)),
        Err(PortalError::Admin(AdminError::Conflict(fault))) if fault.code == FaultCode::Overtaken => {
            overtaken(&who, scope, endpoint.id, &form, &typed, Some(shown)).await
        }
        Err(PortalError::Admin(error)) => {
            Ok(as_sent(&who, endpoint.id, &form, &Wrongs::of(error, t, &Typed::FIELDS)?))
        }
        Err(refused @ PortalError::Refused(_)) => Err(who.stopped(refused)),
    }
}

/// The page with what was sent in its form, and what is wrong with it. What was seen when it was typed stays too: it is no newer
/// now.
fn as_sent(who: &Signed, id: EndpointId, form: &Form, wrongs: &Wrongs) -> Response {
    let s = Shell::of(who, Area::Settings);
    let edit = Edit {
        problem: wrongs.on_top(s.t),
        id: id.to_string(),
        now: None,
        fields: Fields::of(s.t, &|field| Fields::typed(form, field), wrongs),
        seen: seen_as_sent(form),
        s,
    };
    show(StatusCode::UNPROCESSABLE_ENTITY, &edit.s, &edit)
}

/// The page with the endpoint as it is now, where somebody else changed it since the page was made on which the person decided.
/// What was typed stays, and what was left as it was shown is as it is now.
async fn overtaken(
    who: &Signed,
    scope: Scope,
    id: EndpointId,
    form: &Form,
    typed: &Typed,
    seen: Option<SeenEndpoint>,
) -> Result<Response, Stop> {
    let now = who.seen().engine.endpoint(scope.merchant, scope.environment, id).await?;
    let shown = seen.unwrap_or_else(|| SeenEndpoint::of(&now));
    let in_fields = |field: &str| {
        let is_left = match field {
            "name" => typed.name == shown.name,
            "url" => typed.url == shown.url,
            "dialect" => typed.dialect == Some(shown.dialect),
            _ => typed.event_mask == Some(shown.event_mask),
        };
        if is_left { stands(&now, field) } else { Fields::typed(form, field) }
    };
    let s = Shell::of(who, Area::Settings);
    let events = kinds(&now).map(|kind| s.t.event(kind)).collect();
    let edit = Edit {
        problem: Some(s.t.acts.changed_since.to_owned()),
        id: id.to_string(),
        now: Some(Now { row: Row::of(&now, &s), events }),
        fields: Fields::of(s.t, &in_fields, &Wrongs::default()),
        seen: seen_of(SeenEndpoint::of(&now)),
        s,
    };
    Ok(show(StatusCode::CONFLICT, &edit.s, &edit))
}
