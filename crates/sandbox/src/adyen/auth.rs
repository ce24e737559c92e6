//! Whose request it is: `X-API-Key`. (The description also knows HTTP Basic, which is not played.)

use axum::http::HeaderMap;
use subtle::ConstantTimeEq;

use super::wire::Refusal;
use crate::config::{AdyenAccount, SandboxConfig};

/// The account whose key the request carries.
pub(crate) fn account<'a>(
    config: &'a SandboxConfig,
    headers: &HeaderMap,
) -> Result<&'a AdyenAccount, Refusal> {
    let given = headers.get("x-api-key").ok_or(Refusal::UNAUTHORIZED)?.as_bytes();
    let is_it = |account: &&AdyenAccount| account.api_key.as_bytes().ct_eq(given).into();
    config.adyen.iter().find(is_it).ok_or(Refusal::UNAUTHORIZED)
}

/// A key is good for its own merchant account only.
pub(crate) fn is_for(account: &AdyenAccount, merchant_account: Option<&str>) -> Result<(), Refusal> {
    match merchant_account {
        Some(named) if named == account.merchant_account => Ok(()),
        _ => Err(Refusal::NO_MERCHANT_ACCOUNT),
    }
}
