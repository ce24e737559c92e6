//! What every page is made of: its frame, its answer, and where it sends people on.

use std::any::Any;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use redress_core::environment::Environment;
use redress_core::money::Amount;
use redress_core::time::Timestamp;
use redress_engine::engine::Engine;
use redress_engine::portal::SessionToken;

use super::gate::{Caller, is_ours};
use super::language::Language;
use super::nav::{self, Area, NavItem};
use super::said::Said;
use super::text::{Texts, fill};
use super::{assets, cookies, form, format};
use crate::problem::Problem;

/// What stands unescaped in a value of a query.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a page without a person is made of.
pub(crate) struct Bare {
    pub(super) lang: Language,
    pub(super) t: &'static Texts,
}

impl Bare {
    pub(super) fn of(lang: Language) -> Self {
        Self { lang, t: lang.texts() }
    }

    pub(super) fn style(&self) -> &'static str {
        &assets::STYLE.address
    }

    pub(super) fn script(&self) -> &'static str {
        &assets::SCRIPT.address
    }
}

/// What every other page is made of. In templates it is `s`.
pub(crate) struct Shell {
    pub(crate) lang: Language,
    pub(crate) t: &'static Texts,
    engine: Engine,
    token: SessionToken,
    is_new: bool,
    https: bool,
    pub(super) here: String,
    pub(super) person: Option<Person>,
    environment: Environment,
    said: Option<Said>,
    pub(super) nav: Vec<NavItem>,
    area: Area,
    open_cases: Option<String>,
}

pub(super) struct Person {
    pub(super) name: String,
    pub(super) role: &'static str,
}

impl Shell {
    /// The frame of a page for somebody, in an area of the menu.
    pub(crate) fn of<C: Caller>(who: &C, area: Area) -> Self {
        let seen = who.seen();
        let t = seen.language.texts();
        Self {
            lang: seen.language,
            t,
            engine: seen.engine.clone(),
            token: who.token().clone(),
            is_new: who.is_new(),
            https: seen.https,
            here: seen.here.clone(),
            person: who.person().map(|user| Person { name: user.name.clone(), role: t.role(user.role) }),
            environment: seen.environment,
            said: seen.said,
            nav: who.person().map_or_else(Vec::new, nav::items),
            area,
            open_cases: nav::case_count(who.open_cases()),
        }
    }

    /// The same for a session whose token was just renewed, on an answer to a form that stood on another page.
    pub(super) fn renewed(mut self, token: &SessionToken, here: &str) -> Self {
        self.token = token.clone();
        here.clone_into(&mut self.here);
        self
    }

    /// The hidden field that proves a form; a form without it is refused.
    pub(crate) fn proof(&self) -> String {
        let proof = self.engine.form_proof(&self.token);
        format!("<input type=\"hidden\" name=\"{}\" value=\"{proof}\">", form::PROOF)
    }

    /// The hidden field that says for which environment a form was opened; see [`Signed::opened_here`].
    ///
    /// [`Signed::opened_here`]: super::gate::Signed::opened_here
    pub(crate) fn made_in(&self) -> String {
        format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", form::MADE_IN, self.environment.as_str())
    }

    /// A sum with its currency.
    pub(crate) fn amount(&self, amount: &Amount) -> String {
        format::amount(*amount)
    }

    /// A time, for people.
    pub(crate) fn time(&self, at: &Timestamp) -> String {
        format::time(*at, self.lang)
    }

    /// A time, for programs.
    pub(crate) fn machine_time(&self, at: &Timestamp) -> String {
        format::machine_time(*at)
    }

    pub(super) fn style(&self) -> &'static str {
        &assets::STYLE.address
    }

    pub(super) fn script(&self) -> &'static str {
        &assets::SCRIPT.address
    }

    pub(super) fn is_in(&self, area: &Area) -> bool {
        self.area == *area
    }

    /// What stands beside an entry of the menu: how much waits there.
    pub(super) fn count(&self, area: &Area) -> Option<&str> {
        self.open_cases.as_deref().filter(|_| *area == Area::Cases)
    }

    /// The same in words, for those who hear it.
    pub(super) fn count_told(&self, count: &str) -> String {
        fill(self.t.cases.open_count, &[("count", count)])
    }

    pub(super) fn is_account(&self) -> bool {
        self.area == Area::Account
    }

    pub(super) fn languages(&self) -> [Language; 2] {
        Language::ALL
    }

    pub(super) fn speaks(&self, language: &Language) -> bool {
        self.lang == *language
    }

    pub(super) fn is_live(&self) -> bool {
        self.environment == Environment::Live
    }

    pub(super) fn said(&self) -> Option<&'static str> {
        self.said.map(|said| said.text(self.t))
    }
}

/// Answers with a page in its frame. The title of one that answers what cannot be says so first: it is what is read out
/// first, and what a tab in the background shows.
pub(crate) fn show(status: StatusCode, shell: &Shell, page: &impl Template) -> Response {
    show_titled(status, status.is_client_error(), shell, page)
}

/// The same where the status alone does not tell whether something is wrong.
pub(super) fn show_titled(
    status: StatusCode,
    is_wrong: bool,
    shell: &Shell,
    page: &impl Template,
) -> Response {
    let mut response = rendered(status, is_wrong, page);
    if shell.is_new {
        cookies::set_session(&mut response, &shell.token, shell.https);
    }
    if shell.said.is_some() {
        cookies::forget_said(&mut response, shell.https);
    }
    response
}

/// Answers with a page without more.
pub(super) fn rendered(status: StatusCode, is_wrong: bool, page: &impl Template) -> Response {
    // The title is the frame's, whatever the page is: `portal/bare.html` asks for this.
    let value: &dyn Any = &is_wrong;
    match page.render_with_values(&is_wrong.then_some(("is_wrong", value))) {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            super::problem::Stop::Problem(Problem::Broken).into_response()
        }
    }
}

/// Sends people on to a page of ours, by GET.
pub(crate) fn see_other(to: &str) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/portal"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

/// Sends people on, and says there what was done.
pub(crate) fn done(to: &str, said: Said, https: bool) -> Response {
    let mut response = see_other(to);
    cookies::set_said(&mut response, said.as_str(), https);
    response
}

/// A text as it stands in the query of an address.
pub(crate) fn query_value(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

/// An address from which people are sent on to another page.
pub(super) fn with_next(to: &str, next: &str) -> String {
    if next == "/portal" { to.to_owned() } else { format!("{to}?next={}", utf8_percent_encode(next, QUERY)) }
}

/// The page that people are to be sent on to, where it is one of ours; else the start.
pub(super) fn next_or_start(next: &str) -> &str {
    if is_ours(next) { next } else { "/portal" }
}
