//! How an account gets in: the bank's address, HTTP Basic authentication, the version of the API.
//!
//! Basic authentication with `merchant.<id>` and the API password:
//! <https://na.gateway.mastercard.com/api/documentation/apiDocumentation/rest-json/version/26/operation/Transaction%3A%20%20Refund.html>.

use super::ID_CHARS_MAX;
use crate::account::{AccountConfig, AccountConfigError};
use crate::exchange::prepare;
use crate::transport::HttpRequest;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{Method, header};
use url::form_urlencoded;

/// The version of the API that Mastercard's own plugin speaks, seen in
/// <https://github.com/fingent-corp/gateway-woocommerce-mastercard-module>.
const API_VERSION: &str = "100";

/// The longest version, in digits.
const API_VERSION_DIGITS_MAX: usize = 3;

/// What every request of an account needs.
pub(super) struct Access<'a> {
    base: &'a str,
    pub(super) merchant_id: &'a str,
    password: &'a str,
    api_version: &'a str,
    pub(super) notification_secret: Option<&'a str>,
}

impl<'a> Access<'a> {
    /// Reads the account's part.
    pub(super) fn of(account: &'a AccountConfig) -> Result<Self, AccountConfigError> {
        let merchant_id = account.credentials.need("merchant_id")?;
        let is_id = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if merchant_id.len() > ID_CHARS_MAX || !merchant_id.bytes().all(is_id) {
            let problem = "must have at most 40 letters, digits, '-' and '_', and no \"merchant.\" before it";
            return Err(AccountConfigError::Malformed { field: "merchant_id", problem });
        }
        let password = graphic("password", account.credentials.need("password")?)?;
        let notification_secret = account
            .credentials
            .get("notification_secret")
            .map(|secret| graphic("notification_secret", secret))
            .transpose()?;
        let api_version = account.credentials.get("api_version").unwrap_or(API_VERSION);
        let is_version = api_version.len() <= API_VERSION_DIGITS_MAX
            && api_version.bytes().all(|b| b.is_ascii_digit())
            && !api_version.starts_with('0');
        if !is_version {
            let problem = "must be the number of a version of the API, such as 100";
            return Err(AccountConfigError::Malformed { field: "api_version", problem });
        }
        let base = account.base_url.as_deref().ok_or(AccountConfigError::Malformed {
            field: "base_url",
            problem: "must be given: the gateway's host is the bank's, such as \
                      https://test-gateway.mastercard.com",
        })?;
        Ok(Self { base, merchant_id, password, api_version, notification_secret })
    }

    /// A request about one transaction of an order.
    pub(super) fn request(
        &self,
        account: &AccountConfig,
        method: Method,
        order: &str,
        transaction: &str,
    ) -> HttpRequest {
        let Self { base, merchant_id, password, api_version, .. } = self;
        let (order, transaction) = (in_address(order), in_address(transaction));
        let url = format!(
            "{base}/api/rest/version/{api_version}/merchant/{merchant_id}/order/{order}/transaction/{transaction}"
        );
        let basic = BASE64_STANDARD.encode(format!("merchant.{merchant_id}:{password}"));
        prepare(account, HttpRequest::new(method, url))
            .header(header::AUTHORIZATION, format!("Basic {basic}"))
    }
}

/// An id as a part of an address: what cannot stand there is written in per cent (RFC 3986, section 2.1). A form, whose
/// writing this is, has a plus sign for a blank only.
fn in_address(id: &str) -> String {
    form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>().replace('+', "%20")
}

fn graphic<'a>(field: &'static str, value: &'a str) -> Result<&'a str, AccountConfigError> {
    let problem = "must have printable ASCII characters only, and no space";
    let is_graphic = value.bytes().all(|b| b.is_ascii_graphic());
    is_graphic.then_some(value).ok_or(AccountConfigError::Malformed { field, problem })
}
