//! An account of stc pay: what it needs, and in which form.

use crate::account::{AccountConfig, AccountConfigError};
use crate::client_identity::{ClientIdentity, IdentityError};
use crate::exchange::{own_path, prepare};
use crate::transport::HttpRequest;
use http::{HeaderName, Method};
use redress_core::environment::Environment;

/// The path of refunds, in the constants of one Android app and nowhere else.
pub(super) const REFUND_PATH: &str = "/B2B.MerchantTransactionsWebApi/MerchantTransactions/v3/RefundPayment";

const CLIENT_CODE: HeaderName = HeaderName::from_static("x-clientcode");
const USER_NAME: HeaderName = HeaderName::from_static("x-username");
const PASSWORD: HeaderName = HeaderName::from_static("x-password");

/// The credentials of an account, complete and in form. That certificate and key can be read is another question.
pub(super) struct Keys<'a> {
    base: &'a str,
    client_code: &'a str,
    /// Name and password, which one repository sends besides.
    login: Option<(&'a str, &'a str)>,
    identity: Option<ClientIdentity>,
    pub(super) refund_path: &'a str,
    pub(super) inquiry_path: Option<&'a str>,
}

impl<'a> Keys<'a> {
    pub(super) fn of(account: &'a AccountConfig) -> Result<Self, AccountConfigError> {
        let credentials = &account.credentials;
        let client_code = credentials.need("client_code")?;
        in_header("client_code", client_code)?;
        let identity = pair(account, "certificate", "private_key")?
            .map(|(certificate, key)| ClientIdentity::from_pem(format!("{certificate}\n{key}")));
        if identity.is_none() && account.environment == Environment::Live {
            return Err(AccountConfigError::Missing("certificate"));
        }
        let login = pair(account, "user_name", "password")?;
        if let Some((name, password)) = login {
            in_header("user_name", name)?;
            in_header("password", password)?;
        }
        let refund_path = path(account, "refund_path")?.unwrap_or(REFUND_PATH);
        let inquiry_path = path(account, "inquiry_path")?;
        let base = account.base_url.as_deref().ok_or(AccountConfigError::Malformed {
            field: "base_url",
            problem: "must be given, because stc pay publishes no address; seen elsewhere are https://b2b.stcpay.com.sa \
                      for real money, and https://b2btest.stcpay.com.sa, https://test.b2b.stcpay.com.sa and \
                      https://sandbox.b2b.stcpay.com.sa for tests",
        })?;
        Ok(Self { base, client_code, login, identity, refund_path, inquiry_path })
    }

    /// A request as all of stc pay's are.
    pub(super) fn post(&self, account: &AccountConfig, path: &str, body: Vec<u8>) -> HttpRequest {
        let request = HttpRequest::new(Method::POST, format!("{}{path}", self.base));
        let mut request = prepare(account, request).header(CLIENT_CODE, self.client_code);
        if let Some((name, password)) = self.login {
            request = request.header(USER_NAME, name).header(PASSWORD, password);
        }
        request.identity.clone_from(&self.identity);
        request.body("application/json", body)
    }
}

/// Whether certificate and key can be read and belong together.
pub(super) fn check_identity(account: &AccountConfig) -> Result<(), AccountConfigError> {
    let Some((certificate, key)) = pair(account, "certificate", "private_key")? else { return Ok(()) };
    // Alone first, so that what is wrong in the key's text is not put down to the certificate's.
    let alone = ClientIdentity::from_pem(certificate).check();
    let (field, problem) = match ClientIdentity::from_pem(format!("{certificate}\n{key}")).check() {
        Ok(()) => return Ok(()),
        Err(_) if alone == Err(IdentityError::Certificate) => {
            ("certificate", "must be an X.509 certificate in PEM")
        }
        Err(IdentityError::Mismatch) => ("private_key", "is not the key of the certificate"),
        Err(_) => ("private_key", "must be an RSA, ECDSA or Ed25519 key in PEM, without a passphrase"),
    };
    Err(AccountConfigError::Malformed { field, problem })
}

/// Two fields of which neither is any use without the other.
fn pair<'a>(
    account: &'a AccountConfig,
    first: &'static str,
    second: &'static str,
) -> Result<Option<(&'a str, &'a str)>, AccountConfigError> {
    match (account.credentials.get(first), account.credentials.get(second)) {
        (Some(one), Some(other)) => Ok(Some((one, other))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(AccountConfigError::Missing(second)),
        (None, Some(_)) => Err(AccountConfigError::Missing(first)),
    }
}

fn in_header(field: &'static str, value: &str) -> Result<(), AccountConfigError> {
    if value.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    Err(AccountConfigError::Malformed { field, problem: "must be of visible ASCII characters" })
}

fn path<'a>(account: &'a AccountConfig, field: &'static str) -> Result<Option<&'a str>, AccountConfigError> {
    let problem =
        "must be a path such as /B2B.MerchantTransactionsWebApi/MerchantTransactions/v3/RefundPayment";
    own_path(account, field, problem)
}
