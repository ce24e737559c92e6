//! GET `/portal/account`: what a person is here, how they sign in, and where they are signed in.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::id::SessionId;
use redress_core::role::Role;
use redress_core::time::Timestamp;

use super::format;
use super::gate::{Caller, Posted, Present, Signed};
use super::nav::Area;
use super::page::{Shell, done, show};
use super::problem::Stop;
use super::said::Said;
use super::text::fill;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "portal/account.html")]
struct Page {
    s: Shell,
    name: String,
    email: String,
    role: &'static str,
    /// Of a role that has limits.
    limits: Option<Vec<String>>,
    second_factor: Option<String>,
    /// Drawn with the form of new recovery codes: however often it is sent, it makes them once.
    codes_key: String,
    sessions: Vec<Row>,
}

struct Row {
    id: String,
    is_here: bool,
    waits: bool,
    address: String,
    agent: String,
    since: Timestamp,
    used: Timestamp,
    end_label: String,
}

/// Shows it.
pub(crate) async fn show_it(who: Signed) -> Result<Response, Stop> {
    let (engine, user) = (&who.seen().engine, &who.who().user);
    let s = Shell::of(&who, Area::Account);
    let second_factor = if user.has_second_factor {
        let left = engine.recovery_codes_left(user.merchant, user.id).await?;
        Some(fill(s.t.account.second_factor_on, &[("count", &left.to_string())]))
    } else {
        None
    };
    let here = who.who().session.id;
    let sessions = engine.sessions_of(user).await?.into_iter().map(|session| Row {
        id: session.id.to_string(),
        is_here: session.id == here,
        waits: session.awaits_code,
        end_label: fill(s.t.account.session_end_of, &[("address", &session.address)]),
        address: session.address,
        agent: session.agent,
        since: session.created_at,
        used: session.seen_at,
    });
    let limits = user.limits.amounts().iter().map(|limit| format::amount(*limit)).collect();
    let page = Page {
        name: user.name.clone(),
        email: user.email.clone(),
        role: s.t.role(user.role),
        limits: (user.role == Role::Support).then_some(limits),
        second_factor,
        codes_key: engine.form_key(),
        sessions: sessions.collect(),
        s,
    };
    Ok(show(StatusCode::OK, &page.s, &page))
}

/// POST `/portal/account/end-session`: ends another session of the person's own.
pub(crate) async fn end_session(Posted { who, form }: Posted<Present>) -> Result<Response, Stop> {
    let seen = who.seen();
    let session = SessionId::parse(form.typed("session")).map_err(|_| Problem::NoRoute)?;
    if !seen.engine.end_own_session(&who.who, session, &seen.origin).await? {
        return Err(Problem::NoRoute.into());
    }
    Ok(done("/portal/account", Said::SessionEnded, seen.https))
}
