//! GET `/portal/settings/accounts` and `…/new`, POST `/portal/settings/accounts`: the PSP accounts, and adding one. Secrets go
//! in and never come out.

use std::borrow::Cow;

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::policy::AccountState;
use redress_core::role::Act;
use redress_engine::admin::accounts::{Account, Credentials, MAX_IN_FLIGHT, MAX_IN_FLIGHT_MAX, NewAccount};
use redress_engine::admin::{NAME_BYTES_MAX, URL_BYTES_MAX};
use redress_engine::connectors::{ConnectorSheet, CredentialField, sheets};
use redress_engine::portal::forms::FormDone;

use super::wrongs::Wrongs;
use super::{form_key, off};
use crate::portal::field::Field;
use crate::portal::form::Form;
use crate::portal::format;
use crate::portal::gate::{Caller, Posted, Signed};
use crate::portal::kept::LEFT_OUT;
use crate::portal::nav::Area;
use crate::portal::page::{Shell, done, show};
use crate::portal::problem::Stop;
use crate::portal::said::Said;
use crate::portal::text::{Texts, fill};

const PAGE: &str = "/portal/settings/accounts";

#[derive(Template)]
#[template(path = "portal/settings/accounts.html")]
struct List {
    s: Shell,
    off: Option<String>,
    rows: Vec<Row>,
}

/// An account, for people.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) psp: &'static str,
    pub(super) state: &'static str,
    pub(super) stands: &'static str,
}

impl Row {
    pub(super) fn of(account: &Account, t: &'static Texts) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name.clone(),
            psp: sheet(&account.psp).map_or("", |sheet| sheet.profile.title),
            state: match account.state {
                AccountState::Active => "succeeded",
                AccountState::Paused => "pending",
                AccountState::Revoked => "canceled",
            },
            stands: t.account_state(account.state),
        }
    }
}

/// What is known of a PSP.
pub(crate) fn sheet(psp: &str) -> Option<ConnectorSheet> {
    sheets().into_iter().find(|sheet| sheet.name == psp)
}

/// Lists those of the chosen environment.
pub(crate) async fn list(who: Signed) -> Result<Response, Stop> {
    let scope = who.to(&Act::SeeSettings)?;
    let s = Shell::of(&who, Area::Settings);
    let found = who.seen().engine.list_accounts(Some(scope.merchant)).await?;
    let found = found.iter().rev().filter(|account| account.environment == scope.environment);
    let rows = found.map(|account| Row::of(account, s.t)).collect();
    let page = List { off: off(&who, &Act::ManageAccounts), rows, s };
    Ok(show(StatusCode::OK, &page.s, &page))
}

/// What is typed about an account.
pub(super) struct Typed {
    pub(super) name: String,
    pub(super) max_in_flight: u32,
    pub(super) base_url: Option<String>,
    /// `None` where no field has anything in it.
    pub(super) credentials: Option<Credentials>,
}

/// The name of a field for a credential. It is among those that are never shown again.
fn field_of(credential: &str) -> String {
    format!("credential_{credential}")
}

impl Typed {
    pub(super) fn read(form: &Form, t: &Texts, fields: &[CredentialField], wrongs: &mut Wrongs) -> Self {
        let name = wrongs.read(t, "name", form.needed("name", NAME_BYTES_MAX));
        let base_url = wrongs.read(t, "base_url", form.optional("base_url", URL_BYTES_MAX));
        let at_once = format::western(form.typed("max_in_flight").trim()).parse().ok();
        let max_in_flight = at_once.filter(|number| (1..=MAX_IN_FLIGHT_MAX).contains(number));
        if max_in_flight.is_none() {
            let max = MAX_IN_FLIGHT_MAX.to_string();
            wrongs.add("max_in_flight", fill(t.psp_accounts.at_once_wrong, &[("max", &max)]));
        }
        // Another version without the secret that was typed would look as if it had been taken.
        if form.typed(LEFT_OUT) == "yes" {
            wrongs.add("credentials", t.psp_accounts.secrets_again);
        }
        let typed = fields.iter().filter_map(|field| {
            let value = form.typed(&field_of(field.name)).trim();
            (!value.is_empty()).then(|| (field.name.to_owned(), value.to_owned()))
        });
        let typed: Vec<_> = typed.collect();
        let credentials = (!typed.is_empty()).then(|| typed.into_iter().collect());
        Self { name, max_in_flight: max_in_flight.unwrap_or(MAX_IN_FLIGHT), base_url, credentials }
    }

    /// Notes each credential that must be there and is not.
    pub(super) fn note_missing(form: &Form, t: &Texts, fields: &[CredentialField], wrongs: &mut Wrongs) {
        let empty = |field: &&CredentialField| form.typed(&field_of(field.name)).trim().is_empty();
        for field in fields.iter().filter(|field| field.is_needed).filter(empty) {
            wrongs.add(field.name, t.common.required);
        }
    }

    /// The names of the fields that the engine may refuse.
    pub(super) fn fields(credentials: &[CredentialField]) -> Vec<&'static str> {
        let names = credentials.iter().map(|field| field.name);
        ["name", "base_url", "max_in_flight", "credentials"].into_iter().chain(names).collect()
    }
}

/// The fields of an account's forms.
pub(super) struct Fields {
    pub(super) name: Field,
    pub(super) max_in_flight: Field,
    pub(super) base_url: Field,
    /// Why secrets have to be typed again, or what is wrong with them together.
    pub(super) secrets_told: Option<String>,
    pub(super) secrets: Vec<Field>,
}

impl Fields {
    /// `stands` gives the value of a field that is no secret.
    pub(super) fn of(
        t: &Texts,
        credentials: &[CredentialField],
        stands: &dyn Fn(&str) -> String,
        wrongs: &Wrongs,
        are_all_optional: bool,
    ) -> Self {
        let words = &t.psp_accounts;
        let secret = |field: &CredentialField| {
            let name: Cow<'static, str> = field_of(field.name).into();
            let label = t.credential(field.name);
            let made = if field.has_lines {
                Field::lines(name, &label)
            } else {
                Field::line(name, "password", &label).autocomplete("new-password")
            };
            let made = made.wrong(wrongs.beside(field.name)).ltr();
            if field.is_needed && !are_all_optional { made } else { made.hint(words.optional).optional() }
        };
        let again = (!wrongs.is_empty()).then(|| words.secrets_again.to_owned());
        Self {
            name: Field::line("name", "text", t.settings.name)
                .value(&stands("name"))
                .hint(words.name_hint)
                .wrong(wrongs.beside("name")),
            max_in_flight: Field::line("max_in_flight", "text", words.at_once)
                .value(&stands("max_in_flight"))
                .inputmode("numeric")
                .wrong(wrongs.beside("max_in_flight"))
                .ltr(),
            base_url: Field::line("base_url", "url", words.base_url)
                .value(&stands("base_url"))
                .hint(words.base_url_hint)
                .wrong(wrongs.beside("base_url"))
                .ltr()
                .optional(),
            secrets_told: wrongs.beside("credentials").or(again),
            secrets: credentials.iter().map(secret).collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "portal/settings/account_choose.html")]
struct Choose {
    s: Shell,
    psp: Field,
}

#[derive(Template)]
#[template(path = "portal/settings/account_new.html")]
struct New {
    s: Shell,
    problem: Option<String>,
    /// Drawn with the form: however often it is sent, it adds one account.
    key: String,
    psp: &'static str,
    title: &'static str,
    fields: Fields,
}

/// Asks at which PSP, then what.
pub(crate) async fn form(who: Signed, RawQuery(query): RawQuery) -> Result<Response, Stop> {
    who.to(&Act::ManageAccounts)?;
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    if let Some(sheet) = sheet(query.typed("psp")) {
        return Ok(new_page(&who, StatusCode::OK, &sheet, &Form::default(), &Wrongs::default()));
    }
    let s = Shell::of(&who, Area::Settings);
    let psps = sheets().into_iter().map(|sheet| (sheet.name.to_owned(), sheet.profile.title.to_owned()));
    let page = Choose { psp: Field::choice("psp", s.t.psp_accounts.provider, psps.collect()), s };
    Ok(show(StatusCode::OK, &page.s, &page))
}

/// Adds one.
pub(crate) async fn add(Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let scope = who.to(&Act::ManageAccounts)?;
    who.opened_here(&form)?;
    let (seen, t) = (who.seen(), who.seen().language.texts());
    let (Some(form_key), Some(sheet)) = (form_key(&form), sheet(form.typed("psp"))) else {
        return Ok(done("/portal/settings/accounts/new", Said::TypedAgain, seen.https));
    };
    let credentials = sheet.profile.credentials;
    let mut wrongs = Wrongs::default();
    let typed = Typed::read(&form, t, credentials, &mut wrongs);
    Typed::note_missing(&form, t, credentials, &mut wrongs);
    let invalid = StatusCode::UNPROCESSABLE_ENTITY;
    if !wrongs.is_empty() {
        return Ok(new_page(&who, invalid, &sheet, &form, &wrongs));
    }
    let new = NewAccount {
        merchant: scope.merchant,
        psp: sheet.name.to_owned(),
        name: typed.name,
        environment: scope.environment,
        max_in_flight: typed.max_in_flight,
        base_url: typed.base_url,
        public_url: seen.engine.config().public_url.clone(),
        credentials: typed.credentials.unwrap_or_default(),
    };
    match seen.engine.set_up_account((who.who(), &seen.origin), form_key, new).await {
        Ok(FormDone::Now(account)) => {
            Ok(done(&format!("{PAGE}/{}", account.id), Said::AccountAdded, seen.https))
        }
        Ok(FormDone::Before(id)) => Ok(done(&format!("{PAGE}/{id}"), Said::AccountMadeBefore, seen.https)),
        Ok(FormDone::Meanwhile) => Ok(done(PAGE, Said::BeingDone, seen.https)),
        Ok(FormDone::Reused) => Ok(done(PAGE, Said::MadeBefore, seen.https)),
        Err(error) => {
            let wrongs = Wrongs::of_portal(error, t, &Typed::fields(credentials))?;
            Ok(new_page(&who, invalid, &sheet, &form, &wrongs))
        }
    }
}

fn new_page(
    who: &Signed,
    status: StatusCode,
    sheet: &ConnectorSheet,
    typed: &Form,
    wrongs: &Wrongs,
) -> Response {
    let s = Shell::of(who, Area::Settings);
    let is_new = typed.all().next().is_none();
    let stands = |field: &str| match field {
        "max_in_flight" if is_new => MAX_IN_FLIGHT.to_string(),
        "name" if is_new => sheet.profile.title.to_owned(),
        _ => typed.typed(field).to_owned(),
    };
    let fields = Fields::of(s.t, sheet.profile.credentials, &stands, wrongs, false);
    let (psp, title) = (sheet.name, sheet.profile.title);
    let page = New { problem: wrongs.on_top(s.t), key: who.seen().engine.form_key(), psp, title, fields, s };
    show(status, &page.s, &page)
}
