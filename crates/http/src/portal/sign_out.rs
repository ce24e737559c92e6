//! POST `/portal/sign-out` and `/portal/sign-out-everywhere`.

use axum::response::Response;

use super::cookies;
use super::gate::{Caller, Known, Posted, Present};
use super::page::done;
use super::problem::Stop;
use super::said::Said;

/// Ends this session, also one whose code is missing.
pub(crate) async fn here(Posted { who, .. }: Posted<Known>) -> Result<Response, Stop> {
    let seen = who.seen();
    seen.engine.sign_out(who.token(), &seen.origin).await?;
    let mut response = done("/portal/sign-in", Said::SignedOut, seen.https);
    cookies::forget_session(&mut response, seen.https);
    Ok(response)
}

/// Ends all of the person's sessions.
pub(crate) async fn everywhere(Posted { who, .. }: Posted<Present>) -> Result<Response, Stop> {
    let seen = who.seen();
    seen.engine.sign_out_everywhere(&who.who, &seen.origin).await?;
    let mut response = done("/portal/sign-in", Said::SignedOutEverywhere, seen.https);
    cookies::forget_session(&mut response, seen.https);
    Ok(response)
}
