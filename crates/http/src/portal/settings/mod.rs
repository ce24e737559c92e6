//! The settings of a merchant: keys, endpoints, PSP accounts and people; and what their pages do alike.

pub(crate) mod account;
pub(crate) mod accounts;
pub(crate) mod endpoint;
pub(crate) mod endpoint_acts;
pub(crate) mod endpoint_edit;
pub(crate) mod endpoints;
pub(crate) mod key;
pub(crate) mod keys;
pub(crate) mod people;
pub(crate) mod person;
mod wrongs;

#[cfg(test)]
mod access_tests;
#[cfg(test)]
mod account_tests;
#[cfg(test)]
mod endpoint_tests;
#[cfg(test)]
mod key_tests;
#[cfg(test)]
mod people_tests;
#[cfg(test)]
mod testing;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::role::{Act, Why};
use secrecy::{ExposeSecret, SecretString};

use super::field::Field;
use super::form::{Form, form_key};
use super::gate::{Caller, Signed};
use super::nav::Area;
use super::page::{Shell, query_value, show};
use super::problem::Stop;
use super::text::Texts;

#[derive(Template)]
#[template(path = "portal/settings/index.html")]
struct Index {
    s: Shell,
}

/// GET `/portal/settings`: where each of them is.
pub(crate) async fn index(who: Signed) -> Result<Response, Stop> {
    who.to(&Act::SeeSettings)?;
    let page = Index { s: Shell::of(&who, Area::Settings) };
    Ok(show(StatusCode::OK, &page.s, &page))
}

/// Why the person may not do something by their role. A second factor is asked for behind the button.
fn off(who: &Signed, act: &Act) -> Option<String> {
    let why = who.why_not(act).filter(|why| matches!(why, Why::Role { .. }))?;
    Some(who.seen().language.texts().why(&why))
}

/// Where the trail of something is.
fn trail_of(id: &str) -> String {
    format!("/portal/audit?object={}", query_value(id))
}

/// The box to tick before something that cannot be undone.
fn sure(t: &Texts, words: &str, wrong: Option<String>) -> Field {
    Field::checks("sure", t.settings.sure, vec![("yes".to_owned(), words.to_owned())]).wrong(wrong)
}

/// What is wrong with the box.
fn not_sure(form: &Form, t: &Texts) -> Option<String> {
    (form.typed("sure") != "yes").then(|| t.settings.not_sure.to_owned())
}

/// Something that is shown once.
struct Shown {
    id: &'static str,
    label: &'static str,
    value: String,
}

impl Shown {
    fn new(id: &'static str, label: &'static str, value: impl Into<String>) -> Self {
        Self { id, label, value: value.into() }
    }

    fn secret(id: &'static str, label: &'static str, value: &SecretString) -> Self {
        Self::new(id, label, value.expose_secret())
    }
}

#[derive(Template)]
#[template(path = "portal/settings/shown_once.html")]
struct ShownOnce {
    s: Shell,
    title: String,
    told: Option<String>,
    shown: Vec<Shown>,
    next: String,
}

/// Shows a secret, the only time.
fn shown_once(
    who: &Signed,
    title: String,
    told: Option<String>,
    shown: Vec<Shown>,
    next: String,
) -> Response {
    let page = ShownOnce { s: Shell::of(who, Area::Settings), title, told, shown, next };
    show(StatusCode::OK, &page.s, &page)
}
