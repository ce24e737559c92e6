//! Answers that are no page of their own: what went wrong, and forms to be confirmed.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use redress_core::role::Why;
use redress_engine::admin::AdminError;
use redress_engine::admin::fault::Fault;
use redress_engine::error::EngineError;
use redress_engine::portal::{PortalError, SessionToken};

use super::cookies;
use super::form::Form;
use super::gate::{Caller, Seen};
use super::kept::Kept;
use super::language::Language;
use super::nav;
use super::page::{self, Bare, Shell};
use super::said::Said;
use super::text::fill;
use crate::face::{Problem, retry_later};
use crate::outermost;

/// Why a handler stops before its end.
pub(crate) enum Stop {
    /// With this answer.
    Answer(Box<Response>),
    /// With the page about a problem.
    Problem(Problem),
    /// With what the engine says against it.
    Said(StatusCode, Against),
}

/// What the engine says against something: the page says it in its language.
#[derive(Clone)]
pub(crate) enum Against {
    /// It cannot be, or contradicts what is there.
    Fault(Fault),
    /// The person may not.
    Why(Why),
}

impl From<Response> for Stop {
    fn from(response: Response) -> Self {
        Self::Answer(Box::new(response))
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        Self::Problem(error.into())
    }
}

/// A page that knows better says so beside a field; what is left is told on a page of its own.
impl From<AdminError> for Stop {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Engine(error) => error.into(),
            AdminError::NotFound(_) => Self::Problem(Problem::NoRoute),
            AdminError::Invalid { problem, .. } => {
                Self::Said(StatusCode::UNPROCESSABLE_ENTITY, Against::Fault(problem))
            }
            AdminError::Conflict(fault) => Self::Said(StatusCode::CONFLICT, Against::Fault(fault)),
        }
    }
}

impl From<PortalError> for Stop {
    fn from(error: PortalError) -> Self {
        match error {
            PortalError::Admin(error) => error.into(),
            PortalError::Refused(why) => Self::Said(StatusCode::FORBIDDEN, Against::Why(why)),
        }
    }
}

/// The language is not known here: [`finish`] makes the page.
impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        let unfinished = match self {
            Self::Answer(response) => return *response,
            Self::Problem(problem) => Unfinished::Problem(problem),
            Self::Said(status, against) => Unfinished::Said(status, against),
        };
        let mut response = ().into_response();
        response.extensions_mut().insert(unfinished);
        response
    }
}

#[derive(Clone)]
enum Unfinished {
    Problem(Problem),
    Said(StatusCode, Against),
}

/// Makes the page of an answer that has none yet.
pub(super) fn finish(mut response: Response, language: Language) -> Response {
    match response.extensions_mut().remove() {
        Some(Unfinished::Problem(problem)) => of_problem(problem, language),
        Some(Unfinished::Said(status, against)) => {
            let t = language.texts();
            let text = match against {
                Against::Fault(fault) => t.fault(&fault),
                Against::Why(why) => t.why(&why),
            };
            told(language, status, t.common.problem, &text)
        }
        None => response,
    }
}

/// The page about a problem.
pub(crate) fn of_problem(problem: Problem, language: Language) -> Response {
    let t = &language.texts().common;
    let (status, title, text) = match problem {
        Problem::NoRoute => (StatusCode::NOT_FOUND, t.not_found_title, t.not_found),
        Problem::NoMethod => (StatusCode::METHOD_NOT_ALLOWED, t.method_title, t.method),
        Problem::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, t.too_large_title, t.too_large),
        Problem::BodyBroken => (StatusCode::BAD_REQUEST, t.broken_off_title, t.broken_off),
        Problem::Busy | Problem::TooMany => (StatusCode::SERVICE_UNAVAILABLE, t.busy_title, t.busy),
        Problem::Broken => (StatusCode::INTERNAL_SERVER_ERROR, t.broken_title, t.broken),
    };
    let response = told(language, status, title, text);
    if status == StatusCode::SERVICE_UNAVAILABLE { retry_later(response) } else { response }
}

/// Somebody may not do something, and this is why.
pub(super) fn refused(language: Language, why: &str) -> Response {
    told(language, StatusCode::FORBIDDEN, language.texts().common.refused_title, why)
}

/// A form was not sent from here.
pub(super) fn foreign(language: Language) -> Response {
    let t = &language.texts().common;
    told(language, StatusCode::FORBIDDEN, t.foreign_title, t.foreign)
}

#[derive(Template)]
#[template(path = "portal/problem.html")]
struct Told<'a> {
    s: Bare,
    title: &'a str,
    text: &'a str,
    request: Option<String>,
}

fn told(language: Language, status: StatusCode, title: &str, text: &str) -> Response {
    let t = language.texts();
    let id = outermost::current_request_id();
    let shows_id = status.is_server_error() && !id.is_empty();
    let request = shows_id.then(|| fill(t.common.request_id, &[("id", &id)]));
    page::rendered(status, false, &Told { s: Bare::of(language), title, text, request })
}

/// The form's own page again, for what is not sent a second time: secrets and files.
pub(super) fn typed_again(seen: &Seen) -> Response {
    page::done(&seen.here, Said::TypedAgain, seen.https)
}

#[derive(Template)]
#[template(path = "portal/again.html")]
struct Again<'a> {
    s: Shell,
    told: &'a str,
    kept: &'a Kept,
}

/// A form whose proof is an old one: to be confirmed, with what was typed.
pub(super) fn again<C: Caller>(who: &C, to: &str, form: &Form) -> Response {
    let Some(kept) = Kept::of(to, form).filter(|_| who.person().is_some()) else {
        return typed_again(who.seen());
    };
    let s = Shell::of(who, nav::Area::None);
    let page = Again { told: s.t.common.again, kept: &kept, s };
    // Nothing is wrong with what was typed.
    page::show_titled(StatusCode::CONFLICT, false, &page.s, &page)
}

/// A form for which a code was missing: to be confirmed now that the code was taken, in the session of this token.
pub(super) fn after_code<C: Caller>(who: &C, kept: &Kept, next: &str, token: &SessionToken) -> Response {
    let s = Shell::of(who, nav::Area::None).renewed(token, next);
    let page = Again { told: s.t.common.again_after_code, kept, s };
    let mut response = page::show(StatusCode::OK, &page.s, &page);
    cookies::set_session(&mut response, token, who.seen().https);
    response
}
