//! What is done about one endpoint: a test, another secret, something sent again, disabling, enabling, its end.

use axum::http::StatusCode;
use axum::response::Response;
use redress_core::audit::Deed;
use redress_core::id::EndpointId;
use redress_core::role::Act;
use redress_engine::admin::AdminError;
use redress_engine::admin::endpoints::Endpoint;
use redress_engine::admin::fault::FaultCode;
use redress_engine::notify::history::DeliveryId;
use redress_engine::portal::PortalError;
use redress_engine::portal::forms::FormDone;

use super::endpoint::{Asked, found, page, seen_secret_in};
use super::wrongs::Wrongs;
use super::{Shown, form_key, not_sure, shown_once};
use crate::body::PathText;
use crate::limits::REASON_CHARS_MAX;
use crate::portal::gate::{Caller, Posted, Scope, Signed};
use crate::portal::page::done;
use crate::portal::problem::Stop;
use crate::portal::said::Said;
use crate::portal::text::fill;
use crate::problem::Problem;

fn page_of(endpoint: &Endpoint) -> String {
    format!("/portal/settings/endpoints/{}", endpoint.id)
}

/// The endpoint, once the person may manage it.
async fn managed(who: &Signed, path: PathText) -> Result<(Scope, Endpoint), Stop> {
    let scope = who.to(&Act::ManageEndpoints)?;
    Ok((scope, found(who, scope, path).await?))
}

/// POST `…/test`: sends something now, and shows what came back.
pub(crate) async fn test(path: PathText, Posted { who, .. }: Posted<Signed>) -> Result<Response, Stop> {
    let (scope, endpoint) = managed(&who, path).await?;
    let (by, deed) = ((who.who(), &who.seen().origin), Deed::EndpointTested);
    let (object, detail) = (Some(endpoint.id.to_string()), Some(endpoint.name.clone()));
    let noted = who.seen().engine.note_wanted(by, &Act::ManageEndpoints, deed, object, detail).await;
    noted.map_err(|error| who.stopped(error))?;
    let asked = match who.seen().engine.test_endpoint(scope.merchant, endpoint.id).await {
        Ok(test) => Asked { test: Some(test), ..Asked::default() },
        Err(error) => {
            Asked { wrongs: Wrongs::of(error, who.seen().language.texts(), &[])?, ..Asked::default() }
        }
    };
    page(&who, scope, StatusCode::OK, endpoint, asked).await
}

/// POST `…/rotate`: gives it another secret and shows it, the only time.
pub(crate) async fn rotate(path: PathText, Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let (scope, endpoint) = managed(&who, path).await?;
    let (seen, page) = (who.seen(), page_of(&endpoint));
    let Some(form_key) = form_key(&form) else {
        return Ok(done(&page, Said::TypedAgain, seen.https));
    };
    let by = (who.who(), &seen.origin);
    let Some(shown) = seen_secret_in(&form) else { return overtaken(&who, scope, endpoint.id).await };
    let (secret, until) = match seen.engine.renew_endpoint_secret(by, form_key, endpoint.id, shown).await {
        Ok(FormDone::Now(renewed)) => renewed,
        // A double click shows what the second one is answered with, and a reload sends the form once more.
        Ok(FormDone::Before(_)) => return Ok(done(&page, Said::SecretMadeBefore, seen.https)),
        Ok(FormDone::Meanwhile) => return Ok(done(&page, Said::BeingDone, seen.https)),
        Ok(FormDone::Reused) => return Ok(done(&page, Said::MadeBefore, seen.https)),
        Err(PortalError::Admin(AdminError::Conflict(fault))) if fault.code == FaultCode::Overtaken => {
            return overtaken(&who, scope, endpoint.id).await;
        }
        Err(PortalError::Admin(error)) => return refused(&who, scope, endpoint, error).await,
        Err(error) => return Err(who.stopped(error)),
    };
    let t = &seen.language.texts().endpoints;
    let time = crate::portal::format::time(until, seen.language);
    let told = Some(fill(t.secret_told, &[("time", &time)]));
    let shown = vec![Shown::secret("secret", t.secret, &secret)];
    Ok(shown_once(&who, t.secret_title.to_owned(), told, shown, page))
}

/// POST `…/resend`: makes something that was to be sent to it due now.
pub(crate) async fn resend(path: PathText, Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let scope = who.to(&Act::Resend)?;
    who.to(&Act::SeeSettings)?;
    let endpoint = found(&who, scope, path).await?;
    let delivery = DeliveryId::parse(form.typed("delivery")).map_err(|_| Problem::NoRoute)?;
    if delivery.endpoint != Some(endpoint.id) {
        return Err(Problem::NoRoute.into());
    }
    let (seen, by) = (who.seen(), (who.who(), &who.seen().origin));
    let said = match seen.engine.resend_delivery_by(by, scope.environment, delivery).await {
        Err(AdminError::Conflict(_)) => Said::EndpointRevoked,
        resent => resent.map(|()| Said::Resent)?,
    };
    Ok(done(&page_of(&endpoint), said, seen.https))
}

/// POST `…/disable`: nothing is sent to it until it is enabled.
pub(crate) async fn disable(path: PathText, posted: Posted<Signed>) -> Result<Response, Stop> {
    switch(path, posted, false).await
}

/// POST `…/enable`: what waited is sent.
pub(crate) async fn enable(path: PathText, posted: Posted<Signed>) -> Result<Response, Stop> {
    switch(path, posted, true).await
}

async fn switch(path: PathText, Posted { who, form }: Posted<Signed>, is_on: bool) -> Result<Response, Stop> {
    let (scope, endpoint) = managed(&who, path).await?;
    let (seen, t) = (who.seen(), who.seen().language.texts());
    let mut wrongs = Wrongs::default();
    let why = wrongs.read(t, "reason", form.needed("reason", REASON_CHARS_MAX));
    if !wrongs.is_empty() {
        let asked = Asked { wrongs, reason: form.typed("reason").to_owned(), test: None };
        return page(&who, scope, StatusCode::UNPROCESSABLE_ENTITY, endpoint, asked).await;
    }
    let said = if is_on { Said::EndpointEnabled } else { Said::EndpointDisabled };
    match seen.engine.switch_endpoint_by((who.who(), &seen.origin), &endpoint, is_on, &why).await {
        Ok(_) => Ok(done(&page_of(&endpoint), said, seen.https)),
        Err(PortalError::Admin(error)) => refused(&who, scope, endpoint, error).await,
        Err(error) => Err(who.stopped(error)),
    }
}

/// POST `…/revoke`: ends it for ever.
pub(crate) async fn revoke(path: PathText, Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let (scope, endpoint) = managed(&who, path).await?;
    let seen = who.seen();
    if let Some(wrong) = not_sure(&form, seen.language.texts()) {
        let mut wrongs = Wrongs::default();
        wrongs.add("sure", wrong);
        let asked = Asked { wrongs, ..Asked::default() };
        return page(&who, scope, StatusCode::UNPROCESSABLE_ENTITY, endpoint, asked).await;
    }
    let revoked = seen.engine.revoke_endpoint_by((who.who(), &seen.origin), &endpoint).await;
    revoked.map_err(|error| who.stopped(error))?;
    Ok(done(&page_of(&endpoint), Said::EndpointEnded, seen.https))
}

/// The endpoint's page with why nothing was done.
async fn refused(
    who: &Signed,
    scope: Scope,
    endpoint: Endpoint,
    error: AdminError,
) -> Result<Response, Stop> {
    let wrongs = Wrongs::of(error, who.seen().language.texts(), &[])?;
    page(who, scope, StatusCode::CONFLICT, endpoint, Asked { wrongs, ..Asked::default() }).await
}

/// The endpoint's page as it is now, where it got another secret since the page was made on which the person decided.
async fn overtaken(who: &Signed, scope: Scope, id: EndpointId) -> Result<Response, Stop> {
    let seen = who.seen();
    let now = seen.engine.endpoint(scope.merchant, scope.environment, id).await?;
    let wrongs = Wrongs::whole(seen.language.texts().acts.changed_since);
    page(who, scope, StatusCode::CONFLICT, now, Asked { wrongs, ..Asked::default() }).await
}
