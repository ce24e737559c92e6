//! GET `/portal/settings/keys` and `/portal/settings/keys/new`, POST `/portal/settings/keys`: the keys, and making one.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::environment::Environment;
use redress_core::right::{Right, Rights};
use redress_core::role::Act;
use redress_core::time::Timestamp;
use redress_engine::admin::keys::{Credential, CredentialKind, KeyInUse};
use redress_engine::portal::forms::FormDone;

use super::wrongs::Wrongs;
use super::{Shown, form_key, off, shown_once};
use crate::portal::field::Field;
use crate::portal::form::Form;
use crate::portal::gate::{Caller, Posted, Signed};
use crate::portal::nav::Area;
use crate::portal::page::{Shell, done, show};
use crate::portal::problem::Stop;
use crate::portal::said::Said;
use crate::portal::text::fill;

const PAGE: &str = "/portal/settings/keys";
const NEW: &str = "/portal/settings/keys/new";

#[derive(Template)]
#[template(path = "portal/settings/keys.html")]
struct List {
    s: Shell,
    off: Option<String>,
    rows: Vec<Row>,
}

/// A key, for people.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) kind: &'static str,
    pub(super) environment: &'static str,
    pub(super) rights: Vec<&'static str>,
    pub(super) made: Timestamp,
    pub(super) used: Option<Timestamp>,
    /// The class of its state, and the words.
    pub(super) state: &'static str,
    pub(super) stands: String,
}

impl Row {
    pub(super) fn of(in_use: KeyInUse, s: &Shell, now: Timestamp) -> Self {
        let KeyInUse { key, last_used_at } = in_use;
        let time = |text, at: Timestamp| fill(text, &[("time", &s.time(&at))]);
        let (state, stands) = match key.revoked_at {
            None => ("succeeded", s.t.settings.active.to_owned()),
            Some(at) if now < at => ("pending", time(s.t.keys.ends, at)),
            Some(at) => ("canceled", time(s.t.settings.revoked_at, at)),
        };
        let environment = match key.environment {
            Some(Environment::Sandbox) => s.t.common.sandbox,
            Some(Environment::Live) => s.t.common.live,
            None => s.t.settings.both,
        };
        Self {
            id: key.id.to_string(),
            kind: s.t.key_kind(key.kind),
            environment,
            rights: key.rights.iter().map(|right| s.t.right(right)).collect(),
            made: key.created_at,
            used: last_used_at,
            state,
            stands,
            key: key.public_key,
        }
    }
}

/// Whether a key serves an environment.
pub(super) fn serves(key: &Credential, environment: Environment) -> bool {
    key.environment.is_none_or(|of| of == environment)
}

/// Lists those of the chosen environment.
pub(crate) async fn list(who: Signed) -> Result<Response, Stop> {
    let scope = who.to(&Act::SeeSettings)?;
    let s = Shell::of(&who, Area::Settings);
    let (engine, now) = (&who.seen().engine, who.seen().engine.now());
    let keys = engine.keys_in_use(scope.merchant).await?.into_iter().rev();
    let keys = keys.filter(|one| serves(&one.key, scope.environment));
    let rows = keys.map(|one| Row::of(one, &s, now)).collect();
    let page = List { off: off(&who, &Act::ManageKeys), rows, s };
    Ok(show(StatusCode::OK, &page.s, &page))
}

#[derive(Template)]
#[template(path = "portal/settings/key_new.html")]
struct New {
    s: Shell,
    problem: Option<String>,
    /// Drawn with the form: however often it is sent, it makes one key.
    key: String,
    kind: Field,
    rights: Field,
}

/// Asks what for.
pub(crate) async fn form(who: Signed) -> Result<Response, Stop> {
    who.to(&Act::ManageKeys)?;
    Ok(new_page(&who, StatusCode::OK, &Form::default(), &Wrongs::default()))
}

/// Makes one and shows it.
pub(crate) async fn make(Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let scope = who.to(&Act::ManageKeys)?;
    who.opened_here(&form)?;
    let (seen, t) = (who.seen(), who.seen().language.texts());
    let Some(form_key) = form_key(&form) else {
        return Ok(done(NEW, Said::TypedAgain, seen.https));
    };
    let mut wrongs = Wrongs::default();
    let kind = CredentialKind::parse(form.typed("kind"));
    if kind.is_none() {
        wrongs.add("kind", t.common.required);
    }
    let rights = Rights::parse(&form.chosen("rights")).unwrap_or_default();
    if rights != Rights::NONE && kind.is_some_and(|kind| kind != CredentialKind::Api) {
        wrongs.add("rights", t.keys.rights_wrong);
    }
    let (Some(kind), true) = (kind, wrongs.is_empty()) else {
        return Ok(new_page(&who, StatusCode::UNPROCESSABLE_ENTITY, &form, &wrongs));
    };
    let environment = (kind != CredentialKind::Portone).then_some(scope.environment);
    let made = seen.engine.make_key((who.who(), &seen.origin), form_key, kind, environment, rights).await;
    match made.map_err(|error| who.stopped(error))? {
        FormDone::Now((key, secret)) => Ok(made_page(&who, &key, &secret)),
        // The page with a secret is made anew when it is loaded anew, and a double click shows what the second one is
        // answered with.
        FormDone::Before(id) => Ok(done(&format!("{PAGE}/{id}"), Said::KeyMadeBefore, seen.https)),
        FormDone::Meanwhile => Ok(done(PAGE, Said::BeingDone, seen.https)),
        FormDone::Reused => Ok(done(PAGE, Said::MadeBefore, seen.https)),
    }
}

/// Shows a key that was made, the only time.
pub(super) fn made_page(who: &Signed, key: &Credential, secret: &secrecy::SecretString) -> Response {
    let t = who.seen().language.texts();
    let shown = if key.kind == CredentialKind::Api {
        vec![Shown::secret("secret", t.keys.whole, secret)]
    } else {
        vec![
            Shown::new("key", t.keys.key, key.public_key.clone()),
            Shown::secret("secret", t.keys.secret, secret),
        ]
    };
    let told = Some(t.key_kind(key.kind).to_owned());
    shown_once(who, t.keys.made_title.to_owned(), told, shown, format!("{PAGE}/{}", key.id))
}

fn new_page(who: &Signed, status: StatusCode, typed: &Form, wrongs: &Wrongs) -> Response {
    let s = Shell::of(who, Area::Settings);
    let t = &s.t.keys;
    let kinds = [CredentialKind::Api, CredentialKind::Portone, CredentialKind::Sgate];
    let kinds = kinds.map(|kind| (kind.as_str().to_owned(), s.t.key_kind(kind).to_owned()));
    let rights = Right::ALL.map(|right| (right.as_str().to_owned(), s.t.right(right).to_owned()));
    let page = New {
        problem: wrongs.on_top(s.t),
        key: who.seen().engine.form_key(),
        kind: Field::radio("kind", t.kind, kinds.to_vec())
            .value(typed.typed("kind"))
            .hint(t.kind_hint)
            .wrong(wrongs.beside("kind")),
        rights: Field::checks("rights", t.rights, rights.to_vec())
            .value(&typed.chosen("rights"))
            .hint(t.rights_hint)
            .wrong(wrongs.beside("rights")),
        s,
    };
    show(status, &page.s, &page)
}
