//! Whose request it is: `Authorization: Basic` of `merchant.<id>` and the API password, and the merchant in the address.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use subtle::ConstantTimeEq;

use super::wire::Refusal;
use crate::config::{MpgsAccount, SandboxConfig};

/// The account that asks, which must be that of the address.
pub(crate) fn account<'a>(
    config: &'a SandboxConfig,
    headers: &HeaderMap,
    merchant: &str,
) -> Result<&'a MpgsAccount, Refusal> {
    let given = headers.get(header::AUTHORIZATION).ok_or(Refusal::NO_CREDENTIALS)?;
    let basic =
        given.to_str().ok().and_then(|text| text.strip_prefix("Basic ")).ok_or(Refusal::NO_CREDENTIALS)?;
    let pair = BASE64_STANDARD.decode(basic).map_err(|_| Refusal::WRONG_CREDENTIALS)?;
    let is_it = |account: &&MpgsAccount| {
        let expected = format!("merchant.{}:{}", account.merchant_id, account.password);
        expected.as_bytes().ct_eq(&pair).into()
    };
    let account = config.mpgs.iter().find(is_it).ok_or(Refusal::WRONG_CREDENTIALS)?;
    if account.merchant_id == merchant { Ok(account) } else { Err(Refusal::OTHER_MERCHANT) }
}

/// The account of that merchant, if it is still configured.
pub(crate) fn named<'a>(config: &'a SandboxConfig, merchant: &str) -> Option<&'a MpgsAccount> {
    config.mpgs.iter().find(|account| account.merchant_id == merchant)
}
