//! A merchant's contract with Adyen.

use crate::account::{AccountConfig, AccountConfigError};
use redress_core::environment::Environment;

/// Adyen's test environment. The live one has an address of the merchant's own,
/// `https://PREFIX-checkout-live.adyenpayments.com/checkout/v71`. Both:
/// <https://github.com/Adyen/adyen-openapi/blob/main/json/CheckoutService-v71.json>, `servers` and "Going live".
const BASE_SANDBOX: &str = "https://checkout-test.adyen.com/v71";

/// What a request needs of a contract. What proves notifications is in [`super::sign`].
pub(super) struct Contract<'a> {
    pub(super) api_key: &'a str,
    pub(super) merchant_account: &'a str,
    /// Where Checkout is, without a slash at the end.
    pub(super) base: &'a str,
}

impl<'a> Contract<'a> {
    pub(super) fn of(account: &'a AccountConfig) -> Result<Self, AccountConfigError> {
        let api_key = account.credentials.need("api_key")?;
        if !api_key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(malformed("api_key", "must be visible ASCII characters"));
        }
        let merchant_account = account.credentials.need("merchant_account")?;
        // Their form is stated nowhere. A colon would make the signed text of a notification ambiguous.
        if !merchant_account.bytes().all(|b| b.is_ascii_graphic() && b != b':') {
            return Err(malformed("merchant_account", "must be visible ASCII characters without a colon"));
        }
        Ok(Self { api_key, merchant_account, base: base(account)? })
    }
}

fn base(account: &AccountConfig) -> Result<&str, AccountConfigError> {
    match (account.environment, account.base_url.as_deref()) {
        (Environment::Live, None) => Err(malformed(
            "base_url",
            "must be set in the live environment: Adyen gives every merchant an own address there, \
             https://PREFIX-checkout-live.adyenpayments.com/checkout/v71",
        )),
        (Environment::Live, Some(base)) if base.contains("://checkout-test.adyen.com") => {
            Err(malformed("base_url", "is Adyen's test address, and the environment is live"))
        }
        (Environment::Sandbox, Some(base)) if base.contains("-checkout-live.adyenpayments.com") => {
            Err(malformed("base_url", "is a live address of Adyen's, and the environment is the sandbox"))
        }
        (_, Some(base)) => Ok(base),
        (Environment::Sandbox, None) => Ok(BASE_SANDBOX),
    }
}

const fn malformed(field: &'static str, problem: &'static str) -> AccountConfigError {
    AccountConfigError::Malformed { field, problem }
}
