//! `/portal/second-factor`: a second factor is set up in two steps, the password and the first code; and new recovery
//! codes are made.

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::role::second_factor_is_fresh;
use redress_engine::admin::AdminError;
use redress_engine::portal::forms::FormDone;
use redress_engine::portal::second_factor::Enrolment;
use redress_engine::portal::{PortalError, Proved};
use secrecy::{ExposeSecret, SecretString};

use super::field::Field;
use super::form::{Form, form_key};
use super::gate::{Caller, Posted, Signed};
use super::nav::Area;
use super::page::{Shell, done, next_or_start, see_other, show, with_next};
use super::problem::Stop;
use super::said::Said;
use super::sign_in::wait_told;
use super::{cookies, format, qr};

#[derive(Template)]
#[template(path = "portal/second_factor.html")]
struct Begin {
    s: Shell,
    has_one: bool,
    is_needed: bool,
    next: String,
    password: Field,
}

#[derive(Template)]
#[template(path = "portal/second_factor_confirm.html")]
struct Confirm {
    s: Shell,
    next: String,
    picture: Option<String>,
    secret: String,
    uri: String,
    code: Field,
}

#[derive(Template)]
#[template(path = "portal/recovery_codes.html")]
struct Codes {
    s: Shell,
    next: String,
    codes: Vec<String>,
}

/// GET `/portal/second-factor`: asks for the password; of somebody who has a second factor already, for its code first.
pub(crate) async fn form(who: Signed, RawQuery(query): RawQuery) -> Result<Response, Stop> {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    if who.who().user.has_second_factor {
        needs_fresh(&who)?;
    }
    Ok(begin_page(&who, StatusCode::OK, next_or_start(query.typed("next")), None))
}

/// POST `/portal/second-factor`: begins with a new secret.
pub(crate) async fn begin(Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let seen = who.seen();
    let next = next_or_start(form.typed("next"));
    let password: SecretString = form.typed("password").into();
    let begun = match seen.engine.begin_second_factor(who.who(), &password, &seen.origin).await {
        Err(PortalError::Refused(why)) => return Err(who.turned_away(&why)),
        begun => begun?,
    };
    match begun {
        Proved::Done(_) => Ok(see_other(&with_next("/portal/second-factor/confirm", next))),
        Proved::Wrong => {
            let wrong = seen.language.texts().password.wrong.to_owned();
            Ok(begin_page(&who, StatusCode::UNPROCESSABLE_ENTITY, next, Some(wrong)))
        }
        Proved::Wait { until } => {
            Ok(begin_page(&who, StatusCode::TOO_MANY_REQUESTS, next, Some(wait_told(seen, until))))
        }
        Proved::Over => Ok(done("/portal/sign-in", Said::SessionOver, seen.https)),
    }
}

/// GET `/portal/second-factor/confirm`: shows the secret that was drawn, and asks for its first code.
pub(crate) async fn secret(who: Signed, RawQuery(query): RawQuery) -> Result<Response, Stop> {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    confirm_page(&who, StatusCode::OK, next_or_start(query.typed("next")), None).await
}

/// POST `/portal/second-factor/confirm`: the first code; answers with the recovery codes, which are shown only now.
pub(crate) async fn confirm(Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let seen = who.seen();
    let next = next_or_start(form.typed("next"));
    let typed = format::western(form.typed("code"));
    let confirmed = match seen.engine.confirm_second_factor(who.who(), &typed, &seen.origin).await {
        Err(PortalError::Admin(AdminError::NotFound(_))) => return Ok(gone(&who)),
        confirmed => confirmed?,
    };
    match confirmed {
        Proved::Done(confirmed) => {
            let mut response = codes_page(&who, next, &confirmed.recovery_codes);
            cookies::set_session(&mut response, &confirmed.token, seen.https);
            Ok(response)
        }
        Proved::Wrong => {
            let wrong = seen.language.texts().code.wrong.to_owned();
            confirm_page(&who, StatusCode::UNPROCESSABLE_ENTITY, next, Some(wrong)).await
        }
        Proved::Wait { until } => {
            confirm_page(&who, StatusCode::TOO_MANY_REQUESTS, next, Some(wait_told(seen, until))).await
        }
        Proved::Over => Ok(done("/portal/sign-in", Said::SessionOver, seen.https)),
    }
}

/// POST `/portal/recovery-codes`: new ones in place of all there are.
pub(crate) async fn new_codes(Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let (seen, page) = (who.seen(), "/portal/account");
    needs_fresh(&who)?;
    let Some(form_key) = form_key(&form) else {
        return Ok(done(page, Said::TypedAgain, seen.https));
    };
    let replaced = seen.engine.replace_recovery_codes((who.who(), &seen.origin), form_key).await;
    match replaced.map_err(|error| who.stopped(error))? {
        FormDone::Now(codes) => Ok(codes_page(&who, page, &codes)),
        FormDone::Before(_) => Ok(done(page, Said::CodesMadeBefore, seen.https)),
        FormDone::Meanwhile => Ok(done(page, Said::BeingDone, seen.https)),
        FormDone::Reused => Ok(done(page, Said::MadeBefore, seen.https)),
    }
}

/// Who has a second factor must have shown it just now.
fn needs_fresh(who: &Signed) -> Result<(), Stop> {
    let shown = who.who().session.second_factor_at;
    second_factor_is_fresh(shown, who.seen().engine.now()).map_err(|why| who.turned_away(&why))
}

/// The page of the recovery codes is loaded anew once what was set up is on: then it is told that it is, and where other
/// codes are made.
fn gone(who: &Signed) -> Response {
    let (page, said) = if who.who().user.has_second_factor {
        ("/portal/account", Said::SecondFactorStands)
    } else {
        ("/portal/second-factor", Said::EnrolmentGone)
    };
    done(page, said, who.seen().https)
}

fn begin_page(who: &Signed, status: StatusCode, next: &str, wrong: Option<String>) -> Response {
    let s = Shell::of(who, Area::Account);
    let password = Field::line("password", "password", s.t.second_factor.password);
    let page = Begin {
        has_one: who.who().user.has_second_factor,
        is_needed: !matches!(next, "/portal" | "/portal/account"),
        next: next.to_owned(),
        password: password.autocomplete("current-password").ltr().wrong(wrong).focused(),
        s,
    };
    show(status, &page.s, &page)
}

async fn confirm_page(
    who: &Signed,
    status: StatusCode,
    next: &str,
    wrong: Option<String>,
) -> Result<Response, Stop> {
    let Enrolment { secret, uri } = match who.seen().engine.enrolment(who.who()).await {
        Err(PortalError::Admin(AdminError::NotFound(_))) => return Ok(gone(who)),
        enrolment => enrolment?,
    };
    let s = Shell::of(who, Area::Account);
    let page = Confirm {
        next: next.to_owned(),
        picture: qr::picture(uri.expose_secret(), s.t.second_factor.picture),
        secret: in_groups(secret.expose_secret()),
        uri: uri.expose_secret().to_owned(),
        code: Field::code("code", s.t.second_factor.first_code).inputmode("numeric").wrong(wrong),
        s,
    };
    Ok(show(status, &page.s, &page))
}

fn codes_page(who: &Signed, next: &str, codes: &[SecretString]) -> Response {
    let codes = codes.iter().map(|code| code.expose_secret().to_owned()).collect();
    let page = Codes { s: Shell::of(who, Area::Account), next: next.to_owned(), codes };
    show(StatusCode::OK, &page.s, &page)
}

/// In fours, so that people can copy it by hand. Authenticators take the spaces.
fn in_groups(secret: &str) -> String {
    let mut grouped = String::new();
    for (index, letter) in secret.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            grouped.push(' ');
        }
        grouped.push(letter);
    }
    grouped
}
