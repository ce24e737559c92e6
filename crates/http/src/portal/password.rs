//! GET and POST `/portal/password`: a person chooses another password; one that somebody else chose must be changed first.

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use redress_engine::portal::Proved;
use redress_engine::portal::passwords::{PASSWORD_BYTES_MAX, PASSWORD_CHARACTERS_MIN, check_password};
use secrecy::SecretString;

use super::field::Field;
use super::form::Form;
use super::gate::{Caller, Posted, Present};
use super::nav::Area;
use super::page::{Shell, done, next_or_start, show};
use super::problem::Stop;
use super::said::Said;
use super::sign_in::wait_told;
use super::text::{Texts, fill};

#[derive(Template)]
#[template(path = "portal/password.html")]
struct Page {
    s: Shell,
    is_temporary: bool,
    /// So that password managers know whose it is.
    email: String,
    next: String,
    old: Field,
    new: Field,
    repeat: Field,
}

/// What is wrong beside each field.
#[derive(Default)]
struct Wrongs {
    old: Option<String>,
    new: Option<String>,
    repeat: Option<String>,
}

/// Shows the form.
pub(crate) async fn form(who: Present, RawQuery(query): RawQuery) -> Response {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    page(&who, StatusCode::OK, next_or_start(query.typed("next")), Wrongs::default())
}

/// Takes what was typed.
pub(crate) async fn change(Posted { who, form }: Posted<Present>) -> Result<Response, Stop> {
    let (seen, t) = (who.seen(), who.seen().language.texts());
    let next = next_or_start(form.typed("next"));
    let [old, new, repeat] = ["old_password", "new_password", "repeat_password"].map(|name| form.typed(name));
    let wrongs = Wrongs {
        old: old.is_empty().then(|| t.common.required.to_owned()),
        new: wrong_with(t, old, new, &who.who.user.email),
        repeat: (new != repeat).then(|| t.password.differ.to_owned()),
    };
    if wrongs.old.is_some() || wrongs.new.is_some() || wrongs.repeat.is_some() {
        return Ok(page(&who, StatusCode::UNPROCESSABLE_ENTITY, next, wrongs));
    }
    match seen.engine.change_password(&who.who, &old.into(), &new.into(), &seen.origin).await? {
        Proved::Done(()) => Ok(done(next, Said::PasswordChanged, seen.https)),
        Proved::Wrong => {
            let wrongs = Wrongs { old: Some(t.password.wrong.to_owned()), ..Wrongs::default() };
            Ok(page(&who, StatusCode::UNPROCESSABLE_ENTITY, next, wrongs))
        }
        Proved::Wait { until } => {
            let wrongs = Wrongs { old: Some(wait_told(seen, until)), ..Wrongs::default() };
            Ok(page(&who, StatusCode::TOO_MANY_REQUESTS, next, wrongs))
        }
        Proved::Over => Ok(done("/portal/sign-in", Said::SessionOver, seen.https)),
    }
}

/// Why a password cannot be chosen, in the person's language: the engine judges, and the words follow its reasons.
fn wrong_with(t: &Texts, old: &str, new: &str, email: &str) -> Option<String> {
    let secret: SecretString = new.into();
    let t = &t.password;
    if check_password(&secret, email).is_ok() {
        return (old == new).then(|| t.same.to_owned());
    }
    Some(if new.chars().count() < PASSWORD_CHARACTERS_MIN {
        fill(t.too_short, &[("min", &PASSWORD_CHARACTERS_MIN.to_string())])
    } else if new.len() > PASSWORD_BYTES_MAX {
        fill(t.too_long, &[("max", &PASSWORD_BYTES_MAX.to_string())])
    } else if new.to_lowercase().contains(email) {
        t.has_email.to_owned()
    } else {
        t.one_character.to_owned()
    })
}

fn page(who: &Present, status: StatusCode, next: &str, wrongs: Wrongs) -> Response {
    let s = Shell::of(who, Area::Account);
    let t = &s.t.password;
    let field = |name, label, token| Field::line(name, "password", label).autocomplete(token).ltr();
    let hint = fill(t.new_hint, &[("min", &PASSWORD_CHARACTERS_MIN.to_string())]);
    let page = Page {
        is_temporary: who.who.user.password_temporary,
        email: who.who.user.email.clone(),
        next: next.to_owned(),
        old: field("old_password", t.old, "current-password").wrong(wrongs.old).focused(),
        new: field("new_password", t.new, "new-password").hint(hint).wrong(wrongs.new),
        repeat: field("repeat_password", t.repeat, "new-password").wrong(wrongs.repeat),
        s,
    };
    show(status, &page.s, &page)
}
