//! GET `/portal`: where people begin, with a field to find a payment.

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::role::Act;

use super::field::Field;
use super::form::Form;
use super::gate::{Caller, Signed};
use super::nav::Area;
use super::page::{Shell, see_other, show};
use super::problem::Stop;
use super::text::fill;
use crate::limits::REFERENCE_CHARS_MAX;

#[derive(Template)]
#[template(path = "portal/start.html")]
struct Page {
    s: Shell,
    welcome: String,
    find: Field,
}

/// Shows it; with something to find, goes there.
pub(crate) async fn show_it(who: Signed, RawQuery(query): RawQuery) -> Result<Response, Stop> {
    let scope = who.to(&Act::View)?;
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let s = Shell::of(&who, Area::Start);
    let mut find = Field::line("find", "search", s.t.common.find_label).ltr().focused();
    let mut status = StatusCode::OK;
    match query.optional("find", REFERENCE_CHARS_MAX) {
        Ok(Some(named)) => {
            let found = who.seen().engine.payment_named(scope.merchant, scope.environment, &named).await?;
            if let Some(payment) = found {
                return Ok(see_other(&format!("/portal/payments/{}", payment.id)));
            }
            find = find.value(&named).wrong(Some(s.t.common.find_nothing.to_owned()));
        }
        Ok(None) => {}
        Err(wrong) => {
            status = StatusCode::UNPROCESSABLE_ENTITY;
            find = find.value(query.typed("find")).wrong(Some(wrong.told(s.t)));
        }
    }
    let welcome = fill(s.t.common.welcome, &[("name", &who.who().user.name)]);
    let page = Page { welcome, find, s };
    Ok(show(status, &page.s, &page))
}
