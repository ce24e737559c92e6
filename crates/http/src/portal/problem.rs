//! Answers that are no page of their own: what went wrong, and forms to be confirmed.

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use redress_core::role::Why;
use redress_engine::admin::AdminError;
use redress_engine::admin::fault::Fault;
use redress_engine::engine::Engine;
use redress_engine::error::EngineError;
use redress_engine::portal::{PortalError, SessionToken};

use super::cookies;
use super::form::Form;
use super::gate::{Caller, Seen, Signed};
use super::kept::Kept;
use super::language::Language;
use super::nav;
use super::page::{self, Bare, Shell};
use super::said::Said;
use super::text::{Texts, fill};
use crate::current;
use crate::problem::{Problem, retry_later};

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
    /// The form was opened in the other environment.
    OtherEnvironment,
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

/// Neither the language nor who asks is known here: [`finish`] makes the page.
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

impl Unfinished {
    fn told(self, t: &'static Texts) -> Told {
        match self {
            Self::Problem(problem) => Told::of(problem, t),
            Self::Said(status, Against::Fault(fault)) => {
                Told { status, title: t.common.problem, text: t.fault(&fault) }
            }
            Self::Said(status, Against::Why(why)) => {
                Told { status, title: t.common.refused_title, text: t.why(&why) }
            }
            Self::Said(status, Against::OtherEnvironment) => {
                let text = t.common.other_environment.to_owned();
                Told { status, title: t.common.other_environment_title, text }
            }
        }
    }
}

/// Makes the page of an answer that has none yet. Whoever is signed in sees it within the frame of every other page: the way
/// on is in the menu, and what is missing may be in the other environment.
pub(super) async fn finish(
    mut response: Response,
    mut asked: Parts,
    engine: &Engine,
    language: Language,
) -> Response {
    let Some(unfinished) = response.extensions_mut().remove::<Unfinished>() else { return response };
    let told = unfinished.told(language.texts());
    // A fault here may be the store's, which is not asked once more.
    let who = if told.status.is_client_error() {
        // On the heap: every request, of whichever face, would carry room for it otherwise.
        Box::pin(Signed::from_request_parts(&mut asked, engine)).await.ok()
    } else {
        None
    };
    match who {
        Some(who) => told.framed(&who),
        None => told.alone(language),
    }
}

/// A form was not sent from here.
pub(super) fn foreign(language: Language) -> Response {
    let t = &language.texts().common;
    let (status, title, text) = (StatusCode::FORBIDDEN, t.foreign_title, t.foreign.to_owned());
    Told { status, title, text }.alone(language)
}

/// What is told in place of a page.
struct Told {
    status: StatusCode,
    title: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "portal/problem.html")]
struct Alone {
    s: Bare,
    told: Told,
    request: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/problem_framed.html")]
struct Framed {
    s: Shell,
    told: Told,
}

impl Told {
    fn of(problem: Problem, t: &'static Texts) -> Self {
        let t = &t.common;
        let (status, title, text) = match problem {
            Problem::NoRoute => (StatusCode::NOT_FOUND, t.not_found_title, t.not_found),
            Problem::NoMethod => (StatusCode::METHOD_NOT_ALLOWED, t.method_title, t.method),
            Problem::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, t.too_large_title, t.too_large),
            Problem::BodyBroken => (StatusCode::BAD_REQUEST, t.broken_off_title, t.broken_off),
            Problem::Busy | Problem::InDoubt | Problem::TooMany => {
                (StatusCode::SERVICE_UNAVAILABLE, t.busy_title, t.busy)
            }
            Problem::Broken => (StatusCode::INTERNAL_SERVER_ERROR, t.broken_title, t.broken),
        };
        Self { status, title, text: text.to_owned() }
    }

    /// For whoever is not known; where the fault is ours, with the number by which it is found in the log.
    fn alone(self, language: Language) -> Response {
        let (status, s) = (self.status, Bare::of(language));
        let id = current::current_request_id();
        let shows_id = status.is_server_error() && !id.is_empty();
        let request = shows_id.then(|| fill(s.t.common.request_id, &[("id", &id)]));
        let response = page::rendered(status, false, &Alone { s, told: self, request });
        if status == StatusCode::SERVICE_UNAVAILABLE { retry_later(response) } else { response }
    }

    fn framed(self, who: &Signed) -> Response {
        let status = self.status;
        let page = Framed { s: Shell::of(who, nav::Area::None), told: self };
        page::show_titled(status, false, &page.s, &page)
    }
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
