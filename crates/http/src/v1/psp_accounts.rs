//! GET `/v1/psp-accounts` and `/v1/psp-accounts/{id}`: the accounts at PSPs, one of which every payment names. Nothing of
//! their credentials or addresses is shown, and nothing can be changed: they are the operator's and the portal's.

use axum::Json;
use axum::extract::State;
use redress_core::id::AccountId;
use redress_engine::admin::accounts::Account;
use redress_engine::engine::Engine;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::{Asking, KeyHolder};
use super::error::OwnError;
use super::page::{CURSOR, LIMIT, Page, PageAsked, PageParams};
use super::time::time;
use crate::body::PathText;

/// A merchant's account at a payment provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PspAccount)]
pub(crate) struct PspAccountShown {
    /// Its id: the `psp_account` of payments.
    #[schema(example = "acc_01k00000000000000000000000")]
    id: String,
    /// The name of its connector; `GET /v1/connectors` says what that can do.
    #[schema(example = "momo")]
    psp: String,
    /// What people call it.
    name: String,
    /// Where its payments are: `sandbox` or `live`.
    environment: &'static str,
    /// `active`; `paused`: refunds are accepted and stay queued; `revoked`: nothing is refunded through it any more, for
    /// ever.
    status: &'static str,
    /// When it was added.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Account> for PspAccountShown {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.to_string(),
            environment: account.environment.as_str(),
            status: account.state.as_str(),
            created_at: time(account.created_at),
            psp: account.psp,
            name: account.name,
        }
    }
}

/// List PSP accounts
///
/// Those of the key's merchant and environment, revoked ones too, oldest first; no credentials. Registering a payment names
/// one of them.
#[utoipa::path(
    get,
    path = "/v1/psp-accounts",
    operation_id = "listPspAccounts",
    tag = "PSP accounts",
    params(
        PageParams,
    ),
    responses(
        (status = 200, description = "A page of them.", body = Page<PspAccountShown>),
    )
)]
pub(crate) async fn list(
    State(engine): State<Engine>,
    asking: Asking,
) -> Result<Json<Page<PspAccountShown>>, OwnError> {
    let (holder, query) = asking.only(&[LIMIT, CURSOR])?;
    let asked = PageAsked::read(&query, |text| AccountId::parse(text).ok())?;
    let (merchant, environment) = (holder.merchant, holder.environment);
    let rows = engine.accounts_page(merchant, environment, asked.after, asked.limit + 1).await?;
    Ok(Json(Page::of(rows, asked.limit, |row| row.id, PspAccountShown::from)))
}

/// Read a PSP account
///
/// Without its credentials. Whatever the key cannot see is not there.
#[utoipa::path(
    get,
    path = "/v1/psp-accounts/{id}",
    operation_id = "getPspAccount",
    tag = "PSP accounts",
    params(("id" = String, Path, description = "The account's id.", example = "acc_01k00000000000000000000000")),
    responses(
        (status = 200, description = "The account.", body = PspAccountShown),
    )
)]
pub(crate) async fn get(
    State(engine): State<Engine>,
    holder: KeyHolder,
    path: PathText,
) -> Result<Json<PspAccountShown>, OwnError> {
    let not_found = || OwnError::not_found("PSP account");
    let id = path.0.and_then(|text| AccountId::parse(&text).ok()).ok_or_else(not_found)?;
    let account = engine.account(holder.merchant, id).await?;
    if account.environment != holder.environment {
        return Err(not_found());
    }
    Ok(Json(account.into()))
}

#[cfg(test)]
#[path = "psp_accounts_tests.rs"]
mod tests;
