//! Whose request it is: `Authorization: Bearer …`, and the entity that it speaks for.

use axum::http::{HeaderMap, header};
use subtle::ConstantTimeEq;

use super::wire::{Fields, Refusal};
use crate::config::{OppwaAccount, SandboxConfig};

/// The account that token and entity name together.
pub(crate) fn account<'a>(
    config: &'a SandboxConfig,
    headers: &HeaderMap,
    fields: Result<&Fields, Refusal>,
) -> Result<&'a OppwaAccount, Refusal> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = given.and_then(|text| text.strip_prefix("Bearer ")).ok_or(Refusal::BAD_TOKEN)?.trim();
    let has_token =
        |account: &OppwaAccount| -> bool { account.access_token.as_bytes().ct_eq(token.as_bytes()).into() };
    if !config.oppwa.iter().any(has_token) {
        return Err(Refusal::BAD_TOKEN);
    }
    let entity = fields?.one("entityId")?.ok_or(Refusal::BAD_PARAMETER)?;
    let mut accounts = config.oppwa.iter();
    accounts.find(|account| account.entity_id == entity && has_token(account)).ok_or(Refusal::NO_ACCESS)
}
