//! GET `/portal/settings/endpoints` and `…/new`, POST `/portal/settings/endpoints`: the endpoints, and adding one.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::event::EventKind;
use redress_core::role::Act;
use redress_engine::admin::endpoints::{Dialect, Endpoint, NewEndpoint, Tries};
use redress_engine::admin::{NAME_BYTES_MAX, URL_BYTES_MAX};
use redress_engine::portal::forms::FormDone;

use super::wrongs::Wrongs;
use super::{Shown, form_key, off, shown_once};
use crate::portal::field::Field;
use crate::portal::form::Form;
use crate::portal::format;
use crate::portal::gate::{Caller, Posted, Signed};
use crate::portal::nav::Area;
use crate::portal::page::{Shell, done, show};
use crate::portal::problem::Stop;
use crate::portal::said::Said;
use crate::portal::text::{Texts, fill};

/// Tries of so many days are counted: with today, a week.
const TRIES_DAYS: u32 = 6;

const PAGE: &str = "/portal/settings/endpoints";
const NEW: &str = "/portal/settings/endpoints/new";

#[derive(Template)]
#[template(path = "portal/settings/endpoints.html")]
struct List {
    s: Shell,
    off: Option<String>,
    rows: Vec<(Row, String)>,
    /// Some tries were not looked at.
    is_part: bool,
}

/// An endpoint, for people.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) url: String,
    pub(super) dialect: &'static str,
    /// The class of its state, and the words.
    pub(super) state: &'static str,
    pub(super) stands: String,
}

impl Row {
    pub(super) fn of(endpoint: &Endpoint, s: &Shell) -> Self {
        let (t, time) = (&s.t.endpoints, |text, at| fill(text, &[("time", &s.time(at))]));
        let (state, stands) = match (&endpoint.revoked_at, &endpoint.disabled_at, &endpoint.failing_since) {
            (Some(at), _, _) => ("canceled", time(s.t.settings.revoked_at, at)),
            (None, Some(at), _) => ("failed", time(t.disabled, at)),
            (None, None, Some(at)) => ("pending", time(t.failing, at)),
            (None, None, None) => ("succeeded", s.t.settings.active.to_owned()),
        };
        Self {
            id: endpoint.id.to_string(),
            name: endpoint.name.clone(),
            url: endpoint.url.clone(),
            dialect: s.t.dialect(endpoint.dialect),
            state,
            stands,
        }
    }
}

/// How many tries were in vain, in words.
fn tries_told(tries: Option<&Tries>, t: &Texts) -> String {
    let Some(Tries { tries: tries @ 1.., failed, .. }) = tries.copied() else {
        return t.endpoints.no_tries.to_owned();
    };
    let rate = format::percent(i64::from(failed) * 10_000 / i64::from(tries));
    let [failed, tries] = [failed, tries].map(|number| format::count(number.into()));
    fill(t.endpoints.tries_told, &[("failed", &failed), ("tries", &tries), ("rate", &rate)])
}

/// Lists those of the chosen environment.
pub(crate) async fn list(who: Signed) -> Result<Response, Stop> {
    let scope = who.to(&Act::SeeSettings)?;
    let s = Shell::of(&who, Area::Settings);
    let found = who.seen().engine.list_endpoints(scope.merchant, Some(scope.environment)).await?;
    let counted = who.seen().engine.count_tries(scope.merchant, TRIES_DAYS).await?;
    let row =
        |endpoint: &Endpoint| (Row::of(endpoint, &s), tries_told(counted.endpoints.get(&endpoint.id), s.t));
    let rows = found.iter().rev().map(row).collect();
    let page = List { off: off(&who, &Act::ManageEndpoints), rows, is_part: !counted.are_all, s };
    Ok(show(StatusCode::OK, &page.s, &page))
}

/// What is typed about an endpoint.
pub(super) struct Typed {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) dialect: Option<Dialect>,
    /// `None` for what is usual.
    pub(super) event_mask: Option<i64>,
}

impl Typed {
    /// The names of the fields that the engine may refuse.
    pub(super) const FIELDS: [&'static str; 4] = ["name", "url", "dialect", "events"];

    pub(super) fn read(form: &Form, t: &Texts, wrongs: &mut Wrongs) -> Self {
        let name = wrongs.read(t, "name", form.needed("name", NAME_BYTES_MAX));
        let url = wrongs.read(t, "url", form.needed("url", URL_BYTES_MAX));
        let dialect = Dialect::parse(form.typed("dialect"));
        if dialect.is_none() {
            wrongs.add("dialect", t.common.required);
        }
        let kinds = form.chosen("events");
        let kinds = kinds.split(' ').filter_map(EventKind::parse);
        let event_mask = kinds.fold(0, |mask, kind| mask | kind.bit());
        Self { name, url, dialect, event_mask: (event_mask != 0).then_some(event_mask) }
    }
}

/// The fields of an endpoint's forms, with what stands in them.
pub(super) struct Fields {
    pub(super) name: Field,
    pub(super) url: Field,
    pub(super) dialect: Field,
    pub(super) events: Field,
}

impl Fields {
    /// `stands` gives the value of a field.
    pub(super) fn of(t: &Texts, stands: &dyn Fn(&str) -> String, wrongs: &Wrongs) -> Self {
        let words = &t.endpoints;
        let dialects = [Dialect::Standard, Dialect::Portone, Dialect::Sgate];
        let dialects = dialects.map(|one| (one.as_str().to_owned(), t.dialect(one).to_owned()));
        let events = EventKind::ALL.map(|kind| (kind.as_str().to_owned(), t.event(kind).to_owned()));
        Self {
            name: Field::line("name", "text", t.settings.name)
                .value(&stands("name"))
                .hint(words.name_hint)
                .wrong(wrongs.beside("name")),
            url: Field::line("url", "url", words.url)
                .value(&stands("url"))
                .hint(words.url_hint)
                .wrong(wrongs.beside("url"))
                .ltr(),
            dialect: Field::choice("dialect", words.dialect, dialects.to_vec())
                .value(&stands("dialect"))
                .wrong(wrongs.beside("dialect")),
            events: Field::checks("events", words.events, events.to_vec())
                .value(&stands("events"))
                .hint(words.events_hint)
                .wrong(wrongs.beside("events")),
        }
    }

    /// What was typed.
    pub(super) fn typed(form: &Form, field: &str) -> String {
        if field == "events" { form.chosen(field) } else { form.typed(field).to_owned() }
    }
}

#[derive(Template)]
#[template(path = "portal/settings/endpoint_new.html")]
struct New {
    s: Shell,
    problem: Option<String>,
    /// Drawn with the form: however often it is sent, it adds one endpoint.
    key: String,
    fields: Fields,
}

/// Asks where.
pub(crate) async fn form(who: Signed) -> Result<Response, Stop> {
    who.to(&Act::ManageEndpoints)?;
    Ok(new_page(&who, StatusCode::OK, &Form::default(), &Wrongs::default()))
}

/// Adds one and shows its secret.
pub(crate) async fn add(Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let scope = who.to(&Act::ManageEndpoints)?;
    who.opened_here(&form)?;
    let (seen, t) = (who.seen(), who.seen().language.texts());
    let Some(form_key) = form_key(&form) else {
        return Ok(done(NEW, Said::TypedAgain, seen.https));
    };
    let mut wrongs = Wrongs::default();
    let typed = Typed::read(&form, t, &mut wrongs);
    let (Some(dialect), true) = (typed.dialect, wrongs.is_empty()) else {
        return Ok(new_page(&who, StatusCode::UNPROCESSABLE_ENTITY, &form, &wrongs));
    };
    let new = NewEndpoint {
        merchant: scope.merchant,
        name: typed.name,
        url: typed.url,
        dialect,
        environment: scope.environment,
        event_mask: typed.event_mask,
        credential: None,
    };
    match seen.engine.set_up_endpoint((who.who(), &seen.origin), form_key, new).await {
        Ok(FormDone::Now((endpoint, secret))) => {
            let shown = vec![Shown::secret("secret", t.endpoints.secret, &secret)];
            let (title, told) = (t.endpoints.made_title.to_owned(), Some(endpoint.name));
            Ok(shown_once(&who, title, told, shown, format!("{PAGE}/{}", endpoint.id)))
        }
        Ok(FormDone::Before(id)) => Ok(done(&format!("{PAGE}/{id}"), Said::EndpointMadeBefore, seen.https)),
        Ok(FormDone::Meanwhile) => Ok(done(PAGE, Said::BeingDone, seen.https)),
        Ok(FormDone::Reused) => Ok(done(PAGE, Said::MadeBefore, seen.https)),
        Err(error) => {
            let wrongs = Wrongs::of_portal(error, t, &Typed::FIELDS)?;
            Ok(new_page(&who, StatusCode::UNPROCESSABLE_ENTITY, &form, &wrongs))
        }
    }
}

fn new_page(who: &Signed, status: StatusCode, typed: &Form, wrongs: &Wrongs) -> Response {
    let s = Shell::of(who, Area::Settings);
    let fields = Fields::of(s.t, &|field| Fields::typed(typed, field), wrongs);
    let page = New { problem: wrongs.on_top(s.t), key: who.seen().engine.form_key(), fields, s };
    show(status, &page.s, &page)
}
