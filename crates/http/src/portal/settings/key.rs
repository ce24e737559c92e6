//! GET `/portal/settings/keys/{id}`, POST `…/rotate` and `…/revoke`: one key, another in its place, and its end.

use std::time::Duration;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::id::KeyId;
use redress_core::role::Act;
use redress_engine::admin::AdminError;
use redress_engine::admin::keys::KeyInUse;
use redress_engine::portal::PortalError;

use super::keys::{Row, made_page, serves};
use super::wrongs::Wrongs;
use super::{not_sure, off, sure, trail_of};
use crate::body::PathText;
use crate::portal::field::Field;
use crate::portal::gate::{Caller, Posted, Scope, Signed};
use crate::portal::nav::Area;
use crate::portal::page::{Shell, done, show};
use crate::portal::problem::Stop;
use crate::portal::said::Said;
use crate::portal::text::Texts;
use crate::problem::Problem;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// How long an old key may go on, in seconds, each with its words. The longest is the longest that there may be.
fn overlaps(t: &Texts) -> Vec<(String, String)> {
    let t = &t.keys;
    let spans = [
        (DAY, t.overlap_day),
        (HOUR, t.overlap_hour),
        (7 * DAY, t.overlap_week),
        (30 * DAY, t.overlap_month),
        (0, t.overlap_none),
    ];
    spans.map(|(seconds, words)| (seconds.to_string(), words.to_owned())).to_vec()
}

#[derive(Template)]
#[template(path = "portal/settings/key.html")]
struct Page {
    s: Shell,
    problem: Option<String>,
    row: Row,
    trail: String,
    off: Option<String>,
    /// While another can be put in its place.
    overlap: Option<Field>,
    /// While it can be revoked.
    sure: Option<Field>,
}

/// Shows it.
pub(crate) async fn show_it(who: Signed, path: PathText) -> Result<Response, Stop> {
    let scope = who.to(&Act::SeeSettings)?;
    let found = found(&who, scope, path).await?;
    Ok(page(&who, StatusCode::OK, found, &Wrongs::default()))
}

/// Puts another in its place and shows that one.
pub(crate) async fn rotate(path: PathText, Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let scope = who.to(&Act::ManageKeys)?;
    let (seen, t) = (who.seen(), who.seen().language.texts());
    let found = found(&who, scope, path).await?;
    let seconds = overlaps(t).into_iter().find(|(seconds, _)| seconds == form.typed("overlap"));
    let Some(overlap) = seconds.and_then(|(seconds, _)| seconds.parse().ok()).map(Duration::from_secs) else {
        let mut wrongs = Wrongs::default();
        wrongs.add("overlap", t.common.required);
        return Ok(page(&who, StatusCode::UNPROCESSABLE_ENTITY, found, &wrongs));
    };
    if found.key.revoked_at.is_some() {
        return Ok(page(&who, StatusCode::CONFLICT, found, &Wrongs::whole(t.keys.ended)));
    }
    match seen.engine.replace_key((who.who(), &seen.origin), found.key.id, overlap).await {
        Ok((key, secret)) => Ok(made_page(&who, &key, &secret)),
        Err(PortalError::Admin(AdminError::Conflict(_))) => {
            Ok(page(&who, StatusCode::CONFLICT, found, &Wrongs::whole(t.keys.ended)))
        }
        Err(error) => Err(who.stopped(error)),
    }
}

/// Revokes it.
pub(crate) async fn revoke(path: PathText, Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let scope = who.to(&Act::ManageKeys)?;
    let (seen, t) = (who.seen(), who.seen().language.texts());
    let found = found(&who, scope, path).await?;
    if let Some(wrong) = not_sure(&form, t) {
        let mut wrongs = Wrongs::default();
        wrongs.add("sure", wrong);
        return Ok(page(&who, StatusCode::UNPROCESSABLE_ENTITY, found, &wrongs));
    }
    let revoked = seen.engine.revoke_key_by((who.who(), &seen.origin), &found.key).await;
    revoked.map_err(|error| who.stopped(error))?;
    Ok(done(&format!("/portal/settings/keys/{}", found.key.id), Said::KeyRevoked, seen.https))
}

/// The key that a path names; one of another merchant, or that does not serve the environment, does not exist.
async fn found(who: &Signed, scope: Scope, PathText(id): PathText) -> Result<KeyInUse, Stop> {
    let id = id.and_then(|id| KeyId::parse(&id).ok()).ok_or(Problem::NoRoute)?;
    let keys = who.seen().engine.keys_in_use(scope.merchant).await?;
    let found = keys.into_iter().find(|one| one.key.id == id && serves(&one.key, scope.environment));
    Ok(found.ok_or(Problem::NoRoute)?)
}

fn page(who: &Signed, status: StatusCode, found: KeyInUse, wrongs: &Wrongs) -> Response {
    let s = Shell::of(who, Area::Settings);
    let (t, now) = (&s.t.keys, who.seen().engine.now());
    let off = off(who, &Act::ManageKeys);
    let may = off.is_none();
    let overlap = (may && found.key.revoked_at.is_none())
        .then(|| Field::choice("overlap", t.overlap, overlaps(s.t)).wrong(wrongs.beside("overlap")));
    let sure = (may && found.key.counts_at(now)).then(|| sure(s.t, t.revoke_sure, wrongs.beside("sure")));
    let trail = trail_of(&found.key.id.to_string());
    let page =
        Page { problem: wrongs.on_top(s.t), row: Row::of(found, &s, now), trail, off, overlap, sure, s };
    show(status, &page.s, &page)
}
