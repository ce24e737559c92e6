//! GET `/portal/settings/accounts/{id}`, GET and POST `…/edit`, POST `…/check`, `…/pause`, `…/resume`, `…/revoke`: one PSP account.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::audit::Deed;
use redress_core::id::AccountId;
use redress_core::policy::AccountState;
use redress_core::role::Act;
use redress_core::time::Timestamp;
use redress_engine::admin::AdminError;
use redress_engine::admin::account_check::AccountCheck;
use redress_engine::admin::accounts::{Account, AccountEdit};
use redress_engine::connectors::CredentialField;
use redress_engine::portal::PortalError;

use super::accounts::{Fields, Row, Typed, sheet};
use super::wrongs::Wrongs;
use super::{not_sure, off, sure, trail_of};
use crate::body::PathText;
use crate::portal::field::Field;
use crate::portal::gate::{Caller, Posted, Scope, Signed};
use crate::portal::nav::Area;
use crate::portal::page::{Shell, done, see_other, show};
use crate::portal::problem::Stop;
use crate::portal::said::Said;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "portal/settings/account.html")]
struct Page {
    s: Shell,
    problem: Option<String>,
    row: Row,
    version: i64,
    max_in_flight: u32,
    base_url: Option<String>,
    notification_url: Option<String>,
    added: Timestamp,
    trail: String,
    off: Option<String>,
    checked: Option<Checked>,
    is_paused: bool,
    /// While there is something to do about it.
    sure: Option<Field>,
}

struct Checked {
    is_good: bool,
    told: &'static str,
    /// The provider's or the connector's own words.
    detail: String,
}

/// Shows it.
pub(crate) async fn show_it(who: Signed, path: PathText) -> Result<Response, Stop> {
    let scope = who.to(&Act::SeeSettings)?;
    let account = found(&who, scope, path).await?;
    page(&who, StatusCode::OK, &account, &Wrongs::default(), None).await
}

/// The account that a path names; one of another merchant or environment does not exist.
async fn found(who: &Signed, scope: Scope, PathText(id): PathText) -> Result<Account, Stop> {
    let id = id.and_then(|id| AccountId::parse(&id).ok()).ok_or(Problem::NoRoute)?;
    let account = who.seen().engine.account(scope.merchant, id).await?;
    if account.environment == scope.environment { Ok(account) } else { Err(Problem::NoRoute.into()) }
}

/// The account, once the person may manage it.
async fn managed(who: &Signed, path: PathText) -> Result<(Scope, Account), Stop> {
    let scope = who.to(&Act::ManageAccounts)?;
    Ok((scope, found(who, scope, path).await?))
}

fn page_of(account: &Account) -> String {
    format!("/portal/settings/accounts/{}", account.id)
}

/// Has it proved at the PSP, and shows what came of it.
pub(crate) async fn check(path: PathText, Posted { who, .. }: Posted<Signed>) -> Result<Response, Stop> {
    let (scope, account) = managed(&who, path).await?;
    let (by, deed) = ((who.who(), &who.seen().origin), Deed::AccountChecked);
    let (object, detail) = (Some(account.id.to_string()), Some(account.name.clone()));
    let noted = who.seen().engine.note_wanted(by, &Act::ManageAccounts, deed, object, detail).await;
    noted.map_err(|error| who.stopped(error))?;
    let t = &who.seen().language.texts().psp_accounts;
    let (is_good, told, detail) =
        match who.seen().engine.check_own_account(scope.merchant, account.id).await? {
            AccountCheck::Proved(what) => (true, t.proved, what.to_string()),
            AccountCheck::NotPossible(why) => (false, t.not_possible, why.to_string()),
            AccountCheck::Refused(why) => (false, t.not_accepted, why.to_string()),
            AccountCheck::Unclear(why) => (false, t.unclear, why.to_string()),
        };
    let checked = Some(Checked { is_good, told, detail });
    page(&who, StatusCode::OK, &account, &Wrongs::default(), checked).await
}

/// Its refunds wait.
pub(crate) async fn pause(path: PathText, Posted { who, .. }: Posted<Signed>) -> Result<Response, Stop> {
    let (_, account) = managed(&who, path).await?;
    set(&who, &account, AccountState::Paused, Said::AccountPaused).await
}

/// What waited is sent.
pub(crate) async fn resume(path: PathText, Posted { who, .. }: Posted<Signed>) -> Result<Response, Stop> {
    let (_, account) = managed(&who, path).await?;
    set(&who, &account, AccountState::Active, Said::AccountResumed).await
}

/// It ends for ever.
pub(crate) async fn revoke(path: PathText, Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let (_, account) = managed(&who, path).await?;
    if let Some(wrong) = not_sure(&form, who.seen().language.texts()) {
        let mut wrongs = Wrongs::default();
        wrongs.add("sure", wrong);
        return page(&who, StatusCode::UNPROCESSABLE_ENTITY, &account, &wrongs, None).await;
    }
    set(&who, &account, AccountState::Revoked, Said::AccountRevoked).await
}

async fn set(who: &Signed, account: &Account, to: AccountState, said: Said) -> Result<Response, Stop> {
    let (seen, t) = (who.seen(), who.seen().language.texts());
    match seen.engine.set_account_state_by((who.who(), &seen.origin), account, to).await {
        Ok(_) => Ok(done(&page_of(account), said, seen.https)),
        Err(PortalError::Admin(AdminError::Conflict(_))) => {
            let wrongs = Wrongs::whole(t.psp_accounts.overtaken);
            page(who, StatusCode::CONFLICT, account, &wrongs, None).await
        }
        Err(error) => Err(who.stopped(error)),
    }
}

async fn page(
    who: &Signed,
    status: StatusCode,
    account: &Account,
    wrongs: &Wrongs,
    checked: Option<Checked>,
) -> Result<Response, Stop> {
    let s = Shell::of(who, Area::Settings);
    let (base_url, notification_url) = who.seen().engine.account_addresses(account).await?;
    let off = off(who, &Act::ManageAccounts);
    let acts = off.is_none() && account.state != AccountState::Revoked;
    let page = Page {
        problem: wrongs.on_top(s.t),
        row: Row::of(account, s.t),
        version: account.version,
        max_in_flight: account.max_in_flight,
        base_url,
        notification_url,
        added: account.created_at,
        trail: trail_of(&account.id.to_string()),
        off,
        checked,
        is_paused: account.state == AccountState::Paused,
        sure: acts.then(|| sure(s.t, s.t.psp_accounts.revoke_sure, wrongs.beside("sure"))),
        s,
    };
    Ok(show(status, &page.s, &page))
}

#[derive(Template)]
#[template(path = "portal/settings/account_edit.html")]
struct Edit {
    s: Shell,
    problem: Option<String>,
    id: String,
    /// The version that was shown, which the form carries along: a change of an older one would undo what somebody else did.
    seen_version: String,
    fields: Fields,
}

/// What its PSP's accounts are proved with.
fn credentials_of(account: &Account) -> Result<&'static [CredentialField], Stop> {
    Ok(sheet(&account.psp).map(|sheet| sheet.profile.credentials).ok_or(Problem::NoRoute)?)
}

/// Asks what is to be different.
pub(crate) async fn edit_form(who: Signed, path: PathText) -> Result<Response, Stop> {
    let (_, account) = managed(&who, path).await?;
    if account.state == AccountState::Revoked {
        return Ok(see_other(&page_of(&account)));
    }
    edit_page_as_is(&who, StatusCode::OK, &account, &Wrongs::default()).await
}

/// Makes another version of it.
pub(crate) async fn edit(path: PathText, Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let (scope, account) = managed(&who, path).await?;
    let (seen, t) = (who.seen(), who.seen().language.texts());
    let credentials = credentials_of(&account)?;
    let mut wrongs = Wrongs::default();
    let typed = Typed::read(&form, t, credentials, &mut wrongs);
    if typed.credentials.is_some() {
        Typed::note_missing(&form, t, credentials, &mut wrongs);
    }
    // What was seen when it was typed stays too: it is no newer now.
    let seen_version = form.typed("seen_version").to_owned();
    let stands = |field: &str| form.typed(field).to_owned();
    if !wrongs.is_empty() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return edit_page(&who, status, &account, &stands, seen_version, &wrongs);
    }
    let edit = AccountEdit {
        name: Some(typed.name),
        max_in_flight: Some(typed.max_in_flight),
        base_url: Some(typed.base_url),
        public_url: None,
        credentials: typed.credentials,
        // A form that does not say it has seen none that there is.
        seen_version: Some(seen_version.parse().unwrap_or(0)),
    };
    match seen.engine.change_account_by((who.who(), &seen.origin), &account, edit).await {
        Ok(_) => Ok(done(&page_of(&account), Said::Changed, seen.https)),
        Err(PortalError::Admin(AdminError::Conflict(_))) => {
            let now = seen.engine.account(scope.merchant, account.id).await?;
            let wrongs = Wrongs::whole(t.psp_accounts.overtaken);
            edit_page_as_is(&who, StatusCode::CONFLICT, &now, &wrongs).await
        }
        Err(refused @ PortalError::Refused(_)) => Err(who.stopped(refused)),
        Err(PortalError::Admin(error)) => {
            let wrongs = Wrongs::of(error, t, &Typed::fields(credentials))?;
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            edit_page(&who, status, &account, &stands, seen_version, &wrongs)
        }
    }
}

/// The form with the account as it is.
async fn edit_page_as_is(
    who: &Signed,
    status: StatusCode,
    account: &Account,
    wrongs: &Wrongs,
) -> Result<Response, Stop> {
    let (base_url, _) = who.seen().engine.account_addresses(account).await?;
    let stands = |field: &str| match field {
        "name" => account.name.clone(),
        "max_in_flight" => account.max_in_flight.to_string(),
        _ => base_url.clone().unwrap_or_default(),
    };
    edit_page(who, status, account, &stands, account.version.to_string(), wrongs)
}

fn edit_page(
    who: &Signed,
    status: StatusCode,
    account: &Account,
    stands: &dyn Fn(&str) -> String,
    seen_version: String,
    wrongs: &Wrongs,
) -> Result<Response, Stop> {
    let s = Shell::of(who, Area::Settings);
    let fields = Fields::of(s.t, credentials_of(account)?, stands, wrongs, true);
    let page = Edit { problem: wrongs.on_top(s.t), id: account.id.to_string(), seen_version, fields, s };
    Ok(show(status, &page.s, &page))
}
