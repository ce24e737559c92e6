//! POST `/portal/preferences`: the language and the environment that a browser shows. Nothing of a merchant changes.

use axum::response::Response;
use redress_core::environment::Environment;

use super::cookies;
use super::gate::{Anybody, Caller, Posted};
use super::language::Language;
use super::page::{next_or_start, see_other};
use super::said::Said;

/// Remembers what was chosen, and goes back to where the choice was.
pub(crate) async fn choose(Posted { who, form }: Posted<Anybody>) -> Response {
    let https = who.seen().https;
    let chosen = Environment::parse(form.typed("environment"));
    // What is shown of one environment is not there in the other.
    let next = if chosen.is_some() { "/portal" } else { next_or_start(form.typed("next")) };
    let mut response = see_other(next);
    if let Some(language) = Language::of_tag(form.typed("language")) {
        cookies::set_choice(&mut response, cookies::LANGUAGE, language.tag(), https);
    }
    if let Some(environment) = chosen {
        cookies::set_choice(&mut response, cookies::ENVIRONMENT, environment.as_str(), https);
        let said = match environment {
            Environment::Live => Said::NowLive,
            Environment::Sandbox => Said::NowSandbox,
        };
        cookies::set_said(&mut response, said.as_str(), https);
    }
    response
}
