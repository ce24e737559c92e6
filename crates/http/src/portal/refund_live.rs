//! GET `/portal/refunds/{id}/live`: tells an open page that its refund moved, by server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! An answer lasts [`LIVE_SPAN`] at most, then the browser asks again by itself: so a session that is over hears nothing
//! more, and a server that stops does not wait for pages that are open. Only that something moved is told; the page is
//! asked for anew, and shows it.

use std::time::Duration;

use axum::body::Body;
use axum::extract::RawQuery;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use redress_core::refund::Refund;
use redress_core::role::Act;
use redress_core::time::Timestamp;
use redress_engine::engine::Engine;

use super::gate::{Caller, Signed};
use super::problem::Stop;
use super::refund_found::found;
use crate::body::PathText;

/// How long one answer lasts.
const LIVE_SPAN: Duration = Duration::from_secs(10);

/// After so many milliseconds the browser asks again.
const RETRY_MS: u32 = 1_000;

/// Begins to tell.
pub(crate) async fn follow(
    who: Signed,
    path: PathText,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Stop> {
    let scope = who.to(&Act::View)?;
    let (refund, _) = found(who.seen(), scope, path).await?;
    // What the browser heard last counts more than what the page was made with.
    let heard = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let shown = heard.or_else(|| query?.parse().ok()).map_or(refund.updated_at, Timestamp::from_micros);
    let engine = who.seen().engine.clone();
    let until = engine.now().plus(LIVE_SPAN);
    let following = Following { engine, refund, shown, until, is_begun: false };
    let events =
        stream::unfold(
            Some(following),
            |following: Option<Following>| async move { following?.next().await },
        );
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    Ok((kind, Body::from_stream(events)).into_response())
}

struct Following {
    engine: Engine,
    refund: Refund,
    /// What the browser has seen, by when the refund had last changed then.
    shown: Timestamp,
    until: Timestamp,
    is_begun: bool,
}

type Told = Result<String, std::convert::Infallible>;

impl Following {
    /// The next piece of the answer, and how it goes on.
    async fn next(mut self) -> Option<(Told, Option<Self>)> {
        if !self.is_begun {
            self.is_begun = true;
            return Some((Ok(format!("retry: {RETRY_MS}\n\n")), Some(self)));
        }
        if self.refund.updated_at == self.shown {
            // Also where the clock was set back.
            let left = self.until.since(self.engine.now()).min(LIVE_SPAN);
            match self.engine.wait_for_move(&self.refund, left).await {
                Ok(refund) => self.refund = refund,
                // The browser asks again.
                Err(error) => {
                    tracing::warn!(%error, "a page cannot follow its refund");
                    return None;
                }
            }
        }
        let (at, state) = (self.refund.updated_at, self.refund.state.name());
        let moved = if at == self.shown {
            String::new()
        } else {
            format!("id: {}\nevent: moved\ndata: {state}\n\n", at.as_micros())
        };
        self.shown = at;
        if state.is_final() {
            return Some((Ok(format!("{moved}event: end\ndata: {state}\n\n")), None));
        }
        if moved.is_empty() { None } else { Some((Ok(moved), Some(self))) }
    }
}
