//! GET and POST `/portal/sign-in`: a password; where the person has a second factor, its code follows.

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::environment::Environment;
use redress_engine::portal::sign_in::PasswordShown;
use redress_engine::portal::{Proved, SessionToken, Visitor};

use super::field::Field;
use super::form::Form;
use super::gate::{Anybody, Caller, Posted, Seen};
use super::nav::Area;
use super::page::{Shell, next_or_start, see_other, show, with_next};
use super::problem::Stop;
use super::text::fill;
use super::{cookies, format};

#[derive(Template)]
#[template(path = "portal/sign_in.html")]
struct Page {
    s: Shell,
    next: String,
    problem: Option<String>,
    email: Field,
    password: Field,
}

/// Shows the form.
pub(crate) async fn form(who: Anybody, RawQuery(query): RawQuery) -> Response {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let next = next_or_start(query.typed("next"));
    if who.person().is_some() {
        return see_other(next);
    }
    page(&who, StatusCode::OK, next, "", None)
}

/// Takes what was typed.
pub(crate) async fn enter(Posted { who, form }: Posted<Anybody>) -> Result<Response, Stop> {
    let seen = who.seen();
    let (next, email) = (next_or_start(form.typed("next")), form.typed("email"));
    let password = form.typed("password").into();
    match seen.engine.sign_in(email, &password, &seen.origin, Some(who.token())).await? {
        Proved::Done(PasswordShown::SignedIn(token)) => let_in(seen, &token, next).await,
        Proved::Done(PasswordShown::CodeNeeded(token)) => {
            let mut response = see_other(&with_next("/portal/code", next));
            cookies::set_session(&mut response, &token, seen.https);
            Ok(response)
        }
        Proved::Wrong | Proved::Over => {
            let problem = seen.language.texts().sign_in.wrong.to_owned();
            Ok(page(&who, StatusCode::UNPROCESSABLE_ENTITY, next, email, Some(problem)))
        }
        Proved::Wait { until } => {
            let problem = wait_told(seen, until);
            Ok(page(&who, StatusCode::TOO_MANY_REQUESTS, next, email, Some(problem)))
        }
    }
}

/// What somebody is told who must wait before the next try.
pub(super) fn wait_told(seen: &Seen, until: redress_core::time::Timestamp) -> String {
    // To the second, so that whoever comes back then is not too early.
    let until = until.plus(std::time::Duration::from_millis(999));
    fill(seen.language.texts().common.wait, &[("time", &format::time(until, seen.language))])
}

/// Sends somebody who is signed in now where they wanted to go. A browser that has chosen no environment begins in live
/// where the merchant has a PSP account there.
pub(super) async fn let_in(seen: &Seen, token: &SessionToken, next: &str) -> Result<Response, Stop> {
    let mut response = see_other(next);
    cookies::set_session(&mut response, token, seen.https);
    if !seen.environment_chosen
        && let Visitor::SignedIn(who) = seen.engine.visitor(token).await?
    {
        let accounts = seen.engine.list_accounts(Some(who.user.merchant)).await?;
        if accounts.iter().any(|account| account.environment == Environment::Live) {
            let live = Environment::Live.as_str();
            cookies::set_choice(&mut response, cookies::ENVIRONMENT, live, seen.https);
        }
    }
    Ok(response)
}

fn page(who: &Anybody, status: StatusCode, next: &str, email: &str, problem: Option<String>) -> Response {
    let s = Shell::of(who, Area::None);
    let t = &s.t.sign_in;
    let tried = problem.is_some();
    let mut of_email = Field::line("email", "email", t.email).value(email).autocomplete("username").ltr();
    let mut password = Field::line("password", "password", t.password).autocomplete("current-password").ltr();
    if tried {
        password = password.focused();
    } else {
        of_email = of_email.focused();
    }
    let page = Page { next: next.to_owned(), problem, email: of_email, password, s };
    show(status, &page.s, &page)
}
