//! GET and POST `/portal/code`: the code of a second factor, at sign-in and again before what needs a fresh one.

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use redress_engine::portal::Proved;

use super::cookies;
use super::field::Field;
use super::form::Form;
use super::gate::{Caller, Known, Posted, Signed};
use super::kept::Kept;
use super::nav::Area;
use super::page::{Shell, next_or_start, see_other, show_titled, with_next};
use super::problem::{self, Stop};
use super::said::Said;
use super::sign_in::{let_in, wait_told};

#[derive(Template)]
#[template(path = "portal/code.html")]
struct Page {
    s: Shell,
    /// Somebody who is signed in shows one again.
    is_again: bool,
    next: String,
    /// The form that takes the code, with what was typed in it.
    kept: Option<Kept>,
    code: Field,
}

/// Asks for a code.
pub(crate) async fn form(who: Known, RawQuery(query): RawQuery) -> Response {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let next = next_or_start(query.typed("next"));
    match &who.signed_in {
        Some(signed_in) if !signed_in.user.has_second_factor => {
            see_other(&with_next("/portal/second-factor", next))
        }
        Some(_) | None => page(&who, StatusCode::OK, next, None, None),
    }
}

/// Asks for one before a form is taken, and keeps what was typed in it.
pub(super) fn ask_before(who: &Signed, kept: Kept) -> Response {
    page(who, StatusCode::FORBIDDEN, &who.seen().here, Some(kept), None)
}

/// Takes what was typed.
pub(crate) async fn enter(Posted { who, form }: Posted<Known>) -> Result<Response, Stop> {
    let seen = who.seen();
    let next = next_or_start(form.typed("next"));
    let kept = Kept::read(&form).filter(|_| who.signed_in.is_some());
    let typed = super::format::western(form.typed("code"));
    match seen.engine.enter_code(who.token(), &typed, &seen.origin).await? {
        Proved::Done(entered) => {
            if let Some(kept) = kept {
                return Ok(problem::after_code(&who, &kept, next, &entered.token));
            }
            let recovered = entered.recovery_codes_left.is_some();
            let next = if recovered { "/portal/account" } else { next };
            let mut response = let_in(seen, &entered.token, next).await?;
            let said = if recovered { Some(Said::RecoveryCodeUsed) } else { None };
            let again = who.signed_in.as_ref().map(|_| Said::CodeTaken);
            if let Some(said) = said.or(again) {
                cookies::set_said(&mut response, said.as_str(), seen.https);
            }
            Ok(response)
        }
        Proved::Wrong => {
            let wrong = seen.language.texts().code.wrong.to_owned();
            Ok(page(&who, StatusCode::UNPROCESSABLE_ENTITY, next, kept, Some(wrong)))
        }
        Proved::Wait { until } => {
            Ok(page(&who, StatusCode::TOO_MANY_REQUESTS, next, kept, Some(wait_told(seen, until))))
        }
        Proved::Over => Ok(super::page::done("/portal/sign-in", Said::SessionOver, seen.https)),
    }
}

fn page<C: Caller>(
    who: &C,
    status: StatusCode,
    next: &str,
    kept: Option<Kept>,
    wrong: Option<String>,
) -> Response {
    let mut s = Shell::of(who, Area::None);
    if kept.is_some() {
        // The address of a form is no page to come back to.
        next.clone_into(&mut s.here);
    }
    // A code that is asked for before a form is taken is nothing wrong.
    let is_wrong = wrong.is_some();
    let code = Field::code("code", s.t.code.code).hint(s.t.code.code_hint).wrong(wrong).focused();
    let page = Page { is_again: who.person().is_some(), next: next.to_owned(), kept, code, s };
    show_titled(status, is_wrong, &page.s, &page)
}
