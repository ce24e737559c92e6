//! Whose request it is: `Authorization: Bearer sk_…` (<https://docs.stripe.com/api/authentication>).

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::wire::Refusal;
use crate::config::{SandboxConfig, StripeAccount};

/// How much of the key's hash names an account, in bytes; enough to tell a handful of accounts apart.
const NAME_BYTES: usize = 8;

/// The name of the account whose key the request carries.
pub(crate) fn account(config: &SandboxConfig, headers: &HeaderMap) -> Result<String, Refusal> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = given.and_then(|text| text.strip_prefix("Bearer ")).map(str::trim);
    let token = token.filter(|token| !token.is_empty()).ok_or_else(Refusal::no_key)?;
    let is_it = |account: &&StripeAccount| account.secret_key.as_bytes().ct_eq(token.as_bytes()).into();
    config.stripe.iter().find(is_it).map(name).ok_or_else(|| Refusal::wrong_key(token))
}

/// What the state calls the account; the key itself is not stored.
pub(crate) fn name(account: &StripeAccount) -> String {
    let hash = Sha256::digest(account.secret_key.as_bytes());
    hex::encode(hash.iter().take(NAME_BYTES).copied().collect::<Vec<u8>>())
}

/// The account of that name, if it is still configured.
pub(crate) fn named<'a>(config: &'a SandboxConfig, wanted: &str) -> Option<&'a StripeAccount> {
    config.stripe.iter().find(|account| name(account) == wanted)
}
