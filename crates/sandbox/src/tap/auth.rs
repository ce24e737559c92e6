//! Whose request it is: `Authorization: Bearer sk_…`.

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::wire::Refusal;
use crate::config::{SandboxConfig, TapAccount};

/// How much of the key's hash names an account, in bytes; enough to tell a handful of accounts apart.
const NAME_BYTES: usize = 8;

/// The account whose key the request carries.
pub(crate) fn account<'a>(config: &'a SandboxConfig, headers: &HeaderMap) -> Result<&'a TapAccount, Refusal> {
    let given = headers.get(header::AUTHORIZATION).ok_or(Refusal::NO_KEY)?;
    let token =
        given.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).ok_or(Refusal::NO_KEY)?.trim();
    if token.starts_with("pk_") {
        return Err(Refusal::PUBLIC_KEY);
    }
    let is_it = |account: &&TapAccount| account.secret_key.as_bytes().ct_eq(token.as_bytes()).into();
    config.tap.iter().find(is_it).ok_or(Refusal::WRONG_KEY)
}

/// What the state calls the account; the key itself is not stored.
pub(crate) fn name(account: &TapAccount) -> String {
    let hash = Sha256::digest(account.secret_key.as_bytes());
    hex::encode(hash.iter().take(NAME_BYTES).copied().collect::<Vec<u8>>())
}

/// The account of that name, if it is still configured.
pub(crate) fn named<'a>(config: &'a SandboxConfig, wanted: &str) -> Option<&'a TapAccount> {
    config.tap.iter().find(|account| name(account) == wanted)
}
